//! References of processes on the node itself: the kubelet and other systemd units.

use std::collections::BTreeMap;

use super::collector::{Collector, Source};
use crate::{
    formats::{
        command_line,
        systemd_unit::{self, EnvironmentFile, Fragment, Service, Unknown, Word},
    },
    inventory::{
        model::readers::{NodeFile, Process, Reference},
        tree,
    },
    profile::file_flags::Program,
};

/// Where systemd looks for units, the folder that wins first (systemd.unit(5)).
const UNIT_FOLDERS: [&str; 5] = [
    "/etc/systemd/system/",
    "/run/systemd/system/",
    "/usr/local/lib/systemd/system/",
    "/usr/lib/systemd/system/",
    "/lib/systemd/system/",
];

const KUBELET_UNIT: &str = "kubelet.service";

/// kubeadm's drop-in, which is assumed if the provided unit neither gives the kubelet a kubeconfig nor takes arguments from
/// variables or files that are not known (kubernetes/release:
/// cmd/krel/templates/latest/kubeadm/10-kubeadm.conf; `/etc/default` in .deb, `/etc/sysconfig` in .rpm packages).
const KUBEADM_DROP_IN: &str = r#"[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
EnvironmentFile=-/etc/sysconfig/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"#;

/// Files by which a node has a kubelet that kubeadm set up.
const KUBELET_FILES: [&str; 3] =
    ["/etc/kubernetes/kubelet.conf", "/var/lib/kubelet/config.yaml", "/var/lib/kubelet/kubeadm-flags.env"];

/// Where the kubelet reads static Pods if nothing says otherwise.
const MANIFESTS: &str = "/etc/kubernetes/manifests";

/// The files of one unit, by their rank among [`UNIT_FOLDERS`].
#[derive(Default)]
struct Unit<'a> {
    main: Option<(usize, NodeFile<'a>)>,
    /// By file name.
    drop_ins: BTreeMap<&'a str, (usize, NodeFile<'a>)>,
}

/// Adds the references of every unit, and gives the folders that the kubelet reads static Pods from.
pub(super) fn collect(collector: &mut Collector<'_>) -> Vec<String> {
    let mut has_kubelet = false;
    for (name, unit) in units(collector) {
        let assumed = (name == KUBELET_UNIT).then_some(KUBEADM_DROP_IN);
        has_kubelet |= unit_of(collector, name, &unit, assumed);
    }
    if !has_kubelet && KUBELET_FILES.iter().any(|path| collector.files.get(path).is_some()) {
        unit_of(collector, KUBELET_UNIT, &Unit::default(), Some(KUBEADM_DROP_IN));
    }
    let of_kubelet = collector.readers().filter(|reader| reader.process == Process::Kubelet);
    let folders = of_kubelet.filter(|reader| match &reader.reference {
        Reference::Config { field, .. } => field == "staticPodPath",
        Reference::Flag(flag) => flag == "pod-manifest-path",
        _ => false,
    });
    let mut folders: Vec<String> = folders.map(|reader| reader.path.clone()).collect();
    folders.sort();
    folders.dedup();
    if folders.is_empty() { vec![MANIFESTS.to_owned()] } else { folders }
}

fn units<'a>(collector: &Collector<'a>) -> BTreeMap<&'a str, Unit<'a>> {
    let mut units: BTreeMap<&str, Unit<'_>> = BTreeMap::new();
    for (rank, folder) in UNIT_FOLDERS.iter().enumerate() {
        for file in collector.files.below(folder) {
            let rest = &file.path[folder.len()..];
            match rest.split_once('/') {
                None if rest.ends_with(".service") => {
                    units.entry(rest).or_default().main.get_or_insert((rank, *file));
                }
                Some((drop_ins, name)) if !name.contains('/') && name.ends_with(".conf") => {
                    if let Some(unit) = drop_ins.strip_suffix(".d").filter(|unit| unit.ends_with(".service")) {
                        units.entry(unit).or_default().drop_ins.entry(name).or_insert((rank, *file));
                    }
                }
                _ => {}
            }
        }
    }
    units
}

