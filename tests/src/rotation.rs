//! Builds a rotation from fixtures as the command line and the page do, and unpacks the package with unzip.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use airlock_core::{
    InputFile, InspectOptions, Inventory, UnixTime,
    plan::{KubeletCertificates, RotationRequest},
    report::{InventoryReport, PackageReport, PlanReport},
    x509::KeyAlgorithm,
};

use crate::{
    fixtures, keys,
    tools::{root, succeed},
};

/// A rotation that many tests check.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name, for messages.
    pub name: &'static str,
    /// The folder of the cluster's files, below `tests/fixtures`.
    pub fixture: &'static str,
    /// The folder of the management cluster's Secrets, below `tests/fixtures`; empty for none.
    pub management: &'static str,
    /// The request for the rotation.
    pub request: fn() -> RotationRequest,
}

/// The rotations that all test files use.
pub const CASES: [Case; 9] = [
    Case { name: "rsa-1", fixture: "kubeadm/rsa-1", management: "", request: RotationRequest::default },
    Case {
        name: "rsa-3",
        fixture: "kubeadm/rsa-3",
        management: "cluster-api/rsa-3",
        request: RotationRequest::default,
    },
    Case { name: "ecdsa-3", fixture: "kubeadm/ecdsa-3", management: "", request: RotationRequest::default },
    // Sets certificatesDir, and caCertPath on the worker.
    Case { name: "elsewhere-1", fixture: "kubeadm/elsewhere-1", management: "", request: RotationRequest::default },
    // The oldest supported release, which has no super-admin.conf.
    Case { name: "release-1.25", fixture: "kubeadm/release-1.25", management: "", request: RotationRequest::default },
    // A node named by its address, IPv4-mapped and link-local addresses, wildcards, IDN, and twenty additional names.
    Case { name: "names-1", fixture: "kubeadm/names-1", management: "", request: RotationRequest::default },
    // No controller-manager can sign certificates, so kubelets cannot renew theirs.
    Case { name: "external-1", fixture: "kubeadm/external-1", management: "", request: mint_for_kubelets },
    Case {
        name: "ecdsa-3 with kept keys",
        fixture: "kubeadm/ecdsa-3",
        management: "",
        request: || RotationRequest { keep_keys: true, ..RotationRequest::default() },
    },
    Case {
        name: "ecdsa-3 with minted kubelet certificates",
        fixture: "kubeadm/ecdsa-3",
        management: "",
        request: mint_for_kubelets,
    },
];

/// A control plane without nodes, so without trees to overlay.
pub const TENANT: Case =
    Case { name: "kamaji", fixture: "kamaji/alpha", management: "", request: RotationRequest::default };

fn mint_for_kubelets() -> RotationRequest {
    RotationRequest { kubelet_certificates: KubeletCertificates::Mint, ..RotationRequest::default() }
}

impl Case {
    /// The case with this name.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn named(name: &str) -> Self {
        *CASES.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no case is named {name}"))
    }

    /// The kubeadm program that generated its fixture ([`crate::tools::kubeadm`]).
    #[must_use]
    pub fn kubeadm(&self) -> &'static str {
        if self.fixture == "kubeadm/release-1.25" { "kubeadm-1.25" } else { "kubeadm" }
    }

    /// Its input files.
    #[must_use]
    pub fn files(&self) -> Vec<InputFile> {
        let folders: Vec<&str> = [self.fixture, self.management].into_iter().filter(|name| !name.is_empty()).collect();
        fixtures::all(&folders)
    }

    /// Its package, built once per test process.
    ///
    /// # Panics
    ///
    /// If it cannot be built.
    #[must_use]
    pub fn rotation(&self) -> &'static Rotation {
        static MADE: Mutex<BTreeMap<&str, &Rotation>> = Mutex::new(BTreeMap::new());
        let mut made = MADE.lock().expect("a case that was refused has already failed its test");
        made.entry(self.name).or_insert_with(|| {
            let rotation = Rotation::of(self.files(), &(self.request)(), &self.name.replace(' ', "-"));
            Box::leak(Box::new(rotation))
        })
    }
}

/// A package, as an archive and unpacked.
#[derive(Debug)]
pub struct Rotation {
    folder: PathBuf,
    /// The report of the inspection.
    pub inventory: InventoryReport,
    /// The report of the planning.
    pub plan: PlanReport,
    /// The report of building the package.
    pub package: PackageReport,
}

