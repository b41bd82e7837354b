//! `cargo xtask tools`: installs the programs that the tests compare Airlock with.
//!
//! Kubernetes programs and the Go oracle are built from pinned Go modules into `target/tools`. The browser, OpenSSL and
//! small tools come from the system's package manager, axe-core from npm.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use self::packages::{openssl_headers, packages, python_modules};
use crate::setup::{hex, root, run as finish, tools_dir};

mod axe;
mod go;
pub mod packages;

/// The Kubernetes release that `tests/go/kubernetes` requires.
pub const KUBERNETES: &str = "v1.36.3";

/// The programs that the tests run, each with the Debian package that contains it.
const PROGRAMS: [(&str, &str); 13] = [
    ("chromium", "chromium"),
    ("chromedriver", "chromium-driver"),
    ("firefox", "firefox-esr"),
    ("java", "openjdk-17-jdk-headless"),
    ("javac", "openjdk-17-jdk-headless"),
    ("openssl", "openssl"),
    ("pkg-config", "pkg-config"),
    ("shellcheck", "shellcheck"),
    ("sha256sum", "coreutils"),
    ("unshare", "util-linux"),
    ("unzip", "unzip"),
    ("zipinfo", "unzip"),
    ("zip", "zip"),
];

/// A program built from a Go module.
#[derive(Clone, Copy)]
pub struct GoTool {
    /// The program's name.
    pub name: &'static str,
    /// The program's folder in `target/tools`; empty for that folder itself.
    pub folder: &'static str,
    /// The folder of the program's module.
    pub module: &'static str,
    /// The Go package, as an argument of `go build`.
    pub package: &'static str,
    /// The release that the program reports as its version; empty if it reports none.
    pub release: &'static str,
}

impl GoTool {
    fn path(&self) -> PathBuf {
        tools_dir().join(self.folder).join(self.name)
    }

    fn stamp(&self) -> PathBuf {
        self.path().with_extension("stamp")
    }
}

const fn kubernetes(name: &'static str, package: &'static str) -> GoTool {
    GoTool { name, folder: "", module: "tests/go/kubernetes", package, release: KUBERNETES }
}

/// The Go programs of the tests that no package manager provides.
const GO_TOOLS: [GoTool; 14] = [
    kubernetes("kubeadm", "k8s.io/kubernetes/cmd/kubeadm"),
    GoTool {
        name: "kubeadm-1.25",
        folder: "",
        module: "tests/go/kubernetes-1.25",
        package: "k8s.io/kubernetes/cmd/kubeadm",
        release: "v1.25.4",
    },
    kubernetes("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
    kubernetes("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
    // In the lab's folder: the lab runs the same program.
    GoTool {
        folder: "k8s-1.36",
        ..kubernetes("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager")
    },
    GoTool { name: "fixtures", folder: "", module: "tests/go/kubernetes", package: "./fixtures", release: "" },
    GoTool { name: "identities", folder: "", module: "tests/go/kubernetes", package: "./identities", release: "" },
    GoTool { name: "oracle", folder: "", module: "tests/go/oracle", package: ".", release: "" },
    GoTool { name: "kamaji", folder: "", module: "tests/go/kamaji", package: ".", release: "" },
    GoTool { name: "pki", folder: "", module: "tests/go/oracle", package: "./pki", release: "" },
    GoTool { name: "talos", folder: "", module: "tests/go/oracle", package: "./talos", release: "" },
    GoTool { name: "etcd", folder: "", module: "tests/go/lab", package: "go.etcd.io/etcd/server/v3", release: "" },
    GoTool { name: "etcdctl", folder: "", module: "tests/go/lab", package: "go.etcd.io/etcd/etcdctl/v3", release: "" },
    GoTool { name: "etcdutl", folder: "", module: "tests/go/lab", package: "go.etcd.io/etcd/etcdutl/v3", release: "" },
];

/// Installs and builds missing tools; does nothing if all are present.
///
/// # Errors
///
/// If an option is given, or a tool cannot be installed or built.
pub fn run(options: &[&str]) -> Result<()> {
    if let Some(option) = options.first() {
        bail!("`cargo xtask tools` has no option `{option}`");
    }
    packages(&PROGRAMS)?;
    openssl_headers()?;
    python_modules()?;
    axe::fetch()?;
    go_tools(&GO_TOOLS)
}

/// Builds the programs whose module, source or build flags have changed since their last build.
///
/// # Errors
///
/// If a program cannot be built.
pub fn go_tools(tools: &[GoTool]) -> Result<()> {
    let started = Instant::now();
    let stale: Vec<(&GoTool, String)> = tools
        .iter()
        .map(|tool| Ok((tool, fingerprint(tool)?)))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .filter(|(tool, fingerprint)| !is_built(tool, fingerprint))
        .collect();
    if stale.is_empty() {
        return Ok(());
    }
    let go = go::go()?;
    for (tool, fingerprint) in stale {
        println!("building {}", tool.name);
        build(&go, tool)?;
        fs::write(tool.stamp(), fingerprint)?;
    }
    println!("tools built in {} s", started.elapsed().as_secs());
    Ok(())
}

fn is_built(tool: &GoTool, fingerprint: &str) -> bool {
    tool.path().is_file() && fs::read_to_string(tool.stamp()).is_ok_and(|stamped| stamped == fingerprint)
}

/// A fingerprint of everything that determines the program: build arguments, required modules, source.
fn fingerprint(tool: &GoTool) -> Result<String> {
    let module = root().join(tool.module);
    let mut files = vec![module.join("go.mod"), module.join("go.sum")];
    if let Some(local) = tool.package.strip_prefix('.') {
        let source = module.join(local.trim_start_matches('/'));
        let entries = fs::read_dir(&source).with_context(|| format!("{} cannot be read", source.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "go") {
                files.push(path);
            }
        }
    }
    files.sort();
    let mut hash = Sha256::new();
    for argument in arguments(tool) {
        hash.update(argument);
        hash.update([0]);
    }
    for file in files {
        hash.update(fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?);
        hash.update([0]);
    }
    Ok(hex(&hash.finalize()))
}

/// The arguments of `go` for building the program.
fn arguments(tool: &GoTool) -> Vec<String> {
    let mut flags = "-s -w".to_owned();
    if !tool.release.is_empty() {
        // The version variables that Kubernetes' build sets (kubernetes/kubernetes: hack/lib/version.sh).
        let mut parts = tool.release.trim_start_matches('v').split('.');
        let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        for (name, value) in [
            ("gitVersion", tool.release),
            ("gitMajor", major),
            ("gitMinor", minor),
            ("gitTreeState", "clean"),
            ("gitCommit", tool.release),
            ("buildDate", "1970-01-01T00:00:00Z"),
        ] {
            flags.push_str(&format!(" -X k8s.io/component-base/version.{name}={value}"));
        }
    }
    ["build", "-trimpath", "-ldflags", &flags, "-o"]
        .map(str::to_owned)
        .into_iter()
        .chain([tool.path().display().to_string(), tool.package.to_owned()])
        .collect()
}

fn build(go: &Path, tool: &GoTool) -> Result<()> {
    fs::create_dir_all(tools_dir().join(tool.folder))?;
    // Without cgo no C compiler is needed, and the programs also run in a chroot.
    let mut command = Command::new(go);
    command.args(arguments(tool)).current_dir(root().join(tool.module)).env("CGO_ENABLED", "0");
    // Some distributions disable Go's toolchain downloads; the modules declare the version that they need.
    finish(command.env("GOTOOLCHAIN", "auto"))
        .with_context(|| format!("{} cannot be built from {}", tool.name, tool.module))
}
