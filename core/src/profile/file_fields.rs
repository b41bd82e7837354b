//! Fields of configuration files that refer to PKI files: content of each file, and when it is read.

use super::file_flags::FlagContent;

/// A field that contains a file's path, or certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileField {
    /// The kind of the object; empty for files without one.
    pub(crate) kind: &'static str,
    /// The field's path, with `[]` for each item of a list.
    pub(crate) field: &'static str,
    pub(crate) content: FieldContent,
    /// Whether relative paths are relative to the configuration's folder; otherwise to the process' working directory.
    pub(crate) is_beside: bool,
    /// The source of the rule.
    pub(crate) source: &'static str,
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldContent {
    /// The path of a file with this content.
    Path(FlagContent),
    /// CA certificates as PEM, or base64 of it.
    InlineTrust,
}

const fn row(
    kind: &'static str,
    field: &'static str,
    content: FlagContent,
    is_beside: bool,
    source: &'static str,
) -> FileField {
    FileField { kind, field, content: FieldContent::Path(content), is_beside, source }
}

const ADMISSION: &str = "k8s.io/apiserver: pkg/admission/config.go, pkg/admission/plugin/webhook/config/kubeconfig.go";
const EGRESS: &str = "k8s.io/apiserver: pkg/server/egressselector/config.go";
const KUBELET: &str = "k8s.io/kubernetes: pkg/kubelet/apis/config/helpers.go, KubeletConfigurationPathRefs";
const EXTENDER: &str = "k8s.io/kube-scheduler: config/v1/types.go, ExtenderTLSConfig";
const ETCD: &str = "go.etcd.io/etcd/server: embed/config.go, securityConfig";

/// Every known field.
pub(crate) const FIELDS: &[FileField] = &[
    row("AdmissionConfiguration", "plugins[].path", FlagContent::Configuration, true, ADMISSION),
    row("AdmissionConfiguration", "plugins[].configuration.kubeConfigFile", FlagContent::Kubeconfig, false, ADMISSION),
    row(
        "AdmissionConfiguration",
        "plugins[].configuration.imagePolicy.kubeConfigFile",
        FlagContent::Kubeconfig,
        false,
        "k8s.io/kubernetes: plugin/pkg/admission/imagepolicy/config.go",
    ),
    row("WebhookAdmissionConfiguration", "kubeConfigFile", FlagContent::Kubeconfig, false, ADMISSION),
    row("WebhookAdmission", "kubeConfigFile", FlagContent::Kubeconfig, false, ADMISSION),
    row(
        "",
        "imagePolicy.kubeConfigFile",
        FlagContent::Kubeconfig,
        false,
        "k8s.io/kubernetes: plugin/pkg/admission/imagepolicy/config.go",
    ),
    FileField {
        kind: "AuthenticationConfiguration",
        field: "jwt[].issuer.certificateAuthority",
        content: FieldContent::InlineTrust,
        is_beside: false,
        source: "k8s.io/apiserver: pkg/apis/apiserver/v1/types.go, Issuer",
    },
    row(
        "AuthorizationConfiguration",
        "authorizers[].webhook.connectionInfo.kubeConfigFile",
        FlagContent::Kubeconfig,
        false,
        "k8s.io/apiserver: pkg/apis/apiserver/v1/types.go, WebhookConnectionInfo",
    ),
    row(
        "EgressSelectorConfiguration",
        "egressSelections[].connection.transport.tcp.tlsConfig.caBundle",
        FlagContent::TrustBundle,
        false,
        EGRESS,
    ),
    row(
        "EgressSelectorConfiguration",
        "egressSelections[].connection.transport.tcp.tlsConfig.clientCert",
        FlagContent::Certificate,
        false,
        EGRESS,
    ),
    row(
        "EgressSelectorConfiguration",
        "egressSelections[].connection.transport.tcp.tlsConfig.clientKey",
        FlagContent::PrivateKey,
        false,
        EGRESS,
    ),
    row(
        "KubeSchedulerConfiguration",
        "clientConnection.kubeconfig",
        FlagContent::Kubeconfig,
        false,
        "k8s.io/component-base: config/v1alpha1/types.go, ClientConnectionConfiguration",
    ),
    row("KubeSchedulerConfiguration", "extenders[].tlsConfig.certFile", FlagContent::Certificate, false, EXTENDER),
    row("KubeSchedulerConfiguration", "extenders[].tlsConfig.keyFile", FlagContent::PrivateKey, false, EXTENDER),
    row("KubeSchedulerConfiguration", "extenders[].tlsConfig.caFile", FlagContent::TrustBundle, false, EXTENDER),
    FileField {
        kind: "KubeSchedulerConfiguration",
        field: "extenders[].tlsConfig.caData",
        content: FieldContent::InlineTrust,
        is_beside: false,
        source: EXTENDER,
    },
    row(
        "KubeProxyConfiguration",
        "clientConnection.kubeconfig",
        FlagContent::Kubeconfig,
        false,
        "k8s.io/component-base: config/v1alpha1/types.go, ClientConnectionConfiguration",
    ),
    row("KubeletConfiguration", "authentication.x509.clientCAFile", FlagContent::TrustBundle, true, KUBELET),
    row("KubeletConfiguration", "tlsCertFile", FlagContent::Certificate, true, KUBELET),
    row("KubeletConfiguration", "tlsPrivateKeyFile", FlagContent::PrivateKey, true, KUBELET),
    row("KubeletConfiguration", "staticPodPath", FlagContent::Folder, true, KUBELET),
    row("KubeletConfiguration", "volumePluginDir", FlagContent::Folder, true, KUBELET),
    row("KubeletConfiguration", "podLogsDir", FlagContent::Folder, true, KUBELET),
    row("", "client-transport-security.cert-file", FlagContent::Certificate, false, ETCD),
    row("", "client-transport-security.key-file", FlagContent::PrivateKey, false, ETCD),
    row("", "client-transport-security.client-cert-file", FlagContent::Certificate, false, ETCD),
    row("", "client-transport-security.client-key-file", FlagContent::PrivateKey, false, ETCD),
    row("", "client-transport-security.trusted-ca-file", FlagContent::TrustBundle, false, ETCD),
    row("", "peer-transport-security.cert-file", FlagContent::Certificate, false, ETCD),
    row("", "peer-transport-security.key-file", FlagContent::PrivateKey, false, ETCD),
    row("", "peer-transport-security.client-cert-file", FlagContent::Certificate, false, ETCD),
    row("", "peer-transport-security.client-key-file", FlagContent::PrivateKey, false, ETCD),
    row("", "peer-transport-security.trusted-ca-file", FlagContent::TrustBundle, false, ETCD),
];

impl FileField {
    /// The row for a field such as `plugins[3].path`.
    pub(crate) fn of(kind: &str, field: &str) -> Option<&'static Self> {
        FIELDS.iter().find(|row| row.kind == kind && is_at(row.field, field))
    }
}

/// Whether a field matches a pattern, ignoring list indexes.
fn is_at(pattern: &str, field: &str) -> bool {
    let mut pattern = pattern.bytes();
    let mut in_index = false;
    for byte in field.bytes() {
        if in_index && byte.is_ascii_digit() {
            continue;
        }
        in_index = byte == b'[';
        if pattern.next() != Some(byte) {
            return false;
        }
    }
    pattern.next().is_none()
}
