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
      --accept-imports  writes frontend/imports.txt anew: what the page may ask of the browser

cargo xtask bench [--only rsa-2048|rsa-4096|ecdsa-p256|trees|page]… [--samples N]
    measures the page and the command line against OpenSSL and kubeadm, large clusters, and how soon the page
    is ready and how long it ever stands still;
    prints tables and writes target/bench.json

cargo xtask fuzz [--minutes N] [--seed N] [--only amounts|archives|certificates|texts|trees]
    hands the core what libFuzzer makes up, 10 minutes for all targets together unless told otherwise;
    what it finds lies in target/fuzz/found

cargo xtask graph
    prints which modules of each crate import which, and the circles among them

cargo xtask lab up|run|down
    a real kubeadm cluster on this machine, without a container engine, and packages carried out on it;
    `cargo xtask lab help` says more

cargo xtask test [--quick|--long]
    installs what the tests need, runs them all and prints how long each part took
      --quick  carries no package out on a cluster, and does not fuzz
      --long   also plants every fault on a real cluster, lets every call of a script fail in every way,
               and fuzzes for 10 minutes instead of 3

cargo xtask tools
    only installs and builds what the tests need: kubeadm, kubectl, an oracle in Go, Chromium, Firefox, OpenSSL";

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
