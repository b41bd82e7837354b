use super::*;

fn authority(common_name: &str) -> AuthorityParameters {
    AuthorityParameters {
        name: AuthorityName::Common(common_name.to_owned()),
        not_before: YEAR.not_before,
        not_after: YEAR.not_after.plus_days(1),
    }
}

fn leaf() -> LeafParameters {
    LeafParameters {
        common_name: "kube-apiserver".to_owned(),
        organizations: Vec::new(),
        usage: vec![ExtendedKeyUsage::ServerAuth],
        alternative_names: vec![
            AlternativeName::Dns("kubernetes.default.svc".to_owned()),
            AlternativeName::Ip("10.96.0.1".parse().unwrap()),
            AlternativeName::Ip("fd00::1".parse().unwrap()),
        ],
        not_before: YEAR.not_before,
        not_after: YEAR.not_after,
    }
}

fn extensions(certificate: &Certificate) -> Vec<(String, bool)> {
    let mut list: Vec<_> = certificate.extensions().iter().map(|e| (e.oid.to_string(), e.critical)).collect();
    list.sort();
    list
}

#[test]
fn makes_an_authority_as_kubeadm_does() {
    for (name, openssl) in [
        ("rsa2048-pkcs1.key", "ca-rsa.crt"),
        ("prime256v1-sec1.key", "capi-cluster.crt"),
        ("secp384r1-sec1.key", "ca-p384.crt"),
        ("ed25519.key", "ca-ed25519.crt"),
    ] {
        let key = key(name);
        let made = issue_authority(authority("kubernetes-20270115"), &key).unwrap();
        assert_eq!(made.subject().to_string(), "CN=kubernetes-20270115");
        assert_eq!(made.issuer(), made.subject());
        assert!(made.is_self_signed() && made.is_authority());
        assert_eq!((made.version(), made.path_len()), (3, None));
        assert_eq!(made.key_usage().unwrap().to_string(), "digitalSignature, keyEncipherment, keyCertSign");
        assert_eq!(made.alternative_names(), [AlternativeName::Dns("kubernetes-20270115".to_owned())]);
        assert_eq!((made.not_before(), made.not_after()), (YEAR.not_before, YEAR.not_after.plus_days(1)));
        let flags = [("2.5.29.14", false), ("2.5.29.15", true), ("2.5.29.17", false), ("2.5.29.19", true)];
        assert_eq!(extensions(&made), flags.map(|(oid, critical)| (oid.to_owned(), critical)));
        // OpenSSL's `subjectKeyIdentifier = hash` uses the same method.
        assert_eq!(made.subject_key_id(), certificate(openssl).subject_key_id());
        assert_eq!(made.signature_algorithm(), key.signature_algorithm());
        Issuer::new(made, key).unwrap();
    }
}

#[test]
fn makes_leaves_as_kubeadm_does() {
    for issuer in [
        issuer("ca-rsa.crt", "rsa2048-pkcs1.key"),
        issuer("capi-cluster.crt", "prime256v1-sec1.key"),
        issuer("ca-p384.crt", "secp384r1-sec1.key"),
    ] {
        let subject_key = key("capi-proxy.key");
        let made = issue_leaf(leaf(), subject_key.public_key(), &issuer).unwrap();
        assert!(made.is_signed_by(issuer.certificate()) && !made.is_self_signed());
        assert_eq!(made.issuer(), issuer.certificate().subject());
        assert_eq!(made.subject().to_string(), "CN=kube-apiserver");
        assert_eq!(made.authority_key_id(), issuer.certificate().subject_key_id());
        assert_eq!(made.public_key(), subject_key.public_key());
        assert_eq!((made.is_authority(), made.subject_key_id()), (false, None));
        assert_eq!(made.key_usage().unwrap().to_string(), "digitalSignature, keyEncipherment");
        let order: Vec<_> = made.extensions().iter().map(|e| (e.oid.to_string(), e.critical)).collect();
        let go = [
            ("2.5.29.15", true),
            ("2.5.29.37", false),
            ("2.5.29.19", true),
            ("2.5.29.35", false),
            ("2.5.29.17", false),
        ];
        assert_eq!(order, go.map(|(oid, critical)| (oid.to_owned(), critical)));
    }
}

#[test]
fn keeps_every_organization() {
    let organizations = vec!["system:masters".to_owned(), "kubeadm:cluster-admins".to_owned(), "ünïcode".to_owned()];
    let parameters = LeafParameters {
        organizations: organizations.clone(),
        usage: vec![ExtendedKeyUsage::ClientAuth],
        alternative_names: Vec::new(),
        ..leaf()
    };
    let issuer = issuer("capi-cluster.crt", "prime256v1-sec1.key");
    let made = issue_leaf(parameters, key("capi-proxy.key").public_key(), &issuer).unwrap();
    assert_eq!(made.subject().organizations(), organizations);
    assert_eq!(made.extended_key_usages(), [ExtendedKeyUsage::ClientAuth]);
    assert_eq!(made.subject().to_string(), "O=system:masters, O=kubeadm:cluster-admins, O=ünïcode, CN=kube-apiserver");
}

