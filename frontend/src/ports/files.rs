//! Files in: chosen and pasted. Files out: blobs and the download.

use airlock_core::{Content, input::MAX_FILE_SIZE};
use gloo_file::ObjectUrl;
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
pub use web_sys::Blob;
use web_sys::{ClipboardEvent, DataTransfer, Event, File, FileList, HtmlElement, HtmlInputElement};
use zeroize::Zeroizing;

use super::browser::reason;
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

/// The bytes as a blob, which the page can pass on without holding them. The browser copies them out of wasm's memory
/// directly, so that no other copy has to be wiped.
pub fn blob(bytes: &[u8], media_type: &str) -> Blob {
    gloo_file::Blob::new_with_options(bytes, Some(media_type)).into()
}

/// A blob under a URL for downloading; dropping it revokes the URL.
pub struct Download {
    _url: ObjectUrl,
}

impl Download {
    /// Hands the blob to the browser's downloads.
    ///
    /// # Errors
    ///
    /// If the browser takes none.
    pub fn start(blob: &Blob, name: &str) -> Result<Self, String> {
        let url = ObjectUrl::from(blob.clone());
        let anchor = gloo_utils::document().create_element("a").map_err(|error| reason(&error))?;
        let anchor: HtmlElement = anchor.unchecked_into();
        // Attributes: a setter of `href` is also what a navigation would be made with, and stays off the list of imports.
        for (attribute, value) in [("href", &*url), ("download", name)] {
            anchor.set_attribute(attribute, value).map_err(|error| reason(&error))?;
        }
        anchor.click();
        Ok(Self { _url: url })
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
    let text = Zeroizing::new(text);
    let file: gloo_file::Blob = gloo_file::File::new(PASTED, text.as_str()).into();
    PickedFile { path: PASTED.to_owned(), handle: Ok(file.into()) }
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
