//! The parts of the page, in the order in which they are met. They show state and say what the
//! person does; none of them does anything itself.

pub mod authority_form;
pub mod certificate;
pub mod check;
pub mod command;
pub mod download;
pub mod explain;
pub mod files;
pub mod findings;
pub mod fingerprints;
pub mod gradual;
pub mod holder;
pub mod inventory;
pub mod keys_help;
pub mod lifetimes;
pub mod load;
pub mod making;
pub mod nodes;
pub mod outage;
pub mod part;
pub mod password;
pub mod picture;
pub mod pki;
pub mod plan_form;
pub mod platform;
pub mod preview;
pub mod reach;
pub mod review;
pub mod sample;
pub mod start_over;
pub mod status;
pub mod steps;
pub mod trust_panel;
pub mod unmade;
pub mod way;
