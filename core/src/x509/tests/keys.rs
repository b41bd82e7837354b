use super::*;

#[test]
fn reads_every_encoding() {
    let check = |name: &str, key_type: KeyType, encoding: KeyEncoding| {
        let key = key(name);
        assert_eq!((key.key_type(), key.encoding()), (key_type, encoding), "{name}");
        let pins = table("keys.tsv");
        let pin = pins.iter().find(|row| row[0] == name).map(|row| row[1].clone());
        assert_eq!(Some(key.public_key().pin()), pin, "{name}");
    };
    check("rsa2048-pkcs1.key", KeyType::Rsa(2048), KeyEncoding::Pkcs1);
    check("rsa2048-pkcs8.key", KeyType::Rsa(2048), KeyEncoding::Pkcs8);
    check("rsa1024.key", KeyType::Rsa(1024), KeyEncoding::Pkcs1);
    check("ed25519.key", KeyType::Ed25519, KeyEncoding::Pkcs8);
    for (curve, key_type) in [("prime256v1", KeyType::EcdsaP256), ("secp384r1", KeyType::EcdsaP384)] {
        check(&format!("{curve}-sec1.key"), key_type.clone(), KeyEncoding::Sec1);
        check(&format!("{curve}-sec1-no-public.key"), key_type.clone(), KeyEncoding::Sec1);
        check(&format!("{curve}-sec1-bare.key"), key_type.clone(), KeyEncoding::Sec1);
        check(&format!("{curve}-pkcs8.key"), key_type.clone(), KeyEncoding::Pkcs8);
        check(&format!("{curve}-pkcs8-no-public.key"), key_type, KeyEncoding::Pkcs8);
    }
}

#[test]
fn writes_what_openssl_writes() {
    let check = |read: &str, encoding: KeyEncoding, written: &str| {
        let pem = key(read).with_encoding(encoding).to_pem();
        assert!(*pem == file(written), "{read} was not written as {written}");
        let (_, der) = block(written);
        let again = PrivateKey::from_der(&der).unwrap();
        assert_eq!((again.public_key(), again.encoding()), (key(read).public_key(), key(written).encoding()));
    };
    check("rsa2048-pkcs1.key", KeyEncoding::Pkcs1, "rsa2048-pkcs1.key");
    check("rsa2048-pkcs1.key", KeyEncoding::Pkcs8, "rsa2048-pkcs8.key");
    check("rsa2048-pkcs8.key", KeyEncoding::Sec1, "rsa2048-pkcs1.key");
    check("ed25519.key", KeyEncoding::Pkcs1, "ed25519.key");
    for curve in ["prime256v1", "secp384r1"] {
        let [sec1, pkcs8] = ["sec1", "pkcs8"].map(|encoding| format!("{curve}-{encoding}.key"));
        check(&format!("{curve}-sec1-bare.key"), KeyEncoding::Sec1, &sec1);
        check(&format!("{curve}-pkcs8-no-public.key"), KeyEncoding::Pkcs1, &sec1);
        check(&format!("{curve}-sec1-no-public.key"), KeyEncoding::Pkcs8, &pkcs8);
    }
}

#[test]
fn says_why_a_key_is_not_used() {
    let unsupported = |name: &str, what: &str| {
        assert_eq!(try_key(name).unwrap_err(), KeyError::Unsupported(what.to_owned()), "{name}");
    };
    unsupported("secp521r1-sec1.key", "ECDSA P-521");
    unsupported("secp521r1-pkcs8.key", "ECDSA P-521");
    unsupported("secp256k1-sec1.key", "ECDSA secp256k1");
    unsupported("secp256k1-pkcs8.key", "ECDSA secp256k1");
    unsupported("prime256v1-explicit.key", "ECDSA on a curve without a name");
    unsupported("ed448.key", "Ed448");
    unsupported("rsa2048-pss.key", "RSA-PSS");
    unsupported("rsa512.key", "RSA 512");
    unsupported("rsa2048-three-primes.key", "RSA with more than two primes");
    assert_eq!(try_key("encrypted-pkcs8.key").unwrap_err(), KeyError::Encrypted);
    assert_eq!(PrivateKey::from_der(&block("encrypted-pkcs8.key").1).unwrap_err(), KeyError::Encrypted);
}

/// scrypt with a cost of 0, which overflows in the library; found by fuzzing.
#[test]
fn refuses_scrypt_at_no_cost() {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let der = "MIHkME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAhY4hgrtqdOHgIBAAICBAgCAQEwHQYJYIZIAWUDBAECBBDl6kvTHCsBoMYdvMJY\
               ePlxBIGQixPB8Q1fZuU7dXR9xkf53drShtGT5MRUNjTVi35oDfmTfE8QMp6ZqTmv8l5jfmudI7/YWFhBz+0kUIBx1893fwMTvx4iJ5wJ9Lxn\
               +wrIyX08IAX0KujauhjABepnqs3igquPINT6wVMrI+1yWA005nysRJpsB8tAsZtvWljxJ9nd2rTC9NSqLdJec8fbjhCz";
    let der = BASE64_STANDARD.decode(der).unwrap();
    let password = crate::Password::new("airlock".to_owned());
    assert!(!PrivateKey::is_openable(&der));
    assert_eq!(PrivateKey::from_encrypted_der(&der, &password).unwrap_err(), KeyError::UnsupportedEncryption);
}

