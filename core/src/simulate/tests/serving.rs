//! API servers that verify kubelets' serving certificates (`--kubelet-certificate-authority`).

use super::*;
use crate::plan::Step;

const CA: &str = "/etc/kubernetes/pki/ca.crt";

/// A fixture's files, with the flag in every kube-apiserver's manifest, and with kubelets that request their serving
/// certificates.
pub(super) fn with_flag(fixture: &str, path: &str) -> Vec<InputFile> {
    let mut files = Vec::new();
    read(&base().join(fixture), &base(), &mut files);
    let key = "    - --kubelet-client-key=";
    let flag = format!("    - --kubelet-certificate-authority={path}\n{key}");
    edit(&mut files, "manifests/kube-apiserver.yaml", key, &flag);
    let rotates = "rotateCertificates: true\n";
    edit(&mut files, "kubelet/config.yaml", rotates, "rotateCertificates: true\nserverTLSBootstrap: true\n");
    files
}

/// Replaces text in every file whose path has this suffix.
fn edit(files: &mut [InputFile], end: &str, from: &str, to: &str) {
    let mut edited = 0;
    for file in files.iter_mut().filter(|file| file.path.ends_with(end)) {
        let Content::Bytes(bytes) = &file.content else { continue };
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.contains(from), "{}", file.path);
        *file = InputFile::new(file.path.clone(), text.replace(from, to).into_bytes());
        edited += 1;
    }
    assert!(edited > 0, "{end}");
}

fn kept() -> RotationRequest {
    RotationRequest { keep_keys: true, ..RotationRequest::default() }
}

fn of_serving(matrix: &TrustMatrix) -> Vec<(&str, Outcome)> {
    let edges = matrix.edges.iter().filter(|edge| edge.row.contains("kubelet-serving"));
    edges.map(|edge| (edge.id.as_str(), edge.worst())).collect()
}

#[test]
fn the_connection_holds_through_all_phases() {
    for fixture in ["kubeadm/rsa-1", "kubeadm/ecdsa-3"] {
        let rotation = Rotation::made_of(with_flag(fixture, CA), &kept());
        let matrix = rotation.matrix();
        assert_eq!(matrix.first_broken(), None, "{fixture}");
        let edges = of_serving(&matrix);
        let nodes = if fixture.ends_with('3') { 3 } else { 1 };
        assert_eq!(edges.len(), 2 * nodes, "{edges:?}");
        assert!(edges.iter().all(|(_, worst)| *worst == Outcome::Holds), "{edges:?}");
    }
}

/// kubelets with kubeadm's defaults serve self-signed certificates: with the flag, that connection is broken today.
#[test]
fn self_signed_kubelets_are_broken_today_and_stay_so() {
    let mut files = with_flag("kubeadm/ecdsa-3", CA);
    edit(&mut files, "kubelet/config.yaml", "serverTLSBootstrap: true\n", "");
    let rotation = Rotation::made_of(files, &kept());
    let matrix = rotation.matrix();
    assert_eq!(matrix.first_broken(), None);
    let edges = of_serving(&matrix);
    assert_eq!(edges[0], ("apiserver-kubelet-serving/cp1", Outcome::BrokenToday), "{edges:?}");
    let codes: Vec<_> = rotation.plan.findings().iter().map(|finding| finding.code.as_str()).collect();
    assert!(codes.contains(&"kubelet-not-verified"), "{codes:?}");
}

/// Control-plane nodes that were not provided, with the flag in kubeadm's configuration, as a list or as a mapping.
#[test]
fn the_flag_of_nodes_that_were_not_provided_is_a_connection_too() {
    let list = "[{name: kubelet-certificate-authority, value: /etc/kubernetes/pki/ca.crt}]";
    let mapping = "{kubelet-certificate-authority: /etc/kubernetes/pki/ca.crt}";
    for (kind, arguments) in
        [("KubeadmControlPlane", list), ("KubeadmControlPlane", mapping), ("ClusterConfiguration", list)]
    {
        let mut files = Vec::new();
        read(&base().join("cluster-api/two"), &base(), &mut files);
        let text = match kind {
            "KubeadmControlPlane" => format!(
                "apiVersion: controlplane.cluster.x-k8s.io/v1beta1\nkind: {kind}\nmetadata: {{name: two, namespace: default}}\nspec:\n  kubeadmConfigSpec:\n    clusterConfiguration:\n      apiServer:\n        extraArgs: {arguments}\n"
            ),
            _ => format!("apiVersion: kubeadm.k8s.io/v1beta4\nkind: {kind}\napiServer:\n  extraArgs: {arguments}\n"),
        };
        files.push(InputFile::new("configuration.yaml", text.into_bytes()));
        let rotation = Rotation::made_of(files, &RotationRequest::default());
        let matrix = rotation.matrix();
        assert_eq!(matrix.first_broken(), None, "{kind} {arguments}");
        let edges = of_serving(&matrix);
        let ids: Vec<_> = edges.iter().map(|(id, _)| *id).collect();
        for place in ["control-plane nodes", "machines of the roll-out"] {
            assert!(
                ids.contains(&format!("apiserver-kubelet-serving/{place}").as_str()),
                "{kind} {arguments}: {ids:?}"
            );
        }
        assert!(edges.iter().all(|(_, worst)| *worst == Outcome::Holds), "{edges:?}");
        let restarting = rotation.plan.steps.iter().filter(|step| step.actions.iter().any(is_restart));
        let ids: Vec<_> = restarting.map(|step| step.id.as_str()).collect();
        assert_eq!(ids, ["1-control-plane", "3-control-plane"]);
    }
}

