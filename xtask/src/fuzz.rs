//! `cargo xtask fuzz`: fuzzes the parsers of untrusted input with libFuzzer.
//!
//! The stable compiler builds the targets of `tests/fuzz` with libFuzzer's coverage instrumentation but without a
//! sanitizer: sanitizers need a nightly compiler, and the core forbids unsafe code. The targets measure memory
//! themselves.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    setup::{cargo, on_path, root, run as finish},
    tools::packages::packages,
};

/// The fuzz targets of `tests/fuzz`.
const TARGETS: [&str; 5] = ["amounts", "archives", "certificates", "texts", "trees"];

/// The default duration of all targets together, in minutes.
pub const MINUTES: u64 = 10;

/// The time limit for one input, in seconds. The targets themselves allow five seconds of processor time.
const TIMEOUT: u64 = 120;

/// The maximum size of an input, in bytes.
const MAX_LENGTH: usize = 16 * 1024;

/// Compiler flags for all crates, as cargo-fuzz sets them (rust-fuzz/cargo-fuzz: src/project.rs): counters for every
/// edge of the control flow, and the operands of comparisons.
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

/// Fuzzes every target for `--minutes` in total, with one target per processor at a time. `--seed` makes the generated
/// inputs reproducible.
///
/// # Errors
///
/// If an option is unknown, the targets cannot be built, or a target fails; the error names the file with the failing
/// input.
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
    // The targets take `minutes` in total, whether they run one after the other or in parallel.
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

/// Builds all targets and returns their folder.
///
/// # Errors
///
/// If a target cannot be built.
pub fn build() -> Result<PathBuf> {
    // libFuzzer is written in C++.
    if on_path("c++").is_none() {
        packages(&[("c++", "g++")])?;
    }
    let host = Command::new("rustc").arg("-vV").output().context("rustc cannot be started")?;
    let host = String::from_utf8(host.stdout).context("rustc speaks UTF-8")?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc does not name its host")?;
    let folder = root().join("target/fuzz");
    let manifest = root().join("tests/fuzz/Cargo.toml");
    // With `--target`, cargo does not apply the flags to build scripts and procedural macros.
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

/// Runs one target on the repository's corpus. New inputs go to `target/fuzz`.
fn fuzz(binaries: &std::path::Path, target: &str, seconds: u64, seed: Option<u32>) -> Result<String> {
    let kept = if seed.is_some() { "target/fuzz/seeded" } else { "target/fuzz/corpus" };
    let (found, seeds) = (root().join(kept).join(target), root().join("tests/fuzz/corpus").join(target));
    if seed.is_some() && found.exists() {
        // Inputs that earlier runs found would make this run irreproducible.
        fs::remove_dir_all(&found).with_context(|| format!("{} cannot be emptied", found.display()))?;
    }
    let artifacts = root().join("target/fuzz/found").join(target);
    for folder in [&found, &artifacts] {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let log = artifacts.with_extension("log");
    let file = fs::File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?;
    // Other processes on the machine have priority.
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
