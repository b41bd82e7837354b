//! Copies a package to the machines and reads its manifest.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

use super::{
    machines::{ADMIN, Lab, MACHINE_PATH},
    management,
};
use crate::setup;

/// The package's folder on every machine.
pub const FOLDER: &str = "/root/package";

/// A step of a package, from its manifest.
pub struct Step {
    pub id: String,
    pub phase: u64,
    pub holder: String,
    pub title: String,
    pub run: String,
    pub gate: String,
    pub undo: String,
}

impl Step {
    /// Whether the step only reads logs.
    pub fn reads_logs(&self) -> bool {
        self.run.is_empty() && self.gate.contains(".sh verify ")
    }
}

/// An unpacked package, with the steps of its manifest.
pub struct Package {
    /// The ids of the connections that the package predicts.
    pub edges: Vec<String>,
    pub folder: PathBuf,
    pub steps: Vec<Step>,
}

impl Package {
    /// Reads a package (a folder or a zip file) and copies it to every machine.
    pub fn deliver(lab: &Lab, path: &Path) -> Result<Self> {
        let folder = lab.directory.join("package");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        if path.is_dir() {
            copy(path, &folder)?;
        } else {
            unpack(path, &folder)?;
        }
        let manifest = folder.join("manifest.json");
        let text =
            fs::read(&manifest).with_context(|| format!("{} is no package: no manifest.json", path.display()))?;
        let manifest: Value = serde_json::from_slice(&text).context("manifest.json cannot be read")?;
        ensure!(manifest["format"] == "airlock-package/1", "manifest.json has the format {}", manifest["format"]);
        let steps = manifest["steps"].as_array().context("manifest.json has no steps")?;
        let steps = steps.iter().map(step).collect::<Result<Vec<_>>>()?;
        let edges = manifest["edges"].as_array().context("manifest.json has no edges")?;
        // A process on a node that is not part of Kubernetes makes its own connections. The code that starts it checks
        // them.
        let ids = edges.iter().filter_map(|edge| edge["id"].as_str()).filter(|id| !id.starts_with("consumer-"));
        let edges = ids.map(str::to_owned).collect();
        for machine in lab.machine_names()? {
            let target = lab.private(&machine, FOLDER);
            if target.exists() {
                fs::remove_dir_all(&target)?;
            }
            copy(&folder, &target)?;
        }
        lab.shell(ADMIN, &format!("cd {FOLDER} && sha256sum --check --quiet --strict SHA256SUMS"))
            .context("the package is not what it was when it was made")?;
        let package = Self { edges, folder, steps };
        package.unpack_managed()?;
        Ok(package)
    }

    /// The user's kubeconfig from a phase on: alice's, otherwise an administrator's, otherwise the management
    /// cluster's.
    pub fn kubeconfig(&self, phase: u64, control_plane: &str) -> Option<PathBuf> {
        let folder = self.phase(phase).ok()?;
        let alice = folder.join("clients/alice.conf");
        let admin = folder.join("control-plane").join(control_plane).join("etc/kubernetes/admin.conf");
        let managed = self.folder.with_extension(format!("{phase}.conf"));
        [alice, admin, managed].into_iter().find(|path| path.is_file())
    }

    /// The new CA's public key pin.
    pub fn new_pin(&self) -> Result<String> {
        let manifest: Value = serde_json::from_slice(&fs::read(self.folder.join("manifest.json"))?)?;
        let pin = manifest["authorities"][0]["newPin"].as_str().context("manifest.json names no new CA")?;
        Ok(pin.to_owned())
    }

    /// Extracts the kubeconfigs of the package's Secrets into files next to it, by phase.
    fn unpack_managed(&self) -> Result<()> {
        for phase in 1..=3 {
            let Ok(folder) = self.phase(phase) else { continue };
            let secret = folder.join(format!("management/{}-kubeconfig.yaml", management::CLUSTER));
            let Ok(text) = fs::read_to_string(&secret) else { continue };
            let value = text.lines().find_map(|line| line.trim().strip_prefix("value: "));
            let value = value.with_context(|| format!("{} holds no kubeconfig", secret.display()))?;
            let decoded = BASE64_STANDARD.decode(value.trim_matches(['"', '\'']))?;
            fs::write(self.folder.with_extension(format!("{phase}.conf")), decoded)?;
        }
        Ok(())
    }

    /// The folder of a phase.
    pub fn phase(&self, phase: u64) -> Result<PathBuf> {
        let entries = fs::read_dir(&self.folder)?.flatten();
        let named = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(&format!("{phase}-"));
        let found = entries.map(|entry| entry.path()).find(|path| path.file_name().is_some_and(named));
        found.with_context(|| format!("the package has no folder for phase {phase}"))
    }
}

fn step(step: &Value) -> Result<Step> {
    let text = |key: &str| {
        step[key].as_str().map(str::to_owned).with_context(|| format!("a step of manifest.json has no {key}: {step}"))
    };
    Ok(Step {
        id: text("id")?,
        phase: step["phase"].as_u64().with_context(|| format!("a step of manifest.json has no phase: {step}"))?,
        holder: text("holder")?,
        title: text("title")?,
        run: text("run")?,
        gate: text("gate")?,
        undo: text("undo")?,
    })
}

/// Copies a folder, with links and modes.
fn copy(source: &Path, target: &Path) -> Result<()> {
    setup::run(Command::new("cp").arg("--archive").arg(source).arg(target))
}

/// Unpacks a zip file. The package may be in a subfolder.
fn unpack(archive: &Path, target: &Path) -> Result<()> {
    ensure!(archive.is_file(), "{} is not there", archive.display());
    setup::run(Command::new("unzip").arg("-q").arg(archive).arg("-d").arg(target))?;
    if target.join("manifest.json").is_file() {
        return Ok(());
    }
    let inner = fs::read_dir(target)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.join("manifest.json").is_file())
        .with_context(|| format!("{} is no package: no manifest.json", archive.display()))?;
    let moved = target.with_extension("inner");
    fs::rename(&inner, &moved)?;
    fs::remove_dir_all(target)?;
    Ok(fs::rename(&moved, target)?)
}

/// The text of a script that runs a command on a machine.
pub fn enter_script(lab: &Lab) -> String {
    format!(
        r#"#!/bin/sh
# Enters a machine of the lab: {directory}/enter MACHINE [COMMAND…]
machine=${{1:?which machine?}}
shift
pid=$(sed -n 's/.*"'"$machine"'":\([0-9]*\).*/\1/p' '{directory}/machines.json')
[ -n "$pid" ] || {{ echo "the lab has no machine $machine" >&2; exit 1; }}
[ $# -gt 0 ] || set -- sh -l
exec nsenter --target "$pid" --mount --uts --net --pid -- env --ignore-environment \
    HOME=/root LANG=C.UTF-8 USER=root TERM="${{TERM:-dumb}}" KUBECONFIG=/etc/kubernetes/admin.conf \
    '{MACHINE_PATH}' "$@"
"#,
        directory = lab.directory.display()
    )
}
