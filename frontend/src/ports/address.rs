//! The page's address, whose fragment is the step's id.

use gloo_events::EventListener;
use gloo_utils::{document, window};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::dom;

/// The fragment, without `#`; empty for none.
pub fn fragment() -> String {
    let address = document().document_uri().unwrap_or_default();
    address.split_once('#').map(|(_, fragment)| fragment.to_owned()).unwrap_or_default()
}

/// Calls `changed` after every change of the fragment.
pub fn listen(changed: impl Fn() + 'static) {
    EventListener::new(&window(), "hashchange", move |_| changed()).forget();
}

/// Clicks the link of that id: the page never sets its address directly.
pub fn follow(link: &str) {
    if let Some(link) = dom::element(link).and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        link.click();
    }
}

/// Sets the title of the tab.
pub fn set_title(title: &str) {
    document().set_title(title);
}
