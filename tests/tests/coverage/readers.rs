//! Processes that read files which the rotation changes.

use std::process::Command;

use airlock_core::simulate::Outcome;
use airlock_tests::{rotation::scratch, tools::built};

use super::cluster::{Cluster, NODE, openssl, verify};

const FILE_MOUNT: &str = "    volumeMounts:\n    - mountPath: /etc/kubernetes/admin.conf\n      name: kubeconfig\n";
const FILE_VOLUME: &str = "  - hostPath:\n      path: /etc/kubernetes/admin.conf\n    name: kubeconfig\n";

/// As in tests/fixtures/field/f-kubevip. A bind mount keeps the inode that the file had: seen with `mount --bind` and a
/// rename.
#[test]
fn a_static_pod_that_mounts_a_single_file_is_restarted_in_each_phase() {
    let package = Cluster::new().pod("kube-vip", FILE_MOUNT, FILE_VOLUME).package(&[]);
    for phase in 1..=3 {
        assert!(package.restarts(phase).contains(&"kube-vip"), "phase {phase}: {:?}", package.restarts(phase));
    }
    let connections = package.connections("consumer-");
    assert_eq!(
        connections,
        [
            "consumer-apiserver/kube-vip/etc/kubernetes/admin.conf/cp1",
            "consumer-impostor/kube-vip/etc/kubernetes/admin.conf/cp1"
        ]
    );
    for folder in ["1-trust-both", "2-switch", "3-drop-old"] {
        let script = package.text(&format!("{folder}/control-plane/{NODE}/apply.sh"));
        let undone = script.split("restarts() {").nth(1).and_then(|rest| rest.split('}').next()).expect("a list");
        assert!(undone.contains("restart_pod_of kube-vip"), "{folder}: roll back restarts it as well: {undone}");
    }
}

/// A bind mount and a rename, as the kubelet and the package's script do them: the reason for the restart.
#[test]
fn a_bind_mount_keeps_the_file_that_was_renamed_over() {
    let script = "set -eu; d=$(mktemp -d); cd \"$d\"; echo old >file; : >mounted; mount --bind file mounted; \
        echo new >.file; mv .file file; cat mounted; umount mounted";
    let seen = airlock_tests::tools::succeed(Command::new("unshare").args(["--mount", "sh", "-c", script]));
    assert_eq!(seen, "old\n");
}

/// A folder with `ca.crt`, and no information about which of its files are read.
#[test]
fn a_static_pod_that_mounts_the_pki_is_restarted_in_each_phase() {
    let mount = "    volumeMounts:\n    - mountPath: /pki\n      name: pki\n";
    let volume = "  - hostPath:\n      path: /etc/kubernetes/pki\n      type: Directory\n    name: pki\n";
    let package = Cluster::new().pod("agent", mount, volume).package(&[]);
    for phase in 1..=3 {
        assert!(package.restarts(phase).contains(&"agent"), "phase {phase}: {:?}", package.restarts(phase));
    }
    assert!(!package.connections("consumer-apiserver/agent/etc/kubernetes/pki/ca.crt").is_empty());
}

/// A Pod that mounts a folder without changes is not restarted.
#[test]
fn a_static_pod_that_reads_nothing_that_changes_is_not_restarted() {
    let mount = "    volumeMounts:\n    - mountPath: /etc/ssl/certs\n      name: certs\n";
    let volume = "  - hostPath:\n      path: /etc/ssl/certs\n    name: certs\n";
    let package = Cluster::new().pod("haproxy", mount, volume).package(&[]);
    for phase in 1..=3 {
        assert!(!package.restarts(phase).contains(&"haproxy"), "phase {phase}: {:?}", package.restarts(phase));
    }
}

