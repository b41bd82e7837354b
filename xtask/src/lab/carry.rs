//! Carrying a package out: the steps of its manifest, in their order, and nothing by hand.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::{
    ADMIN, Arguments, Lab,
    cluster::{kubectl, nodes},
    hammer::{Hammer, Report},
    package::{FOLDER, Package, Step},
    wait,
};

/// How long a step's command may take, and how long its gate is asked again.
const RUN_LIMIT: Duration = Duration::from_secs(900);
const GATE_LIMIT: Duration = Duration::from_secs(300);

/// The administrator's kubeconfig on the admin machine, as the first control-plane node has it at that moment.
const KUBECONFIG: &str = "/root/admin.conf";

/// The management cluster's kubeconfig on the admin machine.
const MANAGEMENT: &str = "/root/management.conf";

/// Carries a package out and fails if anything failed.
pub fn run(lab: &Lab, arguments: &Arguments) -> Result<()> {
    let [path] = arguments.rest.as_slice() else { bail!("say which package: `cargo xtask lab run PACKAGE`") };
    ensure!(lab.holder().is_some(), "no lab is up in {}: `cargo xtask lab up`", lab.directory.display());
    let only: Option<Vec<&str>> = arguments.value("only").map(|ids| ids.split(',').collect());
    let quiet = Duration::from_secs(arguments.number("quiet-seconds", 120)? as u64);
    let management = arguments.value("management").map(PathBuf::from);
    if let Some(path) = &management {
        fs::copy(path, lab.private(ADMIN, MANAGEMENT)).with_context(|| format!("{} cannot be read", path.display()))?;
    }
    let package = Package::deliver(lab, Path::new(path))?;
    if let Some(unknown) = only.iter().flatten().find(|id| !package.steps.iter().any(|step| step.id == **id)) {
        bail!("the package has no step {unknown}");
    }

    let run = Run { lab, management: management.is_some(), started: Instant::now() };
    let old = OldCredentials::keep(lab)?;
    let servers = run.apiservers()?;
    let mut hammer = Hammer::start(lab, &package)?;
    let mut steps = Vec::new();
    let mut problems = Vec::new();
    let mut phase = 0;
    for step in &package.steps {
        if only.as_ref().is_some_and(|only| !only.contains(&step.id.as_str())) {
            continue;
        }
        if step.phase != phase {
            phase = step.phase;
            hammer.phase(phase)?;
        }
        let began = Instant::now();
        let outcome = run.step(step);
        let seconds = began.elapsed().as_secs_f64();
        let words = match &outcome {
            Ok(done) => done.clone(),
            Err(error) => format!("FAILED\n{error:#}"),
        };
        println!(
            "{:7.1} s  {:<16} {:<10} {} ({seconds:.1} s): {words}",
            run.started.elapsed().as_secs_f64(),
            step.id,
            step.holder,
            step.title
        );
        steps.push(json!({ "id": step.id, "seconds": seconds, "outcome": words }));
        if let Err(error) = outcome {
            problems.push(format!("step {}: {error:#}", step.id));
            break;
        }
    }
    if only.is_none() && problems.is_empty() {
        hammer.phase(4)?;
        problems.extend(run.aftermath(&old, quiet)?);
    }
    let report = hammer.stop(lab)?;
    problems.extend(report.failures.iter().map(|failure| format!("request: {failure}")));
    let after = run.apiservers()?;
    for (node, server) in &servers {
        if after.iter().find(|(name, _)| name == node).is_none_or(|(_, now)| now != server) {
            problems.push(format!("kube-apiserver of {node} was restarted"));
        }
    }
    summary(lab, &report, &steps, &problems, run.started.elapsed())
}

