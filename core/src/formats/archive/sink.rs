//! Collects the members of an archive within its limits.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    sync::Arc,
};

use zeroize::Zeroizing;

use super::name::{self, Refused};
use crate::{
    finding::{Finding, Severity},
    input::{Content, InputFile, MAX_FILE_SIZE},
};

/// The limit of nested archives: `a.zip!/b.tar.gz!/c.tar!/d.gz!/e`.
pub const MAX_DEPTH: usize = 4;

/// The limit of entries in all archives of one load.
pub const MAX_ENTRIES: usize = 200_000;

/// The limit of expanded bytes of all archives of one load.
pub const MAX_EXPANDED: u64 = 1024 * 1024 * 1024;

/// An archive may expand to this many times its size, plus [`RATIO_ALLOWANCE`].
pub const MAX_RATIO: u64 = 200;

/// Bytes that an archive may expand to in addition to [`MAX_RATIO`].
pub const RATIO_ALLOWANCE: u64 = 64 * 1024 * 1024;

/// Separates an archive's path from the path inside it.
pub const SEPARATOR: &str = "!/";

pub(crate) const DUPLICATE: &str = "the archive holds this name twice: the later file counts";

/// The remaining budget, shared by all archives of one load.
#[derive(Clone, Debug)]
pub struct Budget {
    pub(crate) entries: usize,
    pub(crate) bytes: u64,
    pub(crate) max_entries: usize,
    pub(crate) max_bytes: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

impl Budget {
    /// The limits `MAX_ENTRIES` and `MAX_EXPANDED`.
    pub fn new() -> Self {
        Self::with_limits(MAX_ENTRIES, MAX_EXPANDED)
    }

    /// Custom limits: entries, and expanded bytes.
    pub fn with_limits(entries: usize, bytes: u64) -> Self {
        Self { entries, bytes, max_entries: entries, max_bytes: bytes }
    }

    pub(crate) fn take_entry(&mut self) -> Result<(), Stop> {
        self.entries = self.entries.checked_sub(1).ok_or(Stop::Entries)?;
        Ok(())
    }

    pub(crate) fn take_bytes(&mut self, bytes: u64) -> Result<(), Stop> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Stop::Expanded)?;
        Ok(())
    }
}

/// Why the rest of an archive is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Entries,
    Expanded,
    Ratio,
    Broken(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Exceeded>()) {
            Some(Exceeded(stop)) => stop.clone(),
            None if error.kind() == io::ErrorKind::UnexpectedEof => Self::Broken("it is cut off".to_owned()),
            None => Self::Broken(error.to_string()),
        }
    }
}

/// Carries a [`Stop`] through the [`Read`] interface as an I/O error.
#[derive(Debug, thiserror::Error)]
#[error("a limit was reached")]
pub(crate) struct Exceeded(Stop);

/// Collects an archive's files and findings.
pub(crate) struct Sink<'a, 'b> {
    pub(crate) path: &'a str,
    pub(crate) budget: &'b mut Budget,
    pub(crate) files: Vec<InputFile>,
    pub(crate) remarks: Vec<Remark>,
    /// The index in `files` of each inner path.
    pub(crate) seen: BTreeMap<String, usize>,
}

/// A finding about entries. It is reported once for all entries of an archive to which it applies.
pub(crate) struct Remark {
    pub(crate) severity: Severity,
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
    pub(crate) first: String,
    pub(crate) count: usize,
}

impl Remark {
    pub(crate) fn finding(&self, path: &str) -> Finding {
        let message = match self.count {
            1 => self.message.to_owned(),
            2 => format!("{} (and one entry more)", self.message),
            count => format!("{} (and {} entries more)", self.message, count - 1),
        };
        let finding = Finding::new(self.severity, self.code, &format!("{path}{SEPARATOR}{}", self.first), message);
        match self.code {
            "archive-unsafe-name" => {
                finding.remedy("Make the archive anew with relative names, as tar does without -P")
            }
            _ => finding,
        }
    }
}

impl Sink<'_, '_> {
    pub(crate) fn remark(&mut self, severity: Severity, code: &'static str, inner: &str, message: &'static str) {
        match self.remarks.iter_mut().find(|remark| remark.message == message) {
            Some(remark) => remark.count += 1,
            None => self.remarks.push(Remark { severity, code, message, first: inner.to_owned(), count: 1 }),
        }
    }

