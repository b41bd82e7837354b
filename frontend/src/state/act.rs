//! The person's actions on the page.

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

/// An action of the person. Components emit it; `app` carries it out.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Accepts the outages over which the package was refused, if the checkbox is selected, and builds the package.
    AcceptOutage,
    /// Picks a file of an imported CA.
    Bring(AuthorityId, BroughtPart, Vec<PickedFile>),
    /// Cancels the build.
    Cancel,
    /// Checks the progress of a phase; `None`: the latest phase started.
    Check(Option<u8>),
    /// Dismisses the alert.
    DismissAlert,
    /// Shows the field for the kubectl context of a cluster again.
    AskContext(Target),
    /// Copies the command that applies a file to a cluster.
    Copy(String, Target),
    /// Types the kubectl context of a cluster.
    Context(Target, String),
    /// Downloads the options.
    SaveChoices,
    /// Copies a text that is not secret.
    CopyText(String),
    /// Moves the focus to the content.
    Skip,
    /// Downloads the zip.
    Download,
    /// Explains an error message; `None` if the text looked like a secret.
    Explain(Option<Message>),
    /// Changes an option.
    Form(FormChange),
    /// Moves selection or focus in the matrix.
    MatrixView(MatrixViewChange),
    /// Chooses the platform; `None` to detect it.
    Platform(Option<&'static str>),
    /// Plans again, after planning stopped the worker.
    Plan,
    /// Goes to the field of the first problem.
    ShowProblem,
    /// Downloads the script that collects files.
    Script,
    /// Chooses the page's colours.
    Theme(Theme),
    /// Builds the package of the plan.
    Make,
    /// Shows a file of the package.
    Preview(String),
    /// Closes the selected file.
    ClosePreview,
    /// Shows all fields of a loaded certificate, by its fingerprint.
    Details(String),
    /// Shows changes to files in two columns (`true`) or one.
    Beside(bool),
    /// Explains an error message that was pasted somewhere, and shows what it means.
    ExplainPasted(Message),
    /// Removes a loaded file.
    Remove(FileId),
    /// Removes all loaded files.
    RemoveAll,
    /// Withdraws the acceptance of outages.
    WithdrawOutage,
    /// Generates a sample cluster and loads it.
    Sample(&'static str),
    /// Changes the checkbox that accepts the outages.
    TickOutage(bool),
    /// Undoes the last change.
    Undo,
    /// Deletes everything.
    Wipe,
}
