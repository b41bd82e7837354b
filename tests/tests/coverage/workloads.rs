//! kube-scheduler's own trust bundles, and cloud-controller-manager as a static Pod, a workload or a unit.

use airlock_core::simulate::Outcome;

use super::cluster::{Cluster, NODE, Package};

const KUBECONFIG: &str = "/etc/kubernetes/cloud-controller-manager.conf";

/// A manifest's mount of the folder with kubeconfigs and PKI.
const MOUNT: &str =
    "    volumeMounts:\n    - mountPath: /etc/kubernetes\n      name: kubernetes\n      readOnly: true\n";
const VOLUME: &str = "  - hostPath:\n      path: /etc/kubernetes\n      type: Directory\n    name: kubernetes\n";

fn holds(package: &Package, ids: &[&str]) {
    for id in ids {
        let edge = package.report.matrix.edges.iter().find(|edge| edge.id == *id);
        let edge = edge.unwrap_or_else(|| panic!("no {id} in {:?}", package.connections("")));
        assert_eq!(edge.worst(), Outcome::Holds, "{id}");
    }
}

/// The scheduler restarts in each phase in any case; the matrix contains the connections to its port.
#[test]
fn the_schedulers_own_bundles_are_connections() {
    let cluster = Cluster::new();
    let copy = cluster.read("/etc/kubernetes/pki/front-proxy-ca.crt");
    let package = cluster
        .with("/etc/kubernetes/scheduler/front-proxy.crt", copy)
        .flag("kube-scheduler", "--client-ca-file=/etc/kubernetes/pki/ca.crt")
        .flag("kube-scheduler", "--requestheader-client-ca-file=/etc/kubernetes/scheduler/front-proxy.crt")
        .package(&[]);
    holds(
        &package,
        &[
            "client-consumer/kube-scheduler/etc/kubernetes/pki/ca.crt/kubeconfig",
            "aggregator-consumer/kube-scheduler/etc/kubernetes/scheduler/front-proxy.crt/cp1",
        ],
    );
    for (folder, count) in [("1-trust-both", 2), ("2-switch", 2), ("3-drop-old", 1)] {
        let bundle = package.text(&format!("{folder}/control-plane/{NODE}/etc/kubernetes/scheduler/front-proxy.crt"));
        assert_eq!(bundle.matches("BEGIN CERTIFICATE").count(), count, "{folder}");
    }
    for phase in 1..=3 {
        assert!(package.restarts(phase).contains(&"kube-scheduler"), "phase {phase}");
    }
}

#[test]
fn a_cloud_controller_manager_as_static_pod_is_restarted_in_each_phase() {
    let cluster = Cluster::new();
    let kubeconfig = cluster.kubeconfig("ccm", "system:cloud-controller-manager", None);
    let container = format!(
        "    command:\n    - /bin/example-cloud-controller-manager\n    - --kubeconfig={KUBECONFIG}\n    - --authentication-kubeconfig={KUBECONFIG}\n    - --client-ca-file=/etc/kubernetes/pki/ca.crt\n    - --root-ca-file=/etc/kubernetes/pki/ca.crt\n{MOUNT}"
    );
    let package = cluster.with(KUBECONFIG, kubeconfig).pod("cloud-controller-manager", &container, VOLUME).package(&[]);
    for (phase, folder) in [(1, "1-trust-both"), (2, "2-switch"), (3, "3-drop-old")] {
        assert!(package.restarts(phase).contains(&"cloud-controller-manager"), "phase {phase}");
        assert!(package.read(&format!("{folder}/control-plane/{NODE}{KUBECONFIG}")).is_some(), "{folder}");
    }
    holds(
        &package,
        &[
            "consumer-apiserver/cloud-controller-manager/etc/kubernetes/cloud-controller-manager.conf/cp1",
            "consumer-apiserver/cloud-controller-manager/etc/kubernetes/pki/ca.crt/cp1",
            "client-consumer/cloud-controller-manager/etc/kubernetes/pki/ca.crt/kubeconfig",
        ],
    );
}

/// A workload as `kubectl get daemonset -o yaml` prints it, shortened.
fn workload(kind: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata:\n  name: cloud-controller-manager\n  namespace: kube-system\nspec:\n  selector:\n    matchLabels: {{k8s-app: ccm}}\n  template:\n    metadata:\n      labels: {{k8s-app: ccm}}\n    spec:\n      containers:\n      - name: cloud-controller-manager\n        image: registry.example/ccm:1\n        args:\n        - --kubeconfig={KUBECONFIG}\n        volumeMounts:\n        - mountPath: {KUBECONFIG}\n          name: kubeconfig\n      volumes:\n      - hostPath:\n          path: {KUBECONFIG}\n          type: File\n        name: kubeconfig\n"
    )
}

#[test]
fn a_cloud_controller_manager_as_workload_is_restarted_after_its_kubeconfig_changed() {
    for kind in ["DaemonSet", "Deployment"] {
        let cluster = Cluster::new();
        let kubeconfig = cluster.kubeconfig("ccm-workload", "system:cloud-controller-manager", None);
        let cluster = cluster.with(KUBECONFIG, kubeconfig).with_unassigned("workloads.yaml", workload(kind));
        let package = cluster.package(&[]);
        let name = format!("{kind}/cloud-controller-manager");
        holds(&package, &[&format!("consumer-apiserver/{name}{KUBECONFIG}/cp1")]);
        let script = package.text("2-switch/cluster/apply.sh");
        assert!(script.contains(&format!("restart_reader kube-system {name}")), "{script}");
        let runbook = package.text("RUNBOOK.md");
        let at = |part: &str| runbook.find(part).unwrap_or_else(|| panic!("no {part}"));
        assert!(at("### 2-cp1:") < at("### 2-readers") && at("### 2-readers") < at("### 2-everyone"), "{kind}");
        assert!(!package.restarts(2).contains(&name.as_str()), "no node restarts it");
    }
}

/// Without the object, the reader of the kubeconfig is unknown: the user must confirm its restart.
#[test]
fn a_kubeconfig_whose_reader_is_not_known_is_acknowledged() {
    let cluster = Cluster::new();
    let kubeconfig = cluster.kubeconfig("ccm-alone", "system:cloud-controller-manager", None);
    let error = cluster.with(KUBECONFIG, kubeconfig).refused_once("unknown-reader");
    assert!(error.message.contains(KUBECONFIG), "{error}");
}

/// A monitoring agent mounts the whole disk; it reads no kubeconfig of the node.
#[test]
fn a_workload_that_mounts_the_disk_reads_no_kubeconfig() {
    let text = workload("DaemonSet").replace("cloud-controller-manager", "node-exporter");
    let text = text.replace(&KUBECONFIG.replace("cloud-controller-manager", "node-exporter"), "/");
    let text =
        text.replace("          type: File\n", "").replace("        - --kubeconfig=/\n", "        - --path.rootfs=/\n");
    let package = Cluster::new().with_unassigned("workloads.yaml", text).package(&[]);
    assert_eq!(package.connections("consumer-"), Vec::<&str>::new());
    assert!(!package.text("2-switch/cluster/apply.sh").contains("restart_reader"));
}
