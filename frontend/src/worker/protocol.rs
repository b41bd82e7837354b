//! Messages between page and workers.
//!
//! Messages are JSON, with bytes, files and ports as attachments. A private key is sent from a key
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

/// A worker's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Holds the files, the plan, the keys and the package.
    Core,
    /// Generates one key at a time.
    Key,
}

impl Role {
    /// The worker's name, which the browser's developer tools show.
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

/// A file for the core worker to load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileTicket {
    /// Its id.
    pub id: FileId,
    /// Its path, as shown to the person.
    pub path: String,
    /// How its content is sent.
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
    /// Files of a later request, in order; the rest are attached to that request.
    Ahead {
        /// The request's id.
        id: u32,
    },
    /// A request; its reply is a [`FromCore`] with the same id.
    Ask {
        /// The request's id.
        id: u32,
        /// The request.
        ask: Ask,
    },
    /// The attached port receives a key worker's keys.
    KeyPort,
}

/// A request to the core worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Ask {
    /// Adds files, removes others, and inspects the result.
    Inspect {
        /// New files; the blobs of [`FileBody::Attached`] are attached in this order.
        add: Vec<FileTicket>,
        /// Files to remove.
        remove: Vec<FileId>,
        /// The platform that the person chose; `None` to detect it from the files.
        platform: Option<String>,
        /// The time of the person's computer.
        now: UnixTime,
    },
    /// Generates a sample cluster; the reply has its archive attached.
    Sample {
        /// Its id ([`airlock_core::sample`]).
        id: String,
        /// The time of the person's computer.
        now: UnixTime,
    },
    /// Decrypts files with the attached password, and inspects all.
    Unlock {
        /// The time of the person's computer.
        now: UnixTime,
    },
    /// Checks whether a phase is complete.
    Check {
        /// 1, 2 or 3; `None` for the latest phase started.
        phase: Option<u8>,
    },
    /// Plans a rotation.
    Plan {
        /// The options.
        request: RotationRequest,
        /// The time of the person's computer.
        now: UnixTime,
    },
    /// Predicts what the plan would break, with certificates for temporary keys. The build simulates its own again.
    Predict,
    /// Builds certificates and package as soon as every key of the plan has arrived.
    Make {
        /// Distinguishes this build's keys from those of a cancelled one.
        run: u32,
    },
    /// Cancels the build and discards its keys.
    Cancel,
    /// Deletes everything.
    Wipe,
    /// All fields of a loaded certificate.
    Details {
        /// Its fingerprint, as in the inventory.
        fingerprint: String,
    },
    /// A file of the package, without private keys.
    Preview {
        /// Its path in the package.
        path: String,
    },
    /// The command that applies a file of the package; the reply has the text attached.
    Command {
        /// Its path in the package.
        path: String,
        /// The kubectl context; empty for the current one.
        context: String,
    },
    /// The package; the reply has the zip attached.
    Archive,
    /// Runs the self-tests.
    Test,
}

/// From a worker to the page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum FromWorker<T> {
    /// The worker is ready. Earlier messages are lost.
    Ready,
    /// A message of this worker.
    Says(T),
    /// The worker panicked, and stops.
    Panicked {
        /// Source file and line. Never the message, which might quote a file.
        location: String,
    },
}

/// The core worker's reply to a request. Texts and archives are attached as a blob.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FromCore {
    /// The request's id.
    pub id: u32,
    /// The reply.
    pub reply: Reply,
}

/// The core worker's replies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// To [`Ask::Inspect`]: the inventory, and the sizes of the new files in the request's order, in bytes.
    Inventory(InventoryReport, Vec<u64>),
    /// To [`Ask::Unlock`].
    Unlocked {
        /// The inventory.
        inventory: InventoryReport,
        /// Did the password decrypt anything? Then it is kept for later files.
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
    /// To [`Ask::Plan`], if no plan is possible.
    Refused(Vec<Finding>),
    /// To [`Ask::Predict`]: the first connection that breaks, and the matrix; `None` if none does, or if unknown.
    Predicted(Option<(Finding, TrustMatrix)>),
    /// To [`Ask::Make`]: the package, and the new CAs in the plan's order.
    Package(PackageReport, Vec<CertificateReport>),
    /// To [`Ask::Make`], if the rotation would break a connection: which, and the matrix.
    Broken(Finding, TrustMatrix),
    /// To [`Ask::Make`] after a cancellation, and to [`Ask::Cancel`].
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
    /// The request failed; the reason, as a sentence.
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

/// A key to generate; sent back to the page once the key is on its way to the core worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyTicket {
    /// The build that needs it.
    pub run: u32,
    /// Its index among the plan's key requests.
    pub index: usize,
    /// The type of key.
    pub algorithm: KeyAlgorithm,
}
