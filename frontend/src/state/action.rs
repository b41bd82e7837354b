//! Everything that changes the page.

use std::rc::Rc;

use airlock_core::{
    Finding, UnixTime,
    report::{CertificateDetails, CertificateReport, CheckReport, FilePreview, InventoryReport, PackageReport},
};

use super::checks::SelfTest;
use super::{
    appearance::Theme,
    chart::Chart,
    contexts::Target,
    explain::Message,
    form::{FormChange, FormProblem},
    matrix_view::MatrixViewChange,
    notice::Alert,
    session::Choices,
    step::Step,
    work::{Downloaded, Job, LoadedFile, Outcome, Workplace},
};

/// Everything that changes the page.
#[derive(Clone, Debug)]
pub enum Action {
    /// The person put the alert away.
    AlertDismissed,
    /// A job has begun.
    Began(Job),
    /// The run was cancelled.
    Cancelled,
    /// Whether that phase is done was asked.
    CheckAsked(Option<u8>),
    /// The answer.
    Checked(Option<u8>, Rc<CheckReport>),
    /// Saved choices were loaded; is nothing else being read?
    ChoicesLoaded(Rc<Choices>, bool),
    /// The page is to ask for the context of a cluster again.
    ContextAskedAgain(Target),
    /// A kubectl context is typed.
    ContextTyped(Target, String),
    /// The command that applies a file to a cluster is in the clipboard.
    Copied(String, Target),
    /// The core worker died over a bug at this place, or without one for want of memory, and a new one is there.
    CoreDied(String),
    /// An error message is to be explained; `None` where what was pasted is none.
    Explained(Option<Message>),
    /// A command to look for oneself is in the clipboard.
    TextCopied,
    /// All fields of a loaded certificate.
    Detailed(Rc<CertificateDetails>),
    /// The zip went to the browser's downloads.
    Downloaded(Downloaded),
    /// Something failed.
    Failed(Alert),
    /// Files were left out because the worker died over them, at this place.
    FilesLeftOut(Vec<String>, String),
    /// The policy stopped an attempt.
    Blocked,
    /// What the page is, and what policy it has.
    Built {
        /// SHA-256 of the page's file.
        build: String,
        /// The content policy.
        policy: String,
    },
    /// A choice was changed.
    Form(FormChange),
    /// The choices cannot be planned with: why.
    FormRefused(Vec<FormProblem>),
    /// The person wants to build with choices that cannot be planned with.
    ProblemShown,
    /// What is loaded, and what was found in it.
    Inspected(Rc<[LoadedFile]>, Rc<InventoryReport>),
    /// A key is made.
    KeyMade,
    /// A key worker died over a bug at this place, or without one for want of memory, and a new one makes its key.
    KeyWorkerDied(String),
    /// The package is made, with these authorities, and this was predicted of it.
    Made(Rc<PackageReport>, Rc<[CertificateReport]>, Rc<Chart>),
    /// What the plan would break: the first connection, and all that was predicted; `None` if nothing.
    Foreseen(Option<(Finding, Rc<Chart>)>),
    /// It is being predicted.
    Predicting,
    /// An error message was pasted somewhere on the page.
    MessagePasted(Message),
    /// There was nothing in a drop.
    NothingFound,
    /// The question about the outages was handed in without an answer.
    OutageNotTicked,
    /// The person ticked the box that accepts the outages, or no longer does.
    OutageTicked(bool),
    /// Something was done to the picture.
    MatrixView(MatrixViewChange),
    /// Where the work runs.
    Place(Workplace),
    /// A plan of the choices as they are is asked for.
    PlanAsked,
    /// Planning is to be tried again.
    PlanRetried,
    /// The plan, or why there is none.
    Planned(Outcome),
    /// The person says which platform the files are of, or has it told from them again.
    PlatformChosen(Option<&'static str>),
    /// A file of the package is to be shown.
    PreviewAsked(String),
    /// A file of the package put away.
    PreviewClosed,
    /// Files of the package are to be shown beside what was there, or in one column with it.
    PreviewBeside(bool),
    /// The lines of a file of the package.
    Previewed(Rc<FilePreview>),
    /// What came of the tests at the start.
    Tested(SelfTest),
    /// How long the work under way still takes. Seconds.
    TimeLeft(u32),
    /// The browser had thrown the page out, and opened it anew.
    ThrownOut,
    /// A password was tried: what is there now, and whether it opened anything.
    Unlocked(Rc<InventoryReport>, bool),
    /// The last change is to be taken back.
    Undo,
    /// Core makes no package: why, and what was predicted.
    NotBuilt(Rc<[Finding]>, Rc<Chart>),
    /// Other colours.
    ThemeChosen(Theme),
    /// The person's clock, as files are inspected.
    Today(UnixTime),
    /// The person goes to a step.
    Went(Step),
    /// Everything was wiped.
    Wiped,
    /// The browser had put the page to sleep.
    Woke,
}
