//! What page and workers say to each other.
//!
//! Messages are JSON; bytes, files and ports travel beside them. A private key travels from a key
//! worker to the core worker and nowhere else.

use airlock_core::{
    Finding, UnixTime,
    plan::request::RotationRequest,
    report::{
        CertificateDetails, CertificateReport, CheckReport, FilePreview, InventoryReport, PackageReport, PlanReport,
    },
    simulate::TrustMatrix,
    x509::KeyAlgorithm,
};
use serde::{Deserialize, Serialize};

use crate::state::{checks::SelfTest, work::FileId};

/// What a worker is for; its name in the browser's tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Holds the files, the plan, the keys and the package.
    Core,
    /// Makes one key at a time.
    Key,
}

impl Role {
    /// The worker's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Key => "key",
        }
    }

    /// The role of a worker of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Core, Self::Key].into_iter().find(|role| role.name() == name)
    }
}

/// A file that the core worker is to take in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileTicket {
    /// Its id.
    pub id: FileId,
    /// Its path as the person knows it.
    pub path: String,
    /// How its content comes.
    pub body: FileBody,
}

/// How a file's content reaches the core worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileBody {
    /// The next of the attached blobs, which the worker reads and measures itself.
    Attached,
    /// Not at all: the browser could not read it.
    Unreadable(String),
}

/// From the page to the core worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ToCore {
    /// Some of the files of the question with this id, ahead of it and in their order; the others come with it.
    Ahead {
        /// Which question they belong to.
        id: u32,
    },
    /// A question, answered by a [`FromCore`] with the same id.
    Ask {
        /// Which question this is.
        id: u32,
        /// The question.
        ask: Ask,
    },
    /// The attached port is where a key worker's keys will come in.
    KeyPort,
}

/// A question to the core worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Ask {
    /// Take files in, drop others, inspect all that are there then.
    Inspect {
        /// New files; blobs attached in the order of those that have one.
        add: Vec<FileTicket>,
        /// Files to drop.
        remove: Vec<FileId>,
        /// The platform that the person says; `None` to have it told from the files.
        platform: Option<String>,
        /// The person's clock.
        now: UnixTime,
    },
    /// Make the sample cluster of that name; it comes as a blob.
    Sample {
        /// Its name ([`airlock_core::sample`]).
        id: String,
        /// The person's clock.
        now: UnixTime,
    },
    /// Open what is encrypted with the attached password, and inspect all that is there.
    Unlock {
        /// The person's clock.
        now: UnixTime,
    },
    /// Say whether a phase is done.
    Check {
        /// 1, 2 or 3; `None` for the furthest that anyone has begun.
        phase: Option<u8>,
    },
    /// Plan a rotation.
    Plan {
        /// The person's choices.
        request: RotationRequest,
        /// The person's clock.
        now: UnixTime,
    },
    /// Say what the plan would break, by certificates for temporary keys. The build judges again, by its own.
    Predict,
    /// Make certificates and package as soon as every key of the plan has come in.
    Make {
        /// Tells this run's keys from those of an abandoned one.
        run: u32,
    },
    /// Forget the run and its keys.
    Cancel,
    /// Forget everything.
    Wipe,
    /// All fields of a loaded certificate.
    Details {
        /// Its fingerprint, as the inventory has it.
        fingerprint: String,
    },
    /// A file of the package, keys hidden.
    Preview {
        /// Its path in the package.
        path: String,
    },
    /// The command that applies a file of the package; the text comes as a blob.
    Command {
        /// Its path in the package.
        path: String,
        /// The kubectl context; empty for the current one.
        context: String,
    },
    /// The package; it comes as a blob.
    Archive,
    /// Try whether randomness and signatures work here.
    Test,
}

/// From a worker to the page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum FromWorker<T> {
    /// The worker listens. What is sent before is lost.
    Ready,
    /// What this worker has to say.
    Says(T),
    /// A bug: the worker stops here.
    Panicked {
        /// Source file and line. Never the message, which might quote a file.
        location: String,
    },
}

/// What the core worker says: the answer to a question. Texts and archives are attached as a blob.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FromCore {
    /// Which question.
    pub id: u32,
    /// The answer.
    pub reply: Reply,
}

/// The core worker's answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// To [`Ask::Inspect`]: what is there now, and the sizes of the new files in the question's order, in bytes.
    Inventory(InventoryReport, Vec<u64>),
    /// To [`Ask::Unlock`].
    Unlocked {
        /// What is there now.
        inventory: InventoryReport,
        /// Did the password open anything? Then it is kept for files that come later.
        opened: bool,
    },
    /// To [`Ask::Sample`]; the archive is attached.
    Sample {
        /// The file's name.
        name: String,
    },
    /// To [`Ask::Check`].
    Checked(CheckReport),
    /// To [`Ask::Plan`].
    Plan(PlanReport),
    /// To [`Ask::Plan`], where there is none.
    Refused(Vec<Finding>),
    /// To [`Ask::Predict`]: the connection that breaks first, and all that was predicted; `None` if none does, or nobody can tell yet.
    Predicted(Option<(Finding, TrustMatrix)>),
    /// To [`Ask::Make`]: the package, and the new authorities in the plan's order.
    Package(PackageReport, Vec<CertificateReport>),
    /// To [`Ask::Make`], where the rotation would break an edge: which, and all that was predicted.
    Broken(Finding, TrustMatrix),
    /// To [`Ask::Make`] once it was cancelled, and to [`Ask::Cancel`].
    Cancelled,
    /// To [`Ask::Wipe`].
    Wiped,
    /// To [`Ask::Details`].
    Details(CertificateDetails),
    /// To [`Ask::Preview`].
    Preview(FilePreview),
    /// To [`Ask::Command`]; the text is attached.
    Command,
    /// To [`Ask::Archive`]; the zip is attached.
    Archive {
        /// The file's name.
        name: String,
        /// SHA-256 of the zip in lower case hexadecimal.
        sha256: String,
    },
    /// To [`Ask::Test`].
    Tested(SelfTest),
    /// The question could not be answered; why, as a sentence.
    Failed(String),
}

/// From the page to a key worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ToKey {
    /// The attached port leads to the core worker.
    CorePort,
    /// Make a key.
    Make(KeyTicket),
}

/// A key that is to be made; said back to the page once it is made and on its way to the core worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyTicket {
    /// Which run it is for.
    pub run: u32,
    /// Its place among the plan's key requests.
    pub index: usize,
    /// What kind of key.
    pub algorithm: KeyAlgorithm,
}
