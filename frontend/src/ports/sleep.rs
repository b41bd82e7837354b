//! Pages that the browser suspends or discards to save memory (Page Lifecycle API, Chromium only).

use gloo_events::EventListener;
use gloo_utils::document;
use wasm_bindgen::{JsCast, prelude::wasm_bindgen};
use web_sys::Document;

#[wasm_bindgen]
extern "C" {
    /// A document with the property `wasDiscarded`.
    #[wasm_bindgen(extends = Document)]
    type DiscardableDocument;

    #[wasm_bindgen(method, getter, js_name = wasDiscarded)]
    fn was_discarded(this: &DiscardableDocument) -> Option<bool>;
}

/// Calls `woke` whenever the browser resumes the page.
pub fn listen(woke: impl Fn() + 'static) {
    // A browser without this event suspends no page.
    EventListener::new(&document(), "resume", move |_| woke()).forget();
}

/// Did the browser discard the page with its memory, and reload it?
pub fn was_page_discarded() -> bool {
    document().unchecked_ref::<DiscardableDocument>().was_discarded().unwrap_or_default()
}
