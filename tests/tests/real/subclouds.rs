//! StarlingX Distributed Cloud: the steps update subclouds through a strategy of dcmanager. The simulation prints the
//! tables of the documentation (`tests/starlingx/dcmanager.txt`) and fails in every way that the documentation
//! describes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use airlock_tests::{
    fixtures,
    rotation::scratch,
    tools::{airlock, output, root, succeed},
};
use serde_json::Value;

const CLUSTER: &str = "kubeadm/ecdsa-3";
const THREE: &str = "subcloud1 1 managed online out-of-sync\nsubcloud2 1 managed online in-sync\nsubcloud3 edge managed online out-of-sync\n";

fn package(out: &Path, options: &[&str]) -> Output {
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string());
    command.args(["package", "--platform", "starlingx-dc", "--out"]).arg(out).args(options);
    output(command.arg(fixtures::path(CLUSTER)))
}

fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat()
}

/// A system controller with a package.
struct Controller {
    standin: PathBuf,
    package: PathBuf,
}

impl Controller {
    /// `setup`: files of the simulation.
    fn new(label: &str, options: &[&str], setup: &[(&str, &str)]) -> Self {
        let folder = scratch(&format!("subclouds-{label}"));
        let (standin, made) = (folder.join("standin"), folder.join("package"));
        fs::create_dir_all(&standin).expect("a folder can be made");
        let program = standin.join("dcmanager");
        let text =
            format!("#!/bin/sh\nexec python3 -I -S {} \"$@\"\n", root().join("tests/starlingx/dcmanager.py").display());
        fs::write(&program, text).expect("a file can be written");
        fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("it can be run");
        for (name, text) in setup {
            fs::write(standin.join(name), text).expect("a file can be written");
        }
        let output = package(&made, options);
        assert!(output.status.success(), "{}", said(&output));
        Self { standin, package: made }
    }

    fn shell(&self, line: &str) -> Output {
        let path = format!("{}:{}", self.standin.display(), std::env::var("PATH").unwrap_or_default());
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(&self.package).env("PATH", path).env("STANDIN", &self.standin);
        shell.env("OS_AUTH_URL", "http://192.0.2.1:5000/v3").env("AIRLOCK_PAUSE", "0").env("AIRLOCK_TIMEOUT", "200");
        output(&mut shell)
    }

    #[track_caller]
    fn works(&self, line: &str) -> String {
        let output = self.shell(line);
        assert!(output.status.success(), "{line}: {}", said(&output));
        said(&output)
    }

    #[track_caller]
    fn fails(&self, line: &str) -> String {
        let output = self.shell(line);
        assert!(!output.status.success(), "{line} succeeds: {}", said(&output));
        said(&output)
    }

    /// The commands that changed something.
    fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.standin.join("log")).unwrap_or_default();
        text.lines().map(|line| line.replace("kube-rootca-update-strategy ", "")).collect()
    }

    /// Every step that has a command: id, run, check.
    fn steps(&self) -> Vec<[String; 3]> {
        let text = fs::read_to_string(self.package.join("manifest.json")).expect("a package has a manifest");
        let manifest: Value = serde_json::from_str(&text).expect("it is JSON");
        let steps = manifest["steps"].as_array().expect("it has steps").iter();
        let text = |step: &Value, key: &str| step[key].as_str().expect("a text").to_owned();
        let all = steps.map(|step| ["id", "run", "gate"].map(|key| text(step, key)));
        all.filter(|[_, _, gate]| !gate.is_empty()).collect()
    }

    /// Runs the steps before the one with this id.
    #[track_caller]
    fn take_until(&self, end: &str) {
        for [id, run, gate] in self.steps() {
            if id == end {
                return;
            }
            for line in [&run, &gate].into_iter().filter(|line| !line.is_empty()) {
                self.works(line);
            }
        }
        panic!("there is no step {end}");
    }
}

/// The lines of a table with single spaces; a time is one word.
fn plain(text: &str) -> Vec<String> {
    let line = |line: &str| {
        let line = if line.starts_with("+-") { "+-+" } else { line };
        let cells = line.split('|').map(|cell| {
            let cell = cell.trim();
            if cell.starts_with("2021-10-") { "TIME" } else { cell }
        });
        cells.collect::<Vec<_>>().join("|")
    };
    text.trim().lines().map(line).collect()
}

