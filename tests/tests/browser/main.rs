//! The page as users get it, `dist/airlock.html`, opened from disk in real browsers.
//!
//! No test sleeps or retries: every wait is for a visible state, with a deadline. Each test also checks the page at
//! every step (see `page.rs`): no error in the console, no violation of its policy, nothing stored, no private key
//! visible, and at the end no attempt to reach a network.

mod accessibility;
mod airlock_html;
mod assistive;
mod bad_input;
mod check;
mod choices;
mod clipboard;
mod collect;
mod explain;
mod external;
mod firefox;
mod habits;
mod input;
mod keyboard;
mod network;
mod outage;
mod package;
mod page;
mod parity;
mod password;
mod picture;
mod platform;
mod renewal;
mod resilience;
mod sample;
mod screens;
mod start_over;
mod steps;
mod whole_way;
