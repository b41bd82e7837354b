//! The files that the kubelet and systemd read on a node: manifests, environment files, symbolic links, and files
//! outside of `/etc/kubernetes`.

use std::{fs, process::Command};

use airlock_core::{Finding, RotationRequest, Severity};
use airlock_tests::{
    rotation::scratch,
    tools::{built, succeed},
};

use super::cluster::{Cluster, NODE, verify};

const APISERVER: &str = "/etc/kubernetes/manifests/kube-apiserver.yaml";
const SCHEDULER: &str = "/etc/kubernetes/manifests/kube-scheduler.yaml";
const UNIT: &str = "/etc/systemd/system/agent.service";

/// The command of a manifest's container as Kubernetes decodes it (sigs.k8s.io/yaml).
fn command_by_kubectl(label: &str, manifest: &[u8]) -> Vec<String> {
    let file = scratch(&format!("manifest-{label}")).join("pod.yaml");
    fs::write(&file, manifest).expect("a file can be written");
    let mut kubectl = Command::new(built("kubectl"));
    let json = succeed(kubectl.args(["label", "--local", "-o", "json", "x=y", "-f"]).arg(&file));
    let pod: serde_json::Value = serde_json::from_str(&json).expect("kubectl writes JSON");
    let words = pod["spec"]["containers"][0]["command"].as_array().expect("a command").iter();
    words.map(|word| word.as_str().expect("a word").to_owned()).collect()
}

/// Two lists under `command`: the last one applies, in kubectl and in Airlock.
#[test]
fn the_last_of_two_equal_keys_counts_in_a_manifest() {
    let etcd = "    - --etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt\n";
    let own = Cluster::new().read(APISERVER);
    let text = String::from_utf8(own).expect("it is UTF-8");
    let list = text.split("  - command:\n").nth(1).and_then(|rest| rest.split("    image:").next()).expect("a command");
    let wrong = list.replace(etcd, "    - --etcd-cafile=/etc/kubernetes/pki/ca.crt\n");
    assert_ne!(list, wrong);
    let (first, last) = (format!("{wrong}    command:\n{list}"), format!("{list}    command:\n{wrong}"));

    let cluster = Cluster::new().edit(APISERVER, list, &last);
    let words = command_by_kubectl("last", &cluster.read(APISERVER));
    assert!(words.contains(&"--etcd-cafile=/etc/kubernetes/pki/ca.crt".to_owned()), "{words:?}");
    cluster.refused_once("etcd-under-cluster-ca");

    let cluster = Cluster::new().edit(APISERVER, list, &first);
    let words = command_by_kubectl("first", &cluster.read(APISERVER));
    assert!(words.contains(&"--etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt".to_owned()), "{words:?}");
    let finding = cluster.warning("duplicate-key");
    let line = 1 + text.lines().position(|line| line == "  - command:").expect("a line") + list.lines().count() + 1;
    assert_eq!(finding.place, format!("line {line}"));
    assert!(finding.message.contains("command"), "{finding}");
    cluster.package(&[]);
}

/// A manifest with a duplicate key is changed in place like any other.
#[test]
fn a_duplicate_key_beside_the_flags_does_not_keep_a_manifest_from_being_changed() {
    let manifest = "/etc/kubernetes/manifests/kube-controller-manager.yaml";
    let twice = |text: &str| format!("{text}{text}");
    let cluster = Cluster::new().edit(manifest, "  hostNetwork: true\n", &twice("  hostNetwork: true\n"));
    assert_eq!(cluster.warning("duplicate-key").severity, Severity::Warning);
    let package = cluster.package(&[]);
    let new = package.text(&format!("1-trust-both/control-plane/{NODE}{manifest}"));
    assert!(new.contains("--cluster-signing-cert-file=/etc/kubernetes/pki/ca-signing.crt"), "{new}");
    assert_eq!(new.matches("  hostNetwork: true\n").count(), 2, "every other byte is kept");
}

