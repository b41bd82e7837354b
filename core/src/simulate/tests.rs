//! Tests with kubeadm clusters (`tests/fixtures/kubeadm/make.sh`): the unchanged plan breaks nothing, and every gate,
//! barrier and step is necessary.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use getrandom::{SysRng, rand_core::UnwrapErr};

use super::*;
use crate::{
    Content, InputFile, InspectOptions, UnixTime,
    faults::Fault,
    inspect, inspect_with, mint,
    package::{PackageError, package},
    plan::{
        Action, ClusterAction, Fact, RotationRequest, Step, TenantAction, TenantVerb,
        model::new_authority::NewAuthority, plan,
    },
    profile::{AuthorityId, Component, Profile, STARLINGX},
    x509::{KeyAlgorithm, PrivateKey, Rules},
};

mod foreign;
mod serving;
mod talos;

/// A cluster with its plan and new certificates.
pub(super) struct Rotation {
    pub(super) plan: RotationPlan,
    pub(super) minted: Minted,
}

impl Rotation {
    pub(super) fn of(fixtures: &[&str]) -> Self {
        Self::with(fixtures, RotationRequest { keep_keys: true, ..RotationRequest::default() })
    }

    /// CAs always have P-256 keys, so that tests do not wait for RSA key generation.
    pub(super) fn with(fixtures: &[&str], request: RotationRequest) -> Self {
        let choice = NewAuthority { key_algorithm: Some(KeyAlgorithm::EcdsaP256), ..NewAuthority::default() };
        let authorities = AuthorityId::ALL.into_iter().map(|id| (id, choice.clone()));
        let request = RotationRequest { authorities: authorities.collect(), ..request };
        let root = base();
        let mut files = Vec::new();
        for fixture in fixtures {
            read(&root.join(fixture), &root, &mut files);
        }
        Self::made_of(files, &request)
    }

    fn made_of(files: Vec<InputFile>, request: &RotationRequest) -> Self {
        Self::on(None, files, request)
    }

    fn on(platform: Option<&'static Profile>, files: Vec<InputFile>, request: &RotationRequest) -> Self {
        let root = base();
        let created = fs::read_to_string(root.join("kubeadm/CREATED")).unwrap();
        let now = UnixTime(created.trim().parse().unwrap()).plus_seconds(3600);
        let options = InspectOptions { platform, ..InspectOptions::default() };
        let plan = plan(&inspect_with(files, options, now), request, now).unwrap_or_else(|refusal| panic!("{refusal}"));
        let keys = plan.key_requests().iter();
        let keys = keys.map(|wanted| PrivateKey::generate(wanted.algorithm, &mut UnwrapErr(SysRng)));
        let minted = mint(&plan, keys.collect()).unwrap();
        Self { plan, minted }
    }

    pub(super) fn matrix(&self) -> TrustMatrix {
        simulate(&self.plan, &self.minted).unwrap()
    }

    #[track_caller]
    pub(super) fn breaks(&self, what: &str) -> Broken {
        self.matrix().first_broken().unwrap_or_else(|| panic!("{what}: nothing breaks"))
    }
}

fn base() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

fn read(folder: &Path, root: &Path, files: &mut Vec<InputFile>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.strip_prefix(root).unwrap().display().to_string();
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_symlink() {
            let target = fs::read_link(&path).unwrap().display().to_string();
            files.push(InputFile { path: name, content: Content::Symlink(target), mode: None });
        } else if kind.is_dir() {
            read(&path, root, files);
        } else {
            files.push(InputFile::new(name, fs::read(&path).unwrap()));
        }
    }
}

const CLUSTERS: [&[&str]; 5] = [
    &["kubeadm/rsa-1"],
    &["kubeadm/rsa-3", "cluster-api/rsa-3"],
    &["kubeadm/ecdsa-3"],
    &["cluster-api/one"],
    &["kamaji/alpha"],
];

#[test]
fn the_plan_as_it_is_breaks_nothing() {
    for fixtures in CLUSTERS {
        let matrix = Rotation::of(fixtures).matrix();
        assert_eq!(matrix.first_broken(), None, "{fixtures:?}");
        assert_eq!(matrix.findings(), [], "{fixtures:?}");
    }
}

