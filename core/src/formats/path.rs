//! Absolute paths as text, as found in manifests and units.

/// The part of `path` after `folder`: empty for the folder itself, otherwise with a leading `/`; `None` if `path` is
/// outside. `folder` has no trailing `/`.
pub(crate) fn below<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(folder).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn a_name_that_begins_alike_is_elsewhere() {
        for (path, rest) in [
            ("/etc/kubernetes", Some("")),
            ("/etc/kubernetes/pki/ca.crt", Some("/pki/ca.crt")),
            ("/etc/kubernetes-old/ca.crt", None),
            ("/etc", None),
        ] {
            assert_eq!(below("/etc/kubernetes", path), rest, "{path}");
        }
        assert_eq!(below("", "/etc"), Some("/etc"), "the root has no name");
    }
}