/// As in tests/fixtures/field/f-etcd-cafile: phase 3 would disconnect every API server from etcd at its next start.
#[test]
fn etcd_under_the_cluster_ca_is_refused() {
    let cluster = Cluster::new().edit(
        "/etc/kubernetes/manifests/kube-apiserver.yaml",
        "--etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt",
        "--etcd-cafile=/etc/kubernetes/pki/ca.crt",
    );
    let error = cluster.refused_once("etcd-under-cluster-ca");
    for part in ["--etcd-cafile", "/etc/kubernetes/pki/ca.crt", "phase 3", NODE] {
        assert!(error.message.contains(part), "{part}: {error}");
    }
    assert!(error.acknowledge.is_empty(), "what breaks cannot be acknowledged");
}

#[test]
fn an_openid_connect_issuer_under_the_cluster_ca_is_refused() {
    let cluster = Cluster::new().flag("kube-apiserver", "--oidc-ca-file=/etc/kubernetes/pki/ca.crt");
    let error = cluster.refused_once("reader-not-handled");
    assert!(error.message.contains("--oidc-ca-file") && error.message.contains("phase 3"), "{error}");
}

/// The certificate of `--tls-sni-cert-key` is renewed, and the step's check requests its own host name.
#[test]
fn a_certificate_for_another_name_is_renewed_and_checked_by_that_name() {
    let cluster = Cluster::new();
    let names = "subjectAltName=DNS:api.example.org,DNS:*.api.example.org\nextendedKeyUsage=serverAuth\n";
    let (certificate, key) = cluster.issue("sni", "/CN=api.example.org", names);
    for (label, flag, asked) in [
        (
            "own",
            "--tls-sni-cert-key=/etc/kubernetes/pki/sni.crt,/etc/kubernetes/pki/sni.key",
            ["api.example.org", "airlock.api.example.org"],
        ),
        (
            "named",
            "--tls-sni-cert-key=/etc/kubernetes/pki/sni.crt,/etc/kubernetes/pki/sni.key:b.api.example.org,*.api.example.org",
            ["b.api.example.org", "airlock.api.example.org"],
        ),
    ] {
        let cluster = cluster.clone().with("/etc/kubernetes/pki/sni.crt", certificate.clone());
        let cluster = cluster.with("/etc/kubernetes/pki/sni.key", key.clone()).flag("kube-apiserver", flag);
        let package = cluster.package(&[]);
        let new = package.lay(&format!("sni-{label}"), "2-switch/control-plane/cp1/etc/kubernetes/pki/sni.crt");
        let ca = package.lay(&format!("sni-ca-{label}"), "3-drop-old/workers/ca.crt");
        let (new, ca) = (new.display().to_string(), ca.display().to_string());
        verify(&["-x509_strict", "-CAfile", &ca, "-verify_hostname", "api.example.org", &new]);
        let script = package.text("2-switch/control-plane/cp1/apply.sh");
        for name in asked {
            assert!(script.contains(&format!("--tls-server-name {name}")), "{label}: no check for {name}");
        }
        assert!(!package.restarts(2).contains(&"kube-apiserver"), "it takes the certificate up live");
        assert_eq!(package.connections("clients-consumer/kube-apiserver/etc/kubernetes/pki/sni.crt").len(), 1);
        // kubectl has the flag that the check uses.
        let help = airlock_tests::tools::succeed(Command::new(built("kubectl")).arg("options"));
        assert!(help.contains("--tls-server-name"), "{help}");
    }
}

const SCHEDULER: &str = "/etc/kubernetes/manifests/kube-scheduler.yaml";
const OTHER: &str = "/etc/kubernetes/kube-scheduler.kubeconfig";

fn scheduler_elsewhere() -> Cluster {
    Cluster::new().edit(SCHEDULER, "/etc/kubernetes/scheduler.conf", OTHER)
}

#[test]
fn a_kubeconfig_that_the_scheduler_uses_instead_of_its_own_is_changed() {
    let cluster = scheduler_elsewhere();
    let text = cluster.read("/etc/kubernetes/scheduler.conf");
    let package = cluster.with(OTHER, text).package(&[]);
    for (phase, folder) in [(1, "1-trust-both"), (2, "2-switch"), (3, "3-drop-old")] {
        let path = format!("{folder}/control-plane/cp1{OTHER}");
        assert!(package.read(&path).is_some(), "no {path}");
        assert!(package.restarts(phase).contains(&"kube-scheduler"), "phase {phase}");
    }
    let id = format!("consumer-apiserver/kube-scheduler{OTHER}/cp1");
    assert_eq!(package.connections("consumer-apiserver/"), [id]);
}

