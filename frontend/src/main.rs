//! Airlock's page: files in, a rotation package out, all of it in this browser.
//!
//! One wasm in two roles. On the page it shows and asks; in a worker it does the work, over the same
//! `airlock-core` that the command line has.

mod app;
mod components;
mod ports;
mod state;
mod words;
mod worker;

use ports::{endpoint::Endpoint, workers};
use worker::serve;

fn main() {
    match (workers::role(), Endpoint::page()) {
        (Some(role), Some(page)) => {
            serve::report_panics(page.clone());
            serve::serve(role, page);
        }
        _ => app::start(),
    }
}
