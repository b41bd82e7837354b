//! Foreign CAs in the files by which components accept clients: their clients are connections, and nothing else loosens.

use std::sync::Arc;

use super::*;
use crate::plan::{Edit, FileContent as Bytes, Holder, Phase, Trust};

/// A CA of another cluster, whose name no CA of `ecdsa-3` has that clients are verified by.
const FOREIGN: &str = "kubeadm/rsa-3/cp1/etc/kubernetes/pki/etcd/ca.crt";
const CA: &str = "/etc/kubernetes/pki/ca.crt";
const PUBLISHED: &str = "/etc/kubernetes/pki/published.crt";

fn bytes(file: &InputFile) -> Vec<u8> {
    let Content::Bytes(bytes) = &file.content else { panic!("{} has no bytes", file.path) };
    bytes.to_vec()
}

fn set(file: &mut InputFile, bytes: Vec<u8>) {
    file.content = Content::Bytes(Arc::new(bytes.into()));
}

/// `ecdsa-3` with the foreign CA in each `ca.crt`, and kube-controller-manager signing from a file of its own.
fn rotation() -> Rotation {
    let root = base();
    let mut files = Vec::new();
    read(&root.join("kubeadm/ecdsa-3"), &root, &mut files);
    let foreign = fs::read(root.join(FOREIGN)).unwrap();
    let mut copies = Vec::new();
    for file in &mut files {
        if file.path.ends_with("pki/ca.crt") && !file.path.contains("/etcd/") {
            let own = bytes(file);
            if !file.path.contains("worker") {
                copies.push(InputFile::new(file.path.replace("pki/ca.crt", "pki/cluster-ca.crt"), own.clone()));
            }
            set(file, [own, foreign.clone()].concat());
        } else if file.path.ends_with("kube-controller-manager.yaml") {
            let text = String::from_utf8(bytes(file)).unwrap();
            let (from, to) = (
                "signing-cert-file=/etc/kubernetes/pki/ca.crt",
                "signing-cert-file=/etc/kubernetes/pki/cluster-ca.crt",
            );
            assert!(text.contains(from), "{}", file.path);
            set(file, text.replace(from, to).into_bytes());
        }
    }
    assert_eq!(copies.len(), 3);
    files.extend(copies);
    Rotation::made_of(files, &RotationRequest { keep_keys: true, ..RotationRequest::default() })
}

/// `ecdsa-3` with the foreign CA in the file that each kube-controller-manager publishes, and in no `ca.crt`.
fn publishing() -> Rotation {
    let root = base();
    let mut files = Vec::new();
    read(&root.join("kubeadm/ecdsa-3"), &root, &mut files);
    let foreign = fs::read(root.join(FOREIGN)).unwrap();
    let mut bundles = Vec::new();
    for file in &mut files {
        if file.path.ends_with("pki/ca.crt") && !file.path.contains("/etcd/") && !file.path.contains("worker") {
            let path = file.path.replace("pki/ca.crt", "pki/published.crt");
            bundles.push(InputFile::new(path, [bytes(file), foreign.clone()].concat()));
        } else if file.path.ends_with("kube-controller-manager.yaml") {
            let text = String::from_utf8(bytes(file)).unwrap();
            let (from, to) = (format!("root-ca-file={CA}"), format!("root-ca-file={PUBLISHED}"));
            assert!(text.contains(&from), "{}", file.path);
            set(file, text.replace(&from, &to).into_bytes());
        }
    }
    assert_eq!(bundles.len(), 3);
    files.extend(bundles);
    Rotation::made_of(files, &RotationRequest { keep_keys: true, ..RotationRequest::default() })
}

/// The edits of the holder's `ca.crt` in a phase, to be changed.
fn edits<'a>(rotation: &'a mut Rotation, phase: Phase, holder: &Holder) -> Vec<&'a mut Edit> {
    let steps = rotation.plan.steps.iter_mut().filter(|step| step.phase == phase && step.holder == *holder);
    let edits = steps.flat_map(|step| &mut step.actions).filter_map(|action| match action {
        Action::Write(edit) if edit.target == CA => Some(edit),
        _ => None,
    });
    edits.collect()
}

