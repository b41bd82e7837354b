//! The bytes of each file that a plan describes.

use zeroize::Zeroizing;

use crate::{
    formats::{
        edit::EditError,
        kubeconfig::{self, KubeconfigEdit, KubeconfigEditError},
        object::{self, Changes},
        redaction::holds_key,
        static_pod::{self, StaticPodError},
    },
    mint::{Minted, MintedLeaf},
    plan::{
        AuthorityChange, FileContent, KeyHome, KubeconfigChange, ObjectChange, ReplacementId, RotationPlan, Side,
        Source, Trust,
    },
    profile::AuthorityId,
    x509::{Certificate, KeyEncoding, PrivateKey, TrustBundle},
};

/// Why a given file could not be changed. The plan checks all of this before, so it is not expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A kubeconfig cannot be changed in place.
    #[error("{file}: {error}")]
    Kubeconfig {
        /// The file as the person named it.
        file: String,
        /// Why.
        error: KubeconfigEditError,
    },
    /// A manifest cannot be changed in place.
    #[error("{file}: {error}")]
    Manifest {
        /// The file as the person named it.
        file: String,
        /// Why.
        error: StaticPodError,
    },
    /// A text cannot be changed in place.
    #[error(transparent)]
    Text(#[from] EditError),
}

/// A plan with the keys and certificates that its files refer to.
pub(crate) struct Renderer<'a> {
    pub(crate) plan: &'a RotationPlan,
    pub(crate) minted: &'a Minted,
}

pub(crate) type Bytes = Zeroizing<Vec<u8>>;

pub(crate) fn text(text: String) -> Bytes {
    Zeroizing::new(text.into_bytes())
}

