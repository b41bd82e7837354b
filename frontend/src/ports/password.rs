//! A password between its field and the worker: removed from the field at once, never stored or printed.

use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement, SubmitEvent};
use zeroize::Zeroizing;

use super::endpoint::Attachment;

/// A password in memory that is transferred to the worker: the page loses it then.
pub struct Typed(Attachment);

impl From<Typed> for Attachment {
    fn from(Typed(bytes): Typed) -> Self {
        bytes
    }
}

/// Takes the value of the form's first field, and clears the field.
pub fn typed(event: &SubmitEvent) -> Typed {
    event.prevent_default();
    let form = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    let field = form.and_then(|form| form.query_selector("input").ok()?);
    let text = field.and_then(|field| field.dyn_into::<HtmlInputElement>().ok()).map(|field| {
        let text = Zeroizing::new(field.value());
        field.set_value("");
        text
    });
    Typed(Attachment::bytes(text.unwrap_or_default().as_bytes()))
}
