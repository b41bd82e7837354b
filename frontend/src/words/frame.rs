//! App bar, stepper, action bar, keyboard help.

use airlock_core::{plan::request::Intent, report::InventoryReport};

use super::{
    platform, sample,
    text::{count, grouped},
};
use crate::state::{
    Job, Outcome, State, Theme, Workplace,
    chart::Mark,
    groups,
    role::Role,
    step::{Missing, Step},
    undo::Change,
};

/// The product.
pub const AIRLOCK: &str = "Airlock";
/// The brand's link, for screen readers.
pub const HOME: &str = "Airlock, start";
/// Jumps over the app bar.
pub const SKIP: &str = "Skip to content";
/// The chip that says that nothing is sent.
pub const OFFLINE: &str = "Offline";
/// The tooltip of that chip.
pub const OFFLINE_HINT: &str = "The Content Security Policy blocks all network requests";
/// The list of steps, for screen readers.
pub const WAY: &str = "Steps";
/// The button that goes a step back.
pub const BACK: &str = "Back";
/// The button that stops the build.
pub const CANCEL: &str = "Cancel";
/// The button that dismisses an alert.
pub const DISMISS: &str = "Dismiss";
/// The button beside a command.
pub const COPY_COMMAND: &str = "Copy command";
/// What a command is, for screen readers.
pub const COMMAND: &str = "Command";
/// The keyboard help.
pub const KEYS: &str = "Keyboard shortcuts";
/// Its columns.
pub const KEY_TABLE: [&str; 2] = ["Key", "Action"];

/// The button that copies a command, for screen readers.
pub fn copy_command(command: &str) -> String {
    format!("Copy command {}", command.chars().take(60).collect::<String>())
}

/// The button that changes the colours.
pub fn theme(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "Colours: as the system",
        Theme::Light => "Colours: light",
        Theme::Dark => "Colours: dark",
    }
}

/// The name of a step.
pub fn step(step: Step) -> &'static str {
    match step {
        Step::Load => "Load",
        Step::Inspect => "Inspect",
        Step::Plan => "Plan",
        Step::Review => "Review",
        Step::Download => "Download",
    }
}

/// The primary action that leads to a step.
pub fn onwards(to: Step) -> String {
    format!("Continue to {}", step(to))
}

/// What to do before a step opens.
pub fn needs(missing: Missing) -> &'static str {
    match missing {
        Missing::Files => "Add files first",
        Missing::Package => "Build first",
    }
}

/// The state of a step in up to three words, or what it requires.
pub fn progress(state: &State, step: Step) -> String {
    if let Some(missing) = state.missing(step) {
        return needs(missing).to_owned();
    }
    match step {
        Step::Load if state.files.is_empty() => "Start here".to_owned(),
        Step::Load => state.inventory.as_ref().map_or_else(String::new, |inventory| count(inventory.files, "file")),
        Step::Inspect => {
            state.inventory.as_ref().map_or_else(String::new, |inventory| {
                match groups::errors_and_warnings(inventory) {
                    (0, _) => "No errors".to_owned(),
                    (errors, _) => count(errors, "error"),
                }
            })
        }
        Step::Plan => match &state.outcome {
            _ if matches!(state.job, Some(Job::Making { .. })) => "Building".to_owned(),
            None => "Choose options".to_owned(),
            Some(Outcome::Plan(plan)) => count(plan.steps.len(), "step"),
            Some(Outcome::Refused(_)) => "No plan".to_owned(),
        },
        Step::Review if !state.not_built.is_empty() => "Not built".to_owned(),
        Step::Review if state.renews() => super::renewal::REVIEW_PROGRESS.to_owned(),
        Step::Review => match state.worst_mark() {
            Mark::Outage => "Accepted outage".to_owned(),
            _ => "No breaks".to_owned(),
        },
        Step::Download if state.download.is_some() => "Downloaded".to_owned(),
        Step::Download => "Not downloaded".to_owned(),
    }
}

