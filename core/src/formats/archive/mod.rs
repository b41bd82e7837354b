//! Expansion of tar, gzip and zip archives, including malicious ones.
//!
//! Nothing is written to disk, and entry names are not trusted. Names become paths relative to the archive, and links
//! are not followed. Everything that is skipped is reported as a [`Finding`].

mod name;
mod tar;
mod zip;

use std::{
    collections::BTreeMap,
    io::{self, Read},
    sync::Arc,
};

use flate2::read::MultiGzDecoder;
use zeroize::Zeroizing;

use self::name::Refused;
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

const DUPLICATE: &str = "the archive holds this name twice: the later file counts";

/// An archive format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArchiveKind {
    /// tar: POSIX (ustar, pax), GNU, or older.
    Tar,
    /// A gzip-compressed tar.
    TarGzip,
    /// A single gzip-compressed file.
    Gzip,
    /// zip.
    Zip,
    /// A format that is recognised but not supported, by its name.
    Unsupported(&'static str),
}

/// The remaining budget, shared by all archives of one load.
#[derive(Clone, Debug)]
pub struct Budget {
    entries: usize,
    bytes: u64,
    max_entries: usize,
    max_bytes: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

impl Budget {
    /// The limits [`MAX_ENTRIES`] and [`MAX_EXPANDED`].
    pub fn new() -> Self {
        Self::with_limits(MAX_ENTRIES, MAX_EXPANDED)
    }

    /// Custom limits: entries, and expanded bytes.
    pub fn with_limits(entries: usize, bytes: u64) -> Self {
        Self { entries, bytes, max_entries: entries, max_bytes: bytes }
    }

    fn take_entry(&mut self) -> Result<(), Stop> {
        self.entries = self.entries.checked_sub(1).ok_or(Stop::Entries)?;
        Ok(())
    }

    fn take_bytes(&mut self, bytes: u64) -> Result<(), Stop> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Stop::Expanded)?;
        Ok(())
    }
}

/// Why the rest of an archive is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stop {
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
struct Exceeded(Stop);

/// Detects the archive format by the first bytes, otherwise by the name, so that a damaged archive is reported as one.
pub fn kind(bytes: &[u8], name: &str) -> Option<ArchiveKind> {
    let by_magic = match bytes {
        [0x1F, 0x8B, ..] => {
            let mut block = Vec::with_capacity(512);
            let read = MultiGzDecoder::new(bytes).take(512).read_to_end(&mut block);
            let tar = tar::is_tar(&block) || (read.is_err() && is_tar_gzip_name(name));
            Some(if tar { ArchiveKind::TarGzip } else { ArchiveKind::Gzip })
        }
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(ArchiveKind::Zip),
        [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => Some(ArchiveKind::Unsupported("xz")),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, ..] => Some(ArchiveKind::Unsupported("bzip2")),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(ArchiveKind::Unsupported("zstd")),
        [b'7', b'z', 0xBC, 0xAF, 0x27, 0x1C, ..] => Some(ArchiveKind::Unsupported("7z")),
        [b'R', b'a', b'r', b'!', 0x1A, 0x07, ..] => Some(ArchiveKind::Unsupported("rar")),
        _ if tar::is_tar(bytes) => Some(ArchiveKind::Tar),
        _ => None,
    };
    let lower = name.to_ascii_lowercase();
    by_magic.or_else(|| match () {
        () if is_tar_gzip_name(&lower) => Some(ArchiveKind::TarGzip),
        () if lower.ends_with(".gz") => Some(ArchiveKind::Gzip),
        () if lower.ends_with(".tar") => Some(ArchiveKind::Tar),
        () if lower.ends_with(".zip") => Some(ArchiveKind::Zip),
        () => None,
    })
}

fn is_tar_gzip_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with(".tar.gz") || name.ends_with(".tgz")
}

