//! A running lab: its folder, its machines, and commands on them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// A lab, found by its folder. The folder also holds the process id of the lab's main process.
pub struct Lab {
    pub directory: PathBuf,
}

/// The machine without a kubelet. It runs the load balancer, the extension API server and kubectl.
pub const ADMIN: &str = "admin";

impl Lab {
    /// The folder with a node's trees, which `airlock` reads.
    pub fn node(&self, machine: &str) -> PathBuf {
        self.directory.join("nodes").join(machine)
    }

    /// The path on this machine of any other file of a lab machine; `path` is absolute on the lab machine.
    pub fn private(&self, machine: &str, path: &str) -> PathBuf {
        self.directory.join("private").join(machine).join(path.trim_start_matches('/'))
    }

    /// The lab's description, which names every machine.
    pub fn description(&self) -> Result<Value> {
        let path = self.directory.join("lab.json");
        let text = fs::read_to_string(&path)
            .with_context(|| format!("there is no lab in {}: `cargo xtask lab up`", self.directory.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} cannot be read", path.display()))
    }

    /// Whether the packages are for the control plane of a Kamaji tenant.
    pub fn has_tenant(&self) -> Result<bool> {
        Ok(self.description()?["tenant"] == true)
    }

    /// kubeadm's `certificatesDir`.
    pub fn certificates(&self) -> Result<String> {
        let description = self.description()?;
        description["certificates"].as_str().map(str::to_owned).context("the lab's description has no certificates")
    }

    /// The names of the machines with a role: `control-plane` or `worker`.
    pub fn machines(&self, role: &str) -> Result<Vec<String>> {
        self.machines_where(|machine| machine["role"] == role)
    }

    /// The names of all machines.
    pub fn machine_names(&self) -> Result<Vec<String>> {
        self.machines_where(|_| true)
    }

    pub fn machines_where(&self, condition: impl Fn(&Value) -> bool) -> Result<Vec<String>> {
        let description = self.description()?;
        let machines = description["machines"].as_array().context("the lab's description names no machines")?;
        Ok(machines
            .iter()
            .filter(|machine| condition(machine))
            .filter_map(|machine| machine["name"].as_str().map(str::to_owned))
            .collect())
    }

    /// The process id of a machine's init.
    pub fn pid(&self, machine: &str) -> Result<u64> {
        let path = self.directory.join("machines.json");
        let text = fs::read(&path).context("the lab is not up: `cargo xtask lab up`")?;
        let pids: Value = serde_json::from_slice(&text)?;
        pids[machine].as_u64().with_context(|| format!("the lab has no machine {machine}"))
    }

    /// A command that runs on a machine.
    pub fn on(&self, machine: &str, program: &str) -> Result<Command> {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.pid(machine)?.to_string(), "--mount", "--uts", "--net", "--pid", "--"])
            .args(["env", "--ignore-environment", "HOME=/root", "LANG=C.UTF-8", "USER=root", MACHINE_PATH, program])
            .current_dir("/")
            .stdin(Stdio::null());
        Ok(command)
    }

    /// Runs an sh command on a machine and returns its output.
    pub fn shell(&self, machine: &str, script: &str) -> Result<String> {
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
    pub fn holder(&self) -> Option<u32> {
        let recorded = fs::read_to_string(self.directory.join("switch.pid")).ok()?;
        let (pid, start) = recorded.trim().split_once(' ')?;
        let pid = pid.parse().ok()?;
        (start_of(pid)? == start).then_some(pid)
    }

    /// Kills every process of the lab and removes its files; does nothing if there is no lab.
    pub fn down(&self) -> Result<()> {
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
pub const MACHINE_PATH: &str = "PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The start time of a process, which distinguishes it from a later process with the same id (proc(5), `stat`, field
/// 22).
pub fn start_of(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    // A zombie counts as ended.
    (fields.next()? != "Z").then_some(())?;
    fields.nth(18).map(str::to_owned)
}

/// Calls `ask` repeatedly until it returns a value; fails when `patience` has passed.
pub fn wait<T>(patience: Duration, what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
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
pub fn executable(path: &Path, text: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}
