//! The browser's confirmation dialog before the page is left.

use gloo_events::{EventListener, EventListenerOptions};
use gloo_utils::window;

/// While this exists, the browser asks before it leaves the page.
pub struct Question {
    _listener: EventListener,
}

impl Question {
    /// Enables the confirmation.
    pub fn pose() -> Self {
        let options = EventListenerOptions::enable_prevent_default();
        let ask = |event: &web_sys::Event| event.prevent_default();
        Self { _listener: EventListener::new_with_options(&window(), "beforeunload", options, ask) }
    }
}
