//! Runs the external programs that the tests compare Airlock with.

use std::{
    ffi::OsStr,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

/// The workspace's root folder.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("Invariant: tests is a folder of the workspace")
}

/// The path of a program that `cargo xtask tools` builds.
///
/// # Panics
///
/// If it does not exist; the message names the command that builds it.
#[must_use]
pub fn built(name: &str) -> PathBuf {
    let path = root().join("target/tools").join(name);
    assert!(path.is_file(), "{} is missing: run `cargo xtask tools`", path.display());
    path
}

/// The path of Airlock's command line, built from this workspace.
///
/// # Panics
///
/// If it cannot be built.
#[must_use]
pub fn airlock() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args([
                "build",
                "--workspace",
                "--bin",
                "airlock",
                "--quiet",
                "--message-format",
                "json-render-diagnostics",
            ])
            .current_dir(root())
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo can be started");
        assert!(output.status.success(), "the command line cannot be built");
        let messages = String::from_utf8(output.stdout).expect("cargo speaks UTF-8");
        let executable = messages.lines().find_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            let is_it = message["target"]["name"] == "airlock" && message["executable"].is_string();
            is_it.then(|| PathBuf::from(message["executable"].as_str().unwrap_or_default()))
        });
        executable.expect("cargo names the executable that it built")
    })
}

/// Runs a program until it exits.
///
/// # Panics
///
/// If it cannot be started; the message names it.
pub fn output(command: &mut Command) -> Output {
    let program = command.get_program().to_owned();
    command.stdin(Stdio::null()).output().unwrap_or_else(|error| missing(&program, &error))
}

/// Runs a program that must succeed, and returns its standard output.
///
/// # Panics
///
/// If it fails; the message contains its output.
pub fn succeed(command: &mut Command) -> String {
    let output = output(command);
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} failed, {}\n{said}{complained}", output.status);
    said.into_owned()
}

/// Runs a program with this standard input, and returns its output.
///
/// # Panics
///
/// If it cannot be started; the message names it.
pub fn feed(command: &mut Command, input: &[u8]) -> Output {
    let program = command.get_program().to_owned();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| missing(&program, &error));
    let mut stdin = child.stdin.take().expect("Invariant: standard input is piped");
    std::thread::scope(|scope| {
        // A program that exits early closes its input; its output explains why.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().expect("a child's output can be read")
    })
}

fn missing(program: &OsStr, error: &std::io::Error) -> ! {
    panic!("{} cannot be started ({error}): run `cargo xtask tools`", program.display())
}

/// Runs a release's kubeadm (`kubeadm`, `kubeadm-1.25`) with a node's tree as its root folder (chroot), so that
/// absolute paths are the node's.
#[must_use]
pub fn kubeadm(program: &str, tree: &Path) -> Command {
    let mut command = in_namespace(&built(program));
    command.arg("--rootfs").arg(tree);
    command
}

/// chroot needs root privileges; other users get them in a user namespace.
fn in_namespace(program: &Path) -> Command {
    let user = Command::new("id").arg("-u").output().expect("coreutils are there");
    if user.stdout.trim_ascii() == b"0" {
        return Command::new(program);
    }
    let mut command = Command::new("unshare");
    command.arg("--map-root-user").arg(program);
    command
}

/// kubectl with only this kubeconfig.
#[must_use]
pub fn kubectl(kubeconfig: &Path) -> Command {
    let mut command = Command::new(built("kubectl"));
    command.arg("--kubeconfig").arg(kubeconfig).env_remove("KUBECONFIG");
    command
}
