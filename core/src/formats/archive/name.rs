//! Conversion of archive entry names to relative paths.

/// An accepted name, and whether it needs a remark.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// Relative path, separated by `/`, without `.` and `..`.
    pub(super) path: String,
    pub(super) warnings: Vec<&'static str>,
}

/// Why an entry is skipped because of its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The name is empty, or is the archive's root.
    Empty,
    Unsafe(&'static str),
}

/// Normalizes an entry's name. `windows`: the format also uses backslashes as separators.
pub(super) fn clean(raw: &[u8], windows: bool) -> Result<Name, Refused> {
    let mut warnings = Vec::new();
    if raw.contains(&0) {
        return Err(Refused::Unsafe("left out: the name holds a NUL byte"));
    }
    let text = String::from_utf8_lossy(raw);
    if matches!(text, std::borrow::Cow::Owned(_)) {
        warnings.push("the name is not UTF-8: other characters stand for its bytes");
    }
    let mut text = printable(&text);
    if text.len() != raw.len() && warnings.is_empty() {
        warnings.push("the name holds control characters: other characters stand for them");
    }
    if text.contains('\\') {
        if windows {
            text = text.replace('\\', "/");
            warnings.push("the name is written with backslashes: they are read as /");
        } else if text.split(['\\', '/']).any(|part| part == "..") {
            return Err(Refused::Unsafe("left out: the name leads out of the archive (..)"));
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
            ".." => return Err(Refused::Unsafe("left out: the name leads out of the archive (..)")),
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        return Err(Refused::Empty);
    }
    Ok(Name { path: parts.join("/"), warnings })
}

/// Replaces control characters by U+FFFD, so that terminals do not interpret a name.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, windows: bool, expected: &str, warnings: usize) {
        let name = clean(raw.as_bytes(), windows).unwrap();
        assert_eq!((name.path.as_str(), name.warnings.len()), (expected, warnings), "{name:?}");
    }

    #[test]
    fn names_become_relative() {
        check("etc/kubernetes/pki/ca.crt", false, "etc/kubernetes/pki/ca.crt", 0);
        check("./etc//kubernetes/./admin.conf", false, "etc/kubernetes/admin.conf", 0);
        check("/etc/kubernetes/admin.conf", false, "etc/kubernetes/admin.conf", 1);
        check("etc\\kubernetes\\admin.conf", true, "etc/kubernetes/admin.conf", 1);
        check("C:\\etc\\admin.conf", true, "etc/admin.conf", 3);
        check("dev-disk-by\\x2dlabel.mount", false, "dev-disk-by\\x2dlabel.mount", 1);
        check("a..b/...", false, "a..b/...", 0);
        check("\u{1b}[2Jca.crt", false, "\u{fffd}[2Jca.crt", 1);
        assert_eq!(clean(b"caf\xe9.crt", false).unwrap().path, "caf\u{fffd}.crt");
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in ["..", "../ca.crt", "etc/../../ca.crt", "/../ca.crt", "..\\ca.crt", "a/..\\b", "ca.crt\0.txt"] {
            assert!(matches!(clean(name.as_bytes(), false), Err(Refused::Unsafe(_))), "{name}");
            assert!(matches!(clean(name.as_bytes(), true), Err(Refused::Unsafe(_))), "{name}");
        }
        for name in ["", ".", "./", "/"] {
            assert_eq!(clean(name.as_bytes(), false), Err(Refused::Empty), "{name}");
        }
    }
}
