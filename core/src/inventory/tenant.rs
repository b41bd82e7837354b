//! Control planes without nodes: a tenant's Secrets are put together to what its Pods have, as if it were a node's tree.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    detect::{self, result::Detected},
    given::{finding, keeps, promise},
    model::{
        files::{Artifact, Node, Role, Slot},
        inventory::Inventory,
        objects::{HostedRole, ObjectRole, StoredObject},
        tenant::Tenant,
    },
};
use crate::{
    finding::{Finding, Severity},
    formats::{emit, object::Object, static_pod},
    profile::{Ability, Component, Hosted, Profile, SecretTable},
};

/// The role of an object, by its kind and labels.
pub(super) fn role(hosted: &Hosted, object: &Object) -> Option<HostedRole> {
    match object.kind.as_str() {
        kind if kind == hosted.kind => Some(HostedRole::ControlPlane),
        "Secret" => table(hosted, object).map(|_| HostedRole::Secret),
        "Deployment" if object.labels.get(hosted.component_label).is_some_and(|is| is == hosted.deployment) => {
            Some(HostedRole::Deployment)
        }
        "Deployment" => operator_image(hosted, object).map(|_| HostedRole::Operator),
        _ => None,
    }
}

/// What kind of Secret it is: its labels tell.
fn table(hosted: &Hosted, object: &Object) -> Option<&'static SecretTable> {
    let component = object.labels.get(hosted.component_label)?;
    object.labels.get(hosted.name_label)?;
    hosted.secrets.iter().find(|table| table.component == component)
}

/// The image of the operator, where it is the operator's Deployment.
fn operator_image<'a>(hosted: &Hosted, object: &'a Object) -> Option<&'a str> {
    let mut images = containers(object).filter_map(|container| container.get("image")?.as_str());
    images.find(|image| release_of(hosted, image).is_some())
}

/// The tag of an image whose name ends in the operator's: `docker.io/clastix/kamaji:26.8.2-edge`.
fn release_of<'a>(hosted: &Hosted, image: &'a str) -> Option<&'a str> {
    let (name, tag) = image.split('@').next()?.rsplit_once(':')?;
    let before = name.strip_suffix(hosted.operator_image)?;
    (before.is_empty() || before.ends_with('/')).then_some(tag)
}

fn containers(object: &Object) -> impl Iterator<Item = &Value> {
    let list = object.value.pointer("/spec/template/spec/containers");
    list.and_then(Value::as_array).into_iter().flatten()
}

impl Inventory {
    /// Puts together the one tenant that was given; of several, the one that `chosen` names, `name` or `namespace/name`.
    pub(super) fn furnish_tenant(&mut self, chosen: Option<&str>) {
        let Some(hosted) = self.profile.hosted() else { return };
        let all: BTreeSet<(String, String)> =
            self.objects.iter().filter_map(|stored| tenant_of(hosted, stored)).collect();
        let is_chosen = |(namespace, name): &&(String, String)| {
            chosen.is_none_or(|chosen| chosen == name || chosen == format!("{namespace}/{name}"))
        };
        let fitting: Vec<_> = all.iter().filter(is_chosen).cloned().collect();
        if fitting.len() != 1 && !all.is_empty() {
            let names: Vec<_> = all.iter().map(|(namespace, name)| format!("{namespace}/{name}")).collect();
            let message = match (fitting.is_empty(), chosen) {
                (true, Some(chosen)) => {
                    format!("there is no tenant {chosen} among the files; there are {}", names.join(", "))
                }
                _ => format!("the files are of several tenants: {}", names.join(", ")),
            };
            self.findings.push(
                Finding::error("several-tenants", "", message)
                    .remedy("Say which (--tenant NAMESPACE/NAME), and rotate one at a time"),
            );
        }
        let Some((namespace, name)) = fitting.into_iter().next() else { return };
        let is_own = |stored: &Arc<StoredObject>| {
            tenant_of(hosted, stored).is_none_or(|own| own == (namespace.clone(), name.clone()))
        };
        self.objects.retain(is_own);
        let of_role = |role| self.objects.iter().find(|stored| stored.role == ObjectRole::Hosted(role)).cloned();
        let secret = |table: &'static SecretTable| {
            let mut secrets =
                self.objects.iter().filter(|stored| stored.role == ObjectRole::Hosted(HostedRole::Secret));
            let stored = secrets.find(|stored| self::table(hosted, &stored.object) == Some(table))?;
            Some((table, Arc::clone(stored)))
        };
        let tenant = Tenant {
            hosted,
            namespace,
            name,
            secrets: hosted.secrets.iter().filter_map(secret).collect(),
            control_plane: of_role(HostedRole::ControlPlane),
            deployment: of_role(HostedRole::Deployment),
            operator: of_role(HostedRole::Operator),
        };
        let mut slots = BTreeMap::new();
        for (table, stored) in &tenant.secrets {
            self.read_secret(table, stored, &mut slots);
        }
        for row in self.profile.static_pods {
            if let Some(slot) = tenant.container(self.profile, row.component) {
                slots.insert(row.path.to_owned(), slot);
            }
        }
        let node = Node {
            name: tenant.name.clone(),
            role: Role::Hosted,
            slots,
            others: BTreeMap::new(),
            unusable: BTreeSet::new(),
            links: BTreeMap::new(),
            machine: None,
        };
        self.nodes.push(node);
        self.nodes.sort_by(|a, b| a.role.cmp(&b.role).then_with(|| a.name.cmp(&b.name)));
        self.tenant = Some(tenant);
    }

    /// Every value of a Secret that Pods have, in its place.
    fn read_secret(&mut self, table: &SecretTable, stored: &Arc<StoredObject>, slots: &mut BTreeMap<String, Slot>) {
        let mut data = stored.object.secret_data();
        for (key, path) in table.files {
            let Some(bytes) = data.remove(*key) else { continue };
            let place = format!("{}, data.{key}", stored.place());
            let promise = promise(self.profile, path);
            let (detected, reasons) = detect::detect_for(&bytes, None, detect::PemReader::on_node(self.profile, path));
            let said = |reason: &detect::Reason| finding(Severity::Error, &stored.file, &reason.within(&place));
            self.findings.extend(reasons.iter().map(said));
            match detected {
                Detected::Artifact(artifact) if keeps(promise, &artifact) => {
                    let file = format!("{}!/{}/{key}", stored.file, stored.object.name);
                    let bytes = Arc::new(bytes);
                    slots.insert((*path).to_owned(), Slot { place, file, bytes, mode: None, artifact });
                }
                Detected::Artifact(artifact) => self.findings.push(
                    Finding::error(
                        "wrong-content",
                        &stored.file,
                        format!("what it holds ({}) does not belong there", artifact.kind()),
                    )
                    .at(&place)
                    .remedy("Give the Secret as it is in the management cluster now"),
                ),
                Detected::Objects(_) | Detected::Talos(_) => {}
                Detected::Nothing(reason) => {
                    let severity = if bytes.is_empty() { Severity::Warning } else { Severity::Error };
                    self.findings.push(finding(severity, &stored.file, &reason.within(&place)));
                }
            }
        }
    }
}

