//! Patches of machines' configurations, talosconfigs and the cluster's secrets as bytes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::renderer::{RenderError, Renderer};
use crate::{
    formats::{
        emit,
        talos::{self, Layout},
        yaml,
    },
    inventory::Role,
    plan::{KubeconfigChange, MachinePatch, NewClient, Side, Source},
    profile::AuthorityId,
};

type Bytes = Zeroizing<Vec<u8>>;

impl Renderer<'_> {
    /// A patch of up to two documents: the list of accepted certificates is taken away, since it would be appended to,
    /// then everything is set anew. So the patch can be applied twice, and whatever was accepted before is gone.
    pub(crate) fn patch(&self, patch: &MachinePatch) -> Bytes {
        let taken_away = document(patch, json!({ "acceptedCAs": { "$patch": "delete" } }));
        let mut documents = vec![taken_away];
        let content = self.set_anew(patch);
        if content.as_object().is_some_and(|fields| !fields.is_empty()) {
            documents.push(document(patch, content));
        }
        let mut text = Zeroizing::new(Vec::new());
        for (at, mut document) in documents.into_iter().enumerate() {
            if at > 0 {
                text.extend_from_slice(b"---\n");
            }
            text.extend_from_slice(emit::yaml(&document).as_bytes());
            yaml::wipe(&mut document);
        }
        text
    }

    fn set_anew(&self, patch: &MachinePatch) -> Value {
        let (issuing, accepted) = patch.sides();
        let pem = |side: Side| self.certificate(patch.authority, side).to_pem();
        let mut list: Vec<String> = accepted.iter().map(|side| pem(*side)).collect();
        list.extend(patch.kept.iter().map(crate::x509::Certificate::to_pem));
        let key = || patch.key().map_or_else(Default::default, |side| self.side_key(patch.authority, side));
        let mut fields = serde_json::Map::new();
        match documents_layout(patch) {
            false => {
                let base64 = |pem: &str| STANDARD.encode(pem);
                if patch.says_what_issues() {
                    let pair = json!({ "crt": base64(&pem(issuing)), "key": base64(&key()) });
                    fields.insert("ca".to_owned(), pair);
                }
                if !list.is_empty() {
                    let list: Vec<_> = list.iter().map(|pem| json!({ "crt": base64(pem) })).collect();
                    fields.insert("acceptedCAs".to_owned(), list.into());
                }
            }
            true => {
                // A worker's list is all that it has: what issues stands first in it.
                match patch.role {
                    Role::Worker => list.insert(0, pem(issuing)),
                    Role::ControlPlane if patch.says_what_issues() => {
                        let pair = json!({ "cert": pem(issuing), "key": key().as_str() });
                        fields.insert("issuingCA".to_owned(), pair);
                    }
                    Role::ControlPlane | Role::Hosted => {}
                }
                if !list.is_empty() {
                    fields.insert("acceptedCAs".to_owned(), list.into());
                }
            }
        }
        Value::Object(fields)
    }

    /// A talosconfig with some values changed.
    pub(crate) fn talosconfig(&self, source: &Source, change: &KubeconfigChange) -> Result<Bytes, RenderError> {
        let trust = |present: &[_]| self.widened(change.authority, present, change.order).to_pem();
        let edits = change.client_edits(&source.bytes, trust, |id| {
            let leaf = self.leaf(id);
            let key = leaf.key.as_ref().filter(|_| self.plan.replacements[id.0].has_new_key());
            (leaf.certificate.to_pem(), key.map(|key| key.to_pem()))
        });
        Ok(talos::edit_client(&source.bytes, &edits)?)
    }

    /// An administrator's talosconfig or kubeconfig, as talosctl writes them.
    pub(crate) fn client(&self, client: &NewClient) -> Bytes {
        let NewClient { authority, cluster, server, order, credential } = client;
        let leaf = self.leaf(*credential);
        let trust = STANDARD.encode(self.bundle(*authority, *order).to_pem());
        let certificate = STANDARD.encode(leaf.certificate.to_pem());
        let key = Zeroizing::new(STANDARD.encode(self.leaf_key(*credential).as_slice()));
        let mut value = if *authority == AuthorityId::Talos {
            let context = json!({ "endpoints": [], "ca": trust, "crt": certificate, "key": key.as_str() });
            json!({ "context": cluster, "contexts": { cluster: context } })
        } else {
            let user = format!("admin@{cluster}");
            let credential = json!({ "client-certificate-data": certificate, "client-key-data": key.as_str() });
            json!({
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{ "name": cluster, "cluster": { "server": server, "certificate-authority-data": trust } }],
                "users": [{ "name": user, "user": credential }],
                "contexts": [{ "name": user, "context": { "cluster": cluster, "namespace": "default", "user": user } }],
                "current-context": user,
            })
        };
        let text = Zeroizing::new(emit::yaml(&value).as_bytes().to_vec());
        yaml::wipe(&mut value);
        text
    }

    /// The cluster's secrets with new certificates and keys.
    pub(crate) fn secrets(&self, source: &Source, ids: &[AuthorityId]) -> Result<Bytes, RenderError> {
        let values = ids.iter().flat_map(|id| {
            let place = self.plan.profile.authority(*id).map_or("", |row| row.secret);
            [
                (format!("{place}.crt"), Zeroizing::new(self.certificate(*id, Side::New).to_pem())),
                (format!("{place}.key"), self.side_key(*id, Side::New)),
            ]
        });
        Ok(talos::edit_secrets(&source.bytes, values)?)
    }
}

/// Does the authority stand in a document of its own?
fn documents_layout(patch: &MachinePatch) -> bool {
    patch.authority == AuthorityId::Cluster && patch.layout == Layout::Documents
}

/// The document of a configuration in which an authority stands.
fn document(patch: &MachinePatch, fields: Value) -> Value {
    if documents_layout(patch) {
        let mut document = json!({ "apiVersion": "v1alpha1", "kind": "KubeAPIServerCAConfig" });
        if let (Value::Object(document), Value::Object(fields)) = (&mut document, fields) {
            document.extend(fields);
        }
        return document;
    }
    let root = if patch.authority == AuthorityId::Talos { "machine" } else { "cluster" };
    json!({ root: fields })
}
