//! The hint below each option: why it matters.

use airlock_core::{
    plan::request::{Intent, KubeletCertificates, Workers},
    profile::AuthorityId,
};

use crate::state::form::BroughtPart;

/// A CA that is generated here.
pub const MAKE: &str =
    "The private key is generated on this computer and is in the package. Protect the package like the key.";
/// A CA that is imported.
pub const BRING: &str = "If policy requires CA keys to be generated elsewhere (HSM, corporate PKI).";
/// The name of a new CA.
pub const COMMON_NAME: &str = "Use a different name from the old CA: OpenSSL-based clients select issuers by name.";
/// The key of a new CA.
pub const KEY: &str = "All clients must support it. The current type is known to work.";
/// The validity of a new CA.
pub const CA_DAYS: &str = "Certificates cannot outlive their CA. Complete the next rotation before this date.";
/// The validity of new certificates.
pub const LEAF_DAYS: &str =
    "Limits how long a leaked certificate is usable. Certificates must be renewed within this time.";
/// Continuing with the new CA that is in the cluster.
pub const GO_ON: &str = "Nodes that already trust the new CA need no second change.";
/// Discarding it.
pub const START_OVER: &str = "If the new CA's private key is lost or leaked, and no node has switched to it.";

/// Whether a CA is rotated.
pub fn rotate(id: AuthorityId) -> &'static str {
    match id {
        AuthorityId::Talos => {
            "Issues the certificates of talosctl and of the machines. Anyone holding its key controls all machines."
        }
        AuthorityId::Cluster => {
            "Issues API server, kubelet and admin certificates. Anyone holding its key is cluster-admin."
        }
        AuthorityId::FrontProxy => {
            "Issues the certificates that API servers present to extension API servers. Anyone holding its key can impersonate every user there."
        }
        AuthorityId::Etcd => {
            "Issues the certificates of etcd and its clients. Anyone holding its key can read and change all cluster data."
        }
    }
}

/// The validity of renewed certificates.
pub const EXPECTED_DAYS: &str =
    "kubeadm or the operator sets the validity. Airlock warns you if a CA expires within this time.";

/// What a package does.
pub fn intent(intent: Intent) -> &'static str {
    match intent {
        Intent::RenewLeaves => {
            "For certificates that expire soon. Previous certificates work until they expire: after a key leak, rotate."
        }
        _ => "For CAs that expire soon or whose key may have leaked. Replaces the CAs and all certificates.",
    }
}

/// How workers drop the old CA.
pub fn workers(how: Workers) -> &'static str {
    match how {
        Workers::Reconfigure => {
            "A script updates the files of each worker and restarts its kubelet. Pods keep running."
        }
        Workers::Replace => {
            "In phase 3, you drain and delete each worker, and a machine joins with the new CA. Takes longer, and needs workers that you can recreate. Phases 1 and 2 still change each worker in place."
        }
    }
}

/// How kubelets get certificates.
pub fn kubelets(how: KubeletCertificates) -> &'static str {
    match how {
        KubeletCertificates::Renew => "No key leaves its node. Requires kubelets that can reach the API server.",
        KubeletCertificates::Mint => {
            "For nodes that cannot renew through the API. The keys are in the package; copy them to each node like a CA key."
        }
    }
}

/// A file of an imported CA.
pub fn brought(part: BroughtPart) -> &'static str {
    match part {
        BroughtPart::Certificate => "The certificate of the new CA, which all components will trust.",
        BroughtPart::Key => "The private key of that certificate, with which the control plane issues certificates.",
    }
}
