//! The table of [`FileFlag`]s. A test compares it with the programs' own lists of flags in `tests/fixtures/flags`.

use super::flag::{
    FileFlag, FlagContent,
    Program::{self, Apiserver, CloudControllerManager, ControllerManager, Etcd, KubeProxy, Kubelet, Scheduler},
    Reload, Use,
};

/// Programs that serve HTTPS with the options of k8s.io/apiserver.
const SERVERS: &[Program] = &[Apiserver, ControllerManager, Scheduler, CloudControllerManager];

/// Programs that delegate client authentication to kube-apiserver.
const DELEGATING: &[Program] = &[ControllerManager, Scheduler, CloudControllerManager];

const SERVING: &str = "k8s.io/apiserver: pkg/server/options/serving.go, pkg/server/dynamiccertificates";
const AUTHENTICATION: &str = "k8s.io/apiserver: pkg/server/options/authentication.go, pkg/server/dynamiccertificates";
const KUBE_AUTHENTICATION: &str = "k8s.io/kubernetes: pkg/kubeapiserver/options/authentication.go";
const KUBE_AUTHORIZATION: &str = "k8s.io/kubernetes: pkg/kubeapiserver/options/authorization.go";
const CONTROL_PLANE: &str = "k8s.io/kubernetes: pkg/controlplane/apiserver/options/options.go";
const API_ETCD: &str =
    "k8s.io/apiserver: pkg/storage/storagebackend/factory/etcd3.go; go.etcd.io/etcd/client/pkg: transport/listener.go";
const KUBELET_CLIENT: &str =
    "k8s.io/kubernetes: pkg/kubelet/client/kubelet_client.go; k8s.io/client-go: transport/transport.go";
const AUDIT: &str = "k8s.io/apiserver: pkg/server/options/audit.go";
const SIGNER: &str = "k8s.io/kubernetes: pkg/controller/certificates/signer/ca_provider.go";
const PROXY: &str = "k8s.io/kubernetes: cmd/kube-proxy/app/options.go";
const CLOUD_WEBHOOK: &str = "k8s.io/cloud-provider: options/webhook.go";
const KUBELET: &str = "k8s.io/kubernetes: cmd/kubelet/app/server.go";
const ETCD: &str = "go.etcd.io/etcd/client/pkg: transport/listener.go";
const ETCD_CRL: &str = "go.etcd.io/etcd/client/pkg: transport/listener_tls.go";
const ETCD_DISCOVERY: &str = "go.etcd.io/etcd/server: etcdserver/api/v3discovery/discovery.go";

const fn row(
    programs: &'static [Program],
    flag: &'static str,
    content: FlagContent,
    reload: Reload,
    usage: Use,
    source: &'static str,
) -> FileFlag {
    FileFlag { programs, flag, content, reload, usage, source }
}

