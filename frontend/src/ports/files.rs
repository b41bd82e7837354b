//! Chosen and pasted files, blobs, and downloads.

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

/// The maximum number of files in one selection: more than any cluster has, fewer than a disk.
pub const MAX_FILES: usize = 100_000;

/// The number of files that are read in parallel.
const READ_AT_ONCE: usize = 64;

/// A file that the person picked, not read yet.
#[derive(Clone, Debug, PartialEq)]
pub struct PickedFile {
    /// Its path, as shown to the person.
    pub path: String,
    /// The browser's handle to it, or the reason why there is none.
    pub handle: Result<Blob, String>,
}

#[wasm_bindgen]
extern "C" {
    /// A file of a chosen folder has its path below that folder.
    #[wasm_bindgen(extends = File)]
    type FolderFile;

    #[wasm_bindgen(method, getter, js_name = webkitRelativePath)]
    fn relative_path(this: &FolderFile) -> String;
}

/// The files chosen with an `<input type="file">`, which is reset so that the same file can be chosen again.
pub fn chosen(event: &Event) -> Vec<PickedFile> {
    let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else {
        return Vec::new();
    };
    let files = input.files().as_ref().map(listed).unwrap_or_default();
    input.set_value("");
    files
}

/// Pasted content.
pub enum Pasted {
    /// Files, or a text as a file.
    Files(Vec<PickedFile>),
    /// An error message.
    Message(Message),
}

/// The content of a paste event; `None` if it is empty.
pub fn pasted(event: &Event) -> Option<Pasted> {
    event.prevent_default();
    let data = event.dyn_ref::<ClipboardEvent>().and_then(ClipboardEvent::clipboard_data)?;
    let text = Zeroizing::new(data.get_data("text/plain").unwrap_or_default());
    if let Some(message) = Message::new(&text).filter(|_| explain::is_message(&text)) {
        return Some(Pasted::Message(message));
    }
    Some(transferred(&data)).filter(|files| !files.is_empty()).map(Pasted::Files)
}

/// Reads files, several in parallel: a request to the browser takes longer than reading.
/// Never fails: an unreadable file is [`Content::Unreadable`].
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

/// Starts to read a file; the browser continues while another one is awaited.
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

/// The bytes as a blob, which the page can pass on without reading them. The browser copies them from wasm's memory
/// directly, so that there is no other copy to wipe.
pub fn blob(bytes: &[u8], media_type: &str) -> Blob {
    gloo_file::Blob::new_with_options(bytes, Some(media_type)).into()
}

/// A blob under a URL for downloading; dropping it revokes the URL.
pub struct Download {
    _url: ObjectUrl,
}

impl Download {
    /// Downloads the blob.
    ///
    /// # Errors
    ///
    /// If the browser rejects the download.
    pub fn start(blob: &Blob, name: &str) -> Result<Self, String> {
        let url = ObjectUrl::from(blob.clone());
        let anchor = gloo_utils::document().create_element("a").map_err(|error| reason(&error))?;
        let anchor: HtmlElement = anchor.unchecked_into();
        // Sets attributes: the setter of `href` could also navigate, and must not be in `imports.txt`.
        for (attribute, value) in [("href", &*url), ("download", name)] {
            anchor.set_attribute(attribute, value).map_err(|error| reason(&error))?;
        }
        anchor.click();
        Ok(Self { _url: url })
    }
}

/// The files of a drop or paste, or its text as a file; without folders.
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

/// The file name of pasted text.
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