/// The kubelet decodes only the first document of a manifest.
#[test]
fn the_first_document_of_a_manifest_counts() {
    let other = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: other}\nspec: {containers: [{name: other}]}\n";
    let text = String::from_utf8(Cluster::new().read(APISERVER)).expect("it is UTF-8");
    let cluster = Cluster::new().edit(APISERVER, &text, &format!("{text}{other}")).edit(
        APISERVER,
        "--etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt",
        "--etcd-cafile=/etc/kubernetes/pki/ca.crt",
    );
    assert!(cluster.warning("ignored-document").message.contains("2 YAML documents"));
    cluster.refused_once("etcd-under-cluster-ca");
}

/// Flags of a file that cannot be read are unknown: an error for every component, and for every other static Pod.
#[test]
fn a_manifest_that_cannot_be_read_refuses_the_plan() {
    for name in ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] {
        let manifest = format!("/etc/kubernetes/manifests/{name}.yaml");
        let error = Cluster::new().edit(&manifest, "spec:\n", "spec: [\n").refused_once("unreadable-content");
        assert!(error.file.ends_with(&manifest), "{error}");
    }
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: agent\nspec: [\n";
    for name in ["agent.yaml", "agent.yaml.bak", "agent"] {
        let path = format!("/etc/kubernetes/manifests/{name}");
        let error = Cluster::new().with(&path, pod).refused_once("unreadable-content");
        assert!(error.file.ends_with(&path), "{error}");
    }
    for path in ["/etc/kubernetes/manifests/.agent.yaml.swp", "/etc/kubernetes/agent.yaml"] {
        Cluster::new().with(path, pod).package(&[]);
    }
    Cluster::new().with("/etc/kubernetes/manifests/README", "Managed by Ansible.\n").package(&[]);
}

#[test]
fn each_missing_manifest_is_named() {
    for name in ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] {
        let manifest = format!("/etc/kubernetes/manifests/{name}.yaml");
        let finding = Cluster::new().without(&manifest).warning("missing-manifest");
        assert!(finding.message.contains(&manifest), "{finding}");
    }
    let external = Cluster::new().without("/etc/kubernetes/manifests/etcd.yaml").without("/pki/etcd/server.crt");
    assert_eq!(external.findings("missing-manifest"), []);
}

/// kubernetes/kubernetes, pkg/kubelet/config/file.go: `filepath.Glob(filepath.Join(name, "[^.]*"))`, and a store by
/// namespace and name.
#[test]
fn two_manifests_of_one_pod_refuse_the_plan() {
    let copy = Cluster::new().read(SCHEDULER);
    for name in ["kube-scheduler.yaml.bak", "kube-scheduler.yaml~", "copy.json", "zz"] {
        let path = format!("/etc/kubernetes/manifests/{name}");
        let error = Cluster::new().with(&path, copy.clone()).refused_once("duplicate-static-pod");
        assert!(error.file.ends_with(&path), "{error}");
        assert!(error.message.contains("kube-scheduler.yaml") && error.message.contains(name), "{error}");
    }
    for path in ["/etc/kubernetes/manifests/.kube-scheduler.yaml", "/etc/kubernetes/kube-scheduler.yaml.bak"] {
        Cluster::new().with(path, copy.clone()).package(&[]);
    }
    let other = String::from_utf8(copy).expect("it is UTF-8").replace("namespace: kube-system", "namespace: other");
    let cluster = Cluster::new().with("/etc/kubernetes/manifests/other.yaml", other);
    assert_eq!(cluster.findings("duplicate-static-pod"), []);
}

/// The kubelet also runs the Pod of `agent.yml`, but the scripts restart only `NAME.yaml`.
#[test]
fn a_static_pod_that_the_scripts_cannot_restart_refuses_the_plan() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: agent}\nspec:\n  containers:\n  - name: agent\n    image: i\n    volumeMounts: [{mountPath: /a.conf, name: a}]\n  volumes: [{name: a, hostPath: {path: /etc/kubernetes/admin.conf, type: File}}]\n";
    let error = Cluster::new().with("/etc/kubernetes/manifests/agent.yml", pod).refused_once("manifest-name");
    assert!(error.message.contains("/etc/kubernetes/manifests/agent.yml"), "{error}");
    let package = Cluster::new().with("/etc/kubernetes/manifests/agent.yaml", pod).package(&[]);
    assert!(package.restarts(1).contains(&"agent"));
}

