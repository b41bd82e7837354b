//! Robustness: no input causes a panic.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

/// A mutation: some octets changed, some inserted, the rest cut off.
#[derive(Clone, Debug)]
struct Damage {
    changes: Vec<(prop::sample::Index, u8)>,
    insertion: Option<(prop::sample::Index, Vec<u8>)>,
    cut: Option<prop::sample::Index>,
}

impl Damage {
    fn any() -> impl Strategy<Value = Self> {
        let position = any::<prop::sample::Index>;
        (
            vec((position(), any::<u8>()), 0..4),
            proptest::option::weighted(0.2, (position(), vec(any::<u8>(), 1..4))),
            proptest::option::weighted(0.1, position()),
        )
            .prop_map(|(changes, insertion, cut)| Self { changes, insertion, cut })
    }

    fn apply(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        for (position, octet) in &self.changes {
            let position = position.index(bytes.len());
            bytes[position] = *octet;
        }
        if let Some((position, octets)) = &self.insertion {
            let position = position.index(bytes.len());
            bytes.splice(position..position, octets.iter().copied());
        }
        if let Some(position) = &self.cut {
            bytes.truncate(position.index(bytes.len()));
        }
        bytes
    }
}

const CERTIFICATES: [&str; 8] = [
    "leaf-odd.crt",
    "leaf-odd-utf8.crt",
    "leaf-full-aki.crt",
    "ca-p384.crt",
    "ca-pss-salt.crt",
    "ca-ed25519.crt",
    "ca-rsa1024.crt",
    "dates-1950-9999.crt",
];
const KEYS: [&str; 6] = [
    "rsa1024.key",
    "prime256v1-sec1.key",
    "prime256v1-pkcs8.key",
    "secp384r1-sec1-bare.key",
    "ed25519.key",
    "rsa2048-three-primes.key",
];

/// DER nested so deeply that a recursive reader would overflow its stack.
fn nested(tag: u8, levels: usize) -> Vec<u8> {
    let mut der = vec![5, 0];
    let mut levels_left = levels;
    // Built in reverse, from the inside out, so that it takes linear time.
    let mut reversed: Vec<u8> = der.drain(..).rev().collect();
    while levels_left > 0 {
        let length = reversed.len();
        let octets: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
        reversed.extend(octets.iter().rev());
        if length >= 0x80 {
            reversed.push(0x80 | octets.len() as u8);
        }
        reversed.push(tag);
        levels_left -= 1;
    }
    reversed.reverse();
    reversed
}

/// Browsers give a web worker's WebAssembly 1 MiB of stack; this test uses a quarter of it.
#[test]
fn der_in_der_in_der_takes_no_stack() {
    use crate::{InputFile, InspectOptions, Password, formats::pem, inspect_with};
    let replaced = |der: &[u8], old: &[u8], new: &[u8]| {
        let at = der.windows(old.len()).position(|window| window == old).unwrap();
        [&der[..at], new, &der[at + old.len()..]].concat()
    };
    let inspected = move || {
        let mut files = Vec::new();
        for tag in [0x30, 0x31, 0x04, 0xa0, 0xa4, 0x24] {
            let deep = nested(tag, 100_000);
            // Inserted anywhere in a certificate, CSR or key, with and without corrected lengths of the enclosing
            // elements.
            for (name, mark) in
                [("leaf-odd.crt", &[0x30][..]), ("ca-p384.crt", &[0x03]), ("prime256v1-pkcs8.key", &[0x04])]
            {
                files.push(InputFile::new(format!("{tag}-{name}"), replaced(&block(name).1, mark, &deep)));
            }
            for label in ["CERTIFICATE", "CERTIFICATE REQUEST", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PUBLIC KEY"] {
                let text = super::super::key::pem(label, &deep);
                assert_eq!(pem::blocks(text.as_bytes()).blocks.len(), 1);
                files.push(InputFile::new(format!("{tag}-{label}.pem"), text.into_bytes()));
            }
            // PKCS#12: the version, and a sequence.
            let inner = [&[2, 1, 3][..], &nested(0x30, 100_000)].concat();
            let length = inner.len().to_be_bytes();
            files.push(InputFile::new(format!("{tag}.p12"), [&[0x30, 0x84][..], &length[4..], &inner].concat()));
            files.push(InputFile::new(format!("{tag}.der"), deep));
        }
        let count = files.len();
        let password = Password::new("airlock".to_owned());
        let options = InspectOptions { password: Some(&password), ..InspectOptions::default() };
        let report = inspect_with(files, options, NOW).report(NOW);
        assert!(report.findings.len() >= count, "{} findings of {count} files", report.findings.len());
    };
    std::thread::Builder::new().stack_size(256 * 1024).spawn(inspected).unwrap().join().unwrap();
}

