//! `cargo xtask test`: the tests that must pass before a change is merged.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    app, fuzz,
    setup::{WASM, cargo, root, run as finish, wasm_target},
    tools,
};

/// Installs what the tests need and runs them; stops at the first failure.
///
/// `--quick` leaves out the rotations of real clusters and the fuzzing. `--long` adds every fault of the simulation on
/// a real cluster, every refusal of every command of the scripts, more rotations and longer fuzzing. Use it for a
/// release and after changes to any of these.
///
/// # Errors
///
/// If an option is unknown, a tool cannot be built, or a test fails.
pub fn run(options: &[&str]) -> Result<()> {
    let length = match options {
        [] => Length::Usual,
        ["--quick"] => Length::Quick,
        ["--long"] => Length::Long,
        other => bail!("`cargo xtask test` takes --quick, --long or nothing, not {}", other.join(" ")),
    };
    let started = Instant::now();
    let mut timings = Vec::new();
    let mut step = |title: &'static str, work: &dyn Fn() -> Result<()>| -> Result<()> {
        println!("\n── {title}");
        let begun = Instant::now();
        work().with_context(|| format!("{title} failed"))?;
        timings.push((title, begun.elapsed()));
        Ok(())
    };

    components()?;
    step("lock files", &|| {
        // The build would also fail, but twenty minutes later.
        let metadata = ["metadata", "--locked", "--quiet", "--format-version", "1"];
        finish(cargo().args(metadata).stdout(Stdio::null()))?;
        finish(cargo().args(metadata).args(["--manifest-path", "tests/fuzz/Cargo.toml"]).stdout(Stdio::null()))
    })?;
    step("rustfmt", &|| {
        finish(cargo().args(["fmt", "--all", "--check"]))?;
        finish(cargo().args(["fmt", "--all", "--check", "--manifest-path", "tests/fuzz/Cargo.toml"]))
    })?;
    step("tools", &|| tools::run(&[]))?;
    step("shellcheck", &shellcheck)?;
    step("clippy", &|| {
        finish(cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))
    })?;
    step("clippy for the page", &|| {
        wasm_target()?;
        let arguments = ["clippy", "--package", "airlock-app", "--target", WASM, "--quiet", "--", "-D", "warnings"];
        finish(cargo().args(arguments))
    })?;
    step("documentation", &|| {
        finish(cargo().args(["doc", "--workspace", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    step("page", &|| app::build(false).map(drop))?;
    // The tests start this binary. Building it here keeps the build out of their time limits.
    step("command line", &|| finish(cargo().args(["build", "--workspace", "--bin", "airlock", "--quiet"])))?;
    step("tests", &|| {
        let mut tests = cargo();
        tests.args(["test", "--workspace", "--no-fail-fast"]);
        if length == Length::Long {
            tests.env("AIRLOCK_EVERY_FAULT", "1");
        }
        finish(&mut tests)
    })?;
    if length != Length::Quick {
        step("fuzz targets", &|| fuzz::build().map(drop))?;
        step("clusters, fuzzing beside them", &|| clusters_and_fuzzing(length))?;
    }

    println!("\n── all is well");
    for (title, duration) in timings {
        println!("{title:>20} {}", seconds(duration));
    }
    println!("{:>20} {}", "together", seconds(started.elapsed()));
    Ok(())
}

/// Filters for the tests on clusters that only `--long` runs: planted faults, rotations without the nodes' files, and
/// one that is continued with another package. Together they take up to an hour on two processors.
const LONG: [&str; 3] = ["faults::", "unseen::", "a_rotation_that_stopped_half_way"];

/// The extent of a test run.
#[derive(Clone, Copy, PartialEq)]
enum Length {
    /// No clusters and no fuzzing.
    Quick,
    /// The tests before a change is merged.
    Usual,
    /// All tests.
    Long,
}

/// Runs clusters and fuzzing at the same time: clusters mostly wait for leases and Pods, and fuzzing uses the free CPU
/// time.
fn clusters_and_fuzzing(length: Length) -> Result<()> {
    let mut arguments = vec!["test", "--package", "airlock-tests", "--features", "lab", "--test", "lab_rotation"];
    let minutes = if length == Length::Long { "10" } else { "3" };
    if length != Length::Long {
        arguments.push("--");
        arguments.extend(LONG.iter().flat_map(|test| ["--skip", test]));
    }
    thread::scope(|scope| {
        // A fixed seed makes the test reproducible. `cargo xtask fuzz` searches for new inputs.
        let fuzzing = scope.spawn(|| fuzz::run(&["--minutes", minutes, "--seed", "1"]));
        let clusters = finish(cargo().args(arguments)).context("clusters");
        let fuzzed = fuzzing.join().expect("fuzzing returns its errors");
        clusters.and(fuzzed)
    })
}

/// Installs rustfmt and Clippy if the Rust installation lacks them.
fn components() -> Result<()> {
    for (command, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        let there = cargo().args([command, "--version"]).output().is_ok_and(|output| output.status.success());
        if !there {
            finish(Command::new("rustup").args(["component", "add", component]).current_dir(root()))?;
        }
    }
    Ok(())
}

/// Runs ShellCheck on every shell script of the repository.
fn shellcheck() -> Result<()> {
    let mut scripts = vec![root().join(".ci/run")];
    for folder in ["tests", "tests/bench", "tests/fixtures", "tests/lab", "tests/scripts", "tests/starlingx"] {
        for entry in fs::read_dir(root().join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "sh") {
                scripts.push(path);
            }
        }
    }
    finish(Command::new("shellcheck").args(scripts))
}

fn seconds(duration: Duration) -> String {
    format!("{:6.1} s", duration.as_secs_f64())
}
