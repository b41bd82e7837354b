//! Runs every script and step, and makes each call of an external command fail in turn, without a cluster, on a machine
//! that `tests/scripts` creates (its own mount and PID namespaces).
//!
//! Only distinct calls fail: the first and the last with the same command and the same kind of arguments. Scripts are
//! tables over one library; a call for another file from the same line of the library fails in the same way. A
//! disturbed step either fails and prints the command and its message, or does its complete work. The next run does the
//! rest.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use airlock_core::{
    InputFile,
    plan::{RotationRequest, Workers},
};
use airlock_tests::{
    fixtures,
    rotation::{Case, PHASES, Rotation, scratch, walk},
    talos,
    tools::{airlock, built, output, root, succeed},
};
use serde_json::Value;

/// The commands that a node's scripts call; results of `sleep` and `command -v` decide nothing.
pub(super) const NODE_COMMANDS: [&str; 27] = [
    "base64",
    "cat",
    "chmod",
    "chown",
    "cp",
    "date",
    "df",
    "du",
    "etcdctl",
    "etcdutl",
    "flock",
    "id",
    "kubectl",
    "ln",
    "mkdir",
    "mktemp",
    "mv",
    "od",
    "readlink",
    "rm",
    "sed",
    "sha256sum",
    "stat",
    "sync",
    "systemctl",
    "tar",
    "tr",
];

/// The commands that the scripts for objects call.
const CLUSTER_COMMANDS: [&str; 9] = ["awk", "base64", "cat", "date", "kubectl", "mktemp", "sha256sum", "tr", "rm"];

/// Commands that return another component's answer: each of their failures has its own text.
const ASKED: [&str; 6] = ["crictl", "dcmanager", "journalctl", "kubectl", "system", "talosctl"];

/// The ways in which these commands fail, in addition to a plain failure: messages of real tools. Each call fails in
/// one of these ways; with the environment variable `AIRLOCK_EVERY_FAULT`, which `cargo xtask test --long` sets, in all
/// of them. The last call of a call site only fails plainly, except with that variable.
const REFUSALS: [&str; 5] = ["timeout", "401", "403", "409", "500"];

/// Commands on whose output a script bases a decision.
const READERS: [&str; 18] = [
    "awk",
    "base64",
    "cat",
    "date",
    "df",
    "du",
    "etcdctl",
    "etcdutl",
    "gzip",
    "id",
    "mktemp",
    "od",
    "readlink",
    "sed",
    "sha256sum",
    "stat",
    "systemctl",
    "tr",
];

/// Commands that change something.
const WRITERS: [&str; 15] = [
    "chmod",
    "chown",
    "cp",
    "dcmanager",
    "etcdctl",
    "etcdutl",
    "kubectl",
    "ln",
    "mkdir",
    "mv",
    "rm",
    "systemctl",
    "system",
    "talosctl",
    "tar",
];

