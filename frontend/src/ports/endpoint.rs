//! An endpoint for messages: to a worker, from a worker to the page, or a port.

use js_sys::{Array, ArrayBuffer, Uint8Array};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent, MessagePort, Worker};
use zeroize::Zeroizing;

/// An endpoint for messages.
#[derive(Clone)]
pub struct Endpoint(End);

#[derive(Clone)]
enum End {
    Page(DedicatedWorkerGlobalScope),
    Port(MessagePort),
    Worker(Worker),
}

/// An attachment of a message.
#[derive(Clone)]
pub enum Attachment {
    /// A file or a text, which the browser shares without a copy.
    Blob(Blob),
    /// Bytes, which are transferred: the sender loses them.
    Bytes(ArrayBuffer),
    /// A message port, which is transferred.
    Port(MessagePort),
}

impl Endpoint {
    /// The endpoint of `worker`.
    pub(super) fn worker(worker: Worker) -> Self {
        Self(End::Worker(worker))
    }

    /// The page's endpoint in a worker; `None` on the page.
    pub fn page() -> Option<Self> {
        js_sys::global().dyn_into().ok().map(|scope| Self(End::Page(scope)))
    }

    /// The endpoint at the other end of `port`.
    pub fn port(port: MessagePort) -> Self {
        Self(End::Port(port))
    }

    /// Sends a message. A worker that has stopped does not receive it; its stop is reported separately.
    pub fn post(&self, message: &impl Serialize, attachments: &[Attachment]) {
        self.post_json(&json(message), attachments);
    }

    /// Sends a message that is already JSON.
    pub fn post_json(&self, json: &str, attachments: &[Attachment]) {
        let parcel = Array::of1(&JsValue::from_str(json));
        let handed_over = Array::new();
        for attachment in attachments {
            let value: &JsValue = match attachment {
                Attachment::Blob(blob) => blob,
                Attachment::Bytes(bytes) => bytes,
                Attachment::Port(port) => port,
            };
            parcel.push(value);
            if !matches!(attachment, Attachment::Blob(_)) {
                handed_over.push(value);
            }
        }
        let sent = match &self.0 {
            End::Page(scope) => scope.post_message_with_transfer(&parcel, &handed_over),
            End::Port(port) => port.post_message_with_transferable(&parcel, &handed_over),
            End::Worker(worker) => worker.post_message_with_transfer(&parcel, &handed_over),
        };
        debug_assert!(sent.is_ok(), "every attachment can be sent");
    }

    /// Calls `hear` with every message from now on; ignores messages that cannot be parsed.
    pub fn listen<T: DeserializeOwned>(&self, mut hear: impl FnMut(T, Vec<Attachment>) + 'static) {
        // Not gloo's listener: a port starts to deliver messages only when `onmessage` is set.
        let closure = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some((message, attachments)) = unpack(&event.data()) {
                hear(message, attachments);
            }
        });
        // The browser owns it, and drops it with the worker or the port.
        let handler = closure.into_js_value();
        let handler = Some(handler.unchecked_ref());
        match &self.0 {
            End::Page(scope) => scope.set_onmessage(handler),
            End::Port(port) => port.set_onmessage(handler),
            End::Worker(worker) => worker.set_onmessage(handler),
        }
    }
}

impl Attachment {
    /// A copy of the bytes that can be transferred.
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::Bytes(Uint8Array::from(bytes).buffer())
    }

    /// The blob, if it is one.
    pub fn into_blob(self) -> Option<Blob> {
        match self {
            Self::Blob(blob) => Some(blob),
            Self::Bytes(_) | Self::Port(_) => None,
        }
    }

    /// Takes the bytes of an attachment, and wipes the browser's copy; empty if it has none.
    pub fn take_bytes(self) -> Zeroizing<Vec<u8>> {
        let Self::Bytes(buffer) = self else { return Zeroizing::default() };
        let array = Uint8Array::new(&buffer);
        let bytes = Zeroizing::new(array.to_vec());
        array.fill(0, 0, array.length());
        bytes
    }
}

/// A message as JSON.
pub fn json(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("Invariant: every message has a JSON form")
}

fn unpack<T: DeserializeOwned>(data: &JsValue) -> Option<(T, Vec<Attachment>)> {
    let parcel = data.dyn_ref::<Array>()?;
    let message = serde_json::from_str(&parcel.get(0).as_string()?).ok()?;
    let attachments = parcel.iter().skip(1).filter_map(attachment).collect();
    Some((message, attachments))
}

fn attachment(value: JsValue) -> Option<Attachment> {
    let value = match value.dyn_into::<Blob>() {
        Ok(blob) => return Some(Attachment::Blob(blob)),
        Err(value) => value,
    };
    let value = match value.dyn_into::<MessagePort>() {
        Ok(port) => return Some(Attachment::Port(port)),
        Err(value) => value,
    };
    value.dyn_into().ok().map(Attachment::Bytes)
}
