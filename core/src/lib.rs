//! Plans and verifies the rotation of a Kubernetes cluster's certificate authorities.
//!
//! ```text
//! files ──inspect──▶ Inventory ──plan──▶ RotationPlan ──mint──▶ Minted ──package──▶ OutputFiles ──archive──▶ zip
//! ```
//!
//! Files that are collected later, during a rotation, are processed the same way: an [`Inventory`] derives each
//! holder's progress from the certificates alone, and [`check()`] reports whether a phase is complete. [`simulate()`]
//! predicts every TLS handshake of a minted plan, and [`package()`] refuses a plan with a broken connection. Every
//! arrow is one public function. This crate reads no clock, file, network or system randomness: callers pass bytes, the
//! time and keys, and receive bytes and findings.

#![forbid(unsafe_code)]

pub mod check;
#[cfg(any(test, feature = "faults"))]
pub mod faults;
pub mod finding;
pub mod formats;
pub mod input;
pub mod inventory;
pub mod mint;
pub mod package;
pub mod plan;
pub mod prepare;
pub mod profile;
pub mod render;
pub mod report;
pub mod sample;
pub mod simulate;
pub mod text;
pub mod time;
pub mod x509;

pub use check::check;
pub use finding::{Finding, Severity};
pub use input::{Content, InputFile, Password};
pub use inventory::{InspectOptions, Inventory, Standing, inspect, inspect_with};
pub use mint::{Minted, mint};
pub use package::{OutputFile, OutputFiles, archive, package};
pub use plan::{RotationPlan, RotationRequest, plan};
pub use prepare::{NewControlPlane, prepare};
pub use simulate::{TrustMatrix, simulate};
pub use time::UnixTime;
