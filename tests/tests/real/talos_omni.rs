//! Omni rotates its clusters itself. The package's steps run with a simulation that prints the messages of `omnictl`
//! (siderolabs/omni: client/pkg/omnictl/cluster/secret/rotate.go).

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Command};

use airlock_core::{InspectOptions, check, inspect_with, plan::RotationRequest, profile};
use airlock_tests::{
    rotation::{Rotation, scratch},
    talos::{base, file, files, now, read},
    tools::output,
};

/// Advances one phase each time that `next` is called; rejects what Omni rejects. The file `at` contains the current
/// component and phase.
const OMNICTL: &str = r#"#!/bin/sh
set -eu
cd "$(dirname "$0")"
[ -f at ] || echo 'NONE OK' >at
read -r component phase <at
at() { echo "$1 $2" >at; }
[ "$1" = next ] && case $phase in
  PRE_ROTATE) at "$component" ROTATE; exit ;;
  ROTATE) at "$component" POST_ROTATE; exit ;;
  *) at NONE OK; exit ;;
esac
case "$*" in
  "cluster status $CLUSTER --wait 5m") exit 0 ;;
  "cluster -n $CLUSTER secret rotate "*) shift 5 ;;
  "talosconfig --cluster $CLUSTER --break-glass --merge=false --force "* | "kubeconfig --cluster $CLUSTER --break-glass --merge=false --force "*)
    [ "$phase" = OK ] || exit 1
    for file in "$@"; do :; done
    echo "$1" >"$OLDPWD/$file"
    exit ;;
  *) echo "unknown: $*" >&2; exit 2 ;;
esac
begin() {
  [ "$phase" = OK ] || [ "$component" = "$1" ] || { echo "another rotation is already in progress for $component" >&2; exit 1; }
  [ "$phase" != OK ] || at "$1" PRE_ROTATE
}
case "$*" in
  'talos-ca --wait=false')
    echo "$1" >>requests
    begin TALOS_CA ;;
  'kubernetes-ca --wait=false')
    echo "$1" >>requests
    begin KUBERNETES_CA ;;
  'status --wait=false')
    calls=$(($(cat calls 2>/dev/null || echo 0) + 1))
    echo "$calls" >calls
    [ "$calls" != "$(cat lost 2>/dev/null)" ] || { echo 'rpc error: connection refused' >&2; exit 1; }
    if [ "$phase" = OK ]; then
      echo "no ongoing secret rotation for the cluster \"$CLUSTER\""
    else
      echo "rotation for \"$component\" is in progress(\"$phase\") for the cluster \"$CLUSTER\""
    fi ;;
  'status --wait-timeout 1h') at NONE OK ;;
  *) echo "unknown: $*" >&2; exit 2 ;;
esac
"#;

/// Any other program of a check: it succeeds with a configuration that was fetched.
const OTHER: &str = "#!/bin/sh\ngrep -q config \"$2\"\n";

struct Omni {
    folder: PathBuf,
    rotation: Rotation,
}

impl Omni {
    fn new(rotation: Rotation, label: &str) -> Self {
        let folder = scratch(label);
        let programs = [("omnictl", OMNICTL), ("talosctl", OTHER), ("kubectl", OTHER), ("sleep", "#!/bin/sh\n")];
        for (name, text) in programs {
            let path = folder.join(name);
            fs::write(&path, text).expect("a program is written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it can be run");
        }
        Self { folder, rotation }
    }

    fn works(&self, line: &str) -> bool {
        let mut command = Command::new("sh");
        let path = format!("{}:{}", self.folder.display(), std::env::var("PATH").expect("a path"));
        command.args(["-c", line]).current_dir(self.rotation.root()).env("PATH", path);
        command.env("CLUSTER", self.rotation.manifest()["cluster"].as_str().expect("a name"));
        output(command.env("AIRLOCK_CONTROL_PLANE", "10.5.1.2 10.5.1.3")).status.success()
    }

    /// Omni's current component and phase.
    fn at(&self, state: &str) {
        fs::write(self.folder.join("at"), format!("{state}\n")).expect("a state is written");
    }

