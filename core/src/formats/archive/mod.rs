//! Expansion of tar, gzip and zip archives, including malicious ones.
//!
//! Nothing is written to disk, and entry names are not trusted. Names become paths relative to the archive, and links
//! are not followed. Everything that is skipped is reported as a [`Finding`].

mod name;
mod sink;
mod tar;
mod zip;

use std::{collections::BTreeMap, io::Read};

use flate2::read::MultiGzDecoder;

pub use self::sink::Budget;

use self::sink::{MAX_DEPTH, MAX_RATIO, Metered, RATIO_ALLOWANCE, SEPARATOR, Sink, Stop};
use crate::{finding::Finding, input::InputFile};

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

#[cfg(test)]
mod tests;
