//! Files that name other files: kubeconfigs, configuration of Kubernetes' own programs, and any other text.

use serde_json::Value;

use super::collector::{Collector, Source};
use crate::{
    formats::{
        apiserver_config::{self, Field},
        command_line,
        kubeconfig::{self, Kubeconfig},
        yaml,
    },
    input::MAX_PATH,
    inventory::{
        detect,
        model::{
            files::Artifact,
            readers::{NodeFile, Process, Reference},
        },
        tree,
    },
    profile::file_fields::{FieldContent, FileField},
};

/// Larger files are not searched for paths. Bytes; etcd refuses larger objects, and configuration files are far smaller.
const MAX_CONFIG: usize = 1 << 20;

/// Adds what a file names. `path` is where the process sees it.
pub(super) fn collect(
    collector: &mut Collector<'_>,
    source: &mut Source<'_>,
    path: &str,
    on_node: &str,
    file: &NodeFile<'_>,
) {
    match file.artifact {
        Some(Artifact::Kubeconfig(access)) => kubeconfig(collector, source, path, on_node, file, &access.model),
        None | Some(Artifact::KubeletConfig(_) | Artifact::Text) if file.bytes.len() <= MAX_CONFIG => {
            text(collector, source, path, on_node, file);
        }
        _ => {}
    }
}

fn text(collector: &mut Collector<'_>, source: &mut Source<'_>, path: &str, on_node: &str, file: &NodeFile<'_>) {
    let documents = yaml::documents(file.bytes).unwrap_or_default();
    if !documents.is_empty() && documents.iter().all(Value::is_object) {
        for mut document in documents {
            if kubeconfig::is_kubeconfig(&document) {
                if let Ok(model) = kubeconfig::from_value(&document) {
                    kubeconfig(collector, source, path, on_node, file, &model);
                }
            } else {
                configuration(collector, source, path, on_node, file, &document);
            }
            yaml::wipe(&mut document);
        }
        return;
    }
    let Ok(text) = std::str::from_utf8(file.bytes) else { return };
    if text.contains("-----BEGIN ") {
        return;
    }
    for (index, line) in text.lines().enumerate() {
        if !line.trim_start().starts_with(['#', ';']) {
            let reference =
                Reference::Config { file: on_node.to_owned(), field: format!("line {}", index + 1), content: None };
            collector.value(source, &reference, line, file.file);
        }
    }
}

fn configuration(
    collector: &mut Collector<'_>,
    source: &mut Source<'_>,
    path: &str,
    on_node: &str,
    file: &NodeFile<'_>,
    value: &Value,
) {
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
    for Field { name, text } in apiserver_config::fields(value) {
        let row = FileField::of(kind, &name);
        if row.is_some_and(|row| row.content == FieldContent::InlineTrust) {
            if let Some(pem) = pem(text) {
                collector.add(source, Reference::InlineTrust { field: name, pem }, on_node, file);
            }
            continue;
        }
        if text.is_empty() || text.len() > MAX_PATH || text.contains('\n') {
            continue;
        }
        let content = row.and_then(|row| match row.content {
            FieldContent::Path(content) => Some(content),
            FieldContent::InlineTrust => None,
        });
        let reference = Reference::Config { file: on_node.to_owned(), field: name, content };
        match row {
            Some(row) => {
                let folder = if row.is_beside { tree::split(path).0 } else { &source.directory };
                let named = command_line::absolute(folder, text);
                collector.path(source, reference, &named, file.file);
            }
            None => collector.value(source, &reference, text, file.file),
        }
    }
}

/// CA certificates as PEM, from PEM or from its base64.
fn pem(text: &str) -> Option<String> {
    let is_pem = |text: &str| text.contains("-----BEGIN CERTIFICATE-----");
    if is_pem(text) {
        return Some(text.to_owned());
    }
    detect::from_base64(text).and_then(|bytes| String::from_utf8(bytes).ok()).filter(|text| is_pem(text))
}

/// Adds the files that a kubeconfig names: relative paths start at its own folder, and `…-data` wins over a file
/// (kubernetes/client-go: tools/clientcmd/loader.go, `ResolveLocalPaths`; rest of the rules in [`kubeconfig()`]).
fn kubeconfig(
    collector: &mut Collector<'_>,
    source: &mut Source<'_>,
    path: &str,
    on_node: &str,
    file: &NodeFile<'_>,
    model: &Kubeconfig,
) {
    collector.named_kubeconfigs.insert(file.path.to_owned());
    let folder = tree::split(path).0;
    let mut named = Vec::new();
    for (index, cluster) in model.clusters.iter().enumerate() {
        let path = cluster.certificate_authority.file();
        named.extend(path.map(|path| (format!("clusters[{index}].cluster.certificate-authority"), path.to_owned())));
    }
    for (index, user) in model.users.iter().enumerate() {
        for (field, material) in [("client-certificate", &user.client_certificate), ("client-key", &user.client_key)] {
            named.extend(material.file().map(|path| (format!("users[{index}].user.{field}"), path.to_owned())));
        }
    }
    let has_others = model
        .users
        .iter()
        .any(|user| user.others.iter().any(|field| ["tokenFile", "exec", "auth-provider"].contains(field)));
    if has_others {
        named.extend(other_credentials(file.bytes));
    }
    for (field, path) in named {
        let reference = Reference::Kubeconfig { file: on_node.to_owned(), field };
        collector.path(source, reference, &command_line::absolute(folder, &path), file.file);
    }
}

/// The paths in `tokenFile`, `exec` and `auth-provider` of a kubeconfig's users.
fn other_credentials(bytes: &[u8]) -> Vec<(String, String)> {
    let mut named = Vec::new();
    for mut document in yaml::documents(bytes).unwrap_or_default() {
        for Field { name, text } in apiserver_config::fields(&document) {
            if name.ends_with("].user.tokenFile") {
                named.push((name, text.to_owned()));
            } else if name.contains("].user.exec.") || name.contains("].user.auth-provider.") {
                named.extend(command_line::absolute_paths(text).into_iter().map(|path| (name.clone(), path)));
            }
        }
        yaml::wipe(&mut document);
    }
    named
}

/// Adds the files that kubeconfigs name which no process on the node uses, as far as is known.
pub(super) fn unnamed_kubeconfigs(collector: &mut Collector<'_>) {
    let files: Vec<NodeFile<'_>> = collector.files.all().copied().collect();
    for file in files {
        if let Some(Artifact::Kubeconfig(access)) = file.artifact
            && !collector.named_kubeconfigs.contains(file.path)
        {
            let mut source = Source::new(Process::KubeconfigUser, None, tree::split(file.path).0);
            kubeconfig(collector, &mut source, file.path, file.path, &file, &access.model);
        }
    }
}

impl Collector<'_> {
    /// Adds what the file at a path names in turn; each file once for each process.
    pub(super) fn follow(&mut self, source: &mut Source<'_>, path: &str, on_node: &str) {
        let Some(file) = self.files.get(on_node).copied() else { return };
        if source.followed.insert(on_node.to_owned()) {
            collect(self, source, path, on_node, &file);
        }
    }
}
