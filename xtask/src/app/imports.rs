//! imports
pub fn accept(_: &str) -> anyhow::Result<()> { Ok(()) }
pub fn check(_: &str) -> anyhow::Result<()> { Ok(()) }