/// Prints what happened, writes it down for others, and fails if anything failed.
fn summary(lab: &Lab, report: &Report, steps: &[Value], problems: &[String], took: Duration) -> Result<()> {
    println!();
    let (mut succeeded, mut failed) = (0, 0);
    for (kind, (good, bad)) in &report.counts {
        println!("{good:8} answered, {bad} not: {kind}");
        succeeded += good;
        failed += bad;
    }
    for words in &report.excused {
        println!("excused, since that kubelet restarted: {words}");
    }
    let clients: serde_json::Map<String, Value> = report
        .counts
        .iter()
        .map(|(kind, (good, bad))| (kind.clone(), json!({ "succeeded": good, "failed": bad })))
        .collect();
    let path = lab.directory.join("report.json");
    let document = json!({
        "clients": clients,
        "seconds": took.as_secs_f64(), "succeeded": succeeded, "failed": report.failures.len(), "excused": report.excused.len(),
        "problems": problems, "steps": steps, "requests": report.raw,
    });
    fs::write(&path, serde_json::to_string_pretty(&document)? + "\n")?;
    println!(
        "{succeeded} requests answered, {} of {failed} unanswered ones without excuse, {} steps, {:.0} s; all of it in {}",
        report.failures.len(),
        steps.len(),
        took.as_secs_f64(),
        path.display()
    );
    const SHOWN: usize = 20;
    for problem in problems.iter().take(SHOWN) {
        eprintln!("problem: {problem}");
    }
    if problems.len() > SHOWN {
        eprintln!("and {} more", problems.len() - SHOWN);
    }
    ensure!(problems.is_empty(), "{} problems", problems.len());
    Ok(())
}

/// A package on its way.
struct Run<'a> {
    lab: &'a Lab,
    management: bool,
    started: Instant,
}

impl Run<'_> {
    /// Carries a step out and waits for its gate; gives what was done in a word.
    fn step(&self, step: &Step) -> Result<String> {
        let machines = match step.holder.as_str() {
            "clients" => return Ok("by a person".to_owned()),
            "management" if !self.management => return Ok("left out, there is no management cluster".to_owned()),
            "cluster" | "management" => vec![ADMIN.to_owned()],
            "workers" => self.lab.machines("worker")?,
            node => vec![node.to_owned()],
        };
        if step.run.is_empty() && step.gate.is_empty() {
            return Ok("by a person".to_owned());
        }
        ensure!(!machines.is_empty() || step.holder == "workers", "nobody holds this step");
        if !step.run.is_empty() {
            for machine in &machines {
                self.command(step, machine, "run")?;
            }
        }
        if !step.gate.is_empty() {
            for machine in &machines {
                let mut last = String::new();
                wait(GATE_LIMIT, &format!("the gate on {machine}"), || match self.command(step, machine, "gate") {
                    Ok(()) => Ok(Some(())),
                    Err(error) => {
                        last = format!("{error:#}");
                        Ok(None)
                    }
                })
                .with_context(|| last.clone())?;
            }
        }
        Ok("done".to_owned())
    }

    /// Runs one command of a step in the package's folder; what it says is kept, and shown where it fails.
    fn command(&self, step: &Step, machine: &str, which: &str) -> Result<()> {
        let script = if which == "run" { &step.run } else { &step.gate };
        let kubeconfig = match step.holder.as_str() {
            "management" => MANAGEMENT,
            "cluster" => {
                let first = self.lab.machines("control-plane")?.swap_remove(0);
                fs::copy(self.lab.node(&first).join("etc/kubernetes/admin.conf"), self.lab.private(ADMIN, KUBECONFIG))?;
                KUBECONFIG
            }
            _ => "/etc/kubernetes/admin.conf",
        };
        let output = self
            .lab
            .on(machine, "timeout")?
            .args([&RUN_LIMIT.as_secs().to_string(), "env", &format!("KUBECONFIG={kubeconfig}")])
            .args(["sh", "-c", &format!("cd {FOLDER} && {{ {script}\n}}")])
            .output()?;
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let folder = self.lab.directory.join("steps");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{}.{machine}.{which}.log", step.id)), &text)?;
        ensure!(output.status.success(), "{which} on {machine}: {}: {script}\n{}", output.status, text.trim());
        Ok(())
    }

    /// The process of every apiserver: its number and when it started.
    fn apiservers(&self) -> Result<Vec<(String, String)>> {
        let process = "for pid in $(pidof kube-apiserver); do cut -d' ' -f1,22 /proc/$pid/stat; done";
        self.lab
            .machines("control-plane")?
            .into_iter()
            .map(|node| {
                let found = self.lab.shell(&node, process)?;
                ensure!(!found.is_empty(), "{node} has no kube-apiserver");
                Ok((node, found))
            })
            .collect()
    }

    /// What has to be true when everything is done, and still is some time later.
    fn aftermath(&self, old: &OldCredentials, quiet: Duration) -> Result<Vec<String>> {
        let mut problems = self.judge(old, "at the end")?;
        let before = self.leases()?;
        println!("{:7.1} s  watching the cluster for {} s", self.started.elapsed().as_secs_f64(), quiet.as_secs());
        let deadline = Instant::now() + quiet;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            std::thread::sleep(left.min(Duration::from_secs(1)));
        }
        problems.extend(self.judge(old, &format!("{} s later", quiet.as_secs()))?);
        let after = self.leases()?;
        for (node, lease) in before {
            if !quiet.is_zero() && after.iter().any(|(name, now)| *name == node && *now == lease) {
                problems.push(format!("{node} has not renewed its lease since the last step"));
            }
        }
        Ok(problems)
    }

    fn judge(&self, old: &OldCredentials, when: &str) -> Result<Vec<String>> {
        let mut problems = Vec::new();
        let nodes = nodes(self.lab)?;
        for (node, _) in nodes.iter().filter(|(_, ready)| !ready) {
            problems.push(format!("{when}: {node} is not Ready"));
        }
        for accepted in old.accepted(self.lab)? {
            problems.push(format!("{when}: {accepted}"));
        }
        let words = if problems.is_empty() { "every node Ready, the old credentials refused" } else { "not well" };
        println!("{:7.1} s  {when}: {words}", self.started.elapsed().as_secs_f64());
        Ok(problems)
    }

    /// When each node renewed its lease.
    fn leases(&self) -> Result<Vec<(String, String)>> {
        let list: Value = serde_json::from_str(&kubectl(self.lab, "-n kube-node-lease get leases -o json")?)?;
        let items = list["items"].as_array().context("kubectl gave no list of leases")?;
        Ok(items
            .iter()
            .filter_map(|lease| {
                Some((lease["metadata"]["name"].as_str()?.to_owned(), lease["spec"]["renewTime"].as_str()?.to_owned()))
            })
            .collect())
    }
}