/// A step, with the machine on which it runs.
pub(crate) struct Step {
    pub(crate) id: String,
    pub(crate) package: PathBuf,
    /// The machine before the step.
    pub(crate) tree: PathBuf,
    pub(crate) run: String,
    pub(crate) gate: String,
    pub(crate) commands: Vec<&'static str>,
    pub(crate) environment: Vec<(&'static str, String)>,
    /// The step's library: each of its call sites is disturbed once.
    pub(crate) library: &'static str,
}

impl Step {
    /// The same on another machine, for its check.
    fn at(&self, tree: &Path) -> Self {
        Self {
            id: self.id.clone(),
            package: self.package.clone(),
            tree: tree.to_owned(),
            run: self.run.clone(),
            gate: self.gate.clone(),
            commands: self.commands.clone(),
            environment: self.environment.clone(),
            library: self.library,
        }
    }
}

/// The result of a run on the machine.
pub(crate) struct Outcome {
    pub(crate) codes: BTreeMap<String, i32>,
    first: String,
    pub(crate) said: String,
    pub(crate) files: String,
    pub(crate) folder: PathBuf,
}

/// One call that fails.
#[derive(Clone)]
struct Fault {
    command: String,
    at: usize,
    mode: &'static str,
}

pub(crate) fn machine(step: &Step, out: &Path, run: &str, gate: &str, extra: &[(&str, String)]) -> Outcome {
    let mut command = Command::new("unshare");
    let folder = root().join("tests/scripts");
    if !is_root() {
        command.arg("--map-root-user");
    }
    command.args(["--mount", "--pid", "--fork", "--mount-proc", "sh"]).arg(folder.join("machine.sh"));
    command.arg(&step.tree).arg(out).arg(&step.package).args([run, gate]);
    command.env("MACHINE", &folder).env("AIRLOCK_TIMEOUT", "40").env("SHIFT", shift().to_string());
    command.envs(step.environment.iter().map(|(name, value)| (name, value)));
    command.envs(extra.iter().map(|(name, value)| (name, value)));
    let output = command.stdin(Stdio::null()).output().expect("unshare can be started");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: the machine failed: {said}", step.id);
    let text = |name: &str| fs::read_to_string(out.join(name)).unwrap_or_default();
    let codes = text("codes");
    let codes = codes.lines().filter_map(|line| line.split_once(' '));
    Outcome {
        codes: codes.map(|(name, code)| (name.to_owned(), code.parse().expect("a number"))).collect(),
        first: text("first"),
        said: ["first", "second", "check"].map(|name| format!("-- {name}\n{}", text(name))).concat(),
        files: text("files"),
        folder: out.to_owned(),
    }
}

fn is_root() -> bool {
    succeed(Command::new("id").arg("-u")).trim() == "0"
}

/// The offset from this machine's time to the fixtures' time.
fn shift() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).expect("it is after 1970");
    fixtures::now().0 - i64::try_from(now.as_secs()).expect("seconds fit")
}

/// A folder with these commands, each of which is `fault.sh`.
pub(crate) fn wrapped(folder: &Path, commands: &[&str]) -> PathBuf {
    fs::create_dir_all(folder).expect("a folder can be made");
    for command in commands {
        symlink(root().join("tests/scripts/fault.sh"), folder.join(command)).expect("a link can be made");
    }
    folder.to_owned()
}

/// A call without the parts that differ between files.
fn site(call: &str, package: &Path) -> String {
    let package = package.display().to_string();
    let words = call.split('\t').map(|word| {
        let word = word.trim();
        match () {
            () if word.starts_with(&package) => "PACKAGE",
            () if word.starts_with("/tmp/") => "TEMPORARY",
            () if word.contains("/.airlock/") => "STATE",
            () if word.starts_with("/proc/") => "PROCESS",
            () if word.rsplit('/').next().is_some_and(|name| name.starts_with('.')) && word.starts_with('/') => {
                "BESIDE"
            }
            () if word.starts_with('/') => "FILE",
            () if word.len() > 60 => &word[..word.char_indices().nth(60).map_or(word.len(), |(at, _)| at)],
            () => word,
        }
    });
    without_times(&words.collect::<Vec<_>>().join(" "))
}

/// A text without numbers of more than three digits, which are times and durations.
fn without_times(text: &str) -> String {
    let mut short = String::new();
    for part in text.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = part.trim_end_matches(|c: char| !c.is_ascii_digit());
        short.push_str(if digits.len() > 3 { "N" } else { digits });
        short.push_str(&part[digits.len()..]);
    }
    short
}

/// The calls that fail in turn: the first and the last of each call site that no earlier step had.
fn faults(step: &Step, record: &str, seen: &mut BTreeSet<String>) -> Vec<Fault> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut sites: BTreeMap<String, (String, usize, usize)> = BTreeMap::new();
    for call in record.lines() {
        let name = call.split('\t').next().unwrap_or_default().trim();
        let count = counts.entry(name).or_default();
        *count += 1;
        let entry = sites.entry(site(call, &step.package)).or_insert_with(|| (name.to_owned(), *count, *count));
        entry.2 = *count;
    }
    let every = env::var_os("AIRLOCK_EVERY_FAULT").is_some();
    let mut faults = Vec::new();
    for (site, (command, first, last)) in sites {
        if !seen.insert(format!("{}: {site}", step.library)) {
            continue;
        }
        let ats = if first == last { vec![first] } else { vec![first, last] };
        for at in ats {
            let mut modes = vec!["fail"];
            if at == first || every {
                modes.extend(other_modes(&command, faults.len(), every));
            }
            faults.extend(modes.into_iter().map(|mode| Fault { command: command.clone(), at, mode }));
        }
    }
    faults
}

