//! A cluster with one kubeadm control-plane node, whose files a test modifies.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use airlock_core::{
    Content, Finding, InputFile, RotationRequest, Severity, UnixTime, inspect, plan,
    report::{PackageReport, PlanReport},
    simulate::Outcome,
};
use airlock_tests::{
    fixtures, keys,
    rotation::scratch,
    tools::{output, succeed},
};
use zeroize::Zeroizing;

/// The node's name.
pub(crate) const NODE: &str = "cp1";

/// The cluster's files.
#[derive(Clone)]
pub(crate) struct Cluster {
    fixture: &'static str,
    files: Vec<InputFile>,
}

/// The result of planning and packaging.
pub(crate) struct Package {
    pub(crate) plan: PlanReport,
    pub(crate) report: PackageReport,
    files: Vec<(String, Vec<u8>)>,
}

impl Cluster {
    /// A cluster with one control-plane node.
    pub(crate) fn new() -> Self {
        Self::of("rsa-1")
    }

    /// The cluster of another kubeadm fixture.
    pub(crate) fn of(fixture: &'static str) -> Self {
        Self { fixture, files: fixtures::files(&format!("kubeadm/{fixture}")) }
    }

    /// Adds a file of the node, by its absolute path.
    pub(crate) fn with(self, path: &str, text: impl Into<Vec<u8>>) -> Self {
        self.on(NODE, path, text)
    }

    /// Adds a file of another node.
    pub(crate) fn on(mut self, node: &str, path: &str, text: impl Into<Vec<u8>>) -> Self {
        self.files.push(InputFile::new(format!("{}/{node}{path}", self.fixture), text.into()));
        self
    }

    /// Adds a symbolic link on the node.
    pub(crate) fn link(mut self, path: &str, target: &str) -> Self {
        let path = format!("{}/{NODE}{path}", self.fixture);
        self.files.push(InputFile { path, content: Content::Symlink(target.to_owned()), mode: None });
        self
    }

    /// Replaces a file of any node, or adds it.
    pub(crate) fn set(mut self, node: &str, path: &str, text: impl Into<Vec<u8>>) -> Self {
        let end = format!("{node}{path}");
        self.files.retain(|file| !file.path.ends_with(&end));
        self.on(node, path, text)
    }

    /// Adds a file that belongs to no node.
    pub(crate) fn with_unassigned(mut self, name: &str, text: impl Into<Vec<u8>>) -> Self {
        self.files.push(InputFile::new(format!("{}/{name}", self.fixture), text.into()));
        self
    }

