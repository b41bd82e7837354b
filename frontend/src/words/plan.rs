//! Plan: options, steps, restarts.

use airlock_core::{
    plan::request::{Intent, KubeletCertificates},
    report::{InventoryReport, PlanReport, StepCommands, SuccessorReport},
    x509::KeyAlgorithm,
};

use super::{
    platform, renewal,
    text::{count, few_holders, key_algorithm, range},
};
use crate::state::{
    form::{AuthorityForm, AuthorityProgress, BroughtPart, PlanForm, Problem},
    platform::PhaseNames,
    timetable::{Change, Step, Where},
};

/// The sentence below the heading.
pub const PLAN_SENTENCE: &str =
    "The plan updates as you change options. Nothing is generated until you build the package.";
/// The heading of the options.
pub const OPTIONS: &str = "Options";
/// The button that resets the options.
pub const RESET: &str = "Reset";
/// The button that downloads the options.
pub const SAVE_CHOICES: &str = "Save choices";
/// The hint of that button.
pub const SAVE_CHOICES_HINT: &str = "Downloads airlock-choices.json: the options, without keys and certificates. Add it like any other file to restore them.";
/// The choice of a new CA.
pub const NEW_CA: &str = "New CA";
/// Generates a CA.
pub const GENERATE: &str = "Generate a CA";
/// Imports a CA.
pub const IMPORT: &str = "Import a CA";
/// The name of a new CA.
pub const COMMON_NAME: &str = "Common name";
/// The key of a new CA.
pub const KEY_TYPE: &str = "Key type";
/// The text without a choice.
pub const NO_FILE: &str = "none";
/// Validity.
pub const VALIDITY: &str = "Validity";
/// The validity of new CAs.
pub const CA_DAYS: &str = "CAs, in days";
/// The validity of new certificates.
pub const LEAF_DAYS: &str = "Certificates, in days";
/// Keys of certificates.
pub const KEYS_OPTION: &str = "Certificate keys";
/// The choice to keep keys.
pub const KEEP_KEYS: &str = "Keep the existing keys";
/// What keeping keys means.
pub const KEEP_KEYS_HINT: &str = "Certificates are re-signed for the keys that were loaded. A leaked key stays in use.";
/// Certificates of kubelets.
pub const KUBELETS_OPTION: &str = "Kubelet certificates";
/// The option for external CAs.
pub const EXTERNAL_OPTION: &str = "CA key location";
/// The choice for external CAs.
pub const EXTERNAL_CA: &str = "Keep the CA keys elsewhere (external CA)";
/// The hint of that choice.
pub const EXTERNAL_CA_HINT: &str = "You get a phase-1 package plus CSRs. Have your CA sign them, then reload the nodes' current files, this package and the certificates to build phases 2-3.";
/// The text for an external CA.
pub const BRING_CERTIFICATE: &str = "Certificate of the new CA. Its private key is optional.";

/// The label of the choice.
pub const START_OVER: &str = "Rotation in progress";
/// Continues.
pub const GO_ON: &str = "Continue with the same new CA";
/// Starts again.
pub const START_OVER_CHOICE: &str = "Start over: discard this new CA and generate another one";
/// What that means.
pub const START_OVER_HINT: &str =
    "Phase 1 is repeated everywhere: a third CA replaces the second one, which is no longer trusted.";

/// The label of the checkbox.
pub fn confirm_start_over(under_way: &[String]) -> String {
    format!("Discard {} and generate a third CA.", under_way.join(" and "))
}

/// The progress of a CA in a rotation; empty if it has not started.
pub fn authority_progress(progress: &AuthorityProgress) -> String {
    match progress {
        AuthorityProgress::NotStarted => String::new(),
        AuthorityProgress::InProgress(subject, key) => format!(
            "This rotation has started with {subject}; its private key is {}.",
            if *key { "loaded" } else { "not loaded" }
        ),
        AuthorityProgress::NotIncluded => "Not part of the rotation in progress. Rotate it afterwards.".to_owned(),
    }
}

/// The heading.
pub fn plan_title(inventory: &InventoryReport, intent: Intent) -> String {
    let cluster = super::text::cluster(inventory);
    match intent {
        Intent::RenewLeaves => format!("Plan the certificate renewal of {cluster}"),
        _ => format!("Plan the rotation of {cluster}"),
    }
}

