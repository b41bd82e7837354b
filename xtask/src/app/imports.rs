//! Checks which browser functions the wasm imports.
//!
//! The Content Security Policy blocks requests, but neither navigation nor WebRTC. The page can only call what its glue
//! imports. The list of imports is therefore pinned in `frontend/imports.txt`; a build that imports anything else
//! fails.

use std::{collections::BTreeSet, fs, path::PathBuf};

use anyhow::{Context, Result, ensure};

use crate::setup;

/// Browser functions that leave the page, store data, or run code from outside the file. They are refused even if the
/// list contains them.
const FORBIDDEN: [&str; 19] = [
    "EventSource",
    "Function(",
    "RTCPeerConnection",
    "SharedWorker",
    "WebSocket",
    "WebTransport",
    "XMLHttpRequest",
    ".cookie",
    ".href =",
    ".location",
    ".open(",
    ".src =",
    "caches",
    "eval(",
    "fetch(",
    "importScripts",
    "indexedDB",
    "sendBeacon",
    "Storage",
];

/// Compares the imports of `glue` with the pinned list.
///
/// # Errors
///
/// If `glue` imports something that is not in the list, no longer imports something that is, or imports something
/// [`FORBIDDEN`].
pub fn check(glue: &str) -> Result<()> {
    let found = imports(glue)?;
    let text = fs::read_to_string(pinned()).context("frontend/imports.txt cannot be read")?;
    let pinned: BTreeSet<String> = text.lines().map(str::to_owned).collect();
    let new: Vec<&str> = found.difference(&pinned).map(String::as_str).collect();
    let gone: Vec<&str> = pinned.difference(&found).map(String::as_str).collect();
    ensure!(
        new.is_empty() && gone.is_empty(),
        "the page asks other things of the browser than frontend/imports.txt says\nnew:\n  {}\ngone:\n  {}\n\
         if each of them is meant, `cargo xtask app --accept-imports` replaces the list",
        new.join("\n  "),
        gone.join("\n  ")
    );
    Ok(())
}

/// Overwrites the pinned list with the imports of `glue`.
///
/// # Errors
///
/// If `glue` imports something [`FORBIDDEN`], or the list cannot be written.
pub fn accept(glue: &str) -> Result<()> {
    let lines: Vec<String> = imports(glue)?.into_iter().collect();
    fs::write(pinned(), lines.join("\n") + "\n").context("frontend/imports.txt cannot be written")
}

fn pinned() -> PathBuf {
    setup::root().join("frontend/imports.txt")
}

/// Lists each import of the glue as `name: what it does`, without hashes in names and without the conversion of values.
fn imports(glue: &str) -> Result<BTreeSet<String>> {
    let (_, object) = glue.split_once("const import0 = {").context("the glue has no imports where they used to be")?;
    let mut imports: Vec<(String, Vec<&str>)> = Vec::new();
    let mut lines = object.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        if line == "};" && lines.peek() == Some(&"return {") {
            break;
        }
        if let Some((name, start)) = line.split_once(": function(").filter(|(name, _)| name.starts_with("__wb")) {
            imports.push((plain_name(name), vec![start.split_once('{').map_or("", |(_, body)| body)]));
        } else if let Some((_, body)) = imports.last_mut() {
            body.push(line);
        }
    }
    ensure!(!imports.is_empty(), "the glue has no imports where they used to be");
    let imports = imports.into_iter().map(|(name, body)| {
        let does: Vec<String> = body.into_iter().filter_map(meaning).collect();
        format!("{name}: {}", does.join(" "))
    });
    let imports: BTreeSet<String> = imports.collect();
    for import in &imports {
        let way = FORBIDDEN.into_iter().find(|way| import.contains(way));
        ensure!(way.is_none(), "the page must not be able to do this: {import}");
    }
    Ok(imports)
}

/// The name of an import without prefix and hash: `addEventListener` for `__wbg_addEventListener_f2d27251d333a631`.
fn plain_name(name: &str) -> String {
    let name = name.trim_start_matches("__wbg_").trim_start_matches("__wbindgen_");
    match name.rsplit_once('_') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name.to_owned(),
        _ => name.to_owned(),
    }
}

/// Normalizes a line of an import's body; `None` if the line does not show what the import does.
fn meaning(line: &str) -> Option<String> {
    const CONVERSIONS: [&str; 23] = [
        "//",
        "const a =",
        "const len",
        "const obj",
        "const ptr",
        "deferred",
        "getDataViewMemory0().set",
        "let deferred",
        "let result",
        "result = false",
        "return handleError",
        "return isLikeNone",
        "return ret",
        "return wasm_bindgen__",
        "state0.a",
        "try {",
        "var cb",
        "var len",
        "var ptr",
        "var state",
        "wasm.__wbindgen_free",
        "}",
        "{",
    ];
    let line = line.trim();
    if line.is_empty() || CONVERSIONS.iter().any(|conversion| line.starts_with(conversion)) {
        return None;
    }
    // The functions that closures compile to have a hash in their name.
    let line = line.split(", wasm_bindgen__").next().unwrap_or(line);
    Some(line.trim_start_matches("const ret = ").trim_end_matches(';').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glue(body: &str) -> String {
        format!(
            "function __wbg_get_imports() {{\n            const import0 = {{\n            __proto__: null,\n{body}\n}};\n        return {{\n"
        )
    }

    #[test]
    fn names_what_an_import_does() {
        let glue = glue(
            "__wbg_size_f2d27251d333a631: function(arg0) {\nconst ret = arg0.size;\nreturn ret;\n},\n\
             __wbg_click_4a28c927bffc821b: function() { return handleError(function (arg0) {\narg0.click();\n}, arguments); },",
        );
        let found: Vec<String> = imports(&glue).unwrap().into_iter().collect();
        assert_eq!(found, ["click: arg0.click()", "size: arg0.size"]);
    }

    #[test]
    fn no_list_allows_a_way_out() {
        let glue =
            glue("__wbg_new_f2d27251d333a631: function(arg0) {\nconst ret = new WebSocket(arg0);\nreturn ret;\n},");
        let message = imports(&glue).unwrap_err().to_string();
        assert!(message.contains("new WebSocket(arg0)"), "{message}");
    }

    #[test]
    fn a_glue_of_another_shape_is_noticed() {
        assert!(imports("function something() {}").is_err());
        assert!(imports(&glue("")).is_err());
    }
}
