//! Writes output to disk. Secrets go only into files that are readable by their owner alone.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
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
        let mut created = Created::default();
        let written = match self {
            Self::Archive(path) => write_archive(path, &archive(), &mut created),
            Self::Folder(path) => write_folder(Path::new(path), files, &mut created),
        };
        written.map_err(|error| failed(self.path(), &error, &created))
    }
}

/// Writes a file with a private key. Never overwrites a file, which may be the only copy of another key.
pub(crate) fn secret(path: &str, bytes: &[u8]) -> Result<(), Stop> {
    let mut created = Created::default();
    created.file(Path::new(path), 0o600, bytes).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Stop::Usage(format!("--out {path}: it is there already")),
        _ => failed(path, &error, &created),
    })
}

/// Removes what this run created, and reports the error with the result of the removal.
fn failed(out: &str, error: &io::Error, created: &Created) -> Stop {
    let remaining = created.remove();
    let outcome = if !remaining.is_empty() {
        format!(
            "these files and folders could not be removed; they may contain private keys, so delete them yourself: {}",
            remaining.join(", ")
        )
    } else if created.0.is_empty() {
        "nothing was written".to_owned()
    } else {
        "Airlock removed every file and folder that it had created".to_owned()
    };
    Stop::Failed(format!("--out {out}: {error}; {outcome}"))
}

/// The files and folders that this run created, in order. If it fails, they are removed: they may contain private keys.
#[derive(Default)]
struct Created(Vec<PathBuf>);

impl Created {
    /// Creates a file, with its content and mode.
    fn file(&mut self, path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
        let mut file = create_file(path)?;
        self.0.push(path.to_owned());
        file.write_all(bytes)?;
        set_mode(&file, mode)
    }

    /// Creates a folder, and the folders above it that do not exist.
    fn folder(&mut self, path: &Path) -> io::Result<()> {
        if path.as_os_str().is_empty() || path.is_dir() {
            return Ok(());
        }
        if let Some(above) = path.parent() {
            self.folder(above)?;
        }
        create_folder(path)?;
        self.0.push(path.to_owned());
        Ok(())
    }

    /// Removes them, the last one first. Returns what could not be removed, for example because another program wrote
    /// a file into a folder.
    fn remove(&self) -> Vec<String> {
        let mut remaining = Vec::new();
        for path in self.0.iter().rev() {
            let removed = if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
            match removed {
                Err(error) if error.kind() != io::ErrorKind::NotFound => remaining.push(path.display().to_string()),
                _ => {}
            }
        }
        remaining
    }
}

fn write_archive(path: &str, bytes: &[u8], created: &mut Created) -> io::Result<()> {
    let beside = format!("{path}.partial");
    // A temporary file of an interrupted run.
    if Path::new(&beside).exists() {
        fs::remove_file(&beside)?;
    }
    created.file(Path::new(&beside), 0o600, bytes)?;
    fs::rename(&beside, path)
}

fn write_folder<'f>(
    root: &Path,
    files: impl Iterator<Item = (&'f str, u32, &'f [u8])>,
    created: &mut Created,
) -> io::Result<()> {
    created.folder(root)?;
    for (path, mode, bytes) in files {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            created.folder(folder)?;
        }
        created.file(&path, mode, bytes)?;
    }
    Ok(())
}

#[cfg(unix)]
fn create_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().create(path)
}

/// Creates a file with mode 0600, regardless of the umask.
#[cfg(unix)]
fn create_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}
