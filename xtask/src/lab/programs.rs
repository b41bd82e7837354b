//! The programs of the lab, all built from pinned Go modules: Kubernetes, etcd, and the lab's own.

use std::{path::PathBuf, time::Instant};

use anyhow::{Context, Result};

use crate::{
    setup::tools_dir,
    tools::{self, GoTool, packages::packages},
};

/// A release of Kubernetes that the lab can run.
#[derive(Clone, Copy)]
pub struct Release {
    /// The minor version, such as `1.36`; the value of the option that selects it.
    pub minor: &'static str,
    /// The version, such as `v1.36.3`.
    pub version: &'static str,
    /// The folder of the Go module that requires it.
    module: &'static str,
    /// The folder of the Go module that requires its etcd.
    etcd: &'static str,
    /// The folder of its programs in `target/tools`.
    folder: &'static str,
}

/// All releases, the default first. The others are built only when they are selected.
const RELEASES: [Release; 3] = [
    Release {
        minor: "1.36",
        version: tools::KUBERNETES,
        module: "tests/go/kubernetes",
        etcd: "tests/go/lab",
        folder: "k8s-1.36",
    },
    Release {
        minor: "1.33",
        version: "v1.33.13",
        module: "tests/go/kubernetes-1.33",
        etcd: ETCD_3_6,
        folder: "k8s-1.33",
    },
    Release {
        minor: "1.30",
        version: "v1.30.4",
        module: "tests/go/kubernetes-1.30",
        etcd: ETCD_3_6,
        folder: "k8s-1.30",
    },
];

/// The programs of Kubernetes.
const KUBERNETES: [(&str, &str); 6] = [
    ("kubeadm", "k8s.io/kubernetes/cmd/kubeadm"),
    ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
    ("kubelet", "k8s.io/kubernetes/cmd/kubelet"),
    ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
    ("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    ("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
];

/// Older Kubernetes releases start etcd with flags that etcd 3.7 removed.
const ETCD_3_6: &str = "tests/go/etcd-3.6";

/// Other programs of the lab, each with the Debian package that contains it.
const SYSTEM: [(&str, &str); 6] = [
    ("curl", "curl"),
    ("haproxy", "haproxy"),
    ("ip", "iproute2"),
    ("nsenter", "util-linux"),
    ("openssl", "openssl"),
    ("unzip", "unzip"),
];

impl Release {
    /// The release with this minor version, or the default.
    pub fn named(minor: Option<&str>) -> Result<Self> {
        let Some(minor) = minor else { return Ok(RELEASES[0]) };
        let known = RELEASES.map(|release| release.minor).join(", ");
        let found = RELEASES.into_iter().find(|release| release.minor == minor);
        found.with_context(|| format!("the lab has no Kubernetes {minor}; it has {known}"))
    }

    /// The version of kubeadm's configuration format: v1beta4 was introduced in 1.31.
    pub fn kubeadm_api(&self) -> &'static str {
        if self.minor_number() < 31 { "v1beta3" } else { "v1beta4" }
    }

    /// Whether the kubelet supports `failCgroupV1`, and `enforceNodeAllocatable: ["none"]` without cgroups (since
    /// 1.31).
    pub fn has_new_kubelet(&self) -> bool {
        self.minor_number() >= 31
    }

    fn minor_number(&self) -> u32 {
        let number = self.minor.split_once('.').and_then(|(_, minor)| minor.parse().ok());
        number.expect("Invariant: a release is named by two numbers")
    }

    /// Builds and installs missing programs, and returns their folder.
    pub fn provide(&self) -> Result<PathBuf> {
        let started = Instant::now();
        packages(&SYSTEM)?;
        let kubernetes = KUBERNETES.map(|(name, package)| GoTool {
            name,
            folder: self.folder,
            module: self.module,
            package,
            release: self.version,
        });
        let other = |name, module, package| GoTool { name, folder: self.folder, module, package, release: "" };
        let others = [
            other("etcd", self.etcd, "go.etcd.io/etcd/server/v3"),
            other("etcdctl", self.etcd, "go.etcd.io/etcd/etcdctl/v3"),
            other("etcdutl", self.etcd, "go.etcd.io/etcd/etcdutl/v3"),
            other("kamaji", "tests/go/kamaji", "."),
            other("lab", "tests/go/lab", "."),
            other("oracle", "tests/go/oracle", "."),
        ];
        tools::go_tools(&[&kubernetes[..], &others[..]].concat())?;
        println!("{:7.1} s  programs of Kubernetes {}", started.elapsed().as_secs_f64(), self.version);
        Ok(tools_dir().join(self.folder))
    }
}
