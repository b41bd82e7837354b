//! References of static Pods.

use super::collector::{Collector, Source};
use crate::{
    formats::static_pod::{Container, HostPathType, Mount, StaticPod},
    inventory::{
        model::{
            files::Artifact,
            pods::Workload,
            readers::{NodeFile, Process, Reference},
        },
        tree,
    },
    profile::file_flags::Program,
};

/// Adds the references of every static Pod in these folders.
pub(super) fn collect(collector: &mut Collector<'_>, folders: &[String]) {
    for folder in folders {
        let files: Vec<NodeFile<'_>> = collector.files.below(folder).copied().collect();
        for file in files {
            // kubernetes/kubernetes: pkg/kubelet/config/file.go: one folder, no dot files, any extension.
            let (parent, name) = tree::split(file.path);
            if parent != folder || name.starts_with('.') {
                continue;
            }
            if let Some(Artifact::StaticPod(pod)) = file.artifact {
                static_pod(collector, pod, &file);
            }
        }
    }
}

/// Adds the references of workloads: what is said of a node holds wherever the files are.
pub(super) fn of_workloads(collector: &mut Collector<'_>, workloads: &[Workload]) {
    for workload in workloads {
        for container in &workload.pod.containers {
            let process = Process::Workload {
                name: workload.name.clone(),
                namespace: workload.namespace.clone(),
                program: program(container),
            };
            containers(collector, process, container, &workload.file);
        }
    }
}

fn static_pod(collector: &mut Collector<'_>, pod: &StaticPod, file: &NodeFile<'_>) {
    for container in &pod.containers {
        let process = Process::StaticPod {
            manifest: file.path.to_owned(),
            pod: pod.name.clone(),
            container: container.name.clone(),
            program: program(container),
        };
        containers(collector, process, container, file.file);
    }
}

/// Adds the references of one container; `file` holds its Pod.
fn containers(collector: &mut Collector<'_>, process: Process, container: &Container, file: &str) {
    let mut source = Source::new(process, Some(container), &container.working_directory);
    for mount in &container.mounts {
        mount_of(collector, &mut source, mount, file);
    }
    let manifest = |_| file.to_owned();
    let flag = |flag: Option<&str>| flag.map_or(Reference::Argument, |flag| Reference::Flag(flag.to_owned()));
    collector.arguments(&mut source, &container.arguments, &flag, &manifest);
    for hook in &container.hooks {
        let reference = |flag: Option<&str>| Reference::Hook { field: hook.field, flag: flag.map(str::to_owned) };
        collector.arguments(&mut source, &hook.arguments, &reference, &manifest);
    }
    for (name, paths) in &container.environment {
        for path in paths {
            collector.path(&mut source, Reference::Environment(name.clone()), path, file);
        }
    }
}

/// The known program that a container starts: named by a word of its command, or by the container where it has none.
fn program(container: &Container) -> Option<Program> {
    let words = container.arguments.iter().filter(|argument| argument.flag.is_none());
    let named = words.filter_map(|argument| Program::of_word(&argument.value)).next();
    let has_command = container.arguments.first().is_some_and(|argument| argument.flag.is_none());
    named.or_else(|| Program::of_word(&container.name).filter(|_| !has_command))
}

fn mount_of(collector: &mut Collector<'_>, source: &mut Source<'_>, mount: &Mount, file: &str) {
    let is_file = match mount.kind {
        HostPathType::Device => return,
        HostPathType::File => true,
        HostPathType::Folder => false,
        HostPathType::Unknown => names_file(collector, &mount.on_node),
    };
    let inside = mount.inside.clone();
    let on_node = if mount.on_node.is_empty() { "/" } else { &mount.on_node };
    if is_file {
        collector.named(source, Reference::FileMount { inside }, on_node, file);
        collector.follow(source, &mount.inside, on_node);
    } else {
        collector.named(source, Reference::FolderMount { inside }, on_node, file);
    }
}

/// Whether a path without a type is a file: as provided, else by its name.
fn names_file(collector: &Collector<'_>, path: &str) -> bool {
    if collector.files.get(path).is_some() {
        return true;
    }
    let (_, name) = tree::split(path);
    let is_named_so = ["cfg", "conf", "crt", "env", "json", "key", "kubeconfig", "pem", "pub", "toml", "yaml", "yml"]
        .iter()
        .any(|extension| name.rsplit_once('.').is_some_and(|(stem, last)| !stem.is_empty() && last == *extension));
    is_named_so && collector.files.below(path).next().is_none()
}
