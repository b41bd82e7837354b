//! Drag and drop: files, folders with their contents, or text.
//!
//! A page opened from disk can read a dropped folder in one of two ways. Chromium provides handles, and
//! its older entries fail with an `EncodingError`; other browsers provide entries only.

use js_sys::{Array, AsyncIterator, Function, IteratorNext, Promise};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, DataTransferItem, DragEvent, FileSystemDirectoryEntry, FileSystemDirectoryHandle, FileSystemEntry,
    FileSystemFileEntry, FileSystemFileHandle, FileSystemHandle, FileSystemHandleKind,
};

use super::{
    browser::reason,
    files::{MAX_FILES, PickedFile, transferred},
};

#[wasm_bindgen]
extern "C" {
    /// A dropped item. The call throws in browsers without handles.
    #[wasm_bindgen(extends = DataTransferItem)]
    type HandleItem;

    #[wasm_bindgen(method, catch, js_name = getAsFileSystemHandle)]
    fn handle(this: &HandleItem) -> Result<Promise, JsValue>;
}

/// A file or folder of a dropped tree.
enum Place {
    Entry(FileSystemEntry),
    File(Blob),
    Handle(FileSystemHandle),
}

/// A dropped item, read before the event ends: the browser invalidates it then.
struct Item {
    name: String,
    file: Option<Blob>,
    folder: Option<FileSystemEntry>,
    handle: Option<Promise>,
}

/// All files of a drop.
pub fn dropped(event: &DragEvent) -> impl Future<Output = Vec<PickedFile>> + use<> {
    event.prevent_default();
    let data = event.data_transfer();
    let items: Vec<Item> = data
        .as_ref()
        .map(web_sys::DataTransfer::items)
        .map(|items| (0..items.length()).filter_map(|index| item(&items.get(index)?)).collect())
        .unwrap_or_default();
    let text = if items.is_empty() { data.as_ref().map(transferred).unwrap_or_default() } else { Vec::new() };
    async move {
        let mut found = text;
        let mut waiting = Vec::new();
        for item in items {
            waiting.push((item.name.clone(), item.place().await));
        }
        while let Some((path, place)) = waiting.pop()
            && found.len() < MAX_FILES
        {
            let visited = match place {
                Ok(place) => visit(place).await,
                Err(error) => Err(error),
            };
            match visited {
                Ok(Visited::File(blob)) => found.push(PickedFile { path, handle: Ok(blob) }),
                Ok(Visited::Folder(children)) => {
                    waiting.extend(children.into_iter().map(|(name, place)| (format!("{path}/{name}"), Ok(place))));
                }
                Err(error) => found.push(PickedFile { path, handle: Err(reason(&error)) }),
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }
}

impl Item {
    /// The best access to a dropped item. A file needs none; for a folder, a handle is preferred to an entry.
    async fn place(self) -> Result<Place, JsValue> {
        let Some(folder) = self.folder else {
            return self.file.map(Place::File).ok_or(JsValue::UNDEFINED);
        };
        if let Some(handle) = self.handle
            && let Ok(handle) = JsFuture::from(handle).await
        {
            return Ok(Place::Handle(handle.unchecked_into()));
        }
        Ok(Place::Entry(folder))
    }
}

fn item(item: &DataTransferItem) -> Option<Item> {
    if item.kind() != "file" {
        return None;
    }
    let file = item.get_as_file().ok().flatten();
    let folder = item.webkit_get_as_entry().ok().flatten().filter(FileSystemEntry::is_directory);
    let name = folder.as_ref().map(FileSystemEntry::name).or_else(|| file.as_ref().map(web_sys::File::name))?;
    let handle = folder.as_ref().and_then(|_| item.unchecked_ref::<HandleItem>().handle().ok());
    Some(Item { name, file: file.map(Into::into), folder, handle })
}

enum Visited {
    File(Blob),
    Folder(Vec<(String, Place)>),
}

async fn visit(place: Place) -> Result<Visited, JsValue> {
    match place {
        Place::File(blob) => Ok(Visited::File(blob)),
        Place::Handle(handle) if handle.kind() == FileSystemHandleKind::Directory => {
            children_of_handle(handle.unchecked_into()).await.map(Visited::Folder)
        }
        Place::Handle(handle) => {
            let file = handle.unchecked_into::<FileSystemFileHandle>().get_file();
            JsFuture::from(file).await.map(|file| Visited::File(file.unchecked_into()))
        }
        Place::Entry(entry) if entry.is_directory() => {
            children_of_entry(entry.unchecked_into()).await.map(Visited::Folder)
        }
        Place::Entry(entry) => {
            let entry: FileSystemFileEntry = entry.unchecked_into();
            let promise = Promise::new(&mut |resolve: Function, reject: Function| {
                entry.file_with_callback_and_callback(&resolve, &reject);
            });
            JsFuture::from(promise).await.map(|file| Visited::File(file.unchecked_into()))
        }
    }
}

async fn children_of_handle(folder: FileSystemDirectoryHandle) -> Result<Vec<(String, Place)>, JsValue> {
    let values: AsyncIterator = folder.values();
    let mut children = Vec::new();
    loop {
        let next: IteratorNext = JsFuture::from(values.next()?).await?.unchecked_into();
        if next.done() {
            return Ok(children);
        }
        let handle: FileSystemHandle = next.value().unchecked_into();
        children.push((handle.name(), Place::Handle(handle)));
    }
}

/// The browser returns a folder's entries in batches; the last batch is empty.
async fn children_of_entry(folder: FileSystemDirectoryEntry) -> Result<Vec<(String, Place)>, JsValue> {
    let reader = folder.create_reader();
    let mut children = Vec::new();
    loop {
        let promise = Promise::new(&mut |resolve: Function, reject: Function| {
            if let Err(error) = reader.read_entries_with_callback_and_callback(&resolve, &reject) {
                // Rejecting does not fail.
                let _ = reject.call1(&JsValue::NULL, &error);
            }
        });
        let portion: Array = JsFuture::from(promise).await?.unchecked_into();
        if portion.length() == 0 {
            return Ok(children);
        }
        children.extend(portion.iter().map(|entry| {
            let entry: FileSystemEntry = entry.unchecked_into();
            (entry.name(), Place::Entry(entry))
        }));
    }
}
