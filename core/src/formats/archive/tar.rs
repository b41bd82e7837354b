//! tar archives, read entry by entry with the `tar` crate, including pax and GNU long names.

use std::io::Read;

use tar::{Archive, Entry, EntryType, Header};

use super::{
    name,
    sink::{Sink, Stop},
};
use crate::{finding::Severity, input::Content};

/// Whether `bytes` begin with a tar header with a correct checksum.
pub(super) fn is_tar(bytes: &[u8]) -> bool {
    let Some(block) = bytes.get(..512) else { return false };
    if block.iter().all(|byte| *byte == 0) {
        return false;
    }
    let header = Header::from_byte_slice(block);
    let sum: u32 =
        block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) }).sum();
    header.cksum().is_ok_and(|stored| stored == sum)
}

/// Adds the files of a tar stream to `sink`.
pub(super) fn expand(reader: impl Read, sink: &mut Sink<'_, '_>) -> Result<(), Stop> {
    let mut archive = Archive::new(reader);
    for entry in archive.entries()? {
        let mut entry = entry?;
        sink.budget.take_entry()?;
        let kind = entry.header().entry_type();
        if matches!(kind, EntryType::Directory | EntryType::XGlobalHeader) {
            continue;
        }
        let raw = entry.path_bytes().into_owned();
        if raw.ends_with(b"/") {
            continue; // a folder in the format before POSIX
        }
        let Some(path) = sink.name(&raw, false) else { continue };
        let mode = entry.header().mode().ok();
        if let Some(content) = content(&mut entry, kind, &path, sink)? {
            sink.add(path, content, mode);
        }
    }
    Ok(())
}

/// The content of an entry; `None` if it is skipped, with a finding.
fn content<R: Read>(
    entry: &mut Entry<'_, R>,
    kind: EntryType,
    path: &str,
    sink: &mut Sink<'_, '_>,
) -> Result<Option<Content>, Stop> {
    let target = || entry.link_name_bytes().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    match kind {
        EntryType::Symlink => Ok(Some(Content::Symlink(target().unwrap_or_default()))),
        EntryType::Link => {
            let target = target().unwrap_or_default();
            let found = name::clean(target.as_bytes(), false).ok().and_then(|name| sink.get(&name.path)).cloned();
            Ok(Some(found.unwrap_or_else(|| {
                Content::Unreadable(format!("a hard link to {target}, which does not stand before it in the archive"))
            })))
        }
        EntryType::GNUSparse => Ok(Some(Content::Unreadable("a sparse file".to_owned()))),
        EntryType::Char | EntryType::Block | EntryType::Fifo => {
            sink.remark(Severity::Note, "archive-device", path, "left out: a device or a pipe");
            Ok(None)
        }
        _ if is_pax_sparse(entry) => Ok(Some(Content::Unreadable("a sparse file".to_owned()))),
        _ if !matches!(kind, EntryType::Regular | EntryType::Continuous) => {
            sink.remark(Severity::Warning, "archive-entry", path, "left out: an entry of an unknown type");
            Ok(None)
        }
        _ => {
            let size = entry.size();
            let content = sink.read(entry, Some(size))?;
            match &content {
                Content::Bytes(bytes) if (bytes.len() as u64) < size => Err(Stop::Broken("it is cut off".to_owned())),
                _ => Ok(Some(content)),
            }
        }
    }
}

/// Whether pax records declare the entry sparse: GNU tar's later sparse formats use a regular entry type.
fn is_pax_sparse<R: Read>(entry: &mut Entry<'_, R>) -> bool {
    match entry.pax_extensions() {
        Ok(Some(records)) => records.flatten().any(|record| record.key_bytes().starts_with(b"GNU.sparse.")),
        _ => false,
    }
}
