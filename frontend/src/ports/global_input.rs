//! Events of the whole page: paste, undo, and printing.

use gloo_events::{EventListener, EventListenerOptions};
use gloo_utils::{document, window};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, KeyboardEvent};

use super::files;
use crate::state::keys;

/// Text fields, which handle paste and undo themselves.
const FIELDS: &str = "input:not([type=checkbox], [type=radio], [type=file], [type=range]), textarea:not(#paste)";

/// Calls `undo` for Control+Z, and `pasted` with pasted content.
pub fn listen(undo: impl Fn() + 'static, pasted: impl Fn(files::Pasted) + 'static) {
    let document = document();
    let options = EventListenerOptions::enable_prevent_default();
    let keys = move |event: &Event| {
        let key = event.dyn_ref::<KeyboardEvent>();
        let is_undo = key.is_some_and(|key| keys::is_undo(&key.key(), key.ctrl_key() || key.meta_key()));
        if is_undo && !is_in_field(event) {
            event.prevent_default();
            undo();
        }
    };
    let paste = move |event: &Event| {
        if !is_in_field(event)
            && let Some(found) = files::pasted(event)
        {
            pasted(found);
        }
    };
    EventListener::new_with_options(&document, "keydown", options, keys).forget();
    EventListener::new_with_options(&document, "paste", options, paste).forget();
}

/// Calls `told` with `true` before the page is printed and with `false` after it.
pub fn while_printing(told: impl Fn(bool) + Clone + 'static) {
    let window = window();
    for (name, on) in [("beforeprint", true), ("afterprint", false)] {
        let told = told.clone();
        EventListener::new(&window, name, move |_| told(on)).forget();
    }
}

fn is_in_field(event: &Event) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|element| element.matches(FIELDS).unwrap_or_default())
}
