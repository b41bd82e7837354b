//! Plain data for page, command line and JSON.

use serde::{Deserialize, Serialize};

use crate::{
    finding::{Finding, FindingGroup},
    inventory::Standing,
    plan::{Acknowledged, Intent, PossibleChoices},
    profile::AuthorityId,
    render::commands::Commands,
    simulate::TrustMatrix,
    time::UnixTime,
    x509::KeyAlgorithm,
};

/// The result of inspection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryReport {
    /// The cluster's name; empty if the files do not contain it.
    pub cluster: String,
    /// The platform's id, such as `kubeadm`.
    pub platform: String,
    /// Each control-plane node and worker, and the objects and clients, in the order of the package.
    pub holders: Vec<HolderReport>,
    /// The cluster's current CAs.
    pub authorities: Vec<AuthorityReport>,
    /// Files that were not recognised, with the reason.
    pub unrecognised: Vec<UnrecognisedReport>,
    /// The progress of a rotation.
    pub rotation: RotationReport,
    /// Findings about the input, most severe first.
    pub findings: Vec<Finding>,
    /// The same findings, grouped by cause.
    #[serde(default)]
    pub groups: Vec<FindingGroup>,
    /// The clusters of the files, if there are several; empty otherwise.
    #[serde(default)]
    pub clusters: Vec<ClusterReport>,
    /// The number of files read, including members of archives.
    pub files: usize,
    /// The choices that this cluster allows.
    #[serde(default)]
    pub choices: PossibleChoices,
}

/// One of several clusters in the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterReport {
    /// Its name in Cluster API; empty if it has none.
    pub name: String,
    /// Its cluster CA.
    pub authority: CertificateReport,
    /// The names of its nodes.
    pub nodes: Vec<String>,
    /// Its files, by their names in the input.
    pub files: Vec<String>,
    /// The folders and files that contain all of its files, and none of another cluster.
    pub loaded_from: Vec<String>,
}

/// A rotation in progress; empty if there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RotationReport {
    /// The CAs that are being replaced.
    pub authorities: Vec<ReplacedReport>,
    /// All holders that take part, in the order of the package.
    pub holders: Vec<StandingReport>,
}

/// A CA that is being replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplacedReport {
    /// The CA.
    pub id: AuthorityId,
    /// The display name.
    pub title: String,
    /// The old CA.
    pub old: CertificateReport,
    /// The new CA.
    pub new: CertificateReport,
    /// Whether the new CA's private key was provided.
    pub new_key_present: bool,
}

/// A holder's progress in a rotation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandingReport {
    /// The name of a node, an object or a file.
    pub name: String,
    /// `control-plane`, `worker`, `cluster`, `management` or `clients`.
    pub role: String,
    /// The state of most of its files and objects.
    pub standing: Standing,
    /// Files and objects in another state. If there are any, the holder is inconsistent.
    pub out_of_line: Vec<MissingReport>,
}

/// A file or object that is not in the expected state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MissingReport {
    /// Its holder: the name of a node, an object or a file.
    pub holder: String,
    /// `control-plane`, `worker`, `cluster`, `management` or `clients`.
    pub role: String,
    /// Absolute path on the node, or `Secret default/one-ca`.
    pub place: String,
    /// The file's name in the input.
    pub file: String,
    /// The observed state, as a sentence without a final period.
    pub seen: String,
}

/// Whether a phase is complete, as far as files show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// 1, 2 or 3.
    pub phase: u8,
    /// Whether all provided files have completed it.
    pub holds: bool,
    /// Files and objects that have not.
    pub missing: Vec<MissingReport>,
    /// Errors that prevent an answer, and what could not be checked.
    pub findings: Vec<Finding>,
}

/// A holder: a node, or a group of objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HolderReport {
    /// The node's name, `cluster`, `management` or `clients`.
    pub name: String,
    /// `control-plane`, `worker`, `cluster`, `management`, `clients` or `loose`.
    pub role: String,
    /// Its files and objects.
    pub slots: Vec<SlotReport>,
}

/// A recognised file or object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlotReport {
    /// Its path, such as `/etc/kubernetes/pki/ca.crt`, or its name, such as `Secret default/one-ca`.
    pub place: String,
    /// The file's name in the input.
    pub file: String,
    /// Its type as text: `CA certificate`, `kubeconfig`, `private key`.
    pub kind: String,
    /// The certificates in it, in order.
    pub certificates: Vec<CertificateReport>,
    /// The public key pins of the keys in it. Nothing else of a private key is reported.
    pub keys: Vec<KeyReport>,
    /// The API server URL of a kubeconfig; otherwise empty.
    pub server: String,
}

/// A certificate for display.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateReport {
    /// Subject in encoding order, in the format of `openssl x509 -nameopt oneline`.
    pub subject: String,
    /// Issuer, in the same format.
    pub issuer: String,
    /// Subject alternative names as `DNS:name` and `IP:address`.
    pub alternative_names: Vec<String>,
    /// Such as `RSA 2048` or `ECDSA P-256`.
    pub key_type: String,
    /// Serial number in hexadecimal.
    pub serial: String,
    /// First second of its validity.
    pub not_before: UnixTime,
    /// Last second of its validity.
    pub not_after: UnixTime,
    /// Whether it is a CA (basicConstraints).
    pub authority: bool,
    /// The issuer, found by key and signature: its subject and fingerprint; empty if it is not in the input.
    pub signed_by: String,
    /// SHA-256 of its DER, in upper case hexadecimal with colons, in the format of `openssl x509 -fingerprint -sha256`.
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

