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
    /// That label's value on the Deployment that runs the control plane.
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
    /// Does the operator write it anew as soon as it is not what the first certificate of the CA's file asks for?
    pub reissued: bool,
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

    /// The row of an ability; `None` where every release has it.
    #[must_use]
    pub fn ability(&self, ability: Ability) -> Option<&'static AbilityRow> {
        self.abilities.iter().find(|row| row.ability == ability)
    }
}
