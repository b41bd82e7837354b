//! The work behind the page: one core worker that holds everything, and a pool that makes keys.
//!
//! ```text
//! page (host) ──Ask──▶ core worker (guest)
//!      │                    ▲ keys, PKCS #8, over a port of their own
//!      └──KeyTicket──▶ key workers (guest)
//! ```
//!
//! Where the browser starts no workers the same guests run on the page, one message at a time.

pub mod guest;
pub mod host;
mod line;
pub mod protocol;
pub mod serve;
