//! Runs programs and measures their time and memory.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, ensure};

use crate::setup::on_path;

/// The resources that a program used.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Wall-clock time, in seconds.
    pub wall: f64,
    /// CPU time of the program and its children, on all cores. In seconds, with a resolution of 0.01.
    pub cpu: f64,
    /// The largest resident set size of the program or one of its children, in bytes.
    pub peak_memory: u64,
}

/// GNU time, which reports a program's peak memory.
pub struct Meter {
    time: PathBuf,
    notes: PathBuf,
}

impl Meter {
    /// A meter that writes its report into `folder`.
    ///
    /// # Errors
    ///
    /// If GNU time is missing.
    pub fn new(folder: &Path) -> Result<Self> {
        let time =
            on_path("time").context("GNU time is missing: install it, for instance with `apt-get install time`")?;
        Ok(Self { time, notes: folder.join("time") })
    }

    /// Runs a program until it exits.
    ///
    /// # Errors
    ///
    /// If it exits with an error; the message contains its output.
    pub fn run(&self, program: &Path, arguments: &[&OsStr]) -> Result<Usage> {
        let mut command = Command::new(&self.time);
        command.args(["--format", "%U %S %M", "--output"]).arg(&self.notes).arg(program).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let begun = Instant::now();
        let output = command.output().context("GNU time cannot be started")?;
        let wall = begun.elapsed().as_secs_f64();
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} {arguments:?} failed, {}\n{errors}", program.display(), output.status);

        let notes = fs::read_to_string(&self.notes)?;
        let numbers: Vec<f64> = notes.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        let &[user, system, kilobytes] = numbers.as_slice() else {
            anyhow::bail!("GNU time wrote {notes}");
        };
        Ok(Usage { wall, cpu: user + system, peak_memory: kilobytes as u64 * 1024 })
    }
}

/// The program's standard output, without the final newline.
pub fn output(program: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{} cannot be started", program.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