/// The kubelet runs every file of the folder; the scripts, and kubeadm, look for `COMPONENT.yaml`.
#[test]
fn a_manifest_of_the_control_plane_has_its_name() {
    const CONFIG: &str = "/var/lib/kubelet/config.yaml";
    for name in ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] {
        let kept = format!("/etc/kubernetes/manifests/{name}.yaml");
        let manifest = Cluster::new().read(&kept);
        for other in ["yml", "json", "yaml.bak"] {
            let path = format!("/etc/kubernetes/manifests/{name}.{other}");
            let cluster = Cluster::new().without(&kept).with(&path, manifest.clone());
            assert_eq!(cluster.findings("missing-manifest"), [], "{path}: it is not missing");
            let error = cluster.refused_once("manifest-name");
            assert!(error.file.ends_with(&path) && error.message.contains(&path), "{error}");
            assert!(error.remedy.contains(&format!("mv {path} {kept}")), "{error}");
        }
        // The kubelet reads no hidden file, and no other folder than that of its configuration.
        for path in [format!("/etc/kubernetes/manifests/.{name}.yml"), format!("/etc/kubernetes/{name}.yaml")] {
            let cluster = Cluster::new().without(&kept).with(&path, manifest.clone());
            assert_eq!(cluster.findings("manifest-name"), [], "{path}");
            assert_eq!(cluster.findings("missing-manifest").len(), 1, "{path}");
        }
        let elsewhere = format!("/etc/kubelet.d/{name}.yaml");
        let cluster = Cluster::new().without(&kept).with(&elsewhere, manifest.clone());
        let cluster = cluster.edit(CONFIG, "staticPodPath: /etc/kubernetes/manifests", "staticPodPath: /etc/kubelet.d");
        let error = cluster.refused_once("manifest-name");
        assert!(error.message.contains(&elsewhere) && error.remedy.contains("staticPodPath"), "{error}");
    }
}

/// systemd reads any path that `EnvironmentFile=` names.
#[test]
fn an_environment_file_says_which_files_a_unit_reads() {
    for path in ["/etc/default/agent", "/etc/agent/env", "/opt/agent/etc/agent.env", "/usr/local/etc/agent"] {
        let unit = format!("[Service]\nEnvironmentFile={path}\nExecStart=/usr/bin/agent --ca ${{CA}}\n");
        let cluster = Cluster::new().with(UNIT, unit).with(path, "CA=/etc/kubernetes/pki/ca.crt\n");
        let package = cluster.package(&[]);
        for phase in 1..=3 {
            assert!(package.restarts(phase).contains(&"agent.service"), "{path}: {:?}", package.restarts(phase));
        }
    }
}

/// A pattern stands for every provided file that it matches, sorted; the later one of two settings applies.
#[test]
fn environment_files_with_wildcards_say_which_files_a_unit_reads() {
    let unit = "[Service]\nEnvironmentFile=/etc/agent/*.env\nExecStart=/usr/bin/agent --ca ${CA}\n";
    let (ours, foreign) = ("CA=/etc/kubernetes/pki/ca.crt\n", "CA=/etc/agent/foreign.crt\n");
    let files = |first: &str, second: &str| {
        Cluster::new().with(UNIT, unit).with("/etc/agent/10.env", first).with("/etc/agent/20.env", second)
    };
    for phase in 1..=3 {
        assert!(files(foreign, ours).package(&[]).restarts(phase).contains(&"agent.service"), "{phase}");
    }
    assert!(!files(ours, foreign).package(&[]).restarts(1).contains(&"agent.service"));
    let hidden = Cluster::new().with(UNIT, unit).with("/etc/agent/.10.env", ours);
    let error = hidden.refused_once("unit-not-known");
    assert!(error.message.contains("EnvironmentFile=/etc/agent/*.env"), "{error}");
    // Behind a link, the files are the same.
    let link = Cluster::new().with(UNIT, unit).link("/etc/agent", "/opt/agent").with("/opt/agent/a.env", ours);
    assert!(link.package(&[]).restarts(1).contains(&"agent.service"));
}

