//! Kamaji: each tenant's control plane is a Deployment in the management cluster. Its operator stores the files in
//! Secrets and mounts them. Sources: clastix/kamaji: internal/resources (names, keys, labels),
//! internal/builders/controlplane (mounts, flags), api/v1alpha1/tenantcontrolplane_const.go (pause annotation),
//! docs/content/guides/certs-lifecycle.md; and observations of operator 26.8.2-edge (`tests/fixtures/kamaji`).

use super::{
    edge::Material,
    hosted::{Ability, AbilityRow, DataStoreRow, Hosted, Lifecycle, OnNewCa, SecretTable},
    ids::{AuthorityId, Component},
    kamaji_edges::{AT_ONCE, EDGES},
    kubeadm,
    model::{
        AuthorityRow, KubeconfigRow, LeafRow, NewAuthorityFormat, Profile, RotationMethod, Sign, SigningRow,
        StaticPodRow,
    },
};
use crate::x509::KeyAlgorithm;

/// A tenant's control plane, managed by Kamaji's operator. Its nodes are kubeadm's.
pub const KAMAJI: Profile = Profile {
    id: "kamaji",
    title: "Kamaji",
    recognised_by: &[Sign::Group("kamaji.clastix.io/")],
    extends: "",
    course: RotationMethod::Hosted(&HOSTED),
    phase_words: [""; 3],
    input: "all of the tenant's Secrets, its TenantControlPlane, its Deployment and its nodes' /etc/kubernetes",
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
            title: "DataStore CA",
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
            name: "datastore",
            authority: AuthorityId::Etcd,
            certificate: "/etc/kubernetes/pki/etcd/server.crt",
            key: "/etc/kubernetes/pki/etcd/server.key",
        },
        // Embedded in konnectivity's kubeconfig; no Pod mounts the Secret itself.
        LeafRow {
            name: "konnectivity",
            authority: AuthorityId::Cluster,
            certificate: "konnectivity-certificate/tls.crt",
            key: "konnectivity-certificate/tls.key",
        },
    ],
    kubeconfigs: &[
        KubeconfigRow {
            name: "admin.conf",
            path: "admin-kubeconfig/admin.conf",
            reader: None,
            user: "kubernetes-admin",
        },
        KubeconfigRow { name: "admin.svc", path: "admin-kubeconfig/admin.svc", reader: None, user: "kubernetes-admin" },
        KubeconfigRow {
            name: "super-admin.conf",
            path: "admin-kubeconfig/super-admin.conf",
            reader: None,
            user: "kubernetes-super-admin",
        },
        KubeconfigRow {
            name: "super-admin.svc",
            path: "admin-kubeconfig/super-admin.svc",
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
            name: "konnectivity-server.conf",
            path: "/etc/kubernetes/konnectivity-server.conf",
            reader: Some(Component::Konnectivity),
            user: "system:konnectivity-server",
        },
        KubeconfigRow {
            name: "kubelet.conf",
            path: "/etc/kubernetes/kubelet.conf",
            reader: Some(Component::Kubelet),
            user: "system:node:",
        },
    ],
    // Containers of the tenant's Deployment.
    static_pods: &[
        StaticPodRow { component: Component::Apiserver, path: "deployment/kube-apiserver" },
        StaticPodRow { component: Component::ControllerManager, path: "deployment/kube-controller-manager" },
        StaticPodRow { component: Component::Scheduler, path: "deployment/kube-scheduler" },
    ],
    flags: kubeadm::HOSTED_FLAGS,
    foreign_flags: kubeadm::FOREIGN_FLAGS,
    others: kubeadm::OTHERS,
    edges: EDGES,
    published: Material::Authority(AuthorityId::Cluster),
    signing: SigningRow {
        certificate: SIGNING_CERTIFICATE,
        key: SIGNING_KEY,
        new_from: 2,
        key_from: 2,
        reorders: true,
        on_workers: false,
    },
};

/// The CA's whole Secret is also mounted here. Its `tls.crt` contains one certificate while `ca.crt` is a bundle. The
/// kubelet updates it together with its key, atomically.
const SIGNING_CERTIFICATE: &str = "/etc/ca-certificates/tls.crt";
const SIGNING_KEY: &str = "/etc/ca-certificates/tls.key";

const HOSTED: Hosted = Hosted {
    kind: "TenantControlPlane",
    resource: "tenantcontrolplanes.kamaji.clastix.io",
    name_label: "kamaji.clastix.io/name",
    component_label: "kamaji.clastix.io/component",
    lifecycle_label: "kamaji.clastix.io/certificate_lifecycle_controller",
    rolls_out: "scheduler-kubeconfig",
    deployment: "deployment",
    pause: "kamaji.clastix.io/paused",
    operator_image: "clastix/kamaji",
    // clastix/kamaji: cmd/manager/cmd.go, `LeaderElectionID`; --leader-elect is true by default.
    operator_lease: "kamaji.clastix.io",
    secrets: SECRETS,
    signing_flags: &[("cluster-signing-cert-file", SIGNING_CERTIFICATE), ("cluster-signing-key-file", SIGNING_KEY)],
    extra_args: &[
        (Component::Apiserver, "/spec/controlPlane/deployment/extraArgs/apiServer"),
        (Component::ControllerManager, "/spec/controlPlane/deployment/extraArgs/controllerManager"),
        (Component::Scheduler, "/spec/controlPlane/deployment/extraArgs/scheduler"),
    ],
    // clastix/kamaji: internal/resources/datastore/datastore_certificate.go; api/v1alpha1/datastore_types.go.
    data_store: DataStoreRow {
        component: "datastore-certificate",
        driver: "/status/storage/driver",
        issued_for: "etcd",
    },
    abilities: &[
        // `spec.writePermissions` first appears in releases two months later (clastix/kamaji#937).
        AbilityRow { ability: Ability::Pause, since: "25.7.2", told_by: "/spec/writePermissions" },
        AbilityRow { ability: Ability::Pkcs8, since: "26.7.5", told_by: "" },
    ],
    at_once: AT_ONCE,
};