    /// The content of a file of the node.
    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        let end = format!("{NODE}{path}");
        let file = self.files.iter().find(|file| file.path.ends_with(&end)).unwrap_or_else(|| panic!("no {path}"));
        match &file.content {
            Content::Bytes(bytes) => bytes.to_vec(),
            other => panic!("{path} is {other:?}"),
        }
    }

    /// Adds lines to a file of any node.
    pub(crate) fn append(mut self, node: &str, path: &str, lines: &str) -> Self {
        let end = format!("{node}{path}");
        let file = self.files.iter_mut().find(|file| file.path.ends_with(&end)).unwrap_or_else(|| panic!("no {end}"));
        let Content::Bytes(bytes) = &file.content else { panic!("{end} has no bytes") };
        file.content = Content::Bytes(Arc::new(Zeroizing::new([bytes.as_slice(), lines.as_bytes()].concat())));
        self
    }

    /// Replaces text in a file of the node.
    pub(crate) fn edit(self, path: &str, from: &str, to: &str) -> Self {
        self.edit_on(NODE, path, from, to)
    }

    /// Replaces text in a file of any node.
    pub(crate) fn edit_on(mut self, node: &str, path: &str, from: &str, to: &str) -> Self {
        let end = format!("{node}{path}");
        let own = self.files.iter().find(|file| file.path.ends_with(&end)).unwrap_or_else(|| panic!("no {end}"));
        let Content::Bytes(bytes) = &own.content else { panic!("{end} has no bytes") };
        let text = String::from_utf8(bytes.to_vec()).expect("the file is UTF-8");
        assert!(text.contains(from), "{path} does not contain {from}");
        let file = self.files.iter_mut().find(|file| file.path.ends_with(&end)).expect("it was read");
        file.content = Content::Bytes(Arc::new(Zeroizing::new(text.replace(from, to).into_bytes())));
        self
    }

    /// Removes the node's files whose paths end with `path`.
    pub(crate) fn without(mut self, path: &str) -> Self {
        let before = self.files.len();
        self.files.retain(|file| !file.path.ends_with(path));
        assert!(self.files.len() < before, "no {path}");
        self
    }

    /// Moves the node's files below one path to another.
    pub(crate) fn relocate(mut self, from: &str, to: &str) -> Self {
        let (from, to) = (format!("/{NODE}{from}"), format!("/{NODE}{to}"));
        for file in &mut self.files {
            file.path = file.path.replace(&from, &to);
        }
        self
    }

    /// Replaces a path in every manifest and configuration of the node.
    pub(crate) fn name_everywhere(mut self, from: &str, to: &str) -> Self {
        for file in &mut self.files {
            if let Content::Bytes(bytes) = &file.content
                && file.path.ends_with(".yaml")
            {
                let text = std::str::from_utf8(bytes).expect("it is UTF-8").replace(from, to);
                file.content = Content::Bytes(Arc::new(Zeroizing::new(text.into_bytes())));
            }
        }
        self
    }

    /// All findings of inspection and planning.
    pub(crate) fn outcome(&self, request: &RotationRequest) -> Vec<Finding> {
        let inventory = inspect(self.files.clone(), fixtures::now());
        match plan(&inventory, request, fixtures::now()) {
            Ok(plan) => inventory.findings().iter().chain(plan.findings()).cloned().collect(),
            Err(refusal) => refusal.findings,
        }
    }

    /// Adds a flag to a component's command.
    pub(crate) fn flag(self, component: &str, flag: &str) -> Self {
        self.flag_on(NODE, component, flag)
    }

    /// Adds a flag to a component's command on any node.
    pub(crate) fn flag_on(self, node: &str, component: &str, flag: &str) -> Self {
        let manifest = format!("/etc/kubernetes/manifests/{component}.yaml");
        self.edit_on(node, &manifest, &format!("    - {component}\n"), &format!("    - {component}\n    - {flag}\n"))
    }

    /// Adds a static Pod with these lines in its container and volumes.
    pub(crate) fn pod(self, name: &str, container: &str, volumes: &str) -> Self {
        let manifest = format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: kube-system\nspec:\n  containers:\n  - name: {name}\n    image: registry.example/{name}:1\n{container}  hostNetwork: true\n  volumes:\n{volumes}"
        );
        self.with(&format!("/etc/kubernetes/manifests/{name}.yaml"), manifest)
    }

    /// Issues a certificate with the cluster's CA key, using OpenSSL. Returns certificate and key.
    pub(crate) fn issue(&self, label: &str, subject: &str, extensions: &str) -> (Vec<u8>, Vec<u8>) {
        static ISSUED: AtomicUsize = AtomicUsize::new(0);
        let folder = scratch(&format!("issue-{label}-{}", ISSUED.fetch_add(1, Ordering::Relaxed)));
        let file = |name: &str| folder.join(name);
        fs::write(file("ca.crt"), self.read("/etc/kubernetes/pki/ca.crt")).expect("a file can be written");
        fs::write(file("ca.key"), self.read("/etc/kubernetes/pki/ca.key")).expect("a file can be written");
        fs::write(file("extensions"), extensions).expect("a file can be written");
        let openssl = |arguments: &[&str]| succeed(Command::new("openssl").args(arguments).current_dir(&folder));
        openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "leaf.key"]);
        openssl(&["req", "-new", "-key", "leaf.key", "-subj", subject, "-out", "leaf.csr"]);
        sign(&folder);
        let read = |name: &str| fs::read(file(name)).expect("openssl wrote it");
        (read("leaf.crt"), read("leaf.key"))
    }

    /// A kubeconfig for the node's API server, with a client certificate that the cluster CA issued.
    pub(crate) fn kubeconfig(&self, label: &str, user: &str, server: Option<&str>) -> String {
        let (certificate, key) = self.issue(label, &format!("/CN={user}"), "extendedKeyUsage=clientAuth\n");
        let admin = String::from_utf8(self.read("/etc/kubernetes/controller-manager.conf")).expect("it is UTF-8");
        let line = |key: &str| {
            let found = admin.lines().find_map(|line| line.trim().strip_prefix(&format!("{key}: ")));
            found.unwrap_or_else(|| panic!("no {key}")).to_owned()
        };
        let (ca, own) = (line("certificate-authority-data"), line("server"));
        let encode = |bytes: &[u8]| base64::prelude::Engine::encode(&base64::prelude::BASE64_STANDARD, bytes);
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster:\n    certificate-authority-data: {ca}\n    server: {}\ncontexts:\n- name: x\n  context:\n    cluster: c\n    user: {user}\ncurrent-context: x\nusers:\n- name: {user}\n  user:\n    client-certificate-data: {}\n    client-key-data: {}\n",
            server.unwrap_or(&own),
            encode(&certificate),
            encode(&key)
        )
    }

    /// The errors of a refused plan.
    ///
    /// # Panics
    ///
    /// If there is a plan.
    pub(crate) fn refused(self, request: &RotationRequest) -> Vec<Finding> {
        let inventory = inspect(self.files, fixtures::now());
        let refusal = plan(&inventory, request, fixtures::now()).expect_err("the plan must be refused");
        refusal.findings.into_iter().filter(|finding| finding.severity == Severity::Error).collect()
    }

    /// The only error of a refused plan.
    pub(crate) fn refused_once(self, code: &str) -> Finding {
        let errors = self.refused(&RotationRequest::default());
        let [only] = errors.as_slice() else { panic!("one error, not {errors:#?}") };
        assert_eq!(only.code, code, "{only}");
        only.clone()
    }

    /// Builds the package, with these dependencies acknowledged.
    pub(crate) fn package(self, acknowledge: &[&str]) -> Package {
        let acknowledge = acknowledge.iter().map(|&id| id.to_owned()).collect();
        self.package_for(&RotationRequest { acknowledge, ..RotationRequest::default() })
    }

    /// The package that this request gets.
    pub(crate) fn package_for(self, request: &RotationRequest) -> Package {
        let now = fixtures::now();
        let inventory = inspect(self.files, now);
        let plan = plan(&inventory, request, now).unwrap_or_else(|refusal| panic!("refused: {refusal}"));
        let algorithms: Vec<_> = plan.key_requests().iter().map(|request| request.algorithm).collect();
        let minted = airlock_core::mint(&plan, keys::make(&algorithms)).expect("the plan can be minted");
        let files = airlock_core::package(&plan, &minted).unwrap_or_else(|error| panic!("{error}"));
        let mut consumers = files.matrix().edges.iter().filter(|edge| edge.row.contains("consumer"));
        if let Some(edge) = consumers.find(|edge| edge.worst() != Outcome::Holds) {
            panic!("{}: {:?}", edge.id, edge.spans);
        }
        let all = files.files().map(|file| (file.path.clone(), file.bytes.to_vec())).collect();
        Package { plan: plan.report(), report: files.report(), files: all }
    }
}

