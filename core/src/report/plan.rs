//! The report of a plan.

use super::{
    inventory::certificate_report,
    model::{CertificateReport, EditReport, KeyRequestReport, PlanReport, StepReport, SuccessorReport},
};
use crate::{
    mint::Minted,
    plan::{
        Action, AuthorityChange, ClusterAction, KeyHome, NewAuthoritySource, RenewedCertificate, RotationPlan, Step,
    },
};

impl RotationPlan {
    /// Reports the whole plan, before keys are generated.
    #[must_use]
    pub fn report(&self) -> PlanReport {
        let keys = self.key_requests.iter();
        PlanReport {
            package: self.name.clone(),
            intent: self.intent,
            authorities: self
                .authority_changes
                .values()
                .map(|authority_change| successor(self, authority_change))
                .collect(),
            keys: keys
                .map(|request| KeyRequestReport { owner: request.owner.clone(), algorithm: request.algorithm })
                .collect(),
            steps: self.steps.iter().map(step).collect(),
            findings: self.findings.clone(),
            acknowledged: self.acknowledged.clone(),
        }
    }
}

impl Minted {
    /// The new CAs, in the order of [`PlanReport::authorities`], with fingerprints for comparison.
    #[must_use]
    pub fn authorities(&self) -> Vec<CertificateReport> {
        self.authorities.values().map(|minted| certificate_report(minted.certificate(), "")).collect()
    }
}

fn successor(plan: &RotationPlan, authority_change: &AuthorityChange) -> SuccessorReport {
    let (new_subject, key_type, not_before, not_after, brought) = match &authority_change.new {
        NewAuthoritySource::Brought(certificate, _) | NewAuthoritySource::Present(certificate, _) => {
            let key_type = certificate.public_key().key_type().to_string();
            let brought = matches!(authority_change.new, NewAuthoritySource::Brought(..));
            (certificate.subject().to_string(), key_type, certificate.not_before(), certificate.not_after(), brought)
        }
        NewAuthoritySource::Made { name, algorithm, not_before, not_after, .. } => {
            (name.to_string(), algorithm.to_string(), *not_before, *not_after, false)
        }
    };
    let key_home = match authority_change.key_home {
        _ if !authority_change.has_key() => "",
        KeyHome::Nodes if plan.profile.hosted().is_some() => "the tenant's Secrets",
        KeyHome::Nodes => "control-plane nodes",
        KeyHome::Elsewhere => "ca-keys/",
        KeyHome::Machines => "control-plane machines' configurations, and in ca-keys/",
    };
    SuccessorReport {
        id: authority_change.id,
        title: authority_change.title.to_owned(),
        old_subject: authority_change.old.subject().to_string(),
        new_subject,
        key_type,
        not_before,
        not_after,
        brought,
        under_way: matches!(authority_change.new, NewAuthoritySource::Present(..)),
        key_home: key_home.to_owned(),
    }
}

fn step(step: &Step) -> StepReport {
    let mut edits = Vec::new();
    let mut restarts: Vec<String> = Vec::new();
    for action in &step.actions {
        match action {
            // The files of machines that will join: no file of an existing worker changes, and nothing restarts on it.
            Action::Write(_) | Action::TrustInKubeconfig(_) | Action::Restart(_) if step.replaces_workers() => {}
            Action::Write(edit) => edits.push(EditReport {
                target: edit.target.clone(),
                before: edit.before.clone(),
                after: edit.after.clone(),
                output: edit.output.clone(),
            }),
            Action::Remove { target, before } => edits.push(EditReport {
                target: target.clone(),
                before: before.clone(),
                after: "removed".to_owned(),
                output: String::new(),
            }),
            Action::Restart(component) => restarts.push(component.to_string()),
            Action::RestartProcess(process) => restarts.push(process.name().to_owned()),
            other => {
                if let Some(target) = step.in_words(other) {
                    let nothing = String::new;
                    edits.push(EditReport { target, before: nothing(), after: nothing(), output: nothing() });
                }
                edits.extend(renewed(other).into_iter().map(|target| EditReport {
                    target,
                    before: "current certificate".to_owned(),
                    after: "new certificate and key, same CA".to_owned(),
                    output: String::new(),
                }));
            }
        }
    }
    restarts.dedup();
    StepReport {
        id: step.id.clone(),
        phase: step.phase.number(),
        holder: step.place().to_string(),
        title: step.title.clone(),
        edits,
        restarts,
        gate: step.gate.words.clone(),
        commands: crate::render::commands::of_step(step).into(),
    }
}

/// What an action has another program renew: files on a node, or keys of Secrets.
fn renewed(action: &Action) -> Vec<String> {
    match action {
        Action::RenewLeaves(leaves) => leaves.iter().map(|leaf| format!("/etc/kubernetes/{}", leaf.path)).collect(),
        Action::Cluster(ClusterAction::RenewSecrets(secrets)) => {
            let place = |one: &RenewedCertificate| format!("Secret {}/{}, {}", secrets.namespace, one.secret, one.key);
            secrets.certificates.iter().map(place).collect()
        }
        _ => Vec::new(),
    }
}
