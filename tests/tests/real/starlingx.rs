//! StarlingX: an independent reader (`tests/starlingx/sysinv.py`) parses the one-file CA. A script written from the
//! tool's puppet manifests applies its phases to trees and to a simulation of the tool.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use airlock_core::{
    Standing, UnixTime,
    formats::sysinv,
    report::InventoryReport,
    x509::{AuthorityName, NameAttribute},
};
use airlock_tests::{
    fixtures,
    oracle::ask_program,
    rotation::scratch,
    tools::{airlock, built, output, root, succeed},
};
use serde::Deserialize;
use serde_json::Value;

const CLUSTER: &str = "kubeadm/ecdsa-3";
const CONTROLLERS: [&str; 3] = ["cp1", "cp2", "cp3"];
const SUBJECT: &str = "C=CA ST=Ontario L=Ottawa O=Our company OU=Platform CN=kubernetes root";

fn python(verb: &str) -> Command {
    let mut command = Command::new("python3");
    command.arg(root().join("tests/starlingx/sysinv.py")).arg(verb);
    command
}

/// The tool's reaction to a subject or a date.
#[derive(Debug, Deserialize)]
struct Taken {
    error: String,
    #[serde(default)]
    subject: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    hours: i64,
}

#[test]
fn subjects_are_read_as_the_tool_reads_them() {
    let texts = [
        SUBJECT,
        "CN=kubernetes",
        "CN=kubernetes ",
        " CN=kubernetes",
        "C=CA  CN=two spaces",
        "C=CA\tCN=tab\n",
        "O=a b c CN=d e f",
        "O=first O=second CN=last",
        "CN=first CN=second",
        "O= CN=empty",
        "CN=",
        "CN",
        "",
        "=CN=a",
        "C=CA,CN=commas",
        "X=1 CN=a",
        "cn=lower",
        "O=Our company",
        "CN=a=b",
        "CN=a =b",
        "E=me@example.org CN=a",
        "OU=x\u{a0}y CN=no-break",
        "OU=x\u{1c}CN=separator",
        "O=ünïcode CN=kübernetes",
        "O==x CN=a",
        "C=CA ST=ON L=Ottawa O=company OU=sale CN=kubernetes",
    ];
    let answers: Vec<Taken> = ask_program(&mut python("subject"), &texts);
    for (text, answer) in texts.iter().zip(&answers) {
        match sysinv::subject(text) {
            Err(error) => {
                assert!(!answer.error.is_empty(), "{text:?} is taken there as {:?}, not here: {error}", answer.subject);
            }
            Ok(name) => {
                assert_eq!(answer.error, "", "{text:?} is refused there");
                let mut here = std::collections::BTreeMap::new();
                let (attributes, common_name) = match name {
                    AuthorityName::Common(name) => (Vec::new(), name),
                    AuthorityName::Distinguished(attributes, name) => (attributes, name),
                    AuthorityName::Organization(_) => unreachable!("a subject has a common name"),
                };
                here.insert("CN".to_owned(), common_name);
                here.extend(
                    attributes
                        .into_iter()
                        .map(|(attribute, value): (NameAttribute, _)| (attribute.as_str().to_owned(), value)),
                );
                assert_eq!(here, answer.subject, "{text:?}");
            }
        }
    }
    assert!(answers.iter().filter(|answer| answer.error.is_empty()).count() > 8, "{answers:?}");
}

