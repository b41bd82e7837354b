//! A minted plan becomes files: what lies where, with which mode, and what it is for.

mod archive;
mod backup;
mod manifest;
mod output;
mod preview;
mod runbook;
mod scripts;
mod write;

pub(crate) use self::archive::zip;
#[cfg(any(test, feature = "faults"))]
pub(crate) use self::write::write;
pub use self::{
    archive::archive,
    output::{OutputFile, OutputFiles, PackageError},
    write::package,
};
