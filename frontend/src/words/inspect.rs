//! Inspect: findings, certificate authorities, inventory, expiry.

use airlock_core::{
    Severity, UnixTime,
    report::{AuthorityReport, InventoryReport},
};

use super::text::{capital, cluster, count, days_until, few_holders, grouped, range, sentence, until_date};
use crate::state::{
    groups::{Group, MAX_VALUES, Piece, errors_and_warnings},
    lifetimes::{Expiring, Kind, Life, Lifetimes},
    nodes::Fold,
    pki::{Pki, Place},
    role::days_left,
};

/// The columns of the CA table.
pub const CA_TABLE: [&str; 7] = ["CA", "Subject", "Key", "Expires", "SHA-256 fingerprint", "Issued", "Trusted in"];
/// The columns of the inventory.
pub const NODE_TABLE: [&str; 6] = ["Name", "Role", "Files", "Private keys", "First expiry", "State"];
/// Its column during a rotation.
pub const STANDING: &str = "Rotation";
/// The columns of a node's files.
pub const SLOT_TABLE: [&str; 3] = ["Path", "Type", "Contents"];
/// The heading of the findings.
pub const FINDINGS: &str = "Findings";
/// The heading of the CAs.
pub const AUTHORITIES: &str = "Certificate authorities";
/// The heading of the diagram.
pub const PKI: &str = "Trust and issuance";
/// The heading of the validity periods.
pub const LIFETIMES: &str = "Expiry";
/// The heading of the inventory.
pub const INVENTORY: &str = "Inventory";
/// Terms of the facts about the cluster.
pub const CLUSTER_TERMS: [&str; 2] = ["API server", "Rotation"];

/// The API servers that kubeconfigs name.
pub fn servers(servers: &[&str]) -> String {
    match servers {
        [] => "not found".to_owned(),
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

/// Whether a rotation is in progress.
pub fn rotation(inventory: &InventoryReport) -> &'static str {
    if inventory.rotation.authorities.is_empty() { "Not started" } else { "In progress" }
}

/// The heading of the facts about the cluster.
pub const CLUSTER: &str = "Cluster";
/// The label of a text field.
pub const SEARCH: &str = "Search";
/// The placeholder of the field.
pub const SEARCH_HINT: &str = "Node, path or subject";
/// The label of a list.
pub const EXPIRES_WITHIN: &str = "Expires within";
/// The label of a list.
pub const STATE: &str = "State";
/// The choices for expiry: value, label.
pub const EXPIRY_CHOICES: [(&str, &str); 4] =
    [("", "Any time"), ("30", "30 days"), ("90", "90 days"), ("365", "365 days")];
/// The choices for the state: value, label.
pub const STATE_CHOICES: [(&str, &str); 3] = [("", "All"), ("errors", "Errors"), ("warnings", "Errors and warnings")];
/// No row matches the filter.
pub const NOTHING_FITS: &str = "No file matches the filter.";
/// A good state.
pub const OK: &str = "OK";
/// The label of today's line.
pub const TODAY: &str = "today";
/// The heading of a command.
pub const VERIFY: &str = "Verify";
/// The heading of the locations of a group.
pub const PLACES: &str = "Affected files";
/// The prefix of the remedy.
pub const TO_DO: &str = "What to do: ";
/// The heading of the diagram's left column.
pub const TRUSTED_IN: &str = "Trusted in";
/// The heading of the diagram's right column.
pub const SIGNED: &str = "Issued";
/// The columns of the diagram's table.
pub const PKI_TABLE: [&str; 4] = ["File or object", "On", "Relation to a CA", "First expiry"];
/// A value in that table.
pub const TRUSTS: &str = "trusts the";
/// A value in that table.
pub const SIGNED_BY: &str = "issued by the";
/// A value in that table.
pub const NONE_OF_THEM: &str = "node itself, or by a CA that is not loaded";

/// The heading.
pub fn inspect_title(inventory: &InventoryReport) -> String {
    if inventory.cluster.is_empty() { "Inspect".to_owned() } else { format!("Inspect {}", inventory.cluster) }
}

/// The sentence below the heading.
pub fn inspect_sentence(inventory: &InventoryReport, chosen: bool) -> String {
    format!(
        "Cluster {} · {} · {} read. This is what the cluster uses today, and what can be rotated.",
        cluster(inventory),
        super::platform::recognised(&inventory.platform, chosen),
        count(inventory.files, "file")
    )
}

/// The first fact of the strip, and its detail.
pub fn result(inventory: &InventoryReport) -> (String, String) {
    let (errors, warnings) = errors_and_warnings(inventory);
    let result = if errors == 0 { "No errors".to_owned() } else { count(errors, "error") };
    (result, if warnings == 0 { "no warnings".to_owned() } else { count(warnings, "warning") })
}

/// Titles of the strip's facts.
pub const STRIP: [&str; 6] = ["Result", "First expiry", "CA expiry", "CAs", "Nodes", "Certificates"];
/// The detail of the number of CAs.
pub const CAN_ROTATE: &str = "can be rotated";

/// `2 of 3`.
pub fn of(some: usize, all: usize) -> String {
    format!("{} of {}", grouped(some), grouped(all))
}

/// Nodes by role.
pub fn nodes(control_planes: usize, workers: usize) -> String {
    format!("{} control plane, {}", grouped(control_planes), count(workers, "worker"))
}

/// Private keys that are loaded.
pub fn keys_loaded(keys: usize) -> String {
    match keys {
        0 => "no private keys loaded".to_owned(),
        keys => format!("{} loaded", count(keys, "private key")),
    }
}

/// The message of a group of findings.
pub fn group_title(group: &Group<'_>) -> String {
    let piece = |piece: Piece<'_>| match piece {
        Piece::Same(word) => word.to_owned(),
        Piece::Differs(values) if values.len() > MAX_VALUES => "…".to_owned(),
        Piece::Differs(values) => values.iter().map(|value| value.trim_end_matches(',')).collect::<Vec<_>>().join(", "),
    };
    capital(&group.pieces().into_iter().map(piece).collect::<Vec<_>>().join(" "))
}

