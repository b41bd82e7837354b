//! Finds or downloads a sufficiently new Go.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::packages::install;
use crate::setup::{on_path, tools_dir};

/// The oldest Go that downloads the toolchain required by a module itself (go.dev/doc/toolchain).
const OLDEST: (u32, u32) = (1, 21);

/// The release that is downloaded with an older Go.
const RELEASE: &str = "go1.26.8";

/// Returns a Go that can build the tools. Looks on `PATH`, in the folder of Go's own installer, and in the system's
/// package manager. If that Go is older than [`OLDEST`], downloads [`RELEASE`] with it as a module.
///
/// # Errors
///
/// If there is no Go and none can be installed.
pub(super) fn go() -> Result<PathBuf> {
    let found = || {
        let places = [on_path("go"), Some("/usr/local/go/bin/go".into())];
        places.into_iter().flatten().filter(|go| version(go).is_some()).max_by_key(|go| version(go))
    };
    let go = match found() {
        Some(go) => go,
        None => {
            install(&["golang-go"])?;
            found().context(
                "golang-go was installed and has no `go`: install Go from https://go.dev/dl and run this again",
            )?
        }
    };
    if version(&go).is_some_and(|version| version >= OLDEST) { Ok(go) } else { fetched(&go) }
}

/// The major and minor version of a Go, from `go version go1.26.8 linux/amd64`.
fn version(go: &Path) -> Option<(u32, u32)> {
    let output = Command::new(go).arg("version").env("GOTOOLCHAIN", "local").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut parts = text.split_whitespace().nth(2)?.strip_prefix("go")?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Downloads and verifies [`RELEASE`] as a Go module with an old Go. The unpacking that a newer Go does afterwards is
/// done here (golang/go: src/cmd/go/internal/toolchain/select.go).
fn fetched(old: &Path) -> Result<PathBuf> {
    let home = tools_dir().join(RELEASE);
    let go = home.join("bin/go");
    if version(&go).is_some() {
        return Ok(go);
    }
    let system = match env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let machine = match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    println!("fetching {RELEASE}, since {} is too old", old.display());
    let scratch = tools_dir().join("go-module");
    fs::create_dir_all(&scratch)?;
    fs::write(scratch.join("go.mod"), "module airlock/fetch\n\ngo 1.19\n")?;
    let output = Command::new(old)
        .args(["mod", "download", "-json", &format!("golang.org/toolchain@v0.0.1-{RELEASE}.{system}-{machine}")])
        .current_dir(&scratch)
        .output()
        .with_context(|| format!("{} cannot be started", old.display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "{RELEASE} cannot be fetched: {said}{}\ninstall Go from https://go.dev/dl and run this again",
        String::from_utf8_lossy(&output.stderr)
    );
    let module = said.lines().find_map(|line| line.trim().strip_prefix("\"Dir\": \"")?.split('"').next());
    let module = module.context("`go mod download` did not say where it put the release")?;
    let partial = tools_dir().join(format!("{RELEASE}.partial"));
    if partial.exists() {
        fs::remove_dir_all(&partial)?;
    }
    unpack(Path::new(module), &partial, false)?;
    if home.exists() {
        fs::remove_dir_all(&home)?;
    }
    fs::rename(&partial, &home)?;
    fs::remove_dir_all(&scratch)?;
    ensure!(version(&go).is_some(), "{} does not start", go.display());
    Ok(go)
}

/// Copies a release out of the module cache. Modules store no file modes, and no file named `go.mod` other than their
/// own.
fn unpack(from: &Path, to: &Path, programs: bool) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("{} cannot be read", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            unpack(&entry.path(), &to.join(&name), programs || name == "bin" || name == "tool")?;
            continue;
        }
        let target = to.join(if name == "_go.mod" { "go.mod".into() } else { name });
        fs::write(&target, fs::read(entry.path())?)?;
        #[cfg(unix)]
        if programs {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&target, fs::Permissions::from_mode(0o755))?;
        }
    }
    Ok(())
}