impl Package {
    /// The content of a file; `None` if the package does not contain it.
    pub(crate) fn read(&self, path: &str) -> Option<&[u8]> {
        self.files.iter().find(|(own, _)| own == path).map(|(_, bytes)| bytes.as_slice())
    }

    /// The content of a text file.
    pub(crate) fn text(&self, path: &str) -> &str {
        std::str::from_utf8(self.read(path).unwrap_or_else(|| panic!("no {path}"))).expect("it is UTF-8")
    }

    /// The files that a phase writes to the node, by their absolute paths there.
    pub(crate) fn node_files(&self, phase: &str) -> Vec<(String, Vec<u8>)> {
        let folder = format!("{phase}/control-plane/{NODE}");
        let files = self.files.iter().filter_map(|(path, bytes)| Some((path.strip_prefix(&folder)?, bytes)));
        let files = files.filter(|(path, _)| path.starts_with("/etc/") || path.starts_with("/var/"));
        files.map(|(path, bytes)| (path.to_owned(), bytes.clone())).collect()
    }

    /// Writes the node's file of a phase to disk, for another tool to read.
    pub(crate) fn lay(&self, label: &str, path: &str) -> PathBuf {
        let folder = scratch(&format!("lay-{label}"));
        let file = folder.join(path.rsplit('/').next().unwrap_or(path));
        fs::write(&file, self.read(path).unwrap_or_else(|| panic!("no {path}"))).expect("a file can be written");
        file
    }

    /// The components that the node's step of a phase restarts.
    pub(crate) fn restarts(&self, phase: u8) -> Vec<&str> {
        let step = self.plan.steps.iter().find(|step| step.id == format!("{phase}-{NODE}"));
        step.unwrap_or_else(|| panic!("no step {phase}-{NODE}")).restarts.iter().map(String::as_str).collect()
    }

    /// The ids of the connections that begin with `start`.
    pub(crate) fn connections(&self, start: &str) -> Vec<&str> {
        let edges = self.report.matrix.edges.iter().map(|edge| edge.id.as_str());
        edges.filter(|id| id.starts_with(start)).collect()
    }
}

/// Signs `leaf.csr` with `ca.crt` and `ca.key`, with `extensions`. The certificate is valid from the fixtures' time.
pub(crate) fn sign(folder: &Path) {
    sign_by(folder, &["-cert", "ca.crt", "-keyfile", "ca.key"], -1);
}

/// As [`sign`], with the signer given by these arguments of `openssl ca`, valid from `from` days after the fixtures'
/// time.
pub(crate) fn sign_by(folder: &Path, signer: &[&str], from: i64) {
    let configuration = "[ca]\ndefault_ca = own\n[own]\ndatabase = index\nnew_certs_dir = .\nrand_serial = yes\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n";
    fs::write(folder.join("configuration"), configuration).expect("a file can be written");
    fs::write(folder.join("index"), "").expect("a file can be written");
    let day = |days: i64| {
        let compact = |text: String| text.replace(['-', ':', 'T'], "");
        compact(UnixTime(fixtures::now().0 + days * 24 * 60 * 60).to_string())
    };
    let (start, end) = (day(from), day(300));
    succeed(
        Command::new("openssl")
            .args(["ca", "-batch", "-notext", "-config", "configuration"])
            .args(signer)
            .args(["-in", "leaf.csr", "-out", "leaf.crt", "-extfile", "extensions"])
            .args(["-startdate", &start, "-enddate", &end])
            .current_dir(folder),
    );
}

/// Runs `openssl verify` at the fixtures' time.
pub(crate) fn verify(arguments: &[&str]) {
    let now = fixtures::now().0.to_string();
    openssl(&[&["verify", "-attime", &now], arguments].concat());
}

/// The output of an OpenSSL command.
pub(crate) fn openssl(arguments: &[&str]) -> String {
    let run = output(Command::new("openssl").args(arguments));
    assert!(run.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).expect("openssl prints UTF-8")
}
