use std::{fs, path::Path};

use super::{super::detect::detect, *};
use crate::inventory::detect::result::Detected;

mod configs;
mod field;
mod host;
mod pods;

/// A node's files, by absolute path.
#[derive(Default)]
pub(super) struct Tree(Vec<(String, Vec<u8>)>);

impl Tree {
    fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect())
    }

    /// The files of a fixture's node.
    fn read(fixture: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/field").join(fixture);
        let mut tree = Self::default();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let on_node = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                    tree.0.push((format!("/{on_node}"), fs::read(&path).unwrap()));
                }
            }
        }
        tree
    }

    fn with(mut self, path: &str, text: &str) -> Self {
        self.0.retain(|(other, _)| other != path);
        self.0.push((path.to_owned(), text.as_bytes().to_vec()));
        self
    }

    fn readers(&self) -> Vec<Reader> {
        self.readers_with(&BTreeMap::new())
    }

    fn readers_with(&self, links: &BTreeMap<String, String>) -> Vec<Reader> {
        let detected = self.0.iter().map(|(path, bytes)| {
            let artifact = match detect(bytes, None).0 {
                Detected::Artifact(artifact) => Some(artifact),
                _ => None,
            };
            (path, bytes, artifact)
        });
        let files: Vec<_> = detected.collect();
        let files = files.iter().map(|(path, bytes, artifact)| NodeFile {
            path: path.as_str(),
            file: path.as_str(),
            bytes: bytes.as_slice(),
            artifact: artifact.as_ref(),
        });
        of_node(files, links, &[])
    }

    /// Who reads the file at a path, as `process: reference`, folders left out.
    fn of_path(&self, path: &str) -> Vec<String> {
        let readers = self.readers();
        readers.iter().filter(|reader| reader.path == path).map(in_words).collect()
    }
}

/// Every reader, as `process: reference path`.
fn all(readers: &[Reader]) -> Vec<String> {
    readers.iter().map(|reader| format!("{} {}", in_words(reader), reader.path)).collect()
}

fn in_words(reader: &Reader) -> String {
    let process = match &reader.process {
        Process::StaticPod { pod, container, .. } => format!("{pod}/{container}"),
        Process::Kubelet => "kubelet".to_owned(),
        Process::Unit { name, .. } | Process::Workload { name, .. } => name.clone(),
        Process::KubeconfigUser => "kubeconfig user".to_owned(),
    };
    let reference = match &reader.reference {
        Reference::Flag(flag) => format!("--{flag}"),
        Reference::Argument => "argument".to_owned(),
        Reference::Environment(name) => format!("${name}"),
        Reference::Hook { field, flag } => format!("{field} --{}", flag.as_deref().unwrap_or("argument")),
        Reference::FolderMount { inside } => format!("folder {inside}"),
        Reference::FileMount { inside } => format!("file {inside}"),
        Reference::Directive(name) => format!("{name}="),
        Reference::Config { file, field, .. } | Reference::Kubeconfig { file, field } => format!("{file}#{field}"),
        Reference::InlineTrust { field, .. } => format!("inline {field}"),
    };
    format!("{process}: {reference}")
}

proptest::proptest! {
    /// Whatever a manifest, unit or configuration says: no panic, the same order each time, absolute paths.
    #[test]
    fn any_text_gives_absolute_paths(
        words in proptest::collection::vec("(--?[a-z]{0,3}[= ])?[-/a-c.:,$(){}\"' \\\\]{0,10}", 0..4),
        text in "[-\\[\\]A-Za-z/=:$(){}#;\"' \\\\\n.]{0,80}",
    ) {
        let quoted: Vec<String> = words.iter().map(|word| serde_json::to_string(word).unwrap()).collect();
        let manifest = format!(
            "kind: Pod\nmetadata: {{name: a}}\nspec:\n  containers: [{{name: a, command: [{0}], env: [{{name: A, value: {1}}}], \
             volumeMounts: [{{mountPath: /, name: r, subPathExpr: {1}}}, {{mountPath: /a, name: r}}, {{mountPath: /b, name: \
             x}}]}}]\n  volumes: [{{name: r, hostPath: {{path: /}}}}]\n",
            quoted.join(", "),
            quoted.first().map_or("''", String::as_str),
        );
        let unit = format!("[Service]\nExecStart=/usr/bin/kubelet --config=/k.yaml {}\n{text}", words.join(" "));
        let tree = Tree::of(&[
            ("/etc/kubernetes/manifests/a.yaml", &manifest),
            ("/etc/systemd/system/kubelet.service", &unit),
            ("/k.yaml", &text),
        ]);
        let readers = tree.readers();
        for reader in &readers {
            proptest::prop_assert!(reader.path.starts_with('/'), "{:?}", reader);
        }
        proptest::prop_assert_eq!(readers, tree.readers());
    }
}