/// Credentials from before the rotation, which nobody may accept after it.
struct OldCredentials {
    /// Who they belong to, and their file on the admin machine: certificate and key in one.
    files: Vec<(String, String)>,
}

impl OldCredentials {
    /// Copies the administrator's and every kubelet's credential.
    fn keep(lab: &Lab) -> Result<Self> {
        let folder = lab.private(ADMIN, "/root/old");
        fs::create_dir_all(&folder)?;
        let mut files = Vec::new();
        let mut nodes = lab.machines("control-plane")?;
        let first = nodes.first().context("the lab has no control-plane node")?.clone();
        nodes.extend(lab.machines("worker")?);
        let mut keep = |holder: String, name: String, machine: &str, script: &str| -> Result<()> {
            fs::write(folder.join(&name), lab.shell(machine, script)? + "\n")?;
            files.push((holder, format!("/root/old/{name}")));
            Ok(())
        };
        for node in nodes {
            let script = "cat /var/lib/kubelet/pki/kubelet-client-current.pem";
            keep(format!("the kubelet of {node}"), format!("{node}.pem"), &node, script)?;
        }
        let view = "kubectl --kubeconfig /etc/kubernetes/admin.conf config view --raw --minify --output";
        let script = format!(
            "for key in client-certificate-data client-key-data; do
                 {view} \"jsonpath={{.users[0].user.$key}}\" | base64 -d
             done"
        );
        keep("the administrator".to_owned(), "admin.pem".to_owned(), &first, &script)?;
        Ok(Self { files })
    }

    /// Who is still let in with an old credential, and by whom.
    fn accepted(&self, lab: &Lab) -> Result<Vec<String>> {
        let description = lab.description()?;
        let mut accepted = Vec::new();
        for server in description["servers"].as_array().context("the lab's description names no servers")? {
            let (name, url) = (server["name"].as_str().unwrap_or_default(), server["url"].as_str().unwrap_or_default());
            for (holder, file) in &self.files {
                let status = lab.shell(
                    ADMIN,
                    &format!("curl --silent --insecure --max-time 10 --output /dev/null --write-out '%{{http_code}}' --cert {file} {url}/api/v1/nodes || true"),
                )?;
                // 401: whoever presents a certificate that is not trusted is nobody.
                if status != "401" {
                    accepted.push(format!("{name} answered the old credential of {holder} with {status}, not 401"));
                }
            }
        }
        Ok(accepted)
    }
}