#[test]
fn looks_at_the_label() {
    let der = block("rsa2048-pkcs8.key").1;
    assert_eq!(
        PrivateKey::from_pem_block("RSA PRIVATE KEY", &der).unwrap_err(),
        KeyError::Mislabelled { label: "RSA PRIVATE KEY".to_owned(), encoding: KeyEncoding::Pkcs8 }
    );
    let label = "CERTIFICATE";
    let error = PrivateKey::from_pem_block(label, &der).unwrap_err();
    assert_eq!(error, KeyError::NotAPrivateKey(label.to_owned()));
    assert!(PrivateKey::from_der(&[&der[..], &[0]].concat()).is_err());
}

#[test]
fn refuses_a_key_whose_parts_do_not_belong_together() {
    // Replaces the public key inside by another: the last octets of SEC 1.
    let mut der = block("prime256v1-sec1.key").1;
    let other = block("capi-etcd.key").1;
    let length = der.len();
    der[length - 65..].copy_from_slice(&other[length - 65..]);
    assert_eq!(PrivateKey::from_der(&der).unwrap_err(), KeyError::Inconsistent);

    // Changes the private exponent: 257 octets after tag and length of modulus and exponent.
    let mut der = block("rsa2048-pkcs1.key").1;
    der[300] ^= 1;
    assert_eq!(PrivateKey::from_der(&der).unwrap_err(), KeyError::Inconsistent);
}

#[test]
fn signs_the_same_message_in_the_same_way() {
    for name in ["rsa2048-pkcs1.key", "prime256v1-sec1.key", "secp384r1-sec1.key", "ed25519.key"] {
        let key = key(name);
        let signature = key.sign(b"message");
        assert_eq!(signature, key.sign(b"message"), "{name}");
        let verify = |message: &[u8]| key.public_key().verify(&key.signature_algorithm(), message, &signature);
        assert!(verify(b"message") && !verify(b"massage"), "{name}");
    }
}

#[test]
fn knows_a_key_however_its_point_is_written() {
    let key = key("prime256v1-sec1.key");
    let uncompressed = key.public_key();
    // $ openssl ec -in prime256v1-sec1.key -pubout -conv_form compressed
    let point = &uncompressed.der()[26..];
    let parity = 2 + (point[64] & 1);
    let mut der = uncompressed.der()[..26].to_vec();
    (der[1], der[24]) = (der[1] - 32, der[24] - 32);
    der.push(parity);
    der.extend_from_slice(&point[1..33]);
    let compressed = PublicKey::from_der(&der).unwrap();
    assert_ne!(&compressed, uncompressed);
    assert!(compressed.is_same_key(uncompressed));
    assert!(!compressed.is_same_key(certificate("capi-etcd.crt").public_key()));
}

#[test]
fn does_not_hang_on_a_huge_modulus() {
    let huge = certificate("ca-rsa16384.crt");
    let signature = vec![1; 16384 / 8];
    assert!(!huge.public_key().verify(&SignatureAlgorithm::RsaPkcs1(Digest::Sha256), b"", &signature));
}

#[test]
fn makes_keys_as_kubeadm_writes_them() {
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    for (algorithm, label) in [
        (KeyAlgorithm::Rsa2048, "-----BEGIN RSA PRIVATE KEY-----\n"),
        (KeyAlgorithm::EcdsaP256, "-----BEGIN EC PRIVATE KEY-----\n"),
        (KeyAlgorithm::EcdsaP384, "-----BEGIN EC PRIVATE KEY-----\n"),
    ] {
        let key = PrivateKey::generate(algorithm, &mut rng);
        assert_eq!(key.key_type().algorithm(), Some(algorithm));
        assert!(key.to_pem().starts_with(label));
        let again = PrivateKey::from_pkcs8_der(&key.to_pkcs8_der()).unwrap();
        assert_eq!(again.public_key(), key.public_key());
        assert_ne!(PrivateKey::generate(algorithm, &mut rng).public_key(), key.public_key());
    }
}

#[test]
fn shows_a_pin_and_nothing_else() {
    let key = key("prime256v1-sec1.key");
    assert_eq!(format!("{key:?}"), format!("PrivateKey({})", key.public_key().pin()));
}

#[test]
fn names_algorithms() {
    for algorithm in KeyAlgorithm::ALL {
        assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
        assert_eq!(serde_json::to_value(algorithm).unwrap(), algorithm.as_str());
        assert_eq!(algorithm.key_type().algorithm(), Some(algorithm));
    }
    assert_eq!(KeyAlgorithm::Rsa2048.to_string(), "RSA 2048");
    assert_eq!(KeyAlgorithm::EcdsaP384.to_string(), "ECDSA P-384");
    assert!("rsa-1024".parse::<KeyAlgorithm>().is_err());
    assert_eq!(KeyType::Rsa(2047).algorithm(), None);
}
