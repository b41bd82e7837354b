//! `manifest.json`: the package for machines. Nothing in it is secret.

use std::collections::BTreeMap;

use serde::Serialize;

use super::output::OutputFiles;
use crate::{
    formats::{kubeconfig, object, package_manifest::FORMAT, pem},
    inventory::SampleShare,
    mint::Minted,
    plan::{Acknowledged, RotationPlan},
    profile::AuthorityId,
    render::commands,
    report::{CertificateReport, certificate_report},
    simulate::{Edge, Outcome, TrustMatrix, VerifierSummary},
    time::UnixTime,
    x509::{Certificate, Rules},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    format: &'static str,
    cluster: &'a str,
    /// Was it made from a sample to practise on, or with one among the files? Then it fits no cluster.
    sample: bool,
    platform: &'static str,
    /// `rotate` or `renew-leaves`.
    intent: &'static str,
    created: String,
    authorities: Vec<AuthorityEntry<'a>>,
    steps: Vec<StepEntry<'a>>,
    /// What each rule set makes of all edges; `others` below are their ids.
    verifiers: Vec<VerifierEntry>,
    edges: Vec<EdgeEntry<'a>>,
    /// Dependencies on a rotated CA that the package does not handle, each acknowledged.
    acknowledged: &'a [Acknowledged],
    files: Vec<FileEntry<'a>>,
    certificates: Vec<CertificateEntry>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthorityEntry<'a> {
    id: AuthorityId,
    title: &'a str,
    old_pin: String,
    new_pin: String,
    old: CertificateReport,
    new: CertificateReport,
}

#[derive(Serialize)]
struct StepEntry<'a> {
    id: &'a str,
    phase: u8,
    holder: String,
    title: &'a str,
    #[serde(flatten)]
    commands: commands::Commands,
}

#[derive(Serialize)]
struct VerifierEntry {
    id: Rules,
    title: String,
    result: String,
}

/// An edge: what was predicted of it, today and at every step.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EdgeEntry<'a> {
    id: &'a str,
    client: &'a str,
    server: &'a str,
    /// `accepted`, or `refused` once the last step is done.
    expected: &'static str,
    verdict: Outcome,
    /// The rule sets by which the worst outcome is not the same.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    others: BTreeMap<Rules, Outcome>,
    /// Where it changes: the step from which on the verdict is another, `today` first.
    verdicts: Vec<VerdictEntry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerdictEntry<'a> {
    from: &'a str,
    verdict: Outcome,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    others: BTreeMap<Rules, Outcome>,
    states: usize,
}

#[derive(Serialize)]
struct FileEntry<'a> {
    path: &'a str,
    sha256: String,
    mode: String,
    size: usize,
    phase: u8,
    holder: &'a str,
    purpose: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateEntry {
    #[serde(flatten)]
    certificate: CertificateReport,
    /// The files of the package that hold it.
    paths: Vec<String>,
}

/// The manifest of a package whose other files are `output`.
pub(super) fn manifest(plan: &RotationPlan, minted: &Minted, output: &OutputFiles) -> String {
    let authorities = plan.authority_changes.values().map(|authority_change| {
        let new = minted.authorities[&authority_change.id].certificate();
        AuthorityEntry {
            id: authority_change.id,
            title: authority_change.title,
            old_pin: authority_change.old.public_key().pin(),
            new_pin: new.public_key().pin(),
            old: certificate_report(&authority_change.old, ""),
            new: certificate_report(new, &new.subject().to_string()),
        }
    });
    let steps = plan.steps.iter().map(|step| StepEntry {
        id: &step.id,
        phase: step.phase.number(),
        holder: step.place().to_string(),
        title: &step.title,
        commands: commands::of_step(step),
    });
    let files = output.files().map(|file| FileEntry {
        path: &file.path,
        sha256: file.sha256(),
        mode: format!("{:04o}", file.mode),
        size: file.bytes.len(),
        phase: file.phase,
        holder: &file.holder,
        purpose: &file.purpose,
    });
    let manifest = Manifest {
        format: FORMAT,
        cluster: &plan.cluster,
        sample: plan.sample != SampleShare::None,
        platform: plan.profile.id,
        intent: plan.intent.as_str(),
        created: UnixTime::to_string(&plan.now),
        authorities: authorities.collect(),
        steps: steps.collect(),
        verifiers: output.matrix().verifiers().iter().map(verifier_entry).collect(),
        edges: output.matrix().edges.iter().map(|edge| edge_entry(output.matrix(), edge)).collect(),
        acknowledged: &plan.acknowledged,
        files: files.collect(),
        certificates: certificates(output),
    };
    let mut text = serde_json::to_string_pretty(&manifest).expect("Invariant: every field is text or a number");
    text.push('\n');
    text
}