/// Adds a unit's references; `assumed` is the drop-in that counts where its own files name no kubeconfig. Says whether the
/// unit runs the kubelet.
fn unit_of(collector: &mut Collector<'_>, name: &str, unit: &Unit<'_>, assumed: Option<&str>) -> bool {
    let service = merge(collector, unit, None);
    let service = match assumed {
        Some(text) if !names_kubeconfig(&service) && service.unknown.iter().all(is_kubeadms) => {
            merge(collector, unit, Some(text))
        }
        _ => service,
    };
    let words = service.commands.iter().flatten();
    let program = words.filter_map(|word| Program::of_word(&word.text)).next();
    let is_kubelet = program == Some(Program::Kubelet);
    let process = if is_kubelet { Process::Kubelet } else { Process::Unit { name: name.to_owned(), program } };
    let mut source = Source::new(process, None, &service.working_directory);
    for command in &service.commands {
        add_command(collector, &mut source, command);
    }
    let directives = service.directives.iter().map(|(name, word)| (name.as_str(), word));
    let files = service.environment_files.iter().map(|word| ("EnvironmentFile", word));
    for (name, Word { text, file }) in directives.chain(files) {
        for path in command_line::absolute_paths(text) {
            collector.named(&source, Reference::Directive(name.to_owned()), &path, file);
        }
    }
    for (name, word) in &service.environment {
        collector.value(&mut source, &Reference::Environment(name.clone()), &word.text, &word.file);
    }
    let unknown = service.unknown.into_iter().filter(|unknown| !(is_kubelet && is_kubeadms(unknown)));
    collector.unknown.extend(unknown.map(|unknown| (name.to_owned(), unknown)));
    is_kubelet
}

/// Variables of kubeadm's drop-in for the kubelet, which optional files set.
fn is_kubeadms(unknown: &Unknown) -> bool {
    let Unknown::Variable { name, .. } = unknown else { return false };
    KUBEADM_DROP_IN.contains(&format!("${name}"))
}

fn names_kubeconfig(service: &Service) -> bool {
    service.commands.iter().flatten().any(|word| word.text.contains("-kubeconfig"))
}

/// The unit with its drop-ins; `assumed` comes between the unit file and the drop-ins that were provided.
fn merge(collector: &Collector<'_>, unit: &Unit<'_>, assumed: Option<&str>) -> Service {
    fn fragment<'a>((_, file): &(usize, NodeFile<'a>)) -> Option<Fragment<'a>> {
        Some(Fragment { file: file.file, text: std::str::from_utf8(file.bytes).ok()? })
    }
    let main = unit.main.iter().filter_map(fragment);
    let assumed = assumed.map(|text| Fragment { file: "", text });
    let drop_ins = unit.drop_ins.values().filter_map(fragment);
    let fragments: Vec<_> = main.chain(assumed).chain(drop_ins).collect();
    let read = |pattern: &str| -> Vec<EnvironmentFile<'_>> {
        let files = collector.files.matching(pattern).into_iter();
        let files = files.filter_map(|(path, file)| {
            Some(EnvironmentFile { path, file: file.file, text: std::str::from_utf8(file.bytes).ok()? })
        });
        files.collect()
    };
    systemd_unit::service(&fragments, &read)
}

fn add_command(collector: &mut Collector<'_>, source: &mut Source<'_>, command: &[Word]) {
    let words: Vec<String> = command.iter().map(|word| word.text.clone()).collect();
    // The first word is the program itself, which counts where it is a script that was provided.
    if let Some(program) = command.first().filter(|word| collector.files.get(&word.text).is_some()) {
        collector.path(source, Reference::Argument, &program.text, &program.file);
    }
    let arguments = command_line::arguments(words.get(1..).unwrap_or_default(), &|_| None);
    let file = |word: usize| command.get(word + 1).map(|word| word.file.clone()).unwrap_or_default();
    let reference = |flag: Option<&str>| flag.map_or(Reference::Argument, |flag| Reference::Flag(flag.to_owned()));
    collector.arguments(source, &arguments, &reference, &file);
    // kubernetes/kubernetes: cmd/kubelet/app/server.go, mergeKubeletConfigurations: every *.conf below the folder.
    let folders = arguments.iter().filter(|argument| argument.flag.as_deref() == Some("config-dir"));
    for folder in folders {
        let folder = command_line::absolute(&source.directory, &folder.value);
        let files: Vec<_> = collector.files.below(&folder).map(|file| file.path.to_owned()).collect();
        for path in files.iter().filter(|path| tree::split(path).1.ends_with(".conf")) {
            collector.follow(source, path, path);
        }
    }
}
