use serde_json::json;

use super::{EmbeddedContent, Layout, Machine, MachineRole, TalosFile, merge, read};
use crate::formats::yaml;

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/../tests/fixtures/talos/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn machine(name: &str) -> Machine {
    Machine::read(&yaml::documents(&fixture(name)).unwrap()).unwrap()
}

/// The fields that have a value, except markers of redacted secrets.
fn places(machine: &Machine) -> Vec<&str> {
    let held = machine.embedded.iter().filter(|one| matches!(one.content, EmbeddedContent::Pem(_)));
    held.map(|one| one.place).collect()
}

#[test]
fn every_generation_is_read_alike() {
    for contract in ["1.8", "1.13", "1.14"] {
        let control_plane = machine(&format!("cluster-a/contract-v{contract}/controlplane.yaml"));
        assert_eq!(control_plane.role, MachineRole::ControlPlane);
        assert_eq!((control_plane.cluster_name.as_str(), control_plane.api_port), ("cluster-a", 6443));
        assert_eq!(control_plane.endpoint, "https://10.5.1.2:6443");
        let mut held = places(&control_plane);
        held.sort_unstable();
        assert_eq!(
            held,
            [
                "cluster.aggregatorCA.crt",
                "cluster.aggregatorCA.key",
                "cluster.ca.crt",
                "cluster.ca.key",
                "cluster.etcd.ca.crt",
                "cluster.etcd.ca.key",
                "cluster.serviceAccount.key",
                "machine.ca.crt",
                "machine.ca.key"
            ],
            "{contract}"
        );
        let worker = machine(&format!("cluster-a/contract-v{contract}/worker.yaml"));
        assert_eq!((worker.role, places(&worker)), (MachineRole::Worker, vec!["machine.ca.crt", "cluster.ca.crt"]));
        let layout = if contract == "1.14" { Layout::Documents } else { Layout::Fields };
        assert_eq!([control_plane.layout, worker.layout], [layout; 2]);
        assert!(!control_plane.cluster_id.is_empty() && control_plane.cluster_id == worker.cluster_id);
    }
}

#[test]
fn secrets_and_client_configurations_are_told_apart() {
    let of = |name: &str| read(&yaml::documents(&fixture(name)).unwrap());
    assert!(matches!(of("cluster-a/secrets.yaml"), Some(TalosFile::Secrets(secrets)) if secrets.embedded.len() == 9));
    assert!(
        matches!(of("cluster-a/contract-v1.13/talosconfig"), Some(TalosFile::Client(model)) if model.users.len() == 1)
    );
    assert!(of("rotation/kubeconfig.0-before").is_none());
}

/// Markers are accepted, with any word. Values that should be base64 and are not are reported as damaged.
#[test]
fn redacted_is_not_damaged() {
    let with = |key: &str| {
        let root = json!({"version": "v1alpha1", "machine": {"type": "controlplane", "ca": {"crt": "", "key": key}}});
        Machine::read(&[root]).unwrap().embedded.into_iter().map(|one| one.content).collect::<Vec<_>>()
    };
    for marker in ["******", "REDACTED", "KioqKioq"] {
        assert_eq!(with(marker), [EmbeddedContent::Redacted], "{marker}");
    }
    assert_eq!(with(""), []);
    assert_eq!(with(&"LS0t".repeat(40)), [EmbeddedContent::Invalid]);
}

/// Fields that 1.14 ignores or refuses are reported, not read.
#[test]
fn what_stands_beside_a_document_of_its_own_is_told() {
    let mut documents = yaml::documents(&fixture("cluster-a/contract-v1.14/worker.yaml")).unwrap();
    let old = yaml::documents(&fixture("cluster-a/contract-v1.13/worker.yaml")).unwrap();
    let crt = old[0]["cluster"]["ca"]["crt"].clone();
    documents[0]["cluster"]["acceptedCAs"] = json!([{"crt": crt}]);
    documents[0]["cluster"]["ca"] = old[0]["cluster"]["ca"].clone();
    let machine = Machine::read(&documents).unwrap();
    assert_eq!(
        (machine.ignored, machine.conflicting),
        (vec!["cluster.acceptedCAs".to_owned()], vec!["cluster.ca".to_owned()])
    );
    assert_eq!(machine.embedded.iter().filter(|one| one.place.starts_with("cluster.")).count(), 1);
}

#[test]
fn patches_merge_as_in_talos() {
    let base =
        json!({"version": "v1alpha1", "machine": {"ca": {"crt": "a", "key": "k"}, "acceptedCAs": [{"crt": "b"}]}});
    let patched = |patch: Vec<serde_json::Value>| {
        let mut documents = vec![base.clone()];
        merge(&mut documents, &patch);
        documents
    };
    let machine = |patch| patched(vec![json!({ "machine": patch })])[0]["machine"].clone();
    assert_eq!(machine(json!({"acceptedCAs": [{"crt": "c"}]}))["acceptedCAs"], json!([{"crt": "b"}, {"crt": "c"}]));
    for nothing in [json!({"acceptedCAs": []}), json!({"acceptedCAs": null}), json!({})] {
        assert_eq!(machine(nothing), base["machine"]);
    }
    assert_eq!(machine(json!({"acceptedCAs": {"$patch": "delete"}})).get("acceptedCAs"), None);
    assert_eq!(machine(json!({"ca": {"crt": "c"}}))["ca"], json!({"crt": "c"}), "the key is erased");
    let document =
        json!({"apiVersion": "v1alpha1", "kind": "KubeAPIServerCAConfig", "issuingCA": {"cert": "c", "key": "k"}});
    let mut documents = vec![base.clone(), document];
    let change = json!({"apiVersion": "v1alpha1", "kind": "KubeAPIServerCAConfig", "issuingCA": {"cert": "d"}});
    merge(&mut documents, &[change]);
    assert_eq!(documents[1]["issuingCA"], json!({"cert": "d", "key": "k"}), "the old key stays");
}
