//! The PKI, read from reports of core.

use airlock_core::report::{AuthorityReport, HolderReport, SlotReport};

use super::*;
use crate::state::tests::{authority, inventory};

/// The short form of the CA's fingerprint in the sample.
const FINGERPRINT: &str = "AA:BB:CC:DD:EE";

fn certificate(subject: &str, signed_by: &str, fingerprint: &str, until: i64) -> CertificateReport {
    let AuthorityReport { certificate, .. } = authority(airlock_core::profile::AuthorityId::Cluster, true);
    CertificateReport {
        subject: subject.to_owned(),
        signed_by: signed_by.to_owned(),
        fingerprint: fingerprint.to_owned(),
        not_after: UnixTime(until),
        authority: signed_by == "itself",
        ..certificate
    }
}

fn slot(place: &str, certificates: Vec<CertificateReport>) -> SlotReport {
    SlotReport {
        place: place.to_owned(),
        file: format!("nodes.tar!{place}"),
        kind: String::new(),
        certificates,
        keys: Vec::new(),
        server: String::new(),
    }
}

/// Two nodes with the CA and a leaf certificate of it, and a kubelet with a self-signed certificate.
pub(in crate::state) fn sample() -> InventoryReport {
    let ca = || certificate("CN=kubernetes", "itself", FINGERPRINT, 900_000_000);
    let leaf = |until| certificate("CN=kube-apiserver", "CN=kubernetes (AA:BB:CC:DD)", "01:02:03:04:05", until);
    let own = || certificate("CN=worker1", "itself", "0A:0B:0C:0D:0E", 800_000_000);
    let node = |name: &str, role: &str, slots| HolderReport { name: name.to_owned(), role: role.to_owned(), slots };
    let mut found = inventory();
    found.authorities.truncate(1);
    found.authorities[0].certificate = ca();
    found.holders = vec![
        node(
            "cp1",
            "control-plane",
            vec![slot("/pki/ca.crt", vec![ca()]), slot("/pki/apiserver.crt", vec![leaf(300_000_000)])],
        ),
        node(
            "cp2",
            "control-plane",
            vec![slot("/pki/ca.crt", vec![ca()]), slot("/pki/apiserver.crt", vec![leaf(200_000_000)])],
        ),
        node("worker1", "worker", vec![slot("/pki/ca.crt", vec![ca()]), slot("/kubelet.crt", vec![own()])]),
    ];
    found
}

#[test]
fn the_same_place_on_several_nodes_is_one() {
    let pki = pki(&sample());
    let [signer] = &pki.signers[..] else { panic!("one authority") };
    let of = |places: &[Place]| -> Vec<(String, String, i64)> {
        places.iter().map(|place| (place.path.clone(), place.holders.join(" "), place.until.0)).collect()
    };
    assert_eq!(of(&signer.trusted_in), [("/pki/ca.crt".to_owned(), "cp1 cp2 worker1".to_owned(), 900_000_000)]);
    assert_eq!(of(&signer.signed), [("/pki/apiserver.crt".to_owned(), "cp1 cp2".to_owned(), 200_000_000)]);
    assert_eq!(of(&pki.others), [("/kubelet.crt".to_owned(), "worker1".to_owned(), 800_000_000)]);
}

#[test]
fn of_two_authorities_with_one_name_the_fingerprint_tells() {
    let mut found = sample();
    let mut other = found.authorities[0].clone();
    other.certificate.fingerprint = "11:22:33:44:55".to_owned();
    found.authorities.insert(0, other);
    let pki = pki(&found);
    assert_eq!((pki.signers[0].signed.len(), pki.signers[1].signed.len()), (0, 1));
}
