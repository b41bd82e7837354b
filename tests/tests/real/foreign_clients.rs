//! Foreign CAs with which components verify clients: they stay in the files that contain them, and their clients stay
//! connected. OpenSSL creates the CAs and lists the bundles. Go and OpenSSL verify the clients. The scripts are tested
//! with shellcheck and on a machine without a cluster (`tests/scripts`).

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use airlock_core::{
    Content, InputFile,
    plan::{KubeletCertificates, RotationRequest},
    report::InventoryReport,
    simulate::Outcome,
};
use airlock_tests::{
    fixtures,
    foreign::Authority,
    loaded::Loaded,
    oracle::{Usage, Verify, VerifyResult, ask, assert_all_verify, assert_all_verify_strictly, openssl_refusal},
    phases::Phases,
    rotation::{PHASES, Rotation, scratch, walk},
    tools::{airlock, output, succeed},
};
use openssl::{nid::Nid, x509::X509};

use crate::script_faults::{Step, machine};

const FIXTURE: &str = "kubeadm/ecdsa-3";
const NODES: [&str; 4] = ["cp1", "cp2", "cp3", "worker1"];
const CA: &str = "etc/kubernetes/pki/ca.crt";
const CLIENT_CA: &str = "etc/kubernetes/pki/client-ca.crt";
const PUBLISHED: &str = "etc/kubernetes/pki/published.crt";
const SIGNING: &str = "etc/kubernetes/pki/cluster-ca.crt";
const NAME: &str = "Example Client CA";

/// A cluster whose files contain the foreign CA, with the position of the cluster CA in each file: the path below the
/// node, and the common names in order, where `*` stands for the cluster's own CAs.
struct Case {
    loaded: Loaded,
    bundles: BTreeMap<String, Vec<&'static str>>,
}

impl Case {
    fn new() -> Self {
        let own = NODES.map(|node| (format!("{node}/{CA}"), vec!["*"]));
        Self { loaded: Loaded::of(FIXTURE), bundles: own.into() }
    }

    /// Adds the foreign CA to a file that contains only the cluster CA.
    fn hold(mut self, path: &str, foreign: &Authority, first: bool) -> Self {
        let own = self.loaded.get(&format!("{}/{CA}", path.split('/').next().expect("a node")));
        let own = X509::stack_from_pem(&own).expect("PEM").remove(0).to_pem().expect("PEM");
        let (bytes, names) = if first {
            ([foreign.pem(), own].concat(), vec![NAME, "*"])
        } else {
            ([own, foreign.pem()].concat(), vec!["*", NAME])
        };
        self.loaded =
            if self.bundles.contains_key(path) { self.loaded.set(path, bytes) } else { self.add(path, bytes) };
        self.bundles.insert(path.to_owned(), names);
        self
    }

    fn add(&mut self, path: &str, bytes: Vec<u8>) -> Loaded {
        self.loaded.clone().with(&format!("ecdsa-3/{path}"), bytes)
    }

    fn flag(mut self, node: &str, component: &str, flag: &str, value: &str) -> Self {
        let manifest = format!("{node}/etc/kubernetes/manifests/{component}.yaml");
        let (from, to) = (format!("--{flag}=/{CA}"), format!("--{flag}=/{value}"));
        self.loaded = self.loaded.swap_text(&manifest, &from, &to);
        self
    }
}

/// The foreign CA in every `ca.crt`; kube-controller-manager signs with another file.
fn corp(foreign: &Authority, first: bool, signing: &str) -> Case {
    let mut case = Case::new();
    for node in NODES {
        if node != "worker1" {
            let own = case.loaded.get(&format!("{node}/{CA}"));
            case.loaded = case.add(&format!("{node}/{signing}"), own);
            case = case.flag(node, "kube-controller-manager", "cluster-signing-cert-file", signing);
        }
        case = case.hold(&format!("{node}/{CA}"), foreign, first);
    }
    case
}

/// The foreign CA in the files that kube-controller-manager publishes on these nodes, and in no other file.
fn published(foreign: &Authority, nodes: &[&str]) -> Case {
    nodes.iter().fold(Case::new(), |case, node| {
        case.flag(node, "kube-controller-manager", "root-ca-file", PUBLISHED).hold(
            &format!("{node}/{PUBLISHED}"),
            foreign,
            false,
        )
    })
}

/// A separate file for `--client-ca-file` on these nodes.
fn client_ca(foreign: &Authority, nodes: &[&str]) -> Case {
    nodes.iter().fold(Case::new(), |case, node| {
        case.flag(node, "kube-apiserver", "client-ca-file", CLIENT_CA).hold(
            &format!("{node}/{CLIENT_CA}"),
            foreign,
            false,
        )
    })
}

