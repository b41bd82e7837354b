//! The scripts for a cluster whose API servers verify kubelets, on the machine that `tests/scripts` creates. OpenSSL
//! issues the serving certificates, as kube-controller-manager does after an approval.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use airlock_core::{Content, InputFile, RotationRequest};
use airlock_tests::{
    fixtures,
    rotation::{Rotation, scratch},
    tools::succeed,
};

use super::script_faults::{NODE_COMMANDS, Step, machine, renewed, steps};

const PKI: &str = "var/lib/kubelet/pki";
const CURRENT: &str = "kubelet-server-current.pem";

/// `kubeadm/ecdsa-3` with the flag in each kube-apiserver, and kubelets that request their serving certificates.
fn files() -> Vec<InputFile> {
    let edits = [
        (
            "manifests/kube-apiserver.yaml",
            "    - --kubelet-client-key=",
            "    - --kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt\n    - --kubelet-client-key=",
        ),
        ("kubelet/config.yaml", "rotateCertificates: true\n", "rotateCertificates: true\nserverTLSBootstrap: true\n"),
    ];
    let mut files = fixtures::files("kubeadm/ecdsa-3");
    for file in &mut files {
        let Some((_, from, to)) = edits.iter().find(|(end, ..)| file.path.ends_with(end)) else { continue };
        let Content::Bytes(bytes) = &file.content else { continue };
        let text = std::str::from_utf8(bytes).expect("text");
        assert!(text.contains(from), "{}", file.path);
        *file = InputFile::new(file.path.clone(), text.replace(from, to).into_bytes());
    }
    files
}

/// A node's files on disk, with a serving certificate that the old CA issued.
fn tree(folder: &Path, node: &str, served: &Path) -> PathBuf {
    let tree = folder.join(format!("tree-{node}"));
    fixtures::copy(&fixtures::path(&format!("kubeadm/ecdsa-3/{node}")), &tree);
    let start = format!("kubeadm/ecdsa-3/{node}/");
    for file in files() {
        let Some(path) = file.path.split_once(&format!("{node}/")).map(|(_, path)| path) else { continue };
        if let (true, Content::Bytes(bytes)) = (file.path.contains(node), &file.content) {
            fs::write(tree.join(path), bytes.as_slice()).unwrap_or_else(|error| panic!("{start}{path}: {error}"));
        }
    }
    let pem = "kubelet-server-2026-11-22-02-13-38.pem";
    fs::copy(served, tree.join(PKI).join(pem)).expect("a file can be copied");
    symlink(format!("/{PKI}/{pem}"), tree.join(PKI).join(CURRENT)).expect("a link can be made");
    tree
}

/// A serving certificate and its key in one file, issued by this CA.
fn serving(folder: &Path, label: &str, node: &str, ca: &Path, key: &Path) -> PathBuf {
    let script = r#"
        openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj "/O=system:nodes/CN=system:node:$3" -keyout "$4.key" -out "$4.csr"
        printf 'subjectAltName=DNS:%s\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n' "$3" >"$4.ext"
        openssl x509 -req -in "$4.csr" -CA "$1" -CAkey "$2" -days 30 -extfile "$4.ext" -out "$4.crt"
        cat "$4.crt" "$4.key" >"$4.pem"
    "#;
    let mut command = Command::new("sh");
    succeed(command.args(["-euc", script, "sh"]).arg(ca).arg(key).args([node, label]).current_dir(folder));
    folder.join(format!("{label}.pem"))
}

struct Scene {
    folder: PathBuf,
    rotation: Rotation,
}

impl Scene {
    fn new(label: &str) -> Self {
        let request = RotationRequest { keep_keys: true, ..RotationRequest::default() };
        let rotation = Rotation::of(files(), &request, &format!("serving-{label}"));
        Self { folder: scratch(&format!("serving-machine-{label}")), rotation }
    }

    fn old(&self, node: &str) -> PathBuf {
        let pki = fixtures::path("kubeadm/ecdsa-3/cp1/etc/kubernetes/pki");
        serving(&self.folder, &format!("old-{node}"), node, &pki.join("ca.crt"), &pki.join("ca.key"))
    }

    fn new_serving(&self, node: &str) -> PathBuf {
        let key = self.rotation.phase(2).join("control-plane/cp1/etc/kubernetes/pki/ca.key");
        serving(&self.folder, &format!("new-{node}"), node, &self.rotation.phase(3).join("workers/ca.crt"), &key)
    }

