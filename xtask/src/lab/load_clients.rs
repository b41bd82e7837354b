//! Clients that open new connections continuously while a package is applied (`lab load-clients`).

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Child, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{
    machines::{ADMIN, Lab, wait},
    management,
    package::Package,
};

/// The folder of the clients' files on the admin machine.
const FOLDER: &str = "/root/load-clients";

/// The maximum duration of a run that is not stopped.
const LONGEST_RUN: Duration = Duration::from_secs(3600);

/// Requests per second of all clients together, and the maximum number of requests.
const RATE: u32 = 20;
const MAX_REQUESTS: u64 = 60_000;

/// How long a kubelet may take to serve after its start, in seconds.
const KUBELET_START: f64 = 20.0;

/// The clients of a run.
pub struct LoadClients {
    child: Child,
    folder: PathBuf,
    /// How often phase 2 was entered. Each time, the API servers' kubelet client certificates change.
    switches: usize,
}

/// The results of all clients.
pub struct Report {
    pub counts: BTreeMap<String, (u64, u64)>,
    /// Unexpected failures, as text.
    pub failures: Vec<String>,
    /// Expected failures: requests to a kubelet that restarted, or during the change of an API server's kubelet client
    /// certificate.
    pub excused: Vec<String>,
    pub raw: Value,
}

impl LoadClients {
    /// Starts the clients with the credentials and CAs that they have before the rotation.
    pub fn start(lab: &Lab, package: &Package) -> Result<Self> {
        let folder = lab.private(ADMIN, FOLDER);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let description = lab.description()?;
        let control_planes = lab.machines("control-plane")?;
        let first = control_planes.first().context("the lab has no control-plane node")?;
        let mut latest = lab.directory.join("clients/alice.conf");
        for phase in 0..=3 {
            if phase > 0 {
                latest = package.kubeconfig(phase, first).unwrap_or(latest);
            }
            fs::copy(&latest, folder.join(format!("{phase}.conf")))
                .with_context(|| format!("{} cannot be copied", latest.display()))?;
        }
        let mut servers = serde_json::Map::new();
        for server in description["servers"].as_array().context("the lab's description names no servers")? {
            servers.insert(server["name"].as_str().unwrap_or_default().to_owned(), server["url"].clone());
        }
        let mut nodes = control_planes;
        nodes.extend(lab.machines("worker")?);
        let tenant = lab.has_tenant()?;
        if tenant {
            nodes = lab.machines("worker")?;
        }
        let management = if description["management"] == true { management::secret() } else { String::new() };
        let config = json!({
            "folder": FOLDER, "servers": servers, "nodes": nodes,
            "management": management, "plain": tenant, "rate": RATE, "seconds": LONGEST_RUN.as_secs(), "requests": MAX_REQUESTS,
        });
        fs::write(folder.join("config.json"), serde_json::to_string_pretty(&config)?)?;
        fs::write(folder.join("phase"), "0")?;
        let log = fs::File::create(folder.join("log"))?;
        let child = lab
            .on(ADMIN, "lab")?
            .args(["load-clients", &format!("{FOLDER}/config.json")])
            .stdout(Stdio::from(log.try_clone()?))
            .stderr(log)
            .spawn()?;
        let mut clients = Self { child, folder, switches: 0 };
        clients.wait_for_phase("0")?;
        Ok(clients)
    }

    /// Gives the clients their credentials and CAs of a phase. Returns when all earlier requests are answered.
    pub fn phase(&mut self, phase: u64) -> Result<()> {
        self.switches += usize::from(phase == 2);
        fs::write(self.folder.join("phase.new"), phase.to_string())?;
        fs::rename(self.folder.join("phase.new"), self.folder.join("phase"))?;
        self.wait_for_phase(&phase.to_string())
    }

    fn wait_for_phase(&mut self, phase: &str) -> Result<()> {
        let (child, folder) = (&mut self.child, &self.folder);
        wait(Duration::from_secs(180), &format!("the clients to be in phase {phase}"), || {
            if let Some(status) = child.try_wait()? {
                bail!("the clients ended, {status}: {}", Self::last_output(folder));
            }
            Ok(fs::read_to_string(folder.join("seen")).is_ok_and(|seen| seen == phase).then_some(()))
        })
    }

    fn last_output(folder: &std::path::Path) -> String {
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        let report = fs::read_to_string(folder.join("report.json")).unwrap_or_default();
        let because = report.lines().find(|line| line.contains("\"because\"")).unwrap_or_default();
        format!("{} {}", log.trim(), because.trim())
    }