#[test]
fn a_kubeconfig_of_the_scheduler_that_was_not_provided_is_asked_for() {
    let errors = scheduler_elsewhere().refused(&<_>::default());
    assert!(
        errors.iter().any(|error| error.code == "reader-file-missing" && error.message.contains(OTHER)),
        "{errors:#?}"
    );
}

/// A manifest whose mounts were not changed with the flag: the running Pod must have the mount.
#[test]
fn a_kubeconfig_that_no_mount_covers_is_looked_at_all_the_same() {
    let flag = format!("--kubeconfig={OTHER}");
    let cluster = Cluster::new().edit(SCHEDULER, "--kubeconfig=/etc/kubernetes/scheduler.conf", &flag);
    let text = cluster.read("/etc/kubernetes/scheduler.conf");
    let errors = cluster.clone().refused(&<_>::default());
    assert!(errors.iter().any(|error| error.code == "reader-file-missing"), "{errors:#?}");
    let package = cluster.with(OTHER, text).package(&[]);
    assert!(package.read(&format!("2-switch/control-plane/cp1{OTHER}")).is_some());
    assert!(package.restarts(2).contains(&"kube-scheduler"));
}

/// A kubeconfig that a webhook flag names and that leads to this cluster's own API server: it is read at the start.
#[test]
fn a_kubeconfig_that_the_api_server_reads_at_its_start_has_it_restarted() {
    let cluster = Cluster::new();
    let kubeconfig = cluster.kubeconfig("webhook", "token-reviewer", None);
    let cluster = cluster.with("/etc/kubernetes/webhook.conf", kubeconfig);
    let cluster =
        cluster.flag("kube-apiserver", "--authentication-token-webhook-config-file=/etc/kubernetes/webhook.conf");
    let cluster = cluster.edit(
        "/etc/kubernetes/manifests/kube-apiserver.yaml",
        "  volumes:\n",
        "  volumes:\n  - hostPath:\n      path: /etc/kubernetes\n    name: all\n",
    );
    let cluster = cluster.edit(
        "/etc/kubernetes/manifests/kube-apiserver.yaml",
        "    volumeMounts:\n",
        "    volumeMounts:\n    - mountPath: /etc/kubernetes\n      name: all\n",
    );
    let package = cluster.package(&[]);
    for phase in 1..=3 {
        assert!(package.restarts(phase).contains(&"kube-apiserver"), "phase {phase}: {:?}", package.restarts(phase));
    }
    assert!(!package.connections("consumer-apiserver/kube-apiserver/etc/kubernetes/webhook.conf").is_empty());
}

/// The script of a worker restarts its kubelet and nothing else.
#[test]
fn a_unit_on_a_worker_that_reads_the_ca_has_to_be_acknowledged() {
    let unit = "[Service]\nExecStart=/usr/bin/agent --ca-file /etc/kubernetes/pki/ca.crt\n";
    let cluster = Cluster::of("rsa-3").on("worker1", "/etc/systemd/system/agent.service", unit);
    let errors = cluster.clone().refused(&<_>::default());
    let found = errors.iter().find(|error| error.code == "restart-yourself").unwrap_or_else(|| panic!("{errors:#?}"));
    assert!(found.message.contains("agent.service") && found.message.contains("worker1"), "{found}");
    let package = cluster.package(&[&found.acknowledge]);
    assert_eq!(package.plan.acknowledged.len(), 1);
    assert!(package.text("RUNBOOK.md").contains("agent.service"), "the runbook names it");
}

