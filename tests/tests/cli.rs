//! Tests the command line as a program: exit codes, written files, and that its results equal the core's.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

use airlock_core::{
    InputFile, RotationRequest,
    plan::{BroughtAuthority, NewAuthority},
    profile::AuthorityId,
    sample::{SAMPLES, Sample},
};
use airlock_tests::{
    fixtures,
    rotation::{scratch, walk},
    tools::{airlock, output, root, succeed},
};

/// Runs the command line at the fixtures' time, in the fixtures' folder.
fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(airlock());
    command.args(arguments).current_dir(fixtures::path("")).env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string());
    output(&mut command)
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ends by itself")
}

#[test]
fn usage_errors_end_with_2() {
    for arguments in [
        &["inspect"][..],
        &["inspect", "no-such-folder"],
        &["inspect", "kubeadm/rsa-1", "--format", "xml"],
        &["package", "kubeadm/rsa-1"],
        &["plan", "kubeadm/rsa-1", "--rotate", "everything"],
        &["inspect", "kubeadm/rsa-1", "--platform", "everywhere"],
        &["plan", "kubeadm/rsa-1", "--key-type", "rsa-1024"],
        &["plan", "kubeadm/rsa-1", "--ca-cert", "x.crt"],
        &["rotate"],
    ] {
        let output = run(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn inspect_and_plan_answer_in_words_and_in_json() {
    for command in ["inspect", "plan"] {
        let table = run(&[command, "kubeadm/rsa-3", "cluster-api/rsa-3"]);
        assert_eq!(code(&table), 0, "{}", String::from_utf8_lossy(&table.stderr));
        let text = String::from_utf8(table.stdout).expect("text");
        for word in ["cp1", "cp2", "cp3", "worker"] {
            assert!(text.contains(word), "{command}: no {word} in\n{text}");
        }
        let json = run(&[command, "kubeadm/rsa-3", "cluster-api/rsa-3", "--format", "json"]);
        assert_eq!(code(&json), 0);
        let report: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
        assert!(report["authorities"].as_array().is_some_and(|authorities| authorities.len() >= 2), "{command}");
        for output in [text, report.to_string()] {
            assert!(!output.contains("PRIVATE KEY"), "{command} shows no key");
        }
    }
}

/// The files are of two platforms: Airlock asks the user, and uses the answer.
#[test]
fn two_platforms_are_asked_about() {
    let folder = scratch("platforms");
    fixtures::copy(&fixtures::path("kubeadm/ecdsa-3/cp1"), &folder.join("cp1"));
    fs::write(folder.join("worker.yaml"), "version: v1alpha1\nmachine:\n  type: worker\n").expect("a file is written");
    let path = folder.display().to_string();
    for command in ["inspect", "plan", "check"] {
        let output = run(&[command, &path]);
        let said = [output.stdout.clone(), output.stderr.clone()].concat();
        assert_eq!(code(&output), 1, "{command}");
        assert!(String::from_utf8_lossy(&said).contains("--platform kubeadm|talos"), "{command}");
    }
    let output = run(&["inspect", &path, "--platform", "kubeadm"]);
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stdout));
}

/// An outage that the platform cannot avoid is refused with its cause, until the user accepts it; then the runbook
/// mentions it.
#[test]
fn an_outage_is_accepted_by_the_person_alone() {
    let folder = scratch("outage");
    let input = ["controlplane.yaml", "worker.yaml"].map(|name| format!("talos/cluster-a/contract-v1.14/{name}"));
    let out = folder.join("package");
    let arguments = ["package", &input[0], &input[1], "--rotate", "cluster", "--out", &out.display().to_string()];
    let refused = run(&arguments);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(code(&refused), 1, "{said}");
    assert!(said.contains("kube-root-ca.crt never holds both") && said.contains("--accept-outage"), "{said}");
    assert_eq!(walk(&folder), Vec::<String>::new());
    let accepted = run(&[&arguments[..], &["--accept-outage"]].concat());
    assert_eq!(code(&accepted), 0, "{}", String::from_utf8_lossy(&accepted.stderr));
    let runbook = fs::read_to_string(out.join("RUNBOOK.md")).expect("a runbook was written");
    for cause in ["kube-root-ca.crt never holds both", "a node is NotReady after 40 seconds"] {
        assert!(runbook.contains(cause), "{cause}");
    }
}

/// Files of two clusters: an error, and no package is written.
#[test]
fn errors_end_with_1_and_write_nothing() {
    let folder = scratch("errors");
    for name in ["package.zip", "package"] {
        let out = folder.join(name);
        let output = run(&["package", "kubeadm/rsa-3", "kubeadm/other-1", "--out", &out.display().to_string()]);
        assert_eq!(code(&output), 1, "{}", String::from_utf8_lossy(&output.stdout));
        assert!(!output.stderr.is_empty(), "an error is said");
        assert!(!out.exists(), "{name} was written");
    }
    assert_eq!(walk(&folder), Vec::<String>::new(), "nothing beside it either");
    assert_eq!(code(&run(&["inspect", "kubeadm/rsa-3", "kubeadm/other-1"])), 1);
    assert_eq!(code(&run(&["plan", "kubeadm/rsa-3", "kubeadm/other-1"])), 1);
}

/// A disk that becomes full while the package is written: what the run created is removed, because it contains private
/// keys. What existed before stays.
#[test]
fn a_full_disk_leaves_nothing_of_the_package() {
    let folder = scratch("full-disk").display().to_string();
    let fixture = fixtures::path("kubeadm/rsa-1").display().to_string();
    let script = "mount -t tmpfs -o size=64k none \"$1\" && cd \"$1\" && mkdir empty && echo old >old.zip || exit 9
        for out in new.zip old.zip empty new new/below; do
            \"$2\" package \"$3\" --out $out >/dev/null && exit 8
            echo \"code $?\"; find . | LC_ALL=C sort; cat old.zip
        done
        umount \"$1\" 2>/dev/null || true";
    let mut command = Command::new("unshare");
    if succeed(Command::new("id").arg("-u")).trim() != "0" {
        command.arg("--map-root-user");
    }
    command.args(["--mount", "sh", "-c", script, "sh", &folder]).arg(airlock()).arg(&fixture);
    let output = output(command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string()));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = "code 1\n.\n./empty\n./old.zip\nold\n".repeat(5);
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{said}");
    let removed = said.matches("; Airlock removed every file and folder that it had created").count();
    assert_eq!(removed, 5, "{said}");
}