#[test]
fn days_are_read_as_the_tool_reads_them() {
    // Noon, and the last second of a day.
    for now in [1_795_000_000 / 86_400 * 86_400 + 43_200, 1_795_000_000 / 86_400 * 86_400 + 86_399] {
        let today = UnixTime(now);
        let near = (0..5).map(|days| today.plus_days(days).date());
        let odd = [
            "2031-08-25",
            "2031-8-5",
            "2031-02-29",
            "2032-02-29",
            "31-08-25",
            "2031/08/25",
            "2031-13-01",
            "2031-00-10",
            "2031-08-32",
            "2031-08",
            "2031-08-25 ",
            " 2031-08-25",
            "2031-08-25T00:00",
            "20310825",
            "",
            "9999-12-31",
            "2031-08- 5",
            "2020-01-01",
            "+2031-08-25",
            "2031-008-25",
        ];
        let texts: Vec<String> = near.chain(odd.map(str::to_owned)).collect();
        let questions: Vec<(String, i64)> = texts.iter().map(|text| (text.clone(), now)).collect();
        let answers: Vec<Taken> = ask_program(&mut python("expiry"), &questions);
        for (text, answer) in texts.iter().zip(&answers) {
            match sysinv::expiry(text, today) {
                Ok(end) => assert_eq!((answer.error.as_str(), answer.hours * 3600), ("", end.0 - now), "{text:?}"),
                Err(error) => {
                    assert!(
                        !answer.error.is_empty(),
                        "{text:?} is taken there ({} h), not here: {error}",
                        answer.hours
                    );
                }
            }
        }
    }
}

fn package(out: &Path, options: &[&str], paths: &[&Path]) -> Output {
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string()).args(["package", "--out"]).arg(out);
    output(command.args(options).args(paths))
}

fn words(said: &Output) -> String {
    String::from_utf8_lossy(&said.stderr).into_owned()
}

fn upload(file: &Path) -> Value {
    let mut command = python("upload");
    let answer = succeed(command.arg(file).arg(fixtures::now().0.to_string()));
    serde_json::from_str(&answer).expect("the reader answers in JSON")
}

const WINDOW: &[&str] = &["--platform", "starlingx", "--accept-outage"];

#[test]
fn the_one_file_is_taken_by_the_tool() {
    let folder = scratch("starlingx-upload");
    let cluster = fixtures::path(CLUSTER);
    for (key, options) in [
        ("same", &["--subject", SUBJECT, "--expiry-date", "2031-08-25"][..]),
        ("rsa-2048", &["--ca-name", "kubernetes root"]),
        ("ecdsa-p384", &[]),
    ] {
        let out = folder.join(key);
        let said = package(&out, &[WINDOW, &["--key-type", key], options].concat(), &[&cluster]);
        assert!(said.status.success(), "{}", words(&said));
        let taken = upload(&out.join("1-trust-both/cluster/rootca.pem"));
        assert_eq!(
            (&taken["error"], &taken["matches"], &taken["issuer"]),
            (&"".into(), &true.into(), &true.into()),
            "{key}"
        );
        let text = fs::read_to_string(out.join("1-trust-both/cluster/rootca.pem")).expect("it is there");
        assert!(
            text.contains("-----BEGIN PRIVATE KEY-----") && text.ends_with("-----\n"),
            "PKCS#8, and a last line that ends"
        );
        if key == "same" {
            let subject: Vec<_> = taken["subject"]
                .as_array()
                .expect("a subject has attributes")
                .iter()
                .map(|pair| (pair[0].as_str().unwrap_or_default(), pair[1].as_str().unwrap_or_default()))
                .collect();
            // The order in which cert-manager, a Go program, writes them.
            let expected = [
                ("2.5.4.6", "CA"),
                ("2.5.4.10", "Our company"),
                ("2.5.4.11", "Platform"),
                ("2.5.4.7", "Ottawa"),
                ("2.5.4.8", "Ontario"),
                ("2.5.4.3", "kubernetes root"),
            ];
            assert_eq!(subject, expected);
            let end = UnixTime(taken["notAfter"].as_i64().expect("it ends"));
            assert_eq!(end.date(), "2031-08-25");
            let runbook = fs::read_to_string(out.join("RUNBOOK.md")).expect("there is a runbook");
            let generate = "system kube-rootca-update-generate-cert --expiry-date 2031-08-25 --subject 'C=CA O=Our company OU=Platform L=Ottawa ST=Ontario CN=kubernetes root'";
            assert!(runbook.contains(generate), "{runbook}");
        }
    }
}