fn verifier_entry(summary: &VerifierSummary) -> VerifierEntry {
    VerifierEntry { id: summary.rules, title: summary.rules.to_string(), result: summary.result() }
}

fn edge_entry<'a>(matrix: &'a TrustMatrix, edge: &'a Edge) -> EdgeEntry<'a> {
    let verdicts = edge.spans.iter().map(|span| VerdictEntry {
        from: &matrix.columns[span.from].id,
        verdict: span.verdict.outcome,
        others: others(span.verdict.outcome, |rules| span.verdict.by(rules)),
        states: span.verdict.states,
    });
    EdgeEntry {
        id: &edge.id,
        client: &edge.client,
        server: &edge.server,
        expected: if edge.refused { "refused" } else { "accepted" },
        verdict: edge.worst(),
        others: others(edge.worst(), |rules| edge.worst_by(rules)),
        verdicts: verdicts.collect(),
    }
}

/// The rule sets by which the outcome is not Go's.
fn others(by_go: Outcome, by: impl Fn(Rules) -> Outcome) -> BTreeMap<Rules, Outcome> {
    Rules::REPORTED.into_iter().map(|rules| (rules, by(rules))).filter(|(_, outcome)| *outcome != by_go).collect()
}

/// Every certificate in the package, with the files that hold it.
fn certificates(output: &OutputFiles) -> Vec<CertificateEntry> {
    let mut paths: BTreeMap<Certificate, Vec<String>> = BTreeMap::new();
    for file in output.files() {
        for certificate in certificates_in(&file.bytes) {
            let paths = paths.entry(certificate).or_default();
            if paths.last() != Some(&file.path) {
                paths.push(file.path.clone());
            }
        }
    }
    let entries = paths
        .into_iter()
        .map(|(certificate, paths)| CertificateEntry { certificate: certificate_report(&certificate, ""), paths });
    entries.collect()
}

/// The certificates in a PEM file, a kubeconfig, or an object that holds either.
fn certificates_in(bytes: &[u8]) -> Vec<Certificate> {
    let in_pem = |bytes: &[u8]| -> Vec<Certificate> {
        let blocks = pem::blocks(bytes).blocks;
        blocks
            .iter()
            .filter(|block| block.label == "CERTIFICATE")
            .filter_map(|block| Certificate::from_der(&block.der).ok())
            .collect()
    };
    let in_kubeconfig = |bytes: &[u8]| -> Option<Vec<Certificate>> {
        let model = kubeconfig::parse(bytes).ok()?;
        let trust = model.clusters.iter().filter_map(|cluster| cluster.certificate_authority.embedded());
        let credentials = model.users.iter().filter_map(|user| user.client_certificate.embedded());
        Some(trust.chain(credentials).flat_map(in_pem).collect())
    };
    let either = |bytes: &[u8]| in_kubeconfig(bytes).unwrap_or_else(|| in_pem(bytes));
    if pem::is_pem(bytes) {
        return in_pem(bytes);
    }
    if let Some(certificates) = in_kubeconfig(bytes) {
        return certificates;
    }
    let objects = object::objects(bytes).unwrap_or_default();
    let values = objects.iter().flat_map(|object| match object.kind.as_str() {
        "Secret" => object.secret_data().into_values().flat_map(|bytes| either(&bytes)).collect::<Vec<_>>(),
        _ => object.config_data().into_values().flat_map(|text| either(text.as_bytes())).collect(),
    });
    values.collect()
}