    /// Every step, in order: id, run, check.
    fn steps(&self) -> Vec<[String; 3]> {
        let manifest = self.rotation.manifest();
        let steps = manifest["steps"].as_array().expect("steps");
        steps
            .iter()
            .map(|step| ["id", "run", "gate"].map(|key| step[key].as_str().expect("a text").to_owned()))
            .collect()
    }
}

fn rotation(request: &RotationRequest, cluster: &str, label: &str) -> Rotation {
    let mut input = files("1.13");
    let named = base("1.13", "controlplane").replace("clusterName: cluster-a", &format!("clusterName: {cluster}"));
    input[0] = file("controlplane.yaml", &named);
    let options = InspectOptions { platform: profile::named("omni"), ..InspectOptions::default() };
    Rotation::with(now(), input, options, request, label)
}

fn of(id: profile::AuthorityId) -> RotationRequest {
    RotationRequest { rotate: Some(vec![id]), ..RotationRequest::default() }
}

/// Omni's states as its checks see them: each check fails before its step and passes after it.
#[test]
fn omnis_states_open_the_gates_one_by_one() {
    for (id, begin, other, renewed) in [
        (profile::AuthorityId::Talos, "talos-ca", "kubernetes-ca", "talosconfig"),
        (profile::AuthorityId::Cluster, "kubernetes-ca", "talos-ca", "kubeconfig"),
    ] {
        let made = rotation(&of(id), "cluster-a", &format!("omni-{id}"));
        let omni = Omni::new(made, &format!("omnictl-{id}"));
        let steps = omni.steps();
        let step = |id: &str| steps.iter().find(|[own, ..]| own == id).unwrap_or_else(|| panic!("{id} of {steps:?}"));
        let [_, run, begun] = step("1-begin");
        assert!(omni.works(&step("1-freeze")[2]) && run.contains(&format!("rotate {begin} ")));
        let [_, _, free] = step("1-one-rotation");
        assert!(!omni.works(begun) && omni.works(free));
        omni.at("NONE OK");
        let closed = |id: &str| assert!(!omni.works(&step(id)[2]), "{id}: no rotation is not the end of this one");
        ["2-follow", "3-complete"].into_iter().for_each(closed);
        let another = if begin == "talos-ca" { "KUBERNETES_CA ROTATE" } else { "TALOS_CA ROTATE" };
        omni.at(another);
        assert!(!omni.works(free) && !omni.works(run) && !omni.works(begun), "{another}: one at a time");
        omni.at("NONE OK");
        assert!(omni.works(run) && omni.works(begun) && omni.works(free));
        assert!(omni.works(run), "begun twice, it goes on");
        let [own, another] = [begin, other].map(|api| api.to_uppercase().replace('-', "_"));
        assert!(!omni.works(&run.replace(begin, other).replace(&own, &another)), "one at a time");
        let [_, _, followed] = step("2-follow");
        let [_, wait, complete] = step("3-complete");
        assert!(!omni.works(followed), "PRE_ROTATE");
        for state in ["ROTATE", "POST_ROTATE"] {
            assert!(omni.works("omnictl next") && omni.works(followed) && !omni.works(complete), "{state}");
        }
        assert!(omni.works(wait) && omni.works(complete) && omni.works(followed));
        assert!(omni.works(run) && omni.works(complete), "a second run starts no other rotation");
        let [_, renew, works] = step(&format!("3-{renewed}s"));
        assert!(!omni.works(works) && omni.works(renew) && omni.works(works));
        let path = omni.rotation.root().join(format!("{renewed}.break-glass"));
        let mode = fs::metadata(path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{renewed}");
        let names = ["{cluster}", "{api}", "{component}", "{options}"];
        let left = |text: &str| names.iter().any(|name| text.contains(name));
        assert!(steps.iter().all(|[_, run, gate]| !left(run) && !left(gate)), "{steps:?}");
    }
}

/// Cut off between the request and the first answer, the step sends no second request: Omni would start another rotation as
/// soon as the first one is complete (siderolabs/omni: rotate.go, `talosCA`).
#[test]
fn an_interrupted_request_is_not_sent_again() {
    for (api, component, id) in [
        ("talos-ca", "TALOS_CA", profile::AuthorityId::Talos),
        ("kubernetes-ca", "KUBERNETES_CA", profile::AuthorityId::Cluster),
    ] {
        let omni = Omni::new(rotation(&of(id), "cluster-a", &format!("omni-cut-{api}")), &format!("omnictl-cut-{api}"));
        let steps = omni.steps();
        let [_, run, begun] = steps.iter().find(|[id, ..]| id == "1-begin").expect("it is there");
        let requests = || fs::read_to_string(omni.folder.join("requests")).unwrap_or_default().lines().count();
        let lose = |call: u32| {
            fs::write(omni.folder.join("lost"), call.to_string()).expect("a file is written");
            let _ = fs::remove_file(omni.folder.join("calls"));
        };
        // The status comes first: where Omni does not answer, nothing is requested.
        lose(1);
        assert!(!omni.works(run) && requests() == 0 && !omni.works(begun), "{api}");
        lose(2);
        assert!(!omni.works(run) && requests() == 1 && !omni.works(begun), "{api}: the answer after it is lost");
        // Omni has completed the rotation meanwhile: a person decides.
        omni.at("NONE OK");
        lose(0);
        assert!(!omni.works(run) && requests() == 1 && !omni.works(begun), "{api}");
        omni.at(&format!("{component} ROTATE"));
        assert!(omni.works(run) && requests() == 1 && omni.works(begun), "{api}: it is in progress");
    }
    // A rotation that was started in the Omni UI is taken up.
    let omni = Omni::new(rotation(&of(profile::AuthorityId::Talos), "cluster-a", "omni-ui"), "omnictl-ui");
    let steps = omni.steps();
    let [_, run, begun] = steps.iter().find(|[id, ..]| id == "1-begin").expect("it is there");
    omni.at("TALOS_CA PRE_ROTATE");
    assert!(omni.works(run) && omni.works(begun) && !omni.folder.join("requests").exists());
}

/// A cluster in which one workload uses Talos API access; its call number $FAILS fails.
const KUBECTL: &str = r#"#!/bin/sh
folder=$(dirname "$0")
calls=$(cat "$folder/calls" 2>/dev/null || echo 0)
calls=$((calls + 1))
echo "$calls" >"$folder/calls"
if [ "$calls" = "${FAILS:-}" ]; then
  [ "$HOW" = fail ] || exit 0
  echo 'Unable to connect to the server' >&2
  exit 1
fi
case "$*" in
  'get customresourcedefinitions -o '*) [ -e "$folder/access" ] && echo '<a.example.org serviceaccounts.talos.dev>' || echo '<a.example.org>' ;;
  'get serviceaccounts.talos.dev -A -o '*) echo '<backup/etcd-backup >' ;;
  '-n backup get deployments,daemonsets,statefulsets -o '*) echo '<Deployment/copier DaemonSet/other StatefulSet/reader >' ;;
  '-n backup get Deployment/copier -o yaml') printf '%s\n' '      volumes:' '      - secret:' '          secretName: etcd-backup' ;;
  '-n backup get DaemonSet/other -o yaml') printf '%s\n' '          secretName: etcd-backup-2' ;;
  '-n backup get StatefulSet/reader -o yaml') printf '%s\n' '        - secretRef:' '            name: etcd-backup' ;;
  '-n backup rollout '*) echo "$*" >>"$folder/log" && echo 'successfully rolled out' ;;
  *) echo "unknown: $*" >&2; exit 2 ;;
