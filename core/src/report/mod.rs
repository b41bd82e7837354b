//! What skins show of an inventory and of a plan: plain data, nothing secret, the same for the
//! page and for `--format json`.

mod certificate;
mod inventory;
mod plan;

use serde::{Deserialize, Serialize};

pub use self::certificate::{CertificateDetails, ExtensionReport};
pub(crate) use self::inventory::certificate_report;

use crate::{
    Finding, Standing, UnixTime,
    finding::FindingGroup,
    plan::{Acknowledged, Intent, PossibleChoices},
    profile::AuthorityId,
    render::commands::Commands,
    simulate::TrustMatrix,
    x509::KeyAlgorithm,
};

/// Everything that inspection found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryReport {
    /// The cluster's name as far as the files tell; empty where they do not.
    pub cluster: String,
    /// The profile that fits, such as `kubeadm`.
    pub platform: String,
    /// One for each control-plane node, worker, and the objects and clients, in the order of the package.
    pub holders: Vec<HolderReport>,
    /// The cluster's authorities as they are today.
    pub authorities: Vec<AuthorityReport>,
    /// Files that have no place, with the reason.
    pub unrecognised: Vec<UnrecognisedReport>,
    /// Where everyone is in a rotation that is under way.
    pub rotation: RotationReport,
    /// What is to be said about the input, most severe first.
    pub findings: Vec<Finding>,
    /// The same findings, those with one cause together.
    #[serde(default)]
    pub groups: Vec<FindingGroup>,
    /// The clusters that the files are of, where they are of several; empty otherwise.
    #[serde(default)]
    pub clusters: Vec<ClusterReport>,
    /// How many files were looked at, members of archives included.
    pub files: usize,
    /// The choices that this cluster allows.
    #[serde(default)]
    pub choices: PossibleChoices,
}

/// One of several clusters whose files were loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterReport {
    /// Its name in Cluster API; empty where it has none.
    pub name: String,
    /// Its cluster CA.
    pub authority: CertificateReport,
    /// Its nodes by name.
    pub nodes: Vec<String>,
    /// Its files, as the person named them.
    pub files: Vec<String>,
    /// The folders and files that contain all of them and nothing of another cluster.
    pub loaded_from: Vec<String>,
}

/// A rotation that is under way; empty where none is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RotationReport {
    /// The authorities that are being replaced.
    pub authorities: Vec<ReplacedReport>,
    /// Everyone who has a part in it, in the order of the package.
    pub holders: Vec<StandingReport>,
}

/// An authority that is being replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplacedReport {
    /// Which one.
    pub id: AuthorityId,
    /// Its name in words.
    pub title: String,
    /// The one that is retired.
    pub old: CertificateReport,
    /// The one that takes over.
    pub new: CertificateReport,
    /// Was the new one's private key given?
    pub new_key_present: bool,
}

/// Where someone is in a rotation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandingReport {
    /// A node's name, an object's place, or a file.
    pub name: String,
    /// `control-plane`, `worker`, `cluster`, `management` or `clients`.
    pub role: String,
    /// Where most of it stands.
    pub standing: Standing,
    /// What does not stand there; with any, the holder is out of line.
    pub out_of_line: Vec<MissingReport>,
}

/// Something that is not where it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MissingReport {
    /// Who has it: a node's name, an object's place, or a file.
    pub holder: String,
    /// `control-plane`, `worker`, `cluster`, `management` or `clients`.
    pub role: String,
    /// Absolute path on the node, or `Secret default/one-ca`.
    pub place: String,
    /// The file as the person named it.
    pub file: String,
    /// What is seen there, as a sentence without a final period.
    pub seen: String,
}

/// Whether a phase is done, as far as files tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// 1, 2 or 3.
    pub phase: u8,
    /// Is everything that was given through it?
    pub holds: bool,
    /// What is not.
    pub missing: Vec<MissingReport>,
    /// What stands in the way of an answer, and what could not be seen.
    pub findings: Vec<Finding>,
}

