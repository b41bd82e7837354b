//! Review: the matrix, the selected cell, the trust diagram, files, fingerprints.

use airlock_core::{
    report::{InventoryReport, OutputFileReport, PackageReport},
    simulate::Outcome,
    x509::Rules,
};

use super::{
    platform,
    text::{count, grouped, is, lower_first, size},
};
use crate::state::{
    chart::{Cell, CellStyle, Chart, Group, Mark},
    contexts::Target,
    matrix_rows::Total,
    platform::PhaseNames,
    trust::{CaSet, Link, Participant},
};

/// The card of the matrix.
pub const MATRIX: &str = "Connections at every step";
/// The instruction.
pub const PICTURE_HINT: &str = "Hover or use the arrow keys for details. Click a column with ▸ to expand it.";
/// The matrix, for screen readers.
pub const MATRIX_REGION: &str = "Matrix";
/// Columns of connections that must work.
pub const MUST_HOLD: &str = "Must work";
/// Columns of connections that must be rejected.
pub const MUST_BE_REFUSED: &str = "Old CA";
/// The heading of the steps.
pub const STEP: &str = "Step";
/// The panel, for screen readers.
pub const EXPLANATION: &str = "Selected cell";
/// The buttons of the panel.
pub const PREVIOUS_STEP: &str = "Previous step";
/// The buttons of the panel.
pub const NEXT_STEP: &str = "Next step";
/// The slider.
pub const MOMENT: &str = "Step of the rotation";
/// The card of the diagram.
pub const TRUST: &str = "Trust diagram";
/// About the diagram.
pub const DRAWING_HINT: &str = "“old or new” means either is possible; both were checked.";
/// Columns of the diagram as a table.
pub const TRUST_TABLE: [&str; 4] = ["Connection", "Client certificate", "Server certificate", "Result"];
/// A card in the diagram.
pub const SHOWN: &str = "presented certificate: issued by the old CA, either, the new CA";
/// A shield in the diagram.
pub const TRUSTED: &str = "trusted CAs: old, both, new";
/// A verifier other than Go differs.
pub const ANOTHER_VERIFIER: &str = "another verifier differs";
/// What a cell's ends present and trust.
pub const ENDS: [&str; 4] = ["Client presents", "Server trusts", "Server presents", "Client trusts"];
/// Opens the facts of a cell.
pub const FACTS: &str = "When does each change take effect?";
/// The package's files.
pub const OUTPUT_FILES: &str = "Files";
/// No file is selected.
pub const SELECT_FILE: &str = "Select a file to see what it changes.";
/// Beside a file with a private key, for screen readers.
pub const PRIVATE_KEY: &str = "private key";
/// Closes the file.
pub const CLOSE_FILE: &str = "Close file";
/// The tree, for screen readers.
pub const TREE: &str = "Files of the package";
/// The two views of a change.
pub const LAYOUT: &str = "Layout";
/// The loaded file.
pub const BEFORE: &str = "Now";
/// The file of the package.
pub const AFTER: &str = "In the package";
/// The button that copies a command with the file.
pub const COPY_APPLY: &str = "Copy for kubectl apply";
/// Under the field of the kubectl context.
pub const CONTEXT_HINT: &str = "Asked once for each cluster and kept in memory only. Empty: the current context. List: kubectl config get-contexts -o name";
/// The button that asks for the context again.
pub const CHANGE_CONTEXT: &str = "Change context";
/// A command that carries a key.
pub const SECRET_WARNING: &str = "Contains a private key. The copied command contains it in plain text: paste it only into a trusted terminal, and clear the clipboard afterwards.";
/// The heading of the fingerprints.
pub const FINGERPRINTS: &str = "Compare fingerprints";
/// How to compare them.
pub const FINGERPRINTS_HINT: &str =
    "One person reads a value aloud, another compares it with the output of this command on a node:";
/// That command.
pub const FINGERPRINTS_COMMAND: &str = "openssl x509 -noout -fingerprint -sha256 -in /etc/kubernetes/pki/ca.crt";
/// The columns of the fingerprints.
pub const FINGERPRINT_TABLE: [&str; 3] = ["CA", "Current: SHA-256", "New: SHA-256"];
/// The heading of the reasons of a refusal.
pub const UNMADE_TITLE: &str = "Not built: a connection would break";
/// Details.
pub const UNMADE_HINT: &str = "No package: at least one connection would break. Your files and options are unchanged: resolve the problem below, then build again.";
/// Titles of the strip's facts.
pub const REVIEW_STRIP: [&str; 5] = ["Lost connections", "Connections", "Old CA", "Checked for", "Package"];
/// The verifiers of all connections.
pub const VERIFIERS: &str = "Go, OpenSSL, Java, rustls";

