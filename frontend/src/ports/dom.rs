//! What components need of the document.

use gloo_utils::{document, document_element};
use wasm_bindgen::JsCast;
use web_sys::{
    DragEvent, Element, Event, HtmlElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement, KeyboardEvent,
};
use yew::{BaseComponent, Renderer};

use crate::state::{keys, matrix_view::Motion};

/// What a field holds after an event; empty for anything but a field.
pub fn value(event: &Event) -> String {
    let Some(target) = event.target() else { return String::new() };
    if let Some(input) = target.dyn_ref::<HtmlInputElement>() {
        input.value()
    } else if let Some(select) = target.dyn_ref::<HtmlSelectElement>() {
        select.value()
    } else if let Some(area) = target.dyn_ref::<HtmlTextAreaElement>() {
        area.value()
    } else {
        String::new()
    }
}

/// Is the box ticked after an event?
pub fn checked(event: &Event) -> bool {
    event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()).is_some_and(|input| input.checked())
}

/// Empties a text area: the paste field keeps nothing.
pub fn clear(event: &Event) {
    if let Some(area) = event.target().and_then(|target| target.dyn_into::<HtmlTextAreaElement>().ok()) {
        area.set_value("");
    }
}

/// Is the `<details>` open after an event?
pub fn is_open(event: &Event) -> bool {
    event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .is_some_and(|details| details.has_attribute("open"))
}

/// The id of the element that an event came from; empty if it has none.
pub fn id(event: &Event) -> String {
    event.target().and_then(|target| target.dyn_into::<Element>().ok()).map_or_else(String::new, |element| element.id())
}

/// Where a key leads in a grid (WAI-ARIA Authoring Practices, grid pattern); the page does not scroll then.
pub fn motion(event: &KeyboardEvent) -> Option<Motion> {
    let motion = keys::motion(&event.key(), event.ctrl_key())?;
    event.prevent_default();
    Some(motion)
}

/// Lets files be dropped: without this the browser would open them in the page's place.
pub fn allow_drop(event: &DragEvent) {
    event.prevent_default();
}

/// Puts `C` in the place of what stands there while the page starts.
pub fn mount<C: BaseComponent<Properties = ()>>() {
    if let Some(place) = element("app") {
        Renderer::<C>::with_root(place).render();
    }
}

/// Has the page take these colours; empty for the system's. Nothing is stored.
pub fn set_theme(theme: &str) {
    // An attribute of that name can always be set.
    let _ = document_element().set_attribute("data-theme", theme);
}

/// Moves the focus to the element of that id, if there is one.
pub fn focus(id: &str) {
    if let Some(element) = element(id).and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // An element that takes no focus leaves it where it is.
        let _ = element.focus();
    }
}

/// Replaces the page by a sentence: nothing else can be shown any more.
pub fn replace_page(sentence: &str) {
    if let Some(page) = element("app") {
        page.set_text_content(Some(sentence));
        // Read out where it can be; there is nobody left to tell otherwise.
        let _ = page.set_attribute("role", "alert");
    }
}

/// The element of that id.
pub(super) fn element(id: &str) -> Option<Element> {
    document().get_element_by_id(id)
}
