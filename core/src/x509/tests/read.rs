use super::*;
use crate::text::hex;

/// The serial number in the format of `openssl x509 -serial`.
fn serial(certificate: &Certificate) -> String {
    match certificate.serial() {
        [first, ..] if first & 0x80 != 0 => {
            let negated: Vec<u8> = certificate.serial().iter().map(|octet| !octet).collect();
            let last = negated.len() - 1;
            let mut negated = negated;
            negated[last] += 1; // no carry in the one that is tested
            format!("-{}", hex::lower(&negated).to_uppercase())
        }
        [0, rest @ ..] if !rest.is_empty() => hex::lower(rest).to_uppercase(),
        octets => hex::lower(octets).to_uppercase(),
    }
}

#[test]
fn reads_what_openssl_reads() {
    for row in table("certificates.tsv") {
        let name = &row[0];
        let certificate = certificate(name);
        let id = |id: Option<&[u8]>| id.map(hex::lower).unwrap_or_default().to_uppercase();
        let read = [
            name.clone(),
            certificate.subject().to_string(),
            serial(&certificate),
            hex::lower(&certificate.fingerprint()).to_uppercase(),
            certificate.public_key().pin(),
            certificate.not_before().0.to_string(),
            certificate.not_after().0.to_string(),
            id(certificate.subject_key_id()),
            id(certificate.authority_key_id()),
        ];
        assert_eq!(row, read);
        assert_eq!(certificate.to_pem(), file(name), "{name}");
    }
}

#[test]
fn tells_how_certificates_are_signed() {
    let check = |name: &str, algorithm: &str, key_type: &str, verifies: bool| {
        let certificate = certificate(name);
        assert_eq!(certificate.signature_algorithm().to_string(), algorithm, "{name}");
        assert_eq!(certificate.public_key().key_type().to_string(), key_type, "{name}");
        assert_eq!(certificate.is_self_signed(), verifies, "{name}");
    };
    check("ca-rsa.crt", "SHA-256 with RSA", "RSA 2048", true);
    check("ca-rsa1024.crt", "SHA-256 with RSA", "RSA 1024", true);
    check("ca-sha1.crt", "SHA-1 with RSA", "RSA 2048", true);
    check("ca-sha384.crt", "SHA-384 with RSA", "RSA 2048", true);
    check("ca-sha512.crt", "SHA-512 with RSA", "RSA 2048", true);
    check("ca-pss.crt", "SHA-256 with RSA-PSS", "RSA 2048", true);
    check("ca-pss-salt.crt", "SHA-512 with RSA-PSS", "RSA 2048", true);
    check("capi-etcd.crt", "SHA-256 with ECDSA", "ECDSA P-256", true);
    check("ca-p256-sha512.crt", "SHA-512 with ECDSA", "ECDSA P-256", true);
    check("ca-p256-sha1.crt", "SHA-1 with ECDSA", "ECDSA P-256", true);
    check("ca-p384.crt", "SHA-384 with ECDSA", "ECDSA P-384", true);
    check("ca-ed25519.crt", "Ed25519", "Ed25519", true);
    check("serial-negative.crt", "SHA-256 with ECDSA", "ECDSA P-256", true);
    // Signatures with MD5 are not checked, so no signer is found.
    check("ca-md5.crt", "MD5 with RSA", "RSA 2048", false);
    check("ca-rsa512.crt", "SHA-256 with RSA", "RSA 512", false);
    check("ca-rsa16384.crt", "SHA-256 with RSA", "RSA 16384", false);
    check("ca-pss-key.crt", "SHA-256 with RSA-PSS", "RSA-PSS", false);
    check("ca-p521.crt", "SHA-256 with ECDSA", "ECDSA P-521", true);
    check("ca-secp256k1.crt", "SHA-256 with ECDSA", "ECDSA secp256k1", false);
    check("ca-ed448.crt", "1.3.101.113", "Ed448", false);

    assert!(certificate("ca-sha1.crt").signature_algorithm().is_sha1());
    assert!(!certificate("ca-rsa.crt").signature_algorithm().is_sha1());
}

