//! PEM, certificates and keys: arbitrary bytes, and blocks with valid base64, so that the fuzzer reaches the parsers of
//! their content.
#![no_main]

use airlock_core::{
    Password,
    formats::pem,
    x509::{Certificate, Container, PrivateKey, PublicKey, SigningRequest, container},
};
use airlock_fuzz::{metered, timed};
use libfuzzer_sys::fuzz_target;

const LABELS: [&str; 4] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"];

fuzz_target!(|bytes: &[u8]| {
    metered(bytes.len(), || {
        der(bytes);
        for block in pem::blocks(bytes).blocks {
            der(&block.der);
            let _ = PrivateKey::from_pem_block(&block.label, &block.der);
        }
        let _ = (pem::is_pem(bytes), SigningRequest::from_der(bytes));
    });
    // scrypt uses as much memory as its parameters say, up to a separate limit.
    let password = Password::new("airlock".to_owned());
    timed(|| {
        if PrivateKey::is_openable(bytes) {
            let _ = PrivateKey::from_encrypted_der(bytes, &password);
        }
        if container::is_container(bytes) {
            let _ = Container::open(bytes, &password);
        }
    });
});

fn der(bytes: &[u8]) {
    if let Ok(certificate) = Certificate::from_der(bytes) {
        let again = Certificate::from_der(certificate.der()).expect("a certificate reads back");
        assert_eq!(again, certificate);
        let _ = certificate.is_self_signed();
        let _ = (format!("{certificate:?}"), certificate.to_pem(), certificate.subject().to_string());
        for name in certificate.alternative_names() {
            let _ = certificate.is_for_host(&name.to_string());
        }
    }
    if let Ok(key) = PublicKey::from_der(bytes) {
        let _ = (key.pin(), key.is_same_key(&key), key.key_type().to_string());
    }
    for label in LABELS {
        let _ = PrivateKey::from_pem_block(label, bytes);
    }
    if let Ok(key) = PrivateKey::from_der(bytes) {
        let written = key.to_pem();
        let block = pem::blocks(written.as_bytes()).blocks.pop().expect("what is written is a block");
        let again = PrivateKey::from_pem_block(&block.label, &block.der).expect("a key reads back");
        assert_eq!(again.public_key(), key.public_key());
    }
}