const SECRETS: &[SecretTable] = &[
    SecretTable {
        component: "ca",
        files: &[
            ("ca.crt", "/etc/kubernetes/pki/ca.crt"),
            ("ca.key", "/etc/kubernetes/pki/ca.key"),
            ("tls.crt", SIGNING_CERTIFICATE),
            ("tls.key", SIGNING_KEY),
        ],
        needed: true,
        on_new_ca: OnNewCa::Nothing,
        lifecycle: None,
    },
    SecretTable {
        component: "front-proxy-ca-certificate",
        files: &[
            ("front-proxy-ca.crt", "/etc/kubernetes/pki/front-proxy-ca.crt"),
            ("front-proxy-ca.key", "/etc/kubernetes/pki/front-proxy-ca.key"),
        ],
        needed: true,
        on_new_ca: OnNewCa::Nothing,
        lifecycle: None,
    },
    SecretTable {
        component: "api-server-certificate",
        files: &[
            ("apiserver.crt", "/etc/kubernetes/pki/apiserver.crt"),
            ("apiserver.key", "/etc/kubernetes/pki/apiserver.key"),
        ],
        needed: true,
        on_new_ca: OnNewCa::Rewrites,
        lifecycle: Some(Lifecycle::X509),
    },
    SecretTable {
        component: "api-server-kubelet-client-certificate",
        files: &[
            ("apiserver-kubelet-client.crt", "/etc/kubernetes/pki/apiserver-kubelet-client.crt"),
            ("apiserver-kubelet-client.key", "/etc/kubernetes/pki/apiserver-kubelet-client.key"),
        ],
        needed: true,
        on_new_ca: OnNewCa::Rewrites,
        lifecycle: Some(Lifecycle::X509),
    },
    SecretTable {
        component: "front-proxy-client-certificate",
        files: &[
            ("front-proxy-client.crt", "/etc/kubernetes/pki/front-proxy-client.crt"),
            ("front-proxy-client.key", "/etc/kubernetes/pki/front-proxy-client.key"),
        ],
        needed: true,
        on_new_ca: OnNewCa::Rewrites,
        lifecycle: Some(Lifecycle::X509),
    },
    SecretTable {
        component: "admin-kubeconfig",
        files: &[
            ("admin.conf", "admin-kubeconfig/admin.conf"),
            ("admin.svc", "admin-kubeconfig/admin.svc"),
            ("super-admin.conf", "admin-kubeconfig/super-admin.conf"),
            ("super-admin.svc", "admin-kubeconfig/super-admin.svc"),
        ],
        needed: true,
        on_new_ca: OnNewCa::Rewrites,
        lifecycle: Some(Lifecycle::Kubeconfig),
    },
    SecretTable {
        component: "controller-manager-kubeconfig",
        files: &[("controller-manager.conf", "/etc/kubernetes/controller-manager.conf")],
        needed: true,
        on_new_ca: OnNewCa::Rewrites,
        lifecycle: Some(Lifecycle::Kubeconfig),
    },
    SecretTable {
        component: "scheduler-kubeconfig",
        files: &[("scheduler.conf", "/etc/kubernetes/scheduler.conf")],
        needed: true,
        on_new_ca: OnNewCa::Rewrites,
        lifecycle: Some(Lifecycle::Kubeconfig),
    },
    SecretTable {
        component: "konnectivity-certificate",
        files: &[("tls.crt", "konnectivity-certificate/tls.crt"), ("tls.key", "konnectivity-certificate/tls.key")],
        needed: false,
        on_new_ca: OnNewCa::RecreatesWhenDeleted,
        lifecycle: Some(Lifecycle::X509),
    },
    SecretTable {
        component: "konnectivity-kubeconfig",
        files: &[("konnectivity-server.conf", "/etc/kubernetes/konnectivity-server.conf")],
        needed: false,
        on_new_ca: OnNewCa::RecreatesWhenDeleted,
        lifecycle: Some(Lifecycle::Kubeconfig),
    },
    SecretTable {
        component: "sa-certificate",
        files: &[("sa.pub", "/etc/kubernetes/pki/sa.pub"), ("sa.key", "/etc/kubernetes/pki/sa.key")],
        needed: false,
        on_new_ca: OnNewCa::Nothing,
        lifecycle: None,
    },
    SecretTable {
        component: "datastore-certificate",
        files: &[
            ("ca.crt", "/etc/kubernetes/pki/etcd/ca.crt"),
            ("server.crt", "/etc/kubernetes/pki/etcd/server.crt"),
            ("server.key", "/etc/kubernetes/pki/etcd/server.key"),
        ],
        needed: false,
        on_new_ca: OnNewCa::Nothing,
        lifecycle: Some(Lifecycle::X509),
    },
    SecretTable {
        component: "datastore-config",
        files: &[],
        needed: false,
        on_new_ca: OnNewCa::Nothing,
        lifecycle: None,
    },
];
