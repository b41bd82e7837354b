//! The runbook of a package that renews leaves: no CA changes, and nothing has to be trusted.

use std::fmt::{Result, Write};

use super::{
    choice, hosted,
    step::{sample, step_section},
};
use crate::{
    plan::{Action, ClusterAction, Holder, RenewedSecrets, RotationPlan},
    text::markdown::{cell, line},
};

/// The whole runbook.
pub(super) fn runbook(plan: &RotationPlan) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = introduction(&mut text, plan);
    let _ = writeln!(text, "## Steps\n");
    for step in &plan.steps {
        let _ = step_section(&mut text, plan, step);
    }
    let _ = kept(&mut text, plan);
    let _ = hosted::renewal(&mut text, plan);
    text
}

fn introduction(text: &mut String, plan: &RotationPlan) -> Result {
    writeln!(text, "# Renewal of the leaf certificates of {}\n", line(&plan.cluster))?;
    if let Some(said) = sample(plan.sample) {
        writeln!(text, "**{said}**\n")?;
    }
    writeln!(
        text,
        "Prepared by Airlock on {}. The CAs stay as they are: they issue new certificates, with new private keys, the same names and later dates. Every client and server trusts the new certificates already, so the order between nodes does not matter, and nothing has to be done on workers. Take the steps in order; do not start a step until the check of the previous one passes.\n",
        plan.now
    )?;
    writeln!(
        text,
        "A renewal does not revoke anything: a previous certificate is accepted until its own expiry. Where a private key is stolen, rotate the CA instead (`airlock package --intent rotate`).\n"
    )?;
    let secrets: Vec<_> = plan.steps.iter().flat_map(|step| &step.actions).filter_map(of_secrets).collect();
    if !secrets.is_empty() {
        writeln!(text, "| Secret | certificate | issued by the CA in | expires on |\n|---|---|---|---|")?;
        for certificate in secrets.iter().flat_map(|secrets| &secrets.certificates) {
            writeln!(
                text,
                "| {} | {} | {} | {} |",
                cell(&certificate.secret),
                certificate.key,
                cell(&certificate.authority.0),
                certificate.not_after.date()
            )?;
        }
        writeln!(text)?;
        writeln!(
            text,
            "Each step rolls the control plane out, at most twice: the Deployment starts new Pods before it stops the previous ones. Before you start: `sha256sum -c SHA256SUMS`; unpack the package wherever kubectl reaches the management cluster, with `openssl` installed. Commands run from the package's root.\n"
        )?;
        return Ok(());
    }
    for paragraph in choice::texts_of(plan).before {
        writeln!(text, "{paragraph}\n")?;
    }
    writeln!(
        text,
        "On each node, kube-controller-manager and kube-scheduler restart once, since they read their kubeconfig at their start: another control-plane node leads meanwhile; with one node, nothing is scheduled for some seconds. kube-apiserver and etcd read new certificates without a restart.\n"
    )
}

fn of_secrets(action: &Action) -> Option<&RenewedSecrets> {
    match action {
        Action::Cluster(ClusterAction::RenewSecrets(secrets)) => Some(secrets),
        _ => None,
    }
}

/// What the package leaves as it is.
fn kept(text: &mut String, plan: &RotationPlan) -> Result {
    writeln!(text, "## What is not renewed\n")?;
    for paragraph in [
        "The CAs, and the keys with which service account tokens are signed.",
        "Kubelets' certificates: each kubelet renews its own client certificate, and its serving certificate where it has requested one (`rotateCertificates`, `serverTLSBootstrap`).",
        "Kubeconfigs that people hold, except those of the last steps: issue them again where they expire.",
    ] {
        writeln!(text, "- {paragraph}")?;
    }
    if plan.steps.iter().any(|step| matches!(step.holder, Holder::Node(_) | Holder::ControlPlanes)) {
        writeln!(
            text,
            "- Certificates that another CA issued, such as the API server's for a public name: kubeadm would issue them from the cluster CA. The script stops before it changes such a file."
        )?;
    }
    Ok(())
}
