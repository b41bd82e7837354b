//! The document: fields, focus, colours.

use gloo_utils::{document, document_element};
use wasm_bindgen::JsCast;
use web_sys::{
    DragEvent, Element, Event, HtmlElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement, KeyboardEvent,
};
use yew::{BaseComponent, Renderer};

use crate::state::{keys, matrix_view::Motion};

/// The value of an event's field; empty for other elements.
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

/// Is the event's checkbox selected?
pub fn checked(event: &Event) -> bool {
    event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()).is_some_and(|input| input.checked())
}

/// Clears the event's text area.
pub fn clear(event: &Event) {
    if let Some(area) = event.target().and_then(|target| target.dyn_into::<HtmlTextAreaElement>().ok()) {
        area.set_value("");
    }
}

/// Is the event's `<details>` open?
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

/// The motion of a key in a grid (WAI-ARIA Authoring Practices, grid pattern). Prevents scrolling for such keys.
pub fn motion(event: &KeyboardEvent) -> Option<Motion> {
    let motion = keys::motion(&event.key(), event.ctrl_key())?;
    event.prevent_default();
    Some(motion)
}

/// Allows dropping files: otherwise the browser would open them instead of the page.
pub fn allow_drop(event: &DragEvent) {
    event.prevent_default();
}

/// Mounts `C` instead of the placeholder of the starting page.
pub fn mount<C: BaseComponent<Properties = ()>>() {
    if let Some(place) = element("app") {
        Renderer::<C>::with_root(place).render();
    }
}

/// Sets the page's colours; empty for the system's. Nothing is stored.
pub fn set_theme(theme: &str) {
    // Setting a valid attribute name does not fail.
    let _ = document_element().set_attribute("data-theme", theme);
}

/// Moves the focus to the element of that id, if there is one.
pub fn focus(id: &str) {
    if let Some(element) = element(id).and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // Elements that cannot take the focus ignore this.
        let _ = element.focus();
    }
}

/// Replaces the page by a sentence, after a panic.
pub fn replace_page(sentence: &str) {
    if let Some(page) = element("app") {
        page.set_text_content(Some(sentence));
        // `alert` has screen readers read it; a failure cannot be reported any more.
        let _ = page.set_attribute("role", "alert");
    }
}

/// The element of that id.
pub(super) fn element(id: &str) -> Option<Element> {
    document().get_element_by_id(id)
}
