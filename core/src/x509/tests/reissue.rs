use proptest::{prelude::*, sample::select};

use super::*;

const AUTHORITY_KEY_ID: &str = "2.5.29.35";
const SUBJECT_KEY_ID: &str = "2.5.29.14";

fn list(certificate: &Certificate) -> Vec<(String, bool, Vec<u8>)> {
    certificate.extensions().iter().map(|e| (e.oid.to_string(), e.critical, e.value.clone())).collect()
}

#[test]
fn copies_an_odd_leaf() {
    for (name, length) in [("leaf-odd.crt", 8), ("leaf-odd-plain.crt", 7)] {
        let old = certificate(name);
        let issuer = issuer("ca-p384.crt", "secp384r1-sec1.key");
        let made = reissue(&old, old.public_key(), YEAR, &issuer).unwrap();

        assert_eq!(made.subject().der(), old.subject().der());
        assert_eq!(made.public_key(), old.public_key());
        assert!(made.is_signed_by(issuer.certificate()));
        assert_eq!((made.not_before(), made.not_after()), (YEAR.not_before, YEAR.not_after));
        assert_ne!(made.serial(), old.serial());
        // The derivation of the identifier is unknown, but the key is the same.
        assert_eq!(made.subject_key_id(), Some(&[1, 2, 3, 4, 5][..]));
        assert_eq!(made.authority_key_id(), issuer.certificate().subject_key_id());
        let (old_list, new_list) = (list(&old), list(&made));
        assert_eq!(new_list.len(), length);
        for (old, new) in old_list.iter().zip(&new_list) {
            assert!(old == new || (old.0 == AUTHORITY_KEY_ID && new.0 == AUTHORITY_KEY_ID), "{}", old.0);
        }
    }
}

#[test]
fn gives_a_new_key_its_identifier() {
    let old = certificate("leaf-odd.crt");
    let issuer = issuer("ca-rsa.crt", "rsa2048-pkcs1.key");
    let made = reissue(&old, key("capi-etcd.key").public_key(), YEAR, &issuer).unwrap();
    assert_eq!(made.subject_key_id(), certificate("capi-etcd.crt").subject_key_id());
    assert_eq!(made.subject(), old.subject());
}

#[test]
fn names_the_signer_by_its_key_alone() {
    // This authority key identifier also has issuer and serial number, which are no longer correct.
    let old = certificate("leaf-full-aki.crt");
    let issuer = issuer("capi-etcd.crt", "capi-etcd.key");
    let made = reissue(&old, old.public_key(), YEAR, &issuer).unwrap();
    let extension = made.extensions().iter().find(|e| e.oid.to_string() == AUTHORITY_KEY_ID).unwrap();
    let id = issuer.certificate().subject_key_id().unwrap();
    // SEQUENCE { [0] keyIdentifier }
    assert_eq!(extension.value, [&[0x30, 0x16, 0x80, 0x14], id].concat());
}

#[test]
fn adds_or_drops_the_authority_key_id_as_the_issuer_has_one() {
    let old = certificate("leaf-by-etcd.crt");
    let without = reissue(&old, old.public_key(), YEAR, &issuer("ca-no-ski.crt", "capi-proxy.key")).unwrap();
    assert_eq!((without.authority_key_id(), without.extensions().len()), (None, old.extensions().len() - 1));

    let issuer = issuer("capi-etcd.crt", "capi-etcd.key");
    let with = reissue(&without, old.public_key(), YEAR, &issuer).unwrap();
    assert_eq!(with.authority_key_id(), issuer.certificate().subject_key_id());
    assert_eq!(list(&with).last().unwrap().0, AUTHORITY_KEY_ID);
}

#[test]
fn makes_a_leaf_without_extensions_anew() {
    let old = certificate("ca-no-extensions.crt");
    let made = reissue(&old, old.public_key(), YEAR, &issuer("capi-etcd.crt", "capi-etcd.key")).unwrap();
    assert_eq!((made.version(), made.extensions().len()), (3, 1));
    let made = reissue(&old, old.public_key(), YEAR, &issuer("ca-no-ski.crt", "capi-proxy.key")).unwrap();
    assert_eq!((made.version(), made.extensions().len()), (1, 0));
}

#[test]
fn copies_an_empty_subject() {
    let old = certificate("leaf-empty-subject.crt");
    let made = reissue(&old, old.public_key(), YEAR, &issuer("capi-etcd.crt", "capi-etcd.key")).unwrap();
    assert!(made.subject().is_empty());
    assert_eq!(made.alternative_names(), old.alternative_names());
}

