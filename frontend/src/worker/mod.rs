//! The workers: one core worker that holds all data, and a pool of workers that generate keys.
//!
//! ```text
//! page (pool) ──Ask──▶ core worker (handler)
//!      │                    ▲ keys, PKCS #8, over a separate port
//!      └──KeyTicket──▶ key workers (handler)
//! ```
//!
//! If the browser starts no workers, the same handlers run on the page, one message at a time.

mod building;
mod handler;
mod loading;
pub mod pool;
pub mod protocol;
mod requests;
mod rpc;
pub mod serve;
