//! The page's address: what stands after `#` names the step, and nothing else.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::HtmlElement;

use super::{dom, window};

/// What stands after `#`; empty for nothing.
pub fn fragment() -> String {
    let address = window().and_then(|window| window.document()?.document_uri().ok()).unwrap_or_default();
    address.split_once('#').map(|(_, fragment)| fragment.to_owned()).unwrap_or_default()
}

/// Tells of every change of it, as long as the page lives.
pub fn listen(changed: impl Fn() + 'static) {
    let Some(window) = window() else { return };
    let listener = Closure::<dyn FnMut()>::new(changed);
    // A page without it still has its links; only the way back by the browser's own button is missing then.
    let _ = window.add_event_listener_with_callback("hashchange", listener.as_ref().unchecked_ref());
    listener.forget();
}

/// Follows the link of that id, as a person does: the page itself never sets its address.
pub fn follow(link: &str) {
    if let Some(link) = dom::element(link).and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        link.click();
    }
}

/// Puts the title of the tab.
pub fn set_title(title: &str) {
    if let Some(document) = window().and_then(|window| window.document()) {
        document.set_title(title);
    }
}
