//! The user's choices, from the page's form or the command line's options.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{new_authority::NewAuthority, subclouds::SubcloudStrategy};
use crate::profile::{AuthorityId, AuthorityRow};

/// Default lifetime of a new CA: ten years of 365 days, as kubeadm's
/// (kubernetes/kubernetes: cmd/kubeadm/app/constants, `CACertificateValidityPeriod`). Days.
pub const DEFAULT_CA_DAYS: u32 = 3650;

/// Default lifetime of a leaf: one year, as kubeadm's (`CertificateValidityPeriod`). Days.
pub const DEFAULT_LEAF_DAYS: u32 = 365;

/// The purpose of a package.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Intent {
    /// Replace CAs and every certificate that they issued.
    #[default]
    Rotate,
    /// Renew leaf certificates and keep the CAs.
    RenewLeaves,
}

impl Intent {
    /// Every intent.
    pub const ALL: [Self; 2] = [Self::Rotate, Self::RenewLeaves];

    /// Its name in options and in `manifest.json`: `rotate`, `renew-leaves`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rotate => "rotate",
            Self::RenewLeaves => "renew-leaves",
        }
    }
}

/// The choices beyond the defaults that the cluster's platform and release allow. A form offers only these. A plan can
/// still be refused because of the files' content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PossibleChoices {
    /// [`Intent::RenewLeaves`].
    pub renew_leaves: bool,
    /// [`Workers::Replace`].
    pub replace_workers: bool,
}

/// The options of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RotationRequest {
    /// Replace CAs or renew leaves. A renewal uses only `leaf_days` of the fields below, to warn about CAs that expire
    /// before the renewed leaves; every other field must have its default value.
    pub intent: Intent,
    /// The CAs to replace; the others stay. `None` for all CAs that the platform rotates.
    pub rotate: Option<Vec<AuthorityId>>,
    /// The options of each new CA; a CA without an entry has [`NewAuthority::default`].
    pub authorities: BTreeMap<AuthorityId, NewAuthority>,
    /// Lifetime of new CAs, in days.
    pub ca_days: u32,
    /// Lifetime of new leaves, in days; never beyond their issuer's.
    pub leaf_days: u32,
    /// Issue the new certificates for the current private keys, where these were provided.
    pub keep_keys: bool,
    /// How kubelets get a client certificate of the new CA.
    pub kubelet_certificates: KubeletCertificates,
    /// How workers come to trust only the new CA in phase 3.
    pub workers: Workers,
    /// The new CAs are external: Airlock writes CSRs, and the issued certificates are provided for the next package.
    pub external_ca: bool,
    /// Abandon the new CA of a rotation in progress, which must not have issued anything, and start with another new CA.
    pub start_over: bool,
    /// Accept an outage that the platform's profile declares, with its cause and duration.
    pub accept_outage: bool,
    /// The IDs of dependencies that the package does not handle and that the user handles
    /// ([`Finding::acknowledge`](crate::Finding::acknowledge)).
    pub acknowledge: BTreeSet<String>,
    /// The release of the platform's operator, if the steps depend on it; `None` to detect it from the files.
    pub release: Option<String>,
    /// Which subclouds are updated and how, for StarlingX Distributed Cloud. Boxed to keep the struct small.
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

/// How kubelets get a client certificate of the new CA in phase 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)] // callers match on both ways
pub enum KubeletCertificates {
    /// Certificates and keys in the package, for nodes that cannot renew through the API.
    Mint,
    /// Each kubelet requests its certificate through the API. No key leaves the node.
    #[default]
    Renew,
}

/// How workers come to trust only the new CA in phase 3. Phases 1 and 2 reconfigure every worker in either case,
/// because a worker must trust both CAs before API servers present a certificate of the new CA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)] // kubernetes.io: Manual Rotation of CA Certificates, step 12, has these two ways
pub enum Workers {
    /// The workers' script removes the old CA from each of them.
    #[default]
    Reconfigure,
    /// New machines join with the new CA, and the old workers are drained and deleted.
    Replace,
}