#[test]
fn a_unit_whose_environment_was_not_provided_has_to_be_acknowledged() {
    for (unit, named) in [
        ("EnvironmentFile=/etc/agent/env\nExecStart=/usr/bin/agent", "EnvironmentFile=/etc/agent/env"),
        ("EnvironmentFile=-/etc/agent/env\nExecStart=/usr/bin/agent --ca ${CA}", "the variable CA"),
        ("ExecStart=/usr/bin/agent $ARGS", "the variable ARGS"),
    ] {
        let cluster = Cluster::new().with(UNIT, format!("[Service]\n{unit}\n"));
        let error = cluster.clone().refused_once("unit-not-known");
        assert_eq!(error.acknowledge, "cluster/unit-not-known/agent.service");
        assert!(error.message.contains(named) && error.message.contains(NODE), "{error}");
        let package = cluster.package(&[&error.acknowledge]);
        assert_eq!(package.plan.acknowledged.len(), 1);
    }
    for unit in [
        "EnvironmentFile=-/etc/agent/env\nExecStart=/usr/bin/agent\nExecReload=/bin/kill -HUP $MAINPID",
        "Environment=CA=/etc/agent/ca.crt\nExecStart=/usr/bin/agent --ca ${CA} $$HOME",
    ] {
        Cluster::new().with(UNIT, format!("[Service]\n{unit}\n")).package(&[]);
    }
}

/// The kubelet's own unit likewise: kubeadm's arguments are assumed only for a unit that takes none from elsewhere, as that of
/// kubeadm's packages.
#[test]
fn a_kubelet_s_unit_whose_arguments_were_not_provided_has_to_be_acknowledged() {
    const KUBELET: &str = "/etc/systemd/system/kubelet.service";
    let unit = |exec: &str| Cluster::new().with(KUBELET, format!("[Service]\n{exec}\n"));
    let own = "EnvironmentFile=-/etc/kubernetes/kubelet.env\nExecStart=/usr/bin/kubelet $KUBELET_ARGS";
    let error = unit(own).refused_once("unit-not-known");
    assert_eq!(error.acknowledge, "cluster/unit-not-known/kubelet.service");
    assert!(error.message.contains("the variable KUBELET_ARGS"), "{error}");
    let arguments = "KUBELET_ARGS=--kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml\n";
    unit(own).with("/etc/kubernetes/kubelet.env", arguments).package(&[]);
    unit("ExecStart=/usr/bin/kubelet").package(&[]);
}

/// A leaf certificate outside of `/etc/kubernetes` that a static Pod names by its mount.
#[test]
fn a_mounted_file_outside_of_etc_kubernetes_is_the_nodes() {
    let cluster = Cluster::new();
    let (certificate, key) = cluster.issue("audit-server", "/CN=audit", "extendedKeyUsage=serverAuth\n");
    let container = "    command: [audit, --tls-cert-file=/tls/srv.crt, --tls-private-key-file=/tls/srv.key]\n    volumeMounts: [{mountPath: /tls, name: tls}]\n";
    let volume = "  - {name: tls, hostPath: {path: /srv/audit, type: Directory}}\n";
    let cluster = cluster.pod("audit", container, volume);
    let package = cluster.with("/srv/audit/srv.crt", certificate).with("/srv/audit/srv.key", key).package(&[]);
    let new = package.lay("audit-srv", "2-switch/control-plane/cp1/srv/audit/srv.crt");
    let ca = package.lay("audit-srv-ca", "3-drop-old/workers/ca.crt");
    verify(&["-purpose", "sslserver", "-CAfile", &ca.display().to_string(), &new.display().to_string()]);
    assert!(package.restarts(2).contains(&"audit"));
}

