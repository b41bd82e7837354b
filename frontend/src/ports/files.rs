//! Files in: chosen and pasted. Files out: blobs and the download.

use airlock_core::{Content, input::MAX_FILE_SIZE};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
pub use web_sys::Blob;
use web_sys::{
    BlobPropertyBag, ClipboardEvent, DataTransfer, Event, File, FileList, FilePropertyBag, HtmlElement,
    HtmlInputElement, Url,
};
use zeroize::Zeroizing;

use super::{reason, window};
use crate::state::explain::{self, Message};

/// More files than any cluster's trees have: whoever drops a whole disk by mistake is told so.
pub const MAX_FILES: usize = 100_000;

/// So many files are read at once.
const READ_AT_ONCE: usize = 64;

/// A file that the person gave, not read yet.
#[derive(Clone, Debug, PartialEq)]
pub struct PickedFile {
    /// Its path as the person knows it.
    pub path: String,
    /// The browser's handle to it, or why there is none.
    pub handle: Result<Blob, String>,
}

#[wasm_bindgen]
extern "C" {
    /// A file out of a chosen folder knows where it lies in there.
    #[wasm_bindgen(extends = File)]
    type FolderFile;

    #[wasm_bindgen(method, getter, js_name = webkitRelativePath)]
    fn relative_path(this: &FolderFile) -> String;
}

/// The files that were chosen with an `<input type="file">`, which is emptied so that the same can be chosen again.
pub fn chosen(event: &Event) -> Vec<PickedFile> {
    let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else {
        return Vec::new();
    };
    let files = input.files().as_ref().map(listed).unwrap_or_default();
    input.set_value("");
    files
}

/// What was pasted.
pub enum Pasted {
    /// Files, or a text as a file.
    Files(Vec<PickedFile>),
    /// An error message, which is no file.
    Message(Message),
}

/// What a paste holds; `None` for nothing. The event's text goes nowhere else.
pub fn pasted(event: &Event) -> Option<Pasted> {
    event.prevent_default();
    let data = event.dyn_ref::<ClipboardEvent>().and_then(ClipboardEvent::clipboard_data)?;
    let text = Zeroizing::new(data.get_data("text/plain").unwrap_or_default());
    if let Some(message) = Message::new(&text).filter(|_| explain::is_message(&text)) {
        return Some(Pasted::Message(message));
    }
    Some(transferred(&data)).filter(|files| !files.is_empty()).map(Pasted::Files)
}

/// Reads files as core wants them, some at once: asking the browser takes longer than reading.
/// Never fails: what cannot be read is content too.
pub async fn read(blobs: &[Blob]) -> Vec<Content> {
    let mut contents = Vec::with_capacity(blobs.len());
    for some in blobs.chunks(READ_AT_ONCE) {
        let reading: Vec<_> = some.iter().map(read_one).collect();
        for content in reading {
            contents.push(content.await);
        }
    }
    contents
}

/// Begins to read a file. The browser reads on while another is waited for.
fn read_one(blob: &Blob) -> impl Future<Output = Content> + use<> {
    let size = blob.size();
    let buffer = (size <= MAX_FILE_SIZE as f64).then(|| JsFuture::from(blob.array_buffer()));
    async move {
        let Some(buffer) = buffer else { return Content::TooLarge(size as u64) };
        match buffer.await {
            Ok(buffer) => {
                let array = Uint8Array::new(&buffer);
                let bytes = Zeroizing::new(array.to_vec());
                array.fill(0, 0, array.length());
                Content::Bytes(bytes.into())
            }
            Err(error) => Content::Unreadable(reason(&error)),
        }
    }
}

/// The bytes as a blob, which the page can pass on without holding them.
pub fn blob(bytes: &[u8], media_type: &str) -> Blob {
    let options = BlobPropertyBag::new();
    options.set_type(media_type);
    // A copy outside of wasm's memory, which the blob takes its own from: wiped at once.
    let array = Uint8Array::from(bytes);
    let blob = Blob::new_with_u8_array_sequence_and_options(&Array::of1(&array), &options);
    array.fill(0, 0, array.length());
    blob.expect("Invariant: a blob can be made of bytes")
}

/// A blob under a name for downloading; dropping it takes the name away.
pub struct Download(String);

impl Download {
    /// Hands the blob to the browser's downloads.
    ///
    /// # Errors
    ///
    /// If the browser takes none.
    pub fn start(blob: &Blob, name: &str) -> Result<Self, String> {
        let download = Self(Url::create_object_url_with_blob(blob).map_err(|error| reason(&error))?);
        let anchor = window().and_then(|window| window.document()?.create_element("a").ok());
        let anchor = anchor.and_then(|anchor| anchor.dyn_into::<HtmlElement>().ok());
        let anchor = anchor.ok_or_else(|| "there is no page to download from".to_owned())?;
        // Attributes: a setter of `href` is also what a navigation would be made with, and stays off the list of imports.
        for (attribute, value) in [("href", download.0.as_str()), ("download", name)] {
            anchor.set_attribute(attribute, value).map_err(|error| reason(&error))?;
        }
        anchor.click();
        Ok(download)
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        // A name that is gone already is what we want.
        let _ = Url::revoke_object_url(&self.0);
    }
}

/// What a drop or paste holds besides folders: files, or a text as a file.
pub(super) fn transferred(data: &DataTransfer) -> Vec<PickedFile> {
    let files = data.files().as_ref().map(listed).unwrap_or_default();
    if !files.is_empty() {
        return files;
    }
    data.get_data("text/plain").ok().filter(|text| !text.trim().is_empty()).map(text_file).into_iter().collect()
}

fn text_file(text: String) -> PickedFile {
    let parts = Array::of1(&JsValue::from_str(&Zeroizing::new(text)));
    let handle = File::new_with_str_sequence_and_options(&parts, PASTED, &FilePropertyBag::new());
    PickedFile { path: PASTED.to_owned(), handle: handle.map(Into::into).map_err(|error| reason(&error)) }
}

/// The name of what was pasted.
const PASTED: &str = "pasted";

fn listed(list: &FileList) -> Vec<PickedFile> {
    (0..list.length().min(MAX_FILES as u32))
        .filter_map(|index| list.get(index))
        .map(|file| {
            let inside = file.unchecked_ref::<FolderFile>().relative_path();
            let path = if inside.is_empty() { file.name() } else { inside };
            PickedFile { path, handle: Ok(file.into()) }
        })
        .collect()
}