/// The heading.
pub fn review_title(inventory: Option<&InventoryReport>) -> String {
    match inventory.map(|inventory| inventory.cluster.as_str()) {
        None | Some("") => "Review the package".to_owned(),
        Some(name) => format!("Review the package for {name}"),
    }
}

/// Whether anything loses connectivity.
pub fn answer(chart: &Chart) -> &'static str {
    match chart.worst() {
        Mark::Broken => "Will anything lose connectivity? Yes.",
        Mark::Outage => "Will anything lose connectivity? Only the outage that you accepted.",
        Mark::NotJudged => {
            "Will anything lose connectivity? Not where it is judged. Connections that are not judged are marked."
        }
        Mark::BrokenToday => "Will anything lose connectivity? No. Connections that fail today are marked.",
        Mark::NotAsked | Mark::Holds | Mark::Changes | Mark::Refused => "Will anything lose connectivity? No.",
    }
}

/// What was checked, in a sentence.
pub fn matrix(total: &Total, steps: usize) -> String {
    let combinations = format!("({} combinations checked)", grouped(total.states));
    match total.connections {
        0 => "No connection is affected: no CA is generated here.".to_owned(),
        all if total.working == all => {
            format!("All {} stay up through all {} {combinations}.", count(all, "connection"), count(steps, "step"))
        }
        all => format!(
            "{} of {} {} up through all {} {combinations}.",
            grouped(total.working),
            count(all, "connection"),
            if total.working == 1 { "stays" } else { "stay" },
            count(steps, "step")
        ),
    }
}

/// The first fact of the strip.
pub fn lost(chart: &Chart) -> (&'static str, &'static str) {
    match chart.worst() {
        Mark::Broken => ("Yes", "see the matrix"),
        Mark::Outage => ("Accepted", "see the matrix"),
        Mark::NotJudged => ("Unknown", "not all are judged"),
        Mark::BrokenToday => ("None", "besides those that fail today"),
        Mark::NotAsked | Mark::Holds | Mark::Changes | Mark::Refused => ("None", "at any step"),
    }
}

/// The detail of the number of connections.
pub fn combinations(states: usize) -> String {
    format!("work in {}", count(states, "combination"))
}

/// The detail of the uses of the old CA.
pub const REJECTED: &str = "uses are rejected at the end";

/// Whether another verifier than Go differs.
pub fn same_result(differs: bool) -> &'static str {
    if differs { "results differ, see the matrix" } else { "clients, same result" }
}

/// The meaning of a mark.
pub fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::NotAsked => "not tested yet",
        Mark::Holds => "works",
        Mark::Changes => "works during the change",
        Mark::Refused => "correctly rejected",
        Mark::NotJudged => "not judged",
        Mark::BrokenToday => "fails today as well",
        Mark::Outage => "accepted outage",
        Mark::Broken => "breaks",
    }
}

/// The style of a cell, for screen readers.
pub fn style(style: CellStyle) -> String {
    format!("{}{}", mark(style.mark), if style.differs { "; another verifier differs" } else { "" })
}

/// A connection.
pub fn connection((client, server): (&str, &str)) -> String {
    format!("{client} → {server}")
}

/// A column's heading: short, and without kube-apiserver as the server.
pub fn column((client, server): (&str, &str)) -> String {
    let brief = |name: &str| {
        match name.trim_start_matches("every ") {
            "newly issued client certificates" => "new certificates",
            "extension API servers" => "extension APIs",
            "kubelet serving certificate" => "kubelet serving",
            "kube-apiserver, by webhook CA data" => "webhook CA data",
            "holder of an old certificate or the old CA key" => "old CA",
            "holder of the old front-proxy CA" => "old front-proxy CA",
            "holder of the old Talos API CA" => "old Talos CA",
            "uses of the old CA" => "old CA rejected",
            "kube-apiserver" => "API server",
            "kube-controller-manager" => "controller-manager",
            "kube-scheduler" => "scheduler",
            other => other,
        }
        .to_owned()
    };
    match (brief(client), brief(server)) {
        (client, server) if server == super::trust::EVERY_COMPONENT => client,
        (client, server) if server == "API server" => client,
        (client, server) if client == "API server" => format!("→ {server}"),
        (client, server) => connection((&client, &server)),
    }
}

/// How many connections are in a column.
pub fn connections(group: &Group) -> String {
    count(group.edges.len(), "connection")
}

/// The number of connections, in short form.
pub fn times(group: &Group) -> String {
    format!("×{}", group.edges.len())
}