#[test]
fn the_stand_in_prints_the_documented_tables() {
    let one = [("subclouds", "subcloud1 1 managed online out-of-sync\n")];
    let controller = Controller::new("tables", &[], &one);
    let text = fs::read_to_string(root().join("tests/starlingx/dcmanager.txt")).expect("the documentation's tables");
    let mut tables = text.split("\n$ ").skip(1).map(|part| part.split_once('\n').expect("a command and a table"));
    let (show, expected) = tables.next().expect("a first table");
    let different: Vec<_> =
        plain(&controller.works(show)).into_iter().zip(plain(expected)).filter(|(a, b)| a != b).collect();
    let status = |status: &str| format!("|kube-rootca_sync_status|{status}|");
    assert_eq!(different, [(status("out-of-sync"), status("in-sync"))]);
    let mut commands = Vec::new();
    for (command, expected) in tables {
        let command = command.replace("YYYY-MM-DD", "2031-08-25");
        if command.ends_with("delete") {
            while !controller.works("dcmanager strategy-step list").contains("complete") {}
        }
        let mut printed = plain(&controller.works(&command));
        // The documentation shows the steps during the last state; others precede it.
        while printed.iter().any(|line| line.contains("pre check") || line.contains("creating vim")) {
            printed = plain(&controller.works(&command));
        }
        assert_eq!(printed, plain(expected), "{command}");
        commands.push(command);
    }
    assert_eq!(commands.len(), 6);
}

/// Every step, in order: its check fails before the step, passes after it and until the end, and a second run changes
/// nothing.
#[test]
fn the_steps_take_subclouds_through_a_strategy() {
    let file = fixtures::path("brought/ca.crt");
    let folder = scratch("subclouds-cert-file");
    let pem = folder.join("root ca.pem");
    let key = fs::read_to_string(file.with_extension("key")).expect("a key");
    let certificate = fs::read_to_string(&file).expect("a certificate");
    let mut pkcs8 = Command::new("openssl");
    let key = match key.contains("BEGIN PRIVATE KEY") {
        true => key,
        false => succeed(pkcs8.args(["pkcs8", "-topk8", "-nodes", "-in"]).arg(file.with_extension("key"))),
    };
    fs::write(&pem, certificate + &key).expect("a file can be written");
    let pem = pem.display().to_string();
    for (label, options, create, updated) in [
        ("all", vec!["--expiry-date", "2031-08-25"], "--expiry-date 2031-08-25".to_owned(), "subcloud1 subcloud3"),
        (
            "group",
            vec!["--group", "edge", "--stop-on-failure", "--subject", "C=CA O=A company CN=new root"],
            "--group edge --subject C=CA O=A company CN=new root --stop-on-failure".to_owned(),
            "subcloud3",
        ),
        (
            "one",
            vec!["--cloud-name", "subcloud2", "--force-in-sync", "--cert-file", &pem],
            format!("--cert-file {pem} --force subcloud2"),
            "subcloud2",
        ),
        (
            "serial",
            vec!["--subcloud-apply-type", "serial", "--force-in-sync"],
            "--subcloud-apply-type serial --force".to_owned(),
            "subcloud1 subcloud2 subcloud3",
        ),
        (
            "parallel",
            vec!["--subcloud-apply-type", "parallel", "--max-parallel-subclouds", "1"],
            "--subcloud-apply-type parallel --max-parallel-subclouds 1".to_owned(),
            "subcloud1 subcloud3",
        ),
    ] {
        let controller = Controller::new(label, &options, &[("description", "a | site")]);
        let steps = controller.steps();
        for [id, run, gate] in &steps {
            let looks_only = run.is_empty() || id == "1-verify";
            assert_eq!(controller.shell(gate).status.success(), looks_only, "{label} {id}: its check before it");
            if run.is_empty() {
                continue;
            }
            controller.works(run);
            assert_eq!(controller.works(gate), "", "{label} {id}");
            let log = controller.log();
            controller.works(run);
            assert_eq!(controller.log(), log, "{label} {id}: a second run changes nothing");
        }
        for [id, _, gate] in &steps {
            controller.works(gate);
            assert!(!id.is_empty());
        }
        assert_eq!(controller.log(), [&format!("create {create}"), "apply", "delete"], "{label}");
        let record = fs::read_to_string(controller.package.join("dcmanager.record")).expect("a record");
        let names: Vec<_> = record.lines().filter_map(|line| line.strip_prefix("updated ")).collect();
        assert_eq!(names.join(" "), updated, "{label}");
    }
}