#[test]
fn cross_signs_an_authority() {
    let (old, new) = (issuer("ca-rsa.crt", "rsa2048-pkcs1.key"), issuer("capi-etcd.crt", "capi-etcd.key"));
    let made = reissue(new.certificate(), new.key().public_key(), YEAR, &old).unwrap();
    assert!(made.is_signed_by(old.certificate()) && !made.is_self_signed());
    assert_eq!(made.subject_key_id(), new.certificate().subject_key_id());
    assert_eq!(made.authority_key_id(), old.certificate().subject_key_id());
    assert!(certificate("leaf-by-etcd.crt").is_signed_by(&made));
    Issuer::new(made, key("capi-etcd.key")).unwrap();
}

#[test]
fn renews_and_rekeys_an_authority() {
    let old = certificate("capi-etcd.crt");
    let renewed = reissue_authority(&old, &key("capi-etcd.key"), YEAR).unwrap();
    assert_eq!(list(&renewed), list(&old));
    assert_eq!(renewed.subject(), old.subject());
    assert!(renewed.is_self_signed() && certificate("leaf-by-etcd.crt").is_signed_by(&renewed));

    let rekeyed = reissue_authority(&old, &key("rsa2048-pkcs1.key"), YEAR).unwrap();
    assert_eq!(rekeyed.subject_key_id(), certificate("ca-rsa.crt").subject_key_id());
    assert_eq!(list(&rekeyed).len(), list(&old).len());
    assert!(rekeyed.is_self_signed() && !rekeyed.is_signed_by(&old));
}

#[test]
fn never_outlives_its_issuer() {
    let old = certificate("leaf-by-etcd.crt");
    let issuer = issuer("capi-etcd.crt", "capi-etcd.key");
    let validity = Validity { not_before: NOW, not_after: issuer.certificate().not_after().plus_seconds(1) };
    assert_eq!(
        reissue(&old, old.public_key(), validity, &issuer).unwrap_err(),
        IssueError::OutlivesIssuer { not_after: validity.not_after, issuer: issuer.certificate().not_after() }
    );
    let renewed = Validity { not_after: UnixTime::LAST, ..validity };
    assert_eq!(
        reissue_authority(issuer.certificate(), issuer.key(), renewed).unwrap().not_after(),
        UnixTime::LAST,
        "an authority that signs itself may live longer than before"
    );
}

#[test]
fn says_what_cannot_be_copied() {
    // An extension whose identifier is made from a UUID has an arc that x509-cert cannot hold.
    let old = certificate("leaf-odd-utf8.crt");
    let issuer = issuer("ca-rsa.crt", "rsa2048-pkcs1.key");
    let error = reissue(&old, old.public_key(), YEAR, &issuer).unwrap_err();
    assert_eq!(error, IssueError::CannotCopy("extensions"));
}

const LEAVES: [&str; 7] = [
    "leaf-odd.crt",
    "leaf-odd-plain.crt",
    "leaf-full-aki.crt",
    "leaf-by-etcd.crt",
    "leaf-empty-subject.crt",
    "capi-cluster.crt",
    "ca-no-extensions.crt",
];
const ISSUERS: [(&str, &str); 4] = [
    ("capi-etcd.crt", "capi-etcd.key"),
    ("ca-p384.crt", "secp384r1-sec1.key"),
    ("ca-no-ski.crt", "capi-proxy.key"),
    ("ca-ed25519.crt", "ed25519.key"),
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changes_only_what_it_may(
        name in select(&LEAVES[..]),
        (certificate_name, key_name) in select(&ISSUERS[..]),
        new_key in proptest::option::of(select(&["capi-proxy.key", "secp384r1-sec1.key", "ed25519.key"][..])),
        start in 0_i64..4_000_000_000,
        length in 0_i64..900_000_000,
    ) {
        let old = certificate(name);
        let issuer = issuer(certificate_name, key_name);
        let public_key = new_key.map_or_else(|| old.public_key().clone(), |name| key(name).public_key().clone());
        let validity = Validity { not_before: UnixTime(start), not_after: UnixTime(start + length) };
        let made = reissue(&old, &public_key, validity, &issuer).unwrap();

        prop_assert_eq!(made.subject().der(), old.subject().der());
        prop_assert_eq!(made.issuer().der(), issuer.certificate().subject().der());
        prop_assert_eq!(made.public_key(), &public_key);
        prop_assert_eq!((made.not_before(), made.not_after()), (validity.not_before, validity.not_after));
        prop_assert!(made.is_signed_by(issuer.certificate()));
        let others = |certificate: &Certificate| -> Vec<_> {
            list(certificate).into_iter().filter(|(oid, ..)| oid != AUTHORITY_KEY_ID && oid != SUBJECT_KEY_ID).collect()
        };
        prop_assert_eq!(others(&made), others(&old));
        prop_assert_eq!(made.authority_key_id(), issuer.certificate().subject_key_id());
        prop_assert_eq!(made.subject_key_id().is_some(), old.subject_key_id().is_some());
        if old.public_key() == &public_key {
            prop_assert_eq!(made.subject_key_id(), old.subject_key_id());
        }
        prop_assert_eq!(&reissue(&old, &public_key, validity, &issuer).unwrap(), &made);
    }
}
