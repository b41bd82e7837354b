//! Puts the cluster into the states in which faults have an effect.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::fault_run::{EFFECT_LIMIT, FaultRun};
use crate::lab::{cluster::kubectl, handshakes::before, machines::wait};

/// The path of kube-controller-manager's manifest, and a path where the kubelet does not see it.
const MANIFEST: &str = "etc/kubernetes/manifests/kube-controller-manager.yaml";
const APISERVER: &str = "etc/kubernetes/manifests/kube-apiserver.yaml";
const KUBELET_CREDENTIAL: &str = "var/lib/kubelet/pki/kubelet-client-current.pem";
const PARKED: &str = "etc/kubernetes/parked.yaml";

/// A file of a node that is temporarily reverted to an earlier version.
pub struct RevertedFile<'a> {
    pub node: &'a str,
    pub path: &'a str,
    pub before: &'a Path,
    /// The component that reads the file only at its start; empty if the file is read at each use.
    pub component: &'a str,
}

impl FaultRun<'_> {
    /// The version of a node's file from before the first step.
    pub fn before(&self, node: &str, path: &str) -> PathBuf {
        before(self.lab).join(node).join(path)
    }

    /// Installs a file atomically, with the mode of the file that it replaces.
    pub fn install(&self, source: &Path, node: &str, path: &str) -> Result<()> {
        let target = self.lab.node(node).join(path);
        let temporary = target.with_file_name(".fault-state");
        fs::copy(source, &temporary).with_context(|| format!("{} cannot be copied", source.display()))?;
        fs::set_permissions(&temporary, fs::Permissions::from_mode(0o600))?;
        Ok(fs::rename(&temporary, &target)?)
    }

    /// Saves the current version of a file and returns the copy's path.
    pub fn keep(&self, node: &str, path: &str) -> Result<PathBuf> {
        let kept = self.lab.directory.join("kept").join(node).join(path);
        fs::create_dir_all(kept.parent().context("a file lies in a folder")?)?;
        let source = self.lab.node(node).join(path);
        fs::copy(&source, &kept).with_context(|| format!("{} cannot be copied", source.display()))?;
        Ok(kept)
    }

    /// The files in which a faulty package differs in the step of a node: their sources, and their paths on the node.
    pub fn differences(&self, fault: &str, phase: u64, node: &str) -> Result<Vec<(PathBuf, PathBuf, String)>> {
        let own = self.package.phase(phase)?.join("control-plane").join(node);
        let name = self.package.phase(phase)?.file_name().context("a phase has a folder")?.to_owned();
        let theirs = self.folder.join(fault).join(name).join("control-plane").join(node);
        let mut found = Vec::new();
        let mut open = vec![own.join("etc")];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    open.push(path);
                    continue;
                }
                let place = path.strip_prefix(&own)?.display().to_string();
                let other = theirs.join(&place);
                if other.is_file() && fs::read(&other)? != fs::read(&path)? {
                    found.push((path, other, place));
                }
            }
        }
        ensure!(!found.is_empty(), "{fault} differs in no file of {node} in phase {phase}");
        Ok(found)
    }

    /// After the step has run: installs the files of the faulty package, waits until they break a row, and restores the
    /// correct ones.
    pub fn install_faulty_files(&mut self, fault: &str, step: &str, node: &str, row: &str) -> Result<()> {
        let phase = self.step(step)?.phase;
        let differences = self.differences(fault, phase, node)?;
        let names: Vec<_> = differences.iter().map(|(_, _, place)| place.as_str()).collect();
        let said = format!("put in place on {node}: {}", names.join(", "));
        for (_, theirs, place) in &differences {
            self.install(theirs, node, place)?;
        }
        self.expect_broken(fault, step, row, "", &said)?;
        for (own, _, place) in &differences {
            self.install(own, node, place)?;
        }
        self.expect_restored(fault, step, row)
    }

    /// Reverts a file of a node to an earlier version, waits until this breaks a row, and restores it. Restarts the
    /// component of `file` after each change, if it names one.
    pub fn revert(&mut self, fault: &str, step: &str, row: &str, file: &RevertedFile<'_>) -> Result<()> {
        let RevertedFile { node, path, before, component } = file;
        let kept = self.keep(node, path)?;
        self.install(before, node, path)?;
        self.restart(node, component)?;
        self.expect_broken(fault, step, row, node, &format!("as it was before, on {node}: {path}"))?;
        self.install(&kept, node, path)?;
        self.restart(node, component)?;
        self.expect_restored(fault, step, row)
    }

    /// The path of a kubelet's client credential, resolved from the node's symbolic link.
    pub fn kubelet_credential(&self, node: &str) -> Result<String> {
        let link = self.lab.node(node).join(KUBELET_CREDENTIAL);
        Ok(fs::read_link(&link)?.display().to_string().trim_start_matches('/').to_owned())
    }

    /// That credential's version from before the first step.
    pub fn kubelet_credential_before(&self, node: &str) -> Result<PathBuf> {
        let link = fs::read_link(self.before(node, KUBELET_CREDENTIAL))?;
        Ok(self.before(node, link.display().to_string().trim_start_matches('/')))
    }

    /// Restarts a component of a node; does nothing if the name is empty.
    pub fn restart(&self, node: &str, component: &str) -> Result<()> {
        match component {
            "" => Ok(()),
            "kubelet" => self.lab.shell(node, "systemctl restart kubelet").map(drop),
            _ => {
                // A component that crashes repeatedly may not be running at this moment.
                let before = self.pid(node, component).unwrap_or_default();
                self.lab.shell(node, &format!("kill {before} || true"))?;
                // A restarted kubelet forgets its crash back-off and starts the component immediately.
                self.lab.shell(node, "systemctl restart kubelet")?;
                wait(EFFECT_LIMIT, &format!("{component} on {node} to run again"), || {
                    Ok(self.pid(node, component).ok().filter(|now| *now != before).map(drop))
                })
            }
        }
    }

    /// The process id of a component.
    pub fn pid(&self, node: &str, component: &str) -> Result<String> {
        self.lab.shell(node, &format!("pidof {component}"))
    }

    /// Makes the kube-controller-manager of a node the leader, and calls `look` before the other one starts again.
    pub fn with_leader(&mut self, node: &str, look: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let mut others = self.lab.machines("control-plane")?;
        others.retain(|other| other != node);
        self.without_managers(&others, |run| {
            let began = Instant::now();
            wait(EFFECT_LIMIT, &format!("the kube-controller-manager of {node} to lead"), || {
                let lease = "-n kube-system get lease kube-controller-manager -o jsonpath={.spec.holderIdentity}";
                Ok(run.ask(lease)?.starts_with(&format!("{node}_")).then_some(()))
            })?;
            run.say(&format!("the kube-controller-manager of {node} leads"), began);
            look(run)
        })
    }

    /// Calls `look` while no kube-controller-manager runs on some nodes.
    pub fn without_managers(&mut self, nodes: &[String], look: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        for node in nodes {
            fs::rename(self.lab.node(node).join(MANIFEST), self.lab.node(node).join(PARKED))?;
        }
        let run = |run: &Self, wanted: bool| {
            wait(EFFECT_LIMIT, "the kube-controller-managers", || {
                let as_wanted = |node: &String| run.pid(node, "kube-controller-manager").is_ok() == wanted;
                Ok(nodes.iter().all(as_wanted).then_some(()))
            })
        };
        let outcome = run(self, false).and_then(|()| look(self));
        for node in nodes {
            fs::rename(self.lab.node(node).join(PARKED), self.lab.node(node).join(MANIFEST))?;
        }
        outcome?;
        run(self, true)
    }

    /// Restarts an API server with its current files. Whether it starts successfully is left to the handshakes.
    pub fn restart_apiserver(&self, node: &str) -> Result<()> {
        let (manifest, parked) = (self.lab.node(node).join(APISERVER), self.lab.node(node).join(PARKED));
        fs::rename(&manifest, &parked)?;
        let gone = wait(EFFECT_LIMIT, "the kube-apiserver to end", || {
            Ok(self.pid(node, "kube-apiserver").is_err().then_some(()))
        });
        fs::rename(&parked, &manifest)?;
        gone
    }

    /// Runs kubectl as administrator on the first node's API server, which is independent of faults on other nodes.
    pub fn ask(&self, arguments: &str) -> Result<String> {
        let servers = self.lab.description()?["servers"].clone();
        let servers = servers.as_array().context("the lab's description names no servers")?;
        let first = self.lab.machines("control-plane")?.swap_remove(0);
        let own = servers.iter().find(|server| server["name"] == first).context("a node has an API server")?;
        kubectl(self.lab, &format!("--server {} {arguments}", own["url"].as_str().unwrap_or_default()))
    }

    /// Creates a Pod without a controller, which therefore is not restarted.
    pub fn create_bare_pod(&self, name: &str) -> Result<()> {
        let first = self.lab.machines("control-plane")?.swap_remove(0);
        let text: Value = serde_json::from_str(&self.ask("-n lab get deployment client -o json")?)?;
        let mut spec = text["spec"]["template"]["spec"].clone();
        spec["containers"][0]["command"] =
            serde_json::json!(["lab", "load-clients", "pod", format!("/log/{name}.jsonl")]);
        let pod = serde_json::json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": "lab" }, "spec": spec,
        });
        fs::write(self.lab.private(&first, "/root/pod.json"), pod.to_string())?;
        self.ask("apply -f /root/pod.json")?;
        let trusts = self.trust_of(name)?;
        wait(Duration::from_secs(60), &format!("the pod {name}"), || Ok(trusts.is_file().then_some(())))
    }

    /// The file in which a Pod recorded the CAs that it trusts.
    fn trust_of(&self, pod: &str) -> Result<PathBuf> {
        let worker = self.lab.machines("worker")?.swap_remove(0);
        Ok(self.lab.private(&worker, "/var/log/lab").join(format!("{pod}.crt")))
    }

    /// Deletes such a Pod.
    pub fn delete_pod(&self, name: &str) -> Result<()> {
        self.ask(&format!("-n lab delete pod {name}"))?;
        Ok(fs::remove_file(self.trust_of(name)?)?)
    }
}
