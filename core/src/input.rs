//! What a skin hands to [`inspect`](crate::inspect): names and bytes, nothing looked at yet.

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

/// Files beyond this are not read by any skin; they arrive as [`Content::TooLarge`]. Bytes.
pub const MAX_FILE_SIZE: u64 = 64 * 1024 * 1024;

/// Files beyond this number are left out of an inspection, with a finding; a cluster of 1,000 nodes has some 40,000.
pub const MAX_FILES: usize = 200_000;

/// Files with longer paths are left out, with a finding: no file on Linux has one (`PATH_MAX`). Bytes.
pub const MAX_PATH: usize = 4096;

/// The password of encrypted keys and PKCS#12 containers: one for all of a drop, used in memory and wiped when dropped.
pub struct Password(Zeroizing<String>);

impl Password {
    /// The password as it was typed, or the first line of a file that holds it.
    pub fn new(text: impl Into<Zeroizing<String>>) -> Self {
        Self(text.into())
    }

    /// The text, for the key derivation alone.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Never the text.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// One file as it was dropped, chosen, pasted or found in a folder.
#[derive(Clone)]
pub struct InputFile {
    /// Its path as the person knows it, with `/` between names: `cp1/etc/kubernetes/pki/ca.crt`.
    pub path: String,
    /// What is in it.
    pub content: Content,
    /// Unix permission bits, where the skin or the archive knows them.
    pub mode: Option<u32>,
}

/// What a file holds, as far as the skin could tell.
#[derive(Clone)]
#[allow(clippy::exhaustive_enums)] // every skin has to decide among these four
pub enum Content {
    /// A regular file's bytes, shared and wiped when the last owner drops them, since they may be a key.
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

/// Names the file and the kind of content, never the bytes.
impl fmt::Debug for InputFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, content, mode } = self;
        f.debug_struct("InputFile").field("path", path).field("content", content).field("mode", mode).finish()
    }
}

/// Names the kind of content, never the bytes.
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
