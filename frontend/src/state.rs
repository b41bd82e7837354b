//! The page's state and how it changes. Tested without a browser.
//!
//! | module | holds |
//! |---|---|
//! | `page` | the state itself, and values derived from it |
//! | `act` | what the person does |
//! | `action`, `reduce`, `navigation` | what changes the state, and how |
//! | `work` | where work runs, the job in progress, its results |
//! | `notice` | results and failures as data; their texts are in `words::notices` |
//! | `form`, `session` | the options, and how they are saved |
//! | `checks`, `details`, `appearance`, `contexts` | self-checks, certificates with all fields, colours and focus, kubectl contexts |

pub mod act;
pub mod action;
pub mod appearance;
pub mod chart;
pub mod check;
pub mod checklist;
pub mod checks;
pub mod comparison;
pub mod contexts;
pub mod details;
pub mod encryption;
pub mod explain;
pub mod form;
pub mod groups;
pub mod key_timing;
pub mod keys;
pub mod lifetimes;
pub mod matrix_rows;
pub mod matrix_view;
pub mod memory;
mod navigation;
pub mod nodes;
pub mod notice;
pub mod outage;
mod page;
pub mod partial_plan;
pub mod pki;
pub mod platform;
pub mod progress;
pub mod recheck;
mod reduce;
pub mod role;
pub mod session;
pub mod step;
pub mod timetable;
pub mod tree;
pub mod trust;
pub mod undo;
pub mod work;

pub use self::{
    action::Action,
    appearance::Theme,
    checks::Checks,
    details::Details,
    page::State,
    work::{Downloaded, Job, LoadedFile, Outcome, Prediction, Preview, Workplace},
};

#[cfg(test)]
mod tests;
