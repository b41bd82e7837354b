//! x
pub mod request;