/// Expands one archive. Returns its files as `path!/inside`, and findings about it. Nested archives are not expanded:
/// call this again with the same `budget`. Returns nothing for a file that is not an archive.
pub fn expand(path: &str, bytes: &[u8], budget: &mut Budget) -> (Vec<InputFile>, Vec<Finding>) {
    let mut sink = Sink { path, budget, files: Vec::new(), remarks: Vec::new(), seen: BTreeMap::new() };
    let Some(kind) = kind(bytes, path) else { return (Vec::new(), Vec::new()) };
    if path.matches(SEPARATOR).count() >= MAX_DEPTH {
        let message = format!("archives stand more than {MAX_DEPTH} deep inside each other: this one is not opened");
        return (
            Vec::new(),
            vec![Finding::error("archive-too-deep", path, message).remedy("Unpack it and add the files")],
        );
    }
    let mut findings = Vec::new();
    let ratio = MAX_RATIO.saturating_mul(bytes.len() as u64).saturating_add(RATIO_ALLOWANCE);
    let result = match kind {
        ArchiveKind::Tar => tar::expand(bytes, &mut sink),
        ArchiveKind::TarGzip => tar::expand(Metered::new(MultiGzDecoder::new(bytes), ratio, sink.budget), &mut sink),
        ArchiveKind::Gzip => gzip(Metered::new(MultiGzDecoder::new(bytes), ratio, sink.budget), &mut sink),
        ArchiveKind::Zip => zip::expand(bytes, ratio, &mut sink),
        ArchiveKind::Unsupported(packing) => {
            let finding = Finding::error("archive-unsupported", path, format!("{packing} archives are not read"));
            findings.push(finding.remedy("Pack the files as .tar, .tar.gz or .zip, or add them unpacked"));
            Ok(())
        }
    };
    match result {
        Err(stop) => findings.push(sink.stopped(&stop)),
        Ok(()) if sink.files.is_empty() && sink.remarks.is_empty() && findings.is_empty() => {
            findings.push(Finding::warning("archive-empty", path, "the archive holds no files"));
        }
        Ok(()) => {}
    }
    findings.extend(sink.remarks.iter().map(|remark| remark.finding(path)));
    (sink.files, findings)
}

/// Expands a gzip-compressed file. The result has the archive's name without `.gz`.
fn gzip(mut reader: Metered<MultiGzDecoder<&[u8]>>, sink: &mut Sink<'_, '_>) -> Result<(), Stop> {
    let file = sink.path.rsplit('/').next().unwrap_or(sink.path);
    let stem =
        file.len().checked_sub(3).filter(|at| file.is_char_boundary(*at) && file[*at..].eq_ignore_ascii_case(".gz"));
    let name = match stem {
        Some(at) if at > 0 => file[..at].to_owned(),
        _ => "content".to_owned(),
    };
    sink.budget.take_entry()?;
    let content = sink.read(&mut reader, None)?;
    sink.add(name, content, None);
    Ok(())
}

/// Collects an archive's files and findings.
struct Sink<'a, 'b> {
    path: &'a str,
    budget: &'b mut Budget,
    files: Vec<InputFile>,
    remarks: Vec<Remark>,
    /// The index in `files` of each inner path.
    seen: BTreeMap<String, usize>,
}

/// A finding about entries. It is reported once for all entries of an archive to which it applies.
struct Remark {
    severity: Severity,
    code: &'static str,
    message: &'static str,
    first: String,
    count: usize,
}

impl Remark {
    fn finding(&self, path: &str) -> Finding {
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
    fn remark(&mut self, severity: Severity, code: &'static str, inner: &str, message: &'static str) {
        match self.remarks.iter_mut().find(|remark| remark.message == message) {
            Some(remark) => remark.count += 1,
            None => self.remarks.push(Remark { severity, code, message, first: inner.to_owned(), count: 1 }),
        }
    }

    /// The inner path for an entry's name; `None` if the entry is skipped because of its name, with a remark if that
    /// matters.
    fn name(&mut self, raw: &[u8], windows: bool) -> Option<String> {
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
    fn add(&mut self, inner: String, content: Content, mode: Option<u32>) {
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
    fn get(&self, inner: &str) -> Option<&Content> {
        self.seen.get(inner).and_then(|at| self.files.get(*at)).map(|file| &file.content)
    }

    /// Reads one file. If it exceeds [`MAX_FILE_SIZE`], only its size is kept. `size` is the size stated by the
    /// archive, if any.
    fn read(&mut self, reader: &mut dyn Read, size: Option<u64>) -> Result<Content, Stop> {
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

    fn stopped(&self, stop: &Stop) -> Finding {
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
fn grow(bytes: &mut Zeroizing<Vec<u8>>, more: usize) {
    if bytes.capacity() - bytes.len() < more {
        let mut larger = Vec::with_capacity((2 * bytes.capacity()).max(bytes.len() + more));
        larger.extend_from_slice(bytes);
        *bytes = Zeroizing::new(larger);
    }
}

/// A decompressor with a byte limit, which includes skipped data.
struct Metered<R> {
    inner: R,
    left: u64,
    stop: Stop,
}

impl<R: Read> Metered<R> {
    /// Limits to the lower of the ratio's limit and the remaining budget.
    fn new(inner: R, ratio: u64, budget: &Budget) -> Self {
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

#[cfg(test)]
mod tests;
