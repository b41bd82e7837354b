//! Download: the package, and what to do next.

use airlock_core::{
    plan::request::Intent,
    report::{PackageReport, PlanReport},
};

use super::{
    renewal,
    text::{count, size},
};

/// The heading.
pub const DOWNLOAD_TITLE: &str = "Download the package";
/// The sentence below the heading.
pub const DOWNLOAD_SENTENCE: &str = "Download the package, carry it to the nodes, and follow the runbook.";
/// The card's title.
pub const PACKAGE: &str = "Complete package";
/// Facts about it.
pub const PACKAGE_TERMS: [&str; 2] = ["File", "SHA-256"];
/// Before the download.
pub const NO_SUM: &str = "Shown after the download";
/// The copy button.
pub const COPY_SUM: &str = "Copy SHA-256 of the package";
/// What to do.
pub const WHAT_NEXT: &str = "What to do next";
/// Checking the zip.
pub const CHECK_HINT: &str = "Compare with the value on this page. Inside the package: sha256sum -c SHA256SUMS.";

/// The button.
pub fn download(name: &str) -> String {
    format!("Download {name}.zip")
}

/// The package in a line: the number of files, then [`package_detail`].
pub fn package_size(package: &PackageReport, plan: Option<&PlanReport>) -> String {
    format!("{} · {}", count(package.files.len(), "file"), package_detail(package, plan))
}

/// The total size of the package's files, and the number of new keys.
pub fn package_detail(package: &PackageReport, plan: Option<&PlanReport>) -> String {
    let bytes: usize = package.files.iter().map(|file| file.size).sum();
    let keys = plan.map_or(0, |plan| plan.keys.len());
    format!("{} · {}", size(bytes as u64), count(keys, "new key"))
}

/// What in the zip is secret: the fact, and what to do.
pub fn download_hint(package: &PackageReport) -> (&'static str, &'static str) {
    let mut secret = package.files.iter().filter(|file| file.secret).peekable();
    if secret.peek().is_none() {
        ("Contains no private key", "Protect it like the files that you loaded.")
    } else if secret.any(|file| (file.phase != 0 && file.path.ends_with("ca.key")) || file.path.starts_with("ca-keys/"))
    {
        (
            "Contains the new CA keys",
            "Anyone with this file can issue cluster-admin certificates. Protect it like the CA keys, and delete it after the rotation.",
        )
    } else {
        ("Contains private keys, none of a new CA", "Protect it like the CA keys, and delete it after the rotation.")
    }
}

/// A task: title, command and detail. Empty for none.
pub struct Task {
    /// What to do.
    pub title: &'static str,
    /// The command.
    pub command: String,
    /// Details.
    pub about: &'static str,
}

/// What to do with the package, in order. `node` and `folder`: the first holder of a node's folder.
pub fn tasks(package: &PackageReport, node: Option<(&str, &str)>, intent: Intent) -> Vec<Task> {
    let [start, come_back, delete] = last_tasks(intent);
    let name = &package.name;
    let task = |title, command: String, about| Task { title, command, about };
    let mut tasks = vec![
        task("Verify the download", format!("sha256sum {name}.zip"), CHECK_HINT),
        task(
            "Get the runbook approved",
            format!("unzip -p {name}.zip {name}/RUNBOOK.md"),
            "RUNBOOK.md lists all steps with commands, checks and rollback. It contains no secrets.",
        ),
    ];
    if let Some((node, folder)) = node {
        tasks.push(task(
            "Copy the package to each control-plane node",
            format!("scp {name}.zip root@{node}: && ssh root@{node} 'umask 077 && unzip -q {name}.zip'"),
            "Scripts use files of other folders, so a node needs the whole package. Only root may read it.",
        ));
        tasks.push(task(
            "Rehearse without changes",
            format!("cd {name} && sh {folder}/apply.sh --dry-run"),
            "Shows what the step would change on the node.",
        ));
    }
    tasks.push(task("Start with step 1 of the runbook", String::new(), start));
    tasks.push(task("Come back at any time", String::new(), come_back));
    tasks.push(task(delete, String::new(), ""));
    tasks
}

/// Details of the first step and of coming back; the title of the last task.
fn last_tasks(intent: Intent) -> [&'static str; 3] {
    match intent {
        Intent::RenewLeaves => [renewal::START, renewal::COME_BACK, renewal::DELETE_COPIES],
        _ => [
            "Scripts are idempotent and safe to re-run after interruption. You may pause for days between phases.",
            "Load the nodes' current files to see how far each node has got.",
            "Delete every copy after the rotation",
        ],
    }
}