/// The role of a step in the stepper.
pub fn progress_role(state: &State, step: Step) -> Role {
    let errors = |inventory: &InventoryReport| groups::errors_and_warnings(inventory).0 > 0;
    let refused = match step {
        Step::Load | Step::Download => false,
        Step::Inspect => state.inventory.as_deref().is_some_and(errors),
        Step::Plan => matches!(state.outcome, Some(Outcome::Refused(_))),
        Step::Review => !state.not_built.is_empty(),
    };
    let done = match step {
        Step::Load => !state.files.is_empty(),
        Step::Inspect => state.inventory.is_some() && state.step > step,
        Step::Plan => state.package.is_some(),
        Step::Review => state.package.is_some() && state.step > step,
        Step::Download => state.download.is_some(),
    };
    match (refused, done) {
        (true, _) => Role::Error,
        (false, true) => Role::Ok,
        (false, false) => Role::Plain,
    }
}

/// The text of the action bar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Good, bad, or neither.
    pub role: Role,
    /// The state.
    pub state: String,
    /// Details, or what to do.
    pub detail: String,
}

fn status_of(role: Role, state: impl Into<String>, detail: impl Into<String>) -> Status {
    Status { role, state: state.into(), detail: detail.into() }
}

/// The job in progress, the result of the last action, or the state of the current step.
pub fn status(state: &State) -> Status {
    match state.job {
        // The progress bar shows the count; screen readers read this text once.
        Some(Job::Making { total, .. }) => return status_of(Role::Info, building(total), ""),
        Some(job) => return status_of(Role::Info, self::job(job), ""),
        None => {}
    }
    if let Some(notice) = &state.notice {
        let role = if notice.is_refusal() { Role::Error } else { Role::Ok };
        return status_of(role, super::notices::notice(notice), "");
    }
    match state.step {
        Step::Load => load_status(state),
        Step::Inspect => inspect_status(state),
        Step::Plan => plan_status(state),
        Step::Review => review_status(state),
        Step::Download => match &state.download {
            Some(download) => status_of(Role::Ok, format!("{} was downloaded", download.name), ""),
            None => status_of(Role::Plain, "Not downloaded yet", "The package is lost when you close this page"),
        },
    }
}

fn load_status(state: &State) -> Status {
    let Some(inventory) = &state.inventory else {
        return status_of(Role::Plain, "No files loaded", "Add files, or try a sample");
    };
    let loaded = format!("{} loaded", count(inventory.files, "file"));
    match groups::errors_and_warnings(inventory) {
        (0, _) => status_of(Role::Ok, loaded, "No errors"),
        (errors, _) => status_of(Role::Error, loaded, format!("{}, see Inspect", count(errors, "error"))),
    }
}

fn inspect_status(state: &State) -> Status {
    let Some(inventory) = &state.inventory else { return Status::default() };
    match groups::errors_and_warnings(inventory) {
        (0, 0) => status_of(Role::Ok, "No errors", "No warnings"),
        (0, 1) => status_of(Role::Ok, "No errors", "1 warning does not block planning"),
        (0, warnings) => {
            status_of(Role::Ok, "No errors", format!("{} do not block planning", count(warnings, "warning")))
        }
        (errors, _) => {
            let first = groups::groups(&inventory.findings).first().map(|group| super::inspect::group_title(group));
            status_of(Role::Error, count(errors, "error"), first.unwrap_or_default())
        }
    }
}

fn plan_status(state: &State) -> Status {
    if !state.form_problems.is_empty() {
        let text = match state.form_problems.len() {
            1 => "1 option needs your input".to_owned(),
            more => format!("{} options need your input", grouped(more)),
        };
        let first = super::plan::problem(&state.form_problems[0].message);
        return status_of(Role::Warning, text, first);
    }
    if state.planning {
        return status_of(Role::Info, "Updating the plan …", "");
    }
    if let Some(prediction) = state.forbidden() {
        return status_of(Role::Error, super::outage::PREDICTION, super::outage::prediction(prediction.acceptable));
    }
    match &state.outcome {
        Some(Outcome::Plan(plan)) => {
            let keys = match plan.keys.len() {
                _ if plan.intent == Intent::RenewLeaves => super::renewal::KEYS_STATUS.to_owned(),
                0 => "No new keys".to_owned(),
                1 => "1 key will be generated on this computer".to_owned(),
                keys => format!("{} keys will be generated on this computer", grouped(keys)),
            };
            let checking = if state.predicting { "Checking every connection …".to_owned() } else { keys };
            status_of(Role::Ok, count(plan.steps.len(), "step"), checking)
        }
        Some(Outcome::Refused(findings)) => {
            let first = findings.first().map(|finding| super::text::capital(&finding.message)).unwrap_or_default();
            status_of(Role::Error, "No plan is possible", first)
        }
        None => status_of(Role::Plain, "No plan yet", ""),
    }
}

