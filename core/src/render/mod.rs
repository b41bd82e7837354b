//! The bytes of each file that a plan describes, and the shell commands of each step.

pub(crate) mod commands;
mod machine_configs;
mod renderer;

pub use self::renderer::RenderError;
pub(crate) use self::renderer::Renderer;

use crate::{plan::AuthorityChange, profile::Profile};

impl AuthorityChange {
    /// The authority's file name without its ending: `ca`, `front-proxy-ca`.
    pub(crate) fn base_name(&self, profile: &Profile) -> &'static str {
        profile.authority(self.id).map_or("ca", |row| row.name)
    }
}
