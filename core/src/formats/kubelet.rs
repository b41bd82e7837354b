//! The kubelet's configuration file (`/var/lib/kubelet/config.yaml`): the certificate-related fields.

use serde_json::Value;

use super::yaml::{self, YamlError};

/// The used fields of a `KubeletConfiguration` (kubernetes/kubelet: config/v1beta1/types.go).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KubeletConfig {
    /// `authentication.x509.clientCAFile`: the CAs that the kubelet trusts for clients.
    pub client_ca_file: Option<String>,
    /// `rotateCertificates`: whether the kubelet renews its client certificate. The default is false.
    pub rotate_certificates: Option<bool>,
    /// `serverTLSBootstrap`: whether the kubelet requests its serving certificate from the API server. The default is
    /// false.
    pub server_tls_bootstrap: Option<bool>,
    /// `staticPodPath`: the folder of the control plane's manifests.
    pub static_pod_path: Option<String>,
    /// `tlsCertFile`: a serving certificate that the kubelet does not renew.
    pub tls_cert_file: Option<String>,
    /// `tlsPrivateKeyFile`: the key of `tlsCertFile`.
    pub tls_private_key_file: Option<String>,
}

/// Why bytes could not be read as a kubelet configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KubeletConfigError {
    /// The text is not YAML or JSON.
    #[error(transparent)]
    Syntax(#[from] YamlError),
    /// The text is not a kubelet configuration.
    #[error("the text is not one KubeletConfiguration")]
    NotKubeletConfig,
}

/// Whether a value is a kubelet configuration.
pub fn is_kubelet_config(value: &Value) -> bool {
    value.get("kind").and_then(Value::as_str) == Some("KubeletConfiguration")
}

/// Reads a kubelet configuration.
///
/// # Errors
///
/// The text is not YAML, or not exactly one `KubeletConfiguration`.
pub fn parse(bytes: &[u8]) -> Result<KubeletConfig, KubeletConfigError> {
    match yaml::documents(bytes)?.as_slice() {
        [value] => from_value(value),
        _ => Err(KubeletConfigError::NotKubeletConfig),
    }
}

/// Reads a kubelet configuration from a parsed value.
///
/// # Errors
///
/// The value is not a `KubeletConfiguration`.
pub fn from_value(value: &Value) -> Result<KubeletConfig, KubeletConfigError> {
    if !is_kubelet_config(value) {
        return Err(KubeletConfigError::NotKubeletConfig);
    }
    let text = |pointer: &str| {
        value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let flag = |key: &str| value.get(key).and_then(Value::as_bool);
    Ok(KubeletConfig {
        client_ca_file: text("/authentication/x509/clientCAFile"),
        rotate_certificates: flag("rotateCertificates"),
        server_tls_bootstrap: flag("serverTLSBootstrap"),
        static_pod_path: text("/staticPodPath"),
        tls_cert_file: text("/tlsCertFile"),
        tls_private_key_file: text("/tlsPrivateKeyFile"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_kubeadm_writes() {
        let text = "apiVersion: kubelet.config.k8s.io/v1beta1\nauthentication:\n  anonymous:\n    enabled: false\n  x509:\n    \
            clientCAFile: /etc/kubernetes/pki/ca.crt\nkind: KubeletConfiguration\nrotateCertificates: true\n\
            staticPodPath: /etc/kubernetes/manifests\ntlsCertFile: ''\n";
        assert_eq!(
            parse(text.as_bytes()).unwrap(),
            KubeletConfig {
                client_ca_file: Some("/etc/kubernetes/pki/ca.crt".to_owned()),
                rotate_certificates: Some(true),
                server_tls_bootstrap: None,
                static_pod_path: Some("/etc/kubernetes/manifests".to_owned()),
                tls_cert_file: None,
                tls_private_key_file: None,
            }
        );
    }

    #[test]
    fn what_is_something_else_is_refused() {
        for text in ["", "a: b", "kind: KubeletConfiguration\n---\nkind: KubeletConfiguration\n", "- kind"] {
            assert_eq!(parse(text.as_bytes()), Err(KubeletConfigError::NotKubeletConfig), "{text}");
        }
        assert!(matches!(parse(b"a: ["), Err(KubeletConfigError::Syntax(_))));
        let odd = "kind: KubeletConfiguration\nauthentication: 1\nrotateCertificates: maybe\n";
        assert_eq!(parse(odd.as_bytes()), Ok(KubeletConfig::default()));
    }
}
