//! `cargo xtask test`: the tests that must pass before a change is merged, all of them or by job.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    app, fuzz,
    setup::{WASM, cargo, root, run as finish, wasm_target},
    tools,
};

/// The extent of a test run.
#[derive(Clone, Copy, PartialEq)]
enum Length {
    /// No clusters, no browsers, no tests of `real`, no fuzzing.
    Quick,
    /// The tests before a change is merged.
    Usual,
    /// All tests.
    Long,
}

/// A part of a test run. A run executes each step at most once, even if several jobs have it.
#[derive(Clone, Copy)]
struct Step {
    title: &'static str,
    work: Work,
}

#[derive(Clone, Copy)]
enum Work {
    Call(fn(Length) -> Result<()>),
    /// The tests on real clusters whose names contain this text.
    Cluster(&'static str),
}

const fn step(title: &'static str, work: fn(Length) -> Result<()>) -> Step {
    Step { title, work: Work::Call(work) }
}

const LOCK_FILES: Step = step("lock files", |_| lock_files());
const RUSTFMT: Step = step("rustfmt", |_| rustfmt());
const TOOLS: Step = step("tools", |_| tools::run(&[]));
const SHELLCHECK: Step = step("shellcheck", |_| shellcheck());
const CLIPPY: Step = step("clippy", |_| clippy());
const PAGE_CLIPPY: Step = step("clippy for the page", |_| page_clippy());
const DOCUMENTATION: Step = step("documentation", |_| documentation());
const PAGE: Step = step("page", |_| app::build(false).map(drop));
// The tests start this binary. Building it here keeps the build out of their time limits.
const COMMAND_LINE: Step =
    step("command line", |_| finish(cargo().args(["build", "--workspace", "--bin", "airlock", "--quiet"])));
const TESTS: Step = step("tests", |length| cargo_test(&[], length));
const UNIT_TESTS: Step = step("unit tests", unit_tests);
const REAL_TESTS: Step = step("tests of `real`", |length| cargo_test(&["--test", "real"], length));
const BROWSER_TESTS: Step = step("tests of `browser`", |length| cargo_test(&["--test", "browser"], length));
const FUZZ_TARGETS: Step = step("fuzz targets", |_| fuzz::build().map(drop));
const FUZZING: Step = step("fuzzing", fuzzing);
const CLUSTERS: Step = step("clusters", clusters);
const CLUSTERS_AND_FUZZING: Step = step("clusters, fuzzing beside them", clusters_and_fuzzing);

/// The steps of a run without names. [`TESTS`] runs the test targets of the jobs `unit`, `real` and `browser` with one
/// command, so that a failure in one of them does not hide failures in the others.
const USUAL: [Step; 12] = [
    LOCK_FILES,
    RUSTFMT,
    TOOLS,
    SHELLCHECK,
    CLIPPY,
    PAGE_CLIPPY,
    DOCUMENTATION,
    PAGE,
    COMMAND_LINE,
    TESTS,
    FUZZ_TARGETS,
    CLUSTERS_AND_FUZZING,
];

/// The steps of a run with `--quick`.
const QUICK: [Step; 10] =
    [LOCK_FILES, RUSTFMT, TOOLS, SHELLCHECK, CLIPPY, PAGE_CLIPPY, DOCUMENTATION, PAGE, COMMAND_LINE, UNIT_TESTS];

/// A part of the tests that can be run alone.
struct Job {
    name: &'static str,
    about: &'static str,
    steps: &'static [Step],
}

/// All jobs, in the order in which they run.
const JOBS: [Job; 15] = [
    Job { name: "format", about: "lock files and rustfmt", steps: &[LOCK_FILES, RUSTFMT] },
    Job { name: "lint", about: "ShellCheck and Clippy", steps: &[TOOLS, SHELLCHECK, CLIPPY, PAGE_CLIPPY] },
    Job { name: "docs", about: "rustdoc", steps: &[DOCUMENTATION] },
    Job { name: "page", about: "builds dist/airlock.html", steps: &[PAGE] },
    Job {
        name: "unit",
        about: "unit tests, and the test files other than `real`, `browser` and clusters",
        steps: &[TOOLS, COMMAND_LINE, UNIT_TESTS],
    },
    Job {
        name: "real",
        about: "packages and verdicts against Go, OpenSSL, Java, kubeadm, kubectl, Talos",
        steps: &[TOOLS, COMMAND_LINE, REAL_TESTS],
    },
    Job {
        name: "browser",
        about: "the page in Chromium and Firefox",
        steps: &[TOOLS, PAGE, COMMAND_LINE, BROWSER_TESTS],
    },
    Job { name: "fuzz", about: "fuzzes every parser", steps: &[FUZZ_TARGETS, FUZZING] },
    Job {
        name: "lab",
        about: "the tests on clusters; with --long also kill, continued, secrets, faults",
        steps: &[CLUSTERS],
    },
    lab_test("lab/joins", "three control-plane nodes; workers join in each phase", &[LAB_JOINS]),
    lab_test("lab/kill", "one control-plane node; steps are killed, repeated and rolled back", &[LAB_KILL]),
    lab_test("lab/tenant", "the control plane of a Kamaji tenant", &[LAB_TENANT]),
    lab_test("lab/continued", "a rotation that continues with another package", &[LAB_CONTINUED]),
    lab_test("lab/secrets", "rotations from the Secrets of Cluster API alone", &[LAB_SECRETS]),
    lab_test("lab/faults", "planted faults break the predicted connections", &[LAB_FAULTS]),
];

const fn lab_test(name: &'static str, about: &'static str, steps: &'static [Step]) -> Job {
    Job { name, about, steps }
}

const fn cluster(title: &'static str, filter: &'static str) -> Step {
    Step { title, work: Work::Cluster(filter) }
}

const LAB_JOINS: Step = cluster("lab/joins", "three_control_plane_nodes_rotate");
const LAB_KILL: Step = cluster("lab/kill", "what_is_killed_repeated_or_undone");
const LAB_TENANT: Step = cluster("lab/tenant", "a_tenant_s_control_plane_rotates");
const LAB_CONTINUED: Step = cluster("lab/continued", "a_rotation_that_stopped_half_way");
const LAB_SECRETS: Step = cluster("lab/secrets", "unseen::");
const LAB_FAULTS: Step = cluster("lab/faults", "faults::");

/// Filters for the tests on clusters that only `--long` runs: planted faults, rotations without the nodes' files, one
/// that is continued with another package, and one whose steps are killed, repeated and undone (`lab/kill`). Together
/// they take more than an hour on two processors.
const LONG: [&str; 4] =
    ["faults::", "unseen::", "a_rotation_that_stopped_half_way", "what_is_killed_repeated_or_undone"];

/// The test files of `tests/tests` that the job `unit` runs.
const UNIT_TARGETS: [&str; 10] = [
    "cli",
    "coverage",
    "documents",
    "findings",
    "formats",
    "input",
    "inventory",
    "mutation",
    "properties",
    "structure",
];

/// Installs what the tests need and runs them, all or those of the named jobs; stops at the first step that fails.
///
/// `--quick` leaves out clusters, browsers, the tests of `real` and fuzzing. `--long` adds every fault of the
/// simulation on a real cluster, every refusal of every command of the scripts, more rotations and longer fuzzing. Use
/// it for a release and after changes to any of these.
///
/// # Errors
///
/// If an option or a job is unknown, a tool cannot be built, or a test fails.
pub fn run(options: &[&str]) -> Result<()> {
    if options == ["help"] {
        for Job { name, about, .. } in &JOBS {
            println!("{name:<14} {about}");
        }
        return Ok(());
    }
    let (length, jobs) = parse(options)?;
    components()?;
    let steps: Vec<Step> = match length {
        _ if !jobs.is_empty() => jobs.iter().flat_map(|job| job.steps).copied().collect(),
        Length::Quick => QUICK.to_vec(),
        Length::Usual | Length::Long => USUAL.to_vec(),
    };
    run_steps(&steps, length)
}

/// Parses the options into the length of the run and the named jobs, in the order of [`JOBS`].
fn parse(options: &[&str]) -> Result<(Length, Vec<&'static Job>)> {
    let (mut length, mut names) = (Length::Usual, Vec::new());
    for &option in options {
        match option {
            "--quick" | "--long" => {
                ensure!(length == Length::Usual, "`cargo xtask test` takes --quick or --long, once");
                length = if option == "--quick" { Length::Quick } else { Length::Long };
            }
            name if JOBS.iter().any(|job| job.name == name) => names.push(name),
            other => bail!("`cargo xtask test` has no job or option `{other}`; `cargo xtask test help` lists the jobs"),
        }
    }
    ensure!(names.is_empty() || length != Length::Quick, "--quick selects jobs itself: name no job with it");
    Ok((length, JOBS.iter().filter(|job| names.contains(&job.name)).collect()))
}

/// Runs each step once and prints how long it took.
fn run_steps(steps: &[Step], length: Length) -> Result<()> {
    let started = Instant::now();
    let mut timings: Vec<(&str, Duration)> = Vec::new();
    for Step { title, work } in steps {
        if timings.iter().any(|(done, _)| done == title) {
            continue;
        }
        println!("\n── {title}");
        let begun = Instant::now();
        match work {
            Work::Call(call) => call(length),
            Work::Cluster(filter) => cluster_tests(&[filter]),
        }
        .with_context(|| format!("{title} failed"))?;
        timings.push((title, begun.elapsed()));
    }
    println!("\n── all steps succeeded");
    for (title, duration) in timings {
        println!("{title:>29} {}", seconds(duration));
    }
    println!("{:>29} {}", "together", seconds(started.elapsed()));
    Ok(())
}

fn lock_files() -> Result<()> {
    // The build would also fail, but twenty minutes later.
    let metadata = ["metadata", "--locked", "--quiet", "--format-version", "1"];
    finish(cargo().args(metadata).stdout(Stdio::null()))?;
    finish(cargo().args(metadata).args(["--manifest-path", "tests/fuzz/Cargo.toml"]).stdout(Stdio::null()))
}

fn rustfmt() -> Result<()> {
    finish(cargo().args(["fmt", "--all", "--check"]))?;
    finish(cargo().args(["fmt", "--all", "--check", "--manifest-path", "tests/fuzz/Cargo.toml"]))
}

fn clippy() -> Result<()> {
    finish(cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))
}

