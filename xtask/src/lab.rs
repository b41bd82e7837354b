//! `cargo xtask lab`: runs a real kubeadm cluster on this machine and applies packages to it.
//!
//! Needs no container engine: a node is a set of Linux namespaces with a real kubelet, and its static Pods run as
//! processes of that node (`tests/go/lab`). The lab's network has no route out of this machine.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::setup::target_dir;

mod aftermath;
mod carry;
mod cluster;
mod consumers;
mod faults;
mod hammer;
mod handshakes;
mod joining;
mod kill;
mod management;
mod package;
mod plan;
mod programs;
mod report;
mod roll_out;
mod runner;
mod snapshot;
mod tenant;

const USAGE: &str = "\
cargo xtask lab up [--control-planes 3] [--workers 1] [--spares 0] [--management] [--roll-out] [--readers]
                   [--kubernetes 1.36] [--certificates DIR] [--from DIR] [--directory DIR] | --tenant [--directory DIR]
    brings a kubeadm cluster up: load balancer, nodes, an extension API server with a webhook;
    prints how to enter a node and where the nodes' trees are
      --tenant         a management cluster with the control plane of a tenant of Kamaji's in it, as the Deployment of
                       tests/fixtures/kamaji has it, and a worker that has joined the tenant
      --spares N       machines that have not joined yet: one joins in each phase of a run
      --management     the cluster is its own management cluster: a Cluster and its Secrets, made by
                       Cluster API's own functions
      --roll-out       as --management, with a KubeadmControlPlane and a MachineDeployment whose
                       controllers the lab plays: in the roll-out a spare machine joins the control
                       plane with the files that Cluster API makes of the Secrets then
      --readers        service account tokens are signed with the API server's key, and a static Pod mounts
                       admin.conf as a single file; takes one control-plane node
      --kubernetes     1.36, or 1.33 or 1.30, which are built when they are asked for first
      --certificates   kubeadm's certificatesDir, which must lie in /etc/kubernetes: Kubespray's is
                       /etc/kubernetes/ssl; /etc/kubernetes/pki otherwise
      --from DIR       starts from trees as `tar` packs them, DIR/<node>/etc/kubernetes: with their
                       authorities, certificates, names and addresses
cargo xtask lab run PACKAGE [--twice] [--kill] [--undo] [--management-kubeconfig FILE] [--only ID,…]
                    [--continued] [--quiet-seconds 120] [--directory DIR]
    carries the steps of a package (folder or zip) out in the order of its manifest.json, while
    clients connect anew all the time; fails if a request, a step or a gate failed
      --twice          runs each step once more after its gate, which must change and say nothing
      --kill           kills each step at several moments and runs it again
      --undo           then undoes phase 3, 2 and 1, compares with what was there, and carries the
                       package out once more, undisturbed, which must come to the same bytes
      --management-kubeconfig
                       another management cluster than the lab's own; without either, steps on a
                       management cluster are left out
      --only           these steps alone, hammering included, to try a package out
      --continued      goes on with a rotation that another run began: what nobody may accept at the
                       end are the credentials of before that run
      --quiet-seconds  how long the cluster is watched after the last step
cargo xtask lab faults PACKAGE FOLDER [--directory DIR]
    carries a package out on two control-plane nodes, a worker and a spare machine; FOLDER has packages
    with one fault each, by its name: each is brought about where it shows, seen to break, and mended
cargo xtask lab down [--directory DIR]
    ends every process of the lab and removes its files
All take root. --directory is where the lab's files lie; target/lab otherwise.";