/// Namespace and name of the tenant that an object is about.
fn tenant_of(hosted: &Hosted, stored: &StoredObject) -> Option<(String, String)> {
    let ObjectRole::Hosted(role) = stored.role else { return None };
    let name = match role {
        HostedRole::ControlPlane => stored.object.name.clone(),
        HostedRole::Deployment | HostedRole::Secret => stored.object.labels.get(hosted.name_label)?.clone(),
        HostedRole::Operator => return None,
    };
    Some((stored.object.effective_namespace().to_owned(), name))
}

impl Tenant {
    /// `tenants/alpha`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// A Secret, by its component.
    pub(crate) fn secret(&self, component: &str) -> Option<&Arc<StoredObject>> {
        self.secrets.iter().find(|(table, _)| table.component == component).map(|(_, stored)| stored)
    }

    /// Does the operator leave it alone? `None` where the object that would tell was not given.
    pub(crate) fn is_paused(&self) -> Option<bool> {
        let annotations = self.control_plane.as_ref()?.object.value.pointer("/metadata/annotations");
        Some(annotations.and_then(|all| all.get(self.hosted.pause)).is_some())
    }

    /// Does the operator issue the certificate for the data store itself? `None` where the object that names the driver was
    /// not given.
    pub(crate) fn issues_for_data_store(&self) -> Option<bool> {
        let row = &self.hosted.data_store;
        let driver = self.control_plane.as_ref()?.object.value.pointer(row.driver)?.as_str()?;
        Some(driver == row.issued_for)
    }

    /// Who renews the certificate for the data store, and how; without a final period.
    pub(crate) fn data_store_renewal(&self) -> String {
        let secret = format!("{}-{}", self.name, self.hosted.data_store.component);
        let delete = format!("kubectl -n {} delete secret {secret}", self.namespace);
        let issued = format!(
            "the operator issues it from that CA one day before it expires, or when its Secret is deleted ({delete})"
        );
        let copied = format!(
            "the operator copies the client certificate that the DataStore names: have your PKI renew that one, then delete the Secret ({delete})"
        );
        let whose = "It depends on the DataStore's CA, which this rotation does not replace";
        match self.issues_for_data_store() {
            Some(true) => format!("{whose}; {issued}"),
            Some(false) => format!("{whose}; {copied}"),
            None => {
                format!("{whose}; with {}, {issued}; with other drivers, {copied}", self.hosted.data_store.issued_for)
            }
        }
    }