/// Every flag that refers to a PKI file, a kubeconfig or a configuration.
#[rustfmt::skip] // a table
pub(crate) const FLAGS: &[FileFlag] = &[
    // Serving certificates.
    row(SERVERS, "cert-dir", FlagContent::Folder, Reload::AtStart, Use::Presents("clients"), SERVING),
    row(SERVERS, "tls-cert-file", FlagContent::Certificate, Reload::Live, Use::Presents("clients"), SERVING),
    row(SERVERS, "tls-private-key-file", FlagContent::PrivateKey, Reload::Live, Use::Presents("clients"), SERVING),
    row(SERVERS, "tls-sni-cert-key", FlagContent::Pair, Reload::Live, Use::Presents("clients that ask for one of its names"), SERVING),
    // Clients.
    row(SERVERS, "client-ca-file", FlagContent::TrustBundle, Reload::Live, Use::Verifies("clients"), AUTHENTICATION),
    row(SERVERS, "requestheader-client-ca-file", FlagContent::TrustBundle, Reload::Live, Use::Verifies("front proxies"), AUTHENTICATION),
    row(DELEGATING, "authentication-kubeconfig", FlagContent::Kubeconfig, Reload::AtStart, Use::Connects("kube-apiserver"), AUTHENTICATION),
    row(DELEGATING, "authorization-kubeconfig", FlagContent::Kubeconfig, Reload::AtStart, Use::Connects("kube-apiserver"), "k8s.io/apiserver: pkg/server/options/authorization.go"),
    row(DELEGATING, "kubeconfig", FlagContent::Kubeconfig, Reload::AtStart, Use::Connects("kube-apiserver"), "k8s.io/client-go: tools/clientcmd/client_config.go"),
    row(&[Apiserver], "authentication-config", FlagContent::Configuration, Reload::Live, Use::Configures, KUBE_AUTHENTICATION),
    row(&[Apiserver], "authentication-token-webhook-config-file", FlagContent::Kubeconfig, Reload::AtStart, Use::Connects("a token webhook"), KUBE_AUTHENTICATION),
    row(&[Apiserver], "oidc-ca-file", FlagContent::TrustBundle, Reload::AtStart, Use::Verifies("OpenID Connect issuers"), KUBE_AUTHENTICATION),
    row(&[Apiserver], "token-auth-file", FlagContent::Configuration, Reload::AtStart, Use::Configures, KUBE_AUTHENTICATION),
    row(&[Apiserver], "authorization-config", FlagContent::Configuration, Reload::Live, Use::Configures, KUBE_AUTHORIZATION),
    row(&[Apiserver], "authorization-policy-file", FlagContent::Configuration, Reload::AtStart, Use::Configures, KUBE_AUTHORIZATION),
    row(&[Apiserver], "authorization-webhook-config-file", FlagContent::Kubeconfig, Reload::AtStart, Use::Connects("an authorization webhook"), KUBE_AUTHORIZATION),
    // Service account tokens.
    row(&[Apiserver], "service-account-key-file", FlagContent::PublicKeys, Reload::AtStart, Use::Checks("service account tokens"), KUBE_AUTHENTICATION),
    row(&[Apiserver], "service-account-signing-key-file", FlagContent::PrivateKey, Reload::AtStart, Use::Signs("service account tokens"), CONTROL_PLANE),
    row(&[ControllerManager], "service-account-private-key-file", FlagContent::PrivateKey, Reload::AtStart, Use::Signs("service account tokens in Secrets"), "k8s.io/kubernetes: cmd/kube-controller-manager/app/service_accounts.go"),
    // Servers to which kube-apiserver connects.
    // Certificate and key are read at each handshake, the CA file only once.
    row(&[Apiserver], "etcd-cafile", FlagContent::TrustBundle, Reload::AtStart, Use::Verifies("etcd"), API_ETCD),
    row(&[Apiserver], "etcd-certfile", FlagContent::Certificate, Reload::EachUse, Use::Presents("etcd"), API_ETCD),
    row(&[Apiserver], "etcd-keyfile", FlagContent::PrivateKey, Reload::EachUse, Use::Presents("etcd"), API_ETCD),
    // Since 1.36, client-go reloads CA files (feature ClientsAllowCARotation); earlier releases read them once.
    row(&[Apiserver], "kubelet-certificate-authority", FlagContent::TrustBundle, Reload::AtStart, Use::Verifies("kubelets"), KUBELET_CLIENT),
    row(&[Apiserver], "kubelet-client-certificate", FlagContent::Certificate, Reload::Live, Use::Presents("kubelets"), KUBELET_CLIENT),
    row(&[Apiserver], "kubelet-client-key", FlagContent::PrivateKey, Reload::Live, Use::Presents("kubelets"), KUBELET_CLIENT),
    row(&[Apiserver], "proxy-client-cert-file", FlagContent::Certificate, Reload::Live, Use::Presents("extension API servers and webhooks"), "k8s.io/kube-aggregator: pkg/apiserver/apiserver.go"),
    row(&[Apiserver], "proxy-client-key-file", FlagContent::PrivateKey, Reload::Live, Use::Presents("extension API servers and webhooks"), "k8s.io/kube-aggregator: pkg/apiserver/apiserver.go"),
    row(&[Apiserver], "peer-ca-file", FlagContent::TrustBundle, Reload::AtStart, Use::Verifies("other API servers"), "k8s.io/kubernetes: pkg/controlplane/apiserver/peer.go"),
    row(&[Apiserver], "egress-selector-config-file", FlagContent::Configuration, Reload::AtStart, Use::Configures, "k8s.io/apiserver: pkg/server/egressselector/egress_selector.go"),
    row(&[Apiserver], "audit-webhook-config-file", FlagContent::Kubeconfig, Reload::AtStart, Use::Connects("an audit webhook"), AUDIT),
    row(&[Apiserver], "audit-policy-file", FlagContent::Configuration, Reload::AtStart, Use::Configures, AUDIT),
    row(&[Apiserver], "admission-control-config-file", FlagContent::Configuration, Reload::AtStart, Use::Configures, "k8s.io/apiserver: pkg/admission/config.go"),
    // Live with --encryption-provider-config-automatic-reload.
    row(&[Apiserver], "encryption-provider-config", FlagContent::Configuration, Reload::AtStart, Use::Configures, "k8s.io/apiserver: pkg/server/options/encryptionconfig/config.go"),
    row(&[Apiserver], "tracing-config-file", FlagContent::Configuration, Reload::AtStart, Use::Configures, "k8s.io/apiserver: pkg/server/options/tracing.go"),
    // Signers of kube-controller-manager: read before each signature; files with more than one certificate are refused.
    row(&[ControllerManager], "cluster-signing-cert-file", FlagContent::Certificate, Reload::EachUse, Use::Signs("certificates that are requested through the API"), SIGNER),
    row(&[ControllerManager], "cluster-signing-key-file", FlagContent::PrivateKey, Reload::EachUse, Use::Signs("certificates that are requested through the API"), SIGNER),
    row(&[ControllerManager], "cluster-signing-kube-apiserver-client-cert-file", FlagContent::Certificate, Reload::EachUse, Use::Signs("certificates that are requested through the API"), SIGNER),
    row(&[ControllerManager], "cluster-signing-kube-apiserver-client-key-file", FlagContent::PrivateKey, Reload::EachUse, Use::Signs("certificates that are requested through the API"), SIGNER),
    row(&[ControllerManager], "cluster-signing-kubelet-client-cert-file", FlagContent::Certificate, Reload::EachUse, Use::Signs("certificates that are requested through the API"), SIGNER),
    row(&[ControllerManager], "cluster-signing-kubelet-client-key-file", FlagContent::PrivateKey, Reload::EachUse, Use::Signs("certificates that are requested through the API"), SIGNER),
    row(&[ControllerManager], "cluster-signing-kubelet-serving-cert-file", FlagContent::Certificate, Reload::EachUse, Use::Signs("certificates that are requested through the API"), SIGNER),
    row(&[ControllerManager], "cluster-signing-kubelet-serving-key-file", FlagContent::PrivateKey, Reload::EachUse, Use::Signs("certificates that are requested through the API"), SIGNER),
    row(&[ControllerManager], "cluster-signing-legacy-unknown-cert-file", FlagContent::Certificate, Reload::EachUse, Use::Signs("certificates that are requested through the API"), SIGNER),
    row(&[ControllerManager], "cluster-signing-legacy-unknown-key-file", FlagContent::PrivateKey, Reload::EachUse, Use::Signs("certificates that are requested through the API"), SIGNER),
    row(&[ControllerManager], "root-ca-file", FlagContent::TrustBundle, Reload::AtStart, Use::Publishes("Pods, in kube-root-ca.crt and token Secrets"), "k8s.io/kubernetes: cmd/kube-controller-manager/app/certificates.go"),
    // Configuration files of the other programs.
    row(&[ControllerManager, CloudControllerManager], "leader-migration-config", FlagContent::Configuration, Reload::AtStart, Use::Configures, "k8s.io/controller-manager: pkg/leadermigration/options/options.go"),
    row(&[Apiserver, ControllerManager, CloudControllerManager], "cloud-config", FlagContent::Configuration, Reload::AtStart, Use::Configures, "k8s.io/cloud-provider: options/kubecloudshared.go"),
    row(&[Scheduler], "config", FlagContent::Configuration, Reload::AtStart, Use::Configures, "k8s.io/kubernetes: cmd/kube-scheduler/app/options/options.go"),
    row(&[Apiserver, ControllerManager, Scheduler], "allow-metric-labels-manifest", FlagContent::Configuration, Reload::AtStart, Use::Configures, "k8s.io/component-base: metrics/options.go"),
    // kube-proxy.
    row(&[KubeProxy], "config", FlagContent::Configuration, Reload::AtStart, Use::Configures, PROXY),
    row(&[KubeProxy], "kubeconfig", FlagContent::Kubeconfig, Reload::AtStart, Use::Connects("kube-apiserver"), PROXY),
    // cloud-controller-manager.
    row(&[CloudControllerManager], "webhook-cert-dir", FlagContent::Folder, Reload::AtStart, Use::Presents("kube-apiserver"), CLOUD_WEBHOOK),
    row(&[CloudControllerManager], "webhook-tls-cert-file", FlagContent::Certificate, Reload::Live, Use::Presents("kube-apiserver"), CLOUD_WEBHOOK),
    row(&[CloudControllerManager], "webhook-tls-private-key-file", FlagContent::PrivateKey, Reload::Live, Use::Presents("kube-apiserver"), CLOUD_WEBHOOK),
    row(&[CloudControllerManager], "webhook-tls-sni-cert-key", FlagContent::Pair, Reload::Live, Use::Presents("kube-apiserver"), CLOUD_WEBHOOK),
    // The kubelet.
    row(&[Kubelet], "bootstrap-kubeconfig", FlagContent::Kubeconfig, Reload::AtStart, Use::Connects("kube-apiserver"), "k8s.io/kubernetes: pkg/kubelet/certificate/bootstrap/bootstrap.go"),
    row(&[Kubelet], "kubeconfig", FlagContent::Kubeconfig, Reload::AtStart, Use::Connects("kube-apiserver"), KUBELET),
    row(&[Kubelet], "cert-dir", FlagContent::Folder, Reload::AtStart, Use::Presents("kube-apiserver"), KUBELET),
    row(&[Kubelet], "client-ca-file", FlagContent::TrustBundle, Reload::Live, Use::Verifies("kube-apiserver"), "k8s.io/kubernetes: cmd/kubelet/app/auth.go"),
    // Since 1.31, the kubelet watches its serving certificate (feature ReloadKubeletServerCertificateFile).
    row(&[Kubelet], "tls-cert-file", FlagContent::Certificate, Reload::AtStart, Use::Presents("kube-apiserver"), KUBELET),
    row(&[Kubelet], "tls-private-key-file", FlagContent::PrivateKey, Reload::AtStart, Use::Presents("kube-apiserver"), KUBELET),
    row(&[Kubelet], "config", FlagContent::Configuration, Reload::AtStart, Use::Configures, KUBELET),
    row(&[Kubelet], "config-dir", FlagContent::Folder, Reload::AtStart, Use::Configures, KUBELET),
    row(&[Kubelet], "pod-manifest-path", FlagContent::Folder, Reload::Live, Use::Configures, "k8s.io/kubernetes: pkg/kubelet/config/file.go"),
    row(&[Kubelet], "image-credential-provider-config", FlagContent::Configuration, Reload::AtStart, Use::Configures, "k8s.io/kubernetes: pkg/credentialprovider/plugin/config.go"),
    // etcd reads certificates and keys at each handshake, CA files only once.
    row(&[Etcd], "cert-file", FlagContent::Certificate, Reload::EachUse, Use::Presents("API servers and other clients"), ETCD),
    row(&[Etcd], "key-file", FlagContent::PrivateKey, Reload::EachUse, Use::Presents("API servers and other clients"), ETCD),
    row(&[Etcd], "client-cert-file", FlagContent::Certificate, Reload::EachUse, Use::Presents("its own gateway"), ETCD),
    row(&[Etcd], "client-key-file", FlagContent::PrivateKey, Reload::EachUse, Use::Presents("its own gateway"), ETCD),
    row(&[Etcd], "trusted-ca-file", FlagContent::TrustBundle, Reload::AtStart, Use::Verifies("API servers and other clients"), ETCD),
    row(&[Etcd], "peer-cert-file", FlagContent::Certificate, Reload::EachUse, Use::Presents("other members"), ETCD),
    row(&[Etcd], "peer-key-file", FlagContent::PrivateKey, Reload::EachUse, Use::Presents("other members"), ETCD),
    row(&[Etcd], "peer-client-cert-file", FlagContent::Certificate, Reload::EachUse, Use::Presents("other members"), ETCD),
    row(&[Etcd], "peer-client-key-file", FlagContent::PrivateKey, Reload::EachUse, Use::Presents("other members"), ETCD),
    row(&[Etcd], "peer-trusted-ca-file", FlagContent::TrustBundle, Reload::AtStart, Use::Verifies("other members"), ETCD),
    row(&[Etcd], "client-crl-file", FlagContent::RevocationList, Reload::EachUse, Use::Verifies("API servers and other clients"), ETCD_CRL),
    row(&[Etcd], "peer-crl-file", FlagContent::RevocationList, Reload::EachUse, Use::Verifies("other members"), ETCD_CRL),
    row(&[Etcd], "discovery-cert", FlagContent::Certificate, Reload::AtStart, Use::Presents("the discovery service"), ETCD_DISCOVERY),
    row(&[Etcd], "discovery-key", FlagContent::PrivateKey, Reload::AtStart, Use::Presents("the discovery service"), ETCD_DISCOVERY),
    row(&[Etcd], "discovery-cacert", FlagContent::TrustBundle, Reload::AtStart, Use::Verifies("the discovery service"), ETCD_DISCOVERY),
    // `jwt,pub-key=FILE,priv-key=FILE,sign-method=…`
    row(&[Etcd], "auth-token", FlagContent::PublicKeys, Reload::AtStart, Use::Checks("tokens of etcd users"), "go.etcd.io/etcd/server: auth/options.go"),
    row(&[Etcd], "config-file", FlagContent::Configuration, Reload::AtStart, Use::Configures, "go.etcd.io/etcd/server: embed/config.go"),
];