#[test]
fn a_failed_subcloud_is_named_and_the_rest_is_updated_later() {
    for (label, options, left) in
        [("failed", vec![], ""), ("stopped", vec!["--stop-on-failure", "--subcloud-apply-type", "serial"], "subcloud3")]
    {
        let controller = Controller::new(label, &options, &[("fails", "subcloud1")]);
        controller.take_until("2-follow");
        let words = controller.fails("sh dcmanager.sh follow");
        let expected = "subcloud1 failed: VIM strategy apply failed: kube-rootca-update-host-trust-both-cas timed out on controller-0.";
        assert!(words.contains(expected) && words.contains("FAILED: the strategy failed on: subcloud1"), "{words}");
        assert!(words.contains("dcmanager strategy-step show subcloud1"), "{words}");
        assert!(left.is_empty() || words.contains(&format!("Not started: {left}")), "{words}");
        assert!(controller.fails("sh dcmanager.sh follow --check").contains("subcloud1 failed"));
        for closed in ["delete --check", "in-sync --check", "apply"] {
            controller.fails(&format!("sh dcmanager.sh {closed}"));
        }
        controller.works("sh dcmanager.sh delete");
        assert!(
            controller.fails("sh dcmanager.sh delete --check").contains("no strategy of this package was complete")
        );
        for [_, run, gate] in controller.steps() {
            for line in [&run, &gate].into_iter().filter(|line| !line.is_empty()) {
                controller.works(line);
            }
        }
        assert_eq!(controller.log().iter().filter(|line| line.starts_with("create")).count(), 2);
        let record = fs::read_to_string(controller.package.join("dcmanager.record")).expect("a record");
        for name in ["subcloud1", "subcloud3"] {
            assert_eq!(record.matches(&format!("updated {name}")).count(), 1, "{record}");
        }
    }
}

#[test]
fn abort_completes_the_stage_in_progress_and_leaves_the_rest() {
    let controller = Controller::new("abort", &["--subcloud-apply-type", "serial"], &[]);
    controller.take_until("2-apply");
    assert!(controller.fails("sh dcmanager.sh abort").contains("not applied"));
    controller.take_until("2-follow");
    controller.fails("sh dcmanager.sh delete");
    assert!(controller.fails("sh dcmanager.sh abort --check").contains("NOT READY"));
    let words = controller.works("sh dcmanager.sh abort");
    assert!(
        words.contains("the strategy is aborted. Updated: subcloud1. Not started: subcloud3. Failed: none"),
        "{words}"
    );
    controller.works("sh dcmanager.sh abort --check");
    assert_eq!(controller.log().last().map(String::as_str), Some("abort"));
    controller.works("sh dcmanager.sh abort");
    assert!(controller.fails("sh dcmanager.sh follow").contains("aborted"));
    controller.works("sh dcmanager.sh delete");
    for [_, run, gate] in controller.steps() {
        for line in [&run, &gate].into_iter().filter(|line| !line.is_empty()) {
            controller.works(line);
        }
    }
    assert_eq!(controller.log()[2..], ["abort", "delete", "create --subcloud-apply-type serial", "apply", "delete"]);
}

