//! Installs packages with the system's package manager.

use std::{env, process::Command};

use anyhow::{Context, Result, ensure};

use crate::setup::{on_path, run as finish};

/// Installs the Debian packages of missing programs.
///
/// # Errors
///
/// If a package cannot be installed.
pub fn packages(programs: &[(&str, &'static str)]) -> Result<()> {
    let mut missing: Vec<&str> =
        programs.iter().filter(|(program, _)| on_path(program).is_none()).map(|(_, package)| *package).collect();
    missing.dedup();
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

/// Installs OpenSSL's headers; the tests that perform TLS handshakes with OpenSSL compile against them.
pub fn openssl_headers() -> Result<()> {
    let found = Command::new("pkg-config").args(["--exists", "openssl >= 3"]).status();
    if found.is_ok_and(|status| status.success()) { Ok(()) } else { install(&["libssl-dev"]) }
}

/// Installs the Python module with which the tests parse a new CA as StarlingX does.
pub fn python_modules() -> Result<()> {
    let found = Command::new("python3").args(["-c", "import cryptography"]).output();
    if found.is_ok_and(|output| output.status.success()) {
        Ok(())
    } else {
        install(&["python3", "python3-cryptography"])
    }
}

/// Installs packages with the system's package manager.
pub fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    ensure!(
        on_path("apt-get").is_some(),
        "the tests need {list}, and there is no apt-get here that could install them: install them by hand"
    );
    println!("installing {list}");
    let apt = |arguments: &[&str]| {
        // Without root, sudo asks for a password once; if sudo is missing, the error says so.
        let mut command = if is_root() { Command::new("apt-get") } else { Command::new("sudo") };
        if !is_root() {
            command.arg("apt-get");
        }
        finish(command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "-qq"]).context("the package lists cannot be fetched")?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(packages);
    apt(&arguments).with_context(|| format!("{list} cannot be installed"))
}

fn is_root() -> bool {
    env::var_os("USER").is_some_and(|user| user == "root")
        || Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
