//! What a skin hands to [`inspect`](crate::inspect): names and bytes, nothing looked at yet.

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

/// Files beyond this are not read by any skin; they arrive as [`Content::TooLarge`]. Bytes.
pub const MAX_FILE_SIZE: u64 = 64 * 1024 * 1024;

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
