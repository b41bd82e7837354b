//! Everything that changes the state.

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

/// Everything that changes the state.
#[derive(Clone, Debug)]
pub enum Action {
    /// The alert was dismissed.
    AlertDismissed,
    /// A job has begun.
    Began(Job),
    /// The build was cancelled.
    Cancelled,
    /// A check of this phase was requested; `None`: the latest phase started.
    CheckAsked(Option<u8>),
    /// The reply.
    Checked(Option<u8>, Rc<CheckReport>),
    /// Saved options were loaded; is no inspection in progress?
    ChoicesLoaded(Rc<Choices>, bool),
    /// The person wants to change the context of a cluster.
    ContextAskedAgain(Target),
    /// A kubectl context is typed.
    ContextTyped(Target, String),
    /// The command that applies a file to a cluster was copied.
    Copied(String, Target),
    /// The core worker was restarted after a panic at this location; empty if its memory was exhausted.
    CoreDied(String),
    /// An error message was entered; `None` if it looked like a secret.
    Explained(Option<Message>),
    /// A text was copied.
    TextCopied,
    /// All fields of a loaded certificate.
    Detailed(Rc<CertificateDetails>),
    /// The zip was downloaded.
    Downloaded(Downloaded),
    /// Something failed.
    Failed(Alert),
    /// Files were left out because they stopped the worker, at this location.
    FilesLeftOut(Vec<String>, String),
    /// The Content Security Policy blocked a request.
    Blocked,
    /// The page's checksum and policy are known.
    Built {
        /// SHA-256 of the page's file.
        build: String,
        /// The Content Security Policy; empty if there is none.
        policy: String,
    },
    /// An option was changed.
    Form(FormChange),
    /// The options are invalid: the problems.
    FormRefused(Vec<FormProblem>),
    /// The person tried to build with invalid options.
    ProblemShown,
    /// The loaded files, and their inventory.
    Inspected(Rc<[LoadedFile]>, Rc<InventoryReport>),
    /// A key was generated.
    KeyMade,
    /// A key worker was replaced after a panic at this location; empty if its memory was exhausted.
    KeyWorkerDied(String),
    /// The package was built: its report, the new CAs, and the prediction.
    Made(Rc<PackageReport>, Rc<[CertificateReport]>, Rc<Chart>),
    /// The prediction of a plan: the first connection that breaks, and the matrix; `None` if none breaks.
    Prediction(Option<(Finding, Rc<Chart>)>),
    /// The prediction of a plan has begun.
    Predicting,
    /// An error message was pasted somewhere on the page.
    MessagePasted(Message),
    /// A drop contained no files.
    NothingFound,
    /// The person submitted the form about outages without selecting the checkbox.
    OutageNotTicked,
    /// The checkbox that accepts the outages was changed.
    OutageTicked(bool),
    /// Selection or focus in the matrix changed.
    MatrixView(MatrixViewChange),
    /// Where the work runs.
    Place(Workplace),
    /// A plan of the current options was requested.
    PlanAsked,
    /// The person wants to plan again.
    PlanRetried,
    /// The plan, or the reasons why there is none.
    Planned(Outcome),
    /// The platform was chosen; `None` to detect it.
    PlatformChosen(Option<&'static str>),
    /// A file of the package was selected.
    PreviewAsked(String),
    /// The file of the package was closed.
    PreviewClosed,
    /// The view of changes was chosen: two columns, or one.
    PreviewBeside(bool),
    /// The lines of a file of the package.
    Previewed(Rc<FilePreview>),
    /// The result of the self-tests at the start.
    Tested(SelfTest),
    /// The estimated remaining time of the build, in seconds.
    TimeLeft(u32),
    /// The browser discarded the page, and reloaded it.
    Discarded,
    /// A password was tried: the inventory, and whether it decrypted anything.
    Unlocked(Rc<InventoryReport>, bool),
    /// The person wants to undo the last change.
    Undo,
    /// Core refused the package: the findings, and the prediction.
    NotBuilt(Rc<[Finding]>, Rc<Chart>),
    /// The colours were chosen.
    ThemeChosen(Theme),
    /// The time of the person's computer at an inspection.
    Today(UnixTime),
    /// The person opens a step.
    Went(Step),
    /// Everything was deleted.
    Wiped,
    /// The browser resumed the suspended page.
    Resumed,
}
