//! Airlock's page: builds a rotation package from a cluster's files, in the browser.
//!
//! The same wasm runs on the page, where it draws, and in workers, where it calls the same
//! `airlock-core` as the command line.

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
