//! `RUNBOOK.md` and `README.txt`: the plan's steps for the people who carry them out.

use std::fmt::Write;

use super::commands::{self, Commands};
use crate::{
    finding::printable,
    mint::Minted,
    plan::{Action, ClusterAction, Holder, KeyHome, Phase, RotationPlan, Step},
};

/// What else touches a rotation: question, command, and what must come of it.
const CONSUMERS: &[(&str, &str, &str)] = &[
    (
        "CNI plugins that keep a kubeconfig on the host (Calico, Multus)",
        "ls /etc/cni/net.d/*kubeconfig*",
        "each trusts what its phase says",
    ),
    ("kube-proxy and CoreDNS", "kubectl -n kube-system get pods -o wide", "started after kube-root-ca.crt changed"),
    (
        "konnectivity: the server's kubeconfig and the agents",
        "kubectl get pods -A -l k8s-app=konnectivity-agent",
        "agents reconnect",
    ),
    (
        "cert-manager: issuers that hold the cluster CA, cainjector",
        "kubectl get clusterissuers,issuers -A",
        "none signs with the old CA after phase 2",
    ),
    (
        "webhooks, APIServices and CRDs whose caBundle is the cluster CA",
        "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations,apiservices,crds -o yaml | grep -c caBundle",
        "each caBundle accepts what its server presents",
    ),
    ("metrics-server and other extension API servers", "kubectl get apiservices", "Available is True"),
    (
        "--oidc-ca-file and the cloud-controller-manager",
        "grep -r oidc-ca-file /etc/kubernetes/manifests",
        "no file that this package replaces, or known",
    ),
    ("load balancers that check certificates", "your load balancer's own status", "every API server is up"),
    ("Argo CD, Rancher, CI, monitoring, backup tools", "ask their owners", "each has the phase's kubeconfig"),
];

/// What this package is, in a few lines of plain text.
pub(super) fn readme(plan: &RotationPlan) -> String {
    let RotationPlan { cluster, name, now, .. } = plan;
    format!(
        "{name}\n\nA rotation of the certificate authorities of the cluster {cluster}, prepared by Airlock on {now}.\n\n\
         It holds private keys: keep it as you keep /etc/kubernetes/pki, and delete it when the rotation is over.\n\n\
         Check it:     sha256sum -c SHA256SUMS\n\
         Follow:       RUNBOOK.md\n\
         Go back to:   0-backup, the files as they were given\n\
         Machines read manifest.json.\n"
    )
}

/// The whole rotation, step by step, with this cluster's names.
pub(super) fn runbook(plan: &RotationPlan, minted: &Minted) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = introduction(&mut text, plan, minted);
    let begun = |phase: &Phase| plan.steps.iter().any(|step| step.phase == *phase);
    for phase in Phase::ALL.into_iter().filter(begun) {
        let _ = phase_heading(&mut text, phase);
        for step in plan.steps.iter().filter(|step| step.phase == phase) {
            let _ = step_section(&mut text, step);
        }
    }
    let _ = consumers(&mut text);
    let _ = departures(&mut text, plan);
    text
}