    /// Does kube-controller-manager sign from files of its own already, by the tenant's own arguments?
    pub(crate) fn signs_apart(&self) -> bool {
        let args = self.extra_args(Component::ControllerManager);
        self.hosted.signing_flags.iter().all(|(flag, path)| args.contains(&format!("--{flag}={path}")))
    }

    fn extra_args(&self, component: Component) -> Vec<String> {
        let pointer = self.hosted.extra_args.iter().find(|(of, _)| *of == component).map(|(_, pointer)| *pointer);
        let list = pointer.and_then(|pointer| self.control_plane.as_ref()?.object.value.pointer(pointer)?.as_array());
        list.into_iter().flatten().filter_map(|arg| arg.as_str().map(str::to_owned)).collect()
    }

    /// Can its operator do that? The release that a person says counts first, then the operator's image, then what the
    /// operator has written into the tenant's object; `None` where none of them tells.
    pub(crate) fn can(&self, ability: Ability, said: Option<&str>) -> Option<bool> {
        let Some(row) = self.hosted.ability(ability) else { return Some(true) };
        let image = || operator_image(self.hosted, &self.operator.as_ref()?.object);
        let tag = || image().and_then(|image| release_of(self.hosted, image));
        if let Some(release) = said.or_else(tag).and_then(numbers) {
            return Some(Some(release) >= numbers(row.since));
        }
        let object = &self.control_plane.as_ref()?.object;
        (!row.told_by.is_empty() && object.value.pointer(row.told_by).is_some()).then_some(true)
    }

    /// A container's command line: the Deployment's, or else the operator's own flags with the tenant's behind them.
    fn container(&self, profile: &'static Profile, component: Component) -> Option<Slot> {
        let (stored, container) = match (&self.deployment, &self.control_plane) {
            (Some(deployment), _) => {
                let mut named = containers(&deployment.object);
                let name = Some(component.as_str());
                let found = named.find(|one| one.get("name").and_then(Value::as_str) == name)?;
                (deployment, found.clone())
            }
            (None, Some(control_plane)) => {
                let rows = profile.flags.iter().filter(|row| row.component == component);
                let own = rows.filter(|row| row.flag != KUBELET_AUTHORITY);
                let mut args: Vec<_> = own.map(|row| format!("--{}={}", row.flag, row.paths[0])).collect();
                args.extend(self.extra_args(component));
                (control_plane, json!({ "name": component.as_str(), "command": [component.as_str()], "args": args }))
            }
            (None, None) => return None,
        };
        let pod =
            json!({ "kind": "Pod", "metadata": { "name": component.as_str() }, "spec": { "containers": [container] } });
        let artifact = static_pod::from_value(&pod).ok().map(Artifact::StaticPod)?;
        let bytes = Arc::new(Zeroizing::new(emit::yaml(&pod).as_bytes().to_vec()));
        let place = format!("{}, container {component}", stored.place());
        Some(Slot { place, file: stored.file.clone(), bytes, mode: None, artifact })
    }
}

/// The only flag among those looked at that a control plane has only where it is asked for.
const KUBELET_AUTHORITY: &str = "kubelet-certificate-authority";

/// The three numbers of a release, however it is written: `26.8.2-edge`, `edge-25.7.2`, `v1.0.0`.
pub(crate) fn numbers(release: &str) -> Option<[u32; 3]> {
    let start = release.find(|c: char| c.is_ascii_digit())?;
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |end| end);
    let mut rest = &release[start..];
    let mut numbers = [0; 3];
    for (index, number) in numbers.iter_mut().enumerate() {
        let end = digits(rest);
        *number = rest[..end].parse().ok()?;
        rest = &rest[end..];
        if index < 2 {
            rest = rest.strip_prefix('.')?;
        }
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_compare_by_their_numbers() {
        for (older, newer) in [
            ("v1.0.0", "edge-25.7.2"),
            ("edge-25.7.1", "25.7.2-edge"),
            ("25.7.2", "25.11.3-edge"),
            ("26.7.4-edge", "26.7.5-edge"),
        ] {
            assert!(numbers(older).unwrap() < numbers(newer).unwrap(), "{older} {newer}");
        }
        for no_release in ["", "latest", "26", "26.8", "26.x.1"] {
            assert_eq!(numbers(no_release), None, "{no_release}");
        }
    }

    #[test]
    fn the_operators_image_tells_its_release() {
        let hosted = crate::profile::KAMAJI.hosted().unwrap();
        for (image, release) in [
            ("docker.io/clastix/kamaji:26.8.2-edge", Some("26.8.2-edge")),
            ("clastix/kamaji:edge-25.7.2@sha256:0123", Some("edge-25.7.2")),
            ("registry:5000/clastix/kamaji:v1.0.0", Some("v1.0.0")),
            ("clastix/kamaji-etcd:1.0.0", None),
            ("notclastix/kamaji:1.0.0", None),
            ("clastix/kamaji", None),
        ] {
            assert_eq!(release_of(hosted, image), release, "{image}");
        }
    }
}
