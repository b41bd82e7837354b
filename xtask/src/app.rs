//! `cargo xtask app`: builds the page as a single HTML file.

use std::{env, fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, anyhow, bail, ensure};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::setup;

mod imports;
mod page;

/// The Cargo package, and its binary, from which the page is built.
const PACKAGE: &str = "airlock-app";

/// The maximum size of the page in bytes. People carry it on USB sticks and send it through mail gateways.
const MAX_SIZE: usize = 3_145_728;

/// Builds `dist/airlock.html`, prints its path, size and SHA-256, and opens it if there is a desktop.
///
/// # Errors
///
/// If an option is unknown, a tool fails, the wasm imports anything that `frontend/imports.txt` does not list, or the
/// file is larger than [`MAX_SIZE`].
pub fn run(options: &[&str]) -> Result<()> {
    let (mut open_it, mut accept_imports) = (true, false);
    for option in options {
        match *option {
            "--no-open" => open_it = false,
            "--accept-imports" => accept_imports = true,
            _ => bail!("`cargo xtask app` has no option `{option}`"),
        }
    }
    let path = build(accept_imports)?;
    if open_it {
        open(&path);
    }
    Ok(())
}

/// Builds `dist/airlock.html` and prints its path, size and SHA-256.
///
/// # Errors
///
/// As for [`run`].
pub fn build(accept_imports: bool) -> Result<PathBuf> {
    setup::wasm_target()?;
    let (glue, wasm) = bindgen()?;
    if accept_imports {
        imports::accept(&glue)?;
    } else {
        imports::check(&glue)?;
    }

    let html = page::assemble(&glue, &wasm)?;
    ensure!(
        html.len() <= MAX_SIZE,
        "the page has {} bytes, {} more than the {MAX_SIZE} it may have",
        html.len(),
        html.len() - MAX_SIZE
    );
    let folder = setup::root().join("dist");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let path = folder.join("airlock.html");
    fs::write(&path, &html).with_context(|| format!("{} cannot be written", path.display()))?;

    println!("{}", path.display());
    println!("{} bytes of at most {MAX_SIZE}", html.len());
    println!("SHA-256 {}", setup::hex(&Sha256::digest(html.as_bytes())));
    Ok(path)
}

/// Compiles the page with wasm-bindgen. Returns the JavaScript glue and the wasm module.
fn bindgen() -> Result<(String, Vec<u8>)> {
    let target = setup::target_dir();
    setup::run(
        setup::cargo()
            .args(["build", "--locked", "--package", PACKAGE, "--profile", "page", "--target", setup::WASM])
            .arg("--target-dir")
            .arg(&target)
            .env("CARGO_ENCODED_RUSTFLAGS", rust_flags()?.join("\x1f")),
    )?;
    let compiled = target.join(setup::WASM).join("page").join(PACKAGE).with_extension("wasm");

    let mut bindgen = Bindgen::new();
    bindgen.input_path(&compiled).typescript(false).remove_name_section(true).remove_producers_section(true);
    let mut output = bindgen
        .no_modules(true)
        .and_then(Bindgen::generate_output)
        .map_err(|e| anyhow!("the glue cannot be made: {e:#}"))?;
    ensure!(
        output.snippets().values().all(Vec::is_empty) && output.local_modules().is_empty(),
        "a dependency brings JavaScript of its own, which one file cannot hold"
    );
    let wasm = output.wasm_mut().emit_wasm();
    Ok((output.js().to_owned(), wasm))
}

/// The compiler flags for the wasm: 32-bit limbs (see `.cargo/config.toml`), and no local path in panic locations, so
/// that builds on different machines produce the same bytes.
fn rust_flags() -> Result<Vec<String>> {
    let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let mut flags = vec!["--cfg".to_owned(), r#"cpubits="32""#.to_owned()];
    for (from, to) in [(cargo_home, "/cargo"), (Some(setup::root().to_owned()), "/airlock")] {
        let from = from.ok_or_else(|| anyhow!("there is no home folder: set CARGO_HOME"))?;
        flags.push(format!("--remap-path-prefix={}={to}", from.display()));
    }
    Ok(flags)
}

/// Opens the page with the desktop's default program. Failures are ignored: the path is already printed.
fn open(path: &PathBuf) {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        let mut command = Command::new("cmd");
        command.args(["/C", "start", ""]);
        command
    } else if ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
        && setup::on_path("xdg-open").is_some()
    {
        Command::new("xdg-open")
    } else {
        return;
    };
    if let Err(error) = command.arg(path).spawn() {
        eprintln!("the page cannot be opened from here: {error}");
    }
}
