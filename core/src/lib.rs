//! Plans and proves the rotation of a Kubernetes cluster's certificate authorities.
//!
//! ```text
//! files ──inspect──▶ Inventory ──plan──▶ RotationPlan ──mint──▶ Minted ──package──▶ OutputFiles ──archive──▶ zip
//! ```
//!
//! Files of any later moment take the same way: an [`Inventory`] says from the certificates alone where in a rotation
//! each holder is, and [`check()`] whether a phase is done. Beside the way, [`simulate()`] predicts every handshake of a minted plan; [`package()`] refuses a plan with a
//! broken edge. Every arrow is one public function. Nothing in here reads a clock, a file, the network or the
//! system's randomness: bytes, the time and keys come in; bytes and findings go out.

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
