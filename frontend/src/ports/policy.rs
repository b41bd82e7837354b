//! The page's Content Security Policy: its text, and the requests that it blocked.

use gloo_events::EventListener;
use gloo_utils::document;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// SHA-256 of the page's file, set by `boot.js`; undefined if the page is not a single file.
    #[wasm_bindgen(thread_local_v2, js_name = airlockBuild)]
    static BUILD: Option<String>;
}

/// The policy's text; empty if the page has none.
pub fn text() -> String {
    let policy = document().query_selector("meta[http-equiv]").ok().flatten();
    policy.and_then(|policy| policy.get_attribute("content")).unwrap_or_default()
}

/// Calls `stopped` for every request that the policy blocks.
pub fn listen(stopped: impl Fn() + 'static) {
    // Browsers without this event report nothing; the policy still applies.
    EventListener::new(&document(), "securitypolicyviolation", move |_| stopped()).forget();
}

/// SHA-256 of the page's file in lower case hexadecimal; empty if unknown.
pub fn build() -> String {
    BUILD.with(Option::clone).unwrap_or_default()
}
