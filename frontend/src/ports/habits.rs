//! What works anywhere on the page: pasting, the key that takes the last change back, and being printed.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, Event, KeyboardEvent};

use super::{files, window};
use crate::state::keys;

/// Fields in which people type: what they paste and take back there is their own.
const FIELDS: &str = "input:not([type=checkbox], [type=radio], [type=file], [type=range]), textarea:not(#paste)";

/// Tells of the key that takes the last change back, and of whatever is pasted, as long as the page lives.
pub fn listen(undo: impl Fn() + 'static, pasted: impl Fn(files::Pasted) + 'static) {
    let Some(document) = window().and_then(|window| window.document()) else { return };
    let keys = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
        if keys::is_undo(&event.key(), event.ctrl_key() || event.meta_key()) && !is_in_field(&event) {
            event.prevent_default();
            undo();
        }
    });
    let paste = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
        if !is_in_field(&event)
            && let Some(found) = files::pasted(&event)
        {
            pasted(found);
        }
    });
    // A page without them still has its button and its field.
    let _ = document.add_event_listener_with_callback("keydown", keys.as_ref().unchecked_ref());
    let _ = document.add_event_listener_with_callback("paste", paste.as_ref().unchecked_ref());
    keys.forget();
    paste.forget();
}

/// Tells when the page begins to be printed, and when that is over, as long as the page lives.
pub fn while_printing(told: impl Fn(bool) + Clone + 'static) {
    let Some(window) = window() else { return };
    for (name, on) in [("beforeprint", true), ("afterprint", false)] {
        let told = told.clone();
        let listener = Closure::<dyn FnMut()>::new(move || told(on));
        // Where the browser knows no such event, what is closed stays closed on paper.
        let _ = window.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
        listener.forget();
    }
}

fn is_in_field(event: &Event) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|element| element.matches(FIELDS).unwrap_or_default())
}
