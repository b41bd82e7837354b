//! The file itself, without a browser.

use std::{collections::BTreeSet, fs, io::Read as _};

use airlock_tests::tools::root;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha256};

use crate::page::dist;

/// The maximum size in bytes: people carry the file on USB sticks and send it through mail gateways.
const MAX_SIZE: u64 = 3_145_728;

fn html() -> String {
    fs::read_to_string(dist()).expect("the page is text")
}

/// The elements with that name: the content of the tag, and the text inside.
fn elements(html: &str, name: &str) -> Vec<(String, String)> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once(&open) {
        let (tag, after) = after.split_once('>').expect("a tag ends");
        let (text, after) = after.split_once(&close).expect("an element ends");
        found.push((tag.trim().to_owned(), text.to_owned()));
        rest = after;
    }
    found
}

fn source(text: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)))
}

#[test]
fn is_small_enough() {
    let size = fs::metadata(dist()).expect("the page is there").len();
    assert!(size <= MAX_SIZE, "{size} bytes");
}

#[test]
fn the_policy_allows_its_own_scripts_and_styles_and_no_request() {
    let html = html();
    let code: Vec<_> = elements(&html, "script").into_iter().filter(|(tag, _)| tag.is_empty()).collect();
    let data: Vec<_> = elements(&html, "script").into_iter().filter(|(tag, _)| !tag.is_empty()).collect();
    assert_eq!(code.len(), 1, "one script");
    assert_eq!(data.len(), 1, "and the wasm");
    assert_eq!(data[0].0, r#"type="application/gzip" id="wasm""#);
    let styles = elements(&html, "style");
    assert_eq!(styles.len(), 1, "one style");
    let policy = format!(
        "default-src 'none'; script-src {} 'wasm-unsafe-eval'; style-src {}; worker-src blob:; connect-src 'none'; \
         form-action 'none'; base-uri 'none'",
        source(&code[0].1),
        source(&styles[0].1)
    );
    let meta = format!(r#"<meta http-equiv="Content-Security-Policy" content="{policy}">"#);
    let at = html.find(&meta).unwrap_or_else(|| panic!("the policy is not {policy}"));
    for governed in ["<script", "<style", "<link", "<body"] {
        assert!(html.find(governed).is_none_or(|other| other > at), "{governed} comes before the policy");
    }
    assert_eq!(html.matches("http-equiv").count(), 1, "one policy");
}

#[test]
fn nothing_is_fetched_from_elsewhere() {
    let html = html();
    let mut markup = html.clone();
    for name in ["script", "style"] {
        for (_, text) in elements(&html, name) {
            markup = markup.replace(&text, "");
        }
    }
    for outside in [" src=", " href=", " srcset=", " action=", "url(", "http:", "https:", "//", " style=", " on"] {
        let found = markup.find(outside).map(|at| markup[at..].chars().take(60).collect::<String>());
        // This file writes names of elements and attributes without a space after them.
        assert!(found.is_none(), "the markup has {}", found.unwrap_or_default());
    }
    for (_, style) in elements(&html, "style") {
        assert!(!style.contains("url(") && !style.contains("@import"), "the style fetches something");
    }
}

/// `frontend/imports.txt` lists the browser functions that the page's wasm imports. `cargo xtask app` compares it with
/// the glue code; this test compares it with the wasm in the file.
#[test]
fn the_wasm_imports_what_is_pinned() {
    let html = html();
    let (_, packed) = elements(&html, "script").into_iter().find(|(tag, _)| tag.contains("wasm")).expect("wasm");
    let mut wasm = Vec::new();
    let packed = BASE64_STANDARD.decode(packed).expect("base64");
    GzDecoder::new(packed.as_slice()).read_to_end(&mut wasm).expect("gzip");
    let imported: BTreeSet<String> = imports(&wasm).iter().map(|name| plain(name).to_owned()).collect();
    let pinned = fs::read_to_string(root().join("frontend/imports.txt")).expect("the pinned list");
    let pinned: BTreeSet<String> =
        pinned.lines().filter_map(|line| Some(line.split_once(": ")?.0.to_owned())).collect();
    assert_eq!(imported, pinned, "imported, pinned");
    for way in ["fetch", "open", "WebSocket", "sendBeacon", "RTCPeerConnection", "EventSource", "setHref", "location"] {
        let found = imported.iter().find(|name| name.to_lowercase().contains(&way.to_lowercase()));
        assert!(found.is_none_or(|name| name == "opendialog"), "{found:?}");
    }
}

/// An import's name without wasm-bindgen's prefix and suffix.
fn plain(name: &str) -> &str {
    let name = name.trim_start_matches("__wbg_").trim_start_matches("__wbindgen_");
    match name.rsplit_once('_') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name,
        _ => name,
    }
}

/// The names in the import section (webassembly.github.io/spec/core/binary/modules.html).
fn imports(wasm: &[u8]) -> Vec<String> {
    let mut rest = wasm.strip_prefix(b"\0asm\x01\0\0\0").expect("a module of version 1");
    while let Some((&id, after)) = rest.split_first() {
        let (size, after) = number(after);
        let (mut section, after) = after.split_at(size);
        if id != 2 {
            rest = after;
            continue;
        }
        let (count, entries) = number(section);
        section = entries;
        let mut names = Vec::new();
        for _ in 0..count {
            let (_, after) = name(section);
            let (own, after) = name(after);
            assert_eq!(after[0], 0, "{own} is a function");
            section = number(&after[1..]).1;
            names.push(own.to_owned());
        }
        return names;
    }
    panic!("the module has no imports")
}

fn name(bytes: &[u8]) -> (&str, &[u8]) {
    let (length, after) = number(bytes);
    let (name, after) = after.split_at(length);
    (str::from_utf8(name).expect("names are UTF-8"), after)
}

/// An unsigned LEB128 number.
fn number(mut bytes: &[u8]) -> (usize, &[u8]) {
    let (mut value, mut shift) = (0, 0);
    while let Some((&byte, after)) = bytes.split_first() {
        bytes = after;
        value |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    (value, bytes)
}