/// A node, or a group of objects, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HolderReport {
    /// The node's name, `cluster`, `management` or `clients`.
    pub name: String,
    /// `control-plane`, `worker`, `cluster`, `management`, `clients` or `loose`.
    pub role: String,
    /// The things it holds.
    pub slots: Vec<SlotReport>,
}

/// A recognised thing in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlotReport {
    /// The place: a path such as `/etc/kubernetes/pki/ca.crt`, or `Secret default/one-ca`.
    pub place: String,
    /// The file it came from, as the person named it.
    pub file: String,
    /// What it is, in words: `CA certificate`, `kubeconfig`, `private key`.
    pub kind: String,
    /// The certificates in it, in their order.
    pub certificates: Vec<CertificateReport>,
    /// The pins of the keys in it: all that is ever shown of a private one.
    pub keys: Vec<KeyReport>,
    /// The API server a kubeconfig points to; empty elsewhere.
    pub server: String,
}

/// A certificate as the person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateReport {
    /// Subject in encoding order, as `openssl x509 -nameopt oneline` has it.
    pub subject: String,
    /// Issuer, in the same form.
    pub issuer: String,
    /// Subject alternative names as `DNS:name` and `IP:address`.
    pub alternative_names: Vec<String>,
    /// Such as `RSA 2048` or `ECDSA P-256`.
    pub key_type: String,
    /// Serial number in hexadecimal.
    pub serial: String,
    /// First second of its life.
    pub not_before: UnixTime,
    /// Last second of its life.
    pub not_after: UnixTime,
    /// May it sign others (basicConstraints)?
    pub authority: bool,
    /// Who signed it, found by key and signature: the signer's subject and fingerprint; empty if none is here.
    pub signed_by: String,
    /// SHA-256 of its DER, in upper case hexadecimal with colons, as `openssl x509 -fingerprint -sha256` has it.
    pub fingerprint: String,
    /// `sha256:` and the hexadecimal SHA-256 of its public key (kubeadm's discovery hash).
    pub pin: String,
    /// Subject key identifier in hexadecimal; empty if it has none.
    pub subject_key_id: String,
    /// Authority key identifier in hexadecimal; empty if it has none.
    pub authority_key_id: String,
    /// Such as `SHA-256 with RSA`.
    pub signature_algorithm: String,
}

/// A key, by its pin alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyReport {
    /// Such as `RSA 2048`.
    pub key_type: String,
    /// `sha256:` and the hexadecimal SHA-256 of the public half.
    pub pin: String,
}

/// One of the cluster's authorities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorityReport {
    /// Which one.
    pub id: AuthorityId,
    /// Its name in words: `Cluster CA`.
    pub title: String,
    /// The certificate that signs today.
    pub certificate: CertificateReport,
    /// Was its private key given?
    pub key_present: bool,
    /// Can it be rotated here?
    pub rotates: bool,
    /// The key of a successor of the same type; `None` where that type is not made here.
    pub same_key_algorithm: Option<KeyAlgorithm>,
    /// The common name that a successor gets unless another is asked for.
    pub successor_name: String,
}

/// A file without a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnrecognisedReport {
    /// The file as the person named it.
    pub file: String,
    /// Why it has no place.
    pub reason: String,
}

/// A plan, before anything is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanReport {
    /// The package's name: `airlock-<cluster>-<yyyymmdd>`.
    pub package: String,
    /// Why the package is made.
    #[serde(default)]
    pub intent: Intent,
    /// What each rotated authority is replaced by.
    pub authorities: Vec<SuccessorReport>,
    /// The keys to be made, in words, in the order of the plan's key requests.
    pub keys: Vec<KeyRequestReport>,
    /// The steps, in order.
    pub steps: Vec<StepReport>,
    /// What is to be said about the plan; [`finding::group`](crate::finding::group) puts those with one cause together.
    pub findings: Vec<Finding>,
    /// The dependencies on a rotated CA that the package does not handle, each acknowledged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acknowledged: Vec<Acknowledged>,
}

