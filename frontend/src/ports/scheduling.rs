//! Breaks long work into tasks, so that the browser can handle input and paint between them.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
};

use futures_channel::oneshot;
use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::{browser::window, workers};

thread_local! {
    /// The waiting tasks, first come first served.
    static WAITING: RefCell<VecDeque<oneshot::Sender<()>>> = RefCell::default();
    /// Is the loop that gives turns running?
    static GIVING: Cell<bool> = Cell::default();
}

/// Waits for a task of its own, after all waiting ones: it begins when earlier changes are painted.
pub async fn turn() {
    let (call, called) = oneshot::channel();
    WAITING.with_borrow_mut(|waiting| waiting.push_back(call));
    if !GIVING.replace(true) {
        wasm_bindgen_futures::spawn_local(give());
    }
    // Gives turns until no task waits.
    let _ = called.await;
}

async fn give() {
    while !WAITING.with_borrow(VecDeque::is_empty) {
        painted().await;
        if let Some(call) = WAITING.with_borrow_mut(VecDeque::pop_front) {
            // The receiver may have been dropped.
            let _ = call.send(());
        }
    }
    GIVING.set(false);
}

/// Waits until the browser has painted. It does not paint hidden pages, so those do not wait.
async fn painted() {
    if let Some(window) = window()
        && window.document().is_some_and(|document| !document.hidden())
    {
        told(|tell| drop(window.request_animation_frame(tell))).await;
    }
    // Callbacks of a frame run before its painting; the next task runs after it.
    task().await;
}

/// Waits for the next task. Not with a timer, which browsers throttle to one a second on hidden pages.
pub async fn task() {
    let (ours, theirs) = workers::channel();
    told(|tell| {
        ours.set_onmessage(Some(tell));
        // Only values that cannot be cloned are rejected.
        let _ = theirs.post_message(&JsValue::NULL);
    })
    .await;
    ours.close();
}

/// Waits until the browser calls the callback.
async fn told(ask: impl FnOnce(&Function)) {
    let mut ask = Some(ask);
    let promise = Promise::new(&mut |tell, _| {
        if let Some(ask) = ask.take() {
            ask(&tell);
        }
    });
    // Never rejected.
    let _ = JsFuture::from(promise).await;
}