    fn steps(&self, holder: &str, node: &str) -> Vec<Step> {
        let tree = tree(&self.folder, node, &self.old(node));
        let environment = [("RENEWED", renewed(&self.rotation, node, &self.folder).display().to_string())];
        steps(&self.rotation, holder, &tree, &NODE_COMMANDS, &environment, "node")
    }

    /// Runs a step on a tree. Returns the tree afterwards, whether it succeeded, and its output.
    fn run(&self, step: &Step, run: &str, served: Option<&Path>, label: &str) -> (PathBuf, bool, String) {
        let out = self.folder.join(format!("out-{label}"));
        let mut extra = vec![("KEEP", "yes".to_owned())];
        extra.extend(served.map(|path| ("SERVED", path.display().to_string())));
        let outcome = machine(step, &out, run, "true", &extra);
        (outcome.folder.join("after"), outcome.codes["second"] == 0, outcome.said)
    }
}

fn served_by(tree: &Path) -> Vec<u8> {
    let link = fs::read_link(tree.join(PKI).join(CURRENT)).expect("a link");
    fs::read(tree.join(PKI).join(link.file_name().expect("a name"))).expect("a file")
}

#[test]
fn a_kubelet_gets_its_serving_certificate_once_it_is_approved() {
    let scene = Scene::new("worker");
    let mut steps = scene.steps("workers", "worker1");
    let (old, new) = (fs::read(scene.old("worker1")).expect("a file"), scene.new_serving("worker1"));
    let before = served_by(&steps[0].tree);
    let ids: Vec<_> = steps.iter().map(|step| step.id.clone()).collect();
    assert_eq!(ids, ["1-workers", "2-workers", "3-workers"]);
    let (after, worked, said) = scene.run(&steps[0], &steps[0].run, None, "1");
    assert!(worked, "{said}");
    assert_eq!(served_by(&after), before, "phase 1 leaves it alone");

    // No approval: the script reports it, and the kubelet keeps its previous certificate.
    steps[1].tree.clone_from(&after);
    let (refused, worked, said) = scene.run(&steps[1], &steps[1].run, None, "2-waits");
    assert!(!worked && said.contains("was the request approved?"), "{said}");
    assert_eq!(served_by(&refused), before);

    // Phase 3 does not start with it.
    steps[2].tree.clone_from(&refused);
    let (_, worked, said) = scene.run(&steps[2], &steps[2].run, None, "3-too-early");
    assert!(!worked && said.contains("still serves a certificate of the old CA"), "{said}");

    // Again, with an approval.
    steps[1].tree.clone_from(&refused);
    let (switched, worked, said) = scene.run(&steps[1], &steps[1].run, Some(&new), "2");
    assert!(worked && said.contains("kubectl certificate approve NAME"), "{said}");
    assert_eq!(served_by(&switched), fs::read(&new).expect("a file"));
    let openssl = ["verify", "-purpose", "sslserver", "-no_check_time", "-CAfile"];
    let ca = scene.rotation.phase(3).join("workers/ca.crt");
    let pem = scene.folder.join("served.pem");
    fs::write(&pem, served_by(&switched)).expect("a file can be written");
    succeed(Command::new("openssl").args(openssl).arg(&ca).arg(&pem));

    // A second run changes nothing, its check passes, and the rollback restores the old certificate.
    steps[1].tree.clone_from(&switched);
    let gate = steps[1].gate.clone();
    let (_, worked, said) = scene.run(&steps[1], &gate, None, "2-check");
    assert!(worked, "{said}");
    let undo = format!("{} --undo", steps[1].run);
    let (undone, worked, said) = scene.run(&steps[1], &undo, None, "2-undo");
    assert!(worked && said.contains("old serving certificate again"), "{said}");
    assert_eq!(served_by(&undone), before);
    assert_ne!(before, old, "each key is made once");
    steps[2].tree.clone_from(&switched);
    let (_, worked, said) = scene.run(&steps[2], &steps[2].run, None, "3");
    assert!(worked, "{said}");
}