/// The number of locations of a group.
pub fn group_places(group: &Group<'_>) -> String {
    match group.findings.len() {
        1 => {
            let finding = group.findings[0];
            let both = [finding.file.as_str(), finding.place.as_str()];
            both.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
        }
        places => format!("{} with the same cause", count(places, "place")),
    }
}

/// The number of causes and of locations.
pub fn causes(groups: &[Group<'_>]) -> String {
    let places = groups.iter().map(|group| group.findings.len()).sum();
    format!("{}, {}", count(groups.len(), "cause"), count(places, "place"))
}

/// The severity of a finding.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
        Severity::Note => "Note",
    }
}

/// A remedy from core, without command line options in parentheses: the page has fields for them.
pub fn without_options(remedy: &str) -> String {
    let mut text = String::new();
    let mut rest = remedy;
    while let Some((before, after)) = rest.split_once(" (--") {
        let Some((_, later)) = after.split_once(')') else { break };
        text.push_str(before);
        rest = later;
    }
    text + rest
}

/// Whether a CA can be rotated.
pub fn authority_state(authority: &AuthorityReport) -> String {
    let key = if authority.key_present { "private key loaded" } else { "private key not loaded" };
    if authority.rotates { format!("Rotatable · {key}") } else { format!("Not rotated · {key}") }
}

/// Whether a private key is loaded.
pub fn key_given(given: bool) -> &'static str {
    if given { "key loaded" } else { "key not loaded" }
}

/// A holder's role in the cluster.
pub fn role(role: &str) -> &str {
    match role {
        "control-plane" => "control-plane node",
        "worker" => "worker",
        "cluster" => "cluster objects",
        "management" => "management cluster objects",
        "clients" => "kubeconfigs of people and CI",
        "loose" => "unassigned files",
        other => other,
    }
}