fn review_status(state: &State) -> Status {
    let Some(package) = &state.package else {
        return status_of(Role::Error, "Not built", "At least one connection would break");
    };
    let built = format!("Package built, {}", count(package.files.len(), "file"));
    if state.renews() {
        return status_of(Role::Ok, super::renewal::REVIEW_STATUS, built);
    }
    match state.worst_mark() {
        Mark::Broken => status_of(Role::Error, "A connection breaks", built),
        Mark::NotJudged => status_of(Role::Warning, "A connection is not judged", built),
        Mark::Outage => status_of(Role::Warning, "Only the outage that you accepted", built),
        _ => status_of(Role::Ok, "No connection breaks", built),
    }
}

/// The title of the tab.
pub fn title(state: &State) -> String {
    let problem = if state.attempted && !state.form_problems.is_empty() { "Error: " } else { "" };
    format!("{problem}{}{} – Airlock", sample::title(state.sample()), step(state.step))
}

/// The button that reverts the last change.
pub fn undo(change: &Change) -> String {
    match change {
        Change::Added(files) if files.len() == 1 => "Undo: remove the last file".to_owned(),
        Change::Added(files) => format!("Undo: remove the last {}", count(files.len(), "file")),
        Change::Chosen(..) => "Undo: last option".to_owned(),
        Change::Platform(_) => "Undo: platform".to_owned(),
        Change::Removed(files, _) => format!("Undo: restore {}", count(files.len(), "file")),
    }
}

/// The job in progress.
pub fn job(job: Job) -> String {
    match job {
        Job::Archiving => "Creating the zip file …".to_owned(),
        Job::Copying => "Copying …".to_owned(),
        Job::Inspecting => "Reading files …".to_owned(),
        Job::Making { done, total } if done == total => "Issuing certificates and writing files …".to_owned(),
        Job::Making { done, total } => format!("Generating keys: {done} of {total}"),
        Job::Planning => "Planning …".to_owned(),
        Job::Sampling => sample::MAKING.to_owned(),
    }
}

/// The build as a whole.
pub fn building(keys: usize) -> String {
    match keys {
        0 => "Building the package …".to_owned(),
        keys => format!("Building the package: {}, certificates, files …", count(keys, "key")),
    }
}

/// Estimated time left.
pub fn time_left(seconds: u32) -> String {
    match seconds {
        0..2 => "about a second left".to_owned(),
        2..90 => format!("about {seconds} seconds left"),
        _ => format!("about {} minutes left", seconds.div_ceil(60)),
    }
}

/// Where the work runs, if not in workers.
pub fn place(place: Workplace) -> &'static str {
    match place {
        Workplace::Starting | Workplace::Workers(_) => "",
        Workplace::Page => {
            "This browser does not allow background threads for this page. Airlock works, but the page may freeze briefly while a key is generated."
        }
    }
}

/// Where the work runs, for tests.
pub fn place_id(place: Workplace) -> &'static str {
    match place {
        Workplace::Starting => "starting",
        Workplace::Workers(_) => "workers",
        Workplace::Page => "page",
    }
}

/// The keys of a combination, as they are written on the keyboard.
pub fn key_names(combination: &str) -> Vec<&str> {
    let name = |key| match key {
        "ArrowLeft" => "←",
        "ArrowRight" => "→",
        "ArrowUp" => "↑",
        "ArrowDown" => "↓",
        "PageUp" => "Page up",
        "PageDown" => "Page down",
        "v" => "V",
        "z" => "Z",
        "p" => "P",
        other => other,
    };
    combination.split('+').map(name).collect()
}

/// The inventory in a line.
pub fn summary(inventory: &InventoryReport, chosen: bool) -> String {
    format!(
        "Cluster {} · {} · {} read",
        if inventory.cluster.is_empty() { "without a name" } else { &inventory.cluster },
        platform::recognised(&inventory.platform, chosen),
        count(inventory.files, "file")
    )
}
