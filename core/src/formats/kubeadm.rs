//! kubeadm's configuration: the certificate-related fields of `ClusterConfiguration` and `JoinConfiguration`, v1beta3
//! and v1beta4 (kubernetes/kubernetes: cmd/kubeadm/app/apis/kubeadm/v1beta3/types.go, v1beta4/types.go).

use serde_json::Value;

use super::yaml::{self, YamlError};

/// The supported versions of `kubeadm.k8s.io`. The format of `extraArgs` differs between them.
pub const VERSIONS: [&str; 2] = ["kubeadm.k8s.io/v1beta3", "kubeadm.k8s.io/v1beta4"];

/// The used fields of a `ClusterConfiguration`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterConfiguration {
    /// `apiVersion`, such as `kubeadm.k8s.io/v1beta4`.
    pub api_version: String,
    /// `clusterName`; empty if it is not set (kubeadm's default is `kubernetes`).
    pub cluster_name: String,
    /// `certificatesDir`; empty if it is not set (kubeadm's default is `/etc/kubernetes/pki`).
    pub certificates_dir: String,
    /// `encryptionAlgorithm` (v1beta4); for v1beta3 `ECDSA-P256` if the feature gate `PublicKeysECDSA` is on.
    pub encryption_algorithm: String,
    /// Whether `etcd.external` is set: kubeadm then does not manage etcd's certificates.
    pub external_etcd: bool,
    /// `extraArgs` of all components, in order: component, flag without dashes, value.
    pub extra_args: Vec<(&'static str, String, String)>,
}

/// Why bytes could not be read as a `ClusterConfiguration`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KubeadmError {
    /// The text is not YAML or JSON.
    #[error(transparent)]
    Syntax(#[from] YamlError),
    /// The text contains no `ClusterConfiguration`.
    #[error("the text holds no ClusterConfiguration")]
    NotClusterConfiguration,
}

/// Whether a value is a `ClusterConfiguration` of any version.
pub fn is_cluster_configuration(value: &Value) -> bool {
    is_kubeadm(value) && value.get("kind").and_then(Value::as_str) == Some("ClusterConfiguration")
}

fn is_kubeadm(value: &Value) -> bool {
    value.get("apiVersion").and_then(Value::as_str).is_some_and(|version| version.starts_with("kubeadm.k8s.io/"))
}

/// Reads the `ClusterConfiguration` of a text, which may contain other documents.
///
/// # Errors
///
/// The text is not YAML, or no document in it is a `ClusterConfiguration`.
pub fn parse(bytes: &[u8]) -> Result<ClusterConfiguration, KubeadmError> {
    let documents = yaml::documents(bytes)?;
    documents.iter().find_map(from_value).ok_or(KubeadmError::NotClusterConfiguration)
}

/// Reads a `ClusterConfiguration` from a parsed value; `None` if it is another object.
pub fn from_value(value: &Value) -> Option<ClusterConfiguration> {
    is_cluster_configuration(value).then(|| configuration(value))
}

/// Reads the cluster configuration in Cluster API's KubeadmControlPlane or its template (kubernetes-sigs/cluster-api:
/// api/bootstrap/kubeadm/v1beta2, `ClusterConfiguration`, which has no own version); `None` if the value is another
/// object.
pub fn from_control_plane(value: &Value) -> Option<ClusterConfiguration> {
    let pointer = match value.get("kind").and_then(Value::as_str) {
        Some("KubeadmControlPlane") => "/spec/kubeadmConfigSpec/clusterConfiguration",
        Some("KubeadmControlPlaneTemplate") => "/spec/template/spec/kubeadmConfigSpec/clusterConfiguration",
        _ => return None,
    };
    value.pointer(pointer).map(configuration)
}

fn configuration(value: &Value) -> ClusterConfiguration {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ecdsa = value.pointer("/featureGates/PublicKeysECDSA") == Some(&Value::Bool(true));
    let components = [
        ("kube-apiserver", "/apiServer/extraArgs"),
        ("kube-controller-manager", "/controllerManager/extraArgs"),
        ("kube-scheduler", "/scheduler/extraArgs"),
        ("etcd", "/etcd/local/extraArgs"),
    ];
    let extra_args = components.iter().flat_map(|(component, pointer)| {
        let given = value.pointer(pointer).map(extra_args).unwrap_or_default();
        given.into_iter().map(|(flag, value)| (*component, flag, value))
    });
    ClusterConfiguration {
        api_version: text("/apiVersion"),
        cluster_name: text("/clusterName"),
        certificates_dir: text("/certificatesDir"),
        encryption_algorithm: if ecdsa { "ECDSA-P256".to_owned() } else { text("/encryptionAlgorithm") },
        external_etcd: value.pointer("/etcd/external").is_some_and(Value::is_object),
        extra_args: extra_args.collect(),
    }
}

