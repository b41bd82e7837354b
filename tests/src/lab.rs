//! A real kubeadm cluster that a test brings up and carries packages out on (`cargo xtask lab`).

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

/// Clusters come up one after the other.
static STARTING: Mutex<()> = Mutex::new(());

/// How many may be up at once: they wait for leases and pods most of their time, and two cores have room for two.
static PLACES: (Mutex<usize>, Condvar) = (Mutex::new(2), Condvar::new());

/// A cluster's place on the machine, until it is dropped.
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

/// A lab that is taken down at the end, however the test ends.
#[derive(Debug)]
pub struct Lab {
    /// Where its files lie.
    pub directory: PathBuf,
    /// Given back when it is down.
    _place: Place,
}

impl Lab {
    /// Brings a cluster up, in a folder of that name.
    ///
    /// # Panics
    ///
    /// If it does not come up.
    #[must_use]
    pub fn up(name: &str, options: &[&str]) -> Self {
        let lab = Self { directory: root().join("target").join(name), _place: Place::take() };
        lab.xtask(&["down"]);
        // Whoever is first builds the programs for all.
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

    /// Makes a package from what the cluster has, carries it out and gives the report.
    ///
    /// # Panics
    ///
    /// If anything is wrong.
    #[must_use]
    pub fn rotate(&self, options: &[&str]) -> Value {
        self.package("rotation.zip", &["nodes", "clients", "cluster", "management"]);
        self.run("rotation.zip", options)
    }

    /// Makes a package from files of the lab.
    ///
    /// # Panics
    ///
    /// If it is refused.
    pub fn package(&self, name: &str, files: &[&str]) {
        let mut airlock = Command::new(airlock());
        airlock.args(["package", "--out", name]).args(files).current_dir(&self.directory);
        let status = airlock.status().expect("airlock can be started");
        assert!(status.success(), "no package: {status}");
    }

    /// Carries a package of the lab out and gives the report.
    ///
    /// # Panics
    ///
    /// If anything is wrong.
    #[must_use]
    pub fn run(&self, name: &str, options: &[&str]) -> Value {
        self.xtask(&[&["run", &self.directory.join(name).display().to_string()], options].concat());
        read(&self.directory.join("report.json"))
    }

    /// `airlock check` of a phase over files of the lab.
    ///
    /// # Panics
    ///
    /// If the phase's gate does not hold.
    pub fn check(&self, phase: &str, files: &[&str]) {
        let mut airlock = Command::new(airlock());
        airlock.args(["check", "--phase", phase]).args(files).current_dir(&self.directory);
        assert!(airlock.status().expect("airlock can be started").success(), "phase {phase} is not done");
    }

    /// What the package says of itself.
    #[must_use]
    pub fn manifest(&self) -> Value {
        read(&self.directory.join("package/manifest.json"))
    }

    /// Compares the handshakes that were really made with what the package predicts.
    #[must_use]
    pub fn compare(&self, records: &Value) -> Comparison {
        handshakes::compare(&self.manifest(), records)
    }

    /// The ids of those steps of the package that are chosen.
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
        // A failure here must not hide the test's own.
        let _ = self.command(&["down"]).status();
    }
}

/// The ids of the steps that were carried out or taken back.
///
/// # Panics
///
/// If the report has no steps.
#[must_use]
pub fn ids(report: &Value) -> Vec<String> {
    report["steps"].as_array().expect("the report has steps").iter().map(|step| text(&step["id"])).collect()
}

/// A list of texts.
///
/// # Panics
///
/// If it is something else.
#[must_use]
pub fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap_or_else(|| panic!("{list} is no list")).iter().map(text).collect()
}

/// A text.
///
/// # Panics
///
/// If it is something else.
#[must_use]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// A file of JSON.
///
/// # Panics
///
/// If it cannot be read.
#[must_use]
pub fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
