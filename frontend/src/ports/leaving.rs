//! The browser's own question before the page is left.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::Event;

use super::window;

/// As long as this is kept, the browser asks before it leaves the page.
pub struct Question {
    listener: Closure<dyn FnMut(Event)>,
}

impl Question {
    /// Has the browser ask.
    pub fn pose() -> Self {
        let listener = Closure::new(|event: Event| event.prevent_default());
        if let Some(window) = window() {
            // A browser that knows no such event does not ask.
            let _ = window.add_event_listener_with_callback("beforeunload", listener.as_ref().unchecked_ref());
        }
        Self { listener }
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        if let Some(window) = window() {
            // One that was not added is not there to be removed.
            let _ = window.remove_event_listener_with_callback("beforeunload", self.listener.as_ref().unchecked_ref());
        }
    }
}