/// Starts the lab, runs a command on it, or stops it.
///
/// # Errors
///
/// If the arguments are invalid, or the command fails.
pub fn run(arguments: &[&str]) -> Result<()> {
    let Some((&verb, arguments)) = arguments.split_first() else { bail!("say what to do\n\n{USAGE}") };
    let arguments = Arguments::parse(arguments)?;
    if matches!(verb, "help" | "--help" | "-h") {
        println!("{USAGE}");
        return Ok(());
    }
    let lab = Lab { directory: arguments.directory()? };
    match verb {
        "up" => cluster::up(&lab, &arguments),
        "run" => carry::run(&lab, &arguments),
        "faults" => faults::run(&lab, &arguments),
        "down" => lab.down(),
        other => bail!("`cargo xtask lab` has no `{other}`\n\n{USAGE}"),
    }
}

/// The arguments after the command: options with a value, and positional arguments.
struct Arguments {
    options: Vec<(String, String)>,
    rest: Vec<String>,
}

impl Arguments {
    fn parse(arguments: &[&str]) -> Result<Self> {
        const FLAGS: [&str; 8] = ["continued", "kill", "management", "readers", "roll-out", "tenant", "twice", "undo"];
        const OPTIONS: [&str; 10] = [
            "certificates",
            "control-planes",
            "directory",
            "from",
            "kubernetes",
            "management-kubeconfig",
            "only",
            "quiet-seconds",
            "spares",
            "workers",
        ];
        let mut parsed = Self { options: Vec::new(), rest: Vec::new() };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let Some(name) = argument.strip_prefix("--") else {
                parsed.rest.push((*argument).to_owned());
                continue;
            };
            if FLAGS.contains(&name) {
                parsed.options.push((name.to_owned(), String::new()));
                continue;
            }
            ensure!(OPTIONS.contains(&name), "`cargo xtask lab` has no option --{name}\n\n{USAGE}");
            let value = arguments.next().with_context(|| format!("--{name} needs a value"))?;
            parsed.options.push((name.to_owned(), (*value).to_owned()));
        }
        Ok(parsed)
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(option, _)| option == name).map(|(_, value)| value.as_str())
    }

    fn flag(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn number(&self, name: &str, default: usize) -> Result<usize> {
        self.value(name).map_or(Ok(default), |value| {
            value.parse().with_context(|| format!("--{name} takes a number, not `{value}`"))
        })
    }

    fn directory(&self) -> Result<PathBuf> {
        let directory = self.value("directory").map_or_else(|| target_dir().join("lab"), PathBuf::from);
        Ok(env::current_dir()?.join(directory))
    }
}

/// A lab, found by its folder. The folder also holds the process id of the lab's main process.
struct Lab {
    directory: PathBuf,
}

/// The machine without a kubelet. It runs the load balancer, the extension API server and kubectl.
const ADMIN: &str = "admin";

impl Lab {
    /// The folder with a node's trees, which `airlock` reads.
    fn node(&self, machine: &str) -> PathBuf {
        self.directory.join("nodes").join(machine)
    }

    /// The path on this machine of any other file of a lab machine; `path` is absolute on the lab machine.
    fn private(&self, machine: &str, path: &str) -> PathBuf {
        self.directory.join("private").join(machine).join(path.trim_start_matches('/'))
    }

