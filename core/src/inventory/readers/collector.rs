//! Collects references and follows them into the files that they name.

use std::collections::BTreeSet;

use super::files::NodeFiles;
use crate::{
    formats::{
        command_line::{self, Argument},
        static_pod::Container,
        systemd_unit::Unknown,
    },
    inventory::model::readers::{NodeFile, Process, Reader, Reference},
    profile::file_flags::FileFlag,
};

/// All references found so far.
pub(super) struct Collector<'a> {
    pub(super) files: &'a NodeFiles<'a>,
    readers: BTreeSet<Reader>,
    /// Paths of kubeconfigs that a process names.
    pub(super) named_kubeconfigs: BTreeSet<String>,
    /// What is needed to know which files units read, and was not provided: by the unit's name.
    pub(super) unknown: BTreeSet<(String, Unknown)>,
}

/// A process and how it sees the node's files.
pub(super) struct Source<'p> {
    pub(super) process: Process,
    /// The container whose mounts it sees; `None` for a process on the node itself.
    pub(super) container: Option<&'p Container>,
    /// The folder that relative paths start from, as the process sees it.
    pub(super) directory: String,
    /// Files that were followed already, by path on the node.
    pub(super) followed: BTreeSet<String>,
}

impl<'p> Source<'p> {
    pub(super) fn new(process: Process, container: Option<&'p Container>, directory: &str) -> Self {
        Self { process, container, directory: directory.to_owned(), followed: BTreeSet::new() }
    }

    /// The path on the node of a path that the process sees; `None` if the node does not have it.
    pub(super) fn on_node(&self, path: &str) -> Option<String> {
        match self.container {
            Some(container) => container.on_node(path),
            None => Some(path.to_owned()),
        }
    }
}

impl<'a> Collector<'a> {
    pub(super) fn new(files: &'a NodeFiles<'a>) -> Self {
        Self { files, readers: BTreeSet::new(), named_kubeconfigs: BTreeSet::new(), unknown: BTreeSet::new() }
    }

    pub(super) fn readers(&self) -> impl Iterator<Item = &Reader> {
        self.readers.iter()
    }

    pub(super) fn into_readers(self) -> Vec<Reader> {
        self.readers.into_iter().collect()
    }

    /// Adds the arguments of a command. `file` gives the file that holds a word.
    pub(super) fn arguments(
        &mut self,
        source: &mut Source<'_>,
        arguments: &[Argument],
        reference: &dyn Fn(Option<&str>) -> Reference,
        file: &dyn Fn(usize) -> String,
    ) {
        for argument in arguments {
            let reference = reference(argument.flag.as_deref());
            self.value(source, &reference, &argument.value, &file(argument.word));
        }
    }

    /// Adds every path in a value.
    pub(super) fn value(&mut self, source: &mut Source<'_>, reference: &Reference, value: &str, file: &str) {
        for path in self.paths(source, value) {
            self.path(source, reference.clone(), &path, file);
        }
    }

    /// The paths in a value, as the process sees them. A value that names a provided file is one path, whatever
    /// characters it has.
    fn paths(&self, source: &Source<'_>, value: &str) -> Vec<String> {
        if value.is_empty() || value.contains("://") {
            return command_line::absolute_paths(value);
        }
        let whole = command_line::absolute(&source.directory, value);
        let is_file = source.on_node(&whole).is_some_and(|path| self.files.get(&path).is_some());
        if is_file { vec![whole] } else { command_line::absolute_paths(value) }
    }

    /// Adds one path, and what the file there names in turn.
    pub(super) fn path(&mut self, source: &mut Source<'_>, reference: Reference, path: &str, file: &str) {
        let Some(on_node) = source.on_node(path).or_else(|| Self::unmounted(source, &reference, path)) else { return };
        self.named(source, reference, &on_node, file);
        self.follow(source, path, &on_node);
    }

    /// A path that a flag of a control-plane component names and that no mount covers. Images of those components hold no
    /// such files, so the provided manifest lacks a mount that the running Pod has.
    fn unmounted(source: &Source<'_>, reference: &Reference, path: &str) -> Option<String> {
        let program = source.process.program().filter(|program| program.component().is_some())?;
        match reference {
            Reference::Flag(flag) => FileFlag::of(program, flag).map(|_| path.to_owned()),
            _ => None,
        }
    }

    /// Adds a path that is not followed, which is named in `file`.
    pub(super) fn add(&mut self, source: &Source<'_>, reference: Reference, on_node: &str, file: &NodeFile<'_>) {
        self.named(source, reference, on_node, file.file);
    }

    /// As [`Self::add`], with the file as the person named it.
    pub(super) fn named(&mut self, source: &Source<'_>, reference: Reference, on_node: &str, file: &str) {
        self.readers.insert(Reader {
            process: source.process.clone(),
            reference,
            path: on_node.to_owned(),
            target: self.files.target(on_node),
            file: file.to_owned(),
        });
    }
}