#[test]
fn tells_authorities_of_one_name_apart() {
    let authorities = ["capi-cluster.crt", "capi-etcd.crt", "capi-proxy.crt"].map(certificate);
    for (position, authority) in authorities.iter().enumerate() {
        assert_eq!(authority.subject(), authorities[0].subject());
        assert_eq!(authority.serial(), [0]);
        for (other_position, other) in authorities.iter().enumerate() {
            assert_eq!(authority.is_signed_by(other), position == other_position);
        }
    }
    let leaf = certificate("leaf-by-etcd.crt");
    assert_eq!(authorities.map(|authority| leaf.is_signed_by(&authority)), [false, true, false]);
    assert!(!leaf.is_self_signed());
}

#[test]
fn tells_what_a_certificate_is_for() {
    let authority = certificate("capi-cluster.crt");
    assert!(authority.is_authority() && authority.can_sign_certificates());
    assert_eq!(authority.path_len(), Some(0));
    assert_eq!(authority.key_usage().unwrap().to_string(), "digitalSignature, keyEncipherment, keyCertSign");

    let without_key_usage = certificate("ca-no-ski.crt");
    assert_eq!((without_key_usage.key_usage(), without_key_usage.path_len()), (None, None));
    assert!(without_key_usage.can_sign_certificates());

    let without_extensions = certificate("ca-no-extensions.crt");
    assert!(!without_extensions.is_authority() && without_extensions.extensions().is_empty());

    let leaf = certificate("leaf-odd.crt");
    assert!(!leaf.is_authority() && !leaf.can_sign_certificates());
    assert_eq!(
        leaf.key_usage().unwrap().to_string(),
        "digitalSignature, contentCommitment, dataEncipherment, keyAgreement, cRLSign, decipherOnly"
    );
    let usages: Vec<_> = leaf.extended_key_usages().iter().map(ToString::to_string).collect();
    assert_eq!(usages, ["clientAuth", "1.3.6.1.5.5.7.3.3", "2.25.329800735698586629295641978511506172918"]);
}

#[test]
fn reads_every_form_of_name() {
    let leaf = certificate("leaf-odd.crt");
    assert_eq!(leaf.subject().organizations(), ["system:masters", "second_group"]);
    assert_eq!(leaf.subject().common_name().as_deref(), Some("system:node:n1"));
    // The same text in other string types is another name: verifiers compare bytes.
    let utf8 = certificate("leaf-odd-utf8.crt");
    assert_eq!(leaf.subject().to_string(), utf8.subject().to_string());
    assert_ne!(leaf.subject(), utf8.subject());

    let names: Vec<_> = leaf.alternative_names().iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "DNS:a.example.org",
            "email:who@example.org",
            "URI:spiffe://example.org/x",
            "IP:192.0.2.1",
            "Registered ID:1.2.3.4",
            "othername:0:2b060104018237140203a0050c0377686f",
            "DirName:CN=IA5:inside"
        ]
    );
    let names: Vec<_> = certificate("leaf-by-etcd.crt").alternative_names().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["DNS:kubernetes", "DNS:*.example.org", "IP:10.96.0.1", "IP:fd00::1"]);

    let empty = certificate("leaf-empty-subject.crt");
    assert!(empty.subject().is_empty());
    assert_eq!((empty.subject().common_name(), empty.subject().to_string()), (None, String::new()));
}