esac
"#;

/// Only workloads that use a Secret of Talos API access restart, and a failed call never counts as an empty list.
#[test]
fn pods_with_talos_api_access_are_restarted() {
    let made = rotation(&of(profile::AuthorityId::Talos), "cluster-a", "omni-access");
    let omni = Omni::new(made, "omnictl-access");
    fs::write(omni.folder.join("kubectl"), KUBECTL).expect("a program is written");
    let steps = omni.steps();
    let [_, run, gate] = steps.iter().find(|[id, ..]| id == "3-talos-pods").expect("it is there");
    let log = || fs::read_to_string(omni.folder.join("log")).unwrap_or_default();
    assert!(omni.works(run) && omni.works(gate));
    assert_eq!(log(), "", "it is not enabled");
    fs::write(omni.folder.join("access"), "").expect("a file is written");
    for (line, verb) in [(run, "restart"), (gate, "status --timeout=5m")] {
        let _ = fs::remove_file(omni.folder.join("log"));
        assert!(omni.works(line));
        let expected = ["Deployment/copier", "StatefulSet/reader"]
            .map(|workload| format!("-n backup rollout {verb} {workload}\n"));
        assert_eq!(log(), expected.concat());
        // The output of a roll-out is for people: only its exit status counts.
        for (call, how) in (1..=8).map(|call| (call, "fail")).chain([1, 2, 3, 4, 6, 7].map(|call| (call, "empty"))) {
            fs::remove_file(omni.folder.join("calls")).expect("calls were counted");
            assert!(!omni.works(&format!("export FAILS={call} HOW={how}; {line}")), "{verb}: call {call}, {how}");
        }
    }
}