/// As for `--oidc-ca-file`: kube-apiserver verifies an audit webhook with the cluster CA, and the webhook's certificate
/// was not provided. OpenSSL verifies its certificate of the old CA after phase 3.
#[test]
fn a_webhook_under_the_cluster_ca_has_to_be_acknowledged() {
    let cluster = Cluster::new();
    let names = "subjectAltName=DNS:audit.example.org\nextendedKeyUsage=serverAuth\n";
    let (certificate, _) = cluster.issue("audit", "/CN=audit.example.org", names);
    let kubeconfig = "apiVersion: v1\nkind: Config\nclusters:\n- name: audit\n  cluster:\n    server: https://audit.example.org/x\n    certificate-authority: /etc/kubernetes/pki/ca.crt\nusers: []\ncontexts:\n- name: audit\n  context: {cluster: audit, user: \"\"}\ncurrent-context: audit\n";
    let cluster = cluster.with("/etc/kubernetes/pki/audit.conf", kubeconfig.as_bytes().to_vec());
    let cluster = cluster.flag("kube-apiserver", "--audit-webhook-config-file=/etc/kubernetes/pki/audit.conf");
    let error = cluster.clone().refused_once("other-server");
    for part in ["https://audit.example.org/x", "/etc/kubernetes/pki/ca.crt", "phase 3", NODE] {
        assert!(error.message.contains(part), "{part}: {error}");
    }
    let package = cluster.package(&[&error.acknowledge]);
    assert!(package.text("RUNBOOK.md").contains("audit.example.org"), "the runbook names the server");
    assert!(package.connections("consumer-").is_empty(), "an unknown server is no API server");
    for phase in [1, 3] {
        assert!(
            package.restarts(phase).contains(&"kube-apiserver"),
            "phase {phase}: it reads the CA file at its start"
        );
    }
    let trusted = |folder: &str, label: &str| {
        package.lay(label, &format!("{folder}/control-plane/cp1/etc/kubernetes/pki/ca.crt")).display().to_string()
    };
    let webhook = scratch("audit-webhook").join("audit.crt");
    std::fs::write(&webhook, &certificate).expect("a file can be written");
    let webhook = webhook.display().to_string();
    verify(&["-CAfile", &trusted("1-trust-both", "both"), &webhook]);
    let refused = Command::new("openssl")
        .args(["verify", "-CAfile", &trusted("3-drop-old", "new"), &webhook])
        .output()
        .expect("openssl runs");
    assert!(!refused.status.success(), "the finding is right: phase 3 rejects it");
}

/// An egress proxy that is not on the node.
#[test]
fn a_proxy_for_egress_under_the_cluster_ca_has_to_be_acknowledged() {
    let configuration = "apiVersion: apiserver.k8s.io/v1beta1\nkind: EgressSelectorConfiguration\negressSelections:\n- name: cluster\n  connection:\n    proxyProtocol: HTTPConnect\n    transport:\n      tcp:\n        url: https://proxy.example.org:8131\n        tlsConfig:\n          caBundle: /etc/kubernetes/pki/ca.crt\n";
    let cluster = Cluster::new().with("/etc/kubernetes/pki/egress.yaml", configuration.as_bytes().to_vec());
    let cluster = cluster.flag("kube-apiserver", "--egress-selector-config-file=/etc/kubernetes/pki/egress.yaml");
    let error = cluster.refused_once("other-server");
    assert!(error.message.contains("https://proxy.example.org:8131"), "{error}");
    assert!(error.acknowledge.ends_with("/etc/kubernetes/pki/egress.yaml/proxy.example.org"), "{error:?}");
}

/// The kubelet replaces its own certificate at a time that no step knows.
#[test]
fn a_process_that_uses_the_kubelet_s_certificate_has_to_be_acknowledged() {
    let unit = |path: &str| format!("[Service]\nExecStart=/usr/bin/agent --credential {path}\n");
    for (node, path) in [
        ("worker1", "/var/lib/kubelet/pki/kubelet-client-current.pem"),
        ("cp1", "/var/lib/kubelet/pki/kubelet-client-current.pem"),
        ("cp1", "/etc/kubernetes/kubelet.conf"),
    ] {
        let cluster = Cluster::of("rsa-3").on(node, "/etc/systemd/system/agent.service", unit(path));
        let errors = cluster.clone().refused(&<_>::default());
        let [error] = &errors[..] else { panic!("{node} {path}: {errors:#?}") };
        assert_eq!(error.code, "kubelet-credential", "{error}");
        for part in ["agent.service", path, node, "phase 2"] {
            assert!(error.message.contains(part), "{part}: {error}");
        }
        let package = cluster.package(&[&error.acknowledge]);
        assert!(package.text("RUNBOOK.md").contains("agent.service"), "the runbook names it");
    }
}

