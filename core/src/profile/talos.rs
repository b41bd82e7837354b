//! Talos Linux: machines without a shell. Their CAs are in their machine configurations.
//! Source: siderolabs/talos: pkg/machinery/config/types/v1alpha1, pkg/machinery/config/generate/secrets,
//! pkg/machinery/client/config.

use super::{
    edge::Material,
    ids::AuthorityId,
    model::{AuthorityRow, NewAuthorityFormat, OtherKind, OtherRow, Profile, RotationMethod, Sign, SigningRow},
    talos_edges::EDGES,
};
use crate::x509::KeyAlgorithm;

/// Talos creates P-256 keys; an imported CA may have any key that Kubernetes supports.
const KUBERNETES_CA_KEYS: &[KeyAlgorithm] = &[
    KeyAlgorithm::EcdsaP256,
    KeyAlgorithm::EcdsaP384,
    KeyAlgorithm::Rsa2048,
    KeyAlgorithm::Rsa3072,
    KeyAlgorithm::Rsa4096,
];

/// A cluster of Talos machines, managed with `talosctl`.
pub const TALOS: Profile = Profile {
    id: "talos",
    title: "Talos",
    recognised_by: &[
        // A machine configuration.
        Sign::Document(&["version", "machine"]),
        // Output of `talosctl get machineconfig -o yaml` whose configuration cannot be read.
        Sign::Document(&["node", "metadata", "spec"]),
        // secrets.yaml, created by `talosctl gen secrets`.
        Sign::Document(&["secrets", "trustdinfo", "certs"]),
        // A talosconfig. kubeconfigs have `current-context` instead of `context`.
        Sign::Document(&["context", "contexts"]),
    ],
    extends: "",
    course: RotationMethod::MachineConfigs,
    phase_words: ["PRE_ROTATE", "ROTATE", "POST_ROTATE"],
    input: "a control-plane machine's and a worker's configuration (controlplane.yaml, worker.yaml, or what `talosctl get machineconfig -o yaml` prints), secrets.yaml and your talosconfig",
    directory: "",
    kubelet_directory: "",
    folders_elsewhere: &[],
    authorities: &[
        AuthorityRow {
            id: AuthorityId::Talos,
            title: "Talos API CA",
            name: "talos-ca",
            certificate: "machine.ca.crt",
            key: "machine.ca.key",
            accepted: Some("machine.acceptedCAs"),
            secret: "certs.os",
            option: "--talos-ca-",
            new_authority_format: NewAuthorityFormat::Organization("talos"),
            keys: &[KeyAlgorithm::Ed25519],
            rotates: true,
        },
        AuthorityRow {
            id: AuthorityId::Cluster,
            title: "Kubernetes CA",
            name: "kubernetes-ca",
            certificate: "cluster.ca.crt",
            key: "cluster.ca.key",
            accepted: Some("cluster.acceptedCAs"),
            secret: "certs.k8s",
            option: "--ca-",
            new_authority_format: NewAuthorityFormat::Organization("kubernetes"),
            keys: KUBERNETES_CA_KEYS,
            rotates: true,
        },
        AuthorityRow {
            id: AuthorityId::FrontProxy,
            title: "aggregator CA",
            name: "aggregator-ca",
            certificate: "cluster.aggregatorCA.crt",
            key: "cluster.aggregatorCA.key",
            accepted: None,
            secret: "certs.k8saggregator",
            option: "",
            new_authority_format: NewAuthorityFormat::Named,
            keys: &KeyAlgorithm::KUBERNETES,
            rotates: false,
        },
        AuthorityRow {
            id: AuthorityId::Etcd,
            title: "etcd CA",
            name: "etcd-ca",
            certificate: "cluster.etcd.ca.crt",
            key: "cluster.etcd.ca.key",
            accepted: None,
            secret: "certs.etcd",
            option: "",
            new_authority_format: NewAuthorityFormat::Organization("etcd"),
            keys: KUBERNETES_CA_KEYS,
            rotates: false,
        },
    ],
    leaves: &[],
    kubeconfigs: &[],
    static_pods: &[],
    flags: &[],
    foreign_flags: &[],
    others: &[OtherRow { path: "/var/lib/kubelet/pki/kubelet-client-current.pem", kind: OtherKind::KubeletClient }],
    edges: EDGES,
    published: Material::Issuing(AuthorityId::Cluster),
    signing: SigningRow::NONE,
};