    /// The inner path for an entry's name; `None` if the entry is skipped because of its name, with a remark if that
    /// matters.
    pub(crate) fn name(&mut self, raw: &[u8], windows: bool) -> Option<String> {
        match name::clean(raw, windows) {
            Ok(name) => {
                for warning in name.warnings {
                    self.remark(Severity::Warning, "archive-name", &name.path, warning);
                }
                Some(name.path)
            }
            Err(Refused::Empty) => None,
            Err(Refused::Unsafe(reason)) => {
                let name = name::printable(&String::from_utf8_lossy(raw));
                self.remark(Severity::Warning, "archive-unsafe-name", &name, reason);
                None
            }
        }
    }

    /// Adds a file. If two have the same name, the later one replaces the earlier one, as in extraction.
    pub(crate) fn add(&mut self, inner: String, content: Content, mode: Option<u32>) {
        let path = format!("{}{SEPARATOR}{inner}", self.path);
        let file = InputFile { path, content, mode: mode.map(|mode| mode & 0o777) };
        match self.seen.get(&inner) {
            Some(at) => {
                self.files[*at] = file;
                self.remark(Severity::Warning, "archive-duplicate", &inner, DUPLICATE);
            }
            None => {
                self.seen.insert(inner, self.files.len());
                self.files.push(file);
            }
        }
    }

    /// The content collected so far for an inner path.
    pub(crate) fn get(&self, inner: &str) -> Option<&Content> {
        self.seen.get(inner).and_then(|at| self.files.get(*at)).map(|file| &file.content)
    }

    /// Reads one file. If it exceeds [`MAX_FILE_SIZE`], only its size is kept. `size` is the size stated by the
    /// archive, if any.
    pub(crate) fn read(&mut self, reader: &mut dyn Read, size: Option<u64>) -> Result<Content, Stop> {
        if let Some(size) = size.filter(|size| *size > MAX_FILE_SIZE) {
            return Ok(Content::TooLarge(size)); // the archive reader skips the bytes
        }
        let capacity = usize::try_from(size.unwrap_or(0).min(1 << 20)).unwrap_or(0);
        let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
        let mut chunk = Zeroizing::new([0; 16 * 1024]);
        let mut total = 0_u64;
        loop {
            let count = match reader.read(chunk.as_mut_slice()) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            self.budget.take_bytes(count as u64)?;
            total += count as u64;
            if total > MAX_FILE_SIZE {
                bytes.clear();
            } else {
                grow(&mut bytes, count);
                bytes.extend_from_slice(&chunk[..count]);
            }
        }
        Ok(if total > MAX_FILE_SIZE { Content::TooLarge(total) } else { Content::Bytes(Arc::new(bytes)) })
    }

    pub(crate) fn stopped(&self, stop: &Stop) -> Finding {
        let kept = match self.files.len() {
            0 => "nothing could be read from it".to_owned(),
            1 => "one file was read before".to_owned(),
            count => format!("{count} files were read before"),
        };
        let (code, message, remedy) = match stop {
            Stop::Entries => (
                "archive-too-many-entries",
                format!("the archives hold more than {} entries together; {kept}", self.budget.max_entries),
                "Pack only /etc/kubernetes and /var/lib/kubelet",
            ),
            Stop::Expanded => (
                "archive-too-large",
                format!("the archives expand to more than {} bytes together; {kept}", self.budget.max_bytes),
                "Pack only /etc/kubernetes and /var/lib/kubelet",
            ),
            Stop::Ratio => (
                "archive-bomb",
                format!("the archive expands to more than {MAX_RATIO} times its size; {kept}"),
                "This is no backup of a node: do not use it",
            ),
            Stop::Broken(reason) => (
                "archive-broken",
                format!("the archive is broken: {reason}; {kept}"),
                "Make it again and compare the checksum",
            ),
        };
        Finding::error(code, self.path, message).remedy(remedy)
    }
}

/// Reserves `more` bytes. If the data must move, the old memory is wiped.
pub(crate) fn grow(bytes: &mut Zeroizing<Vec<u8>>, more: usize) {
    if bytes.capacity() - bytes.len() < more {
        let mut larger = Vec::with_capacity((2 * bytes.capacity()).max(bytes.len() + more));
        larger.extend_from_slice(bytes);
        *bytes = Zeroizing::new(larger);
    }
}

/// A decompressor with a byte limit, which includes skipped data.
pub(crate) struct Metered<R> {
    pub(crate) inner: R,
    pub(crate) left: u64,
    pub(crate) stop: Stop,
}

impl<R: Read> Metered<R> {
    /// Limits to the lower of the ratio's limit and the remaining budget.
    pub(crate) fn new(inner: R, ratio: u64, budget: &Budget) -> Self {
        let stop = if ratio < budget.bytes { Stop::Ratio } else { Stop::Expanded };
        Self { inner, left: ratio.min(budget.bytes), stop }
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other(Exceeded(self.stop.clone()))),
        }
        Ok(count)
    }
}
