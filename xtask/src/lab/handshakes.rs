//! Performs every handshake that a package predicts at the end of each step (`lab handshakes`).

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{
    machines::{ADMIN, Lab},
    management,
    package::{Package, Step},
};

/// How long a certificate may take to be issued, in seconds: a restarted kube-controller-manager waits for its lease.
const SIGNED_WITHIN: u64 = 60;

/// The state that a recorder keeps between steps.
pub struct Recorder<'a> {
    lab: &'a Lab,
    folder: PathBuf,
    edges: Vec<String>,
    /// The path of the new CA in the package.
    new_authority: PathBuf,
    /// The paths of the user's kubeconfig, and of the CAs that clients trust whose kubeconfigs were not loaded.
    pub user_kubeconfig: PathBuf,
    other_clients_cas: PathBuf,
    other_clients_renewed: bool,
}

impl<'a> Recorder<'a> {
    /// Starts a recorder. [`keep_before`] must have saved the state before the rotation.
    pub fn start(lab: &'a Lab, package: &Package) -> Result<Self> {
        let folder = lab.directory.join("handshakes");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        // When a rotation is continued with another package, users already have the bundle.
        let first = lab.machines("control-plane")?.swap_remove(0);
        let other_clients_cas = folder.join("others-trust.crt");
        fs::write(&other_clients_cas, lab.shell(&first, &format!("cat {}/ca.crt", lab.certificates()?))? + "\n")?;
        Ok(Self {
            lab,
            folder,
            edges: package.edges.clone(),
            new_authority: package.folder.join("3-drop-old/workers/ca.crt"),
            user_kubeconfig: lab.directory.join("clients/alice.conf"),
            other_clients_cas,
            other_clients_renewed: false,
        })
    }

    /// Switches to the user's files of a phase, as if users had done what the phase asks of them.
    pub fn use_phase_files(&mut self, package: &Package, phase: u64) -> Result<()> {
        let first = self.lab.machines("control-plane")?.swap_remove(0);
        self.user_kubeconfig = package.kubeconfig(phase, &first).context("the package has no kubeconfig for people")?;
        self.other_clients_cas = package.phase(phase)?.join("workers/ca.crt");
        self.other_clients_renewed |= phase >= 2;
        Ok(())
    }

    /// Performs every handshake and returns the records.
    pub fn record(&self, step: Option<&Step>) -> Result<Vec<Value>> {
        let (id, phase) = step.map_or(("today", 0), |step| (step.id.as_str(), step.phase));
        self.record_edges(id, phase, &self.edges, SIGNED_WITHIN)
    }

    /// Performs the handshakes of some connections. With none, only records what processes read at their start.
    pub fn record_edges(&self, id: &str, phase: u64, edges: &[String], signed_within: u64) -> Result<Vec<Value>> {
        let lab = self.lab;
        let description = lab.description()?;
        let machines = description["machines"].as_array().context("the lab's description names no machines")?;
        let known = nodes(lab)?;
        let mut nodes = Vec::new();
        for machine in machines {
            let name = machine["name"].as_str().unwrap_or_default();
            if known.iter().any(|node| node == name) {
                nodes.push(json!({
                    "name": name, "address": machine["addresses"][0], "pid": lab.pid(name)?,
                    "controlPlane": machine["role"] == "control-plane", "rolled": machine["rolled"] == true,
                }));
            }
        }
        let out = self.folder.join(format!("{id}.json"));
        let config = json!({
            "step": id, "phase": phase, "edges": edges, "nodes": nodes,
            "trees": lab.directory.join("nodes"), "before": before(lab),
            "certificates": lab.certificates()?, "memory": self.folder,
            "pods": lab.directory.join("private/*/var/log/lab/*.crt"), "extension": description["extension"],
            "management": management::secret(), "given": self.user_kubeconfig, "othersTrust": self.other_clients_cas,
            "othersRenewed": self.other_clients_renewed, "newAuthority": self.new_authority,
            "patience": signed_within, "out": out,
        });
        let path = self.folder.join("config.json");
        fs::write(&path, serde_json::to_string_pretty(&config)?)?;
        let program = PathBuf::from(description["tools"].as_str().context("the lab's description names no tools")?);
        // Runs in the admin machine's network namespace, with this machine's files and processes.
        let output = Command::new("nsenter")
            .args(["--target", &lab.pid(ADMIN)?.to_string(), "--net", "--"])
            .arg(program.join("lab"))
            .arg("handshakes")
            .arg(&path)
            .output()?;
        ensure!(
            output.status.success(),
            "the handshakes after {id} cannot be made: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        let text = fs::read(&out).with_context(|| format!("{} cannot be read", out.display()))?;
        let records: Option<Vec<Value>> = serde_json::from_slice(&text)?;
        Ok(records.unwrap_or_default())
    }
}

/// Saves every node's files before a rotation's first step, with the old CAs' keys.
pub fn keep_before(lab: &Lab) -> Result<()> {
    for node in nodes(lab)? {
        for part in ["etc/kubernetes", "var/lib/kubelet/pki"] {
            let target = before(lab).join(&node).join(part);
            if target.exists() {
                fs::remove_dir_all(&target)?;
            }
            fs::create_dir_all(&target)?;
            let source = lab.node(&node).join(part).join(".");
            let status = Command::new("cp").arg("--archive").arg(&source).arg(&target).status()?;
            ensure!(status.success(), "{} cannot be copied", source.display());
        }
    }
    Ok(())
}

/// The folder with `<node>/etc/kubernetes` and `<node>/var/lib/kubelet/pki` of every node before the rotation.
pub fn before(lab: &Lab) -> PathBuf {
    lab.directory.join("before")
}

/// The names of all machines that have joined.
fn nodes(lab: &Lab) -> Result<Vec<String>> {
    let mut nodes = lab.machines("control-plane")?;
    nodes.extend(lab.machines("worker")?);
    Ok(nodes)
}
