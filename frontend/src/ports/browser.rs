//! Clock, window and errors of the browser.

use airlock_core::UnixTime;
use wasm_bindgen::{JsCast, JsValue};

/// The current time of the person's computer, in whole seconds.
pub fn now() -> UnixTime {
    #[allow(clippy::cast_possible_truncation)] // whole seconds of any clock fit
    UnixTime((js_sys::Date::now() / 1000.0).floor() as i64)
}

/// The browser's monotonic clock, in milliseconds since the page was opened.
pub fn clock() -> f64 {
    gloo_utils::window().performance().map_or(0.0, |performance| performance.now())
}

/// The page's window; `None` in a worker.
pub(super) fn window() -> Option<web_sys::Window> {
    js_sys::global().dyn_into().ok()
}

/// The browser's error message.
pub(super) fn reason(error: &JsValue) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map_or_else(|| "the browser gives no reason".to_owned(), |error| error.message().into())
}
