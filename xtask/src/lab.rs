//! `cargo xtask lab`: runs a real kubeadm cluster on this machine and applies packages to it.
//!
//! Needs no container engine: a node is a set of Linux namespaces with a real kubelet, and its static Pods run as
//! processes of that node (`tests/go/lab`). The lab's network has no route out of this machine.

use anyhow::{Result, bail};

use self::{
    arguments::{Arguments, USAGE},
    machines::Lab,
};

mod aftermath;
mod apply;
mod arguments;
mod cluster;
mod consumers;
mod faults;
mod handshakes;
mod joining;
mod kill;
mod load_clients;
mod machines;
mod management;
mod package;
mod plan;
mod programs;
mod report;
mod roll_out;
mod runner;
mod snapshot;
mod tenant;
mod tenant_run;
mod up;

/// Starts the lab, runs a command on it, or stops it.
///
/// # Errors
///
/// If the arguments are invalid, or the command fails.
pub fn run(arguments: &[&str]) -> Result<()> {
    let Some((&verb, arguments)) = arguments.split_first() else { bail!("say what to do\n\n{USAGE}") };
    let arguments = Arguments::parse(arguments)?;
    if matches!(verb, "help" | "--help" | "-h") {
        println!("{USAGE}");
        return Ok(());
    }
    let lab = Lab { directory: arguments.directory()? };
    match verb {
        "up" => up::up(&lab, &arguments),
        "run" => apply::run(&lab, &arguments),
        "faults" => faults::run(&lab, &arguments),
        "down" => lab.down(),
        other => bail!("`cargo xtask lab` has no `{other}`\n\n{USAGE}"),
    }
}
