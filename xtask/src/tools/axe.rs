//! axe-core, which checks the page's accessibility. Fetched from its npm package, pinned by digest.

use std::{fs, process::Command};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use super::packages::packages;
use crate::setup::{hex, run as finish, tools_dir};

/// The npm package; its archive has the same name.
const PACKAGE: &str = "axe-core@4.14.1";
const ARCHIVE: &str = "axe-core-4.14.1.tgz";
/// The file of the package that the tests run in the page.
const FILE: &str = "axe.min.js";
/// SHA-256 of that file.
const SHA256: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";

/// Downloads the file if it is missing or its digest differs.
///
/// # Errors
///
/// If it cannot be downloaded, or its digest differs from [`SHA256`].
pub fn fetch() -> Result<()> {
    let file = tools_dir().join(FILE);
    if fs::read(&file).is_ok_and(|bytes| digest(&bytes) == SHA256) {
        return Ok(());
    }
    packages(&[("npm", "npm")])?;
    fs::create_dir_all(tools_dir())?;
    finish(Command::new("npm").args(["pack", "--silent", PACKAGE]).current_dir(tools_dir()))?;
    let member = format!("package/{FILE}");
    finish(Command::new("tar").args(["-xzf", ARCHIVE, "--strip-components=1", &member]).current_dir(tools_dir()))?;
    fs::remove_file(tools_dir().join(ARCHIVE))?;
    let bytes = fs::read(&file).with_context(|| format!("{} is not in {PACKAGE}", file.display()))?;
    ensure!(digest(&bytes) == SHA256, "{FILE} of {PACKAGE} is not what it was");
    Ok(())
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
