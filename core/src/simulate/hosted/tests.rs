//! Tests with a tenant of Kamaji's operator (`tests/fixtures/kamaji`): each decision of its plan is necessary.

use crate::{
    plan::{
        Action, ClusterAction, Edit, FileContent, ObjectChange, RotationRequest, Step, TenantVerb,
        model::content::FilePart,
    },
    simulate::{Outcome, TrustMatrix, tests::Rotation},
};

const ALPHA: &[&str] = &["kamaji/alpha"];

/// The same tenant with the konnectivity addon.
const KONNECTIVITY: &[&str] = &["kamaji/alpha", "kamaji/alpha-konnectivity"];

fn step<'a>(rotation: &'a mut Rotation, id: &str) -> &'a mut Step {
    let mut steps = rotation.plan.steps.iter_mut();
    steps.find(|step| step.id == id).unwrap_or_else(|| panic!("there is no step {id}"))
}

fn parts(step: &mut Step) -> impl Iterator<Item = &mut Vec<FilePart>> {
    step.actions.iter_mut().filter_map(|action| match action {
        Action::Write(Edit { content: FileContent::Object(ObjectChange::Files(_, parts)), .. }) => Some(parts),
        _ => None,
    })
}

fn verb(action: &Action) -> Option<TenantVerb> {
    match action {
        Action::Cluster(ClusterAction::Tenant(action)) => Some(action.verb),
        _ => None,
    }
}

/// Without the plan's steps, the operator would replace the control plane's own certificates and credentials only after
/// the old CA is removed, so its own components would be refused.
#[test]
fn leaves_left_to_the_operator_lock_the_control_plane_out_of_itself() {
    let mut rotation = Rotation::of(ALPHA);
    for parts in parts(step(&mut rotation, "2-control-plane")) {
        parts.retain_mut(|part| match &mut part.content {
            FileContent::Leaf(_) | FileContent::LeafKey(_) => false,
            FileContent::Kubeconfig(_, change) => {
                change.credentials.clear();
                true
            }
            _ => true,
        });
    }
    let broken = rotation.breaks("leaves left to the operator");
    assert_eq!((broken.step.as_str(), broken.edge.as_str()), ("3-control-plane", "admin-apiserver/alpha"));
    let matrix = rotation.matrix();
    for row in ["controller-manager-apiserver", "scheduler-apiserver"] {
        assert_eq!(first_broken(&matrix, row).as_deref(), Some("3-control-plane"), "{row}");
    }
}

/// The first step in which a row breaks.
fn first_broken(matrix: &TrustMatrix, row: &str) -> Option<String> {
    let edge = matrix.edges.iter().find(|edge| edge.row == row)?;
    let span = edge.spans.iter().find(|span| span.verdict.outcome == Outcome::Broken)?;
    Some(matrix.columns[span.from].id.clone())
}

#[test]
fn a_bundle_under_a_running_operator_never_comes_to_an_end() {
    let mut rotation = Rotation::of(ALPHA);
    step(&mut rotation, "1-pause").actions.retain(|action| verb(action) != Some(TenantVerb::Pause));
    let broken = rotation.breaks("not paused");
    assert_eq!(broken.step, "1-control-plane");
    assert!(broken.why.contains("without end"), "{}", broken.why);
}

#[test]
fn signing_from_the_bundle_kills_kube_controller_manager() {
    let mut rotation = Rotation::of(ALPHA);
    step(&mut rotation, "1-signing").actions.clear();
    let broken = rotation.breaks("signing from ca.crt");
    assert_eq!((broken.step.as_str(), broken.edge.as_str()), ("1-control-plane", "requester-apiserver/cluster"));
}

/// Each rollout is necessary for a component that reads its trusted CAs and its credential only at start.
#[test]
fn without_a_roll_out_somebody_holds_what_was_before() {
    for (id, breaks) in [("1-control-plane", "2-control-plane"), ("2-control-plane", "3-control-plane")] {
        let mut rotation = Rotation::of(ALPHA);
        step(&mut rotation, id).actions.retain(|action| verb(action) != Some(TenantVerb::RollOut));
        let broken = first_broken(&rotation.matrix(), "controller-manager-apiserver");
        assert_eq!(broken.as_deref(), Some(breaks), "without the roll-out of {id}");
    }
}

