//! The data of a plan.

pub(crate) mod actions;
pub(crate) mod authorities;
pub(crate) mod consumers;
pub(crate) mod content;
pub(crate) mod foreign;
pub(crate) mod initial_state;
pub(crate) mod kept_file;
pub(crate) mod leaves;
pub(crate) mod new_authority;
pub(crate) mod package_path;
pub(crate) mod phase;
pub(crate) mod renewal;
pub mod request;
pub(crate) mod rotation_plan;
pub(crate) mod steps;
pub mod subclouds;
pub(crate) mod tenant;
