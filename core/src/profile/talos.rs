//! Talos Linux: machines without a shell, whose authorities stand in their machine configurations.
//! Source: siderolabs/talos: pkg/machinery/config/types/v1alpha1, pkg/machinery/config/generate/secrets,
//! pkg/machinery/client/config.

use super::{AuthorityId, AuthorityRow, Course, Profile, Sign, SigningRow};

/// A cluster of Talos machines, run with `talosctl`.
pub const TALOS: Profile = Profile {
    id: "talos",
    title: "Talos",
    recognised_by: &[
        // A machine configuration.
        Sign::Document(&["version", "machine"]),
        // secrets.yaml, as `talosctl gen secrets` writes it.
        Sign::Document(&["secrets", "trustdinfo", "certs"]),
        // A talosconfig: a kubeconfig has `current-context`.
        Sign::Document(&["context", "contexts"]),
    ],
    course: Course::MachineConfigs,
    phase_words: ["PRE_ROTATE", "ROTATE", "POST_ROTATE"],
    directory: "",
    kubelet_directory: "",
    authorities: &[
        AuthorityRow {
            id: AuthorityId::Talos,
            title: "Talos API CA",
            certificate: "machine.ca.crt",
            key: "machine.ca.key",
            rotates: true,
        },
        AuthorityRow {
            id: AuthorityId::Cluster,
            title: "Kubernetes CA",
            certificate: "cluster.ca.crt",
            key: "cluster.ca.key",
            rotates: true,
        },
        AuthorityRow {
            id: AuthorityId::FrontProxy,
            title: "aggregator CA",
            certificate: "cluster.aggregatorCA.crt",
            key: "cluster.aggregatorCA.key",
            rotates: false,
        },
        AuthorityRow {
            id: AuthorityId::Etcd,
            title: "etcd CA",
            certificate: "cluster.etcd.ca.crt",
            key: "cluster.etcd.ca.key",
            rotates: false,
        },
    ],
    leaves: &[],
    kubeconfigs: &[],
    static_pods: &[],
    flags: &[],
    foreign_flags: &[],
    others: &[],
    edges: &[],
    signing: SigningRow::NONE,
};