fn page_clippy() -> Result<()> {
    wasm_target()?;
    let arguments = ["clippy", "--package", "airlock-app", "--target", WASM, "--quiet", "--", "-D", "warnings"];
    finish(cargo().args(arguments))
}

fn documentation() -> Result<()> {
    finish(cargo().args(["doc", "--workspace", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Runs `cargo test` on the selected targets of the workspace, or on all. Every selection has `--workspace`, so that
/// all of them compile the crates with the same features.
fn cargo_test(targets: &[&str], length: Length) -> Result<()> {
    let mut tests = cargo();
    tests.args(["test", "--workspace", "--no-fail-fast"]).args(targets);
    if length == Length::Long {
        tests.env("AIRLOCK_EVERY_FAULT", "1");
    }
    finish(&mut tests)
}

fn unit_tests(length: Length) -> Result<()> {
    let mut targets = vec!["--lib", "--bins"];
    targets.extend(UNIT_TARGETS.iter().flat_map(|target| ["--test", target]));
    cargo_test(&targets, length)?;
    cargo_test(&["--doc"], length)
}

/// Runs clusters and fuzzing at the same time: clusters mostly wait for leases and Pods, and fuzzing uses the free CPU
/// time.
fn clusters_and_fuzzing(length: Length) -> Result<()> {
    thread::scope(|scope| {
        let fuzzing = scope.spawn(|| fuzzing(length));
        let clusters = clusters(length).context("clusters");
        let fuzzed = fuzzing.join().expect("fuzzing returns its errors");
        clusters.and(fuzzed)
    })
}

fn clusters(length: Length) -> Result<()> {
    match length {
        Length::Long => cluster_tests(&[]),
        _ => cluster_tests(&LONG.iter().flat_map(|test| ["--skip", test]).collect::<Vec<_>>()),
    }
}

/// Runs the tests on real clusters with these arguments of the test program.
fn cluster_tests(arguments: &[&str]) -> Result<()> {
    let test = ["test", "--package", "airlock-tests", "--features", "lab", "--test", "lab_rotation", "--"];
    finish(cargo().args(test).args(arguments))
}

/// Fuzzes with a fixed seed, which makes the test reproducible. `cargo xtask fuzz` searches for new inputs.
fn fuzzing(length: Length) -> Result<()> {
    let minutes = if length == Length::Long { "10" } else { "3" };
    fuzz::run(&["--minutes", minutes, "--seed", "1"])
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{JOBS, LONG, Length, UNIT_TARGETS, Work, parse};
    use crate::setup::root;

    #[test]
    fn each_test_file_belongs_to_one_job() {
        let entries = fs::read_dir(root().join("tests/tests")).expect("the tests can be listed");
        let mut found: Vec<String> = entries
            .map(|entry| entry.expect("an entry can be read").path())
            .filter(|path| path.extension().is_some_and(|end| end == "rs") || path.join("main.rs").is_file())
            .map(|path| path.file_stem().expect("it has a name").to_string_lossy().into_owned())
            .collect();
        let mut known = [&UNIT_TARGETS[..], &["browser", "lab_rotation", "real"]].concat();
        found.sort();
        known.sort_unstable();
        assert_eq!(found, known);
    }

    #[test]
    fn each_filter_of_a_cluster_matches_tests() {
        let read = |path: &str| fs::read_to_string(root().join("tests/tests").join(path)).expect("it can be read");
        let text = read("lab_rotation.rs");
        let filters = JOBS.iter().flat_map(|job| job.steps).filter_map(|step| match step.work {
            Work::Cluster(filter) => Some(filter),
            Work::Call(_) => None,
        });
        for filter in filters.chain(LONG) {
            match filter.strip_suffix("::") {
                Some(module) => assert!(read(&format!("lab/{module}.rs")).contains("#[test]"), "{filter}"),
                None => assert_eq!(text.matches(&format!("fn {filter}")).count(), 1, "{filter}"),
            }
        }
    }

    #[test]
    fn jobs_run_in_their_order_and_unknown_names_are_refused() {
        let (length, jobs) = parse(&["lab/kill", "--long", "unit"]).expect("both are jobs");
        assert!(length == Length::Long);
        assert_eq!(jobs.iter().map(|job| job.name).collect::<Vec<_>>(), ["unit", "lab/kill"]);
        for wrong in [&["units"][..], &["--quick", "unit"], &["--quick", "--long"], &["--fast"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
