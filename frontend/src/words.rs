//! The page's texts, one module for each part of the page, each text in one place.
//!
//! Rules: standard terms of the field, the fact first, then the consequence, then what to do; never a secret, never blame.
//! Terms: docs/glossary.md.

pub mod certificate;
pub mod check;
pub mod download;
pub mod explain;
pub mod frame;
pub mod hints;
pub mod inspect;
pub mod keys;
pub mod load;
pub mod notices;
pub mod outage;
pub mod partial_plan;
pub mod plan;
pub mod platform;
pub mod renewal;
pub mod review;
pub mod sample;
pub mod security;
pub mod text;
pub mod trust;

pub use self::{
    certificate::*, check::*, download::*, frame::*, inspect::*, load::*, notices::*, outage::*, partial_plan::*,
    plan::*, review::*, security::*, text::*, trust::*,
};

#[cfg(test)]
mod tests;
