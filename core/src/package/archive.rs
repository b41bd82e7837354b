//! Files become one zip: stored, in order, with unix modes and a fixed time.

use std::io::{Cursor, Write};

use zeroize::Zeroizing;
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use super::output::OutputFiles;

/// The package as a zip archive, whose one folder is the package's name. The same files give the same bytes.
///
/// # Panics
/// If the archive would not fit into memory.
#[must_use]
pub fn archive(files: &OutputFiles) -> Zeroizing<Vec<u8>> {
    let entries =
        files.files().map(|file| (format!("{}/{}", files.name(), file.path), file.mode, file.bytes.as_slice()));
    zip(&entries.collect::<Vec<_>>())
}

/// These files, by path, mode and content, as a zip archive. The same files give the same bytes.
///
/// # Panics
/// If the archive would not fit into memory.
pub(crate) fn zip(entries: &[(String, u32, &[u8])]) -> Zeroizing<Vec<u8>> {
    // Room for everything at once, so that no half-written copy is left behind unwiped.
    let room: usize = entries.iter().map(|(path, _, bytes)| bytes.len() + 2 * path.len() + 256).sum();
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(room + 1024)));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default());
    for (path, mode, bytes) in entries {
        zip.start_file(path, options.unix_permissions(*mode)).expect("Invariant: writing to memory does not fail");
        zip.write_all(bytes).expect("Invariant: writing to memory does not fail");
    }
    let cursor = zip.finish().expect("Invariant: writing to memory does not fail");
    Zeroizing::new(cursor.into_inner())
}
