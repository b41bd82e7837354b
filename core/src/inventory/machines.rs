//! Talos' machines: each configuration is a node, and what stands in it lies in slots like files in a tree.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    detect,
    given::finding,
    model::{
        files::{Artifact, Bytes, Node, Role, Slot, Unrecognised},
        inventory::Inventory,
        machines::SecretsFile,
    },
    tree,
};
use crate::{
    finding::{Finding, Severity},
    formats::talos::{Embedded, EmbeddedContent, Machine, MachineRole, Secrets, TalosFile},
    profile::AuthorityId,
    x509::Certificate,
};

impl Inventory {
    /// One of Talos' files; on a platform without Talos' API it says nothing.
    pub(super) fn place_talos(&mut self, file: String, bytes: Bytes, mode: Option<u32>, talos: TalosFile) {
        if self.profile.authority(AuthorityId::Talos).is_none() {
            let reason = format!("it is one of Talos' files, and the platform is {}", self.profile.title);
            self.findings.push(Finding::note("unrecognised", &file, &reason));
            self.unrecognised.push(Unrecognised { file, reason });
            return;
        }
        match talos {
            TalosFile::Client(model) => {
                let (artifact, reasons) = detect::decode_client(model);
                self.findings.extend(reasons.iter().map(|reason| finding(Severity::Warning, &file, reason)));
                let artifact = Artifact::Talosconfig(Box::new(artifact));
                self.clients.push(Slot { place: file.clone(), file, bytes, mode, artifact });
            }
            TalosFile::Machine(machine) => self.place_machine(file, bytes, mode, machine),
            TalosFile::Secrets(secrets) => self.place_secrets(file, bytes, secrets),
        }
    }

    fn place_machine(&mut self, file: String, bytes: Bytes, mode: Option<u32>, mut machine: Machine) {
        let role = match machine.role {
            MachineRole::ControlPlane => Role::ControlPlane,
            MachineRole::Worker => Role::Worker,
            MachineRole::Unknown => {
                self.findings.push(
                    Finding::error("machine-type", &file, "its machine.type is neither controlplane nor worker")
                        .at("machine.type")
                        .remedy("Give the configuration as talosctl writes it"),
                );
                Role::Worker
            }
        };
        self.say_what_is_wrong(&file, &machine);
        let mut slots: BTreeMap<String, Slot> = BTreeMap::new();
        for Embedded { place, written, content } in std::mem::take(&mut machine.embedded) {
            let Some(artifact) = self.embedded(&file, place, &written, content) else { continue };
            let list = written.split('[').next().unwrap_or(&written).to_owned();
            match slots.get_mut(place).map(|slot| (&mut slot.place, &mut slot.artifact)) {
                Some((written, Artifact::Certificates(all))) => {
                    all.extend(artifact.certificates().iter().cloned());
                    *written = list;
                }
                _ => {
                    let slot = Slot { place: written, file: file.clone(), bytes: Arc::clone(&bytes), mode, artifact };
                    slots.insert(place.to_owned(), slot);
                }
            }
        }
        let name = self.machine_name(&machine.hostname, &file);
        self.nodes.push(Node {
            name,
            role,
            slots,
            others: BTreeMap::new(),
            unusable: BTreeSet::new(),
            links: BTreeMap::new(),
            machine: Some(machine),
        });
    }

    /// A name that no other machine has: its own, or the file's, with as many of its folders as it takes.
    fn machine_name(&self, hostname: &str, file: &str) -> String {
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let parts: Vec<&str> = stem.split('/').filter(|part| !part.is_empty()).collect();
        let of_file = (0..parts.len()).rev().map(|from| tree::label(&parts[from..].join("-")));
        let own = Some(tree::label(hostname)).filter(|_| !hostname.is_empty());
        let mut names = own.into_iter().chain(of_file);
        let is_free = |name: &String| self.nodes.iter().all(|node| node.name != *name);
        names.find(is_free).unwrap_or_else(|| format!("machine-{}", self.nodes.len() + 1))
    }

