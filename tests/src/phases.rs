//! A cluster's trees after each phase of a package: the originals, with each phase's files laid over them.
//!
//! What a script does on a node without the package's help, an edit of the worker's `kubelet.conf` and the renewal of a
//! kubelet's certificate, is done here by sed's rule and by kube-controller-manager's own signer.

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
    oracle::Party,
    rotation::{Case, PHASES, scratch, walk},
    tools::{built, kubectl, succeed},
};

/// Trees of nodes, kubeconfigs and objects, after phases 0 (as it was) to 3.
#[derive(Debug)]
pub struct Phases {
    folder: PathBuf,
    /// Kubeconfigs that kubectl has read, by their files: it takes a while to start.
    read: Mutex<BTreeMap<PathBuf, Access>>,
    /// Control-plane nodes, sorted.
    pub control_plane: Vec<String>,
    /// Workers, sorted.
    pub workers: Vec<String>,
}

/// A kubeconfig's current context, as kubectl reads it.
#[derive(Clone, Debug)]
pub struct Access {
    /// Which file, for messages.
    pub name: String,
    /// The host of its server.
    pub host: String,
    /// What it presents and trusts.
    pub party: Party,
}

/// What `cluster-info` tells a node that joins.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// The host of the API server.
    pub host: String,
    /// PEM of whom it trusts there.
    pub roots: String,
}

/// Where a node has its PKI: where kubeadm puts it by default, or where `elsewhere-1` does.
#[must_use]
pub fn pki(tree: &Path) -> PathBuf {
    let elsewhere = tree.join("opt/k8s/pki");
    if elsewhere.is_dir() { elsewhere } else { tree.join("etc/kubernetes/pki") }
}

impl Phases {
    /// Lays the phases of a case's package over the fixtures that it was made from.
    ///
    /// # Panics
    ///
    /// If something cannot be copied or renewed.
    #[must_use]
    pub fn of(case: &Case) -> Self {
        Self::over(case.fixture, case.management, &case.rotation().root(), &case.name.replace(' ', "-"))
    }

    /// Lays the phases of the package that was unpacked into `package` over fixtures, in a folder named after `label`;
    /// `management` is empty where no management cluster takes part.
    ///
    /// # Panics
    ///
    /// If something cannot be copied or renewed.
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

    /// A phase's folder, one folder for each node and one each for `clients`, `cluster` and `management`.
    #[must_use]
    pub fn phase(&self, phase: usize) -> PathBuf {
        self.folder.join(phase.to_string())
    }

    /// A node's tree.
    #[must_use]
    pub fn node(&self, phase: usize, node: &str) -> PathBuf {
        self.phase(phase).join(node)
    }

