//! Under each choice of the form: why it matters, in a sentence.

use airlock_core::{plan::request::KubeletCertificates, profile::AuthorityId};

use crate::state::form::BroughtPart;

/// A CA that somebody makes.
pub const MAKE: &str = "Its private key is made in this page's memory and travels in the package: whoever has the package can sign with it.";
/// A CA that somebody has made.
pub const BRING: &str = "For a policy that says where the private key of a CA has to be made.";
/// The name of a new CA.
pub const COMMON_NAME: &str =
    "OpenSSL looks a CA up by its name, so another name than the old CA's keeps clients from taking one for the other.";
/// The key of a new CA.
pub const KEY: &str = "Every client has to understand it; the old CA's type is one that all of yours do.";
/// How long a new CA lives.
pub const CA_DAYS: &str =
    "When a CA ends, all that it signed ends with it, so the next rotation has to be over by then.";
/// How long new leaves live.
pub const LEAF_DAYS: &str =
    "A certificate that was copied is worth nothing after that, and one that nobody has renewed is not either.";
/// Going on with the new CA that is there.
pub const GO_ON: &str = "Whoever trusts the new CA already has nothing to do twice.";
/// Giving it up.
pub const START_OVER: &str =
    "For a new CA whose private key is lost or in wrong hands, while nobody has switched to it.";

/// Whether an authority gets a successor.
pub fn rotate(id: AuthorityId) -> &'static str {
    match id {
        AuthorityId::Talos => {
            "It signs what talosctl and machines show each other: whoever has its key commands all machines."
        }
        AuthorityId::Cluster => {
            "It signs what API servers, kubelets and administrators show: whoever has its key is an administrator."
        }
        AuthorityId::FrontProxy => {
            "It signs what API servers show to extension API servers: whoever has its key can speak to those as anybody."
        }
        AuthorityId::Etcd => {
            "It signs what etcd and its clients show: whoever has its key reads and changes all that the cluster stores."
        }
    }
}

/// How kubelets come by certificates.
pub fn kubelets(how: KubeletCertificates) -> &'static str {
    match how {
        KubeletCertificates::Renew => {
            "It takes kubelets that reach their API server, as those of a cluster in order do."
        }
        KubeletCertificates::Mint => {
            "Their private keys are in the package then, and have to be carried to each node as safely as a CA's."
        }
    }
}

/// A file of an authority that is brought along.
pub fn brought(part: BroughtPart) -> &'static str {
    match part {
        BroughtPart::Certificate => "The CA's own certificate, which everybody is to trust.",
        BroughtPart::Key => "The key of that certificate, with which the control plane is to sign.",
    }
}