/// A worker whose kubelet verifies clients with a separate file.
fn worker_file(foreign: &Authority) -> Case {
    let path = "etc/kubernetes/pki/kubelet-client-ca.crt";
    let mut case = Case::new();
    let (from, to) = (format!("clientCAFile: /{CA}"), format!("clientCAFile: /{path}"));
    case.loaded = case.loaded.swap_text("worker1/var/lib/kubelet/config.yaml", &from, &to);
    case.hold(&format!("worker1/{path}"), foreign, false)
}

fn cases(foreign: &Authority) -> Vec<(&'static str, Case)> {
    vec![
        ("corp", corp(foreign, false, SIGNING)),
        ("corp-first", corp(foreign, true, SIGNING)),
        ("corp-signing", corp(foreign, false, "etc/kubernetes/pki/ca-signing.crt")),
        ("client-ca", client_ca(foreign, &["cp1", "cp2", "cp3"])),
        ("client-ca-some", client_ca(foreign, &["cp1", "cp3"])),
        ("worker", Case::new().hold(&format!("worker1/{CA}"), foreign, false)),
        ("worker-file", worker_file(foreign)),
    ]
}

/// The common names of the certificates in a PEM, as OpenSSL reads them.
fn names(pem: &[u8]) -> Vec<String> {
    let read = X509::stack_from_pem(pem).expect("PEM");
    let names = read.iter().map(|one| {
        let name = one.subject_name().entries_by_nid(Nid::COMMONNAME).last().expect("a name");
        name.data().to_string().expect("text")
    });
    names.collect()
}

/// The package's content for a node's file in a phase: the node's own version if there is one, otherwise the common
/// file for workers.
fn packaged(rotation: &Rotation, phase: usize, path: &str) -> Vec<u8> {
    let group = if path.starts_with("worker1/") { "workers" } else { "control-plane" };
    let own = rotation.phase(phase).join(group).join(path);
    fs::read(if own.is_file() { own } else { rotation.phase(phase).join("workers/ca.crt") })
        .expect("it is in the package")
}

fn rotation(label: &str, case: &Case) -> Rotation {
    Rotation::of(case.loaded.0.clone(), &RotationRequest::default(), &format!("foreign-{label}"))
}

#[test]
fn it_stays_in_exactly_the_files_that_held_it() {
    let foreign = Authority::new(NAME, 2020);
    for (label, case) in cases(&foreign) {
        let rotation = rotation(label, &case);
        let new = names(&rotation.read("3-drop-old/workers/ca.crt"));
        let [new] = new.as_slice() else { panic!("{label}: {new:?}") };
        let own: [&[&str]; 3] = [&["kubernetes", new], &[new, "kubernetes"], &[new]];
        for (phase, own) in (1..).zip(own) {
            for (path, held) in &case.bundles {
                let expected: Vec<&str> =
                    held.iter().flat_map(|name| if *name == "*" { own.to_vec() } else { vec![*name] }).collect();
                assert_eq!(names(&packaged(&rotation, phase, path)), expected, "{label}, phase {phase}: {path}");
            }
            let with: Vec<String> = walk(&rotation.phase(phase))
                .into_iter()
                .filter(|path| path.ends_with(".crt"))
                .filter(|path| names(&rotation.read(&format!("{}/{path}", PHASES[phase]))).contains(&NAME.to_owned()))
                .map(|path| path.split_once('/').expect("a holder").1.to_owned())
                .collect();
            let mut held: Vec<String> =
                case.bundles.iter().filter(|(_, names)| names.len() > 1).map(|(path, _)| path.clone()).collect();
            held.sort();
            assert_eq!(with, held, "{label}, phase {phase}");
        }
        let edges = &rotation.package.matrix.edges;
        let clients: Vec<_> = edges.iter().filter(|edge| edge.row == "foreign-client-consumer").collect();
        assert!(
            !clients.is_empty() && clients.iter().all(|edge| edge.worst() == Outcome::Holds),
            "{label}: {clients:?}"
        );
        let asked: Vec<_> = rotation.inventory.findings.iter().filter(|finding| finding.code == "foreign-ca").collect();
        assert_eq!(asked.len(), case.bundles.values().filter(|names| names.len() > 1).count(), "{label}: {asked:?}");
        assert!(asked.iter().all(|one| one.message.contains("keep their access to")), "{label}: {asked:?}");
    }
}