fn introduction(text: &mut String, plan: &RotationPlan, minted: &Minted) -> std::fmt::Result {
    writeln!(text, "# Rotation of the CAs of {}\n", plan.cluster)?;
    writeln!(
        text,
        "Prepared by Airlock on {}. Three phases: everyone trusts both CAs, the new one signs, the old one is dropped. Between phases there is time: days, if you like. Within a phase, take the steps in order; a step begins only when the gate of the one before holds.\n",
        plan.now
    )?;
    if plan.has_begun() {
        writeln!(
            text,
            "This rotation was under way when the package was made: it goes on with the same new CA, and holds what was left to do. Use it instead of the package that the rotation began with; a step that looks done is asked once more whether it is.\n"
        )?;
    }
    if !plan.whole {
        writeln!(
            text,
            "The private key of the new CA is not here: this package ends where it is needed. It is not the whole rotation.\n"
        )?;
    }
    if !plan.requests.is_empty() {
        writeln!(
            text,
            "`signing-requests/` holds {} requests, each beside its private key. Have them signed by the new CA where that is kept, with the names and usages that they ask for (with OpenSSL: `openssl x509 -req -in REQUEST -CA CA -CAkey KEY -copy_extensions copyall -days 365`), while phase 1 goes on; then give the nodes' files, this package and the certificates to Airlock again.\n",
            plan.requests.len()
        )?;
    }
    writeln!(text, "| CA | | subject | valid until | join pin |\n|---|---|---|---|---|")?;
    for succession in plan.successions.values() {
        let new = minted.authorities[&succession.id].certificate();
        for (side, certificate) in [("old", &succession.old), ("new", new)] {
            let pin = certificate.public_key().pin();
            writeln!(
                text,
                "| {} | {side} | {} | {} | `{pin}` |",
                succession.title,
                certificate.subject(),
                certificate.not_after()
            )?;
        }
    }
    writeln!(
        text,
        "\nA node that joins in phases 1 and 2 is given the old pin with `--discovery-token-ca-cert-hash`; from step 1-cluster-info on the new one works as well, and from phase 3 on it alone.\n"
    )?;
    if plan.successions.values().any(|succession| succession.key_home == KeyHome::Elsewhere) {
        writeln!(
            text,
            "`ca-keys/` holds the private keys that live on no node. Take them to where the old keys are kept, then delete the folder from every copy of this package.\n"
        )?;
    }
    writeln!(
        text,
        "Before you start: `sha256sum -c SHA256SUMS`; unpack the package as root on each control-plane node, in a folder that only root can read. Commands run from the package's root.\n"
    )?;
    if has_holder(plan, &Holder::ControlPlanes) {
        writeln!(
            text,
            "No control-plane node's files were given. The scripts in `control-plane/` are for each of those nodes, the same one for all: they stop before they change anything where a node's `ca.crt` is not what the phase before left there. In phase 2 a node makes its own certificates with its own `kubeadm certs renew`, as long as kubeadm's configuration says, and needs kubeadm, kubectl and unshare for that.\n"
        )?;
    }
    writeln!(
        text,
        "Each step is a script that you can read. With `--dry-run` it says what it would do, with `--check` whether its gate holds, with `--undo` it goes back. Run twice, it does nothing the second time; cut short, it can be run again. Backups lie in /etc/kubernetes/.airlock and /var/lib/kubelet/.airlock, readable by root alone. Where the kubelet is no systemd service, set AIRLOCK_RESTART_KUBELET.\n"
    )?;
    writeln!(
        text,
        "If the old CA's key was stolen, it stays trusted until phase 3: go through the phases without pause, or accept an outage and go to phase 3 at once.\n"
    )
}

fn phase_heading(text: &mut String, phase: Phase) -> std::fmt::Result {
    let what = match phase {
        Phase::TrustBoth => {
            "Everyone learns to accept both CAs. The old one still signs. Nothing that is presented changes."
        }
        Phase::Switch => "The new CA signs, new certificates are presented, both CAs are accepted.",
        Phase::DropOld => "Only the new CA is accepted. Whoever still presents an old certificate is locked out.",
    };
    writeln!(text, "## Phase {}: {}\n\n{what}\n", phase.number(), phase.title())
}

