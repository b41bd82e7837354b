//! Writes output to disk. Secrets go only into files that are readable by their owner alone.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::Write,
    path::Path,
};

use zeroize::Zeroizing;

use crate::stop::Stop;

/// The destination of a package or sample.
pub(crate) enum Target {
    /// An archive; an existing file is replaced atomically.
    Archive(String),
    /// A folder that does not exist or is empty.
    Folder(String),
}

impl Target {
    /// Chooses the kind by the name's ending; returns an error for a folder that is not empty.
    pub(crate) fn new(out: &str) -> Result<Self, Stop> {
        if Path::new(out).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip")) {
            return Ok(Self::Archive(out.to_owned()));
        }
        match fs::read_dir(out) {
            Ok(mut entries) => match entries.next() {
                Some(_) => Err(Stop::Usage(format!("--out {out}: the folder is not empty"))),
                None => Ok(Self::Folder(out.to_owned())),
            },
            Err(_) if Path::new(out).symlink_metadata().is_ok() => {
                Err(Stop::Usage(format!("--out {out}: it is there and no folder")))
            }
            Err(_) => Ok(Self::Folder(out.to_owned())),
        }
    }

    /// The path from the command line.
    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Archive(path) | Self::Folder(path) => path,
        }
    }

    /// Writes files with their paths and modes, or the archive that contains them.
    pub(crate) fn write<'f>(
        &self,
        files: impl Iterator<Item = (&'f str, u32, &'f [u8])>,
        archive: impl FnOnce() -> Zeroizing<Vec<u8>>,
    ) -> Result<(), Stop> {
        let written = match self {
            Self::Archive(path) => write_archive(path, &archive()),
            Self::Folder(path) => write_folder(Path::new(path), files),
        };
        written.map_err(|error| Stop::Failed(format!("--out {}: {error}", self.path())))
    }
}

/// Writes a file with a private key. Never overwrites a file, which may be the only copy of another key.
pub(crate) fn secret(path: &str, bytes: &[u8]) -> Result<(), Stop> {
    write_file(Path::new(path), 0o600, bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Stop::Usage(format!("--out {path}: it is there already")),
        _ => Stop::Failed(format!("--out {path}: {error}")),
    })
}

fn write_archive(path: &str, bytes: &[u8]) -> std::io::Result<()> {
    let beside = format!("{path}.partial");
    // A temporary file of an interrupted run.
    if Path::new(&beside).exists() {
        fs::remove_file(&beside)?;
    }
    write_file(Path::new(&beside), 0o600, bytes)?;
    fs::rename(&beside, path)
}

fn write_folder<'f>(root: &Path, files: impl Iterator<Item = (&'f str, u32, &'f [u8])>) -> std::io::Result<()> {
    create_folder(root)?;
    for (path, mode, bytes) in files {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            create_folder(folder)?;
        }
        write_file(&path, mode, bytes)?;
    }
    Ok(())
}

#[cfg(unix)]
fn create_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_folder(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

#[cfg(unix)]
fn write_file(path: &Path, mode: u32, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    // Created with mode 0600, regardless of the umask.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn write_file(path: &Path, _: u32, bytes: &[u8]) -> std::io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(bytes)
}
