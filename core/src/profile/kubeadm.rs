//! The files of kubeadm clusters. Source: kubernetes/kubernetes: cmd/kubeadm/app/phases/certs/certlist.go,
//! cmd/kubeadm/app/constants/constants.go, cmd/kubeadm/app/phases/kubeconfig/kubeconfig.go.

use super::{
    edge::Material,
    ids::{AuthorityId, Component},
    kubeadm_edges::EDGES,
    model::{
        AuthorityRow, FlagRow, KubeconfigRow, LeafRow, NewAuthorityFormat, OtherKind, OtherRow, Profile,
        RotationMethod, Sign, SigningRow, StaticPodRow,
    },
};
use crate::x509::KeyAlgorithm;

/// [`Profile::flags`] of nodes. `--kubelet-certificate-authority` may name any file on a node, because the API servers
/// are restarted.
pub(super) const FLAGS: &[FlagRow] = match HOSTED_FLAGS {
    [_, others @ ..] => others,
    [] => &[],
};

/// [`Profile::flags`] of control planes whose Pods use kubeadm's paths.
pub(super) const HOSTED_FLAGS: &[FlagRow] = &[
    FlagRow {
        component: Component::Apiserver,
        flag: "kubelet-certificate-authority",
        paths: &["/etc/kubernetes/pki/ca.crt"],
    },
    FlagRow { component: Component::Apiserver, flag: "client-ca-file", paths: &["/etc/kubernetes/pki/ca.crt"] },
    FlagRow { component: Component::Apiserver, flag: "tls-cert-file", paths: &["/etc/kubernetes/pki/apiserver.crt"] },
    FlagRow {
        component: Component::Apiserver,
        flag: "tls-private-key-file",
        paths: &["/etc/kubernetes/pki/apiserver.key"],
    },
    FlagRow {
        component: Component::Apiserver,
        flag: "kubelet-client-certificate",
        paths: &["/etc/kubernetes/pki/apiserver-kubelet-client.crt"],
    },
    FlagRow {
        component: Component::Apiserver,
        flag: "kubelet-client-key",
        paths: &["/etc/kubernetes/pki/apiserver-kubelet-client.key"],
    },
    FlagRow {
        component: Component::Apiserver,
        flag: "requestheader-client-ca-file",
        paths: &["/etc/kubernetes/pki/front-proxy-ca.crt"],
    },
    FlagRow {
        component: Component::Apiserver,
        flag: "proxy-client-cert-file",
        paths: &["/etc/kubernetes/pki/front-proxy-client.crt"],
    },
    FlagRow {
        component: Component::Apiserver,
        flag: "proxy-client-key-file",
        paths: &["/etc/kubernetes/pki/front-proxy-client.key"],
    },
    FlagRow { component: Component::ControllerManager, flag: "client-ca-file", paths: &["/etc/kubernetes/pki/ca.crt"] },
    FlagRow { component: Component::ControllerManager, flag: "root-ca-file", paths: &["/etc/kubernetes/pki/ca.crt"] },
    FlagRow {
        component: Component::ControllerManager,
        flag: "requestheader-client-ca-file",
        paths: &["/etc/kubernetes/pki/front-proxy-ca.crt"],
    },
];

/// [`Profile::foreign_flags`]: a separate certificate and key for one signer.
pub(super) const FOREIGN_FLAGS: &[&str] = &[
    "cluster-signing-kubelet-client-cert-file",
    "cluster-signing-kubelet-serving-cert-file",
    "cluster-signing-kube-apiserver-client-cert-file",
    "cluster-signing-legacy-unknown-cert-file",
];

/// [`Profile::others`] of a node that kubeadm joined.
pub(super) const OTHERS: &[OtherRow] = &[
    OtherRow { path: "/etc/kubernetes/pki/sa.key", kind: OtherKind::ServiceAccountKey },
    OtherRow { path: "/etc/kubernetes/pki/sa.pub", kind: OtherKind::ServiceAccountPublicKey },
    OtherRow { path: "/var/lib/kubelet/config.yaml", kind: OtherKind::KubeletConfig },
    OtherRow { path: "/var/lib/kubelet/pki/kubelet-client-current.pem", kind: OtherKind::KubeletClient },
    OtherRow { path: "/var/lib/kubelet/pki/kubelet-server-current.pem", kind: OtherKind::KubeletServingPair },
    OtherRow { path: "/var/lib/kubelet/pki/kubelet.crt", kind: OtherKind::KubeletServing },
    OtherRow { path: "/var/lib/kubelet/pki/kubelet.key", kind: OtherKind::KubeletServingKey },
];