/// Whether a connection breaks without it, or an old certificate is still accepted.
#[test]
fn every_gate_is_there_for_a_reason() {
    for fixtures in CLUSTERS {
        let mut rotation = Rotation::of(fixtures);
        let gates: Vec<(usize, Fact)> = (0..)
            .zip(&rotation.plan.steps)
            .flat_map(|(index, step)| step.gate.proves.iter().map(move |fact| (index, *fact)))
            .collect();
        assert!(gates.len() >= 8, "{gates:?}");
        for (index, fact) in gates {
            let gate = rotation.plan.steps[index].gate.proves.clone();
            rotation.plan.steps[index].gate.proves.retain(|other| *other != fact);
            let what = format!("{fixtures:?}: without {fact:?} of {}", rotation.plan.steps[index].id);
            rotation.breaks(&what);
            rotation.plan.steps[index].gate.proves = gate;
        }
    }
}

#[test]
fn every_barrier_is_there_for_a_reason() {
    for fixtures in CLUSTERS {
        let mut rotation = Rotation::of(fixtures);
        let is_there = |step: &Step| step.actions.iter().any(is_barrier);
        let barriers: Vec<_> =
            (0..rotation.plan.steps.len()).filter(|index| is_there(&rotation.plan.steps[*index])).collect();
        assert!(barriers.len() >= 3, "{barriers:?}");
        for index in barriers {
            let step = rotation.plan.steps.remove(index);
            rotation.breaks(&format!("{fixtures:?}: without {}", step.id));
            rotation.plan.steps.insert(index, step);
        }
    }
}

fn is_barrier(action: &Action) -> bool {
    matches!(
        action,
        Action::Cluster(
            ClusterAction::Published(..)
                | ClusterAction::RestartWorkloads
                | ClusterAction::ExtensionTrust
                | ClusterAction::ForgetOld(_)
                | ClusterAction::Pause { paused: true, .. }
                | ClusterAction::Tenant(TenantAction { verb: TenantVerb::Pause | TenantVerb::Resume, .. })
        )
    )
}

/// Every planted fault breaks an edge, at the expected step, with the expected text.
#[test]
fn every_planted_fault_is_seen() {
    let mut table = String::new();
    for fault in Fault::ALL {
        let mut rotation = Rotation::with(&["kubeadm/ecdsa-3"], RotationRequest::default());
        fault.plant(&mut rotation.plan, &mut rotation.minted);
        let broken = rotation.breaks(&format!("{fault:?}"));
        let _ = writeln!(table, "{fault:?}\n  {}: {}\n  {broken}", broken.step, broken.edge);
    }
    insta::assert_snapshot!(table);
}

/// The same for a Cluster API cluster of which no node was provided. One fault is a rollout that would carry out the
/// switch: no request can produce this order of steps, and it is refused.
#[test]
fn every_fault_on_nodes_unseen_and_in_a_roll_out_is_seen() {
    let mut table = String::new();
    for fault in Fault::UNSEEN {
        let mut rotation = Rotation::with(&["cluster-api/two"], RotationRequest::default());
        fault.plant(&mut rotation.plan, &mut rotation.minted);
        let broken = rotation.breaks(&format!("{fault:?}"));
        assert!(matches!(package(&rotation.plan, &rotation.minted), Err(PackageError::Broken(_))), "{fault:?}");
        let _ = writeln!(table, "{fault:?}\n  {}: {}\n  {broken}", broken.step, broken.edge);
    }
    insta::assert_snapshot!(table);
}

/// Machines that the rollout recreates need no phase 3 in place: afterwards they accept no certificate of the old CA.
#[test]
fn machines_of_the_roll_out_need_no_phase_3_in_place() {
    let mut rotation = Rotation::with(&["cluster-api/two"], RotationRequest::default());
    Fault::UnseenSkippedInPhase3.plant(&mut rotation.plan, &mut rotation.minted);
    let matrix = rotation.matrix();
    let of = |place: &str| -> Vec<&Edge> { matrix.edges.iter().filter(|edge| edge.id.ends_with(place)).collect() };
    let broken = |edge: &&&Edge| edge.worst() == Outcome::Broken;
    let rolled = of("/machines of the roll-out");
    assert!(rolled.iter().filter(|edge| edge.refused).count() >= 4, "{rolled:?}");
    assert_eq!(rolled.iter().filter(broken).count(), 0, "{rolled:?}");
    assert!(of("/control-plane nodes").iter().filter(broken).count() >= 4);
}

