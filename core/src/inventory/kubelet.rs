//! The files that the kubelet of a node names in its command line and its configuration.
//!
//! A flag wins over drop-ins of `--config-dir`, the last drop-in over the others, and a drop-in over the file of `--config`
//! (kubernetes/kubernetes: cmd/kubelet/app/server.go, `mergeKubeletConfigurations` and `kubeletConfigFlagPrecedence`).

use super::{
    model::{
        files::{Artifact, Node, Slot},
        inventory::Inventory,
        readers::{Process as ReaderProcess, Reader, Reference},
    },
    signing_copy::CLIENT_FLAG,
    tree,
};
use crate::{
    formats::{kubelet::KubeletConfig, path::below},
    profile::OtherKind,
};

/// What the kubelet of a node reads at its start.
pub(crate) struct KubeletSettings<'a> {
    /// References of the kubelet alone.
    readers: Vec<Reader>,
    /// Path and content of its configuration files; a later one wins.
    configs: Vec<(String, &'a KubeletConfig)>,
}

impl<'a> KubeletSettings<'a> {
    fn of(inventory: &Inventory, node: &'a Node) -> Self {
        let mut readers = inventory.readers(node);
        readers.retain(|reader| reader.process == ReaderProcess::Kubelet);
        let named = |flag: &str| -> Vec<&Reader> {
            let is_named = |reader: &&Reader| matches!(&reader.reference, Reference::Flag(name) if name == flag);
            readers.iter().filter(is_named).collect()
        };
        let mut paths: Vec<String> = named("config").into_iter().map(|reader| found(node, reader)).collect();
        if paths.is_empty() {
            let rows = inventory.profile.others.iter();
            paths.extend(rows.filter(|row| row.kind == OtherKind::KubeletConfig).map(|row| row.path.to_owned()));
        }
        for folder in named("config-dir") {
            let is_drop_in = |path: &&str| {
                let within = [&folder.path, &folder.target].into_iter().any(|folder| below(folder, path).is_some());
                within && tree::split(path).1.ends_with(".conf")
            };
            let mut drop_ins: Vec<_> = node.files().map(|slot| slot.place.as_str()).filter(is_drop_in).collect();
            drop_ins.sort_unstable();
            paths.extend(drop_ins.into_iter().map(str::to_owned));
        }
        let configs = paths.into_iter().filter_map(|path| match &node.file(&path)?.artifact {
            Artifact::KubeletConfig(config) => Some((path, config)),
            _ => None,
        });
        let configs = configs.collect();
        Self { readers, configs }
    }

    /// Was any of its configuration files provided?
    pub(super) fn is_known(&self) -> bool {
        !self.configs.is_empty()
    }

    /// `serverTLSBootstrap`, if a configuration file sets it.
    pub(super) fn server_tls_bootstrap(&self) -> Option<bool> {
        self.configs.iter().rev().find_map(|(_, config)| config.server_tls_bootstrap)
    }

    /// The reference that counts, of those with this flag or this field of a configuration.
    pub(super) fn reference(&self, flag: &str, field: &str) -> Option<&Reader> {
        let rank = |reader: &&Reader| match &reader.reference {
            Reference::Flag(name) if name == flag => Some(usize::MAX),
            Reference::Config { file, field: name, .. } if name == field => {
                Some(self.configs.iter().position(|(path, _)| path == file).map_or(0, |position| position + 1))
            }
            _ => None,
        };
        self.readers.iter().filter_map(|reader| Some((rank(&reader)?, reader))).max().map(|(_, reader)| reader)
    }

    /// The folder of the certificates that the kubelet makes or requests itself, where a flag names it.
    pub(super) fn certificate_folder(&self) -> Option<&str> {
        self.reference("cert-dir", "").map(|reader| reader.path.as_str())
    }
}

/// The path under which the referenced file was provided; the path as it is named if it was not.
pub(super) fn found(node: &Node, reader: &Reader) -> String {
    let is_there = node.file(&reader.path).is_none() && node.file(&reader.target).is_some();
    if is_there { reader.target.clone() } else { reader.path.clone() }
}

impl Inventory {
    /// The settings of a node's kubelet.
    pub(super) fn kubelet_settings<'a>(&self, node: &'a Node) -> KubeletSettings<'a> {
        KubeletSettings::of(self, node)
    }

    /// The path of the file by which a node's kubelet accepts clients: `clientCAFile` or `--client-ca-file`.
    pub(crate) fn kubelet_client_file(&self, node: &Node) -> Option<String> {
        // Most nodes have one configuration and no flag: then its own field is the answer.
        let names_more = |slot: &Slot| match slot.artifact {
            Artifact::Text => ["client-ca-file", "--config"].iter().any(|word| holds(&slot.bytes, word)),
            _ => false,
        };
        let others = node.others.values().any(|slot| matches!(slot.artifact, Artifact::KubeletConfig(_)));
        if others || node.files().any(names_more) {
            let settings = self.kubelet_settings(node);
            let reader = settings.reference(CLIENT_FLAG, "authentication.x509.clientCAFile");
            return reader.map(|reader| found(node, reader));
        }
        let mut configs = node.slots.values().filter_map(|slot| match &slot.artifact {
            Artifact::KubeletConfig(config) => config.client_ca_file.clone(),
            _ => None,
        });
        configs.next_back()
    }
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}
