//! Killing a step's command in its midst: the whole process group, at a moment that is known.

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

/// When a command is killed.
#[derive(Clone, Copy)]
pub enum Moment {
    /// A file whose name begins so appears in the script's own folders.
    Appears(&'static str),
    /// It has printed so many lines.
    Line(usize),
    /// It has run for so long.
    After(Duration),
}

impl Moment {
    fn words(self) -> String {
        match self {
            Self::Appears(name) => format!("when {name} appeared"),
            Self::Line(number) => format!("after line {number}"),
            Self::After(time) => format!("after {} ms", time.as_millis()),
        }
    }
}

/// The moments at which a step is killed, one in each attempt; `index` makes them differ from step to step.
pub fn moments(step: &Step, index: usize) -> Vec<Moment> {
    let varying = Duration::from_millis(250 + 350 * (index as u64 % 4));
    if matches!(step.holder.as_str(), "cluster" | "management") {
        // Its first kubectl has been started; something has been applied; a wait has begun.
        return vec![Moment::After(Duration::from_millis(40)), Moment::Line(1), Moment::After(varying)];
    }
    vec![
        // Nothing has changed yet; a manifest is out of the kubelet's sight; the kubelet's certificate is about to go;
        Moment::Appears("pending"),
        // A backup has its archive, and waits for etcd.
        Moment::Appears("node.tar"),
        Moment::Appears("parked-kube-controller-manager"),
        Moment::Appears("parked-kube-scheduler"),
        Moment::Appears("complete"),
        // kubeadm makes certificates; those that it made are on their way in.
        Moment::Appears("kubeadm.log"),
        Moment::Appears(".admin.conf"),
        Moment::Line(1 + index % 7),
        Moment::After(varying),
    ]
}

/// What came of an attempt.
pub struct Attempt {
    /// What it printed, both streams.
    pub said: Vec<String>,
    pub end: End,
}

/// How an attempt ended.
pub enum End {
    Finished(ExitStatus),
    /// Killed, and when.
    Killed(String),
}

/// How often the moments are looked for.
const LOOK: Duration = Duration::from_millis(4);

/// Runs a command until it ends or one of the moments comes, which is then taken from the list.
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
    // The command holds the pipe's other end.
    drop(command);
    let (sender, lines) = mpsc::channel();
    let reading = std::thread::spawn(move || {
        for line in BufReader::new(reader).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let mut said = Vec::new();
    let patience = if moments.is_empty() { Duration::from_millis(100) } else { LOOK };
    let end = loop {
        match lines.recv_timeout(patience) {
            Ok(line) => said.push(line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break End::Finished(child.wait()?),
        }
        let now = started.elapsed();
        ensure_alive(&mut child, now, limit, &said)?;
        if moments.is_empty() {
            continue;
        }
        let there = files(folders);
        let comes = |moment: &Moment| match *moment {
            Moment::Appears(name) => there.difference(&before).any(|path| named(path, name)),
            Moment::Line(number) => said.len() >= number,
            Moment::After(time) => now >= time,
        };
        if let Some(found) = moments.iter().position(comes) {
            let moment = moments.remove(found);
            kill(child.id())?;
            child.wait()?;
            break End::Killed(moment.words());
        }
    };
    // Everybody who could still write has ended.
    ensure!(reading.join().is_ok(), "what a command printed cannot be read");
    said.extend(lines.try_iter());
    Ok(Attempt { said, end })
}

/// Ends a command that takes too long.
fn ensure_alive(child: &mut std::process::Child, now: Duration, limit: Duration, said: &[String]) -> Result<()> {
    if now < limit {
        return Ok(());
    }
    kill(child.id())?;
    child.wait()?;
    bail!("ended after {} s: {}", limit.as_secs(), said.join("\n"))
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

/// Every file in some folders, however deep; what vanishes meanwhile is not there.
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