/// kubespray's layout: `pki -> ssl`, and the flags name `ssl`.
#[test]
fn files_behind_a_link_are_one_file() {
    let same = |cluster: Cluster, own: &str, label: &str| {
        let package = cluster.package(&[]);
        assert_eq!(package.plan.acknowledged, [], "{label}");
        let new = format!("1-trust-both/control-plane/{NODE}{own}/ca.crt");
        assert_eq!(package.text(&new).matches("BEGIN CERTIFICATE").count(), 2, "{label}");
    };
    let moved = |folder: &str| Cluster::new().relocate("/etc/kubernetes/pki/", &format!("{folder}/"));
    let kubespray = moved("/etc/kubernetes/ssl").name_everywhere("/etc/kubernetes/pki", "/etc/kubernetes/ssl");
    for target in ["ssl", "/etc/kubernetes/ssl", "./ssl/"] {
        same(kubespray.clone().link("/etc/kubernetes/pki", target), "/etc/kubernetes/ssl", target);
    }
    for (folder, target) in [
        ("/etc/kubernetes/realpki", "realpki"),
        ("/data/pki", "/data/pki"),
        ("/data/pki", "../../data/pki"),
        ("/etc/pki/kubernetes", "../pki/kubernetes"),
    ] {
        same(moved(folder).link("/etc/kubernetes/pki", target), "/etc/kubernetes/pki", target);
    }
}

/// A unit names the file by its real path, the flags by the path of the link.
#[test]
fn a_reader_by_another_path_is_restarted() {
    let unit = "[Service]\nExecStart=/usr/bin/agent --ca=/data/pki/ca.crt\n";
    let cluster = Cluster::new().relocate("/etc/kubernetes/pki/", "/data/pki/");
    let package = cluster.link("/etc/kubernetes/pki", "/data/pki").with(UNIT, unit).package(&[]);
    for phase in 1..=3 {
        assert!(package.restarts(phase).contains(&"agent.service"), "phase {phase}: {:?}", package.restarts(phase));
    }
    // One file alone is a link.
    let one = Cluster::new().relocate("/etc/kubernetes/pki/ca.crt", "/etc/ssl/cluster/ca.crt");
    let one = one.link("/etc/kubernetes/pki/ca.crt", "/etc/ssl/cluster/ca.crt");
    let package = one.with(UNIT, unit.replace("/data/pki", "/etc/ssl/cluster")).package(&[]);
    for phase in 1..=3 {
        assert!(package.restarts(phase).contains(&"agent.service"), "phase {phase}: {:?}", package.restarts(phase));
    }
}

/// Created by OpenSSL: the content of a container is unknown without its password.
#[test]
fn an_encrypted_container_on_a_node_has_to_be_acknowledged() {
    let cluster = Cluster::new();
    let (certificate, key) = cluster.issue("bob", "/CN=bob", "extendedKeyUsage=clientAuth\n");
    let folder = scratch("bob-p12");
    for (name, bytes) in [("bob.crt", certificate), ("bob.key", key)] {
        fs::write(folder.join(name), bytes).expect("a file can be written");
    }
    let arguments = "pkcs12 -export -in bob.crt -inkey bob.key -out bob.p12 -passout pass:secret";
    succeed(Command::new("openssl").args(arguments.split(' ')).current_dir(&folder));
    let container = fs::read(folder.join("bob.p12")).expect("openssl wrote it");
    let cluster = cluster.with("/etc/kubernetes/bob.p12", container);
    let error = cluster.clone().refused_once("password-needed");
    assert_eq!(error.acknowledge, "cluster/password-needed/etc/kubernetes/bob.p12");
    assert!(error.message.contains("encrypted") && error.remedy.contains("--password-file"), "{error}");
    cluster.package(&[&error.acknowledge]);
}