/// The checkbox that rotates a CA.
pub fn rotate(title: &str) -> String {
    format!("Rotate the {title}")
}

/// The choice to keep the key type.
pub fn same_key(algorithm: KeyAlgorithm) -> String {
    format!("Same as current ({})", key_algorithm(algorithm))
}

/// A CA's options in a line.
pub fn authority_summary(form: &AuthorityForm, external: bool, progress: &AuthorityProgress) -> String {
    let name = form.name.as_deref().unwrap_or(&form.proposed_name);
    let key = form.key_algorithm.or(form.same_key).map(key_algorithm).unwrap_or_default();
    match progress {
        _ if !form.rotate => "Not rotated".to_owned(),
        AuthorityProgress::InProgress(subject, _) => format!("Continue with {subject}"),
        AuthorityProgress::NotIncluded => "Not part of this rotation".to_owned(),
        AuthorityProgress::NotStarted if external => "Key kept elsewhere".to_owned(),
        AuthorityProgress::NotStarted if form.brought => "Import".to_owned(),
        AuthorityProgress::NotStarted => format!("Generate {name}, {key}"),
    }
}

/// Validity in a line.
pub fn validity_summary(form: &PlanForm) -> String {
    format!("CAs {} days, certificates {} days", form.ca_days, form.leaf_days)
}

/// Certificate keys in a line.
pub fn keys_summary(keep: bool) -> &'static str {
    if keep { "Keep the existing keys" } else { "Generate new keys" }
}

/// The place of CA keys in a line.
pub fn external_summary(external: bool) -> &'static str {
    if external { "External CA" } else { "In the package" }
}

/// How kubelets get certificates: id of the choice, and label.
pub fn kubelet_certificates(how: KubeletCertificates) -> (&'static str, &'static str) {
    match how {
        KubeletCertificates::Renew => ("kubelets-renew", "Kubelets renew their own"),
        KubeletCertificates::Mint => ("kubelets-mint", "Generate here"),
    }
}

/// What is wrong with a field.
pub fn problem(problem: &Problem) -> String {
    match problem {
        Problem::NoAuthority => "Select at least one CA to rotate.".to_owned(),
        Problem::NoFile(title, BroughtPart::Certificate) => format!("{title}: choose the file with the certificate."),
        Problem::NoFile(title, BroughtPart::Key) => format!("{title}: choose the file with the private key."),
        Problem::NoName(title) => format!("{title}: enter a common name for the new CA."),
        Problem::NotADay(reason) => format!("The platform's tool rejects this date: {reason}."),
        Problem::NotAStrategy(reason) => super::text::sentence(reason),
        Problem::NotASubject(reason) => format!("The platform's tool rejects this subject: {reason}."),
        Problem::NotDays => "Enter a whole number of days, 1 or more.".to_owned(),
        Problem::StartOverNotConfirmed => "Confirm that the new CA is discarded, or continue with it.".to_owned(),
    }
}

/// The label of the field that picks a file.
pub fn pick_brought(part: BroughtPart) -> &'static str {
    match part {
        BroughtPart::Certificate => "File with the certificate",
        BroughtPart::Key => "File with the private key",
    }
}

/// The label of the list of loaded files.
pub fn select_brought(part: BroughtPart) -> &'static str {
    match part {
        BroughtPart::Certificate => "Or a loaded certificate",
        BroughtPart::Key => "Or a loaded private key",
    }
}

/// The path of a file of an imported CA, which no node's file has.
pub fn brought_path(title: &str, part: BroughtPart, file: &str) -> String {
    format!("new {title}, {}: {}", part.id(), file.rsplit('/').next().unwrap_or(file))
}

/// The card of the steps.
pub const STEPS: &str = "Steps";
/// The text beside the heading.
pub const FOLDED: &str = "Identical nodes are folded";
/// Opens all rows.
pub const EXPAND_ALL: &str = "Expand all";
/// Closes them.
pub const COLLAPSE_ALL: &str = "Collapse all";
/// The columns.
pub const STEP_TABLE: [&str; 7] = ["#", "Step", "Where", "Files", "Restarts", "Done when", "Undo"];
/// The columns of a step's files.
pub const FILE_TABLE: [&str; 3] = ["File or object", "Now", "After this step"];
/// A file that is created.
pub const NEW_FILE: &str = "(new file)";
/// A file that is removed.
pub const REMOVED: &str = "(removed)";
/// No value.
pub const NOTHING: &str = "–";
/// A pause after a phase.
pub const CAN_PAUSE: &str = "Can pause here for days";
/// Nodes that are changed one after the other.
pub const ONE_AT_A_TIME: &str = "one at a time";
/// Nodes in any order.
pub const ANY_ORDER: &str = "any order";
/// A step that no command of the package carries out.
pub const NO_COMMAND: &str = "People carry this step out. RUNBOOK.md of the package says how.";
/// Whether a step can be rolled back.
pub const CAN_UNDO: &str = "Yes";
/// The heading of the restarts.
pub const RESTARTS: &str = "Restarts per node";
/// Details.
pub const RESTARTS_HINT: &str =
    "Control-plane components restart on one node at a time. Running containers are not affected by a kubelet restart.";