/// kube-controller-manager signs with a file that contains one certificate in each phase, and its flag does not change.
#[test]
fn the_signing_file_changes_hands_in_phase_2_and_stays() {
    let foreign = Authority::new(NAME, 2020);
    for signing in [SIGNING, "etc/kubernetes/pki/ca-signing.crt"] {
        let rotation = rotation("signing", &corp(&foreign, false, signing));
        let new = names(&rotation.read("3-drop-old/workers/ca.crt"));
        for (phase, expected) in [(1, None), (2, Some(&new)), (3, None)] {
            for node in &NODES[..3] {
                let folder = rotation.phase(phase).join("control-plane").join(node);
                let file = folder.join(signing);
                assert_eq!(
                    fs::read(&file).ok().map(|pem| names(&pem)).as_ref(),
                    expected,
                    "phase {phase}: {}",
                    file.display()
                );
                assert!(
                    !folder.join("etc/kubernetes/manifests/kube-controller-manager.yaml").exists(),
                    "phase {phase}"
                );
                let script = fs::read_to_string(folder.join("apply.sh")).expect("a script");
                assert!(!script.contains("take_away"), "phase {phase}: {script}");
            }
        }
    }
}

fn question(what: String, roots: &[u8], certificate: &str) -> Verify {
    Verify {
        what,
        roots: String::from_utf8(roots.to_vec()).expect("PEM is text"),
        certificate: certificate.to_owned(),
        usage: Usage::Client,
        dns_name: String::new(),
        time: fixtures::now(),
    }
}

/// With the bundle of each phase, Go and OpenSSL accept the foreign CA's client. After phase 3 they reject the old CA's
/// client.
#[test]
fn go_and_openssl_accept_its_clients_in_every_phase() {
    let foreign = Authority::new(NAME, 2020);
    let client = foreign.client("alice");
    let old = fixtures::read(&format!("{FIXTURE}/cp1/etc/kubernetes/pki/apiserver-kubelet-client.crt"));
    let old = String::from_utf8(old).expect("PEM is text");
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for (label, case) in cases(&foreign) {
        let rotation = rotation(label, &case);
        for (path, held) in &case.bundles {
            for phase in 1..=3 {
                let bundle = packaged(&rotation, phase, path);
                let what = |who: &str| format!("{label}, phase {phase}, {path}: {who}");
                let list = if held.contains(&NAME) { &mut accepted } else { &mut refused };
                list.push(question(what("the foreign CA's client"), &bundle, &client));
                let list = if phase < 3 { &mut accepted } else { &mut refused };
                list.push(question(what("the old CA's client"), &bundle, &old));
            }
        }
    }
    assert_all_verify(&accepted);
    assert_all_verify_strictly(&accepted);
    let answers: Vec<VerifyResult> = ask("verify", &refused);
    for (question, answer) in refused.iter().zip(answers) {
        assert!(!answer.ok, "Go accepts {}", question.what);
        assert!(openssl_refusal(question).is_some(), "OpenSSL accepts {}", question.what);
    }
}

/// Writes a case to a folder, which other functions then use like a fixture.
fn on_disk(label: &str, case: &Case) -> PathBuf {
    let folder = scratch(&format!("foreign-{label}-input"));
    fixtures::copy(&fixtures::path(FIXTURE), &folder);
    for InputFile { path, content, .. } in &case.loaded.0 {
        if let Content::Bytes(bytes) = content {
            let file = folder.join(path.strip_prefix("ecdsa-3/").expect("below the fixture"));
            fs::write(file, bytes.as_slice()).expect("a file can be written");
        }
    }
    folder
}

fn run(arguments: &[&str], paths: &[&Path]) -> (bool, String) {
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string()).args(arguments).args(paths);
    let output = output(&mut command);
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
    )
}

/// `airlock check` recognizes each phase, and a package that continues from phase 1 or 2 ends with the same bundles.
#[test]
fn phases_are_recognised_and_continued() {
    let foreign = Authority::new(NAME, 2020);
    for (label, case) in [
        ("corp", corp(&foreign, true, SIGNING)),
        ("client-ca", client_ca(&foreign, &["cp1", "cp3"])),
        ("published", published(&foreign, &["cp1", "cp2"])),
        ("worker", Case::new().hold(&format!("worker1/{CA}"), &foreign, false)),
    ] {
        let label = &format!("{label}-standing");
        let input = on_disk(label, &case);
        let request = RotationRequest { kubelet_certificates: KubeletCertificates::Mint, ..RotationRequest::default() };
        let rotation = Rotation::of(case.loaded.0.clone(), &request, &format!("foreign-{label}"));
        let phases = Phases::over(input.to_str().expect("a path"), "", &rotation.root(), &format!("foreign-{label}"));
        for phase in 1..=3 {
            let trees = phases.phase(phase);
            for asked in 1..=3 {
                let paths = [trees.as_path(), &rotation.root()];
                let (holds, said) = run(&["check", "--phase", &asked.to_string()], &paths);
                assert_eq!(holds, asked <= phase, "{label}: phase {phase} is asked for {asked}: {said}");
            }
            let (_, report) = run(&["inspect", "--format", "json"], &[&trees]);
            let report: InventoryReport = serde_json::from_str(&report).expect("inspection gives JSON");
            if phase < 3 {
                assert_eq!(report.rotation.authorities.len(), 2, "{label}: phase {phase}: without the package");
            }
        }
        for phase in 1..=2 {
            let out = scratch(&format!("foreign-{label}-continued-{phase}"));
            let arguments = ["package", "--kubelet-certs", "mint", "--out", out.to_str().expect("a path")];
            let (made, said) = run(&arguments, &[&phases.phase(phase), &rotation.root()]);
            assert!(made, "{label}: from phase {phase}: {said}");
            for (path, held) in case.bundles.iter().filter(|(_, held)| held.len() > 1) {
                let group = if path.starts_with("worker1/") { "workers" } else { "control-plane" };
                let file = fs::read(out.join(PHASES[3]).join(group).join(path)).expect("it is in the package");
                assert_eq!(file, packaged(&rotation, 3, path), "{label}: from phase {phase}: {path}: {held:?}");
            }
        }
    }
}