#[test]
fn lists_extensions_in_their_order() {
    let leaf = certificate("leaf-odd.crt");
    let extensions: Vec<_> =
        leaf.extensions().iter().map(|e| (e.oid.to_string(), e.critical, hex::lower(&e.value))).collect();
    let expected = [
        ("2.5.29.17", true, None),
        ("2.5.29.14", false, Some("04050102030405")),
        ("2.5.29.15", false, Some("030307da80")),
        ("2.5.29.37", true, None),
        ("2.5.29.35", false, None),
        ("1.2.3.4.5.6", true, Some("0c0161")),
        ("2.5.29.32", false, None),
        ("1.2.3.4.5.7", false, None),
    ];
    assert_eq!(extensions.len(), expected.len());
    for ((oid, critical, value), expected) in extensions.iter().zip(expected) {
        assert_eq!((oid.as_str(), *critical), (expected.0, expected.1));
        assert!(expected.2.is_none_or(|expected| expected == value), "{oid}: {value}");
    }
}

#[test]
fn refuses_what_is_not_exactly_one_certificate() {
    let der = block("ca-rsa.crt").1;
    let error = |der: &[u8]| Certificate::from_der(der).unwrap_err();
    assert_eq!(error(&[]), CertificateError::NotACertificate);
    assert_eq!(error(&der[..der.len() - 1]), CertificateError::NotACertificate);
    assert_eq!(error(&[&der[..], &[0]].concat()), CertificateError::NotACertificate);
    assert_eq!(error(&[&der[..], &der[..]].concat()), CertificateError::NotACertificate);
    assert_eq!(error(key("rsa2048-pkcs1.key").public_key().der()), CertificateError::NotACertificate);
}

#[test]
fn escapes_what_could_deceive() {
    assert_eq!(escape::escape("a\nb\u{202e}c\u{7f}", ""), "a\\0Ab\\E2\\80\\AEc\\7F");
    let shown = AlternativeName::Dns("a\r\nb".to_owned()).to_string();
    assert_eq!(shown, "DNS:a\\0D\\0Ab");
}

#[test]
fn keeps_a_bundle_in_order_and_without_repetition() {
    let [a, b, c] = ["capi-cluster.crt", "capi-etcd.crt", "capi-proxy.crt"].map(certificate);
    let order = |bundle: &TrustBundle| bundle.iter().cloned().collect::<Vec<_>>();

    let bundle = TrustBundle::from(vec![a.clone(), b.clone(), a.clone()]);
    assert_eq!(order(&bundle), [a.clone(), b.clone()]);
    assert_eq!(order(&bundle.clone().with_appended(c.clone())), [a.clone(), b.clone(), c.clone()]);
    assert_eq!(bundle.clone().with_appended(a.clone()), bundle);
    assert_eq!(order(&bundle.clone().with_prepended(c.clone())), [c.clone(), a.clone(), b.clone()]);
    assert_eq!(order(&bundle.clone().with_prepended(b.clone())), [b.clone(), a.clone()]);
    assert_eq!(bundle.clone().with_appended(c.clone()).without(&c), bundle);
    assert_eq!(bundle.clone().without(&c), bundle);
    assert!(bundle.contains(&a) && !bundle.contains(&c));
    assert_eq!(bundle.to_pem(), [file("capi-cluster.crt"), file("capi-etcd.crt")].concat());
    assert!(TrustBundle::new().is_empty() && TrustBundle::new().to_pem().is_empty());
}

#[test]
fn puts_only_what_belongs_together_into_an_issuer() {
    let error =
        |certificate_name: &str, key_name: &str| Issuer::new(certificate(certificate_name), key(key_name)).unwrap_err();
    assert_eq!(error("capi-etcd.crt", "capi-proxy.key"), IssuerError::KeyMismatch);
    assert_eq!(error("ca-no-extensions.crt", "rsa2048-pkcs1.key"), IssuerError::NotAnAuthority);
    assert_eq!(error("leaf-by-etcd.crt", "prime256v1-sec1.key"), IssuerError::NotAnAuthority);
    assert_eq!(error("ca-no-sign.crt", "capi-proxy.key"), IssuerError::MayNotSign);
    assert_eq!(issuer("ca-rsa.crt", "rsa2048-pkcs8.key").certificate(), &certificate("ca-rsa.crt"));
}