/// The names of nodes with the same files.
pub fn fold_name(fold: &Fold) -> String {
    let names: Vec<String> = fold.rows.iter().map(|row| row.name.clone()).collect();
    range(&names)
}

/// The text below the names.
pub fn fold_count(rows: usize) -> String {
    format!("{} nodes with the same files", grouped(rows))
}

/// A number for each of several nodes.
pub fn each(rows: usize, number: usize) -> String {
    if rows == 1 { grouped(number) } else { format!("{rows} × {}", grouped(number)) }
}

/// Errors, warnings and notes.
pub fn state([errors, warnings, notes]: [usize; 3]) -> String {
    let all = [(errors, "error"), (warnings, "warning"), (notes, "note")];
    let said: Vec<String> =
        all.into_iter().filter(|(number, _)| *number > 0).map(|(number, what)| count(number, what)).collect();
    if said.is_empty() { OK.to_owned() } else { said.join(", ") }
}

/// The summary of a holder's files.
pub fn files_of(files: usize) -> String {
    count(files, "file")
}

/// A private key in a file.
pub fn private_key(key_type: &str) -> String {
    format!("private key, {key_type}, public key ")
}

/// The API server of a kubeconfig.
pub const SERVER: &str = "server ";

/// The file that something came from.
pub fn from_file(file: &str) -> String {
    format!("from {file}")
}

/// Unassigned files.
pub fn without_place(files: usize) -> String {
    format!("Ignored: {}", count(files, "file"))
}

/// A place in full.
pub fn place_and_holders(place: &Place) -> String {
    format!("{} on {}, {}", place.path, few_holders(&place.holders), until_date(place.until))
}

/// The diagram, for screen readers.
pub fn pki(pki: &Pki) -> String {
    let signers = pki.signers.iter().map(|signer| {
        format!(
            "{} is trusted in {} and issued certificates in {}",
            signer.title,
            count(signer.trusted_in.len(), "place"),
            count(signer.signed.len(), "place")
        )
    });
    format!("Trust and issuance. {}. The table below shows the same.", signers.collect::<Vec<_>>().join("; "))
}

/// A certificate that expires, and where it is.
pub fn expiring(certificate: &Expiring) -> String {
    match certificate {
        Expiring::Authority(title) => title.clone(),
        Expiring::Certificate { path, holders } => format!("{path} on {}", few_holders(holders)),
    }
}

/// The certificate that expires first.
pub fn first_expiry(all: &Lifetimes) -> String {
    let Some((certificate, until)) = &all.first else { return String::new() };
    let left = match usize::try_from(days_left(*until, all.today)) {
        Ok(days) => format!("in {}", count(days, "day")),
        Err(_) => "already expired".to_owned(),
    };
    format!("Earliest expiry: {}, on {}, {left}.", expiring(certificate), until.date())
}

/// The name of a bar.
pub fn life_name(life: &Life) -> String {
    match life.kind {
        Kind::Old => format!("Current {}", life.name),
        Kind::New => format!("New {}", life.name),
        Kind::Leaves if life.name.is_empty() => "Issued by none of them".to_owned(),
        Kind::Leaves => format!("Issued by the {}", life.name),
    }
}

/// A bar, for screen readers.
pub fn life(life: &Life) -> String {
    let last =
        if life.last > life.until { format!(", the last of them until {}", life.last.date()) } else { String::new() };
    format!("{}: from {} until {}{last}", life_name(life), life.from.date(), life.until.date())
}

/// All bars, for screen readers.
pub fn lifetimes(all: &Lifetimes) -> String {
    format!("Today is {}. {}", all.today.date(), all.lives.iter().map(life).collect::<Vec<_>>().join(". "))
}

/// A finding with its location.
pub fn seen(seen: &str) -> String {
    sentence(seen)
}

/// A date with the days that are left.
pub fn date_and_days(until: UnixTime, today: UnixTime) -> (String, String) {
    (until.date(), days_until(until, today))
}
