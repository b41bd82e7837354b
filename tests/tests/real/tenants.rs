//! Packages for Kamaji tenants in addition to their rotation, and features that only some tenants have.

use std::process::Command;

use airlock_core::plan::RotationRequest;
use airlock_tests::{fixtures, rotation::Rotation, tools::airlock};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    x509::{
        X509, X509NameBuilder,
        extension::{BasicConstraints, KeyUsage, SubjectKeyIdentifier},
    },
};

use crate::kamaji::{done, one, question};

/// The operator accepts a CA that was created before its control plane. With only the operator's own copies it would be
/// lost.
#[test]
fn a_prepared_ca_is_adopted() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("alpha-ca.yaml");
    let prepare = |more: &[&str]| {
        let mut airlock = Command::new(airlock());
        airlock.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string());
        airlock.args(["prepare", "--tenant", "tenants/alpha", "--out"]).arg(&out).args(more);
        airlock.output().expect("airlock can be started").status.code()
    };
    for key_type in ["rsa-2048", "ecdsa-p256"] {
        assert_eq!(prepare(&["--ca-name", "of-our-own", "--key-type", key_type]), Some(0));
        let adopted = question("", vec![out.clone()]).without_pkcs8();
        let answer = one(adopted.clone());
        assert_eq!((answer.authority.as_str(), answer.loops), ("CN=of-our-own", false));
        assert!(done(&answer, 0).contains(&("alpha-ca", "tls.crt and tls.key copied from the CA")), "{answer:?}");
        assert_eq!(prepare(&["--key-type", "ecdsa-p256"]), Some(2), "it is there already");

        let text = std::fs::read_to_string(&out).expect("YAML is text");
        std::fs::write(&out, text.replace("  ca.", "  tls.")).expect("the file can be written");
        let answer = one(adopted);
        assert!(done(&answer, 0).contains(&("alpha-ca", "overwritten with a CA of its own")), "{answer:?}");
        std::fs::remove_file(&out).expect("the file can be removed");
    }

    // An imported CA is read as PKCS#8 and written in a format that every release reads; a key of another CA is
    // refused.
    let [ca, other] = ["ours", "another"].map(authority);
    let write = |name: &str, pem: Vec<u8>| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).expect("the file can be written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let certificate = write("ca.crt", ca.0.to_pem().expect("PEM"));
    let key = write("ca.key", ca.1.private_key_to_pem_pkcs8().expect("PEM"));
    let stranger = write("other.key", other.1.private_key_to_pem_pkcs8().expect("PEM"));
    assert_eq!(prepare(&["--ca-cert", &certificate, "--ca-key", &stranger]), Some(1));
    assert!(!out.exists(), "nothing is written");
    assert_eq!(prepare(&["--ca-cert", &certificate, "--ca-key", &key]), Some(0));
    let answer = one(question("", vec![out.clone()]).without_pkcs8());
    assert_eq!(answer.authority, "CN=ours");
    assert!(done(&answer, 0).contains(&("alpha-ca", "tls.crt and tls.key copied from the CA")), "{answer:?}");
}

/// konnectivity's certificate and the kubeconfig that embeds it change together, because the operator would renew only
/// the certificate. OpenSSL created both, in the Secrets of a real operator.
#[test]
fn konnectivity_s_kubeconfig_changes_with_its_certificate() {
    let files = fixtures::all(&["kamaji/alpha", "kamaji/alpha-konnectivity"]);
    let rotation = Rotation::of(files, &RotationRequest::default(), "kamaji konnectivity");
    let given =
        String::from_utf8(fixtures::read("kamaji/alpha-konnectivity/secret-alpha-konnectivity-certificate.yaml"));
    let certificate = data(&given.expect("text"), "tls.crt");
    let text = |phase: usize, secret: &str| {
        let path = rotation.phase(phase).join(format!("management/alpha-konnectivity-{secret}.yaml"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let config = |phase| String::from_utf8(data(&text(phase, "kubeconfig"), "konnectivity-server.conf")).expect("text");
    let anchors = |phase| X509::stack_from_pem(&data(&config(phase), "certificate-authority-data")).expect("PEM");

    assert_eq!(anchors(1).len(), 2);
    assert_eq!(data(&config(1), "client-certificate-data"), certificate, "in phase 1 it stays who it is");
    let renewed = data(&text(2, "certificate"), "tls.crt");
    assert_eq!(data(&config(2), "client-certificate-data"), renewed);
    assert_eq!(data(&config(2), "client-key-data"), data(&text(2, "certificate"), "tls.key"));
    let [alone] = anchors(3).try_into().expect("one CA");
    let renewed = X509::from_pem(&renewed).expect("a certificate");
    assert!(renewed.verify(&alone.public_key().expect("a key")).expect("a signature"));
    let ca = data(&std::fs::read_to_string(rotation.phase(3).join("management/alpha-ca.yaml")).unwrap(), "ca.crt");
    assert_eq!(X509::from_pem(&ca).expect("a certificate"), alone);
}

/// The value of a key, in a Secret or a kubeconfig.
fn data(text: &str, key: &str) -> Vec<u8> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix(&format!("{key}: ")));
    BASE64_STANDARD.decode(value.unwrap_or_else(|| panic!("no {key}"))).expect("base64")
}

/// A CA with its own key.
fn authority(name: &str) -> (X509, PKey<Private>) {
    let key = PKey::from_rsa(Rsa::generate(2048).expect("a key")).expect("a key");
    let mut subject = X509NameBuilder::new().expect("a name");
    subject.append_entry_by_nid(Nid::COMMONNAME, name).expect("a common name");
    let subject = subject.build();
    let mut builder = X509::builder().expect("a certificate");
    builder.set_version(2).expect("version 3");
    let serial = BigNum::from_u32(4711).and_then(|number| number.to_asn1_integer()).expect("a number");
    builder.set_serial_number(&serial).expect("a serial number");
    builder.set_subject_name(&subject).expect("a subject");
    builder.set_issuer_name(&subject).expect("an issuer");
    builder.set_pubkey(&key).expect("a key");
    let now = fixtures::now().0;
    for (is_end, time) in [(false, now - 3600), (true, now + 3600 * 24 * 300)] {
        let time = Asn1Time::from_unix(time).expect("a time");
        if is_end { builder.set_not_after(&time) } else { builder.set_not_before(&time) }.expect("a time");
    }
    let constraints = BasicConstraints::new().critical().ca().build().expect("an extension");
    builder.append_extension(constraints).expect("an extension");
    let key_id = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None)).expect("a key id");
    builder.append_extension(key_id).expect("an extension");
    let usage = KeyUsage::new().critical().digital_signature().key_cert_sign().build().expect("an extension");
    builder.append_extension(usage).expect("an extension");
    builder.sign(&key, MessageDigest::sha256()).expect("a signature");
    (builder.build(), key)
}