fn step_section(text: &mut String, step: &Step) -> std::fmt::Result {
    writeln!(text, "### {}: {}\n", step.id, step.title)?;
    let place = match &step.holder {
        Holder::Node(name) => format!("on {name}, as root"),
        Holder::ControlPlanes => {
            "on every control-plane node, as root, one after the other: the next one begins when the gate holds on the one before".to_owned()
        }
        Holder::Workers => "on every worker, as root, in any order, a few at a time".to_owned(),
        Holder::Cluster => "wherever kubectl reaches the cluster".to_owned(),
        Holder::Management => "wherever kubectl reaches the management cluster".to_owned(),
        Holder::Clients => "with the people who hold kubeconfigs".to_owned(),
    };
    writeln!(text, "Where: {place}.\n")?;
    for action in &step.actions {
        if let Some(what) = action.in_words() {
            writeln!(text, "{what}.\n")?;
        }
        if let Action::Do { command, .. } = action
            && !command.is_empty()
        {
            writeln!(text, "```sh\n{command}\n```\n")?;
        }
    }
    let changes: Vec<_> = step.actions.iter().filter_map(change).collect();
    if !changes.is_empty() {
        writeln!(text, "| what | from | to |\n|---|---|---|\n{}\n", changes.join("\n"))?;
    }
    let Commands { run, gate, undo } = commands::of_step(step);
    if !run.is_empty() {
        writeln!(text, "```sh\n{run}\n```\n")?;
    }
    writeln!(text, "It worked when {}.\n", step.gate.words)?;
    if !gate.is_empty() {
        writeln!(text, "```sh\n{gate}\n```\n")?;
    }
    if !run.is_empty() {
        writeln!(text, "Stop if it says `stopped`, or if the gate does not hold: it names what is missing.")?;
        match undo.as_str() {
            "" if step.actions.iter().any(rolls_out) => {
                writeln!(text, "Machines that were made anew cannot be taken back: they know the new CA alone.\n")?;
            }
            "" => writeln!(text, "There is nothing to take back.\n")?,
            undo => writeln!(text, "To go back: `{undo}`\n")?,
        }
    }
    Ok(())
}

fn rolls_out(action: &Action) -> bool {
    matches!(action, Action::Cluster(ClusterAction::RollOut { .. }))
}

fn change(action: &Action) -> Option<String> {
    match action {
        Action::Write(edit) => Some(format!("| {} | {} | {} |", cell(&edit.target), edit.before, edit.after)),
        Action::Remove { target, before } => Some(format!("| {} | {before} | removed |", cell(target))),
        Action::Restart(component) => Some(format!("| {component} | | restarted |")),
        _ => None,
    }
}

/// A stranger's word in a table: nothing in it can end the cell or the code.
fn cell(text: &str) -> String {
    let text: String = printable(text).chars().map(|c| if matches!(c, '|' | '`') { '\u{fffd}' } else { c }).collect();
    format!("`{text}`")
}

fn consumers(text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "## What else touches the rotation\n\nAsk about each before phase 2 and again before phase 3.\n\n| what | how to see it | what must come of it |\n|---|---|---|"
    )?;
    for (what, command, outcome) in CONSUMERS {
        writeln!(text, "| {what} | `{}` | {outcome} |", command.replace('|', "\\|"))?;
    }
    Ok(())
}

/// Where the steps are others than those that people find described.
fn departures(text: &mut String, plan: &RotationPlan) -> std::fmt::Result {
    writeln!(text, "\n## Where this runbook leaves the Kubernetes page, and why\n")?;
    for line in [
        "The page lets the new CA sign before every API server trusts it; here the old CA signs throughout phase 1, since a kubelet that renews in between would be refused.",
        "The page says that `--client-ca-file` of kube-controller-manager cannot be a bundle; it can, and is here.",
        "The page restarts API servers; they take up every file live, so here they are only checked.",
    ] {
        writeln!(text, "- {line}")?;
    }
    if !has_holder(plan, &Holder::Management) {
        return Ok(());
    }
    writeln!(text, "\n## Where it leaves the note on Cluster API that goes around, and why\n")?;
    for line in [
        "The note has the management cluster trust the old certificate until the end; here its kubeconfig holds both CAs before the first API server serves a certificate of the new one, since it would fail from that moment on.",
        "The note changes the CA's Secrets together with the kubeconfig's; here they follow when nobody presents an old certificate any more, since machines could not join in between.",
        "Some put both CAs into the CA's Secret and roll machines out three times; kubeadm and Cluster API take the first of them alone, so a roll-out cannot carry the switch.",
    ] {
        writeln!(text, "- {line}")?;
    }
    Ok(())
}

fn has_holder(plan: &RotationPlan, holder: &Holder) -> bool {
    plan.steps.iter().any(|step| step.holder == *holder)
}
