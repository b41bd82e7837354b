//! Workers that join while a package is carried out: a real `kubeadm join`, with a bootstrap token and a pin.

use anyhow::{Context, Result};

use super::{ADMIN, Lab, aftermath::OldCredentials, cluster, package::Step};

/// The CA whose pin a machine was given.
#[derive(Clone, Copy)]
enum Pin {
    Old,
    New,
}

/// After which step a machine joins, and with which pin.
const JOINS: [(After, Pin); 5] = [
    // Too late for the workers' step of the phase: what it trusts, it was told by cluster-info.
    (After::Workers(1), Pin::Old),
    // Some API servers serve the old CA's certificate, some the new one's; either CA may sign the kubelet's.
    (After::FirstNode(2), Pin::Old),
    (After::Workers(2), Pin::New),
    // Every API server trusts the new CA alone, and cluster-info names no other.
    (After::Published(3), Pin::New),
    (After::Workers(3), Pin::New),
];

enum After {
    /// The workers' step of a phase, which cluster-info's comes before.
    Workers(u64),
    /// The gate after all control-plane nodes of a phase.
    Published(u64),
    /// The first control-plane node's step of a phase.
    FirstNode(u64),
}

/// Machines that have yet to join.
pub struct Joining {
    spares: Vec<String>,
    joins: Vec<(String, Pin)>,
}

impl Joining {
    /// As many machines as the lab has to spare, at the first of the moments that there are.
    pub fn planned(lab: &Lab, steps: &[Step]) -> Result<Self> {
        let spares = lab.machines(cluster::SPARE)?;
        let node = |step: &Step| !matches!(step.holder.as_str(), "clients" | "cluster" | "management" | "workers");
        let mut joins = Vec::new();
        for (after, pin) in &JOINS[..spares.len().min(JOINS.len())] {
            let found = match after {
                After::Workers(phase) => steps.iter().find(|step| step.phase == *phase && step.holder == "workers"),
                After::Published(phase) => steps.iter().find(|step| step.id == format!("{phase}-published")),
                After::FirstNode(phase) => steps.iter().find(|step| step.phase == *phase && node(step)),
            };
            joins.push((found.context("a machine cannot join: the package lacks a step")?.id.clone(), *pin));
        }
        Ok(Self { spares, joins })
    }

    /// Joins whoever joins after this step, and waits until it is Ready; says so in words.
    pub fn after(&mut self, lab: &Lab, step: &Step, old: &mut OldCredentials) -> Result<Vec<String>> {
        let mut words = Vec::new();
        while self.joins.first().is_some_and(|(id, _)| *id == step.id) {
            let (_, pin) = self.joins.remove(0);
            let spare = self.spares.remove(0);
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
            cluster::join_spare(lab, &spare, &format!("sha256:{pin}"))
                .with_context(|| format!("{spare} cannot join after {}", step.id))?;
            if step.phase == 1 {
                old.keep_kubelet(lab, &spare)?;
            }
            words.push(format!("{spare} joined with the pin of the {name} CA and is Ready"));
        }
        Ok(words)
    }
}