/// A folder in which no file can be created.
#[test]
fn a_package_that_cannot_be_begun_says_that_nothing_was_written() {
    let out = "/proc/package.zip";
    let output = run(&["package", "kubeadm/rsa-1", "--out", out]);
    assert_eq!(code(&output), 1);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.trim_end().ends_with("; nothing was written"), "{said}");
}

/// A renewal names the options that have no effect, and writes nothing.
#[test]
fn a_renewal_refuses_options_that_it_does_not_use() {
    let folder = scratch("renewal-options");
    let out = folder.join("out").display().to_string();
    for (options, named) in [
        (&["--keep-keys"][..], "--keep-keys"),
        (&["--key-type", "ecdsa-p256"], "--key-type"),
        (&["--workers", "replace", "--kubelet-certs", "mint"], "--kubelet-certs, --workers"),
        (&["--ca-days", "30"], "--ca-days"),
    ] {
        let arguments = [&["package", "kubeadm/rsa-1", "--intent", "renew-leaves", "--out", &out], options].concat();
        let output = run(&arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(code(&output), 1, "{options:?}: {said}");
        assert!(said.contains(&format!("It does not use {named}")), "{options:?}: {said}");
        assert!(!Path::new(&out).exists(), "{options:?}");
    }
    let output = run(&["plan", "kubeadm/rsa-1", "--intent", "renew-leaves", "--leaf-days", "90"]);
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_folder_that_holds_something_is_refused() {
    let folder = scratch("taken");
    fs::write(folder.join("mine"), "mine").expect("a file can be written");
    let output = run(&["package", "kubeadm/rsa-1", "--out", &folder.display().to_string()]);
    assert_eq!(code(&output), 2);
    assert_eq!(walk(&folder), ["mine"]);
}

/// Archive, folder, and a direct call of core: the same bytes, with the modes that the archive records.
#[test]
fn archive_folder_and_core_agree() {
    let folder = scratch("agree");
    let show = |path: &Path| path.display().to_string();
    // Authorities made elsewhere and keys that are kept: nothing is left to chance.
    let pairs = [
        ("--ca-cert", "ca.crt"),
        ("--ca-key", "ca.key"),
        ("--front-proxy-ca-cert", "front-proxy-ca.crt"),
        ("--front-proxy-ca-key", "front-proxy-ca.key"),
    ];
    let paths = pairs.map(|(option, file)| (option, show(&fixtures::path("brought").join(file))));
    let mut choices = vec!["--keep-keys"];
    choices.extend(paths.iter().flat_map(|(option, path)| [*option, path.as_str()]));
    for out in ["package.zip", "package"] {
        let out = show(&folder.join(out));
        let mut arguments = vec!["package", "kubeadm/ecdsa-3", "--out", &out];
        arguments.extend(&choices);
        let output = run(&arguments);
        assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    }
    succeed(Command::new("unzip").args(["-q", "package.zip", "-d", "unpacked"]).current_dir(&folder));
    let unpacked = fs::read_dir(folder.join("unpacked")).expect("it was unpacked").next().expect("one root");
    let unpacked = unpacked.expect("one root").path();
    let files = walk(&unpacked);
    assert_eq!(files, walk(&folder.join("package")));
    for file in &files {
        let (a, b) = (unpacked.join(file), folder.join("package").join(file));
        assert!(fs::read(&a).expect("unpacked") == fs::read(&b).expect("written"), "{file} differs");
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode(&a), mode(&b), "{file}");
    }

    // The same by core: what the page does.
    // The command line names brought files after their options.
    let mut input: Vec<InputFile> = fixtures::files("kubeadm/ecdsa-3");
    for file in &mut input {
        file.path = format!("kubeadm/{}", file.path);
    }
    let mut named = pairs.iter().map(|(option, file)| {
        let name = format!("{option} {file}");
        input.push(InputFile::new(name.clone(), fs::read(fixtures::path("brought").join(file)).expect("a fixture")));
        name
    });
    let mut bring = || {
        let (certificate, key) = (named.next().expect("four files"), named.next().expect("four files"));
        NewAuthority { brought: Some(BroughtAuthority { certificate, key }), ..NewAuthority::default() }
    };
    let authorities = [(AuthorityId::Cluster, bring()), (AuthorityId::FrontProxy, bring())].into();
    drop(named);
    let request = RotationRequest { keep_keys: true, authorities, ..RotationRequest::default() };
    let inventory = airlock_core::inspect(input, fixtures::now());
    let plan = airlock_core::plan(&inventory, &request, fixtures::now()).expect("it can be rotated");
    assert_eq!(plan.key_requests().len(), 0, "kept keys and brought authorities: no key is made");
    let minted = airlock_core::mint(&plan, Vec::new()).expect("it can be minted");
    let archive = airlock_core::archive(&airlock_core::package(&plan, &minted).expect("it can be packed"));
    let written = fs::read(folder.join("package.zip")).expect("it was written");
    assert!(*archive == written, "core and the command line write different archives");
}

/// Secrets are written into files that only their owner can read, whatever the umask.
#[test]
fn the_archive_is_its_owners_alone() {
    let folder = scratch("umask");
    let script = format!(
        "umask 000; exec {} package kubeadm/rsa-1 --out {}",
        airlock().display(),
        folder.join("a.zip").display()
    );
    let mut command = Command::new("sh");
    command
        .args(["-c", &script])
        .current_dir(fixtures::path(""))
        .env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string());
    succeed(&mut command);
    let mode = fs::metadata(folder.join("a.zip")).expect("it was written").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    assert_eq!(walk(&folder), ["a.zip"]);
}