/// Calls every accessor of a certificate, and re-issues it.
fn use_certificate(certificate: &Certificate) {
    let _ = (certificate.is_self_signed(), certificate.can_sign_certificates(), certificate.public_key().pin());
    let shown = format!("{certificate:?} {} {}", certificate.issuer(), certificate.signature_algorithm());
    assert!(!shown.chars().any(char::is_control), "{shown}");
    for name in certificate.alternative_names() {
        assert!(!name.to_string().chars().any(char::is_control));
    }
    let _ = (certificate.not_before().to_string(), certificate.not_after().to_string());
    let _ = certificate.extensions().iter().map(|extension| extension.oid.to_string()).collect::<Vec<_>>();
    let issuer = issuer("capi-etcd.crt", "capi-etcd.key");
    if let Err(error) = reissue(certificate, certificate.public_key(), YEAR, &issuer) {
        assert!(!matches!(error, IssueError::Mismatch("signature" | "structure")), "{error}: {certificate:?}");
    }
    assert!(Issuer::new(certificate.clone(), key("capi-etcd.key")).is_err());
}

fn use_key(key: &PrivateKey) {
    let signature = key.sign(b"message");
    assert!(key.public_key().verify(&key.signature_algorithm(), b"message", &signature));
    for encoding in [KeyEncoding::Pkcs1, KeyEncoding::Pkcs8, KeyEncoding::Sec1] {
        let _ = key.clone().with_encoding(encoding).to_pem();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reads_any_bytes(bytes in vec(any::<u8>(), 0..300)) {
        let _ = Certificate::from_der(&bytes);
        let _ = PrivateKey::from_der(&bytes);
        let _ = PublicKey::from_der(&bytes);
        let _ = Oid::from_content(&bytes).to_string();
    }

    #[test]
    fn reads_damaged_certificates(name in select(&CERTIFICATES[..]), damage in Damage::any()) {
        if let Ok(certificate) = Certificate::from_der(&damage.apply(block(name).1)) {
            use_certificate(&certificate);
        }
    }

    #[test]
    fn reads_damaged_keys(name in select(&KEYS[..]), damage in Damage::any()) {
        if let Ok(key) = PrivateKey::from_der(&damage.apply(block(name).1)) {
            use_key(&key);
        }
    }

    #[test]
    fn appending_and_dropping_undo_each_other(
        names in vec(select(&CERTIFICATES[..]), 0..6),
        name in select(&CERTIFICATES[..]),
    ) {
        let bundle: TrustBundle = names.into_iter().map(certificate).collect();
        let one = certificate(name);
        let rest = bundle.clone().without(&one);
        prop_assert_eq!(&rest.clone().with_appended(one.clone()).without(&one), &rest);
        prop_assert_eq!(&rest.clone().with_prepended(one.clone()).without(&one), &rest);
        let front = rest.with_prepended(one.clone());
        prop_assert_eq!(front.first(), Some(&one));
        prop_assert_eq!(bundle.with_appended(one.clone()).iter().filter(|anchor| **anchor == one).count(), 1);
    }
}
