//! Properties that hold for every input.

use std::collections::BTreeSet;

use airlock_core::{
    Content, InputFile, RotationRequest,
    formats::pem,
    inspect, plan,
    x509::{Certificate, TrustBundle},
};
use airlock_tests::{fixtures, rotation::Case};
use proptest::{collection::vec, prelude::*, sample::Index};

/// File names that select each of the parsers.
const NAMES: [&str; 12] = [
    "cp1/etc/kubernetes/pki/ca.crt",
    "cp1/etc/kubernetes/pki/ca.key",
    "cp1/etc/kubernetes/admin.conf",
    "cp1/etc/kubernetes/manifests/kube-controller-manager.yaml",
    "cp1/var/lib/kubelet/config.yaml",
    "cp1/var/lib/kubelet/pki/kubelet-client-current.pem",
    "cp1.tar",
    "cp1.tar.gz",
    "cp1.zip",
    "secrets.yaml",
    "secrets.json",
    "anything",
];

fn try_everything(files: Vec<InputFile>) {
    let now = fixtures::now();
    let inventory = inspect(files, now);
    let _ = inventory.report(now);
    if let Ok(plan) = plan(&inventory, &RotationRequest::default(), now) {
        let _ = plan.report();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any bytes with any name: findings, never a panic.
    #[test]
    fn any_bytes_are_inspected(files in vec((0..NAMES.len(), vec(any::<u8>(), 0..2000)), 1..4)) {
        try_everything(files.into_iter().map(|(name, bytes)| InputFile::new(NAMES[name], bytes)).collect());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// A real cluster with a file truncated, damaged in places, deleted, or moved.
    #[test]
    fn spoilt_trees_are_inspected(
        which in any::<Index>(),
        other in any::<Index>(),
        places in vec((any::<Index>(), any::<u8>()), 0..6),
        length in proptest::option::of(any::<Index>()),
        moved in any::<bool>(),
    ) {
        let mut files = Case::named("rsa-1").files();
        let (at, to) = (which.index(files.len()), other.index(files.len()));
        if let Content::Bytes(bytes) = &files[at].content {
            let mut bytes = bytes.to_vec();
            if !bytes.is_empty() {
                for (place, byte) in places {
                    let place = place.index(bytes.len());
                    bytes[place] = byte;
                }
                if let Some(length) = length {
                    bytes.truncate(length.index(bytes.len()));
                }
            }
            files[at] = InputFile::new(files[at].path.clone(), bytes);
        }
        if moved && at != to {
            let path = files[to].path.clone();
            files.remove(to);
            let at = if to < at { at - 1 } else { at };
            files[at].path = path;
        }
        try_everything(files);
    }

    /// Adding to a bundle and removing from it are inverse, in any order.
    #[test]
    fn adding_and_dropping_are_inverse(picks in vec(any::<Index>(), 0..8), new in any::<Index>()) {
        let all = authorities();
        let bundle = picks.iter().fold(TrustBundle::new(), |bundle, pick| bundle.with_appended(pick.get(&all).clone()));
        let new = new.get(&all);
        let without = bundle.clone().without(new);
        prop_assert!(!without.contains(new));
        prop_assert_eq!(without.clone().with_appended(new.clone()).without(new).to_pem(), without.to_pem());
        prop_assert_eq!(without.clone().with_prepended(new.clone()).without(new).to_pem(), without.to_pem());
        let added = without.with_prepended(new.clone());
        prop_assert_eq!(added.first(), Some(new));
        // Adding twice is adding once.
        prop_assert_eq!(added.clone().with_appended(new.clone()).to_pem(), added.to_pem());
        // What a bundle writes reads back as the same bundle.
        let read = certificates(added.to_pem().as_bytes());
        prop_assert_eq!(read.len(), added.len());
        prop_assert!(read.iter().zip(added.iter()).all(|(a, b)| a == b));
    }
}

fn certificates(pem: &[u8]) -> Vec<Certificate> {
    let blocks = pem::blocks(pem).blocks.into_iter().filter(|block| block.label == "CERTIFICATE");
    blocks.filter_map(|block| Certificate::from_der(&block.der).ok()).collect()
}

/// Every CA certificate of the kubeadm fixtures.
fn authorities() -> Vec<Certificate> {
    let mut found = BTreeSet::new();
    for fixture in ["kubeadm/rsa-1", "kubeadm/rsa-3", "kubeadm/other-1", "kubeadm/external-1"] {
        for file in fixtures::files(fixture).into_iter().filter(|file| file.path.ends_with("ca.crt")) {
            if let Content::Bytes(bytes) = &file.content {
                found.extend(certificates(bytes));
            }
        }
    }
    found.into_iter().collect()
}
