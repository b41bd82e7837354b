//! Recognition of `manifest.json`, the manifest of an Airlock package.

use serde::Deserialize;

/// The format's name and version.
pub(crate) const FORMAT: &str = "airlock-package/1";

/// The largest manifest that is read. Bytes.
const MAX_SIZE: usize = 64 << 20;

#[derive(Deserialize)]
struct Head {
    format: String,
}

/// Whether the file is a package manifest in the current format.
pub(crate) fn is_manifest(bytes: &[u8]) -> bool {
    let head = bytes.get(..MAX_SIZE.min(bytes.len())).map(serde_json::from_slice::<Head>);
    head.is_some_and(|head| head.is_ok_and(|head| head.format == FORMAT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_its_format() {
        assert!(is_manifest(br#"{"cluster":"one","format":"airlock-package/1"}"#));
        for other in ["", "[]", "{}", r#"{"format":"airlock-package/0"}"#, r#"{"format":1}"#] {
            assert!(!is_manifest(other.as_bytes()), "{other}");
        }
    }
}