/// The columns.
pub const RESTART_TABLE: [&str; 3] = ["Component", "Each control-plane node", "Each worker"];
/// While there is no plan yet.
pub const PLANNING: &str = "Planning …";
/// The state before a plan is possible.
pub const INCOMPLETE: &str = "Complete the options to see the plan";
/// The button that plans again.
pub const PREVIEW_PLAN: &str = "Preview plan";
/// The heading of the reasons why there is no plan.
pub const REFUSED: &str = "No plan is possible";
/// What to do.
pub const REFUSED_HINT: &str = "Resolve these findings, or change the options. The plan updates immediately.";
/// The checkbox that acknowledges what the package does not handle.
pub const ACKNOWLEDGE: &str = "Acknowledge: I will update this myself";
/// The button that builds.
pub const BUILD: &str = "Build package";
/// The button that builds again.
pub const BUILD_AGAIN: &str = "Build again";
/// The heading of the new keys.
pub const NEW_KEYS: &str = "New keys";
/// The columns of the table of CAs.
pub const SUCCESSOR_TABLE: [&str; 4] = ["CA", "Current", "New", "Private key of the new CA"];
/// A value in that table.
pub const NOT_ROTATED: &str = "Not rotated";
/// Findings about the plan.
pub const PLAN_FINDINGS: &str = "Before you start";
/// What the build checks.
pub const BUILD_CHECKS: &str =
    "The build verifies every connection at every step. If a connection would break, no package is built.";

/// Titles of the strip's facts.
pub const PLAN_STRIP: [&str; 5] = ["Steps", "Component restarts", "Pod restarts", "File changes", "New keys"];

/// The number of phases.
pub fn phases(phases: usize) -> String {
    count(phases, "phase")
}

/// Steps in which pods restart.
pub fn pod_steps(steps: &[usize]) -> String {
    match steps {
        [] => "none".to_owned(),
        [one] => format!("rolling, in step {one}"),
        many => format!("rolling, in steps {}", many.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// New keys by kind.
pub fn key_kinds(cas: usize, others: usize) -> String {
    format!("{}, {}", count(cas, "CA"), count(others, "certificate"))
}

/// Where files change.
pub fn on_nodes(control_planes: usize, workers: bool) -> String {
    match (control_planes, workers) {
        (0, false) => "in cluster objects".to_owned(),
        (0, true) => "on the workers".to_owned(),
        (nodes, false) => format!("on {}", count(nodes, "control-plane node")),
        (nodes, true) => format!("on {} and the workers", count(nodes, "control-plane node")),
    }
}

/// Phase card: the number of steps and restarts.
pub fn phase_size(steps: usize, files: usize) -> String {
    format!("{} · {}", count(steps, "step"), count(files, "file"))
}

/// Phase card: which CA issues, and which certificates are accepted. The second part is new in this phase.
pub fn phase_meaning(phase: u8) -> (&'static str, &'static str) {
    match phase {
        1 => ("The old CA issues. ", "Both are accepted."),
        2 => ("Both are accepted. ", "The new CA issues."),
        _ => ("The new CA issues. ", "Only it is accepted."),
    }
}

/// The phases of a plan, in order. A renewal has one, with the number of the phase that replaces certificates.
pub fn plan_phases(intent: Intent) -> &'static [u8] {
    match intent {
        Intent::RenewLeaves => &[2],
        _ => &[1, 2, 3],
    }
}

/// The name of a phase of a plan.
pub fn plan_phase(intent: Intent, phase: u8, phase_names: PhaseNames) -> String {
    match intent {
        Intent::RenewLeaves => renewal::PHASE.to_owned(),
        _ => platform::phase_short(phase, phase_names),
    }
}

/// The heading row of a phase of a plan.
pub fn plan_phase_heading(intent: Intent, phase: u8) -> &'static str {
    match intent {
        Intent::RenewLeaves => renewal::PHASE_HEADING,
        _ => phase_heading(phase),
    }
}

/// The heading row of a phase.
pub fn phase_heading(phase: u8) -> &'static str {
    match phase {
        1 => "All components trust both CAs. The old CA still issues.",
        2 => "The new CA issues. Both are accepted.",
        _ => "Only the new CA is accepted. Old certificates stop working.",
    }
}