/// Created by keytool.
#[test]
fn a_java_keystore_that_a_process_names_has_to_be_acknowledged() {
    let cluster = Cluster::new();
    let folder = scratch("keystore");
    fs::write(folder.join("ca.crt"), cluster.read("/etc/kubernetes/pki/ca.crt")).expect("a file can be written");
    for (name, kind) in [("trust.jks", "JKS"), ("trust.jceks", "JCEKS")] {
        let arguments = format!(
            "-importcert -noprompt -alias ca -file ca.crt -keystore {name} -storetype {kind} -storepass secret"
        );
        succeed(Command::new("keytool").args(arguments.split(' ')).current_dir(&folder));
        let keystore = fs::read(folder.join(name)).expect("keytool wrote it");
        let path = format!("/etc/kubernetes/{name}");
        let cluster = cluster.clone().with(&path, keystore);
        assert!(cluster.findings("unrecognised").iter().any(|note| note.message.contains("Java keystore")));
        let unit = format!("[Service]\nExecStart=/usr/bin/java -Djavax.net.ssl.trustStore={path} -jar /opt/a.jar\n");
        let error = cluster.clone().with(UNIT, unit).refused_once("keystore-not-read");
        assert_eq!(error.acknowledge, format!("cluster/keystore-not-read{path}"));
        assert!(error.message.contains("agent.service") && error.message.contains(&path), "{error}");
        assert!(error.message.contains("it trusts the old CA"), "{error}");
        cluster.package(&[]);
    }
}

/// Certificates in a Java keystore are not encrypted: one without a certificate of the cluster's CAs is no obstacle,
/// one that cannot be parsed completely is.
#[test]
fn a_java_keystore_with_other_certificates_is_no_obstacle() {
    let folder = scratch("keystore-foreign");
    let request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -days 3650 -subj /CN=kubernetes";
    succeed(Command::new("openssl").args(request.split(' ')).current_dir(&folder));
    let import = "-importcert -noprompt -alias ca -file ca.crt -keystore a.jks -storetype JKS -storepass secret";
    succeed(Command::new("keytool").args(import.split(' ')).current_dir(&folder));
    let keystore = fs::read(folder.join("a.jks")).expect("keytool wrote it");
    let unit = "[Service]\nExecStart=/usr/bin/java -Djavax.net.ssl.trustStore=/etc/a.jks -jar /opt/a.jar\n";
    let with = |keystore: &[u8]| Cluster::new().with(UNIT, unit).with("/etc/a.jks", keystore);
    assert_eq!(with(&keystore).package(&[]).plan.acknowledged, []);
    let error = with(&keystore[..keystore.len() / 2]).refused_once("keystore-not-read");
    assert!(error.message.contains("cannot read to its end"), "{error}");
}

/// One cause, one finding: the file was provided, and cannot be used.
#[test]
fn an_encrypted_ca_key_is_not_also_missing() {
    let cluster = Cluster::new();
    let folder = scratch("encrypted-ca-key");
    fs::write(folder.join("ca.key"), cluster.read("/etc/kubernetes/pki/ca.key")).expect("a file can be written");
    let arguments = "pkcs8 -topk8 -in ca.key -out encrypted.key -passout pass:secret";
    succeed(Command::new("openssl").args(arguments.split(' ')).current_dir(&folder));
    let encrypted = fs::read(folder.join("encrypted.key")).expect("openssl wrote it");
    let cluster = cluster.without("/etc/kubernetes/pki/ca.key").with("/etc/kubernetes/pki/ca.key", encrypted);
    assert_eq!(cluster.all_severe(), ["password-needed"]);
}

impl Cluster {
    /// The findings with this code, of inspection and planning.
    fn findings(&self, code: &str) -> Vec<Finding> {
        self.findings_of().into_iter().filter(|finding| finding.code == code).collect()
    }

    /// The only finding with this code, which must be a warning.
    #[track_caller]
    fn warning(&self, code: &str) -> Finding {
        let found = self.findings(code);
        let [only] = found.as_slice() else { panic!("one {code}, not {:#?}", self.findings_of()) };
        assert_eq!(only.severity, Severity::Warning, "{only}");
        only.clone()
    }

    /// The codes of all errors and warnings.
    fn all_severe(&self) -> Vec<String> {
        let said = self.findings_of().into_iter().filter(|finding| finding.severity != Severity::Note);
        said.map(|finding| finding.code).collect()
    }

    fn findings_of(&self) -> Vec<Finding> {
        self.outcome(&RotationRequest::default())
    }
}