#[test]
fn clients_of_a_foreign_ca_are_connections_that_hold() {
    let matrix = rotation().matrix();
    assert!(matrix.first_broken().is_none());
    let clients: Vec<_> = matrix.edges.iter().filter(|edge| edge.row == "foreign-client-consumer").collect();
    let servers: Vec<_> = clients.iter().map(|edge| edge.server.as_str()).collect();
    assert!(clients.iter().all(|edge| edge.client.contains("CN=etcd-ca")), "{clients:?}");
    let every = [
        "kube-apiserver on cp1, cp2, cp3",
        "kube-controller-manager on cp1, cp2, cp3",
        "kubelet on cp1, cp2, cp3, worker1",
    ];
    assert_eq!(servers, every);
    assert!(clients.iter().all(|edge| edge.worst() == Outcome::Holds), "{clients:?}");
}

#[test]
fn a_foreign_ca_that_is_lost_breaks_its_clients() {
    for (phase, order) in
        [(Phase::TrustBoth, Trust::OldNew), (Phase::Switch, Trust::NewOld), (Phase::DropOld, Trust::New)]
    {
        let mut lost = rotation();
        for edit in edits(&mut lost, phase, &Holder::Node("cp2".to_owned())) {
            edit.content = Bytes::Trust(AuthorityId::Cluster, order);
        }
        let broken = lost.breaks("cp2 loses it");
        assert!(broken.edge.starts_with("foreign-client-consumer/"), "{phase:?}: {}", broken.edge);
        let mut lost = rotation();
        for step in &mut lost.plan.steps {
            let of_worker = |action: &Action| matches!(action, Action::Write(edit) if edit.node_of_worker().is_some() && edit.target == CA);
            if step.phase == phase {
                step.actions.retain(|action| !of_worker(action));
            }
        }
        let broken = lost.breaks("the worker loses it");
        assert!(broken.edge.starts_with("foreign-client-consumer/kubelet"), "{phase:?}: {}", broken.edge);
    }
}

#[test]
fn an_old_ca_that_stays_beside_a_foreign_one_is_found() {
    for holder in [Holder::Node("cp1".to_owned()), Holder::Workers] {
        let mut kept = rotation();
        for edit in edits(&mut kept, Phase::DropOld, &holder) {
            if let Bytes::Widened(_, _, order) = &mut edit.content {
                *order = Trust::NewOld;
            }
        }
        let broken = kept.breaks("the old CA is still trusted");
        assert!(broken.edge.starts_with("old-client-"), "{holder:?}: {}", broken.edge);
    }
}

/// Pods trust what kube-controller-manager publishes from the file of its flag, not from `ca.crt`.
#[test]
fn pods_trust_the_file_of_the_flag() {
    let matrix = publishing().matrix();
    assert!(matrix.first_broken().is_none(), "{:?}", matrix.first_broken());
    let pods: Vec<_> = matrix.edges.iter().filter(|edge| edge.row.starts_with("pods-")).collect();
    assert_eq!(pods.iter().map(|edge| edge.row.as_str()).collect::<Vec<_>>(), ["pods-apiserver", "pods-impostor"]);
    for (phase, row) in [(Phase::TrustBoth, "pods-apiserver"), (Phase::DropOld, "pods-impostor")] {
        let mut wrong = publishing();
        let own = Holder::Node("cp2".to_owned());
        for step in wrong.plan.steps.iter_mut().filter(|step| step.phase == phase && step.holder == own) {
            step.actions.retain(|action| !matches!(action, Action::Write(edit) if edit.target == PUBLISHED));
        }
        let broken = wrong.breaks("kube-controller-manager on cp2 publishes the CAs of the phase before");
        assert!(broken.edge.starts_with(row), "{phase:?}: {}", broken.edge);
    }
}