/// Folder, tar, gzipped tar and zip of the same tree give the same cluster.
#[test]
fn archives_are_read_as_the_folders_they_hold() {
    let folder = scratch("archives");
    let trees = fixtures::path("kubeadm/rsa-3");
    let at = |name: &str| folder.join(name).display().to_string();
    let tree = |node: &str| trees.join(node).display().to_string();
    succeed(Command::new("tar").args(["-C", &tree("cp1"), "-cf", &at("cp1.tar"), "etc", "var"]));
    succeed(Command::new("tar").args([
        "-C",
        &tree("cp2"),
        "-czf",
        &at("cp2.tar.gz"),
        "etc/kubernetes",
        "var/lib/kubelet",
    ]));
    succeed(Command::new("tar").args(["-C", &tree("cp3"), "-czf", &at("cp3.tgz"), "."]));
    succeed(
        Command::new("zip")
            .args(["-q", "-r", "-y", &at("worker1.zip"), "etc", "var"])
            .current_dir(trees.join("worker1")),
    );
    let report = |path: &str| -> serde_json::Value {
        let output = run(&["inspect", path, "--format", "json"]);
        assert_eq!(code(&output), 0, "{path}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let (packed, unpacked) = (report(&at("")), report(&trees.display().to_string()));
    let nodes = |report: &serde_json::Value| -> Vec<(String, Vec<String>)> {
        let holders = report["holders"].as_array().expect("holders");
        let nodes = holders.iter().filter(|holder| holder["role"] == "control-plane" || holder["role"] == "worker");
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        nodes
            .map(|node| {
                let slots = node["slots"].as_array().expect("slots").iter().map(|slot| text(&slot["place"]));
                (text(&node["name"]), slots.collect())
            })
            .collect()
    };
    assert_eq!(nodes(&packed), nodes(&unpacked));
    assert_eq!(nodes(&packed).len(), 4);
    assert!(root().is_dir());
}

/// A sample is read like any other input, and its package says that the cluster does not exist.
#[test]
fn samples_are_made_looked_at_and_rotated() {
    for Sample { id, .. } in SAMPLES {
        let folder = scratch(&format!("cli-sample-{id}"));
        let path = |name: &str| folder.join(name).display().to_string();
        let (archive, tree, package) = (path("sample.zip"), path("tree"), path("package"));
        for out in [&archive, &tree] {
            let said = run(&["sample", id, "--out", out]);
            assert_eq!(code(&said), 0, "{id}: {}", String::from_utf8_lossy(&said.stderr));
            let said = String::from_utf8_lossy(&said.stdout).into_owned();
            let (_, command) = said.split_once("Look at it: airlock ").expect("it says how to go on");
            let inspected = run(&command.split_whitespace().collect::<Vec<_>>());
            assert_eq!(code(&inspected), 0, "{id}: {}", String::from_utf8_lossy(&inspected.stderr));
            assert!(String::from_utf8_lossy(&inspected.stdout).contains(&format!("sample-{id}")), "{id}");
        }
        let key = fs::metadata(&archive).expect("it was written").permissions().mode() & 0o777;
        assert_eq!(key, 0o600, "{id}");
        let mut arguments = vec!["package", archive.as_str(), "--out", &package, "--accept-outage"];
        arguments.extend(["--platform", "starlingx"].iter().filter(|_| *id == "starlingx"));
        let made = run(&arguments);
        assert_eq!(code(&made), 0, "{id}: {}", String::from_utf8_lossy(&made.stderr));
        let readme = fs::read_to_string(folder.join("package/README.txt")).expect("it was written");
        assert!(readme.contains("made from a sample"), "{readme}");
    }
}