/// Without a pause annotation, exactly the declared connections break.
#[test]
fn at_once_breaks_what_is_declared() {
    let release = Some("v1.0.0".to_owned());
    let rotation = Rotation::with(ALPHA, RotationRequest { keep_keys: true, release, ..RotationRequest::default() });
    let matrix = rotation.matrix();
    let broken: Vec<_> = matrix.edges.iter().filter(|edge| edge.worst() == Outcome::Broken).collect();
    assert!(broken.iter().all(|edge| !edge.outage.is_empty()), "{broken:?}");
    let rows: Vec<_> = broken.iter().map(|edge| edge.row.as_str()).collect();
    assert_eq!(
        rows,
        [
            "admin-apiserver",
            "super-admin-apiserver",
            "operator-apiserver",
            "controller-manager-apiserver",
            "scheduler-apiserver",
            "kubelet-apiserver",
            "aggregator-extension",
            "pods-apiserver",
            "requester-apiserver",
            "other-clients-apiserver",
        ]
    );
    // The end of the outage in the matrix matches the text.
    for (row, ends) in [
        ("admin-apiserver", "3-served"),
        ("controller-manager-apiserver", "3-served"),
        ("kubelet-apiserver", "3-clients"),
        ("pods-apiserver", "3-verify-control-plane"),
        ("other-clients-apiserver", "3-authentication"),
    ] {
        let edge = broken.iter().find(|edge| edge.row == row).unwrap();
        let last = edge.spans.iter().rfind(|span| span.verdict.outcome == Outcome::Broken).unwrap();
        assert_eq!(first_broken(&matrix, row).as_deref(), Some("3-control-plane"), "{row}");
        assert_eq!(matrix.columns[last.to + 1].id, ends, "{row}");
    }
    assert!(matrix.refusal(false).is_some());
    assert_eq!(matrix.refusal(true), None);
}

fn at_once(fixtures: &[&str]) -> Rotation {
    let release = Some("v1.0.0".to_owned());
    Rotation::with(fixtures, RotationRequest { keep_keys: true, release, ..RotationRequest::default() })
}

/// konnectivity's Secrets are deleted after the CA has changed: a declared outage that ends with the step.
#[test]
fn konnectivity_fails_at_once_until_its_secrets_are_created_again() {
    let matrix = at_once(KONNECTIVITY).matrix();
    assert_eq!(matrix.refusal(true), None);
    let edge = matrix.edges.iter().find(|edge| edge.row == "konnectivity-apiserver").unwrap();
    assert!(edge.outage.contains("its Secrets created again"), "{}", edge.outage);
    let last = edge.spans.iter().rfind(|span| span.verdict.outcome == Outcome::Broken).unwrap();
    assert_eq!(first_broken(&matrix, "konnectivity-apiserver").as_deref(), Some("3-control-plane"));
    assert_eq!(matrix.columns[last.to + 1].id, "3-served");
    let impostor = matrix.edges.iter().find(|edge| edge.row == "konnectivity-impostor").unwrap();
    assert_ne!(impostor.worst(), Outcome::Broken, "it trusts the new CA alone at the end");
}

/// Without the deletion, the operator of such a release would keep konnectivity's old CA, and no accepted outage covers
/// that.
#[test]
fn without_the_deletion_konnectivity_keeps_the_old_ca() {
    let mut rotation = at_once(KONNECTIVITY);
    step(&mut rotation, "3-control-plane").actions.retain(|action| verb(action) != Some(TenantVerb::Recreate));
    let matrix = rotation.matrix();
    let broken = matrix.refusal(true).expect("it is refused");
    assert_eq!((broken.step.as_str(), broken.edge.as_str()), ("3-after-care", "konnectivity-impostor/alpha"));
    let edge = matrix.edges.iter().find(|edge| edge.row == "konnectivity-apiserver").unwrap();
    assert_eq!(edge.spans.last().unwrap().verdict.outcome, Outcome::Broken, "it is locked out for good");
}

/// A tenant without the addon has no such Secrets, so none are deleted.
#[test]
fn without_konnectivity_nothing_is_deleted() {
    let mut rotation = at_once(ALPHA);
    let actions = &step(&mut rotation, "3-control-plane").actions;
    assert!(actions.iter().all(|action| verb(action) != Some(TenantVerb::Recreate)), "{actions:?}");
}

/// If both CAs can be trusted for some time, no outage is declared.
#[test]
fn with_an_overlap_no_outage_can_be_accepted() {
    let matrix = Rotation::of(ALPHA).matrix();
    let declared = matrix.edges.iter().filter(|edge| !edge.outage.is_empty()).count();
    assert_eq!(declared, 0);
}