#[test]
fn only_one_strategy_exists_at_a_time() {
    let other = Controller::new("other", &[], &[("other", "kube upgrade pre check")]);
    let foreign = Controller::new("foreign", &[], &[]);
    foreign.works("dcmanager kube-rootca-update-strategy create --group edge");
    for (controller, words) in
        [(&other, "a strategy of another type exists"), (&foreign, "that this package did not create")]
    {
        for line in ["none", "none --check", "create", "apply", "follow", "abort", "delete"] {
            let said = controller.fails(&format!("sh dcmanager.sh {line}"));
            assert!(said.contains(words), "{line}: {said}");
        }
    }
    assert!(other.log().is_empty());
    assert_eq!(foreign.log(), ["create --group edge"]);
    // The same strategy, if its record was loaded.
    let owned = Controller::new("owned", &["--group", "edge"], &[]);
    owned.works("sh dcmanager.sh create --group edge");
    let moved = owned.package.join("other-controller");
    fs::create_dir(&moved).expect("a folder can be made");
    owned.fails(&format!("AIRLOCK_STATE={} sh dcmanager.sh apply", moved.display()));
    fs::copy(owned.package.join("dcmanager.record"), moved.join("dcmanager.record")).expect("the record is copied");
    owned.works(&format!("AIRLOCK_STATE={} sh dcmanager.sh apply", moved.display()));
}

#[test]
fn subclouds_that_dcmanager_would_skip_or_refuse_are_named() {
    let offline = format!("{THREE}subcloud4 1 managed offline unknown\nsubcloud5 1 unmanaged online unknown\n");
    let unknown = format!("{THREE}subcloud4 1 managed online unknown\n");
    let in_sync = THREE.replace("out-of-sync", "in-sync");
    for (label, subclouds, options, words) in [
        ("offline", offline.as_str(), "", "subcloud4 is managed and offline; dcmanager would leave it out"),
        ("unmanaged", offline.as_str(), "subcloud5", "subcloud5 is unmanaged and online"),
        ("unknown", unknown.as_str(), "", "subcloud4: kube-rootca_sync_status is unknown"),
        ("in-sync", in_sync.as_str(), "", "every subcloud is in-sync"),
        ("one-in-sync", THREE, "subcloud2", "subcloud2 is in-sync, and dcmanager would not update it without --force"),
        ("no-such", THREE, "subcloud9", "Subcloud not found"),
        ("no-such-group", THREE, "--group south", "no subcloud"),
    ] {
        let controller = Controller::new(label, &[], &[("subclouds", subclouds)]);
        let said = controller.fails(&format!("sh dcmanager.sh ready {options} --check"));
        assert!(said.contains(words), "{label}: {said}");
    }
    let controller = Controller::new("left-out", &[], &[("subclouds", &offline)]);
    let left_out = "AIRLOCK_LEAVE_OUT='subcloud4 subcloud5' sh dcmanager.sh";
    let said = controller.works(&format!("{left_out} ready"));
    assert!(said.contains("will update: subcloud1 subcloud3"), "{said}");
    controller.fails(&format!("{left_out} ready subcloud4"));
    // A strategy that was created for another purpose is not this package's.
    controller.works("sh dcmanager.sh create --group edge");
    let said = controller.fails(&format!("{left_out} steps"));
    assert!(said.contains("the strategy has no step for subcloud1"), "{said}");
    assert!(controller.fails("sh dcmanager.sh steps subcloud1").contains("no step for subcloud1"));
    controller.works("sh dcmanager.sh steps --group edge");
    controller.works("sh dcmanager.sh delete && sh dcmanager.sh create --force");
    assert!(
        controller
            .fails("sh dcmanager.sh steps subcloud1")
            .contains("a step for subcloud2, which the options do not select")
    );
}

