//! Hosted control planes: Pods in a management cluster, whose files an operator stores in Secrets.

use super::{edge::Outage, ids::Component};

/// How a platform's operator stores a tenant's control plane, and how it is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hosted {
    /// The kind of the object that describes a tenant's control plane.
    pub kind: &'static str,
    /// The unambiguous resource name for `kubectl`: plural and API group.
    pub resource: &'static str,
    /// The label with the tenant's name.
    pub name_label: &'static str,
    /// The label with an object's component.
    pub component_label: &'static str,
    /// The label that selects how the operator checks the expiry of a Secret ([`SecretTable::lifecycle`]).
    pub lifecycle_label: &'static str,
    /// The component of the kubeconfig Secret whose checksum is a label of the Pods and that no person uses. When the
    /// operator recreates it, it rolls out the control plane.
    pub rolls_out: &'static str,
    /// The component label of the Deployment that runs the control plane.
    pub deployment: &'static str,
    /// The annotation that pauses the operator for a tenant. Only its presence matters, not its value.
    pub pause: &'static str,
    /// The suffix of the operator's image name, before the tag, which is the release.
    pub operator_image: &'static str,
    /// The name of the Lease that the leading operator renews every few seconds.
    pub operator_lease: &'static str,
    /// The tenant's Secrets.
    pub secrets: &'static [SecretTable],
    /// kube-controller-manager's flags, without dashes, with which it signs from the one-certificate file and its key.
    pub signing_flags: &'static [(&'static str, &'static str)],
    /// JSON pointers to a component's extra arguments in the tenant's object.
    pub extra_args: &'static [(Component, &'static str)],
    /// The client certificate of a tenant's control plane for its data store.
    pub data_store: DataStoreRow,
    /// Features of the operator, each with the first release that has it.
    pub abilities: &'static [AbilityRow],
    /// For releases that can only replace the CA at once: the edges that break, by id, and for how long.
    pub at_once: &'static [(&'static str, Outage)],
}

/// A Secret of a tenant, named `<tenant>-<component>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretTable {
    /// The part of the name after the tenant's name and a dash; also the value of the component label.
    pub component: &'static str,
    /// Its keys, and the path of each in the Pods; `<component>/<key>` for keys that no Pod mounts.
    pub files: &'static [(&'static str, &'static str)],
    /// Whether every tenant has it.
    pub needed: bool,
    /// The operator's action when the CA changes.
    pub on_new_ca: OnNewCa,
    /// The value of its lifecycle label ([`Hosted::lifecycle_label`]); `None` if it has none.
    pub lifecycle: Option<Lifecycle>,
}

/// The certificate for a tenant's data store. It depends on the data store's CA, not on the tenant's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataStoreRow {
    /// The component of its Secret ([`SecretTable::component`]).
    pub component: &'static str,
    /// JSON pointer to the data store's driver in the tenant's object.
    pub driver: &'static str,
    /// The driver for which the operator itself issues the certificate. For others it copies a certificate that the
    /// data store's object references, and that is renewed elsewhere.
    pub issued_for: &'static str,
}

/// An operator's action on a Secret when the CA of its content changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnNewCa {
    /// None: the Secret is a CA itself, or depends on another CA.
    Nothing,
    /// It rewrites the Secret, with the first certificate of the CA's file as issuer.
    Rewrites,
    /// It keeps the Secret. When the Secret is deleted, it recreates it from the current CA.
    RecreatesWhenDeleted,
}

/// The two kinds of Secrets whose expiry an operator checks, by label value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Lifecycle {
    /// A certificate and its private key.
    X509,
    /// Kubeconfigs with embedded client certificates.
    Kubeconfig,
}

impl Lifecycle {
    /// Both, in the order of renewal: kubeconfigs may embed a certificate of the first kind.
    pub const ALL: [Self; 2] = [Self::X509, Self::Kubeconfig];

    /// The label's value.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::X509 => "x509",
            Self::Kubeconfig => "kubeconfig",
        }
    }
}

/// A feature that not every release has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AbilityRow {
    /// The feature.
    pub ability: Ability,
    /// The first release that has it, such as `25.7.2`.
    pub since: &'static str,
    /// JSON pointer to a field of the tenant's object that only releases with this feature write.
    pub told_by: &'static str,
}

/// A feature of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Ability {
    /// It reads a CA's private key in PKCS#8. Other releases discard the whole CA.
    Pkcs8,
    /// It can be paused for a tenant.
    Pause,
}

impl Hosted {
    /// The path in the Pods of a Secret's key; `None` if the table does not have it.
    #[must_use]
    pub fn path(&self, component: &str, key: &str) -> Option<&'static str> {
        let table = self.secrets.iter().find(|table| table.component == component)?;
        table.files.iter().find(|(known, _)| *known == key).map(|(_, path)| *path)
    }

    /// The Secrets that the operator keeps when the CA changes, and that must be deleted so that it recreates them. In
    /// table order: certificates before the kubeconfigs that embed them.
    pub fn left_behind(&self) -> impl Iterator<Item = &'static SecretTable> {
        self.secrets.iter().filter(|table| table.on_new_ca == OnNewCa::RecreatesWhenDeleted)
    }

    /// The row of a feature; `None` if every release has it.
    #[must_use]
    pub fn ability(&self, ability: Ability) -> Option<&'static AbilityRow> {
        self.abilities.iter().find(|row| row.ability == ability)
    }
}
