//! Every command for findings of a sample, or of a damaged sample, runs on its files.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use airlock_core::{
    Content, Finding, InputFile, InspectOptions, UnixTime,
    formats::object,
    plan::request::RotationRequest,
    profile,
    sample::{SAMPLES, Sample, SampleFile},
    x509::PrivateKey,
};

use super::super::command;

/// Replaces kubectl: `get` reads the objects of the sample, `config` runs kubectl. Commands that print objects for
/// people are only parsed.
const KUBECTL: &str = r#"#!/bin/bash
real=REAL
if [ "$1" = config ]; then exec "$real" "$@"; fi
namespace=default
while [ "$1" = -n ]; do namespace=$2; shift 2; done
case $1 in get | describe) ;; *) exit 64 ;; esac
kind=$2 name=$3
if [ "$kind $name" = 'secrets -A' ]; then
  # kubectl prints each object of a list by itself here.
  object=$(find OBJECTS/secret -name "${5#metadata.name=}.yaml")
  shift 5
  exec "$real" annotate --local -f "$object" airlock- "${@//.items\[0\]/}"
fi
case $kind,$name in
secret,?* | configmap,?*)
  case $name in -*) exit 0 ;; esac
  object=OBJECTS/$kind/$namespace/$name.yaml
  if [ "$1" = describe ]; then [ -f "$object" ]; exit; fi
  shift 3
  [ -f "$object" ] || { [ $# = 0 ] || [ "$2" = yaml ] && exit 0; }
  exec "$real" annotate --local -f "$object" airlock- "$@"
  ;;
esac
exit 0
"#;

/// Commands of programs that are not installed: their arguments are not checked.
const STAND_IN: &str = "#!/bin/sh\necho \"$0 $*\"\n";

/// The folders of a sample and of the programs.
struct Bench {
    root: PathBuf,
    path: String,
}

impl Bench {
    fn new(sample: &Sample) -> Self {
        let root = std::env::temp_dir().join(format!("airlock-commands-{}-{}", sample.id, std::process::id()));
        let programs = root.join("programs");
        fs::create_dir_all(&programs).unwrap();
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools");
        let kubectl = KUBECTL
            .replace("REAL", tools.join("kubectl").to_str().unwrap())
            .replace("OBJECTS", root.join("objects").to_str().unwrap());
        write(&programs.join("kubectl"), kubectl.as_bytes());
        for name in ["talosctl", "systemctl", "crictl"] {
            write(&programs.join(name), STAND_IN.as_bytes());
        }
        for name in ["kubectl", "talosctl", "systemctl", "crictl"] {
            let done = Command::new("chmod").arg("+x").arg(programs.join(name)).status().unwrap();
            assert!(done.success());
        }
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        Self { root, path }
    }

    /// Writes the files as loaded, and the objects in them for the replacement of kubectl.
    fn lay_out(&self, files: &[SampleFile]) {
        for folder in ["input", "objects"] {
            let folder = self.root.join(folder);
            if folder.exists() {
                fs::remove_dir_all(&folder).unwrap();
            }
            fs::create_dir_all(folder).unwrap();
        }
        for file in files {
            write(&self.root.join("input").join(&file.path), &file.bytes);
            for object in object::objects(&file.bytes).unwrap_or_default() {
                let [kind, namespace, name] =
                    [Some(object.kind.to_lowercase()), object.namespace.clone(), Some(object.name.clone())]
                        .map(Option::unwrap_or_default);
                let place = self.root.join("objects").join(kind).join(namespace);
                write(&place.join(format!("{name}.yaml")), object.to_yaml().as_bytes());
            }
        }
    }

    /// The failure of a command, if it fails. A node's paths are those of the sample's first node.
    fn run(&self, finding: &Finding) -> Option<String> {
        let command = command(finding);
        let node =
            finding.file.split('/').next().filter(|node| self.root.join("input").join(node).join("etc").exists());
        let first = || fs::read_dir(self.root.join("input")).unwrap().map(|entry| entry.unwrap().file_name());
        let node = node.map(str::to_owned).or_else(|| {
            let mut nodes: Vec<_> = first().filter_map(|name| name.into_string().ok()).collect();
            nodes.sort();
            nodes.into_iter().find(|name| self.root.join("input").join(name).join("etc").exists())
        });
        let node = node.unwrap_or_default();
        let there = |path: &str| format!("{}/{node}{path}", self.root.join("input").display());
        let mut local = command.clone();
        for path in ["/etc/kubernetes", "/var/lib/kubelet", "/etc/systemd/system"] {
            // Not the end of a loaded path.
            local = local.replace(&format!(" {path}"), &format!(" {}", there(path)));
        }
        let output = Command::new("bash")
            .args(["-c", &format!("set -o pipefail; {local}")])
            .current_dir(self.root.join("input"))
            .env("PATH", &self.path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        // The status of `diff` reports a difference, and that of `grep` a missing text.
        let shown = output.status.code() == Some(1)
            && output.stderr.is_empty()
            && ["diff ", "grep ", "cmp "].iter().any(|program| command.contains(program));
        (!output.status.success() && !shown).then(|| {
            format!(
                "{} of {} [{}]: {command}\n    {}",
                finding.code,
                finding.file,
                finding.place,
                said.lines().next().unwrap_or_default()
            )
        })
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // The folder is below the system's folder for temporary files.
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// A command that reads another object than its finding's, and its failure.
fn another_object(finding: &Finding) -> Option<String> {
    let (_, name) = finding.place.split_once(' ').filter(|(kind, _)| ["Secret", "ConfigMap"].contains(kind))?;
    let (namespace, name) = name.split_once('/')?;
    let command = command(finding);
    let reads = ["get secret ", "get configmap ", "describe secret ", "describe configmap "];
    let object = reads.iter().find_map(|verb| command.split_once(verb))?;
    let is_it = object.0.ends_with(&format!("-n {namespace} ")) && object.1.split(' ').next() == Some(name);
    (!is_it).then(|| format!("{} of {}: {command} reads another object", finding.code, finding.place))
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn copy(file: &SampleFile) -> InputFile {
    InputFile { path: file.path.clone(), content: Content::Bytes(Arc::new(file.bytes.clone())), mode: Some(file.mode) }
}

/// All findings about the files, and about planning a rotation if requested.
fn findings(sample: &Sample, files: &[SampleFile], now: UnixTime, rotation: bool) -> Vec<Finding> {
    let platform = sample.platform_to_say().map(|found| profile::named(found.id).unwrap());
    let options = InspectOptions { platform, ..InspectOptions::default() };
    let inventory = airlock_core::inspect_with(files.iter().map(copy).collect(), options, now);
    let mut all = inventory.report(now).findings;
    if !rotation {
        return all;
    }
    all.extend(airlock_core::check(&inventory, None).findings);
    match airlock_core::plan(&inventory, &RotationRequest::default(), now) {
        Ok(plan) => all.extend(plan.report().findings),
        Err(refusal) => all.extend(refusal.findings),
    }
    all
}

/// Every n-th file is damaged together: far enough apart that one damage does not hide another.
const APART: usize = 6;

/// The sample, and the sample with some files damaged: cut in half, swapped with another one, and with a second copy of
/// themselves.
fn variants(files: &[SampleFile]) -> Vec<Vec<SampleFile>> {
    let damaged = |first: usize, damage: &dyn Fn(usize) -> Vec<u8>| {
        let mut all = files.to_vec();
        for index in (first..files.len()).step_by(APART) {
            all[index].bytes = damage(index).into();
        }
        all
    };
    let half = |index: usize| files[index].bytes[..files[index].bytes.len() / 2].to_vec();
    let other = |index: usize| files[(index + 1) % files.len()].bytes.to_vec();
    let twice = |index: usize| files[index].bytes.repeat(2);
    let damages: [&dyn Fn(usize) -> Vec<u8>; 3] = [&half, &other, &twice];
    let all = (0..APART).flat_map(|first| damages.map(|damage| damaged(first, damage)));
    std::iter::once(files.to_vec()).chain(all).collect()
}

#[test]
fn every_command_runs_on_the_sample_that_it_is_offered_for() {
    let now = UnixTime(1_800_000_000);
    let mut random = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
    let mut failed = Vec::new();
    for sample in SAMPLES {
        let files = sample.files(now, &mut |algorithm| PrivateKey::generate(algorithm, &mut random));
        let bench = Bench::new(sample);
        let mut seen = BTreeSet::new();
        for (number, files) in variants(&files).into_iter().enumerate() {
            let mut laid_out = false;
            for finding in findings(sample, &files, now, number == 0) {
                // Each command runs once for each kind of file.
                let name = finding.file.rsplit('/').next().unwrap_or_default().to_owned();
                if !seen.insert((finding.code.clone(), name + &finding.place)) {
                    continue;
                }
                if !laid_out {
                    bench.lay_out(&files);
                    laid_out = true;
                }
                failed.extend(bench.run(&finding).map(|said| format!("{}: {said}", sample.id)));
                failed.extend(another_object(&finding).map(|said| format!("{}: {said}", sample.id)));
            }
        }
        assert!(!seen.is_empty(), "{}: nothing is offered", sample.id);
    }
    assert!(failed.is_empty(), "{} commands fail:\n{}", failed.len(), failed.join("\n"));
}
