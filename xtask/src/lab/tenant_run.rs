//! Applies a package to the control plane of a Kamaji tenant, and checks the result.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::{
    cluster::kubectl,
    load_clients::LoadClients,
    machines::{ADMIN, Lab},
    package::Package,
    report::Findings,
    runner::{Disturbance, Runner},
    tenant::{self, NAMESPACE, OLD, TENANT},
};

/// Applies a tenant's package while clients connect to the tenant continuously. With `undo`, rolls it back afterwards.
pub fn run(lab: &Lab, path: &Path, quiet: Duration, undo: bool) -> Result<()> {
    let runner = Runner::new(lab, None)?;
    let package = Package::deliver(lab, path)?;
    tenant::take_kubeconfig(lab)?;
    let mut clients = LoadClients::start(lab, &package)?;
    let started = Instant::now();
    let mut findings = Findings::default();
    let before = authority(lab)?;
    let mut whole = apply(lab, &package, &runner, &mut clients, started, &mut findings);
    if whole.is_ok() && undo {
        whole = roll_back(&package, &runner, &mut clients, started);
    }
    match whole {
        Err(error) => findings.problems.push(format!("{error:#}")),
        Ok(()) if undo => {
            let unready =
                tenant::unready(lab)?.into_iter().map(|node| format!("everything undone: {node} is not Ready"));
            findings.problems.extend(unready);
            if authority(lab)? != before {
                findings.problems.push("everything undone: the CA's Secret is not what it was".to_owned());
            }
        }
        Ok(()) => {
            clients.phase(4)?;
            findings.problems.extend(aftermath(lab, quiet)?);
        }
    }
    let report = clients.stop(lab)?;
    findings.problems.extend(report.failures.iter().map(|failure| format!("request: {failure}")));
    if !findings.problems.is_empty() {
        println!("the operator's own words: {}", lab.private(ADMIN, "/var/log/kamaji.log").display());
    }
    findings.conclude(lab, &report, started.elapsed())
}

fn apply(
    lab: &Lab,
    package: &Package,
    runner: &Runner<'_>,
    clients: &mut LoadClients,
    started: Instant,
    findings: &mut Findings,
) -> Result<()> {
    let mut phase = 0;
    for (index, step) in package.steps.iter().enumerate() {
        if step.phase != phase {
            phase = step.phase;
            clients.phase(phase)?;
        }
        let began = Instant::now();
        // Each step runs a second time immediately: it must change nothing and print nothing.
        let outcome = runner.step(step, index, Disturbance { twice: step.holder != "workers", kill: false });
        let seconds = began.elapsed().as_secs_f64();
        let words = outcome.as_ref().map_or_else(|error| format!("FAILED\n{error:#}"), |outcome| outcome.words.clone());
        let now = started.elapsed().as_secs_f64();
        println!("{now:7.1} s  {:<16} {:<10} {} ({seconds:.1} s): {words}", step.id, step.holder, step.title);
        findings.steps.push(json!({ "id": step.id, "seconds": seconds, "outcome": words, "kills": [] }));
        if let Err(error) = outcome {
            bail!("step {}: {error:#}", step.id);
        }
        let resumed = package.steps[..=index].iter().any(|step| step.id == "3-resume");
        let wrong = check_management(lab, &step.id, resumed)?;
        findings.problems.extend(wrong.into_iter().map(|wrong| format!("after {}: {wrong}", step.id)));
    }
    Ok(())
}

/// Rolls back every step, in reverse order.
fn roll_back(package: &Package, runner: &Runner<'_>, clients: &mut LoadClients, started: Instant) -> Result<()> {
    let mut phase = 4;
    for (index, step) in package.steps.iter().enumerate().rev() {
        if step.phase != phase {
            phase = step.phase;
            clients.phase(phase)?;
        }
        if runner.undo(step, index, false).with_context(|| format!("undo of {}", step.id))?.is_some() {
            println!("{:7.1} s  {:<16} undone", started.elapsed().as_secs_f64(), step.id);
        }
    }
    clients.phase(0)
}

/// The data of the Secret with the CA.
fn authority(lab: &Lab) -> Result<String> {
    kubectl(lab, &format!("-n {NAMESPACE} get secret {TENANT}-ca -o 'jsonpath={{.data}}'"))
}

/// Checks the management cluster after a step and returns the problems. The operator is paused until it is `resumed`.
fn check_management(lab: &Lab, step: &str, resumed: bool) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    if step.ends_with("-control-plane") || step == "3-resume" {
        let image = "-o 'jsonpath={.metadata.annotations}'";
        let annotations =
            kubectl(lab, &format!("-n {NAMESPACE} get tenantcontrolplanes.kamaji.clastix.io {TENANT} {image}"))?;
        let paused = annotations.contains("kamaji.clastix.io/paused");
        if paused == resumed {
            wrong.push(format!("the operator is {}paused", if paused { "" } else { "not " }));
        }
    }
    Ok(wrong)
}

/// Checks that the operator is idle, the node stays Ready, and old credentials are rejected. Returns the problems.
fn aftermath(lab: &Lab, quiet: Duration) -> Result<Vec<String>> {
    let generation =
        || kubectl(lab, &format!("-n {NAMESPACE} get deployment {TENANT} -o 'jsonpath={{.metadata.generation}}'"));
    let before = generation()?;
    let words = fs::read_to_string(lab.private(ADMIN, "/var/log/kamaji.log")).unwrap_or_default().lines().count();
    std::thread::sleep(quiet);
    let mut wrong = Vec::new();
    if generation()? != before {
        wrong.push("the Deployment is still being rolled out".to_owned());
    }
    let later = fs::read_to_string(lab.private(ADMIN, "/var/log/kamaji.log")).unwrap_or_default().lines().count();
    if later != words {
        wrong.push("the operator does not come to rest".to_owned());
    }
    tenant::take_kubeconfig(lab)?;
    wrong.extend(tenant::unready(lab)?.into_iter().map(|node| format!("{node} is not Ready")));
    let insecure = format!("kubectl --kubeconfig {OLD} --insecure-skip-tls-verify --request-timeout=10s get nodes");
    if lab.shell(ADMIN, &insecure).is_ok() {
        wrong.push("the old administrator's credential is still accepted".to_owned());
    }
    for (what, command) in [
        ("kube-root-ca.crt", "-n lab get configmap kube-root-ca.crt -o 'jsonpath={.data.ca\\.crt}'"),
        (
            "extension-apiserver-authentication",
            "-n kube-system get configmap extension-apiserver-authentication -o 'jsonpath={.data.client-ca-file}'",
        ),
    ] {
        let held = tenant::kubectl_on_tenant(lab, command)?.matches("BEGIN CERTIFICATE").count();
        if held != 1 {
            wrong.push(format!("{what} holds {held} CAs"));
        }
    }
    let args = kubectl(
        lab,
        &format!(
            "-n {NAMESPACE} get tenantcontrolplanes.kamaji.clastix.io {TENANT} -o 'jsonpath={{.spec.controlPlane.deployment.extraArgs.controllerManager}}'"
        ),
    )?;
    if args != r#"["--profiling=false"]"# {
        wrong.push(format!("the tenant's own arguments have become {args}"));
    }

    tenant::write_input(lab)?;
    Ok(wrong)
}