fn step(rotation: &Rotation, tree: &Path, run: &str, environment: Vec<(&'static str, String)>) -> Step {
    Step {
        id: run.to_owned(),
        package: rotation.root(),
        tree: tree.to_owned(),
        run: run.to_owned(),
        gate: "true".to_owned(),
        commands: Vec::new(),
        environment,
        library: "cluster",
    }
}

/// The check passes only with the content that these control-plane nodes publish.
#[test]
fn the_gate_knows_what_is_published() {
    let foreign = Authority::new(NAME, 2020);
    for (case, file, bundles) in
        [("gate", CA, corp(&foreign, false, SIGNING)), ("gate-published", PUBLISHED, published(&foreign, &NODES[..3]))]
    {
        let rotation = rotation(case, &bundles);
        let scripts: Vec<String> = rotation.paths().into_iter().filter(|path| path.ends_with("/apply.sh")).collect();
        let mut shellcheck = Command::new("shellcheck");
        succeed(
            shellcheck
                .args(["--shell", "sh", "--exclude", "SC1091,SC2034"])
                .args(&scripts)
                .current_dir(rotation.root()),
        );
        let own = format!("control-plane/cp1/{file}");
        for (label, published, expected) in [
            ("own", rotation.phase(1).join(&own), true),
            ("without", rotation.phase(1).join("workers/ca.crt"), false),
            ("next", rotation.phase(2).join(&own), false),
        ] {
            let folder = scratch(&format!("foreign-{case}-{label}"));
            let tree = folder.join("tree");
            fs::create_dir_all(tree.join("var/lib/standin")).expect("a folder can be made");
            let environment = vec![("PUBLISHED", published.display().to_string())];
            let step = step(&rotation, &tree, "sh 1-trust-both/cluster/apply.sh published --check", environment);
            let outcome = machine(&step, &folder.join("out"), &step.run, "true", &[]);
            assert_eq!(outcome.codes["second"] == 0, expected, "{case}, {label}: {}", outcome.said);
        }
    }
}

/// The workers' script gives a worker that contains the foreign CA its own file, and every other worker the common
/// file.
#[test]
fn a_worker_gets_its_own_file() {
    let foreign = Authority::new(NAME, 2020);
    let case = Case::new().hold(&format!("worker1/{CA}"), &foreign, false);
    let rotation = rotation("worker-script", &case);
    let input = on_disk("worker-script", &case);
    for (node, expected) in [
        ("worker1", rotation.phase(1).join(format!("workers/worker1/{CA}"))),
        ("worker2", rotation.phase(1).join("workers/ca.crt")),
    ] {
        let folder = scratch(&format!("foreign-worker-{node}"));
        let tree = folder.join("tree");
        fixtures::copy(&input.join("worker1"), &tree);
        if node == "worker2" {
            fs::copy(fixtures::path(&format!("{FIXTURE}/worker1/{CA}")), tree.join(CA)).expect("it can be copied");
        }
        let run = format!("sh 1-trust-both/workers/apply.sh --node {node}");
        let step = step(&rotation, &tree, &run, Vec::new());
        let outcome =
            machine(&step, &folder.join("out"), &step.run, &format!("{run} --check"), &[("KEEP", "yes".to_owned())]);
        assert_eq!((outcome.codes["second"], outcome.codes["check"]), (0, 0), "{node}: {}", outcome.said);
        let written = fs::read(outcome.folder.join("after").join(CA)).expect("it is there");
        assert_eq!(names(&written), names(&fs::read(&expected).expect("it is in the package")), "{node}");
        assert_eq!(written, fs::read(&expected).expect("it is in the package"), "{node}: {}", outcome.said);
    }
}