    /// Stops the clients and evaluates their results.
    pub fn stop(mut self, lab: &Lab) -> Result<Report> {
        fs::write(self.folder.join("phase.new"), "stop")?;
        fs::rename(self.folder.join("phase.new"), self.folder.join("phase"))?;
        let child = &mut self.child;
        let status = wait(Duration::from_secs(180), "the clients to end", || Ok(child.try_wait()?))?;
        let text = fs::read(self.folder.join("report.json"))
            .with_context(|| format!("the clients left no report, {status}: {}", Self::last_output(&self.folder)))?;
        let mut raw: Value = serde_json::from_slice(&text)?;
        if raw["because"] != "told to stop" {
            bail!("the clients ended early: {}", raw["because"]);
        }
        let mut report =
            Report { counts: BTreeMap::new(), failures: Vec::new(), excused: Vec::new(), raw: Value::Null };
        for (kind, count) in raw["counts"].as_object().into_iter().flatten() {
            let number = |key: &str| count[key].as_u64().unwrap_or_default();
            report.counts.insert(kind.clone(), (number("succeeded"), number("failed")));
        }
        let mut restarts = BTreeMap::new();
        let mut closed = BTreeMap::new();
        for failure in raw["failures"].as_array().into_iter().flatten() {
            let text = |key: &str| failure[key].as_str().unwrap_or_default();
            let time = failure["time"].as_f64().unwrap_or_default();
            let words = format!(
                "phase {}, {} at {}{}: {}",
                failure["phase"],
                text("kind"),
                text("server"),
                if text("node").is_empty() { String::new() } else { format!(", {}", text("node")) },
                text("message")
            );
            let node = text("node").to_owned();
            let excused = !node.is_empty() && {
                let restarts = match restarts.entry(node.clone()) {
                    std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                    std::collections::btree_map::Entry::Vacant(entry) => entry.insert(kubelet_restarts(lab, &node)?),
                };
                // A request that began before the kubelet stopped may have been interrupted.
                let restarting =
                    restarts.iter().any(|(ended, started)| time > ended - 5.0 && time < started + KUBELET_START);
                // The first request with a new kubelet client certificate may use a connection of the old one, which is
                // being closed.
                let count: &mut usize = closed.entry((text("server").to_owned(), node)).or_default();
                let once = text("message").contains("use of closed network connection") && *count < self.switches;
                *count += usize::from(once);
                restarting || once
            };
            if excused { report.excused.push(words) } else { report.failures.push(words) }
        }
        add_pod_results(lab, raw["started"].as_f64().unwrap_or_default(), &mut report)?;
        raw["unexcused"] = json!(report.failures);
        raw["excused"] = json!(report.excused);
        report.raw = raw;
        Ok(report)
    }
}

impl Drop for LoadClients {
    fn drop(&mut self) {
        // Kills the clients if the run was interrupted. It is no error if they have ended.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = fs::write(self.folder.join("phase"), "stop");
            let _ = self.child.wait();
        }
    }
}

/// The times at which a node's kubelet stopped and started again.
fn kubelet_restarts(lab: &Lab, node: &str) -> Result<Vec<(f64, f64)>> {
    let mut restarts = Vec::new();
    let mut ended = None;
    for event in events(lab, node)? {
        if event["name"] != "kubelet" {
            continue;
        }
        let time = event["time"].as_f64().unwrap_or_default();
        if event["event"] == "ended" {
            ended = Some(time);
        } else if let Some(ended) = ended.take() {
            restarts.push((ended, time));
        }
    }
    Ok(restarts)
}

/// The events that a machine's init recorded: starts and ends of services and containers.
pub fn events(lab: &Lab, machine: &str) -> Result<Vec<Value>> {
    lines(&lab.private(machine, "/var/log/events.jsonl"))
}

fn lines(path: &std::path::Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    text.lines().map(|line| serde_json::from_str(line).with_context(|| format!("{}: {line}", path.display()))).collect()
}

/// Adds what the client in a Pod recorded since the start of the run.
fn add_pod_results(lab: &Lab, started: f64, report: &mut Report) -> Result<()> {
    const KIND: &str = "pod";
    for machine in lab.machine_names()? {
        let path = lab.private(&machine, "/var/log/lab/pod.jsonl");
        if !path.is_file() {
            continue;
        }
        for entry in lines(&path)? {
            if entry["time"].as_f64().unwrap_or_default() < started {
                continue;
            }
            let count = report.counts.entry(KIND.to_owned()).or_default();
            match entry["error"].as_str() {
                Some("") => count.0 += 1,
                other => {
                    count.1 += 1;
                    report.failures.push(format!("{KIND} on {machine}: {}", other.unwrap_or_default()));
                }
            }
        }
    }
    Ok(())
}
