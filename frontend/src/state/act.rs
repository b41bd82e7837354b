//! What a person can do on the page.

use airlock_core::profile::AuthorityId;

use super::{
    appearance::Theme,
    contexts::Target,
    explain::Message,
    form::{BroughtPart, FormChange},
    matrix_view::MatrixViewChange,
    work::FileId,
};
use crate::ports::files::PickedFile;

/// What the person does. Components say it; the page has it done.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Accepts the outages over which the package was refused, if the box is ticked, and makes the package.
    AcceptOutage,
    /// Picks a file of an authority that is brought along.
    Bring(AuthorityId, BroughtPart, Vec<PickedFile>),
    /// Ends the run.
    Cancel,
    /// Asks whether a phase is done; `None` for the furthest that anyone has begun.
    Check(Option<u8>),
    /// Dismisses the alert.
    DismissAlert,
    /// Asks for the kubectl context of a cluster again.
    AskContext(Target),
    /// Copies the command that applies a file to a cluster.
    Copy(String, Target),
    /// Types the kubectl context of a cluster.
    Context(Target, String),
    /// Downloads the choices.
    SaveChoices,
    /// Puts a text that is not secret into the clipboard.
    CopyText(String),
    /// Jumps to the content.
    Skip,
    /// Takes the zip.
    Download,
    /// Explains an error message; `None` where what was pasted is none.
    Explain(Option<Message>),
    /// Changes a choice.
    Form(FormChange),
    /// Moves in the picture.
    MatrixView(MatrixViewChange),
    /// Says which platform the files are of; `None` to have it told from them.
    Platform(Option<&'static str>),
    /// Plans again, after planning ended the worker.
    Plan,
    /// Goes to the field of the first problem.
    ShowProblem,
    /// Downloads the script that collects files.
    Script,
    /// Chooses the page's colours.
    Theme(Theme),
    /// Makes the package of the plan.
    Make,
    /// Shows a file of the package.
    Preview(String),
    /// Puts the shown file away.
    ClosePreview,
    /// Shows all fields of a loaded certificate, by its fingerprint.
    Details(String),
    /// Shows files of the package beside what was there, or in one column with it.
    Beside(bool),
    /// Explains an error message that was pasted somewhere, and shows what it means.
    ExplainPasted(Message),
    /// Removes a loaded file.
    Remove(FileId),
    /// Removes all of them.
    RemoveAll,
    /// Accepts outages no longer.
    TakeOutageBack,
    /// Makes a sample cluster and loads it.
    Sample(&'static str),
    /// Ticks the box that accepts the outages, or unticks it.
    TickOutage(bool),
    /// Takes the last change back.
    Undo,
    /// Forgets everything.
    Wipe,
}
