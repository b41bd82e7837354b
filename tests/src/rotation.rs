//! A rotation made from fixtures the way a skin makes it, packed, and unpacked by unzip.

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
    phases::Phases,
    tools::{root, succeed},
};

/// One rotation that the tests look at from all sides.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name in messages.
    pub name: &'static str,
    /// The cluster's files, below `tests/fixtures`.
    pub fixture: &'static str,
    /// The management cluster's Secrets, below `tests/fixtures`; empty for none.
    pub management: &'static str,
    /// What is asked for.
    pub request: fn() -> RotationRequest,
}

/// The rotations that every file of tests goes through.
pub const CASES: [Case; 9] = [
    Case { name: "rsa-1", fixture: "kubeadm/rsa-1", management: "", request: RotationRequest::default },
    Case {
        name: "rsa-3",
        fixture: "kubeadm/rsa-3",
        management: "cluster-api/rsa-3",
        request: RotationRequest::default,
    },
    Case { name: "ecdsa-3", fixture: "kubeadm/ecdsa-3", management: "", request: RotationRequest::default },
    // certificatesDir, and caCertPath on the worker.
    Case { name: "elsewhere-1", fixture: "kubeadm/elsewhere-1", management: "", request: RotationRequest::default },
    // The oldest release: no super-admin.conf.
    Case { name: "release-1.25", fixture: "kubeadm/release-1.25", management: "", request: RotationRequest::default },
    // A node called by its address, IPv4-mapped and link-local addresses, wildcards, IDN, twenty further names.
    Case { name: "names-1", fixture: "kubeadm/names-1", management: "", request: RotationRequest::default },
    // No controller-manager signs there, so no kubelet can renew its certificate by itself.
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

/// A control plane without nodes: it has no trees that could be laid phase by phase.
pub const TENANT: Case =
    Case { name: "kamaji", fixture: "kamaji/alpha", management: "", request: RotationRequest::default };

fn mint_for_kubelets() -> RotationRequest {
    RotationRequest { kubelet_certificates: KubeletCertificates::Mint, ..RotationRequest::default() }
}

impl Case {
    /// The case of that name.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn named(name: &str) -> Self {
        *CASES.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no case is named {name}"))
    }

    /// The kubeadm that made it ([`crate::tools::kubeadm`]).
    #[must_use]
    pub fn kubeadm(&self) -> &'static str {
        if self.fixture == "kubeadm/release-1.25" { "kubeadm-1.25" } else { "kubeadm" }
    }

    /// Its input.
    #[must_use]
    pub fn files(&self) -> Vec<InputFile> {
        let folders: Vec<&str> = [self.fixture, self.management].into_iter().filter(|name| !name.is_empty()).collect();
        fixtures::all(&folders)
    }

    /// Its package, made once in a test's process.
    ///
    /// # Panics
    ///
    /// If it is refused.
    #[must_use]
    pub fn rotation(&self) -> &'static Rotation {
        static MADE: Mutex<BTreeMap<&str, &Rotation>> = Mutex::new(BTreeMap::new());
        let mut made = MADE.lock().expect("a case that was refused has already failed its test");
        made.entry(self.name).or_insert_with(|| {
            let rotation = Rotation::of(self.files(), &(self.request)(), &self.name.replace(' ', "-"));
            Box::leak(Box::new(rotation))
        })
    }

    /// The cluster's trees after each phase, laid once in a test's process; look at them and leave them as they are.
    ///
    /// # Panics
    ///
    /// If they cannot be laid.
    #[must_use]
    pub fn phases(&self) -> &'static Phases {
        static LAID: Mutex<BTreeMap<&str, &Phases>> = Mutex::new(BTreeMap::new());
        let mut laid = LAID.lock().expect("a case that cannot be laid has already failed its test");
        laid.entry(self.name).or_insert_with(|| Box::leak(Box::new(Phases::of(self))))
    }
}

/// A package, as an archive and unpacked.
#[derive(Debug)]
pub struct Rotation {
    folder: PathBuf,
    /// What inspection said.
    pub inventory: InventoryReport,
    /// What was planned.
    pub plan: PlanReport,
    /// What was packed.
    pub package: PackageReport,
}

/// The request, with everything acknowledged that stands between it and a plan of what is loaded.
#[must_use]
pub fn acknowledging(inventory: &Inventory, request: &RotationRequest, now: UnixTime) -> RotationRequest {
    let mut request = request.clone();
    if let Err(refusal) = airlock_core::plan(inventory, &request, now) {
        let ids = refusal.findings.iter().map(|finding| finding.acknowledge.clone());
        request.acknowledge.extend(ids.filter(|id| !id.is_empty()));
    }
    request
}

/// The folder of each phase in a package, by its number; phase 0 is the cluster as it was.
pub const PHASES: [&str; 4] = ["0-backup", "1-trust-both", "2-switch", "3-drop-old"];

impl Rotation {
    /// Inspects, plans, mints, packs; then unzip takes the archive apart, in a folder named `label`.
    ///
    /// # Panics
    ///
    /// If any of it is refused.
    #[must_use]
    pub fn of(files: Vec<InputFile>, request: &RotationRequest, label: &str) -> Self {
        Self::at(fixtures::now(), files, request, label)
    }

    /// As [`Rotation::of`], at another time.
    ///
    /// # Panics
    ///
    /// If any of it is refused.
    #[must_use]
    pub fn at(now: UnixTime, files: Vec<InputFile>, request: &RotationRequest, label: &str) -> Self {
        Self::with(now, files, InspectOptions::default(), request, label)
    }

    /// As [`Rotation::at`], with what a person says about the files.
    ///
    /// # Panics
    ///
    /// If any of it is refused.
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

    /// The archive.
    #[must_use]
    pub fn archive(&self) -> PathBuf {
        self.folder.join("package.zip")
    }

    /// The unpacked package's root.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.folder.join(&self.package.name)
    }

    /// A phase's folder.
    #[must_use]
    pub fn phase(&self, number: usize) -> PathBuf {
        self.root().join(PHASES[number])
    }

    /// Every file below the root, sorted.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        walk(&self.root())
    }

    /// A file's bytes.
    ///
    /// # Panics
    ///
    /// If it is not there.
    #[must_use]
    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// A text file's content.
    ///
    /// # Panics
    ///
    /// If it is not there or not UTF-8.
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

/// An empty folder in `target/tmp` for this program and this label, left there to be looked at after a failure.
///
/// # Panics
///
/// If it cannot be made.
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

/// Every file below a folder, by its path from there, sorted.
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
