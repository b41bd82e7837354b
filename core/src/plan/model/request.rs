//! What the person chooses. The page's form and the command line's options both end here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{new_authority::NewAuthority, subclouds::SubcloudStrategy};
use crate::profile::{AuthorityId, AuthorityRow};

/// Default lifetime of a new CA: ten years of 365 days, as kubeadm's
/// (kubernetes/kubernetes: cmd/kubeadm/app/constants, `CACertificateValidityPeriod`). Days.
pub const DEFAULT_CA_DAYS: u32 = 3650;

/// Default lifetime of a leaf: one year, as kubeadm's (`CertificateValidityPeriod`). Days.
pub const DEFAULT_LEAF_DAYS: u32 = 365;

/// Why a package is made, which decides its steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Intent {
    /// New CAs, and with them every certificate.
    #[default]
    Rotate,
    /// New leaves of the CAs that are there.
    RenewLeaves,
}

impl Intent {
    /// Every intent.
    pub const ALL: [Self; 2] = [Self::Rotate, Self::RenewLeaves];

    /// Its name, as options and `manifest.json` have it: `rotate`, `renew-leaves`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rotate => "rotate",
            Self::RenewLeaves => "renew-leaves",
        }
    }
}

/// The choices that a cluster allows beyond the defaults, so that a form offers no choice that a plan refuses for every
/// cluster of the kind. A plan can still be refused, for what the files contain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PossibleChoices {
    /// [`Intent::RenewLeaves`].
    pub renew_leaves: bool,
    /// [`Workers::Replace`].
    pub replace_workers: bool,
}

/// Every choice of a rotation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RotationRequest {
    /// New CAs, or new leaves of the present ones; of the fields below, the latter uses only `leaf_days`, the lifetime that
    /// the CAs have to outlast.
    pub intent: Intent,
    /// The CAs to replace; the others stay. `None` for all CAs that the platform rotates.
    pub rotate: Option<Vec<AuthorityId>>,
    /// The options of each new CA; a CA without an entry has [`NewAuthority::default`].
    pub authorities: BTreeMap<AuthorityId, NewAuthority>,
    /// Lifetime of new authorities, in days.
    pub ca_days: u32,
    /// Lifetime of new leaves, in days; never beyond their issuer's.
    pub leaf_days: u32,
    /// Re-sign the keys that are there instead of making new ones.
    pub keep_keys: bool,
    /// How kubelets come by a client certificate of the new CA.
    pub kubelet_certificates: KubeletCertificates,
    /// How workers come to trust the new CA alone in phase 3.
    pub workers: Workers,
    /// The new authorities' keys stay elsewhere: certificates are asked for there, and brought along when they are signed.
    pub external_ca: bool,
    /// Give up a new CA that has signed nothing yet, and begin anew with another one.
    pub start_over: bool,
    /// Accept an outage that the platform's profile declares, with its cause and duration.
    pub accept_outage: bool,
    /// The ids of dependencies that the package does not handle and that the person takes care of
    /// ([`Finding::acknowledge`](crate::Finding::acknowledge)).
    pub acknowledge: BTreeSet<String>,
    /// The release of the platform's own operator, where the way depends on it; `None` to have it told from the files.
    pub release: Option<String>,
    /// Which subclouds are updated and how, where the platform is StarlingX Distributed Cloud; boxed, since few need it.
    pub subclouds: Box<SubcloudStrategy>,
}

impl Default for RotationRequest {
    fn default() -> Self {
        Self {
            intent: Intent::default(),
            rotate: None,
            authorities: BTreeMap::new(),
            ca_days: DEFAULT_CA_DAYS,
            leaf_days: DEFAULT_LEAF_DAYS,
            keep_keys: false,
            kubelet_certificates: KubeletCertificates::Renew,
            workers: Workers::Reconfigure,
            external_ca: false,
            start_over: false,
            accept_outage: false,
            acknowledge: BTreeSet::new(),
            release: None,
            subclouds: Box::default(),
        }
    }
}

impl RotationRequest {
    /// Whether this CA is replaced.
    pub(crate) fn rotates(&self, row: &AuthorityRow) -> bool {
        self.rotate.as_ref().map_or(row.rotates, |chosen| chosen.contains(&row.id))
    }
}

/// How kubelets come by a client certificate of the new CA in phase 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)] // two ways, both proved on a cluster
pub enum KubeletCertificates {
    /// Certificates and keys in the package, for nodes that cannot renew through the API.
    Mint,
    /// Each kubelet asks for its own: no key leaves the node.
    #[default]
    Renew,
}

/// How workers come to trust the new CA alone in phase 3. In phases 1 and 2 each worker is reconfigured in either case: it
/// must accept both CAs before API servers present a certificate of the new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)] // the two ways of the Kubernetes page, step 12
pub enum Workers {
    /// The workers' script removes the old CA from each of them.
    #[default]
    Reconfigure,
    /// Machines join with the new CA, and the old workers are drained and deleted.
    Replace,
}