/// The shell gets a cluster's name as one word, whatever it contains.
#[test]
fn a_clusters_name_is_one_word() {
    let made = rotation(&of(profile::AuthorityId::Talos), "\"it's a $HOME\"", "omni-name");
    let omni = Omni::new(made, "omnictl-name");
    let steps = omni.steps();
    assert!(steps.iter().any(|[_, run, _]| run.contains(r"'it'\''s a $HOME'")), "{steps:?}");
    let [_, run, gate] = steps.iter().find(|[id, ..]| id == "1-begin").expect("it is there");
    assert!(omni.works(run) && omni.works(gate));
}

/// Omni generates its own CAs: the package has no key, certificate or script, and predicts no connection. It mentions
/// the other CA.
#[test]
fn nothing_is_made_for_omni() {
    let made = rotation(&RotationRequest::default(), "cluster-a", "omni-both");
    assert_eq!(made.paths(), ["README.txt", "RUNBOOK.md", "SHA256SUMS", "manifest.json"]);
    assert!(made.package.matrix.edges.is_empty() && made.plan.authorities.is_empty());
    let codes: Vec<_> = made.plan.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["one-at-a-time", "not-predicted"]);
    let runbook = made.text("RUNBOOK.md");
    for word in ["PRE_ROTATE", "POST_ROTATE", "secret rotate talos-ca", "omnictl talosconfig"] {
        assert!(runbook.contains(word), "{word}");
    }
    assert!(made.text("README.txt").contains("It holds no private keys."));
    let brought = RotationRequest {
        authorities: [(
            profile::AuthorityId::Talos,
            airlock_core::plan::NewAuthority { common_name: Some("mine".to_owned()), ..Default::default() },
        )]
        .into(),
        ..RotationRequest::default()
    };
    let options = InspectOptions { platform: profile::named("omni"), ..InspectOptions::default() };
    let refused = airlock_core::plan(&inspect_with(files("1.13"), options, now()), &brought, now());
    assert!(refused.is_err_and(|refusal| refusal.findings[0].code == "made-elsewhere"));
}

/// The machines' configurations show the phase of Omni's rotation on each machine.
#[test]
fn a_phase_is_checked_over_machines_configurations() {
    let after = |role: &str, phase: &str| read(&format!("patches/v1.14/talos-{phase}/{role}.rotate-ca.yaml"));
    let checked = |worker: &str, phase: u8| {
        let options = InspectOptions { platform: profile::named("omni"), ..InspectOptions::default() };
        let input =
            vec![file("cp.yaml", &after("controlplane", "2-swap")), file("worker.yaml", &after("worker", worker))];
        check(&inspect_with(input, options, now()), Some(phase))
    };
    assert!(checked("2-swap", 2).holds);
    let behind = checked("1-add", 2);
    assert!(!behind.holds && behind.missing.iter().all(|missing| missing.holder == "worker"), "{behind:?}");
    assert!(!checked("2-swap", 3).holds);
}