/// A drop-in of a worker's kubelet is treated like a control-plane node's; kubelet 1.36 exits if the file is missing.
#[test]
fn a_drop_in_of_a_worker_s_kubelet_is_looked_at() {
    let cluster = Cluster::of("rsa-3")
        .on(
            "worker1",
            "/etc/default/kubelet",
            "KUBELET_EXTRA_ARGS=\"--config-dir=/etc/kubernetes/kubelet.conf.d\"\n",
        )
        .on(
            "worker1",
            "/etc/kubernetes/kubelet.conf.d/10-ca.conf",
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication:\n  x509:\n    clientCAFile: /etc/kubernetes/clients-ca.crt\n",
        );
    let error = cluster.refused_once("reader-file-missing");
    for part in ["/etc/kubernetes/clients-ca.crt", "clientCAFile", "10-ca.conf", "worker1"] {
        assert!(error.message.contains(part), "{part}: {error}");
    }
}

/// A kubelet that accepts clients by a file that a drop-in, its configuration or a flag names: the file gets both CAs in phase 1
/// and the new CA alone in phase 3, as OpenSSL counts them, and every connection to the kubelet holds.
#[test]
fn the_client_ca_file_of_a_kubelet_is_changed_where_it_is() {
    const FILE: &str = "/etc/kubernetes/pki/kubelet-client-ca.crt";
    const DROP_IN: &str = "/etc/kubernetes/kubelet.conf.d/10-ca.conf";
    let header = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
    let field = format!("authentication:\n  x509:\n    clientCAFile: {FILE}\n");
    let folder = "KUBELET_EXTRA_ARGS=\"--config-dir=/etc/kubernetes/kubelet.conf.d\"\n";
    let flag = format!("KUBELET_EXTRA_ARGS=\"--client-ca-file={FILE}\"\n");
    let cases: [(&str, Vec<(&str, String)>); 3] = [
        ("drop-in", vec![("/etc/default/kubelet", folder.to_owned()), (DROP_IN, format!("{header}{field}"))]),
        ("configuration", Vec::new()),
        ("flag", vec![("/etc/default/kubelet", flag)]),
    ];
    for (node, holder) in [("worker1", "workers/worker1"), ("cp1", "control-plane/cp1")] {
        for (label, files) in &cases {
            let cluster = Cluster::of("rsa-3");
            let ca = cluster.read("/etc/kubernetes/pki/ca.crt");
            let mut cluster = cluster.on(node, FILE, ca);
            for (path, text) in files {
                cluster = cluster.on(node, path, text.clone());
            }
            if files.is_empty() {
                let (from, to) = ("clientCAFile: /etc/kubernetes/pki/ca.crt", format!("clientCAFile: {FILE}"));
                cluster = cluster.edit_on(node, "/var/lib/kubelet/config.yaml", from, &to);
            }
            let package = cluster.package(&[]);
            let kubelets = package.report.matrix.edges.iter().filter(|edge| edge.server.contains("kubelet"));
            assert!(kubelets.clone().count() > 0);
            for edge in kubelets {
                assert_eq!(edge.worst(), Outcome::Holds, "{node} {label}: {}", edge.id);
            }
            for (phase, certificates) in [("1-trust-both", 2), ("3-drop-old", 1)] {
                let laid =
                    package.lay(&format!("client-ca-{node}-{label}-{phase}"), &format!("{phase}/{holder}{FILE}"));
                let laid = laid.display().to_string();
                let subjects = openssl(&["storeutl", "-noout", "-certs", &laid]);
                assert!(
                    subjects.contains(&format!("Total found: {certificates}")),
                    "{node} {label} {phase}: {subjects}"
                );
            }
        }
    }
}