/// The ways in which a command fails besides a plain failure. `turn` selects one refusal, unless `every` refusal is requested.
fn other_modes(command: &str, turn: usize, every: bool) -> Vec<&'static str> {
    let mut modes = Vec::new();
    if ASKED.contains(&command) {
        modes.extend(["empty", "truncated"]);
        let one = [REFUSALS[turn % REFUSALS.len()]];
        modes.extend(if every { &REFUSALS[..] } else { &one });
    } else if READERS.contains(&command) {
        modes.push("empty");
    }
    if WRITERS.contains(&command) {
        modes.extend(["kill", "kill-after"]);
    }
    modes
}

/// All problems of a disturbed step.
fn judge(step: &Step, fault: &Fault, outcome: &Outcome, reference: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let code = outcome.codes["first"];
    let text = &outcome.first;
    if code != 0 && !fault.mode.starts_with("kill") {
        if !text.contains("FAILED") && !text.contains("NOT READY") {
            wrong.push("it does not say that it failed".to_owned());
        }
        if !text.contains(&fault.command) {
            wrong.push(format!("it does not name {}", fault.command));
        }
        if !matches!(fault.mode, "empty" | "truncated") && !text.contains("injected failure") {
            wrong.push("it does not have the message".to_owned());
        }
    }
    if is_check(step) {
        wrong.extend(judge_gate(step, fault, code, "itself", text));
    }
    for name in ["second", "check"] {
        if outcome.codes[name] != 0 {
            wrong.push(format!("{name} failed"));
        }
    }
    if outcome.files != reference {
        let lines: BTreeSet<&str> = reference.lines().collect();
        let other: Vec<_> = outcome.files.lines().filter(|line| !lines.contains(line)).take(3).collect();
        wrong.push(format!("the machine is another in the end: {other:?}"));
    }
    wrong
        .iter()
        .map(|words| {
            format!("{} with {} {} ({}): {words}\n{}", step.id, fault.command, fault.at, fault.mode, outcome.said)
        })
        .collect()
}

/// All problems of a disturbed check: it may pass only if no query failed.
fn judge_gate(step: &Step, fault: &Fault, code: i32, when: &str, said: &str) -> Option<String> {
    let in_vain = when == "before" || ASKED.contains(&fault.command.as_str());
    (code == 0 && in_vain && fault.mode != "kill-after").then(|| {
        format!("{}: the check {when} it opens with {} {} ({})\n{said}", step.id, fault.command, fault.at, fault.mode)
    })
}

/// Runs jobs on four times as many threads as there are processors: machines mostly wait for one another's processes.
/// Returns all results, in no particular order.
fn in_parallel<T: Sync, R: Send>(jobs: &[T], work: impl Fn(usize, &T) -> Vec<R> + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 * thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let index = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(job) = jobs.get(index)
                {
                    let found = work(index, job);
                    results.lock().expect("no thread panics with it").extend(found);
                }
            });
        }
    });
    results.into_inner().expect("no thread panics with it")
}

/// A step that was run undisturbed.
struct Recorded {
    /// The machine before the step.
    tree: PathBuf,
    /// All calls of the step.
    record: String,
    /// The files of the machine after the step.
    files: String,
}

/// Runs steps undisturbed and records their calls. Steps on the same machine run one after the other, others at the same time.
fn recorded(folder: &Path, steps: &[Step]) -> BTreeMap<usize, Recorded> {
    let mut machines: BTreeMap<&Path, Vec<usize>> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        machines.entry(&step.tree).or_default().push(index);
    }
    let chains: Vec<Vec<usize>> = machines.into_values().collect();
    let all = in_parallel(&chains, |_, chain| {
        let mut tree = steps[chain[0]].tree.clone();
        let run = chain.iter().map(|&index| {
            let step = steps[index].at(&tree);
            let out = folder.join(format!("{index}"));
            let record = out.join("record");
            fs::create_dir_all(&out).expect("a folder can be made");
            let fault = wrapped(&out.join("commands"), &step.commands);
            let extra = [
                ("FAULT", fault.display().to_string()),
                ("RECORD", record.display().to_string()),
                ("KEEP", "yes".to_owned()),
            ];
            let outcome = machine(&step, &out, &step.run, &step.gate, &extra);
            assert!(
                outcome.codes.values().all(|code| *code == 0),
                "{}: {:?}\n{}",
                step.id,
                outcome.codes,
                outcome.said
            );
            let record = fs::read_to_string(&record).expect("calls were recorded");
            let before = std::mem::replace(&mut tree, outcome.folder.join("after"));
            (index, Recorded { tree: before, record, files: outcome.files })
        });
        run.collect()
    });
    all.into_iter().collect()
}