/// If the user does not accept the window in which a controller signs too early, no package is built.
#[test]
fn the_window_has_to_be_accepted() {
    let folder = scratch("starlingx-window");
    let said = package(&folder.join("package"), &["--platform", "starlingx"], &[&fixtures::path(CLUSTER)]);
    let words = words(&said);
    assert!(
        !said.status.success() && words.contains("breaks in step 1-cp1") && words.contains("--accept-outage"),
        "{words}"
    );
    assert!(words.contains("from the first controller's trust-both-cas until the last one's"), "{words}");
    let said = package(&folder.join("other"), &["--subject", SUBJECT], &[&fixtures::path(CLUSTER)]);
    assert!(!said.status.success() && self::words(&said).contains("--platform starlingx"), "{}", self::words(&said));
}

/// A CA created by OpenSSL, valid from some hours ago for some hours.
fn brought(folder: &Path, name: &str, hours: (i64, i64), extensions: &str) -> (String, String) {
    let at = |hours: i64| {
        let time = UnixTime(fixtures::now().0 + hours * 3600).to_string();
        time.replace(['-', ':', 'T'], "")
    };
    let config = format!(
        "[ca]\ndefault_ca=here\n[here]\nnew_certs_dir=.\ndatabase={name}.index\nrand_serial=yes\ndefault_md=sha256\npolicy=any\nx509_extensions=extensions\nunique_subject=no\n[any]\ncommonName=supplied\n[extensions]\n{extensions}\n"
    );
    let path = |end: &str| folder.join(format!("{name}.{end}")).display().to_string();
    fs::write(path("cnf"), config).expect("a file can be written");
    fs::write(path("index"), "").expect("a file can be written");
    let mut request = Command::new("openssl");
    request.args(["req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj"]);
    succeed(request.arg(format!("/CN={name}")).args(["-keyout", &path("key"), "-out", &path("csr")]));
    let mut sign = Command::new("openssl");
    sign.args([
        "ca",
        "-batch",
        "-notext",
        "-selfsign",
        "-config",
        &path("cnf"),
        "-keyfile",
        &path("key"),
        "-in",
        &path("csr"),
    ]);
    sign.args(["-startdate", &at(-hours.0), "-enddate", &at(hours.1), "-out", &path("crt")]).current_dir(folder);
    succeed(&mut sign);
    (path("crt"), path("key"))
}

#[test]
fn what_the_tool_refuses_is_refused_beforehand() {
    let folder = scratch("starlingx-refused");
    let ca =
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature,keyCertSign\nsubjectKeyIdentifier=hash";
    let leaf = "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature,keyCertSign\nsubjectKeyIdentifier=hash";
    for (name, hours, extensions, is_taken) in [
        ("good", (24, 24 * 365), ca, true),
        ("barely", (2, 25), ca, true),
        ("expired", (48, -1), ca, false),
        ("not-yet", (-2, 24 * 365), ca, false),
        ("little-left", (24, 23), ca, false),
        ("short", (1, 22), ca, false),
        ("leaf", (24, 24 * 365), leaf, false),
        ("bare", (24, 24 * 365), "subjectKeyIdentifier=hash", false),
    ] {
        let (certificate, key) = brought(&folder, name, hours, extensions);
        let one = folder.join(format!("{name}.pem"));
        fs::write(&one, [fs::read(&certificate).expect("made"), fs::read(&key).expect("made")].concat())
            .expect("a file can be written");
        assert_eq!(upload(&one)["error"] == "", is_taken, "{name}: the reader says {}", upload(&one)["error"]);
        let options = [WINDOW, &["--ca-cert", &certificate, "--ca-key", &key]].concat();
        let said = package(&folder.join(format!("{name}-package")), &options, &[&fixtures::path(CLUSTER)]);
        assert_eq!(said.status.success(), is_taken, "{name}: {}", words(&said));
    }
    for (days, is_taken) in [("1", true), ("0", false)] {
        let said = package(
            &folder.join(format!("days-{days}")),
            &[WINDOW, &["--ca-days", days, "--leaf-days", "1"]].concat(),
            &[&fixtures::path(CLUSTER)],
        );
        assert_eq!(said.status.success(), is_taken, "{days}: {}", words(&said));
    }
}

/// Applies the tool's phase to a host's tree, as puppet does.
fn puppet(trees: &Path, host: &str, phase: &str, ca: &Path) {
    let personality = if CONTROLLERS.contains(&host) { "controller" } else { "worker" };
    let mut run = Command::new("sh");
    run.arg(root().join("tests/starlingx/puppet.sh")).arg(trees.join(host)).args([personality, phase]);
    run.arg(ca).arg(ca.with_extension("key")).env("KUBECTL", built("kubectl"));
    succeed(&mut run);
}

