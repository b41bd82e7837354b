//! Tabs that the browser puts to sleep, or throws out to save memory (Page Lifecycle, in Chromium alone).

use wasm_bindgen::{JsCast, closure::Closure, prelude::wasm_bindgen};
use web_sys::Document;

use super::window;

#[wasm_bindgen]
extern "C" {
    /// A document of a browser that says so.
    #[wasm_bindgen(extends = Document)]
    type SleepyDocument;

    #[wasm_bindgen(method, getter, js_name = wasDiscarded)]
    fn was_discarded(this: &SleepyDocument) -> Option<bool>;
}

/// Tells of every time that the page wakes up, as long as it lives.
pub fn listen(woke: impl Fn() + 'static) {
    let Some(document) = window().and_then(|window| window.document()) else { return };
    let listener = Closure::<dyn FnMut()>::new(woke);
    // Where the browser knows no such event, it puts no page to sleep either.
    let _ = document.add_event_listener_with_callback("resume", listener.as_ref().unchecked_ref());
    listener.forget();
}

/// Did the browser throw the page out, with all that it held, and open it anew?
pub fn was_thrown_out() -> bool {
    let document = window().and_then(|window| window.document());
    document.is_some_and(|document| document.unchecked_ref::<SleepyDocument>().was_discarded().unwrap_or_default())
}