/// Runs steps undisturbed and recorded, then each with each fault.
pub(super) fn disturb(label: &str, mut steps: Vec<Step>) {
    let folder = scratch(label);
    let recorded = recorded(&folder, &steps);
    let mut jobs = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, step) in steps.iter_mut().enumerate() {
        let Recorded { tree, record, .. } = &recorded[&index];
        step.tree.clone_from(tree);
        jobs.extend(faults(step, record, &mut seen).into_iter().map(|fault| (index, fault)));
    }
    println!("{label}: {} call sites, {} disturbed runs", seen.len(), jobs.len());
    assert!(jobs.len() > steps.len() * 5, "nothing was recorded");
    let wrong = in_parallel(&jobs, |number, (index, fault)| {
        let step = &steps[*index];
        let out = folder.join(format!("fault-{number}"));
        let commands = wrapped(&out.join("commands"), &[&fault.command]);
        let extra =
            [("FAULT", commands.display().to_string()), ("AT", fault.at.to_string()), ("MODE", fault.mode.to_owned())];
        let outcome = machine(step, &out, &step.run, &step.gate, &extra);
        let wrong = judge(step, fault, &outcome, &recorded[index].files);
        if wrong.is_empty() {
            fs::remove_dir_all(&out).expect("a folder can be removed");
        }
        wrong
    });
    assert!(wrong.is_empty(), "{} wrong of {}:\n{}", wrong.len(), jobs.len(), wrong.join("\n"));
    // Steps that consist only of their checks are disturbed as checks.
    if !steps.iter().all(is_check) {
        gates(label, &steps, &folder);
    }
}

/// Whether the step consists only of its check.
fn is_check(step: &Step) -> bool {
    step.run == step.gate
}

/// Runs every check before and after its step, with each call failing in turn.
fn gates(label: &str, steps: &[Step], folder: &Path) {
    let afters: Vec<PathBuf> = (0..steps.len()).map(|index| folder.join(format!("{index}/after"))).collect();
    let places = steps.iter().zip(&afters).enumerate();
    let places: Vec<_> =
        places.flat_map(|(index, (step, after))| [(index, "before", &step.tree), (index, "after", after)]).collect();
    let records = in_parallel(&places, |_, &(index, when, tree)| {
        let out = folder.join(format!("gate-{index}-{when}"));
        fs::create_dir_all(&out).expect("a folder can be made");
        let record = out.join("record");
        let here = steps[index].at(tree);
        let fault = wrapped(&out.join("commands"), &here.commands);
        let extra = [("FAULT", fault.display().to_string()), ("RECORD", record.display().to_string())];
        let undisturbed = machine(&here, &out, &here.gate, "true", &extra);
        let is_open = undisturbed.codes["first"] == 0;
        assert!(is_open || when == "before", "{}: its check after it\n{}", here.id, undisturbed.said);
        // A step that only reads may pass from the beginning.
        let is_disturbed = when == "after" || !is_open;
        is_disturbed.then(|| ((index, when), fs::read_to_string(&record).unwrap_or_default())).into_iter().collect()
    });
    let records: BTreeMap<(usize, &str), String> = records.into_iter().collect();
    let mut jobs = Vec::new();
    let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (index, when, tree) in places {
        let Some(record) = records.get(&(index, when)) else { continue };
        for fault in faults(&steps[index].at(tree), record, seen.entry(when).or_default()) {
            let is_asked = when == "before" || ASKED.contains(&fault.command.as_str());
            if is_asked && !fault.mode.starts_with("kill") {
                jobs.push((index, when, tree.clone(), fault));
            }
        }
    }
    println!("{label}: {} disturbed checks", jobs.len());
    let wrong = in_parallel(&jobs, |number, (index, when, tree, fault)| {
        let step = &steps[*index];
        let out = folder.join(format!("gate-fault-{number}"));
        let commands = wrapped(&out.join("commands"), &[&fault.command]);
        let extra =
            [("FAULT", commands.display().to_string()), ("AT", fault.at.to_string()), ("MODE", fault.mode.to_owned())];
        let here = step.at(tree);
        let outcome = machine(&here, &out, &step.gate, "true", &extra);
        let wrong = judge_gate(step, fault, outcome.codes["first"], when, &outcome.said);
        if wrong.is_none() {
            fs::remove_dir_all(&out).expect("a folder can be removed");
        }
        wrong.into_iter().collect()
    });
    assert!(wrong.is_empty(), "{} wrong of {}:\n{}", wrong.len(), jobs.len(), wrong.join("\n"));
}