/// Returns the request with all acknowledgments that the loaded files need for a plan.
#[must_use]
pub fn acknowledging(inventory: &Inventory, request: &RotationRequest, now: UnixTime) -> RotationRequest {
    let mut request = request.clone();
    if let Err(refusal) = airlock_core::plan(inventory, &request, now) {
        let ids = refusal.findings.iter().map(|finding| finding.acknowledge.clone());
        request.acknowledge.extend(ids.filter(|id| !id.is_empty()));
    }
    request
}

/// The folder of each phase in a package, by number; phase 0 is the state before the rotation.
pub const PHASES: [&str; 4] = ["0-backup", "1-trust-both", "2-switch", "3-drop-old"];

impl Rotation {
    /// Inspects, plans, mints and packs; then unpacks the archive with unzip into a folder named `label`.
    ///
    /// # Panics
    ///
    /// If any stage returns an error.
    #[must_use]
    pub fn of(files: Vec<InputFile>, request: &RotationRequest, label: &str) -> Self {
        Self::at(fixtures::now(), files, request, label)
    }

    /// As [`Rotation::of`], at another time.
    ///
    /// # Panics
    ///
    /// If any stage returns an error.
    #[must_use]
    pub fn at(now: UnixTime, files: Vec<InputFile>, request: &RotationRequest, label: &str) -> Self {
        Self::with(now, files, InspectOptions::default(), request, label)
    }

    /// As [`Rotation::at`], with the user's information about the files.
    ///
    /// # Panics
    ///
    /// If any stage returns an error.
    #[must_use]
    pub fn with(
        now: UnixTime,
        files: Vec<InputFile>,
        options: InspectOptions<'_>,
        request: &RotationRequest,
        label: &str,
    ) -> Self {
        let inventory = airlock_core::inspect_with(files, options, now);
        let plan = airlock_core::plan(&inventory, request, now).unwrap_or_else(|refusal| panic!("refused: {refusal}"));
        let algorithms: Vec<KeyAlgorithm> = plan.key_requests().iter().map(|request| request.algorithm).collect();
        let minted = airlock_core::mint(&plan, keys::make(&algorithms)).expect("the plan can be minted");
        let files = airlock_core::package(&plan, &minted).expect("the plan can be packed");
        let folder = scratch(label);
        fs::write(folder.join("package.zip"), airlock_core::archive(&files).as_slice()).expect("a file can be written");
        succeed(Command::new("unzip").args(["-q", "package.zip"]).current_dir(&folder));
        Self { folder, inventory: inventory.report(now), plan: plan.report(), package: files.report() }
    }

    /// The path of the archive.
    #[must_use]
    pub fn archive(&self) -> PathBuf {
        self.folder.join("package.zip")
    }

    /// The root folder of the unpacked package.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.folder.join(&self.package.name)
    }

    /// The folder of a phase.
    #[must_use]
    pub fn phase(&self, number: usize) -> PathBuf {
        self.root().join(PHASES[number])
    }

    /// The paths of all files below the root, sorted.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        walk(&self.root())
    }

    /// The content of a file.
    ///
    /// # Panics
    ///
    /// If the file does not exist.
    #[must_use]
    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The content of a text file.
    ///
    /// # Panics
    ///
    /// If the file does not exist or is not UTF-8.
    #[must_use]
    pub fn text(&self, path: &str) -> String {
        String::from_utf8(self.read(path)).unwrap_or_else(|_| panic!("{path} is not UTF-8"))
    }

    /// `manifest.json`.
    ///
    /// # Panics
    ///
    /// If it is not JSON.
    #[must_use]
    pub fn manifest(&self) -> serde_json::Value {
        serde_json::from_str(&self.text("manifest.json")).expect("manifest.json is JSON")
    }
}

/// An empty folder in `target/tmp` for this program and label. It is kept for examination after a failure.
///
/// # Panics
///
/// If it cannot be created.
#[must_use]
pub fn scratch(label: &str) -> PathBuf {
    let program = std::env::current_exe().expect("a program knows its file");
    let name = program.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.rsplit_once('-').map_or(name.as_str(), |(name, _hash)| name);
    let folder = root().join("target/tmp").join(name).join(label);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder of an earlier run can be removed");
    }
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

/// The paths of all files below a folder, relative to it, sorted.
#[must_use]
pub fn walk(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
            let entry = entry.expect("a folder can be read");
            if entry.file_type().expect("an entry has a type").is_dir() {
                open.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(folder).expect("Invariant: below").display().to_string());
            }
        }
    }
    found.sort();
    found
}