impl Renderer<'_> {
    /// The bytes of a file.
    pub(crate) fn bytes(&self, content: &FileContent) -> Result<Bytes, RenderError> {
        Ok(match content {
            FileContent::Trust(id, order) => text(self.bundle(*id, *order).to_pem()),
            FileContent::Widened(id, present, order) => text(self.widened(*id, present, *order).to_pem()),
            FileContent::Signing(id, side) => text(self.certificate(*id, *side).to_pem()),
            FileContent::AuthorityKey(id) => {
                let authority_change = &self.plan.authority_changes[id];
                self.authority_key(authority_change, authority_change.encoding)
            }
            FileContent::AuthorityPair(id) => {
                let mut bytes = text(self.certificate(*id, Side::New).to_pem());
                bytes.extend_from_slice(&self.authority_key(&self.plan.authority_changes[id], KeyEncoding::Pkcs8));
                bytes
            }
            FileContent::Leaf(id) => text(self.leaf(*id).certificate.to_pem()),
            FileContent::LeafKey(id) => self.leaf_key(*id),
            FileContent::Credential(id) | FileContent::Pair(id) => {
                let mut bytes = text(self.leaf(*id).certificate.to_pem());
                bytes.extend_from_slice(&self.leaf_key(*id));
                bytes
            }
            FileContent::Kubeconfig(source, change) => self.kubeconfig(source, change)?,
            FileContent::Talosconfig(source, change) => self.talosconfig(source, change)?,
            FileContent::Client(client) => self.client(client),
            FileContent::Patch(patch) => self.patch(patch),
            FileContent::Secrets(source, ids) => self.secrets(source, ids)?,
            FileContent::Manifest(source, flags) => {
                let flags: Vec<_> = flags.iter().map(|(flag, value)| (*flag, value.as_str())).collect();
                let edited = static_pod::set_flags(&source.bytes, &flags)
                    .map_err(|error| RenderError::Manifest { file: source.file.clone(), error })?;
                Zeroizing::new(edited)
            }
            FileContent::Original(source) => Zeroizing::clone(&source.bytes),
            FileContent::Object(change) => self.object(change)?,
            FileContent::Text(content) => text(content.clone()),
        })
    }

    /// Does the file hold a private key?
    pub(crate) fn is_secret(&self, content: &FileContent) -> bool {
        match content {
            FileContent::AuthorityKey(_)
            | FileContent::AuthorityPair(_)
            | FileContent::LeafKey(_)
            | FileContent::Credential(_)
            | FileContent::Pair(_)
            | FileContent::Client(_)
            | FileContent::Secrets(..) => true,
            FileContent::Patch(patch) => patch.key().is_some(),
            FileContent::Kubeconfig(source, _)
            | FileContent::Talosconfig(source, _)
            | FileContent::Original(source) => holds_key(&source.bytes),
            FileContent::Object(ObjectChange::Authority(stored, _)) => stored.key.is_some(),
            FileContent::Object(ObjectChange::Files(..)) => true,
            FileContent::Object(ObjectChange::Kubeconfig(stored, ..)) => {
                stored.kubeconfig.as_ref().is_some_and(|(bytes, _)| holds_key(bytes))
            }
            _ => false,
        }
    }

    /// The PEM of a new authority's certificate and key.
    pub(crate) fn authority_files(&self, authority_change: &AuthorityChange) -> (Bytes, Bytes) {
        let certificate = text(self.certificate(authority_change.id, Side::New).to_pem());
        (certificate, self.authority_key(authority_change, authority_change.encoding))
    }

    pub(crate) fn certificate(&self, id: AuthorityId, side: Side) -> &Certificate {
        match side {
            Side::Old => &self.plan.authority_changes[&id].old,
            Side::New => self.minted.authorities[&id].certificate(),
        }
    }

    pub(crate) fn bundle(&self, id: AuthorityId, order: Trust) -> TrustBundle {
        order.sides().iter().map(|side| self.certificate(id, *side).clone()).collect()
    }

    /// The anchors that are there with the old one and the new one replaced, in their place, by the bundle.
    pub(crate) fn widened(&self, id: AuthorityId, present: &[Certificate], order: Trust) -> TrustBundle {
        let sides: Vec<_> = [self.certificate(id, Side::Old), self.certificate(id, Side::New)]
            .into_iter()
            .chain(&self.plan.authority_changes[&id].given_up)
            .collect();
        // A certificate from before a renewal with the same key is the same CA, and must not be left behind.
        let is_side = |certificate: &Certificate| sides.iter().any(|side| side.is_same_authority(certificate));
        let first = present.iter().position(is_side);
        let mut anchors = TrustBundle::new();
        for (at, certificate) in present.iter().enumerate() {
            if Some(at) == first {
                anchors = self.bundle(id, order).iter().cloned().fold(anchors, TrustBundle::with_appended);
            } else if !is_side(certificate) {
                anchors = anchors.with_appended(certificate.clone());
            }
        }
        anchors
    }

    pub(crate) fn authority_key(&self, authority_change: &AuthorityChange, encoding: KeyEncoding) -> Bytes {
        let key = self.side(authority_change.id, Side::New).with_encoding(encoding);
        Zeroizing::new(key.to_pem().as_bytes().to_vec())
    }

    /// The PEM of an authority's private key.
    pub(crate) fn side_key(&self, id: AuthorityId, side: Side) -> Zeroizing<String> {
        self.side(id, side).to_pem()
    }

    /// An authority's private key, written as its readers expect it.
    pub(crate) fn side(&self, id: AuthorityId, side: Side) -> PrivateKey {
        let authority_change = &self.plan.authority_changes[&id];
        let new = || self.minted.authorities[&id].issuer().map(|issuer| issuer.key().clone());
        let key = match side {
            Side::Old => authority_change.old_key.as_deref().cloned(),
            Side::New => new().map(|key| key.with_encoding(authority_change.encoding)),
        };
        key.expect("Invariant: a plan writes no key that is not there")
    }

    pub(crate) fn leaf(&self, id: ReplacementId) -> &MintedLeaf {
        &self.minted.leaves[id.0]
    }

    pub(crate) fn leaf_key(&self, id: ReplacementId) -> Bytes {
        let pem = self.leaf(id).key.as_ref().map(|key| key.to_pem());
        Zeroizing::new(pem.map_or_else(Vec::new, |pem| pem.as_bytes().to_vec()))
    }

    pub(crate) fn kubeconfig(&self, source: &Source, change: &KubeconfigChange) -> Result<Bytes, RenderError> {
        let mut edits = Vec::new();
        for (cluster, present) in &change.trust {
            let pem = self.widened(change.authority, present, change.order).to_pem();
            edits.push(KubeconfigEdit::CertificateAuthority { cluster: *cluster, pem });
        }
        for (user, id) in &change.credentials {
            let leaf = self.leaf(*id);
            edits.push(KubeconfigEdit::ClientCertificate { user: *user, pem: leaf.certificate.to_pem() });
            if self.plan.replacements[id.0].has_new_key()
                && let Some(key) = &leaf.key
            {
                edits.push(KubeconfigEdit::ClientKey { user: *user, pem: key.to_pem() });
            }
        }
        kubeconfig::edit(&source.bytes, &edits)
            .map_err(|error| RenderError::Kubeconfig { file: source.file.clone(), error })
    }

    pub(crate) fn object(&self, change: &ObjectChange) -> Result<Bytes, RenderError> {
        let object = match change {
            ObjectChange::Authority(stored, id) => {
                let authority_change = &self.plan.authority_changes[id];
                let (certificate, key) = self.authority_files(authority_change);
                let mut changes = Changes::none().set("tls.crt", certificate.to_vec());
                if stored.key.is_some() && authority_change.key_home == KeyHome::Nodes {
                    changes = changes.set("tls.key", key.to_vec());
                }
                stored.object.for_apply(&changes)
            }
            ObjectChange::Files(stored, parts) => {
                let mut changes = Changes::none();
                for part in parts {
                    changes = changes.set(part.key, self.bytes(&part.content)?.to_vec());
                }
                stored.object.for_apply(&changes)
            }
            ObjectChange::Kubeconfig(stored, key, change) => {
                let bytes = stored.kubeconfig.as_ref().map(|(bytes, _)| bytes.clone()).unwrap_or_default();
                let edited = self.kubeconfig(&Source { file: stored.file.clone(), bytes }, change)?;
                let mut changes = Changes::none().set(key, edited.to_vec());
                // Signatures of the old text: the bootstrap signer makes new ones.
                for stale in stored.object.config_data().into_keys().filter(|key| key.starts_with("jws-kubeconfig-")) {
                    changes = changes.drop(&stale);
                }
                stored.object.for_apply(&changes)
            }
            ObjectChange::ClusterInfo { server, phase } => {
                let pem = self.bundle(AuthorityId::Cluster, phase.trust()).to_pem();
                let yaml = cluster_info(server, &pem);
                return Ok(text(yaml));
            }
        };
        Ok(text(object.to_yaml().to_string()))
    }
}

/// `cluster-info` as kubeadm writes it
/// (kubernetes/kubernetes: cmd/kubeadm/app/phases/bootstraptoken/clusterinfo/clusterinfo.go).
pub(crate) fn cluster_info(server: &str, pem: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let data = STANDARD.encode(pem);
    let kubeconfig = format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {data}\n    server: {server}\n  name: \"\"\ncontexts: null\ncurrent-context: \"\"\nkind: Config\nusers: null\n"
    );
    let value = serde_json::json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": "cluster-info", "namespace": "kube-public" },
        "data": { "kubeconfig": kubeconfig },
    });
    let objects = object::from_values(vec![value]);
    objects.first().map(|object| object.to_yaml().to_string()).unwrap_or_default()
}