/// The steps of a holder in the manifest that have a command, each with its check.
pub(super) fn steps(
    rotation: &Rotation,
    holder: &str,
    tree: &Path,
    commands: &[&'static str],
    environment: &[(&'static str, String)],
    library: &'static str,
) -> Vec<Step> {
    let manifest = rotation.manifest();
    let of_holder = manifest["steps"].as_array().expect("steps").iter().filter(|step| step["holder"] == holder);
    let text = |step: &serde_json::Value, key: &str| step[key].as_str().expect("a text").to_owned();
    let with_command = of_holder.filter(|step| step["run"] != "");
    let steps = with_command.map(|step| Step {
        id: text(step, "id"),
        package: rotation.root(),
        tree: tree.to_owned(),
        run: text(step, "run"),
        gate: text(step, "gate"),
        commands: commands.to_vec(),
        environment: environment.to_vec(),
        library,
    });
    steps.collect()
}

/// A certificate for a node's kubelet, issued by the package's new CA, as kube-controller-manager would issue it.
pub(super) fn renewed(rotation: &Rotation, node: &str, folder: &Path) -> PathBuf {
    let script = r#"
        openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj "/O=system:nodes/CN=system:node:$3" -keyout "$3.key" -out "$3.csr"
        printf 'authorityKeyIdentifier=keyid\n' >extensions
        openssl x509 -req -in "$3.csr" -CA "$1" -CAkey "$2" -days 30 -extfile extensions -out "$3.crt"
        cat "$3.crt" "$3.key" >"$3.pem"
    "#;
    let switched = rotation.phase(2).join("control-plane/cp1/etc/kubernetes/pki");
    let mut command = Command::new("sh");
    command.args(["-euc", script, "sh"]).arg(rotation.phase(3).join("workers/ca.crt")).arg(switched.join("ca.key"));
    succeed(command.arg(node).current_dir(folder));
    folder.join(format!("{node}.pem"))
}

#[test]
fn nodes_that_were_given() {
    let rotation = Case::named("ecdsa-3").rotation();
    let folder = scratch("script-faults-keys");
    let mut all = Vec::new();
    for (holder, node) in [("cp1", "cp1"), ("workers", "worker1")] {
        let environment = [("RENEWED", renewed(rotation, node, &folder).display().to_string())];
        let tree = fixtures::path(&format!("kubeadm/ecdsa-3/{node}"));
        all.extend(steps(rotation, holder, &tree, &NODE_COMMANDS, &environment, "node"));
    }
    assert_eq!(all.len(), 8);
    disturb("script-faults-nodes", all);
}

/// The state of each of a package's objects in the cluster, as files for the simulated kubectl; computed with the real
/// kubectl.
fn shown(rotation: &Rotation, folder: &Path) -> PathBuf {
    let shown = folder.join("shown");
    fs::create_dir_all(&shown).expect("a folder can be made");
    let objects = walk(&rotation.root()).into_iter().filter(|path| {
        path.ends_with(".yaml")
            && (path.contains("/cluster/") || path.contains("/management/"))
            && !path.starts_with("0-")
    });
    for path in objects {
        let mut kubectl = Command::new(built("kubectl"));
        kubectl
            .args(["patch", "--local", "--type", "merge", "-p", "{}", "-o", "json", "-f"])
            .arg(rotation.root().join(&path));
        let object: Value = serde_json::from_str(&succeed(&mut kubectl)).expect("kubectl answers in JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let kind = text(&object["kind"]).to_lowercase();
        let [namespace, name] = ["namespace", "name"].map(|key| text(&object["metadata"][key]));
        let data = object["data"].as_object().expect("an object has data");
        for (key, value) in data {
            let file = shown.join(format!("{}.{kind}.{namespace}.{name}.{key}", path.replace('/', "_")));
            fs::write(file, text(value)).expect("a file can be written");
        }
    }
    for (key, name) in [("client-ca-file", "ca.crt"), ("requestheader-client-ca-file", "front-proxy-ca.crt")] {
        let file = rotation.phase(3).join("control-plane/cp1/etc/kubernetes/pki").join(name);
        if file.exists() {
            fs::copy(file, shown.join(format!("new.{key}"))).expect("a file can be copied");
        }
    }
    shown
}

/// A machine from which kubectl reaches a cluster with the loaded objects.
fn administrator(rotation: &Rotation, folder: &Path, shown: &Path) -> PathBuf {
    let tree = folder.join("administrator");
    let state = tree.join("var/lib/standin");
    fs::create_dir_all(&state).expect("a folder can be made");
    for file in walk(shown) {
        // A rollback applies the loaded objects.
        if let Some((path, value)) = file.split_once(".yaml.")
            && path.contains("_undo_")
        {
            fs::copy(shown.join(&file), state.join(format!("value.{value}"))).expect("a file can be copied");
        }
    }
    let both = rotation.phase(1).join("control-plane/cp1/etc/kubernetes/pki");
    for (key, name) in [("client-ca-file", "ca.crt"), ("requestheader-client-ca-file", "front-proxy-ca.crt")] {
        let file = state.join(format!("value.configmap.kube-system.extension-apiserver-authentication.{key}"));
        if both.join(name).exists() {
            fs::copy(both.join(name), file).expect("a file can be copied");
        }
    }
    tree
}

/// The steps of a holder whose commands query a cluster, including steps that only read.
pub(super) fn object_steps(rotation: &Rotation, holder: &str, label: &str) -> Vec<Step> {
    let folder = scratch(label);
    let shown = shown(rotation, &folder);
    let tree = administrator(rotation, &folder, &shown);
    let manifest = rotation.manifest();
    let text = |step: &Value, key: &str| step[key].as_str().expect("a text").to_owned();
    let steps = manifest["steps"].as_array().expect("steps").iter();
    let asked = steps.filter(|step| step["holder"] == holder && step["gate"] != "").map(|step| {
        let phase = usize::try_from(step["phase"].as_u64().expect("a phase")).expect("a small number");
        let [run, gate] = ["run", "gate"].map(|key| text(step, key));
        Step {
            id: format!("{holder} {}", text(step, "id")),
            package: rotation.root(),
            tree: tree.clone(),
            run: if run.is_empty() { gate.clone() } else { run },
            gate,
            commands: CLUSTER_COMMANDS.to_vec(),
            environment: vec![
                ("SHOWN", shown.display().to_string()),
                ("PUBLISHED", rotation.root().join(PHASES[phase]).join("workers/ca.crt").display().to_string()),
            ],
            library: "cluster",
        }
    });
    asked.collect()
}

#[test]
fn objects_of_a_cluster() {
    let mut steps = object_steps(Case::named("ecdsa-3").rotation(), "cluster", "script-faults-objects");
    steps.retain(|step| !step.id.ends_with("-verify"));
    assert!(steps.len() > 9, "{}", steps.len());
    disturb("script-faults-cluster", steps);
}

/// A cloud-controller-manager as a DaemonSet that mounts the nodes' `/etc/kubernetes`.
const WORKLOAD: &str = "apiVersion: apps/v1
kind: DaemonSet
metadata: {name: cloud-controller-manager, namespace: kube-system}
spec:
  template:
    spec:
      containers:
      - name: cloud-controller-manager
        image: registry.example/ccm:1
        volumeMounts: [{name: kubernetes, mountPath: /etc/kubernetes}]
      volumes: [{name: kubernetes, hostPath: {path: /etc/kubernetes, type: Directory}}]
";

#[test]
fn workloads_that_read_files_of_nodes() {
    let mut files = fixtures::files("kubeadm/ecdsa-3");
    files.push(InputFile::new("workloads.yaml", WORKLOAD.as_bytes().to_vec()));
    let request = RotationRequest { keep_keys: true, ..RotationRequest::default() };
    let rotation = Rotation::of(files, &request, "script-faults-readers-package");
    let mut steps = object_steps(&rotation, "cluster", "script-faults-readers-objects");
    steps.retain(|step| step.id.ends_with("2-readers"));
    assert_eq!(steps.len(), 1);
    disturb("script-faults-readers", steps);
}

/// The logs that kubectl prints: each of its calls fails in turn, and no failure counts as a log without errors.
#[test]
fn logs_of_a_cluster() {
    let mut steps = object_steps(Case::named("ecdsa-3").rotation(), "cluster", "script-faults-pods");
    steps.retain(|step| step.id == "cluster 1-verify");
    assert_eq!(steps.len(), 1);
    disturb("script-faults-pod-logs", steps);
}

#[test]
fn objects_of_a_management_cluster() {
    let steps = object_steps(Case::named("rsa-3").rotation(), "management", "script-faults-managed");
    assert!(steps.len() > 7, "{}", steps.len());
    disturb("script-faults-management", steps);
}

/// The step that replaces workers, for the remaining one.
#[test]
fn workers_that_are_replaced() {
    let request = RotationRequest { workers: Workers::Replace, ..RotationRequest::default() };
    let rotation = Rotation::of(fixtures::files("kubeadm/ecdsa-3"), &request, "script-faults-replaced");
    let steps = object_steps(&rotation, "cluster", "script-faults-replacing");
    let mut steps: Vec<Step> = steps.into_iter().filter(|step| step.id == "cluster 3-workers").collect();
    assert_eq!(steps.len(), 1);
    steps[0].run.push_str(" --remove old1");
    disturb("script-faults-replace", steps);
}

/// A package for a StarlingX system, and its manifest.
pub(super) fn starlingx(folder: &Path) -> (PathBuf, Value) {
    let package = folder.join("package");
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string()).args(["package", "--out"]).arg(&package);
    command.args(["--platform", "starlingx", "--accept-outage"]).arg(fixtures::path("kubeadm/ecdsa-3"));
    assert!(output(&mut command).status.success());
    let manifest = fs::read_to_string(package.join("manifest.json")).expect("a package has a manifest");
    let manifest = serde_json::from_str(&manifest).expect("it is JSON");
    (package, manifest)
}

#[test]
fn phases_of_starlingx() {
    let folder = scratch("script-faults-starlingx-package");
    let (package, manifest) = starlingx(&folder);
    let tree = folder.join("controller");
    fs::create_dir_all(tree.join("var/lib/standin")).expect("a folder can be made");
    let text = |step: &Value, key: &str| step[key].as_str().expect("a text").to_owned();
    let steps = manifest["steps"].as_array().expect("steps").iter();
    let of_tool = steps.filter(|step| step["run"].as_str().is_some_and(|run| run.contains("starlingx.sh")));
    let steps: Vec<Step> = of_tool
        .map(|step| Step {
            id: text(step, "id"),
            package: package.clone(),
            tree: tree.clone(),
            run: text(step, "run"),
            gate: text(step, "gate"),
            commands: vec!["mktemp", "system"],
            environment: vec![
                ("SYSTEM", root().join("tests/starlingx/system.py").display().to_string()),
                ("OS_AUTH_URL", "http://192.0.2.1:5000/v3".to_owned()),
            ],
            library: "starlingx",
        })
        .collect();
    assert!(steps.len() > 10, "{}", steps.len());
    disturb("script-faults-starlingx", steps);
}

/// Talos machines, and a cluster in which a workload uses Talos API access.
fn talos_machines(folder: &Path, contract: &str) -> PathBuf {
    let tree = folder.join("machines");
    let state = tree.join("var/lib/standin");
    fs::create_dir_all(&state).expect("a folder can be made");
    for (address, role) in [("10.5.1.2", "controlplane"), ("10.5.1.3", "controlplane"), ("10.5.1.4", "worker")] {
        fs::write(state.join(format!("{address}.yaml")), talos::base(contract, role)).expect("a machine is made");
    }
    fs::write(state.join("10.5.1.4.handed"), talos::base(contract, "controlplane")).expect("it was told");
    fs::write(state.join("access"), "").expect("a file can be written");
    tree
}

#[test]
fn machines_of_talos() {
    let rotation = talos::to_the_fixtures_cas("1.13", &talos::APIS.map(|(id, _)| id));
    let folder = scratch("script-faults-talos-machines");
    let programs = folder.join("programs");
    fs::create_dir_all(&programs).expect("a folder can be made");
    for name in ["kubectl", "talosctl"] {
        symlink(built("talos"), programs.join(name)).expect("a link can be made");
    }
    let own = folder.join("talosconfig");
    fs::write(&own, talos::read("cluster-a/contract-v1.13/talosconfig")).expect("a person has a talosconfig");
    let tree = talos_machines(&folder, "1.13");
    let manifest = rotation.manifest();
    let text = |step: &Value, key: &str| step[key].as_str().expect("a text").to_owned();
    let steps = manifest["steps"].as_array().expect("steps").iter().filter(|step| step["gate"] != "");
    let steps = steps.map(|step| {
        let [run, gate] = ["run", "gate"].map(|key| text(step, key));
        Step {
            id: text(step, "id"),
            package: rotation.root(),
            tree: tree.clone(),
            run: if run.is_empty() { gate.clone() } else { run },
            gate,
            commands: vec!["base64", "cat", "kubectl", "mktemp", "sha256sum", "talosctl", "tr"],
            environment: vec![
                ("OTHER_COMMANDS", programs.display().to_string()),
                ("TALOS_MACHINES", "/var/lib/standin".to_owned()),
                ("TALOS_TIME", talos::now().0.to_string()),
                ("TALOSCONFIG", own.display().to_string()),
                ("AIRLOCK_CONTROL_PLANE", "10.5.1.2 10.5.1.3".to_owned()),
                ("AIRLOCK_WORKERS", "10.5.1.4".to_owned()),
            ],
            library: "talos",
        }
    });
    // Steps that read logs are tested in `verify.rs` and below.
    let steps: Vec<Step> = steps.filter(|step| !step.id.contains("-verify")).collect();
    assert!(steps.len() > 14, "{}", steps.len());
    disturb("script-faults-talos", steps);
}

#[test]
fn subclouds_of_starlingx() {
    let folder = scratch("script-faults-subclouds-package");
    let package = folder.join("package");
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string()).args(["package", "--out"]).arg(&package);
    command.args(["--platform", "starlingx-dc", "--force-in-sync"]).arg(fixtures::path("kubeadm/ecdsa-3"));
    assert!(output(&mut command).status.success());
    let manifest = fs::read_to_string(package.join("manifest.json")).expect("a package has a manifest");
    let manifest: Value = serde_json::from_str(&manifest).expect("it is JSON");
    let tree = folder.join("controller");
    for name in ["var/lib/standin", "var/lib/airlock"] {
        fs::create_dir_all(tree.join(name)).expect("a folder can be made");
    }
    let text = |step: &Value, key: &str| step[key].as_str().expect("a text").to_owned();
    let steps = manifest["steps"].as_array().expect("steps").iter();
    let asked = steps.filter(|step| step["gate"] != "").map(|step| {
        let [run, gate] = ["run", "gate"].map(|key| text(step, key));
        Step {
            id: text(step, "id"),
            package: package.clone(),
            tree: tree.clone(),
            run: if run.is_empty() { gate.clone() } else { run },
            gate,
            commands: vec!["dcmanager", "mktemp"],
            environment: vec![
                ("DCMANAGER", root().join("tests/starlingx/dcmanager.py").display().to_string()),
                ("OS_AUTH_URL", "http://192.0.2.1:5000/v3".to_owned()),
                ("AIRLOCK_STATE", "/var/lib/airlock".to_owned()),
                ("AIRLOCK_TIMEOUT", "4000".to_owned()),
            ],
            library: "dcmanager",
        }
    });
    let steps: Vec<Step> = asked.collect();
    assert_eq!(steps.len(), 9);
    // Aborting is not a separate step: it follows another one.
    let taken = ["1-create", "2-apply"].map(|id| {
        let step = steps.iter().find(|step| step.id == id).expect("there is such a step");
        step.at(&step.tree)
    });
    let [run, gate] = ["sh dcmanager.sh abort", "sh dcmanager.sh abort --check"].map(str::to_owned);
    let abort = Step { id: "abort".to_owned(), run, gate, ..steps[0].at(&steps[0].tree) };
    disturb("script-faults-subclouds", steps);
    disturb("script-faults-subclouds-abort", taken.into_iter().chain([abort]).collect());
}
