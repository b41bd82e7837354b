//! Names in archives into relative paths.

/// A name that may be used, with what has to be said about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// Relative, `/` between names, no `.` and no `..`.
    pub(super) path: String,
    pub(super) warnings: Vec<&'static str>,
}

/// Why an entry is left out for its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The archive's root itself, or no name at all.
    Empty,
    Unsafe(&'static str),
}

/// Cleans an entry's name; `windows` for packings in which a backslash separates names as `/` does.
pub(super) fn clean(raw: &[u8], windows: bool) -> Result<Name, Refused> {
    let mut warnings = Vec::new();
    if raw.contains(&0) {
        return Err(Refused::Unsafe("its name holds a NUL byte"));
    }
    let text = String::from_utf8_lossy(raw);
    if matches!(text, std::borrow::Cow::Owned(_)) {
        warnings.push("the name is not UTF-8: other characters stand for its bytes");
    }
    let mut text = text.into_owned();
    if text.contains('\\') {
        if windows {
            text = text.replace('\\', "/");
            warnings.push("the name is written with backslashes: they are read as /");
        } else if text.split(['\\', '/']).any(|part| part == "..") {
            return Err(Refused::Unsafe("its name leads out of the archive (..)"));
        } else {
            warnings.push("the name holds a backslash");
        }
    }
    let mut rest = text.as_str();
    if windows && rest.len() >= 2 && rest.as_bytes()[0].is_ascii_alphabetic() && rest.as_bytes()[1] == b':' {
        rest = &rest[2..];
        warnings.push("the name begins with a drive letter: it is read as relative to the archive");
    }
    if rest.starts_with('/') {
        warnings.push("the name is absolute: it is read as relative to the archive");
    }
    let mut parts = Vec::new();
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(Refused::Unsafe("its name leads out of the archive (..)")),
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        return Err(Refused::Empty);
    }
    Ok(Name { path: parts.join("/"), warnings })
}