/// A step, as a heading.
pub fn moment(chart: &Chart, column: usize) -> String {
    let Some(moment) = chart.column(column) else { return String::new() };
    if column == 0 {
        "Today".to_owned()
    } else {
        format!("Step {column} of {}: {}", chart.last(), moment_title(&moment.title, &moment.holder))
    }
}

/// A step's title, with the node where the title does not name it.
pub fn moment_title(title: &str, holder: &str) -> String {
    let group = matches!(holder, "" | "cluster" | "management" | "clients" | "workers");
    if group || title.contains(holder) { title.to_owned() } else { format!("{holder}: {}", lower_first(title)) }
}

/// The first row.
pub const TODAY_ROW: &str = "Today";

/// A range of steps, in the matrix of a large cluster.
pub fn moments(from: usize, to: usize) -> String {
    match (from, to) {
        (0, 0) => String::new(),
        (from, to) if from == to => from.to_string(),
        (from, to) => format!("{from}–{to}"),
    }
}

/// The number of a step.
pub fn panel_title(chart: &Chart, column: usize) -> String {
    if column == 0 { "Today".to_owned() } else { format!("Step {column} of {}", chart.last()) }
}

/// A step's phase.
pub fn moment_phase(phase: u8, phase_names: PhaseNames) -> String {
    if phase == 0 { "Today".to_owned() } else { platform::phase_short(phase, phase_names) }
}

/// The last step with the same result.
pub fn until(cell: &Cell<'_>, last: usize) -> String {
    match cell.until {
        until if until == cell.column => String::new(),
        until if until == last => "Same until the last step.".to_owned(),
        until => format!("Same until step {until}."),
    }
}

/// The result of a cell.
pub fn verdict(cell: &Cell<'_>) -> String {
    let states: usize = cell.all.iter().map(|(_, verdict)| verdict.states).sum();
    let (only, all) = match states {
        1 => ("the only combination".to_owned(), "in the only combination".to_owned()),
        _ => (format!("all {}", count(states, "combination")), format!("in all {}", count(states, "combination"))),
    };
    match cell.style.mark {
        Mark::NotAsked if cell.refused => {
            "Not tested before the last step: until then, the old CA is trusted on purpose.".to_owned()
        }
        Mark::NotAsked => "Not used at this step.".to_owned(),
        Mark::Holds => format!("Works {all}."),
        Mark::Changes => format!("Works during the change, {all}."),
        Mark::Refused => format!("Correctly rejected in {only}."),
        Mark::NotJudged => format!("Not judged: {}.", cell.worst.1.why),
        Mark::BrokenToday => format!("Fails, as it does today: {}.", cell.worst.1.why),
        Mark::Outage => format!("Fails, as you accepted: {}.", cell.worst.1.why),
        Mark::Broken => format!("Breaks: {}.", cell.worst.1.why),
    }
}

/// Which of several connections a result is about; empty where it is about all of them.
pub fn which(cell: &Cell<'_>) -> String {
    let bad = cell.style.mark >= Mark::BrokenToday;
    if cell.all.len() == 1 || !bad {
        return if cell.all.len() > 1 { format!("({})", count(cell.all.len(), "connection")) } else { String::new() };
    }
    let (edge, verdict) = cell.worst;
    let same = cell.all.iter().filter(|(_, other)| other.outcome == verdict.outcome).count();
    format!(
        "{same} of {} {} affected, first {}.",
        count(cell.all.len(), "connection"),
        is(same),
        connection((&edge.client, &edge.server))
    )
}

/// What verifiers other than Go's do.
pub fn verifiers(cell: &Cell<'_>) -> String {
    if cell.style.mark == Mark::NotAsked {
        return String::new();
    }
    let differs = |rules: Rules| {
        let (_, verdict) = cell.all.iter().find(|(_, verdict)| verdict.others.contains_key(&rules))?;
        Some(match (verdict.by(rules), verdict.why_by(rules)) {
            (Outcome::NotJudged, why) => format!("{rules}: not judged ({why})."),
            (Outcome::Broken | Outcome::BrokenToday, why) => format!("{rules}: breaks ({why})."),
            _ => format!("{rules}: works."),
        })
    };
    let others: Vec<String> = Rules::REPORTED.into_iter().filter_map(differs).collect();
    if others.is_empty() {
        "OpenSSL, Python, Java and rustls clients: same result.".to_owned()
    } else {
        others.join(" ")
    }
}

/// What to change.
pub fn remedy(remedy: &str) -> String {
    format!("What to do: {}.", lower_first(remedy))
}

