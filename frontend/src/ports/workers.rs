//! Workers that start from the page's own text: a page opened from disk can load no other script.

use gloo_events::EventListener;
use gloo_file::{Blob, ObjectUrl};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessagePort, Worker, WorkerOptions};

use super::{browser::window, endpoint::Endpoint};
use crate::worker::protocol::Role;

#[wasm_bindgen]
extern "C" {
    /// The worker's source: glue and boot script, set by `boot.js`.
    #[wasm_bindgen(thread_local_v2, js_name = airlockSource)]
    static SOURCE: String;
}

/// The role of this worker; `None` on the page.
pub fn role() -> Option<Role> {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().dyn_into().ok()?;
    Role::from_name(&scope.name())
}

/// A running worker; dropping it terminates it.
pub struct Thread {
    worker: Worker,
    _on_error: EventListener,
}

impl Thread {
    /// Starts a worker. `on_error` is called if it cannot run or stops with an error.
    ///
    /// # Errors
    ///
    /// If the browser starts no workers for this page.
    pub fn start(role: Role, on_error: impl Fn() + 'static) -> Result<Self, JsValue> {
        let source = SOURCE.with(|source| Blob::new_with_options(source.as_str(), Some("text/javascript")));
        // Revoked at the end of this function, when the worker has its source.
        let url = ObjectUrl::from(source);
        let options = WorkerOptions::new();
        options.set_name(role.name());
        let worker = Worker::new_with_options(&url, &options)?;
        let on_error = EventListener::new(&worker, "error", move |_| on_error());
        worker.post_message(&wasm_bindgen::module())?;
        Ok(Self { worker, _on_error: on_error })
    }

    /// The endpoint of the worker.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::worker(self.worker.clone())
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.terminate();
    }
}

/// The number of workers that can run in parallel, at least 1.
pub fn parallelism() -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a small whole number
    window().map_or(1, |window| (window.navigator().hardware_concurrency() as usize).max(1))
}

/// Both ports of a new message channel.
pub fn channel() -> (MessagePort, MessagePort) {
    let channel = MessageChannel::new().expect("Invariant: every browser that runs this has message channels");
    (channel.port1(), channel.port2())
}
