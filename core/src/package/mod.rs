//! A minted plan becomes files: what lies where, with which mode, and what it is for.

mod archive;
mod backup;
mod manifest;
mod output;
mod preview;
mod runbook;
mod scripts;
mod write;

pub use self::{
    archive::archive,
    output::{OutputFile, OutputFiles, PackageError},
    write::package,
};
pub(crate) use self::{archive::zip, write::write};
