//! The work behind the page: one core worker that holds everything, and a pool that makes keys.
//!
//! ```text
//! page (pool) ──Ask──▶ core worker (handler)
//!      │                    ▲ keys, PKCS #8, over a separate port
//!      └──KeyTicket──▶ key workers (handler)
//! ```
//!
//! Where the browser starts no workers the same guests run on the page, one message at a time.

mod building;
mod handler;
mod loading;
pub mod pool;
pub mod protocol;
mod requests;
mod rpc;
pub mod serve;
