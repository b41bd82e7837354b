//! Flags of Kubernetes programs that refer to files: content of each file, and when the program reads it.

mod flag;
mod table;

pub(crate) use self::{
    flag::{FileFlag, FlagContent, Program, Reload, Use},
    table::FLAGS,
};

/// kube-controller-manager's flag for the signing certificate. kubeadm sets it to `ca.crt`. The file must contain
/// exactly one certificate (kubernetes/kubeadm#1350).
pub(crate) const SIGNING_FLAG: &str = "cluster-signing-cert-file";

/// The flag for the private key of [`SIGNING_FLAG`]'s certificate.
pub(crate) const SIGNING_KEY_FLAG: &str = "cluster-signing-key-file";

/// kube-apiserver's flag for the CAs with which it verifies kubelets.
pub(crate) const KUBELET_AUTHORITY_FLAG: &str = "kubelet-certificate-authority";
impl FileFlag {
    /// The row of a flag. `_` is equivalent to `-`, except for etcd (k8s.io/component-base: cli/flag,
    /// `WordSepNormalizeFunc`).
    pub(crate) fn of(program: Program, flag: &str) -> Option<&'static Self> {
        let normal = if program == Program::Etcd { flag.to_owned() } else { flag.replace('_', "-") };
        FLAGS.iter().find(|row| row.flag == normal && row.programs.contains(&program))
    }

    /// The row of an environment variable: etcd reads each flag from `ETCD_` and its name in capitals (go.etcd.io/etcd:
    /// pkg/flags/flag.go, `FlagToEnv`).
    pub(crate) fn of_environment(program: Program, name: &str) -> Option<&'static Self> {
        let name = name.strip_prefix("ETCD_").filter(|_| program == Program::Etcd)?;
        Self::of(program, &name.to_ascii_lowercase().replace('_', "-"))
    }
}

#[cfg(test)]
mod tests;