/// Nodes without the flag, and kubeadm's configuration with it: the machines of the rollout verify kubelets.
#[test]
fn machines_of_the_roll_out_verify_kubelets_too() {
    let mut files = Vec::new();
    for fixture in ["kubeadm/rsa-3", "cluster-api/rsa-3"] {
        read(&base().join(fixture), &base(), &mut files);
    }
    let text = "apiVersion: controlplane.cluster.x-k8s.io/v1beta1\nkind: KubeadmControlPlaneTemplate\nmetadata: {name: rsa-3, namespace: default}\nspec:\n  template:\n    spec:\n      kubeadmConfigSpec:\n        clusterConfiguration:\n          apiServer:\n            extraArgs: {kubelet-certificate-authority: /etc/kubernetes/pki/ca.crt}\n";
    files.push(InputFile::new("template.yaml", text.as_bytes().to_vec()));
    // The fixture's kubelets have self-signed serving certificates, which the new machines would reject.
    let broken = Rotation::made_of(files.clone(), &kept()).breaks("self-signed kubelets");
    assert_eq!(broken.step, "3-roll-out-control-plane", "{broken}");
    let rotates = "rotateCertificates: true\n";
    edit(&mut files, "kubelet/config.yaml", rotates, "rotateCertificates: true\nserverTLSBootstrap: true\n");
    let rotation = Rotation::made_of(files, &kept());
    let matrix = rotation.matrix();
    assert_eq!(matrix.first_broken(), None);
    let edges = of_serving(&matrix);
    let id = "apiserver-kubelet-serving/machines of the roll-out";
    assert!(edges.contains(&(id, Outcome::Holds)), "{edges:?}");
    assert!(!rotation.plan.steps.iter().flat_map(|step| &step.actions).any(is_restart), "no API server has the flag");
}

/// Each gate, restart and renewal is necessary.
#[test]
fn without_a_restart_or_a_renewal_the_connection_breaks() {
    let mut rotation = Rotation::made_of(with_flag("kubeadm/ecdsa-3", CA), &kept());
    let gates: Vec<(usize, Fact)> = (0..)
        .zip(&rotation.plan.steps)
        .filter(|(_, step)| step.gate.proves.contains(&Fact::ServingRenewed))
        .map(|(index, _)| (index, Fact::ServingRenewed))
        .collect();
    assert_eq!(gates.len(), 4, "three nodes, and the workers");
    for (index, fact) in gates {
        rotation.plan.steps[index].gate.proves.retain(|other| *other != fact);
        let broken = rotation.breaks(&rotation.plan.steps[index].id.clone());
        assert!(broken.edge.starts_with("apiserver-kubelet-serving/"), "{broken}");
        rotation.plan.steps[index].gate.proves.push(fact);
    }
    let restarts = |step: &Step| step.actions.iter().position(is_restart);
    let restarting: Vec<_> =
        (0..).zip(&rotation.plan.steps).filter_map(|(index, step)| Some((index, restarts(step)?))).collect();
    assert_eq!(restarting.len(), 6, "each API server, in phases 1 and 3");
    for (index, at) in restarting {
        let action = rotation.plan.steps[index].actions.remove(at);
        let broken = rotation.breaks(&format!("without the restart in {}", rotation.plan.steps[index].id));
        assert!(broken.edge.contains("kubelet-serving"), "{broken}");
        rotation.plan.steps[index].actions.insert(at, action);
    }
}

fn is_restart(action: &Action) -> bool {
    matches!(action, Action::Restart(Component::Apiserver))
}
