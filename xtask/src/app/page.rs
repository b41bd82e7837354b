//! Assembles the page: `index.html` with all files inlined that Trunk would place in its output folder.
//!
//! Trunk and this module read the same `<link data-trunk …>` elements. This module replaces each with the linked
//! content.

use std::{fs, num::NonZeroU64};

use anyhow::{Context, Result, bail, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use zopfli::{Format, Options};

use crate::setup;

/// zopfli iterations per block. More take longer and save little.
const PASSES: NonZeroU64 = NonZeroU64::new(5).expect("5 is not zero");

/// The placeholder for the Content Security Policy, which must precede everything that it governs.
const POLICY: &str = "<!-- policy -->";

/// Inlines style, wasm, glue and boot script into the template, and adds the Content Security Policy.
///
/// # Errors
///
/// If a file cannot be read, or the template or the glue contains something that cannot be inlined.
pub fn assemble(glue: &str, wasm: &[u8]) -> Result<String> {
    let template = read("index.html")?;
    let mut page = String::with_capacity(template.len() + glue.len() + wasm.len());
    let (mut scripts, mut styles) = (Vec::new(), Vec::new());
    for line in template.lines() {
        let link = line.trim();
        if !link.starts_with("<link data-trunk") {
            page.push_str(line);
        } else if link.contains(r#"rel="rust""#) {
            page.push_str(r#"<script type="application/gzip" id="wasm">"#);
            page.push_str(&BASE64_STANDARD.encode(gzip(wasm)?));
            page.push_str("</script>");
        } else if link.contains(r#"type="css""#) {
            let style = element("style", &read(href(link)?)?)?;
            styles.push(style.1);
            page.push_str(&style.0);
        } else if link.contains(r#"type="js""#) {
            let script = element("script", &format!("{glue}\n{}", read(href(link)?)?))?;
            scripts.push(script.1);
            page.push_str(&script.0);
        } else {
            bail!("index.html has a link that only Trunk understands: {link}");
        }
        page.push('\n');
    }
    ensure!(page.contains(POLICY), "index.html has no place for the policy: {POLICY}");
    as_a_browser_writes_it(&page.replacen(POLICY, &policy(&scripts, &styles), 1))
}

/// Rewrites the page the way a browser serializes it (HTML, 13.3, `outerHTML`), with the doctype in front, so that the
/// page can display the same SHA-256 that sha256sum computes for its file. Removes white space that a browser drops or
/// moves.
fn as_a_browser_writes_it(page: &str) -> Result<String> {
    let (head, rest) = page.split_once("<head>").context("index.html has no head")?;
    let head: String = head.lines().map(str::trim).collect();
    let (body, end) = rest.rsplit_once("</script>").context("index.html has no script at its end")?;
    let end: String = end.lines().map(str::trim).collect();
    ensure!(
        head.starts_with("<!doctype html><html") && end == "</body></html>",
        "index.html begins or ends otherwise than a page does"
    );
    Ok(format!("{head}<head>{body}</script>{end}"))
}

/// The Content Security Policy: allows these scripts and styles, compiling wasm, and workers that the page creates from
/// its own text. Allows no requests.
fn policy(scripts: &[String], styles: &[String]) -> String {
    format!(
        r#"<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src {} 'wasm-unsafe-eval'; style-src {}; worker-src blob:; connect-src 'none'; form-action 'none'; base-uri 'none'">"#,
        scripts.join(" "),
        styles.join(" ")
    )
}

/// The element with its text, and the CSP source expression (hash) that allows it.
fn element(name: &str, text: &str) -> Result<(String, String)> {
    let text = text.replace("\r\n", "\n");
    ensure!(!text.contains(&format!("</{name}")) && !text.contains("<!--"), "a {name} cannot hold its own end");
    let source = format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text.as_bytes())));
    Ok((format!("<{name}>{text}</{name}>"), source))
}

/// Compresses the wasm for inlining; the page inflates it itself. The output is deterministic and four percent smaller
/// than with zlib's best level.
fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let options = Options { iteration_count: PASSES, ..Options::default() };
    let mut compressed = Vec::new();
    zopfli::compress(options, Format::Gzip, bytes, &mut compressed)?;
    Ok(compressed)
}

/// The value of a link's `href` attribute.
fn href(link: &str) -> Result<&str> {
    let value = link.split_once(r#"href=""#).and_then(|(_, rest)| rest.split_once('"'));
    Ok(value.with_context(|| format!("index.html has a link without href: {link}"))?.0)
}

fn read(file: &str) -> Result<String> {
    fs::read_to_string(setup::root().join(file)).with_context(|| format!("{file} cannot be read"))
}
