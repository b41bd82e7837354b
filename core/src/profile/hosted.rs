//! Control planes without nodes: Pods in a management cluster, whose files an operator keeps in Secrets.

use super::{Component, edge::Outage};

/// What a platform's operator keeps of a tenant's control plane, and by what it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hosted {
    /// The kind of the object that describes a tenant's control plane.
    pub kind: &'static str,
    /// What `kubectl` calls that kind, without room for a mistake: plural and API group.
    pub resource: &'static str,
    /// The label that names the tenant.
    pub name_label: &'static str,
    /// The label that says what an object is there for.
    pub component_label: &'static str,
    /// The label that says how the operator reads the expiry of a Secret ([`SecretTable::lifecycle`]).
    pub lifecycle_label: &'static str,
    /// The component of the kubeconfig Secret whose checksum is a label of the Pods, and that no person uses: where the
    /// operator creates it again, it rolls the control plane out.
    pub rolls_out: &'static str,
    /// The component label's value on the Deployment that runs the control plane.
    pub deployment: &'static str,
    /// The annotation whose presence, whatever its value, makes the operator leave a tenant alone.
    pub pause: &'static str,
    /// What the operator's own image ends in, before its tag, which is its release.
    pub operator_image: &'static str,
    /// The tenant's Secrets.
    pub secrets: &'static [SecretTable],
    /// The flags of kube-controller-manager that have it sign from the one-certificate file and the key beside it,
    /// without dashes.
    pub signing_flags: &'static [(&'static str, &'static str)],
    /// Where the tenant's object has arguments of its own for a component: JSON pointers.
    pub extra_args: &'static [(Component, &'static str)],
    /// The certificate with which a tenant's control plane reaches its data store.
    pub data_store: DataStoreRow,
    /// What releases can do, each by the first that can.
    pub abilities: &'static [AbilityRow],
    /// What does not hold, and for how long, where a release can only replace the CA at once; by the edges' ids.
    pub at_once: &'static [(&'static str, Outage)],
}

/// A Secret of a tenant, named `<tenant>-<component>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretTable {
    /// What follows the tenant's name and a dash; the value of its component label as well.
    pub component: &'static str,
    /// Its keys, and where each lies in the Pods; `<component>/<key>` for what no Pod has.
    pub files: &'static [(&'static str, &'static str)],
    /// Does every tenant have it?
    pub needed: bool,
    /// What the operator does with it when the CA changes.
    pub on_new_ca: OnNewCa,
    /// The value of its lifecycle label ([`Hosted::lifecycle_label`]); `None` for a Secret without one.
    pub lifecycle: Option<Lifecycle>,
}

/// The certificate for a tenant's data store, which depends on the data store's CA and not on the tenant's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataStoreRow {
    /// The component of its Secret ([`SecretTable::component`]).
    pub component: &'static str,
    /// Where the tenant's object names the data store's driver: a JSON pointer.
    pub driver: &'static str,
    /// The driver for which the operator issues the certificate itself. For every other one it copies a certificate that the
    /// data store's object references, and that somebody else renews.
    pub issued_for: &'static str,
}

/// What an operator does with a Secret when the CA that its content depends on changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnNewCa {
    /// Nothing: it is a CA itself, or depends on another one.
    Nothing,
    /// It writes the Secret again by itself, from the first certificate of the CA's file.
    Rewrites,
    /// It keeps the Secret, and creates it again from the present CA only when the Secret is deleted.
    RecreatesWhenDeleted,
}

/// The two kinds of Secrets that an operator watches for their expiry, by the values of their label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Lifecycle {
    /// A certificate and its private key.
    X509,
    /// Kubeconfigs with embedded client certificates.
    Kubeconfig,
}

impl Lifecycle {
    /// Both, in the order in which they are renewed: kubeconfigs may embed a certificate of the first kind.
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

/// Something that not every release can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AbilityRow {
    /// What it is.
    pub ability: Ability,
    /// The first release that can do it, such as `25.7.2`.
    pub since: &'static str,
    /// A field of the tenant's object that the operator writes, and no release that cannot do it: a JSON pointer.
    pub told_by: &'static str,
}

/// What a release may be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Ability {
    /// It takes a CA's private key as PKCS#8, where others discard the whole CA.
    Pkcs8,
    /// It can be told to leave a tenant alone.
    Pause,
}

impl Hosted {
    /// The path in the Pods of a Secret's key; `None` where it has no meaning here.
    #[must_use]
    pub fn path(&self, component: &str, key: &str) -> Option<&'static str> {
        let table = self.secrets.iter().find(|table| table.component == component)?;
        table.files.iter().find(|(known, _)| *known == key).map(|(_, path)| *path)
    }

    /// The Secrets that the operator keeps when the CA changes, and that are deleted so that it creates them again: in the
    /// order of the table, certificates before the kubeconfigs that embed them.
    pub fn left_behind(&self) -> impl Iterator<Item = &'static SecretTable> {
        self.secrets.iter().filter(|table| table.on_new_ca == OnNewCa::RecreatesWhenDeleted)
    }

    /// The row of an ability; `None` where every release has it.
    #[must_use]
    pub fn ability(&self, ability: Ability) -> Option<&'static AbilityRow> {
        self.abilities.iter().find(|row| row.ability == ability)
    }
}
