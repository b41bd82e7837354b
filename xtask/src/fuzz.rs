//! `cargo xtask fuzz`: what a stranger could hand over, made up by libFuzzer.
//!
//! The targets of `tests/fuzz` are built with the coverage that libFuzzer needs by the compiler that builds everything
//! else: without a sanitizer that takes no nightly, and the core forbids unsafe code. Memory is counted by the targets.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    setup::{cargo, on_path, root, run as finish},
    tools,
};

/// The targets of `tests/fuzz`.
const TARGETS: [&str; 5] = ["amounts", "archives", "certificates", "texts", "trees"];

/// All targets together, in minutes, unless told otherwise.
pub const MINUTES: u64 = 10;

/// What never ends is ended then. The targets themselves allow five seconds of processor time. Seconds.
const TIMEOUT: u64 = 120;

/// Inputs grow to this size. Bytes.
const MAX_LENGTH: usize = 16 * 1024;

/// Libraries and all, as cargo-fuzz builds them (rust-fuzz/cargo-fuzz: src/project.rs), with counters for every edge and
/// the values of comparisons.
const FLAGS: [&str; 8] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Ccodegen-units=1",
    "--cfg=fuzzing",
];

/// Fuzzes every target, as many at a time as there are processors, for `--minutes` together. With `--seed`, what is made up
/// begins in the same way each time.
///
/// # Errors
///
/// If an option is not known, the targets cannot be built, or one of them finds something: with the file that shows it.
pub fn run(options: &[&str]) -> Result<()> {
    let (mut minutes, mut only, mut seed) = (MINUTES, None, None);
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let value = options.next().with_context(|| format!("{option} needs a value"))?;
        match *option {
            "--minutes" => minutes = value.parse().with_context(|| format!("{value} is no number of minutes"))?,
            "--only" if TARGETS.contains(value) => only = Some(*value),
            "--only" => bail!("there is no target `{value}`: take one of {}", TARGETS.join(", ")),
            "--seed" => seed = Some(value.parse().with_context(|| format!("{value} is no number to begin with"))?),
            other => bail!("`cargo xtask fuzz` takes --minutes N, --only TARGET and --seed N, not {other}"),
        }
    }
    let chosen = |target: &&str| only.is_none_or(|only| only == *target);
    let targets: Vec<&str> = TARGETS.into_iter().filter(chosen).collect();
    let binaries = build()?;
    let at_once = thread::available_parallelism().map_or(1, usize::from).min(targets.len());
    // Together they take `minutes`, whether one after the other or side by side.
    let seconds = (60 * minutes / targets.len().div_ceil(at_once) as u64).max(1);
    for group in targets.chunks(at_once) {
        let outcomes: Vec<Result<String>> = thread::scope(|scope| {
            let mut running = Vec::with_capacity(group.len());
            for target in group {
                running.push(scope.spawn(|| fuzz(&binaries, target, seconds, seed)));
            }
            running.into_iter().map(|thread| thread.join().expect("no target's thread panics")).collect()
        });
        for outcome in outcomes {
            println!("{}", outcome?);
        }
    }
    Ok(())
}

/// Builds all targets; gives the folder that they lie in.
///
/// # Errors
///
/// If one cannot be built.
pub fn build() -> Result<PathBuf> {
    // libFuzzer itself is C++.
    if on_path("c++").is_none() {
        tools::packages(&[("c++", "g++")])?;
    }
    let host = Command::new("rustc").arg("-vV").output().context("rustc cannot be started")?;
    let host = String::from_utf8(host.stdout).context("rustc speaks UTF-8")?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc does not name its host")?;
    let folder = root().join("target/fuzz");
    let manifest = root().join("tests/fuzz/Cargo.toml");
    // With a target named, the flags do not reach the programs that run while building.
    finish(
        cargo()
            .args(["build", "--release", "--quiet", "--locked", "--target", host, "--manifest-path"])
            .arg(manifest)
            .arg("--target-dir")
            .arg(&folder)
            .env("RUSTFLAGS", FLAGS.join(" ")),
    )?;
    Ok(folder.join(host).join("release"))
}

/// Runs one target on the corpus of the repository and what it finds itself, which is kept in `target/fuzz`.
fn fuzz(binaries: &std::path::Path, target: &str, seconds: u64, seed: Option<u32>) -> Result<String> {
    let kept = if seed.is_some() { "target/fuzz/seeded" } else { "target/fuzz/corpus" };
    let (found, seeds) = (root().join(kept).join(target), root().join("tests/fuzz/corpus").join(target));
    if seed.is_some() && found.exists() {
        // What earlier runs found would make this one another.
        fs::remove_dir_all(&found).with_context(|| format!("{} cannot be emptied", found.display()))?;
    }
    let artifacts = root().join("target/fuzz/found").join(target);
    for folder in [&found, &artifacts] {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let log = artifacts.with_extension("log");
    let file = fs::File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?;
    // Whoever else uses the machine goes first.
    let status = Command::new("nice")
        .args(["-n", "19"])
        .arg(binaries.join(target))
        .args([&found, &seeds])
        .args(seed.map(|seed| format!("-seed={seed}")))
        .args([format!("-timeout={TIMEOUT}"), format!("-max_total_time={seconds}"), format!("-max_len={MAX_LENGTH}")])
        .args(["-print_final_stats=1", "-rss_limit_mb=2048"])
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .stdout(Stdio::null())
        .stderr(file)
        .status()
        .with_context(|| format!("{target} cannot be started"))?;
    let said = fs::read(&log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())?;
    let last: Vec<&str> = said.lines().rev().take(40).collect();
    ensure!(
        status.success(),
        "{target} found something: {}\n{}",
        log.display(),
        last.iter().rev().copied().collect::<Vec<_>>().join("\n")
    );
    let number =
        |name: &str| said.lines().rev().find_map(|line| line.strip_prefix(name)).map_or("?", str::trim).to_owned();
    let done = said.lines().rev().find(|line| line.contains("DONE")).unwrap_or_default();
    let covered = done.split_whitespace().skip_while(|word| *word != "cov:").nth(1).unwrap_or("?").to_owned();
    Ok(format!(
        "{target:>14}: {} runs in {seconds} s, {covered} edges covered, slowest {} s, {} MB",
        number("stat::number_of_executed_units:"),
        number("stat::slowest_unit_time_sec:"),
        number("stat::peak_rss_mb:")
    ))
}
