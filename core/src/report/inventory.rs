//! The report of an inventory.

use super::model::{
    AuthorityReport, CertificateReport, ClusterReport, HolderReport, InventoryReport, KeyReport, MissingReport,
    ReplacedReport, RotationReport, SlotReport, StandingReport, UnrecognisedReport,
};
use crate::{
    finding,
    inventory::{
        Artifact, Aspect, FoundCluster, HolderStanding, HostedRole, Inventory, KubeconfigArtifact, Node, ObjectRole,
        Role, Slot, StoredObject,
    },
    plan::{new_authority_name, same_algorithm},
    profile::SecretContent,
    text::hex,
    time::UnixTime,
    x509::{Certificate, PublicKey, SigningRequest},
};

impl Inventory {
    /// Reports the whole inventory, for display and for `--format json`. `now` is the date in proposed names.
    #[must_use]
    pub fn report(&self, now: UnixTime) -> InventoryReport {
        let nodes = self.nodes.iter().map(|node| self.node_report(node));
        let group = |name: &str, slots: Vec<SlotReport>| {
            (!slots.is_empty()).then(|| HolderReport { name: name.to_owned(), role: name.to_owned(), slots })
        };
        let objects = |management: bool| {
            let chosen =
                self.objects.iter().filter(|stored| stored.is_of_management() == management && !stored.is_furnished());
            chosen.map(|stored| self.object_report(stored)).collect()
        };
        let slots = |slots: &[Slot]| slots.iter().map(|slot| self.slot_report(slot)).collect();
        let groups = [
            group("cluster", objects(false)),
            group("management", objects(true)),
            group("clients", slots(&self.clients)),
            group("loose", slots(&self.loose)),
        ];
        let authorities = self.profile.authorities.iter().filter_map(|row| {
            let authority = self.authorities.get(&row.id)?;
            Some(AuthorityReport {
                id: row.id,
                title: row.title.to_owned(),
                certificate: self.certificate_report(&authority.certificate),
                key_present: authority.key.is_some(),
                rotates: row.rotates,
                same_key_algorithm: same_algorithm(&authority.certificate),
                successor_name: new_authority_name(self, row.id, now),
            })
        });
        let unrecognised = self.unrecognised.iter();
        InventoryReport {
            cluster: self.cluster.clone(),
            platform: self.profile.id.to_owned(),
            holders: nodes.chain(groups.into_iter().flatten()).collect(),
            authorities: authorities.collect(),
            unrecognised: unrecognised
                .map(|file| UnrecognisedReport { file: file.file.clone(), reason: file.reason.clone() })
                .collect(),
            rotation: self.rotation_report(),
            findings: self.findings.clone(),
            groups: finding::group(&self.findings),
            clusters: self.found_clusters.iter().map(|cluster| self.cluster_report(cluster)).collect(),
            files: self.files,
            choices: self.possible_choices(),
        }
    }

    fn cluster_report(&self, cluster: &FoundCluster) -> ClusterReport {
        ClusterReport {
            name: cluster.name.clone(),
            authority: self.certificate_report(&cluster.authority),
            nodes: cluster.nodes.clone(),
            files: cluster.files.clone(),
            loaded_from: cluster.loaded_from.clone(),
        }
    }

    fn rotation_report(&self) -> RotationReport {
        let authorities = self.rotations.iter().map(|(id, rotation)| ReplacedReport {
            id: *id,
            title: self.profile.authority(*id).map_or("", |row| row.title).to_owned(),
            old: self.certificate_report(&rotation.old),
            new: self.certificate_report(&rotation.new),
            new_key_present: self.key_of(rotation.new.public_key()).is_some(),
        });
        let holders = self.standings.iter().map(|holder| {
            let out_of_line = holder.out_of_line().into_iter().map(|aspect| MissingReport::of(holder, aspect));
            StandingReport {
                name: holder.name.clone(),
                role: holder.role.to_owned(),
                standing: holder.nearest(),
                out_of_line: out_of_line.collect(),
            }
        });
        RotationReport { authorities: authorities.collect(), holders: holders.collect() }
    }

    fn node_report(&self, node: &Node) -> HolderReport {
        let role = match node.role {
            Role::ControlPlane | Role::Hosted => "control-plane",
            Role::Worker => "worker",
        };
        let slots = node.slots.values().map(|slot| self.slot_report(slot)).collect();
        HolderReport { name: node.name.clone(), role: role.to_owned(), slots }
    }

