//! Tasks and turns: between one and the next the browser hears what the person does, and paints.

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
    /// Whoever waits, in the order in which they came.
    static WAITING: RefCell<VecDeque<oneshot::Sender<()>>> = RefCell::default();
    /// Are turns being given?
    static GIVING: Cell<bool> = Cell::default();
}

/// Waits for a turn of one's own, after all who wait already: a task that begins when what was drawn before is painted.
pub async fn turn() {
    let (call, called) = oneshot::channel();
    WAITING.with_borrow_mut(|waiting| waiting.push_back(call));
    if !GIVING.replace(true) {
        wasm_bindgen_futures::spawn_local(give());
    }
    // Turns are given until nobody waits.
    let _ = called.await;
}

async fn give() {
    while !WAITING.with_borrow(VecDeque::is_empty) {
        painted().await;
        if let Some(call) = WAITING.with_borrow_mut(VecDeque::pop_front) {
            // Whoever waited may be gone.
            let _ = call.send(());
        }
    }
    GIVING.set(false);
}

/// Waits until the browser has painted. It paints no page that nobody sees.
async fn painted() {
    if let Some(window) = window()
        && window.document().is_some_and(|document| !document.hidden())
    {
        told(|tell| drop(window.request_animation_frame(tell))).await;
    }
    // A frame's callbacks come before its painting: the next task comes after it.
    task().await;
}

/// Waits for the next task. No timer: of a page that nobody sees the browser calls those once a second.
pub async fn task() {
    let (ours, theirs) = workers::channel();
    told(|tell| {
        ours.set_onmessage(Some(tell));
        // Nothing but what cannot be copied is refused.
        let _ = theirs.post_message(&JsValue::NULL);
    })
    .await;
    ours.close();
}

/// Waits until the browser calls what it was given.
async fn told(ask: impl FnOnce(&Function)) {
    let mut ask = Some(ask);
    let promise = Promise::new(&mut |tell, _| {
        if let Some(ask) = ask.take() {
            ask(&tell);
        }
    });
    // It is never refused.
    let _ = JsFuture::from(promise).await;
}
