//! zip archives, read through the central directory.

use std::io::{Cursor, Read};

use zip::{System, ZipArchive, result::ZipError};

use super::sink::{DUPLICATE, Metered, Sink, Stop};
use crate::{finding::Severity, input::Content};

/// Mask and value of the file type of symbolic links in a Unix mode (`S_IFMT`, `S_IFLNK`).
const FILE_TYPE: u32 = 0o170_000;
const SYMLINK: u32 = 0o120_000;
/// The longest link target that is read (`PATH_MAX` of Linux). Bytes.
const MAX_TARGET: u64 = 4_096;

/// Adds the files of a zip archive to `sink`. The archive may expand to `ratio` bytes.
pub(super) fn expand(bytes: &[u8], mut ratio: u64, sink: &mut Sink<'_, '_>) -> Result<(), Stop> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if archive.has_duplicate_names() {
        sink.remark(Severity::Warning, "archive-duplicate", "", DUPLICATE);
    }
    for index in 0..archive.len() {
        sink.budget.take_entry()?;
        let (raw, encrypted, directory, mode) = match archive.by_index_data(index) {
            Ok(entry) => {
                // For other systems, the library derives the mode from MS-DOS attributes.
                let mode = entry.unix_mode().filter(|_| entry.system() == System::Unix);
                (entry.name_raw().to_vec(), entry.encrypted(), entry.is_dir(), mode)
            }
            Err(error) => return Err(broken(error)),
        };
        if directory || raw.ends_with(b"\\") {
            continue;
        }
        let Some(path) = sink.name(&raw, true) else { continue };
        let content = if encrypted {
            Content::Unreadable("encrypted with a password: pack the files without one".to_owned())
        } else {
            match archive.by_index(index) {
                Ok(mut entry) => {
                    let size = entry.size();
                    let mut metered = Metered::new(&mut entry, ratio, sink.budget);
                    let before = metered.left;
                    let content = content(&mut metered, mode, size, sink);
                    ratio = ratio.saturating_sub(before - metered.left);
                    match content {
                        Err(Stop::Broken(reason)) => Content::Unreadable(reason),
                        content => content?,
                    }
                }
                Err(error) => Content::Unreadable(error.to_string()),
            }
        };
        sink.add(path, content, mode);
    }
    Ok(())
}

fn content(reader: &mut dyn Read, mode: Option<u32>, size: u64, sink: &mut Sink<'_, '_>) -> Result<Content, Stop> {
    if mode.is_some_and(|mode| mode & FILE_TYPE == SYMLINK) {
        let mut target = Vec::new();
        reader.take(MAX_TARGET).read_to_end(&mut target)?;
        sink.budget.take_bytes(target.len() as u64)?;
        return Ok(Content::Symlink(String::from_utf8_lossy(&target).into_owned()));
    }
    sink.read(reader, Some(size))
}

fn broken(error: ZipError) -> Stop {
    Stop::Broken(error.to_string())
}
