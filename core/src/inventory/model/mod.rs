//! The data of an inventory.

pub(crate) mod clusters;
pub(crate) mod copies;
pub(crate) mod files;
pub(crate) mod inventory;
pub(crate) mod machines;
pub(crate) mod objects;
pub(crate) mod paused;
pub(crate) mod pods;
pub(crate) mod readers;
pub(crate) mod signers;
pub(crate) mod standing;
pub(crate) mod tenant;