#[test]
fn options_that_a_release_does_not_have_are_named_before_anything_is_created() {
    let folder = scratch("subclouds-files");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).expect("a file can be written");
        path.display().to_string()
    };
    let [certificate, key] =
        ["CERTIFICATE", "PRIVATE KEY"].map(|of| format!("-----BEGIN {of}-----\nAAAA\n-----END {of}-----\n"));
    let good = write("good.pem", &format!("{certificate}{key}"));
    for (release, options, words) in [
        ("2026", format!("--cert-file {good}"), "this release of dcmanager has no option --cert-file"),
        ("2024", "--force".to_owned(), "this release of dcmanager has no option --force"),
        ("2021", "--cert-file missing.pem".to_owned(), "missing.pem does not exist"),
        ("2021", format!("--cert-file {}", write("bare.pem", &certificate)), "1 certificates and 0 private keys"),
        (
            "2021",
            format!("--cert-file {}", write("two.pem", &format!("{certificate}{certificate}{key}"))),
            "2 certificates",
        ),
        (
            "2021",
            format!(
                "--cert-file {}",
                write("ec.pem", &format!("{certificate}{}", key.replace("PRIVATE", "EC PRIVATE")))
            ),
            "convert the key to PKCS#8",
        ),
        (
            "2021",
            format!(
                "--cert-file {}",
                write("locked.pem", &format!("{certificate}{}", key.replace("PRIVATE", "ENCRYPTED PRIVATE")))
            ),
            "is encrypted",
        ),
        // Values that the client rejects; Airlock builds no package with them.
        ("2021", "--group edge subcloud1".to_owned(), "mutually exclusive"),
        ("2026", "--group edge --max-parallel-subclouds 2".to_owned(), "not supported when --group"),
        ("2021", format!("--cert-file {good} --expiry-date 2031-08-25"), "cannot be specified along with"),
    ] {
        let controller = Controller::new("release", &[], &[("release", release)]);
        let said = controller.fails(&format!("sh dcmanager.sh create {options}"));
        assert!(said.contains("FAILED") && said.contains(words), "{release} {options}: {said}");
        assert!(controller.log().is_empty(), "{options}");
    }
    // A current release also completes all steps.
    let controller = Controller::new("today", &["--force-in-sync"], &[("release", "2026")]);
    for [_, run, gate] in controller.steps() {
        for line in [&run, &gate].into_iter().filter(|line| !line.is_empty()) {
            controller.works(line);
        }
    }
}

#[test]
fn no_package_is_made_with_options_that_dcmanager_rejects() {
    let folder = scratch("subclouds-refused");
    for (options, words) in [
        (&["--group", "edge", "--cloud-name", "subcloud1"][..], "a subcloud's name or --group, not both"),
        (&["--group", "edge", "--subcloud-apply-type", "serial"], "does not take --subcloud-apply-type with --group"),
        (&["--group", "edge", "--max-parallel-subclouds", "2"], "does not take --max-parallel-subclouds with --group"),
        (&["--max-parallel-subclouds", "0"], "a number from 1 to 5000"),
        (
            &["--cert-file", "ca.pem", "--subject", "CN=a"],
            "dcmanager takes --cert-file, or --subject and --expiry-date",
        ),
        (&["--subject", "O=no common name"], "rejects the subject"),
        (&["--expiry-date", "2020-01-01"], "rejects the date"),
        (&["--ca-name", "mine"], "other properties of the CA cannot be chosen"),
        (&["--subcloud-apply-type", "both"], "parallel or serial"),
    ] {
        let output = package(&folder.join("package"), options);
        assert!(!output.status.success() && said(&output).contains(words), "{options:?}: {}", said(&output));
    }
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string());
    command.args(["package", "--stop-on-failure", "--out"]).arg(folder.join("other")).arg(fixtures::path(CLUSTER));
    let output = output(&mut command);
    assert!(!output.status.success() && said(&output).contains("has no subclouds"), "{}", said(&output));
}

#[test]
fn the_package_holds_no_key_and_says_what_is_not_updated() {
    let controller = Controller::new("content", &["--group", "edge sites"], &[]);
    let mut names: Vec<_> = fs::read_dir(&controller.package)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    assert_eq!(names, ["README.txt", "RUNBOOK.md", "SHA256SUMS", "dcmanager.sh", "manifest.json"]);
    let runbook = fs::read_to_string(controller.package.join("RUNBOOK.md")).expect("a runbook");
    for text in [
        "sh dcmanager.sh create --group 'edge sites'",
        "Schedule a maintenance window",
        "updateStrategy is OnDelete are deleted",
        "Only one dcmanager strategy, of any type, can exist at a time",
        "completes the stage that is in progress",
        "kube-rootca_sync_status",
        "The root CA of the system controller itself is not updated by dcmanager",
    ] {
        assert!(runbook.contains(text), "{text}: {runbook}");
    }
    assert!(!runbook.contains('{'), "a placeholder is left");
    succeed(Command::new("shellcheck").args(["--shell", "sh", "dcmanager.sh"]).current_dir(&controller.package));
    succeed(Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(&controller.package));
}