fn inspect(trees: &Path) -> InventoryReport {
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string()).args(["inspect", "--format", "json"]).arg(trees);
    serde_json::from_slice(&output(&mut command).stdout).expect("inspection gives JSON")
}

fn check(trees: &Path, phase: &str) -> bool {
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string()).args(["check", "--phase", phase]).arg(trees);
    output(&mut command).status.success()
}

#[track_caller]
fn standings(report: &InventoryReport, expected: &[(&str, Standing)]) {
    assert_eq!(report.platform, "starlingx");
    for (node, standing) in expected {
        let holder = report
            .rotation
            .holders
            .iter()
            .find(|holder| holder.name == *node)
            .unwrap_or_else(|| panic!("{node} is not there"));
        assert_eq!(holder.standing, *standing, "{node}");
        assert!(holder.out_of_line.is_empty(), "{node}: {:?}", holder.out_of_line);
    }
}

/// Stopped after trust-both-cas on one controller, continued with the same new CA, and recognized in every phase.
#[test]
fn an_update_is_recognised_in_every_phase_and_goes_on_with_the_same_new_ca() {
    use Standing::{Before, Switched, TrustsBoth};
    let folder = scratch("starlingx-phases");
    let (trees, ca) = (folder.join("hosts"), fixtures::path("brought/ca.crt"));
    fixtures::copy(&fixtures::path(CLUSTER), &trees);
    for beside in ["clients", "cluster"] {
        fs::remove_dir_all(trees.join(beside)).expect("it was copied");
    }
    let hosts: Vec<&str> = CONTROLLERS.into_iter().chain(["worker1"]).collect();
    let all = |standing| hosts.iter().map(|host| (*host, standing)).collect::<Vec<_>>();

    puppet(&trees, "cp1", "trust-both-cas", &ca);
    standings(&inspect(&trees), &[("cp1", TrustsBoth), ("cp2", Before), ("cp3", Before), ("worker1", Before)]);
    assert!(!check(&trees, "1"));
    let out = folder.join("goes-on");
    let said = package(&out, &["--accept-outage"], &[&trees]);
    assert!(said.status.success(), "{}", words(&said));
    let taken = upload(&out.join("1-trust-both/cluster/rootca.pem"));
    assert_eq!((&taken["error"], &taken["matches"]), (&"".into(), &true.into()));
    let text = |path: PathBuf| fs::read_to_string(path).expect("it is there");
    assert_eq!(taken["pem"], text(ca.clone()), "the same new CA");

    hosts[1..].iter().for_each(|host| puppet(&trees, host, "trust-both-cas", &ca));
    standings(&inspect(&trees), &all(TrustsBoth));
    assert!(check(&trees, "1") && !check(&trees, "2"));
    // If the phase runs again, it appends the new CA again: the set of trusted CAs stays the same.
    let bundle = trees.join("cp1/etc/kubernetes/pki/ca.crt");
    fs::write(&bundle, text(bundle.clone()) + &text(ca.clone())).expect("a file can be written");
    let twice = inspect(&trees);
    assert!(
        twice.rotation.holders.iter().any(|holder| holder.name == "cp1" && holder.standing == TrustsBoth),
        "{:?}",
        twice.rotation.holders
    );
    hosts.iter().for_each(|host| puppet(&trees, host, "update-certs", &ca));
    standings(&inspect(&trees), &all(Switched));
    assert!(check(&trees, "2") && !check(&trees, "3"));
    puppet(&trees, "cp1", "trust-new-ca", &ca);
    let report = inspect(&trees);
    standings(&report, &[("cp1", Standing::Done), ("cp2", Switched), ("worker1", Switched)]);
    hosts[1..].iter().for_each(|host| puppet(&trees, host, "trust-new-ca", &ca));
    // No file identifies the platform any more, and no second CA indicates a rotation.
    assert_eq!(inspect(&trees).platform, "kubeadm");
    for host in hosts {
        let pki = trees.join(host).join("etc/kubernetes/pki");
        assert_eq!(text(pki.join("ca.crt")), text(ca.clone()), "{host}");
    }
}

