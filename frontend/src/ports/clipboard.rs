//! The clipboard, which the page writes without reading the text.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{Blob, ClipboardItem};

use super::browser::{reason, window};

/// Writes a text to the clipboard that is still being created. Call it in the click handler:
/// browsers allow it nowhere else. The text goes from blob to clipboard inside the browser.
pub fn write(text: impl Future<Output = Result<Blob, String>> + 'static) -> impl Future<Output = Result<(), String>> {
    let text =
        future_to_promise(async { text.await.map(Into::into).map_err(|error| js_sys::Error::new(&error).into()) });
    let written = (|| {
        let record = Object::new();
        Reflect::set(&record, &"text/plain".into(), &text)?;
        let item = ClipboardItem::new_with_record_from_str_to_blob_promise(&record)?;
        let clipboard =
            window().map(|window| window.navigator().clipboard()).filter(|clipboard| !clipboard.is_undefined());
        let clipboard =
            clipboard.ok_or_else(|| JsValue::from(js_sys::Error::new("this browser has no clipboard for pages")))?;
        Ok(clipboard.write(&Array::of1(&item)))
    })();
    async {
        match written {
            Ok(promise) => JsFuture::from(promise).await.map(|_| ()).map_err(|error| reason(&error)),
            Err(error) => Err(reason(&error)),
        }
    }
}
