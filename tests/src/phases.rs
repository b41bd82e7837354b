//! A cluster's trees after each phase of a package: the original trees, overlaid with each phase's files.
//!
//! Two actions of the scripts use no file of the package. The edit of a worker's `kubelet.conf` is repeated here with
//! the scripts' sed rule, the renewal of a kubelet's certificate with kube-controller-manager's own signer.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    fixtures,
    oracle::Endpoint,
    rotation::{Case, PHASES, scratch, walk},
    tools::{built, kubectl, succeed},
};

/// The trees of nodes, kubeconfigs and objects, after phases 0 (before the rotation) to 3.
#[derive(Debug)]
pub struct Phases {
    folder: PathBuf,
    /// A cache of the kubeconfigs that kubectl has read, by path; starting kubectl is slow.
    read: Mutex<BTreeMap<PathBuf, Access>>,
    /// The names of control-plane nodes, sorted.
    pub control_plane: Vec<String>,
    /// The names of workers, sorted.
    pub workers: Vec<String>,
}

/// The current context of a kubeconfig, as kubectl reads it.
#[derive(Clone, Debug)]
pub struct Access {
    /// The name of the file, for messages.
    pub name: String,
    /// The host name of its API server.
    pub host: String,
    /// Its client certificate, key and trusted CAs.
    pub endpoint: Endpoint,
}

/// The information in `cluster-info` for a joining node.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// The host name of the API server.
    pub host: String,
    /// PEM of the CAs to trust.
    pub roots: String,
}

/// The folder of a node's PKI: kubeadm's default, or the one of the fixture `elsewhere-1`.
#[must_use]
pub fn pki(tree: &Path) -> PathBuf {
    let elsewhere = tree.join("opt/k8s/pki");
    if elsewhere.is_dir() { elsewhere } else { tree.join("etc/kubernetes/pki") }
}

impl Case {
    /// The cluster's trees after each phase, created once per test process. Tests must not modify them.
    ///
    /// # Panics
    ///
    /// If they cannot be created.
    #[must_use]
    pub fn phases(&self) -> &'static Phases {
        static BUILT: Mutex<BTreeMap<&str, &Phases>> = Mutex::new(BTreeMap::new());
        let mut built = BUILT.lock().expect("a case that cannot be built has already failed its test");
        built.entry(self.name).or_insert_with(|| {
            Box::leak(Box::new(Phases::over(
                self.fixture,
                self.management,
                &self.rotation().root(),
                &self.name.replace(' ', "-"),
            )))
        })
    }
}

impl Phases {
    /// Overlays the phases of the package that was unpacked into `package` over fixtures, in a folder named after
    /// `label`. `management` is empty if there is no management cluster.
    ///
    /// # Panics
    ///
    /// If copying or renewing fails.
    #[must_use]
    pub fn over(fixture: &str, management: &str, package: &Path, label: &str) -> Self {
        let folder = scratch(&format!("{label}-phases"));
        fixtures::copy(&fixtures::path(fixture), &folder.join("0"));
        if !management.is_empty() {
            fixtures::copy(&fixtures::path(management), &folder.join("0/management"));
        }
        let (mut control_plane, mut workers) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(folder.join("0")).expect("the copy can be read") {
            let entry = entry.expect("the copy can be read");
            let name = entry.file_name().to_string_lossy().into_owned();
            if pki(&entry.path()).join("apiserver.crt").is_file() {
                control_plane.push(name);
            } else if entry.path().join("var/lib/kubelet").is_dir() {
                workers.push(name);
            }
        }
        control_plane.sort();
        workers.sort();
        let phases = Self { folder, read: Mutex::default(), control_plane, workers };
        for (phase, from) in PHASES.iter().enumerate().skip(1) {
            phases.lay(&package.join(from), phase);
        }
        phases
    }

    /// The folder of a phase. It contains one folder for each node, and `clients`, `cluster` and `management`.
    #[must_use]
    pub fn phase(&self, phase: usize) -> PathBuf {
        self.folder.join(phase.to_string())
    }

