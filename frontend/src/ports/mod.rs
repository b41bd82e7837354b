//! The browser. Nothing else in this package names `web-sys`.

pub mod address;
mod browser;
pub mod clipboard;
pub mod dom;
pub mod drops;
pub mod endpoint;
pub mod files;
pub mod habits;
pub mod leaving;
pub mod password;
pub mod policy;
pub mod sleep;
pub mod turns;
pub mod workers;

pub use self::browser::{clock, now};
pub use wasm_bindgen_futures::spawn_local as spawn;
