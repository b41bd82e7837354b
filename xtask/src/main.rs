//! Builds, tests and measures Airlock: `cargo xtask …`.
//!
//! Installs missing tools. Requires only Rust, and for the tests the system's package manager.

use std::{env, process::ExitCode};

use anyhow::{Result, bail};

mod app;
mod bench;
mod fuzz;
mod lab;
mod setup;
mod test;
mod tools;

/// The usage text, printed if the command is missing or unknown.
const USAGE: &str = "\
cargo xtask app [--no-open] [--accept-imports]
    builds dist/airlock.html, the page in one file; prints its path, size and SHA-256,
    and opens it where there is a desktop
      --no-open         builds only
      --accept-imports  replaces frontend/imports.txt, the list of browser functions that the page may call

cargo xtask bench [--only rsa-2048|rsa-4096|ecdsa-p256|trees|page]… [--samples N]
    compares the page and the command line with OpenSSL and kubeadm, measures large clusters, the page's start
    time and its longest tasks;
    prints tables and writes target/bench.json

cargo xtask fuzz [--minutes N] [--seed N] [--only amounts|archives|certificates|texts|trees]
    fuzzes the core with libFuzzer; default: 10 minutes for all targets together;
    failures are in target/fuzz/found

cargo xtask graph
    prints which modules of each crate import which, and the cycles among them

cargo xtask lab up|run|down
    starts a real kubeadm cluster on this machine, without a container engine, and applies packages to it;
    see `cargo xtask lab help`

cargo xtask test [--quick|--long|NAME…]
    installs what the tests need, runs them all and prints how long each step took
      --quick  without clusters, browsers, the tests of `real`, and fuzzing
      --long   also plants every fault on a real cluster, lets every call of a script fail in every way,
               and fuzzes for 10 minutes instead of 3
      NAME     runs only this job: format, lint, docs, page, unit, real, browser, fuzz, lab, lab/kill, …;
               `cargo xtask test help` lists all jobs

cargo xtask tools
    only installs and builds the programs that the tests need: kubeadm, kubectl, Go programs, Chromium, Firefox, OpenSSL";

/// The arguments with which cargo checks the module graph of every crate.
const MODULE_GRAPH: [&str; 12] = [
    "run",
    "--quiet",
    "--package",
    "airlock-tests",
    "--bin",
    "module-graph",
    "--",
    "core/src",
    "cli/src",
    "frontend/src",
    "tests/src",
    "xtask/src",
];

fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.split_first() {
        Some((&"app", options)) => app::run(options),
        Some((&"bench", options)) => bench::run(options),
        Some((&"fuzz", options)) => fuzz::run(options),
        Some((&"graph", [])) => setup::run(setup::cargo().args(MODULE_GRAPH)),
        Some((&"lab", options)) => lab::run(options),
        Some((&"test", options)) => test::run(options),
        Some((&"tools", options)) => tools::run(options),
        Some((&("help" | "--help" | "-h"), _)) => {
            println!("{USAGE}");
            Ok(())
        }
        Some((unknown, _)) => bail!("there is no `{unknown}`\n\n{USAGE}"),
        None => bail!("say what to do\n\n{USAGE}"),
    }
}
