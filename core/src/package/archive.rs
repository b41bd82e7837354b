//! Files become one zip: stored, in order, with unix modes and a fixed time.

use std::io::{Cursor, Write};

use zeroize::Zeroizing;
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use super::OutputFiles;

/// The package as a zip archive, whose one folder is the package's name. The same files give the same bytes.
///
/// # Panics
/// If the archive would not fit into memory.
#[must_use]
pub fn archive(files: &OutputFiles) -> Zeroizing<Vec<u8>> {
    // Room for everything at once, so that no half-written copy is left behind unwiped.
    let names: usize = files.files().map(|file| 2 * (files.name().len() + file.path.len()) + 256).sum();
    let content: usize = files.files().map(|file| file.bytes.len()).sum();
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(content + names + 1024)));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default());
    for file in files.files() {
        let path = format!("{}/{}", files.name(), file.path);
        zip.start_file(path, options.unix_permissions(file.mode)).expect("Invariant: writing to memory does not fail");
        zip.write_all(&file.bytes).expect("Invariant: writing to memory does not fail");
    }
    let cursor = zip.finish().expect("Invariant: writing to memory does not fail");
    Zeroizing::new(cursor.into_inner())
}