/// An authority and its successor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SuccessorReport {
    /// Which one.
    pub id: AuthorityId,
    /// Its name in words.
    pub title: String,
    /// Subject of the old certificate.
    pub old_subject: String,
    /// Subject of the new one.
    pub new_subject: String,
    /// Key type of the new one.
    pub key_type: String,
    /// First second of the new one's life.
    pub not_before: UnixTime,
    /// Last second of the new one's life.
    pub not_after: UnixTime,
    /// Was it brought along rather than made here?
    pub brought: bool,
    /// Is it in the cluster already, since a rotation is under way?
    #[serde(default)]
    pub under_way: bool,
    /// Where its private key goes: `control-plane nodes` or `ca-keys/`; empty where it is not here.
    pub key_home: String,
}

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyRequestReport {
    /// Whose key, in words: `cp1: apiserver`.
    pub owner: String,
    /// What kind of key.
    pub algorithm: KeyAlgorithm,
}

/// One step, as the person reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    /// Its id, unique in the plan, such as `1-cp1`.
    pub id: String,
    /// 1, 2 or 3.
    pub phase: u8,
    /// `<node>`, `workers`, `cluster`, `management` or `clients`.
    pub holder: String,
    /// What is done, in words.
    pub title: String,
    /// What is changed.
    pub edits: Vec<EditReport>,
    /// What is restarted, in words.
    pub restarts: Vec<String>,
    /// What must be true before the next step.
    pub gate: String,
    /// The step's commands.
    #[serde(default)]
    pub commands: StepCommands,
}

/// The commands of a step, on its holder, in the root of the unpacked package; each empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepCommands {
    /// Makes the change.
    pub run: String,
    /// Checks whether it took effect.
    pub check: String,
    /// Rolls it back.
    pub undo: String,
}

impl From<Commands> for StepCommands {
    fn from(Commands { run, gate, undo }: Commands) -> Self {
        Self { run, check: gate, undo }
    }
}

/// One file or object changed by a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EditReport {
    /// Where it lies on its holder.
    pub target: String,
    /// What it is before, in words: `old CA`.
    pub before: String,
    /// What it is afterwards, in words: `old CA, new CA`.
    pub after: String,
    /// The file in the package that holds it; empty for removals.
    pub output: String,
}

/// The package's files, before the download. Content is asked for file by file: [`FilePreview`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackageReport {
    /// The package's name: `airlock-<cluster>-<yyyymmdd>`.
    pub name: String,
    /// Every file, in the order of the archive.
    pub files: Vec<OutputFileReport>,
    /// What was predicted of every handshake.
    pub matrix: TrustMatrix,
}

/// A file of the package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputFileReport {
    /// Path below the package's root.
    pub path: String,
    /// Unix permission bits.
    pub mode: u32,
    /// Size in bytes.
    pub size: usize,
    /// SHA-256 in lower case hexadecimal.
    pub sha256: String,
    /// Does it hold a private key?
    pub secret: bool,
    /// 1, 2, 3; 0 for the backup and for files of the whole package.
    pub phase: u8,
    /// `<node>`, `workers`, `cluster`, `management`, `clients`; empty for files of the whole package.
    pub holder: String,
    /// What it is for, in words.
    pub purpose: String,
    /// Is it an object for `kubectl apply`, which can be copied as a whole command?
    pub appliable: bool,
}

/// A file of the package beside what was there, private keys replaced by their pins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FilePreview {
    /// Path below the package's root.
    pub path: String,
    /// The file it replaces, as the person named it; empty if there was none.
    pub replaces: String,
    /// The lines, those removed and those added among them.
    pub lines: Vec<PreviewLine>,
    /// The certificates in the file that it replaces, in their order.
    #[serde(default)]
    pub before: Vec<CertificateReport>,
    /// The certificates in it, in their order.
    #[serde(default)]
    pub after: Vec<CertificateReport>,
}

/// One line of a [`FilePreview`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewLine {
    /// What becomes of it.
    pub change: LineChange,
    /// The text, without its line end.
    pub text: String,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)] // as in every difference
pub enum LineChange {
    /// New in the package's file.
    Added,
    /// The same as before.
    Kept,
    /// Only in the file before.
    Removed,
}