    /// A file below a node's `/etc/kubernetes`; below `pki` wherever the node has that.
    ///
    /// # Panics
    ///
    /// If it is not there or not text.
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
                // Its script takes it away; an externally managed CA never had one.
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
                // The way back is no part of the phase.
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
        // A minted kubelet certificate: the link is moved to it (`ln -sfn`), as the step says.
        let pki = "var/lib/kubelet/pki";
        if from.join(pki).is_dir() {
            let (file, link) =
                (walk(&from.join(pki)).remove(0), self.node(phase, node).join(pki).join("kubelet-client-current.pem"));
            drop(fs::remove_file(&link));
            std::os::unix::fs::symlink(format!("/{pki}/{file}"), link).expect("a link can be made");
        }
    }

    /// Does the phase bring kubelet certificates along?
    fn has_minted(&self, from: &Path) -> bool {
        self.control_plane.iter().any(|node| from.join("control-plane").join(node).join("var/lib/kubelet/pki").is_dir())
    }

    /// The two edits of a worker: its CA file, unless the package has a version for this worker alone (`own`), and the CA data
    /// of its kubelet.conf.
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

    /// Every kubelet that keeps its certificate in files gets a new one from the controller-manager of the first
    /// node, which signs with whatever its manifest names: exactly one certificate, as it insists.
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

    /// What `--cluster-signing-cert-file` or `-key-file` of a node's controller-manager says.
    ///
    /// # Panics
    ///
    /// If the manifest has no such flag.
    #[must_use]
    pub fn signing_file(&self, phase: usize, node: &str, kind: &str) -> String {
        let manifest = self.read(phase, node, "manifests/kube-controller-manager.yaml");
        let flag = format!("- --cluster-signing-{kind}-file=");
        let value = manifest.lines().find_map(|line| line.trim().strip_prefix(&flag));
        value.unwrap_or_else(|| panic!("{node} in phase {phase}: no {flag}")).to_owned()
    }

    /// A kubeconfig of a node, with files resolved within its tree.
    #[must_use]
    pub fn kubeconfig(&self, phase: usize, node: &str, file: &str) -> Access {
        let tree = self.node(phase, node);
        self.access(tree.join("etc/kubernetes").join(file), &tree, &format!("{node}/{file} of phase {phase}"))
    }

    fn access(&self, file: PathBuf, tree: &Path, name: &str) -> Access {
        let mut read = self.read.lock().expect("a kubeconfig that cannot be read has already failed its test");
        read.entry(file).or_insert_with_key(|file| read_kubeconfig(file, tree, name)).clone()
    }

    /// A copy of a node's tree, to be changed.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    #[must_use]
    pub fn copy(&self, phase: usize, node: &str) -> TempDir {
        let copy = tempfile::tempdir().expect("a temporary folder can be made");
        fixtures::copy(&self.node(phase, node), copy.path());
        copy
    }

    /// Every kubeconfig on nodes that is there in a phase, with its node.
    #[must_use]
    pub fn kubeconfigs(&self, phase: usize) -> Vec<(String, Access)> {
        let files = ["admin.conf", "super-admin.conf", "controller-manager.conf", "scheduler.conf", "kubelet.conf"];
        let nodes = self.control_plane.iter().chain(&self.workers);
        let all = nodes.flat_map(|node| files.iter().map(move |file| (node, *file)));
        all.filter(|(node, file)| self.node(phase, node).join("etc/kubernetes").join(file).is_file())
            .map(|(node, file)| (node.clone(), self.kubeconfig(phase, node, file)))
            .collect()
    }

    /// Every kubeconfig that people hold.
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

    /// What a joining node learns from `cluster-info`: the host it goes to and whom it trusts there.
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

    /// An API server: what it presents, and the clients it accepts.
    #[must_use]
    pub fn apiserver(&self, phase: usize, node: &str) -> Party {
        Party {
            certificate: self.read(phase, node, "pki/apiserver.crt"),
            key: self.read(phase, node, "pki/apiserver.key"),
            roots: self.read(phase, node, "pki/ca.crt"),
        }
    }
}

/// A kubeconfig's current context, read by kubectl; files that it names lie below `tree`.
///
/// # Panics
///
/// If kubectl does not read it, or something is missing in it.
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
        party: Party {
            certificate: either(user, "client-certificate"),
            key: either(user, "client-key"),
            roots: either(cluster, "certificate-authority"),
        },
    }
}

/// The host of a server's URL.
fn host(server: &str) -> String {
    let address = server.trim_start_matches("https://");
    address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']).to_owned()
}

/// An object as kubectl understands it, without a server.
///
/// # Panics
///
/// If kubectl refuses the file.
#[must_use]
pub fn read_object(file: &Path) -> Value {
    // The only verbs that work without a server are those with --local; this one leaves the object as it is.
    let mut command = kubectl(Path::new("/dev/null"));
    command.args(["patch", "--local", "--type", "merge", "--patch", "{}", "--output", "json", "--filename"]);
    serde_json::from_str(&succeed(command.arg(file))).expect("kubectl writes JSON")
}

/// An absolute path of a node in its tree, links followed there.
fn within(tree: &Path, path: &str) -> PathBuf {
    let found = tree.join(path.trim_start_matches('/'));
    match fs::read_link(&found) {
        Ok(target) => within(tree, &target.to_string_lossy()),
        Err(_) => found,
    }
}
