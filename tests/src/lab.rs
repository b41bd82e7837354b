//! A real kubeadm cluster, to which a test applies packages (`cargo xtask lab`).

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Condvar, Mutex, PoisonError},
};

use serde_json::Value;

use crate::{
    handshakes::{self, Comparison},
    tools::{airlock, root},
};

/// Ensures that clusters are created one at a time.
static STARTING: Mutex<()> = Mutex::new(());

/// The number of clusters that may run at once. They mostly wait for leases and Pods, so two processors suffice for
/// two.
static PLACES: (Mutex<usize>, Condvar) = (Mutex::new(2), Condvar::new());

/// Permission for one cluster to run; returned when it is dropped.
#[derive(Debug)]
struct Place;

impl Place {
    fn take() -> Self {
        let free = PLACES.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = PLACES.1.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *PLACES.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        PLACES.1.notify_one();
    }
}

/// A lab that is stopped when it is dropped, even if the test fails.
#[derive(Debug)]
pub struct Lab {
    /// The folder with the lab's files.
    pub directory: PathBuf,
    /// Returned after the lab has been stopped.
    _place: Place,
}

impl Lab {
    /// Creates a cluster in a folder with this name.
    ///
    /// # Panics
    ///
    /// If the cluster does not start.
    #[must_use]
    pub fn up(name: &str, options: &[&str]) -> Self {
        let lab = Self { directory: root().join("target").join(name), _place: Place::take() };
        lab.xtask(&["down"]);
        // The first test builds the programs for all.
        let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        lab.xtask(&[&["up"], options].concat());
        lab
    }

    /// Runs `cargo xtask lab`.
    ///
    /// # Panics
    ///
    /// If it fails.
    pub fn xtask(&self, arguments: &[&str]) {
        assert!(self.command(arguments).status().expect("cargo can be started").success(), "lab {arguments:?} failed");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args(["run", "--quiet", "--package", "xtask", "--", "lab"])
            .args(arguments)
            .arg("--directory")
            .arg(&self.directory)
            .current_dir(root())
            .stdin(Stdio::null());
        command
    }

    /// Builds a package for the cluster, applies it and returns the report.
    ///
    /// # Panics
    ///
    /// If the package is refused, or the report has a problem.
    #[must_use]
    pub fn rotate(&self, options: &[&str]) -> Value {
        self.package("rotation.zip", &["nodes", "clients", "cluster", "management"]);
        self.run("rotation.zip", options)
    }

    /// Builds a package from files of the lab.
    ///
    /// # Panics
    ///
    /// If Airlock refuses to build it.
    pub fn package(&self, name: &str, files: &[&str]) {
        let mut airlock = Command::new(airlock());
        airlock.args(["package", "--out", name]).args(files).current_dir(&self.directory);
        let status = airlock.status().expect("airlock can be started");
        assert!(status.success(), "no package: {status}");
    }

    /// Applies a package of the lab and returns the report.
    ///
    /// # Panics
    ///
    /// If the report has a problem.
    #[must_use]
    pub fn run(&self, name: &str, options: &[&str]) -> Value {
        self.xtask(&[&["run", &self.directory.join(name).display().to_string()], options].concat());
        read(&self.directory.join("report.json"))
    }

    /// Runs `airlock check` for a phase on files of the lab.
    ///
    /// # Panics
    ///
    /// If the phase's check fails.
    pub fn check(&self, phase: &str, files: &[&str]) {
        let mut airlock = Command::new(airlock());
        airlock.args(["check", "--phase", phase]).args(files).current_dir(&self.directory);
        assert!(airlock.status().expect("airlock can be started").success(), "phase {phase} is not done");
    }

    /// The package's `manifest.json`.
    #[must_use]
    pub fn manifest(&self) -> Value {
        read(&self.directory.join("package/manifest.json"))
    }

    /// Compares the recorded handshakes with the package's predictions.
    #[must_use]
    pub fn compare(&self, records: &Value) -> Comparison {
        handshakes::compare(&self.manifest(), records)
    }

    /// The ids of the package's steps for which `chosen` is true.
    ///
    /// # Panics
    ///
    /// If the manifest has no steps.
    pub fn steps(&self, chosen: impl Fn(&Value) -> bool) -> Vec<String> {
        let manifest = self.manifest();
        let steps = manifest["steps"].as_array().expect("a manifest has steps");
        steps.iter().filter(|step| chosen(step)).map(|step| text(&step["id"])).collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // An error here must not hide the error of the test.
        let _ = self.command(&["down"]).status();
    }
}

/// The ids of the steps that were applied or rolled back.
///
/// # Panics
///
/// If the report has no steps.
#[must_use]
pub fn ids(report: &Value) -> Vec<String> {
    report["steps"].as_array().expect("the report has steps").iter().map(|step| text(&step["id"])).collect()
}

/// Converts a JSON list of strings.
///
/// # Panics
///
/// If the value is anything else.
#[must_use]
pub fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap_or_else(|| panic!("{list} is no list")).iter().map(text).collect()
}

/// Converts a JSON string.
///
/// # Panics
///
/// If the value is anything else.
#[must_use]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Reads a JSON file.
///
/// # Panics
///
/// If the file cannot be read.
#[must_use]
pub fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
