//! Finds the tools that a build needs and installs missing ones.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

/// The Rust target for browsers.
pub const WASM: &str = "wasm32-unknown-unknown";

/// The workspace's root folder: the parent of this package's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("Invariant: xtask is a folder of the workspace")
}

/// Cargo's build folder: `CARGO_TARGET_DIR`, or `target` in the workspace.
pub fn target_dir() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The folder of the programs that `cargo xtask tools` builds.
pub fn tools_dir() -> PathBuf {
    root().join("target/tools")
}

/// A command for the cargo that runs this program.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo
}

/// Runs `command` until it exits, with this process's standard streams.
///
/// # Errors
///
/// If it cannot be started or exits with an error.
pub fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_owned();
    let program = Path::new(&program).display();
    let status = command.status().with_context(|| format!("{program} cannot be started"))?;
    ensure!(status.success(), "{program} failed: {status}");
    Ok(())
}

/// The first program with this name on `PATH`.
pub fn on_path(program: impl AsRef<OsStr>) -> Option<PathBuf> {
    let file = format!("{}{}", program.as_ref().display(), env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(&file)).find(|path| path.is_file())
}

/// Adds the standard library for [`WASM`] to the active toolchain if it is missing.
///
/// # Errors
///
/// If it is missing and cannot be added.
pub fn wasm_target() -> Result<()> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(&rustc)
        .args(["--print", "target-libdir", "--target", WASM])
        .current_dir(root())
        .output()
        .with_context(|| format!("{} cannot be started", rustc.display()))?;
    if Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir() {
        return Ok(());
    }
    ensure!(
        on_path("rustup").is_some(),
        "this Rust has no standard library for {WASM}, and there is no rustup that could add it"
    );
    println!("adding the target {WASM}");
    run(Command::new("rustup").args(["target", "add", WASM]).current_dir(root()))
}

/// Bytes as lower case hexadecimal digits, as `sha256sum` prints a digest.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
