//! Reads files, folders and archives as input.

use std::{
    fs::{self, Metadata},
    path::Path,
    sync::Arc,
};

use airlock_core::{Content, InputFile, input::MAX_FILE_SIZE};
use zeroize::Zeroizing;

use crate::stop::Stop;

/// Reads everything below `paths`, sorted by name.
pub(crate) fn paths(paths: &[String]) -> Result<Vec<InputFile>, Stop> {
    let mut files = Vec::new();
    for path in paths {
        // A symbolic link in `paths` is followed; links below are passed to the core.
        let metadata = fs::metadata(path).map_err(|error| Stop::Usage(format!("{path}: {error}")))?;
        visit(Path::new(path), path.trim_end_matches('/'), &metadata, &mut files);
    }
    Ok(files)
}

fn visit(path: &Path, name: &str, metadata: &Metadata, files: &mut Vec<InputFile>) {
    if metadata.is_dir() {
        match folder(path) {
            Ok(entries) => {
                for (entry, metadata) in entries {
                    visit(&path.join(&entry), &format!("{name}/{entry}"), &metadata, files);
                }
            }
            Err(error) => files.push(file(name, metadata, Content::Unreadable(error.to_string()))),
        }
        return;
    }
    let content = if metadata.is_symlink() {
        fs::read_link(path).map(|target| Content::Symlink(target.to_string_lossy().into_owned()))
    } else if !metadata.is_file() {
        Ok(Content::Unreadable("it is no regular file".to_owned()))
    } else if metadata.len() > MAX_FILE_SIZE {
        Ok(Content::TooLarge(metadata.len()))
    } else {
        fs::read(path).map(|bytes| Content::Bytes(Arc::new(Zeroizing::new(bytes))))
    };
    files.push(file(name, metadata, content.unwrap_or_else(|error| Content::Unreadable(error.to_string()))));
}

fn folder(path: &Path) -> std::io::Result<Vec<(String, Metadata)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        entries.push((entry.file_name().to_string_lossy().into_owned(), entry.path().symlink_metadata()?));
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(entries)
}

fn file(name: &str, metadata: &Metadata, content: Content) -> InputFile {
    InputFile { path: name.to_owned(), content, mode: mode(metadata) }
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    Some(metadata.mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> Option<u32> {
    None
}