#[test]
fn an_api_server_restarts_and_serves_before_anything_else_restarts() {
    let scene = Scene::new("cp1");
    let mut steps = scene.steps("cp1", "cp1");
    let backup = steps.iter().find(|step| step.run.ends_with(" backup")).expect("a backup comes first");
    let (backed_up, worked, said) =
        scene.run(backup, &format!("{} --etcd-backed-up elsewhere", backup.run), None, "backup-cp1");
    assert!(worked, "{said}");
    let step = steps.iter_mut().find(|step| step.id == "1-cp1").expect("phase 1 changes this node");
    step.tree = backed_up;
    let (after, worked, said) = scene.run(step, &step.run, None, "1-cp1");
    assert!(worked, "{said}");
    let at = |part: &str| said.find(part).unwrap_or_else(|| panic!("no {part}: {said}"));
    let [wrote, restarted, serves, manager] = [
        "wrote /etc/kubernetes/pki/ca.crt",
        "restarted kube-apiserver",
        "its API server serves again",
        "restarted kube-controller-manager",
    ]
    .map(at);
    assert!(wrote < restarted && restarted < serves && serves < manager, "{said}");
    let journal =
        succeed(Command::new("grep").args(["-c", "restart\tkube-apiserver", "-r"]).arg(after.join("var/lib/airlock")));
    assert!(journal.contains(":1"), "{journal}");
}

/// The files that were loaded name a serving file that was not: the script reads the same flags and fields on the node, stops
/// while the old CA's certificate is there, and goes on when the administrator has replaced it.
#[test]
fn a_serving_file_that_was_not_provided_is_found_on_the_node() {
    const CERTIFICATE: &str = "/etc/kubernetes/tls/tls.crt";
    const CONFIG: &str = "var/lib/kubelet/config.yaml";
    let drop_in = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
    let flags = |flags: &str| format!("KUBELET_KUBEADM_ARGS=\"--node-ip=192.0.2.21 {flags}\"\n");
    let cases = [
        ("flag", vec![("var/lib/kubelet/kubeadm-flags.env", flags(&format!("--tls-cert-file={CERTIFICATE}")))]),
        ("field", Vec::new()),
        (
            "drop-in",
            vec![
                ("var/lib/kubelet/kubeadm-flags.env", flags("--config-dir /etc/kubernetes/kubelet.conf.d")),
                ("etc/kubernetes/kubelet.conf.d/10.conf", format!("{drop_in}tlsCertFile: \"{CERTIFICATE}\" # own\n")),
            ],
        ),
    ];
    for (label, edits) in cases {
        let folder = scratch(&format!("serving-not-provided-{label}"));
        let tree = folder.join("tree");
        let fixture = fixtures::path("kubeadm/ecdsa-3/worker1");
        fixtures::copy(&fixture, &tree);
        let mut loaded = files();
        // The fixture's configuration, which requests no certificate.
        let config = fs::read_to_string(fixture.join(CONFIG)).expect("it is UTF-8");
        let own = if label == "field" { format!("{config}tlsCertFile: {CERTIFICATE}\n") } else { config };
        for (path, text) in edits.into_iter().filter(|(path, _)| *path != CONFIG).chain([(CONFIG, own)]) {
            let end = format!("worker1/{path}");
            loaded.retain(|file| !file.path.ends_with(&end));
            loaded.push(InputFile::new(format!("kubeadm/ecdsa-3/{end}"), text.clone().into_bytes()));
            fs::create_dir_all(tree.join(path).parent().expect("a folder")).expect("a folder can be made");
            fs::write(tree.join(path), text).expect("a file can be written");
        }
        let acknowledge = [format!("cluster/reader-file-missing{CERTIFICATE}")].into();
        let request = RotationRequest { keep_keys: true, acknowledge, ..RotationRequest::default() };
        let rotation = Rotation::of(loaded, &request, &format!("serving-own-file-{label}"));
        let scene = Scene { folder: folder.clone(), rotation };
        let served = tree.join(&CERTIFICATE[1..]);
        fs::create_dir_all(served.parent().expect("a folder")).expect("a folder can be made");
        fs::copy(scene.old("worker1"), &served).expect("a file can be copied");
        let environment = [("RENEWED", renewed(&scene.rotation, "worker1", &folder).display().to_string())];
        let mut steps = steps(&scene.rotation, "workers", &tree, &NODE_COMMANDS, &environment, "node");
        let (after, worked, said) = scene.run(&steps[0], &steps[0].run, None, "1");
        assert!(worked, "{label}: {said}");
        for step in &mut steps[1..] {
            step.tree.clone_from(&after);
        }
        let (_, worked, said) = scene.run(&steps[1], &steps[1].run, None, "2-old");
        assert!(!worked && said.contains(CERTIFICATE) && said.contains("replace the file yourself"), "{label}: {said}");
        fs::copy(scene.new_serving("worker1"), steps[1].tree.join(&CERTIFICATE[1..])).expect("a file can be copied");
        let (_, worked, said) = scene.run(&steps[1], &steps[1].run, None, "2-new");
        assert!(worked, "{label}: {said}");
    }
}
