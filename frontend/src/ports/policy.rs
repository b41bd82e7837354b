//! The page's content policy: what it says, and what it stopped.

use wasm_bindgen::{JsCast, closure::Closure, prelude::wasm_bindgen};

use super::window;

#[wasm_bindgen]
extern "C" {
    /// SHA-256 of the page's file, left there by `boot.js`; nothing where it was not opened from one.
    #[wasm_bindgen(thread_local_v2, js_name = airlockBuild)]
    static BUILD: Option<String>;
}

/// What the policy says; empty where the page was served without one.
pub fn text() -> String {
    let document = window().and_then(|window| window.document());
    let policy = document.and_then(|document| document.query_selector("meta[http-equiv]").ok()?);
    policy.and_then(|policy| policy.get_attribute("content")).unwrap_or_default()
}

/// Tells of every attempt that it stopped, as long as the page lives.
pub fn listen(stopped: impl Fn() + 'static) {
    let Some(document) = window().and_then(|window| window.document()) else { return };
    let listener = Closure::<dyn FnMut()>::new(stopped);
    // Where the browser knows no such event, nothing is counted; the policy holds all the same.
    let _ = document.add_event_listener_with_callback("securitypolicyviolation", listener.as_ref().unchecked_ref());
    listener.forget();
}

/// SHA-256 of the page's file in lower case hexadecimal; empty where it is not known.
pub fn build() -> String {
    BUILD.with(Option::clone).unwrap_or_default()
}