    /// The folder of a node's tree.
    #[must_use]
    pub fn node(&self, phase: usize, node: &str) -> PathBuf {
        self.phase(phase).join(node)
    }

    /// Reads a file below a node's `/etc/kubernetes`; paths that begin with `pki` are below the node's own PKI folder.
    ///
    /// # Panics
    ///
    /// If the file does not exist or is not text.
    #[must_use]
    pub fn read(&self, phase: usize, node: &str, file: &str) -> String {
        let node = self.node(phase, node);
        let path = match file.strip_prefix("pki/") {
            Some(file) => pki(&node).join(file),
            None => node.join("etc/kubernetes").join(file),
        };
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn lay(&self, from: &Path, phase: usize) {
        fixtures::copy(&self.phase(phase - 1), &self.phase(phase));
        for node in &self.control_plane {
            self.lay_node(&from.join("control-plane").join(node), phase, node);
            if phase == 3 {
                // The node's script deletes it; a cluster with an external CA never had one.
                drop(fs::remove_file(pki(&self.node(phase, node)).join("ca-signing.crt")));
            }
        }
        for node in &self.workers {
            self.lay_node(&from.join("workers").join(node), phase, node);
            let bundle = from.join("workers/ca.crt");
            if bundle.is_file() {
                self.widen_worker(&bundle, &from.join("workers").join(node), phase, node);
            }
        }
        for group in ["clients", "cluster", "management"] {
            if from.join(group).is_dir() {
                fixtures::copy(&from.join(group), &self.phase(phase).join(group));
                // The files for rolling back are not part of the phase's state.
                drop(fs::remove_dir_all(self.phase(phase).join(group).join("undo")));
            }
        }
        let renews = (from.join("workers/ca.crt").is_file() && !self.has_minted(from)) && phase == 2;
        if renews {
            self.renew_kubelets();
        }
    }

    fn lay_node(&self, from: &Path, phase: usize, node: &str) {
        for folder in ["etc", "opt", "var"] {
            if from.join(folder).is_dir() {
                fixtures::copy(&from.join(folder), &self.node(phase, node).join(folder));
            }
        }
        // A minted kubelet certificate: the step points the symbolic link to it (`ln -sfn`).
        let pki = "var/lib/kubelet/pki";
        if from.join(pki).is_dir() {
            let (file, link) =
                (walk(&from.join(pki)).remove(0), self.node(phase, node).join(pki).join("kubelet-client-current.pem"));
            drop(fs::remove_file(&link));
            std::os::unix::fs::symlink(format!("/{pki}/{file}"), link).expect("a link can be made");
        }
    }

    /// Whether the phase contains kubelet certificates.
    fn has_minted(&self, from: &Path) -> bool {
        self.control_plane.iter().any(|node| from.join("control-plane").join(node).join("var/lib/kubelet/pki").is_dir())
    }

    /// The two changes on a worker: its CA file, unless the package has a version for this worker alone (`own`), and the CA
    /// data of its kubelet.conf.
    fn widen_worker(&self, bundle: &Path, own: &Path, phase: usize, node: &str) {
        let tree = self.node(phase, node);
        if !pki(own).join("ca.crt").is_file() {
            fs::copy(bundle, pki(&tree).join("ca.crt")).expect("a bundle can be copied");
        }
        let data = BASE64_STANDARD.encode(fs::read(bundle).expect("a bundle can be read"));
        let text = fs::read_to_string(tree.join("etc/kubernetes/kubelet.conf")).expect("a worker has a kubelet.conf");
        let edited = text.lines().map(|line| match line.split_once("certificate-authority-data:") {
            Some((indent, _)) => format!("{indent}certificate-authority-data: {data}\n"),
            None => format!("{line}\n"),
        });
        fs::write(tree.join("etc/kubernetes/kubelet.conf"), edited.collect::<String>()).expect("a file can be written");
    }

    /// Renews every kubelet certificate that is kept in files. The controller-manager of the first node signs with the
    /// file that its manifest names. That file must contain exactly one certificate, as kube-controller-manager
    /// requires.
    fn renew_kubelets(&self) {
        let Some(first) = self.control_plane.first() else { return };
        let signer = tempfile::tempdir().expect("a temporary folder can be made");
        let tree = self.node(2, first);
        let (certificate, key) = (self.signing_file(2, first, "cert"), self.signing_file(2, first, "key"));
        if certificate.is_empty() {
            return;
        }
        for (file, name) in [(certificate, "ca.crt"), (key, "ca.key")] {
            fs::copy(tree.join(file.trim_start_matches('/')), signer.path().join(name))
                .expect("a signing file is there");
        }
        for node in self.control_plane.iter().chain(&self.workers) {
            if self.node(2, node).join("var/lib/kubelet/pki").is_dir() {
                let mut renew = Command::new(built("fixtures"));
                renew.args(["kubelet", "--node", node, "--now", &fixtures::now().0.to_string(), "--root"]);
                succeed(renew.arg(self.node(2, node)).arg("--ca").arg(signer.path().join("ca")));
            }
        }
    }

    /// The value of `--cluster-signing-cert-file` or `-key-file` of a node's controller-manager.
    ///
    /// # Panics
    ///
    /// If the manifest does not have the flag.
    #[must_use]
    pub fn signing_file(&self, phase: usize, node: &str, kind: &str) -> String {
        let manifest = self.read(phase, node, "manifests/kube-controller-manager.yaml");
        let flag = format!("- --cluster-signing-{kind}-file=");
        let value = manifest.lines().find_map(|line| line.trim().strip_prefix(&flag));
        value.unwrap_or_else(|| panic!("{node} in phase {phase}: no {flag}")).to_owned()
    }

    /// Reads a kubeconfig of a node; resolves the files that it names within the node's tree.
    #[must_use]
    pub fn kubeconfig(&self, phase: usize, node: &str, file: &str) -> Access {
        let tree = self.node(phase, node);
        self.access(tree.join("etc/kubernetes").join(file), &tree, &format!("{node}/{file} of phase {phase}"))
    }

    fn access(&self, file: PathBuf, tree: &Path, name: &str) -> Access {
        let mut read = self.read.lock().expect("a kubeconfig that cannot be read has already failed its test");
        read.entry(file).or_insert_with_key(|file| read_kubeconfig(file, tree, name)).clone()
    }

    /// A temporary copy of a node's tree, for a test to modify.
    ///
    /// # Panics
    ///
    /// If copying fails.
    #[must_use]
    pub fn copy(&self, phase: usize, node: &str) -> TempDir {
        let copy = tempfile::tempdir().expect("a temporary folder can be made");
        fixtures::copy(&self.node(phase, node), copy.path());
        copy
    }

    /// Every kubeconfig on nodes that exists in a phase, with its node.
    #[must_use]
    pub fn kubeconfigs(&self, phase: usize) -> Vec<(String, Access)> {
        let files = ["admin.conf", "super-admin.conf", "controller-manager.conf", "scheduler.conf", "kubelet.conf"];
        let nodes = self.control_plane.iter().chain(&self.workers);
        let all = nodes.flat_map(|node| files.iter().map(move |file| (node, *file)));
        all.filter(|(node, file)| self.node(phase, node).join("etc/kubernetes").join(file).is_file())
            .map(|(node, file)| (node.clone(), self.kubeconfig(phase, node, file)))
            .collect()
    }

    /// Every kubeconfig of users.
    #[must_use]
    pub fn clients(&self, phase: usize) -> Vec<Access> {
        let folder = self.phase(phase).join("clients");
        if !folder.is_dir() {
            return Vec::new();
        }
        let files = walk(&folder);
        let name = |file: &str| format!("clients/{file} of phase {phase}");
        files.iter().map(|file| self.access(folder.join(file), &folder, &name(file))).collect()
    }

    /// The API server host and trusted CAs that a joining node gets from `cluster-info`.
    ///
    /// # Panics
    ///
    /// If the object cannot be read.
    #[must_use]
    pub fn cluster_info(&self, phase: usize) -> Discovery {
        let file = self.phase(phase).join("cluster/cluster-info.yaml");
        let object = read_object(&file);
        let kubeconfig = object["data"]["kubeconfig"].as_str().expect("cluster-info holds a kubeconfig");
        let value = |field: &str| -> &str {
            let mut lines = kubeconfig.lines().map(|line| line.trim().trim_start_matches("- "));
            let found = lines.find_map(|line| line.strip_prefix(field));
            found.unwrap_or_else(|| panic!("{}: no {field}", file.display())).trim()
        };
        let data = BASE64_STANDARD.decode(value("certificate-authority-data:")).expect("base64");
        Discovery { host: host(value("server:")), roots: String::from_utf8(data).expect("PEM is text") }
    }

    /// An API server: the certificate that it presents, and the CAs with which it verifies clients.
    #[must_use]
    pub fn apiserver(&self, phase: usize, node: &str) -> Endpoint {
        Endpoint {
            certificate: self.read(phase, node, "pki/apiserver.crt"),
            key: self.read(phase, node, "pki/apiserver.key"),
            roots: self.read(phase, node, "pki/ca.crt"),
        }
    }
}

/// Reads the current context of a kubeconfig with kubectl; files that it names are below `tree`.
///
/// # Panics
///
/// If kubectl cannot read it, or a field is missing.
#[must_use]
pub fn read_kubeconfig(file: &Path, tree: &Path, name: &str) -> Access {
    let text = succeed(kubectl(file).args(["config", "view", "--raw", "--minify", "--output", "json"]));
    let view: Value = serde_json::from_str(&text).expect("kubectl writes JSON");
    let (cluster, user) = (&view["clusters"][0]["cluster"], &view["users"][0]["user"]);
    let either = |entry: &Value, field: &str| -> String {
        if let Some(data) = entry[format!("{field}-data")].as_str() {
            let bytes = BASE64_STANDARD.decode(data).expect("kubectl writes base64");
            return String::from_utf8(bytes).expect("PEM is text");
        }
        let path = entry[field].as_str().unwrap_or_else(|| panic!("{name}: no {field}"));
        fs::read_to_string(within(tree, path)).unwrap_or_else(|error| panic!("{name}: {path}: {error}"))
    };
    let server = cluster["server"].as_str().unwrap_or_else(|| panic!("{name}: no server"));
    let named = cluster["tls-server-name"].as_str();
    Access {
        name: name.to_owned(),
        host: named.map_or_else(|| host(server), str::to_owned),
        endpoint: Endpoint {
            certificate: either(user, "client-certificate"),
            key: either(user, "client-key"),
            roots: either(cluster, "certificate-authority"),
        },
    }
}

/// The host name in a server URL.
fn host(server: &str) -> String {
    let address = server.trim_start_matches("https://");
    address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']).to_owned()
}

/// Parses an object with kubectl, without a server.
///
/// # Panics
///
/// If kubectl rejects the file.
#[must_use]
pub fn read_object(file: &Path) -> Value {
    // Only verbs with `--local` work without a server. This one does not change the object.
    let mut command = kubectl(Path::new("/dev/null"));
    command.args(["patch", "--local", "--type", "merge", "--patch", "{}", "--output", "json", "--filename"]);
    serde_json::from_str(&succeed(command.arg(file))).expect("kubectl writes JSON")
}

/// The path on this machine of an absolute path on a node; resolves symbolic links within the node's tree.
fn within(tree: &Path, path: &str) -> PathBuf {
    let found = tree.join(path.trim_start_matches('/'));
    match fs::read_link(&found) {
        Ok(target) => within(tree, &target.to_string_lossy()),
        Err(_) => found,
    }
}