    /// The lab's description, which names every machine.
    fn description(&self) -> Result<Value> {
        let path = self.directory.join("lab.json");
        let text = fs::read_to_string(&path)
            .with_context(|| format!("there is no lab in {}: `cargo xtask lab up`", self.directory.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} cannot be read", path.display()))
    }

    /// Whether the packages are for the control plane of a Kamaji tenant.
    fn has_tenant(&self) -> Result<bool> {
        Ok(self.description()?["tenant"] == true)
    }

    /// kubeadm's `certificatesDir`.
    fn certificates(&self) -> Result<String> {
        let description = self.description()?;
        description["certificates"].as_str().map(str::to_owned).context("the lab's description has no certificates")
    }

    /// The names of the machines with a role: `control-plane` or `worker`.
    fn machines(&self, role: &str) -> Result<Vec<String>> {
        self.machines_where(|machine| machine["role"] == role)
    }

    /// The names of all machines.
    fn machine_names(&self) -> Result<Vec<String>> {
        self.machines_where(|_| true)
    }

    fn machines_where(&self, condition: impl Fn(&Value) -> bool) -> Result<Vec<String>> {
        let description = self.description()?;
        let machines = description["machines"].as_array().context("the lab's description names no machines")?;
        Ok(machines
            .iter()
            .filter(|machine| condition(machine))
            .filter_map(|machine| machine["name"].as_str().map(str::to_owned))
            .collect())
    }

    /// The process id of a machine's init.
    fn pid(&self, machine: &str) -> Result<u64> {
        let path = self.directory.join("machines.json");
        let text = fs::read(&path).context("the lab is not up: `cargo xtask lab up`")?;
        let pids: Value = serde_json::from_slice(&text)?;
        pids[machine].as_u64().with_context(|| format!("the lab has no machine {machine}"))
    }

    /// A command that runs on a machine.
    fn on(&self, machine: &str, program: &str) -> Result<Command> {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.pid(machine)?.to_string(), "--mount", "--uts", "--net", "--pid", "--"])
            .args(["env", "--ignore-environment", "HOME=/root", "LANG=C.UTF-8", "USER=root", MACHINE_PATH, program])
            .current_dir("/")
            .stdin(Stdio::null());
        Ok(command)
    }

    /// Runs an sh command on a machine and returns its output.
    fn shell(&self, machine: &str, script: &str) -> Result<String> {
        let output = self.on(machine, "sh")?.args(["-c", script]).output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        ensure!(
            output.status.success(),
            "on {machine}: {script}: {}\n{}\n{}",
            output.status,
            text(&output.stdout),
            text(&output.stderr)
        );
        Ok(text(&output.stdout))
    }

    /// The process id of the lab's main process, if it still runs.
    fn holder(&self) -> Option<u32> {
        let recorded = fs::read_to_string(self.directory.join("switch.pid")).ok()?;
        let (pid, start) = recorded.trim().split_once(' ')?;
        let pid = pid.parse().ok()?;
        (start_of(pid)? == start).then_some(pid)
    }

    /// Kills every process of the lab and removes its files; does nothing if there is no lab.
    fn down(&self) -> Result<()> {
        if let Some(pid) = self.holder() {
            // This also kills the machines: all processes of a machine end with its init.
            ensure!(Command::new("kill").args(["-KILL", &pid.to_string()]).status()?.success(), "kill {pid} failed");
            wait(Duration::from_secs(30), "the lab to end", || Ok(self.holder().is_none().then_some(())))?;
        }
        if !self.directory.exists() {
            println!("there is no lab in {}", self.directory.display());
            return Ok(());
        }
        ensure!(
            self.directory.join("lab.json").is_file(),
            "{} is not a lab's folder: it is left alone",
            self.directory.display()
        );
        // A process that is ending may still have a file open for writing.
        let mut last = String::new();
        wait(Duration::from_secs(30), "the lab's files to go", || {
            Ok(fs::remove_dir_all(&self.directory).map_err(|error| last = error.to_string()).ok())
        })
        .with_context(|| last.clone())?;
        println!("the lab is down");
        Ok(())
    }
}

/// A machine's `PATH`: the lab's own programs, such as `systemctl`, precede the system's.
const MACHINE_PATH: &str = "PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The start time of a process, which distinguishes it from a later process with the same id (proc(5), `stat`, field
/// 22).
fn start_of(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    // A zombie counts as ended.
    (fields.next()? != "Z").then_some(())?;
    fields.nth(18).map(str::to_owned)
}

/// Calls `ask` repeatedly until it returns a value; fails when `patience` has passed.
fn wait<T>(patience: Duration, what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if Instant::now() > deadline {
            bail!("waited {} s for {what}, in vain", patience.as_secs());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Writes an executable script.
fn executable(path: &Path, text: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}