/// Reads `extraArgs`: a mapping of flag to value in v1beta3, a list of `name` and `value` in v1beta4.
fn extra_args(value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Object(map) => {
            map.iter().filter_map(|(flag, value)| Some((flag.clone(), value.as_str()?.to_owned()))).collect()
        }
        Value::Array(list) => {
            let text = |item: &Value, key| item.get(key).and_then(Value::as_str).map(str::to_owned);
            list.iter().filter_map(|item| Some((text(item, "name")?, text(item, "value")?))).collect()
        }
        _ => Vec::new(),
    }
}

/// `discovery.bootstrapToken.caCertHashes` of a `JoinConfiguration`: the public key pins with which a joining node
/// verifies the CA; `None` if the value is another object.
pub fn join_pins(value: &Value) -> Option<Vec<String>> {
    if !is_kubeadm(value) || value.get("kind").and_then(Value::as_str) != Some("JoinConfiguration") {
        return None;
    }
    let pins = value.pointer("/discovery/bootstrapToken/caCertHashes").and_then(Value::as_array);
    Some(pins.into_iter().flatten().filter_map(|pin| Some(pin.as_str()?.to_ascii_lowercase())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Output of `kubeadm config print init-defaults` of 1.30, with two flags and the feature gate added.
    const V1BETA3: &str = "apiVersion: kubeadm.k8s.io/v1beta3\nkind: InitConfiguration\n---\n\
        apiServer:\n  timeoutForControlPlane: 4m0s\napiVersion: kubeadm.k8s.io/v1beta3\n\
        certificatesDir: /etc/kubernetes/pki\nclusterName: old\ncontrollerManager:\n  extraArgs:\n    \
        cluster-signing-duration: 8760h\n    terminated-pod-gc-threshold: \"10\"\ndns: {}\netcd:\n  local:\n    \
        dataDir: /var/lib/etcd\nfeatureGates:\n  PublicKeysECDSA: true\nkind: ClusterConfiguration\n\
        kubernetesVersion: 1.30.0\nscheduler: {}\n";

    /// The same after `kubeadm config migrate` to v1beta4.
    const V1BETA4: &str = "apiServer: {}\napiVersion: kubeadm.k8s.io/v1beta4\ncertificatesDir: /etc/kubernetes/pki\n\
        clusterName: old\ncontrollerManager:\n  extraArgs:\n  - name: cluster-signing-duration\n    value: 8760h\n  \
        - name: terminated-pod-gc-threshold\n    value: \"10\"\nencryptionAlgorithm: ECDSA-P256\netcd:\n  local:\n    \
        dataDir: /var/lib/etcd\nkind: ClusterConfiguration\n";

    #[test]
    fn both_versions_say_the_same() {
        let (old, new) = (parse(V1BETA3.as_bytes()).unwrap(), parse(V1BETA4.as_bytes()).unwrap());
        assert_eq!((old.api_version.as_str(), new.api_version.as_str()), (VERSIONS[0], VERSIONS[1]));
        assert_eq!(ClusterConfiguration { api_version: new.api_version.clone(), ..old }, new);
        assert_eq!((new.cluster_name.as_str(), new.external_etcd), ("old", false));
        let expected = [("cluster-signing-duration", "8760h"), ("terminated-pod-gc-threshold", "10")];
        let expected = expected.map(|(flag, value)| ("kube-controller-manager", flag.to_owned(), value.to_owned()));
        assert_eq!(new.extra_args, expected);
    }

    #[test]
    fn what_is_something_else_is_refused() {
        for text in ["", "a: b", "kind: ClusterConfiguration\napiVersion: example/v1\n", "- kind"] {
            assert_eq!(parse(text.as_bytes()), Err(KubeadmError::NotClusterConfiguration), "{text}");
        }
        assert!(matches!(parse(b"a: ["), Err(KubeadmError::Syntax(_))));
        let odd = "kind: ClusterConfiguration\napiVersion: kubeadm.k8s.io/v1beta4\napiServer: 1\netcd: []\n";
        assert_eq!(parse(odd.as_bytes()).unwrap().extra_args, []);
    }

    #[test]
    fn pins_of_joining_nodes_are_found() {
        let text = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\ndiscovery:\n  bootstrapToken:\n    \
            caCertHashes: [\"sha256:AB12\"]\n";
        let value = yaml::documents(text.as_bytes()).unwrap().remove(0);
        assert_eq!(join_pins(&value), Some(vec!["sha256:ab12".to_owned()]));
        assert_eq!(join_pins(&Value::Null), None);
    }
}
