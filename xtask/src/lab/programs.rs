//! What the lab runs: Kubernetes' own programs, etcd, and the lab's, all built from pinned Go modules.

use std::{path::PathBuf, time::Instant};

use anyhow::Result;

use super::tools::{self, GoTool};

/// The lab's programs, in one folder that every machine sees.
const PROGRAMS: [GoTool; 8] = [
    kubernetes("kubeadm", "k8s.io/kubernetes/cmd/kubeadm"),
    kubernetes("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
    kubernetes("kubelet", "k8s.io/kubernetes/cmd/kubelet"),
    kubernetes("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
    kubernetes("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    kubernetes("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
    GoTool { name: "etcd", folder: FOLDER, module: "tests/go/lab", package: "go.etcd.io/etcd/server/v3" },
    GoTool { name: "lab", folder: FOLDER, module: "tests/go/lab", package: "." },
];

/// Where they lie in `target/tools`.
const FOLDER: &str = "k8s-1.36";

/// What else a lab needs, and the Debian package that has each.
const SYSTEM: [(&str, &str); 6] = [
    ("curl", "curl"),
    ("haproxy", "haproxy"),
    ("ip", "iproute2"),
    ("nsenter", "util-linux"),
    ("openssl", "openssl"),
    ("unzip", "unzip"),
];

const fn kubernetes(name: &'static str, package: &'static str) -> GoTool {
    GoTool { name, folder: FOLDER, module: "tests/go/kubernetes", package }
}

/// The release of Kubernetes that the lab runs.
pub fn version() -> &'static str {
    tools::KUBERNETES
}

/// Builds and installs what is missing and gives the folder with the programs.
pub fn provide() -> Result<PathBuf> {
    let started = Instant::now();
    tools::packages(&SYSTEM)?;
    tools::go_tools(&PROGRAMS)?;
    println!("{:7.1} s  programs of Kubernetes {}", started.elapsed().as_secs_f64(), version());
    Ok(tools::folder().join(FOLDER))
}
