//! Input of [`inspect`](crate::inspect): names and bytes, not yet interpreted.

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

/// The limit of a file's size. User interfaces pass larger files as [`Content::TooLarge`]. Bytes.
pub const MAX_FILE_SIZE: u64 = 64 * 1024 * 1024;

/// The limit of files in an inspection. Further files are ignored, with a finding. A cluster of 1,000 nodes has about
/// 40,000.
pub const MAX_FILES: usize = 200_000;

/// The limit of a path's length. Files with longer paths are ignored, with a finding; Linux does not allow them
/// (`PATH_MAX`). Bytes.
pub const MAX_PATH: usize = 4096;

/// The password of encrypted keys and PKCS#12 containers: one for all files of a load, kept only in memory, wiped when
/// dropped.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Creates a password from the typed text, or from the first line of a password file.
    pub fn new(text: impl Into<Zeroizing<String>>) -> Self {
        Self(text.into())
    }

    /// The text, only for key derivation.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Prints no part of the text.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// One input file: dropped, chosen, pasted, or found in a folder.
#[derive(Clone)]
pub struct InputFile {
    /// Its path in the input, separated by `/`: `cp1/etc/kubernetes/pki/ca.crt`.
    pub path: String,
    /// Its content.
    pub content: Content,
    /// Unix permission bits, if the user interface or the archive provides them.
    pub mode: Option<u32>,
}

/// The content of a file, as read by the user interface.
#[derive(Clone)]
#[allow(clippy::exhaustive_enums)] // every user interface must handle all variants
pub enum Content {
    /// The bytes of a regular file. Shared, and wiped when the last owner drops them, because they may contain a key.
    Bytes(Arc<Zeroizing<Vec<u8>>>),
    /// A symbolic link and its target, unresolved.
    Symlink(String),
    /// A file larger than [`MAX_FILE_SIZE`], with its size in bytes.
    TooLarge(u64),
    /// A file that could not be read, with the reason.
    Unreadable(String),
}

impl InputFile {
    /// A regular file.
    pub fn new(path: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { path: path.into(), content: Content::Bytes(Arc::new(Zeroizing::new(bytes))), mode: None }
    }
}

/// Prints the path and the variant, never the bytes.
impl fmt::Debug for InputFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, content, mode } = self;
        f.debug_struct("InputFile").field("path", path).field("content", content).field("mode", mode).finish()
    }
}

/// Prints the variant, never the bytes.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Symlink(target) => write!(f, "Symlink({target})"),
            Self::TooLarge(size) => write!(f, "TooLarge({size} bytes)"),
            Self::Unreadable(reason) => write!(f, "Unreadable({reason})"),
        }
    }
}