    fn place_secrets(&mut self, file: String, bytes: Bytes, secrets: Secrets) {
        let mut places = Vec::new();
        for Embedded { place, written, content } in secrets.embedded {
            let Some(artifact) = self.embedded(&file, place, &written, content) else { continue };
            places.push(place);
            let (place, bytes) = (written, Arc::clone(&bytes));
            self.loose.push(Slot { place, file: file.clone(), bytes, mode: None, artifact });
        }
        self.secrets.push(SecretsFile { file, bytes, cluster_id: secrets.cluster_id, places });
    }

    /// What stands in a place; `None` where it cannot be read or was taken out.
    fn embedded(&mut self, file: &str, place: &str, written: &str, content: EmbeddedContent) -> Option<Artifact> {
        let bytes = match content {
            EmbeddedContent::Pem(bytes) => bytes,
            EmbeddedContent::Redacted => {
                self.findings.push(
                    Finding::note(
                        "redacted",
                        file,
                        "the secret that stood here was taken out; the marker is left alone",
                    )
                    .at(written),
                );
                return None;
            }
            EmbeddedContent::Invalid => {
                self.findings.push(
                    Finding::error("unreadable-content", file, "it is neither PEM nor base64 of PEM")
                        .at(written)
                        .remedy("Give the file again, as a whole"),
                );
                return None;
            }
        };
        let is_key = place.ends_with(".key");
        let (artifact, reasons) = if is_key {
            let (key, reasons) = detect::private_key(&bytes);
            (key.map(Artifact::PrivateKey), reasons)
        } else {
            let (certificates, reasons) = detect::certificates(&bytes);
            (Some(certificates).filter(|all| !all.is_empty()).map(Artifact::Certificates), reasons)
        };
        let said = reasons.iter().map(|reason| finding(Severity::Error, file, reason).at(written));
        self.findings.extend(said);
        artifact
    }

    fn say_what_is_wrong(&mut self, file: &str, machine: &Machine) {
        for place in &machine.ignored {
            self.findings.push(
                Finding::warning("ignored-field", file, "Talos ignores it without a word: a configuration with KubeAPIServerCAConfig takes accepted CAs from there alone")
                    .at(place)
                    .remedy("Move what it holds into KubeAPIServerCAConfig.acceptedCAs, or take it out"),
            );
        }
        for place in &machine.conflicting {
            self.findings.push(
                Finding::error(
                    "conflicting-fields",
                    file,
                    "it stands beside KubeAPIServerCAConfig, and Talos refuses both together",
                )
                .at(place)
                .remedy("Take it out; the document holds the CA"),
            );
        }
        let holds = |place: &str| machine.embedded.iter().find(|one| one.place == place);
        for (certificate, key) in [("machine.ca.crt", "machine.ca.key"), ("cluster.ca.crt", "cluster.ca.key")] {
            match (machine.role, holds(certificate), holds(key)) {
                (MachineRole::ControlPlane, Some(one), None) => self.findings.push(
                    Finding::warning("ca-without-key", file, "its private key is missing, so this machine cannot issue certificates; a patch with the certificate alone erases the key")
                        .at(&one.written)
                        .remedy("Put the key back first, or know where it is"),
                ),
                (MachineRole::Worker, _, Some(one)) => self.findings.push(
                    Finding::error("key-on-worker", file, "a worker must not have a CA's private key, and Talos refuses it")
                        .at(&one.written)
                        .remedy("Take the key out of the worker's configuration"),
                ),
                _ => {}
            }
        }
    }

    /// The file of secrets from which this cluster's machines were made: by the cluster's id, or the only one without machines.
    pub(crate) fn own_secrets(&self) -> Option<&SecretsFile> {
        let machines = self.nodes.iter().filter_map(|node| node.machine.as_ref());
        let ids: Vec<&str> = machines.map(|machine| machine.cluster_id.as_str()).filter(|id| !id.is_empty()).collect();
        match self.secrets.as_slice() {
            [only] if ids.is_empty() => Some(only),
            all => all.iter().find(|secrets| ids.contains(&secrets.cluster_id.as_str())),
        }
    }
}

impl Node {
    /// The certificates of an authority that the machine accepts: the one that issues, then the others.
    pub(crate) fn accepted(&self, row: &crate::profile::AuthorityRow) -> Vec<&Certificate> {
        let further = row.accepted.map_or(&[][..], |place| self.certificates(place));
        self.certificates(row.certificate).iter().chain(further).collect()
    }
}