/// A cluster created by kubeadm, including Cluster API's kubeadm provider.
pub const KUBEADM: Profile = Profile {
    id: "kubeadm",
    title: "kubeadm",
    recognised_by: &[Sign::NodeTree],
    extends: "",
    course: RotationMethod::NodeFiles,
    phase_words: [""; 3],
    input: "/etc/kubernetes of a control-plane node, or the Secrets that the management cluster holds",
    directory: "/etc/kubernetes",
    kubelet_directory: "/var/lib/kubelet",
    folders_elsewhere: &[],
    authorities: &[
        AuthorityRow {
            id: AuthorityId::Cluster,
            title: "Cluster CA",
            name: "ca",
            certificate: "/etc/kubernetes/pki/ca.crt",
            key: "/etc/kubernetes/pki/ca.key",
            accepted: None,
            secret: "",
            option: "--ca-",
            new_authority_format: NewAuthorityFormat::Named,
            keys: &KeyAlgorithm::KUBERNETES,
            rotates: true,
        },
        AuthorityRow {
            id: AuthorityId::FrontProxy,
            title: "Front-proxy CA",
            name: "front-proxy-ca",
            certificate: "/etc/kubernetes/pki/front-proxy-ca.crt",
            key: "/etc/kubernetes/pki/front-proxy-ca.key",
            accepted: None,
            secret: "",
            option: "--front-proxy-ca-",
            new_authority_format: NewAuthorityFormat::Named,
            keys: &KeyAlgorithm::KUBERNETES,
            rotates: true,
        },
        AuthorityRow {
            id: AuthorityId::Etcd,
            title: "etcd CA",
            name: "etcd-ca",
            certificate: "/etc/kubernetes/pki/etcd/ca.crt",
            key: "/etc/kubernetes/pki/etcd/ca.key",
            accepted: None,
            secret: "",
            option: "",
            new_authority_format: NewAuthorityFormat::Named,
            keys: &KeyAlgorithm::KUBERNETES,
            rotates: false,
        },
    ],
    leaves: &[
        LeafRow {
            name: "apiserver",
            authority: AuthorityId::Cluster,
            certificate: "/etc/kubernetes/pki/apiserver.crt",
            key: "/etc/kubernetes/pki/apiserver.key",
        },
        LeafRow {
            name: "apiserver-kubelet-client",
            authority: AuthorityId::Cluster,
            certificate: "/etc/kubernetes/pki/apiserver-kubelet-client.crt",
            key: "/etc/kubernetes/pki/apiserver-kubelet-client.key",
        },
        LeafRow {
            name: "front-proxy-client",
            authority: AuthorityId::FrontProxy,
            certificate: "/etc/kubernetes/pki/front-proxy-client.crt",
            key: "/etc/kubernetes/pki/front-proxy-client.key",
        },
        LeafRow {
            name: "apiserver-etcd-client",
            authority: AuthorityId::Etcd,
            certificate: "/etc/kubernetes/pki/apiserver-etcd-client.crt",
            key: "/etc/kubernetes/pki/apiserver-etcd-client.key",
        },
        LeafRow {
            name: "etcd/server",
            authority: AuthorityId::Etcd,
            certificate: "/etc/kubernetes/pki/etcd/server.crt",
            key: "/etc/kubernetes/pki/etcd/server.key",
        },
        LeafRow {
            name: "etcd/peer",
            authority: AuthorityId::Etcd,
            certificate: "/etc/kubernetes/pki/etcd/peer.crt",
            key: "/etc/kubernetes/pki/etcd/peer.key",
        },
        LeafRow {
            name: "etcd/healthcheck-client",
            authority: AuthorityId::Etcd,
            certificate: "/etc/kubernetes/pki/etcd/healthcheck-client.crt",
            key: "/etc/kubernetes/pki/etcd/healthcheck-client.key",
        },
    ],
    kubeconfigs: &[
        KubeconfigRow {
            name: "admin.conf",
            path: "/etc/kubernetes/admin.conf",
            reader: None,
            user: "kubernetes-admin",
        },
        KubeconfigRow {
            name: "super-admin.conf",
            path: "/etc/kubernetes/super-admin.conf",
            reader: None,
            user: "kubernetes-super-admin",
        },
        KubeconfigRow {
            name: "controller-manager.conf",
            path: "/etc/kubernetes/controller-manager.conf",
            reader: Some(Component::ControllerManager),
            user: "system:kube-controller-manager",
        },
        KubeconfigRow {
            name: "scheduler.conf",
            path: "/etc/kubernetes/scheduler.conf",
            reader: Some(Component::Scheduler),
            user: "system:kube-scheduler",
        },
        KubeconfigRow {
            name: "kubelet.conf",
            path: "/etc/kubernetes/kubelet.conf",
            reader: Some(Component::Kubelet),
            user: "system:node:",
        },
    ],
    static_pods: &[
        StaticPodRow { component: Component::Apiserver, path: "/etc/kubernetes/manifests/kube-apiserver.yaml" },
        StaticPodRow {
            component: Component::ControllerManager,
            path: "/etc/kubernetes/manifests/kube-controller-manager.yaml",
        },
        StaticPodRow { component: Component::Scheduler, path: "/etc/kubernetes/manifests/kube-scheduler.yaml" },
        StaticPodRow { component: Component::Etcd, path: "/etc/kubernetes/manifests/etcd.yaml" },
    ],
    flags: FLAGS,
    foreign_flags: FOREIGN_FLAGS,
    others: OTHERS,
    edges: EDGES,
    signing: SigningRow {
        certificate: "/etc/kubernetes/pki/ca-signing.crt",
        key: "/etc/kubernetes/pki/ca.key",
        new_from: 2,
        key_from: 2,
        reorders: true,
        on_workers: false,
    },
    published: Material::Authority(AuthorityId::Cluster),
};