/// The tool that a step of the manifest calls, with a simulation that enforces the order of the real one.
struct StandIn {
    folder: PathBuf,
    package: PathBuf,
}

impl StandIn {
    fn new(package: &Path, folder: &Path) -> Self {
        fs::create_dir_all(folder).expect("a folder can be made");
        let program = folder.join("system");
        let text =
            format!("#!/bin/sh\nexec python3 -I -S {} \"$@\"\n", root().join("tests/starlingx/system.py").display());
        fs::write(&program, text).expect("a file can be written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&program, mode).expect("a mode can be set");
        Self { folder: folder.to_owned(), package: package.to_owned() }
    }

    fn run(&self, command: &str) -> Output {
        let path = format!("{}:{}", self.folder.display(), std::env::var("PATH").unwrap_or_default());
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(&self.package).env("PATH", path).env("STANDIN", &self.folder);
        output(shell.env("OS_AUTH_URL", "http://192.0.2.1:5000/v3").env("AIRLOCK_PAUSE", "0"))
    }

    /// The commands that the simulation received.
    fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

#[test]
fn the_steps_take_the_tool_through_an_update() {
    let folder = scratch("starlingx-tool");
    let out = folder.join("package");
    let said = package(&out, WINDOW, &[&fixtures::path(CLUSTER)]);
    assert!(said.status.success(), "{}", words(&said));
    let text = fs::read_to_string(out.join("manifest.json")).expect("a package has a manifest");
    let manifest: Value = serde_json::from_str(&text).expect("it is JSON");
    let steps = manifest["steps"].as_array().expect("it has steps").iter();
    let of_tool = |step: &&Value| step["run"].as_str().is_some_and(|run| run.contains("starlingx.sh"));
    let steps: Vec<_> = steps
        .filter(of_tool)
        .map(|step| {
            let text = |key: &str| step[key].as_str().expect("a step has texts").to_owned();
            assert_eq!(step["holder"], "cluster", "the tool runs on the active controller");
            (text("id"), text("run"), text("gate"))
        })
        .collect();
    let stand_in = StandIn::new(&out, &folder.join("standin"));
    fs::write(stand_in.folder.join("fails"), "cp2").expect("a file can be written");
    for (id, run, gate) in &steps {
        assert!(!stand_in.run(gate).status.success(), "{id} is not done before it is");
        let mut said = stand_in.run(run);
        if id == "1-cp2" {
            let words = words(&said);
            assert!(!said.status.success() && words.contains("updating-host-trust-both-cas-failed"), "{words}");
            said = stand_in.run(run);
        }
        assert!(said.status.success(), "{id}: {}", words(&said));
        let done = stand_in.run(gate);
        assert!(done.status.success() && done.stdout.is_empty(), "{id}: {}", words(&done));
        let before = stand_in.log();
        let again = stand_in.run(run);
        assert!(again.status.success() && again.stdout.is_empty(), "{id} again: {}", words(&again));
        assert_eq!(stand_in.log(), before, "{id} again tells the tool nothing");
    }
    for (id, _, gate) in &steps {
        assert!(stand_in.run(gate).status.success(), "{id} is still done at the end");
    }
    let phase = |word: &str| {
        ["cp1", "cp2", "cp3", "worker1"].map(|host| format!("kube-rootca-host-update {host} --phase {word}"))
    };
    let mut expected = vec![
        "kube-rootca-update-start".to_owned(),
        "kube-rootca-update-upload-cert 1-trust-both/cluster/rootca.pem".to_owned(),
    ];
    expected.extend(phase("trust-both-cas"));
    expected.insert(4, expected[3].clone());
    expected.push("kube-rootca-pods-update --phase trust-both-cas".to_owned());
    expected.extend(phase("update-certs").into_iter().chain(phase("trust-new-ca")));
    expected
        .extend(["kube-rootca-pods-update --phase trust-new-ca".to_owned(), "kube-rootca-update-complete".to_owned()]);
    assert_eq!(stand_in.log(), expected);
}
