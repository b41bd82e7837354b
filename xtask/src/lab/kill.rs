//! Kills a step's command while it runs: the whole process group, at a defined moment.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};

use super::package::Step;

/// The moment at which a command is killed.
#[derive(Clone, Copy)]
pub enum Moment {
    /// When a file with this name prefix appears in one of the script's folders.
    Appears(&'static str),
    /// When the command has printed this many lines.
    Line(usize),
    /// When the command has run for this long.
    After(Duration),
}

impl Moment {
    fn describe(self) -> String {
        match self {
            Self::Appears(name) => format!("when {name} appeared"),
            Self::Line(number) => format!("after line {number}"),
            Self::After(time) => format!("after {} ms", time.as_millis()),
        }
    }
}

/// The moments at which a step is killed, one for each attempt. `index` varies them between steps.
pub fn moments(step: &Step, index: usize) -> Vec<Moment> {
    let varying = Duration::from_millis(250 + 350 * (index as u64 % 4));
    if matches!(step.holder.as_str(), "cluster" | "management") {
        // The first kubectl has started; an object has been applied; a wait has begun.
        return vec![Moment::After(Duration::from_millis(40)), Moment::Line(1), Moment::After(varying)];
    }
    vec![
        // Nothing has changed yet; a manifest has been moved away from the kubelet; the kubelet's certificate is about
        // to be removed.
        Moment::Appears("pending"),
        // A backup has created its archive and waits for etcd.
        Moment::Appears("node.tar"),
        Moment::Appears("parked-kube-controller-manager"),
        Moment::Appears("parked-kube-scheduler"),
        Moment::Appears("complete"),
        // kubeadm is creating certificates; the new certificates are being installed.
        Moment::Appears("kubeadm.log"),
        Moment::Appears(".admin.conf"),
        Moment::Line(1 + index % 7),
        Moment::After(varying),
    ]
}

/// The result of an attempt.
pub struct Attempt {
    /// The command's output, both streams.
    pub output: Vec<String>,
    pub end: End,
}

/// The way in which an attempt ended.
pub enum End {
    Finished(ExitStatus),
    /// It was killed; the text says when.
    Killed(String),
}

/// The interval at which the moments are checked.
const POLL_INTERVAL: Duration = Duration::from_millis(4);

/// Runs a command until it ends or one of the moments occurs. Removes that moment from the list.
pub fn attempt(
    mut command: Command,
    folders: &[PathBuf],
    moments: &mut Vec<Moment>,
    limit: Duration,
) -> Result<Attempt> {
    let before = files(folders);
    let (reader, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer).process_group(0);
    let started = Instant::now();
    let mut child = command.spawn()?;
    // The command object holds the pipe's write end.
    drop(command);
    let (sender, lines) = mpsc::channel();
    let reading = std::thread::spawn(move || {
        for line in BufReader::new(reader).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let mut output = Vec::new();
    let patience = if moments.is_empty() { Duration::from_millis(100) } else { POLL_INTERVAL };
    let end = loop {
        match lines.recv_timeout(patience) {
            Ok(line) => output.push(line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break End::Finished(child.wait()?),
        }
        let now = started.elapsed();
        ensure_alive(&mut child, now, limit, &output)?;
        if moments.is_empty() {
            continue;
        }
        let there = files(folders);
        let comes = |moment: &Moment| match *moment {
            Moment::Appears(name) => there.difference(&before).any(|path| named(path, name)),
            Moment::Line(number) => output.len() >= number,
            Moment::After(time) => now >= time,
        };
        if let Some(found) = moments.iter().position(comes) {
            let moment = moments.remove(found);
            kill(child.id())?;
            child.wait()?;
            break End::Killed(moment.describe());
        }
    };
    // All processes that could write to the pipe have ended.
    ensure!(reading.join().is_ok(), "what a command printed cannot be read");
    output.extend(lines.try_iter());
    Ok(Attempt { output, end })
}

/// Kills a command that exceeds its time limit.
fn ensure_alive(child: &mut std::process::Child, now: Duration, limit: Duration, output: &[String]) -> Result<()> {
    if now < limit {
        return Ok(());
    }
    kill(child.id())?;
    child.wait()?;
    bail!("ended after {} s: {}", limit.as_secs(), output.join("\n"))
}

/// Kills a process group.
fn kill(group: u32) -> Result<()> {
    let status = Command::new("kill").args(["-KILL", "--", &format!("-{group}")]).status()?;
    ensure!(status.success(), "process group {group} cannot be killed");
    Ok(())
}

fn named(path: &Path, start: &str) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start))
}

/// All files below some folders. Ignores files that vanish meanwhile.
fn files(folders: &[PathBuf]) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut left = folders.to_vec();
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                left.push(entry.path());
            } else {
                found.insert(entry.path());
            }
        }
    }
    found
}