/// Cause and duration of the outage that a cell is part of.
pub fn outage(cell: &Cell<'_>) -> String {
    let can = if cell.style.mark == Mark::Outage { "You accepted this outage" } else { "You can accept this outage" };
    format!("{can}: {}.", cell.worst.0.outage)
}

/// A link of the diagram.
pub fn link((client, server): (Participant, Participant), link: &Link) -> String {
    format!(
        "{}: {}",
        connection((super::trust::participant(client), super::trust::participant(server))),
        style(link.style)
    )
}

/// The diagram, for screen readers.
pub fn drawing(chart: &Chart, column: usize) -> String {
    format!("Trust diagram. {}. The table below shows the same.", moment(chart, column))
}

/// What happens to the old CA's certificates.
pub fn old_holder(mark: Mark) -> &'static str {
    match mark {
        Mark::NotAsked => "still trusted",
        Mark::NotJudged => "not judged",
        Mark::Broken | Mark::BrokenToday | Mark::Outage => "still accepted",
        Mark::Holds | Mark::Changes | Mark::Refused => "rejected",
    }
}

/// What is presented or trusted.
pub fn ca_set(ca_set: CaSet) -> String {
    let all = [(ca_set.old, "old"), (ca_set.both, "both"), (ca_set.new, "new"), (ca_set.other, "other")];
    all.into_iter().filter(|(there, _)| *there).map(|(_, word)| word).collect::<Vec<_>>().join(" or ")
}

/// One half of a handshake.
pub fn shown_and_trusted(shows: CaSet, trusts: CaSet) -> String {
    let or_nothing = |ca_set: CaSet| if ca_set.is_empty() { "none".to_owned() } else { self::ca_set(ca_set) };
    format!("presents {}, trusted: {}", or_nothing(shows), or_nothing(trusts))
}

/// What may be presented or trusted, from core's report.
pub fn values(values: &[&str]) -> String {
    if values.is_empty() {
        return "Not verified".to_owned();
    }
    // "certificate of the old CA; or of the new CA"
    let first = values.iter().take(1).map(|value| (*value).to_owned());
    let rest = values.iter().skip(1).map(|value| value.trim_start_matches("certificate ").to_owned());
    first.chain(rest).collect::<Vec<_>>().join("; or ")
}

/// The package in a line.
pub fn package(package: &PackageReport) -> String {
    format!(
        "{} · compared with the files that you loaded · private keys are never shown",
        count(package.files.len(), "file")
    )
}

/// What a file of the package is.
pub fn output(file: &OutputFileReport) -> String {
    let bytes = u64::try_from(file.size).unwrap_or(u64::MAX);
    let secret = if file.secret { " · contains a private key" } else { "" };
    format!("{} · mode {:04o} · {}{secret}", file.purpose, file.mode, size(bytes))
}

/// What a file of the package replaces.
pub fn replaces(path: &str) -> String {
    if path.is_empty() { "New file.".to_owned() } else { format!("Compared with {path}.") }
}

/// How a change is shown.
pub fn layout(beside: bool) -> &'static str {
    if beside { "Side by side" } else { "Unified" }
}

/// The holder of a group of files.
pub fn holder(holder: &str) -> &str {
    match holder {
        "" => "Whole package",
        "cluster" => "cluster objects",
        "management" => "management cluster",
        "clients" => "kubeconfigs",
        other => other,
    }
}

/// A folder of the package.
pub fn folder(folder: &str) -> String {
    format!("{folder}/")
}

/// A fingerprint in lines of four groups of four bytes.
pub fn spelled(fingerprint: &str) -> Vec<String> {
    let bytes: Vec<&str> = fingerprint.split(':').collect();
    bytes.chunks(16).map(|line| line.chunks(4).map(<[&str]>::concat).collect::<Vec<_>>().join(" ")).collect()
}

/// Facts about a step in the panel.
pub fn files_changed(files: usize) -> String {
    count(files, "file")
}

/// Facts about a step in the panel.
pub fn restarts(restarts: usize) -> String {
    count(restarts, "restart")
}

/// Terms of a step in the panel.
pub const STEP_TERMS: [&str; 3] = ["Where", "Restarts", "Done when"];

/// The label of the field of a cluster's kubectl context.
pub fn context_label(target: Target) -> String {
    format!("kubectl context of the {}", super::text::cluster_of(target))
}

/// The cluster of an object, and the context that its command names.
pub fn context_used(target: Target, context: &str) -> String {
    let cluster = super::text::capital(super::text::cluster_of(target));
    match context.trim() {
        "" => format!("{cluster}, current kubectl context"),
        context => format!("{cluster}, kubectl context {context}"),
    }
}