/// For Go, the key identifier is a hint, and it tries every CA with the name; OpenSSL tries no other CA.
#[test]
fn a_key_id_of_the_wrong_ca_breaks_what_is_built_on_openssl_alone() {
    let mut rotation = Rotation::with(&["kubeadm/ecdsa-3"], RotationRequest::default());
    Fault::KeyIdOfWrongAuthority.plant(&mut rotation.plan, &mut rotation.minted);
    let matrix = rotation.matrix();
    assert_eq!(matrix.first_broken(), None);
    let column = matrix.columns.iter().position(|column| column.id == "2-cp1").unwrap();
    let edge = matrix.edges.iter().find(|edge| edge.id == "admin-apiserver/cp1").unwrap();
    let verdict = edge.verdict(column).unwrap();
    assert_eq!((verdict.outcome, verdict.by(Rules::OpenSsl)), (Outcome::Holds, Outcome::Broken));
}

/// StarlingX' tool does not renew kubelets' serving certificates, so restarts of API servers do not help.
#[test]
fn an_outage_that_cannot_be_helped_has_to_be_accepted() {
    let files = serving::with_flag("kubeadm/rsa-1", "/etc/kubernetes/pki/ca.crt");
    for accept_outage in [false, true] {
        let request = RotationRequest { keep_keys: true, accept_outage, ..RotationRequest::default() };
        let rotation = Rotation::on(Some(&STARLINGX), files.clone(), &request);
        match package(&rotation.plan, &rotation.minted) {
            Err(PackageError::Broken(broken)) if !accept_outage => {
                let matrix = rotation.matrix();
                let edge = matrix.edges.iter().find(|edge| edge.id == "apiserver-kubelet-serving/cp1").unwrap();
                let last = matrix.columns.iter().position(|column| column.id == "3-cp1").unwrap();
                assert_eq!(edge.verdict(last).unwrap().outcome, Outcome::Broken);
                assert!(edge.outage.contains("logs, exec and port-forward fail"), "{}", edge.outage);
                assert!(!broken.outage.is_empty(), "{broken}");
                assert!(broken.finding().remedy.contains("--accept-outage"), "{}", broken.finding());
            }
            Ok(files) if accept_outage => {
                let findings = files.matrix().findings();
                assert!(findings.iter().any(|finding| finding.code == "outage-accepted"), "{findings:?}");
            }
            other => panic!("accepted: {accept_outage}, {other:?}"),
        }
    }
}

const WEBHOOK: &str = "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: policy}
webhooks:
- name: policy.example.org
  clientConfig: {url: 'https://policy.example.org/', caBundle: CA}
";

/// A webhook whose CA data is the cluster's: from phase 2 on it may present a certificate of either CA.
#[test]
fn a_webhook_that_hangs_on_the_cluster_ca_is_an_edge() {
    let mut files = Vec::new();
    read(&base().join("kubeadm/ecdsa-3"), &base(), &mut files);
    let ca = fs::read(base().join("kubeadm/ecdsa-3/cp1/etc/kubernetes/pki/ca.crt")).unwrap();
    let object = WEBHOOK.replace("CA}", &format!("{}}}", STANDARD.encode(ca)));
    files.push(InputFile::new("webhook.yaml", object.into_bytes()));
    let request = RotationRequest { keep_keys: true, ..RotationRequest::default() };
    let mut rotation = Rotation::made_of(files, &request);
    let of_webhook = |matrix: &TrustMatrix| -> Vec<(String, Outcome)> {
        let edges = matrix.edges.iter().filter(|edge| edge.row.contains("webhook"));
        edges.map(|edge| (edge.row.clone(), edge.worst())).collect()
    };
    let both = |outcome| [("apiserver-webhook".to_owned(), outcome), ("webhook-impostor".to_owned(), Outcome::Holds)];
    assert_eq!(of_webhook(&rotation.matrix()), both(Outcome::Holds));

    let first = rotation.plan.steps.iter().position(|step| step.id == "1-clients").unwrap();
    let texts: Vec<_> = rotation.plan.steps[first].actions.iter().filter_map(Action::in_words).collect();
    assert!(texts.iter().any(|text| text.contains("ValidatingWebhookConfiguration policy")), "{texts:?}");
    rotation.plan.steps.remove(first);
    assert_eq!(of_webhook(&rotation.matrix()), both(Outcome::Broken));
}