#[test]
fn copies_an_odd_issuer_name() {
    let odd = reissue_authority(&certificate("ca-rsa.crt"), &key("capi-etcd.key"), YEAR).unwrap();
    assert_eq!(odd.subject(), certificate("ca-rsa.crt").subject());
    let issuer = Issuer::new(odd, key("capi-etcd.key")).unwrap();
    let made = issue_leaf(leaf(), key("capi-proxy.key").public_key(), &issuer).unwrap();
    assert_eq!(made.issuer().der(), certificate("ca-rsa.crt").subject().der());
}

#[test]
fn leaves_out_what_an_issuer_without_key_id_cannot_give() {
    let issuer = issuer("ca-no-ski.crt", "capi-proxy.key");
    let made = issue_leaf(leaf(), key("capi-etcd.key").public_key(), &issuer).unwrap();
    assert_eq!(made.authority_key_id(), None);
    assert_eq!(made.extensions().len(), 4);
}

#[test]
fn derives_serial_numbers() {
    let key = key("rsa2048-pkcs1.key");
    let one = issue_authority(authority("one"), &key).unwrap();
    let two = issue_authority(authority("two"), &key).unwrap();
    let again = issue_authority(authority("one"), &key).unwrap();
    assert_eq!(one, again);
    assert_ne!(one.serial(), two.serial());
    for certificate in [one, two] {
        assert!((16..=20).contains(&certificate.serial().len()));
        assert!((1..0x80).contains(&certificate.serial()[0]), "positive, and not longer than it must be");
    }
}

#[test]
fn takes_names_as_people_give_them() {
    let made = issue_authority(authority("Über CA 1"), &key("capi-etcd.key")).unwrap();
    assert_eq!(made.subject().common_name().as_deref(), Some("Über CA 1"));
    assert_eq!(made.alternative_names(), []);
    let longest = "a".repeat(63);
    let made = issue_authority(authority(&longest), &key("capi-etcd.key")).unwrap();
    assert_eq!(made.alternative_names(), [AlternativeName::Dns(longest)]);
    for bad in ["", "a\nb", "\u{0}", &"ü".repeat(65)] {
        let error = issue_authority(authority(bad), &key("capi-etcd.key")).unwrap_err();
        assert_eq!(error, IssueError::Name(bad.to_owned()));
    }
}

#[test]
fn refuses_what_no_certificate_can_hold() {
    let issuer = issuer("ca-rsa.crt", "rsa2048-pkcs1.key");
    let end = issuer.certificate().not_after();
    let error = |change: fn(&mut LeafParameters)| {
        let mut parameters = leaf();
        change(&mut parameters);
        issue_leaf(parameters, key("capi-etcd.key").public_key(), &issuer).unwrap_err()
    };
    assert_eq!(
        error(|parameters| parameters.not_after = UnixTime::LAST),
        IssueError::OutlivesIssuer { not_after: UnixTime::LAST, issuer: end }
    );
    assert_eq!(error(|parameters| parameters.not_before = UnixTime(-1)), IssueError::Validity);
    assert_eq!(error(|parameters| parameters.not_after = NOW.plus_seconds(-1)), IssueError::Validity);
    assert_eq!(error(|parameters| parameters.organizations = vec![String::new()]), IssueError::Name(String::new()));
    assert_eq!(
        error(|parameters| parameters.alternative_names = vec![AlternativeName::Dns("ü.example.org".to_owned())]),
        IssueError::Name("ü.example.org".to_owned())
    );
    let exactly = LeafParameters { not_after: end, ..leaf() };
    assert_eq!(issue_leaf(exactly, key("capi-etcd.key").public_key(), &issuer).unwrap().not_after(), end);
}

#[test]
fn reaches_the_last_second_of_the_calendar() {
    let parameters = AuthorityParameters { not_after: UnixTime::LAST, ..authority("forever") };
    let made = issue_authority(parameters, &key("capi-etcd.key")).unwrap();
    assert_eq!(made.not_after(), UnixTime::LAST);
    let issuer = Issuer::new(made, key("capi-etcd.key")).unwrap();
    for not_after in [UnixTime(2_524_607_999), UnixTime(2_524_608_000), UnixTime::LAST] {
        let parameters = LeafParameters { not_after, ..leaf() };
        let made = issue_leaf(parameters, key("capi-proxy.key").public_key(), &issuer).unwrap();
        assert_eq!(made.not_after(), not_after);
    }
}
