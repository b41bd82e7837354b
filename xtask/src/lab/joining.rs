//! Joins workers during a rotation: a real `kubeadm join` with a bootstrap token and a public key pin.

use anyhow::{Context, Result};

use super::{
    aftermath::OldCredentials,
    cluster,
    machines::{ADMIN, Lab},
    package::Step,
};

/// The CA whose public key pin a joining machine has.
#[derive(Clone, Copy)]
enum Pin {
    Old,
    New,
}

/// The step after which each machine joins, and its pin.
const JOINS: [(After, Pin); 5] = [
    // The node joins after the phase's step for workers. It takes its trusted CAs from cluster-info.
    (After::Workers(1), Pin::Old),
    // Some API servers present a certificate of the old CA, others of the new CA; either CA may issue the kubelet's
    // certificate.
    (After::FirstNode(2), Pin::Old),
    (After::Workers(2), Pin::New),
    // Every API server trusts only the new CA, and cluster-info contains only the new CA.
    (After::Published(3), Pin::New),
    (After::Workers(3), Pin::New),
];

enum After {
    /// The workers' step of a phase. The step for cluster-info precedes it.
    Workers(u64),
    /// The check after all control-plane nodes of a phase.
    Published(u64),
    /// The first control-plane node's step of a phase.
    FirstNode(u64),
}

/// The machines that have not joined yet.
pub struct Joining {
    joining_workers: Vec<String>,
    joins: Vec<(String, Pin)>,
}

impl Joining {
    /// Assigns the joining workers to the first of the [`JOINS`]; returns an error if the package lacks their steps.
    pub fn planned(lab: &Lab, steps: &[Step]) -> Result<Self> {
        let joining_workers = lab.machines(cluster::JOINING)?;
        let node = |step: &Step| !matches!(step.holder.as_str(), "clients" | "cluster" | "management" | "workers");
        let mut joins = Vec::new();
        for (after, pin) in &JOINS[..joining_workers.len().min(JOINS.len())] {
            let found = match after {
                After::Workers(phase) => steps.iter().find(|step| step.phase == *phase && step.holder == "workers"),
                After::Published(phase) => steps.iter().find(|step| step.id == format!("{phase}-published")),
                After::FirstNode(phase) => steps.iter().find(|step| step.phase == *phase && node(step)),
            };
            joins.push((found.context("a machine cannot join: the package lacks a step")?.id.clone(), *pin));
        }
        Ok(Self { joining_workers, joins })
    }

    /// Joins the machines that are due after this step and waits until they are Ready. Returns what it did, as text.
    pub fn after(&mut self, lab: &Lab, step: &Step, old: &mut OldCredentials) -> Result<Vec<String>> {
        let mut words = Vec::new();
        while self.joins.first().is_some_and(|(id, _)| *id == step.id) {
            let (_, pin) = self.joins.remove(0);
            let machine = self.joining_workers.remove(0);
            let (name, path) = match pin {
                Pin::Old => ("old", "/root/old/ca.crt"),
                Pin::New => ("new", "/root/package/3-drop-old/workers/ca.crt"),
            };
            let pin = lab.shell(
                ADMIN,
                &format!(
                    "openssl x509 -in {path} -noout -pubkey | openssl pkey -pubin -outform der | sha256sum | cut -d' ' -f1"
                ),
            )?;
            cluster::join_worker(lab, &machine, &format!("sha256:{pin}"))
                .with_context(|| format!("{machine} cannot join after {}", step.id))?;
            if step.phase == 1 {
                old.keep_kubelet(lab, &machine)?;
            }
            words.push(format!("{machine} joined with the pin of the {name} CA and is Ready"));
        }
        Ok(words)
    }
}
