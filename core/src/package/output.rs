//! The files of a package.

use std::{collections::BTreeMap, fmt};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    plan::{Action, Edit, Holder, RotationPlan, Source},
    render::{RenderError, commands},
    report::{OutputFileReport, PackageReport},
    simulate::{Broken, TrustMatrix},
    text::{hex, shell::quote},
};

/// Every file of a package, in the order of the archive.
pub struct OutputFiles {
    pub(super) name: String,
    pub(super) files: BTreeMap<String, OutputFile>,
    pub(super) matrix: TrustMatrix,
}

/// A file of a package.
#[non_exhaustive]
pub struct OutputFile {
    /// Path below the package's root.
    pub path: String,
    /// Unix permission bits.
    pub mode: u32,
    /// Its content, wiped when dropped.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Does it hold a private key?
    pub secret: bool,
    /// 1, 2 or 3; 0 for the backup and for files of the whole package.
    pub phase: u8,
    /// `<node>`, `workers`, `cluster`, `management`, `clients`; empty for files of the whole package.
    pub holder: String,
    /// What it is for, in words.
    pub purpose: String,
    pub(super) replaces: Option<Source>,
    pub(super) appliable: bool,
}

/// Why a file could not be written. The plan checks all of this, so it should not come up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// A given file cannot be changed in place.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// Two files of the package would have the same path.
    #[error("the package would hold {0} twice")]
    Twice(String),
    /// Something would stop talking, or something would go on being accepted that must not be.
    #[error("this rotation is refused: {0}; {remedy}", remedy = .0.remedy)]
    Broken(Box<Broken>),
}

/// Every edit that a file of the package carries out, with its step.
pub(crate) fn edits(plan: &RotationPlan) -> impl Iterator<Item = (&crate::plan::Step, &Edit)> {
    plan.steps.iter().flat_map(|step| {
        step.actions.iter().filter_map(move |action| match action {
            Action::Write(edit) => Some((step, edit)),
            _ => None,
        })
    })
}

impl OutputFile {
    /// A public file that belongs to no phase and no holder.
    pub(super) fn whole(path: String, mode: u32, bytes: Zeroizing<Vec<u8>>, purpose: String) -> Self {
        Self {
            path,
            mode,
            bytes,
            secret: false,
            phase: 0,
            holder: String::new(),
            purpose,
            replaces: None,
            appliable: false,
        }
    }

    /// SHA-256 of its content, in lower case hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> String {
        hex::lower(&Sha256::digest(self.bytes.as_slice()))
    }
}

/// Names the file and its size, never its content.
impl fmt::Debug for OutputFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutputFile({}, {:o}, {} bytes)", self.path, self.mode, self.bytes.len())
    }
}

/// Names the package and counts its files.
impl fmt::Debug for OutputFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutputFiles({}, {} files)", self.name, self.files.len())
    }
}

impl OutputFiles {
    pub(super) fn add(&mut self, file: OutputFile) -> Result<(), PackageError> {
        let path = file.path.clone();
        match self.files.insert(path.clone(), file) {
            None => Ok(()),
            Some(_) => Err(PackageError::Twice(path)),
        }
    }

    /// The package's name, which is the folder it unpacks to: `airlock-<cluster>-<yyyymmdd>`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every file, by path.
    pub fn files(&self) -> impl Iterator<Item = &OutputFile> {
        self.files.values()
    }

    /// What was predicted of every handshake.
    #[must_use]
    pub fn matrix(&self) -> &TrustMatrix {
        &self.matrix
    }

    /// What the package holds, without the content.
    #[must_use]
    pub fn report(&self) -> PackageReport {
        let files = self.files().map(|file| OutputFileReport {
            path: file.path.clone(),
            mode: file.mode,
            size: file.bytes.len(),
            sha256: file.sha256(),
            secret: file.secret,
            phase: file.phase,
            holder: file.holder.clone(),
            purpose: file.purpose.clone(),
            appliable: file.appliable,
        });
        PackageReport { name: self.name.clone(), files: files.collect(), matrix: self.matrix.clone() }
    }

    /// An object of the package as one command to paste into a terminal; `None` if the path names no object.
    ///
    /// The first line of the object is a YAML comment that says which cluster it is for: unlike a comment of the shell, it is
    /// one in every shell. `context` is the kubectl context of that cluster, quoted for a POSIX shell; empty for kubectl's
    /// current context.
    ///
    /// On the client `kubectl apply` would copy the object, key and all, into an annotation: hence `--server-side`.
    #[must_use]
    pub fn apply_command(&self, path: &str, context: &str) -> Option<Zeroizing<String>> {
        let file = self.files.get(path).filter(|file| file.appliable)?;
        let object = std::str::from_utf8(&file.bytes).ok()?;
        // The API server refuses every change of an immutable object.
        let immutable = object.lines().any(|line| line == "immutable: true");
        let command = if immutable { commands::REPLACE } else { commands::APPLY };
        let context = match context.trim() {
            "" => String::new(),
            name => format!(" --context {}", quote(name)),
        };
        let cluster = if file.holder == Holder::Management.to_string() { "management" } else { "workload" };
        Some(Zeroizing::new(format!("{command}{context} -f - <<'EOF'\n# For the {cluster} cluster.\n{object}EOF\n")))
    }

    /// `SHA256SUMS`: every file but itself.
    pub(super) fn checksums(&self) -> String {
        self.files().map(|file| format!("{}  {}\n", file.sha256(), file.path)).collect()
    }
}
