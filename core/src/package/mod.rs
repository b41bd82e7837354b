//! A minted plan becomes files: what lies where, with which mode, and what it is for.

mod archive;
mod backup;
mod manifest;
mod preview;
mod runbook;
mod scripts;

use std::{collections::BTreeMap, fmt, sync::Arc};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use self::archive::archive;
pub(crate) use self::archive::zip;

use crate::{
    mint::Minted,
    plan::{Action, Content, Edit, Holder, KeyHome, RotationPlan, Source, Succession, request_path},
    render::{RenderError, Renderer, commands},
    report::{OutputFileReport, PackageReport},
    simulate::{Broken, TrustMatrix, simulate},
    text::{hex, shell::quote},
};

/// Every file of a package, in the order of the archive.
pub struct OutputFiles {
    name: String,
    files: BTreeMap<String, OutputFile>,
    matrix: TrustMatrix,
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
    replaces: Option<Source>,
    appliable: bool,
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

/// Proves the rotation, and writes every file of the package.
///
/// # Errors
/// A [`PackageError`] if an edge would break whose outage was not accepted, or if a given file cannot be changed in place.
pub fn package(plan: &RotationPlan, minted: &Minted) -> Result<OutputFiles, PackageError> {
    let matrix = simulate(plan, minted)?;
    match matrix.refusal(plan.accept_outage) {
        Some(broken) => Err(PackageError::Broken(Box::new(broken))),
        None => write(plan, minted, matrix),
    }
}

/// Writes every file of a package, whatever `matrix` says.
pub(crate) fn write(plan: &RotationPlan, minted: &Minted, matrix: TrustMatrix) -> Result<OutputFiles, PackageError> {
    let mut output = OutputFiles { name: plan.name.clone(), files: BTreeMap::new(), matrix };
    let renderer = Renderer { minted, plan };
    for (step, edit) in edits(plan).filter(|(_, edit)| !edit.output.is_empty()) {
        let bytes = renderer.bytes(&edit.content)?;
        let purpose = format!("{}: {} → {}", edit.target, edit.before, edit.after);
        output.add(OutputFile {
            path: edit.output.clone(),
            mode: edit.mode,
            secret: renderer.is_secret(&edit.content),
            bytes,
            phase: step.phase.number(),
            holder: step.place().to_string(),
            purpose,
            replaces: replaced(edit),
            appliable: matches!(edit.content, Content::Object(_)),
        })?;
    }
    let elsewhere = |succession: &&Succession| succession.key_home != KeyHome::Nodes && succession.has_key();
    for succession in plan.successions.values().filter(elsewhere) {
        let (certificate, key) = renderer.authority_files(succession);
        let name = succession.base_name(plan.profile);
        let purpose = format!("the new {}, for where the old key is kept", succession.title);
        output.add(OutputFile::whole(format!("ca-keys/{name}.crt"), 0o644, certificate, purpose.clone()))?;
        output.add(OutputFile {
            secret: true,
            ..OutputFile::whole(format!("ca-keys/{name}.key"), 0o600, key, purpose)
        })?;
    }
    for (replacement, minted) in plan.requests.iter().zip(&minted.requests) {
        let path = request_path(&replacement.owner);
        let request = Zeroizing::new(minted.request.clone().into_bytes());
        let purpose = format!("the signing request of {}", replacement.owner);
        output.add(OutputFile::whole(format!("{path}.csr"), 0o644, request, purpose))?;
        let key = Zeroizing::new(minted.key.to_pem().as_bytes().to_vec());
        let purpose = format!("the private key of {}, until its certificate is there", replacement.owner);
        let key = OutputFile { secret: true, ..OutputFile::whole(format!("{path}.key"), 0o600, key, purpose) };
        output.add(key)?;
    }
    for file in backup::files(plan) {
        output.add(file)?;
    }
    for script in scripts::scripts(plan, &renderer, &output) {
        output.add(script)?;
    }
    let text = |text: String| Zeroizing::new(text.into_bytes());
    let runbook = runbook::runbook(plan, minted, &output.matrix);
    output.add(OutputFile::whole("RUNBOOK.md".into(), 0o644, text(runbook), "what to do, step by step".into()))?;
    let readme = runbook::readme(plan);
    output.add(OutputFile::whole("README.txt".into(), 0o644, text(readme), "what this package is".into()))?;
    let manifest = manifest::manifest(plan, minted, &output);
    output.add(OutputFile::whole("manifest.json".into(), 0o644, text(manifest), "the package for machines".into()))?;
    let sums = output.checksums();
    output.add(OutputFile::whole("SHA256SUMS".into(), 0o644, text(sums), "checked with sha256sum -c".into()))?;
    Ok(output)
}

/// What a file is compared with: an object with itself as it was given, not with the whole list it came in.
fn replaced(edit: &Edit) -> Option<Source> {
    let Content::Object(change) = &edit.content else { return edit.source.clone() };
    let Some(stored) = change.stored() else {
        return edit.source.clone();
    };
    let yaml = stored.object.to_yaml();
    Some(Source { file: stored.file.clone(), bytes: Arc::new(Zeroizing::new(yaml.as_bytes().to_vec())) })
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
    fn whole(path: String, mode: u32, bytes: Zeroizing<Vec<u8>>, purpose: String) -> Self {
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
    fn add(&mut self, file: OutputFile) -> Result<(), PackageError> {
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
    fn checksums(&self) -> String {
        self.files().map(|file| format!("{}  {}\n", file.sha256(), file.path)).collect()
    }
}