    fn slot_report(&self, slot: &Slot) -> SlotReport {
        let certificates = slot.artifact.all_certificates();
        let server = match &slot.artifact {
            Artifact::Kubeconfig(access) | Artifact::Talosconfig(access) => server(access),
            _ => String::new(),
        };
        SlotReport {
            place: slot.place.clone(),
            file: slot.file.clone(),
            kind: slot.artifact.kind_at(&slot.place).to_owned(),
            certificates: certificates.into_iter().map(|certificate| self.certificate_report(certificate)).collect(),
            keys: slot.artifact.public_keys().into_iter().map(key_report).collect(),
            server,
        }
    }

    fn object_report(&self, stored: &StoredObject) -> SlotReport {
        let kind = match stored.role {
            ObjectRole::CaBundle => "CA data of a webhook or an extension API server",
            ObjectRole::ClusterInfo => "cluster-info for joining nodes",
            ObjectRole::Hosted(HostedRole::ControlPlane) => "control plane of a tenant",
            ObjectRole::Hosted(HostedRole::Deployment) => "Deployment of a tenant's control plane",
            ObjectRole::Hosted(HostedRole::Operator) => "Deployment of the operator",
            ObjectRole::Hosted(HostedRole::Secret) => "Secret of a tenant's control plane",
            ObjectRole::KubeadmConfig => "kubeadm configuration",
            ObjectRole::SigningRequest if stored.certificates.is_empty() => {
                "certificate signing request, not signed yet"
            }
            ObjectRole::SigningRequest => "certificate signing request, signed",
            ObjectRole::UploadedCertificates => "CA keys, encrypted for nodes that join",
            ObjectRole::Secret(SecretContent::Authority(_)) => "CA Secret",
            ObjectRole::Secret(SecretContent::Kubeconfig) => "kubeconfig Secret",
            ObjectRole::Secret(SecretContent::ServiceAccount) => "service account key Secret",
        };
        let embedded = stored.kubeconfig.as_ref().map(|(_, kubeconfig)| kubeconfig);
        let keys = stored.key.iter().chain(embedded.into_iter().flat_map(KubeconfigArtifact::keys));
        SlotReport {
            place: stored.place(),
            file: stored.file.clone(),
            kind: kind.to_owned(),
            certificates: stored
                .all_certificates()
                .into_iter()
                .map(|certificate| self.certificate_report(certificate))
                .collect(),
            keys: keys
                .map(|key| key.public_key())
                .chain(stored.request.iter().map(SigningRequest::public_key))
                .map(key_report)
                .collect(),
            server: embedded.map(server).unwrap_or_default(),
        }
    }

    fn certificate_report(&self, certificate: &Certificate) -> CertificateReport {
        let signer = self.signers.signer(certificate);
        let signed_by = signer.map(|signer| {
            if signer == certificate {
                "itself".to_owned()
            } else {
                format!("{} ({})", signer.subject(), hex::colons(&signer.fingerprint()[..4]))
            }
        });
        certificate_report(certificate, &signed_by.unwrap_or_default())
    }
}

impl MissingReport {
    pub(crate) fn of(holder: &HolderStanding, aspect: &Aspect) -> Self {
        Self {
            holder: holder.name.clone(),
            role: holder.role.to_owned(),
            place: aspect.place.clone(),
            file: aspect.file.clone(),
            seen: aspect.seen.clone(),
        }
    }
}

/// The API server URL of a kubeconfig.
fn server(kubeconfig: &KubeconfigArtifact) -> String {
    kubeconfig.model.clusters.first().map(|cluster| cluster.server.clone()).unwrap_or_default()
}

fn key_report(key: &PublicKey) -> KeyReport {
    KeyReport { key_type: key.key_type().to_string(), pin: key.pin() }
}

/// Reports a certificate; `signed_by` as text.
pub(crate) fn certificate_report(certificate: &Certificate, signed_by: &str) -> CertificateReport {
    CertificateReport {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        alternative_names: certificate.alternative_names().iter().map(ToString::to_string).collect(),
        key_type: certificate.public_key().key_type().to_string(),
        serial: hex::lower(certificate.serial()),
        not_before: certificate.not_before(),
        not_after: certificate.not_after(),
        authority: certificate.is_root_authority(),
        signed_by: signed_by.to_owned(),
        fingerprint: hex::colons(&certificate.fingerprint()),
        pin: certificate.public_key().pin(),
        subject_key_id: hex::lower(certificate.subject_key_id().unwrap_or_default()),
        authority_key_id: hex::lower(certificate.authority_key_id().unwrap_or_default()),
        signature_algorithm: certificate.signature_algorithm().to_string(),
    }
}