/// A key, identified by its public key pin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyReport {
    /// Such as `RSA 2048`.
    pub key_type: String,
    /// `sha256:` and the hexadecimal SHA-256 of the public key.
    pub pin: String,
}

/// A CA of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorityReport {
    /// The CA.
    pub id: AuthorityId,
    /// The display name: `Cluster CA`.
    pub title: String,
    /// The current signing certificate.
    pub certificate: CertificateReport,
    /// Whether its private key was provided.
    pub key_present: bool,
    /// Whether Airlock can rotate it.
    pub rotates: bool,
    /// The algorithm for a new CA key of the same type; `None` if Airlock does not generate that type.
    pub same_key_algorithm: Option<KeyAlgorithm>,
    /// The default common name of the new CA.
    pub successor_name: String,
}

/// A file that was not recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnrecognisedReport {
    /// The file's name in the input.
    pub file: String,
    /// Why it was not recognised.
    pub reason: String,
}

/// A plan, before keys are generated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanReport {
    /// The package's name: `airlock-<cluster>-<yyyymmdd>`.
    pub package: String,
    /// Why the package is made.
    #[serde(default)]
    pub intent: Intent,
    /// The old and new CAs.
    pub authorities: Vec<SuccessorReport>,
    /// The keys to generate, in the order of the plan's key requests.
    pub keys: Vec<KeyRequestReport>,
    /// The steps, in order.
    pub steps: Vec<StepReport>,
    /// Findings about the plan; [`finding::group`](crate::finding::group) groups them by cause.
    pub findings: Vec<Finding>,
    /// The dependencies on a rotated CA that the package does not handle, each acknowledged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acknowledged: Vec<Acknowledged>,
}

/// An old CA and its new CA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SuccessorReport {
    /// The CA.
    pub id: AuthorityId,
    /// The display name.
    pub title: String,
    /// Subject of the old certificate.
    pub old_subject: String,
    /// Subject of the new one.
    pub new_subject: String,
    /// Key type of the new one.
    pub key_type: String,
    /// First second of the new one's validity.
    pub not_before: UnixTime,
    /// Last second of the new one's validity.
    pub not_after: UnixTime,
    /// Whether it was imported rather than generated.
    pub brought: bool,
    /// Whether it is already in the cluster, because a rotation is in progress.
    #[serde(default)]
    pub under_way: bool,
    /// Where its private key is stored: `control-plane nodes` or `ca-keys/`; empty for an external CA.
    pub key_home: String,
}

/// A key to generate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyRequestReport {
    /// The owner of the key as text: `cp1: apiserver`.
    pub owner: String,
    /// The algorithm.
    pub algorithm: KeyAlgorithm,
}

/// A step, for display.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    /// Its id, unique in the plan, such as `1-cp1`.
    pub id: String,
    /// 1, 2 or 3.
    pub phase: u8,
    /// `<node>`, `workers`, `cluster`, `management` or `clients`.
    pub holder: String,
    /// The action, as text.
    pub title: String,
    /// The changed files and objects.
    pub edits: Vec<EditReport>,
    /// The restarted processes, as text.
    pub restarts: Vec<String>,
    /// The condition for the next step.
    pub gate: String,
    /// The step's commands.
    #[serde(default)]
    pub commands: StepCommands,
}

/// The commands of a step, to run on its holder in the root folder of the unpacked package. Empty if there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepCommands {
    /// Applies the change.
    pub run: String,
    /// Checks whether the change has taken effect.
    pub check: String,
    /// Rolls the change back.
    pub undo: String,
}

impl From<Commands> for StepCommands {
    fn from(Commands { run, gate, undo }: Commands) -> Self {
        Self { run, check: gate, undo }
    }
}

/// A file or object that a step changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EditReport {
    /// Its path or name on the holder.
    pub target: String,
    /// The content before, as text: `old CA`.
    pub before: String,
    /// The content after, as text: `old CA, new CA`.
    pub after: String,
    /// The file in the package with the new content; empty for removals.
    pub output: String,
}

/// The package's files, before the download. Contents are requested one at a time: [`FilePreview`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackageReport {
    /// The package's name: `airlock-<cluster>-<yyyymmdd>`.
    pub name: String,
    /// All files, in the order of the archive.
    pub files: Vec<OutputFileReport>,
    /// The predicted result of every TLS handshake.
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
    /// Whether it contains a private key.
    pub secret: bool,
    /// 1, 2, 3; 0 for the backup and for files of the whole package.
    pub phase: u8,
    /// `<node>`, `workers`, `cluster`, `management`, `clients`; empty for files of the whole package.
    pub holder: String,
    /// Its purpose, as text.
    pub purpose: String,
    /// Whether it is an object for `kubectl apply`, which can be copied as a complete command.
    pub appliable: bool,
}

/// A file of the package compared with the file that it replaces. Private keys are replaced by their public key pins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FilePreview {
    /// Path below the package's root.
    pub path: String,
    /// The name in the input of the file that it replaces; empty if there is none.
    pub replaces: String,
    /// The lines, including removed and added ones.
    pub lines: Vec<PreviewLine>,
    /// The certificates in the replaced file, in order.
    #[serde(default)]
    pub before: Vec<CertificateReport>,
    /// The certificates in the new file, in order.
    #[serde(default)]
    pub after: Vec<CertificateReport>,
}

/// One line of a [`FilePreview`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewLine {
    /// Whether the line was added, kept or removed.
    pub change: LineChange,
    /// The text, without its line ending.
    pub text: String,
}

/// The change of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)] // all cases of a line diff
pub enum LineChange {
    /// Only in the package's file.
    Added,
    /// In both files.
    Kept,
    /// Only in the replaced file.
    Removed,
}
