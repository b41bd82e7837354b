//! The browser's interfaces. No other module of this package uses `web-sys`.

pub mod address;
mod browser;
pub mod clipboard;
pub mod dom;
pub mod drops;
pub mod endpoint;
pub mod files;
pub mod global_input;
pub mod leave_warning;
pub mod password;
pub mod policy;
pub mod scheduling;
pub mod sleep;
pub mod workers;

pub use self::browser::{clock, now};
pub use wasm_bindgen_futures::spawn_local as spawn;
