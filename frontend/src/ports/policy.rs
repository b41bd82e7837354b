//! The page's content policy: what it says, and what it stopped.

use gloo_events::EventListener;
use gloo_utils::document;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// SHA-256 of the page's file, left there by `boot.js`; nothing where it was not opened from one.
    #[wasm_bindgen(thread_local_v2, js_name = airlockBuild)]
    static BUILD: Option<String>;
}

/// What the policy says; empty where the page was served without one.
pub fn text() -> String {
    let policy = document().query_selector("meta[http-equiv]").ok().flatten();
    policy.and_then(|policy| policy.get_attribute("content")).unwrap_or_default()
}

/// Calls `stopped` for every attempt that the policy blocked, as long as the page lives.
pub fn listen(stopped: impl Fn() + 'static) {
    // A browser without this event counts nothing; the policy applies there too.
    EventListener::new(&document(), "securitypolicyviolation", move |_| stopped()).forget();
}

/// SHA-256 of the page's file in lower case hexadecimal; empty where it is not known.
pub fn build() -> String {
    BUILD.with(Option::clone).unwrap_or_default()
}