/// The steps of a phase.
pub fn phase_steps(first: usize, last: usize) -> String {
    if first == last { format!("Step {first}") } else { format!("Steps {first} to {last}") }
}

/// The text for a phase without steps.
pub fn no_steps(plan: &PlanReport, phase: u8) -> &'static str {
    if plan.steps.iter().any(|step| step.phase > phase) {
        "This phase is already complete."
    } else {
        "Not in this package."
    }
}

/// Numbers of folded steps.
pub fn step_numbers(step: &Step) -> String {
    if step.first == step.last { step.first.to_string() } else { format!("{}–{}", step.first, step.last) }
}

/// Where a step is run.
pub fn whereabouts(place: &Where) -> String {
    match place {
        Where::Nodes(names) if names.len() > 4 => range(names),
        Where::Nodes(names) => names.join(", "),
        Where::Workers => "workers".to_owned(),
        Where::Cluster => "kubectl".to_owned(),
        Where::Management => "kubectl, management cluster".to_owned(),
        Where::Clients => "kubeconfigs".to_owned(),
    }
}

/// The title of a step of one or several nodes.
pub fn step_title(step: &Step) -> String {
    match step.title.split_once('\u{0}') {
        Some((before, after)) if step.holders.len() > 1 => format!("{before}each node{after}"),
        Some((before, after)) => format!("{before}{}{after}", step.holders.first().map_or("", String::as_str)),
        None => step.title.clone(),
    }
}

/// A file that only some of several nodes have.
pub fn only_on(holders: &[String]) -> String {
    format!("only on {}", super::text::few_holders(holders))
}

/// The content of a file before a step.
pub fn before(change: &Change) -> &str {
    match change.before.as_str() {
        "" | "—" => NEW_FILE,
        before => before,
    }
}

/// The content of a file after a step.
pub fn after(change: &Change) -> &str {
    if change.after.is_empty() { REMOVED } else { &change.after }
}

/// An instruction, without the backticks around commands.
pub fn instruction(text: &str) -> String {
    super::text::sentence(&text.replace('`', ""))
}

/// A CA's new certificate in a line.
pub fn successor(authority: &SuccessorReport) -> String {
    format!("{} · until {}", authority.key_type, authority.not_after.date())
}

/// The source of the new CA.
pub fn origin(authority: &SuccessorReport) -> &'static str {
    match (authority.under_way, authority.brought) {
        (true, _) => "already in the cluster",
        (false, true) => "imported",
        (false, false) => "generated",
    }
}

/// Where the private key goes.
pub fn key_home(home: &str) -> String {
    if home.is_empty() { "not loaded".to_owned() } else { format!("on {home}") }
}

/// Where the commands of a step are run.
pub fn run_where(step: &Step) -> String {
    match (&step.place, step.holders.as_slice()) {
        (Where::Nodes(_), [first, rest @ ..]) if !rest.is_empty() => {
            format!("On {first}, as root, in the unpacked package; then the same on {}", few_holders(rest))
        }
        (Where::Nodes(names), _) => format!("On {}, as root, in the unpacked package", names.join(", ")),
        (Where::Workers, _) => "On every worker, as root, in the unpacked package".to_owned(),
        (Where::Cluster | Where::Clients, _) => "With kubectl for the cluster, in the unpacked package".to_owned(),
        (Where::Management, _) => "With kubectl for the management cluster, in the unpacked package".to_owned(),
    }
}

/// Run and check of a step, a line each.
pub fn run_and_check(commands: &StepCommands) -> String {
    let all = [&commands.run, &commands.check];
    all.into_iter().filter(|command| !command.is_empty()).cloned().collect::<Vec<_>>().join("\n")
}

/// The heading of the command that rolls a step back.
pub const UNDO_STEP: &str = "Undo this step";
