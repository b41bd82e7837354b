//! Configuration files that flags of the API server name.

use std::collections::BTreeMap;

use super::{Tree, all};
use crate::{
    inventory::model::readers::{Reader, Reference},
    profile::file_flags::FlagContent,
};

/// An API server that sees `/etc/kubernetes` as `/k`, with these words in its command.
fn apiserver(flags: &[&str]) -> Tree {
    let flags: String = flags.iter().map(|flag| format!("    - {flag}\n")).collect();
    let manifest = format!(
        "kind: Pod\nmetadata: {{name: api}}\nspec:\n  containers:\n  - name: kube-apiserver\n    command:\n    - \
         kube-apiserver\n{flags}    volumeMounts: [{{mountPath: /k, name: k}}]\n  volumes: [{{name: k, hostPath: {{path: \
         /etc/kubernetes}}}}]\n"
    );
    Tree::of(&[("/etc/kubernetes/manifests/kube-apiserver.yaml", &manifest)])
}

/// What the API server reads by files, without the flags and mounts of its manifest.
fn by_files(tree: &Tree) -> Vec<String> {
    let readers = tree.readers().into_iter();
    let by_files = readers.filter(|reader| {
        matches!(
            reader.reference,
            Reference::Config { .. } | Reference::Kubeconfig { .. } | Reference::InlineTrust { .. }
        )
    });
    let lines = all(&by_files.collect::<Vec<_>>()).into_iter();
    lines.map(|line| line.replace("api/kube-apiserver: ", "").replace("/etc/kubernetes/", "")).collect()
}

const KUBECONFIG: &str = "apiVersion: v1\nkind: Config\nclusters:\n- name: a\n  cluster: {server: 'https://a', \
                          certificate-authority: /k/pki/ca.crt}\nusers:\n- name: a\n  user: {client-certificate: \
                          hook.crt, client-key: hook.key, tokenFile: token}\n";

#[test]
fn webhooks_are_kubeconfigs() {
    for flag in
        ["audit-webhook-config-file", "authentication-token-webhook-config-file", "authorization-webhook-config-file"]
    {
        let tree = apiserver(&[&format!("--{flag}=/k/hooks/a.yaml")]).with("/etc/kubernetes/hooks/a.yaml", KUBECONFIG);
        assert_eq!(
            by_files(&tree),
            [
                "hooks/a.yaml#clusters[0].cluster.certificate-authority pki/ca.crt",
                "hooks/a.yaml#users[0].user.client-certificate hooks/hook.crt",
                "hooks/a.yaml#users[0].user.client-key hooks/hook.key",
                "hooks/a.yaml#users[0].user.tokenFile hooks/token",
            ]
        );
    }
}

/// kubernetes/website: content/en/docs/reference/access-authn-authz/extensible-admission-controllers.md
#[test]
fn admission_leads_to_plugins_and_their_kubeconfigs() {
    let admission = "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n- name: \
                     ValidatingAdmissionWebhook\n  configuration:\n    apiVersion: apiserver.config.k8s.io/v1\n    kind: \
                     WebhookAdmissionConfiguration\n    kubeConfigFile: /k/a.kubeconfig\n- name: \
                     MutatingAdmissionWebhook\n  path: mutating.yaml\n- name: ImagePolicyWebhook\n  configuration:\n    \
                     imagePolicy:\n      kubeConfigFile: /k/images.kubeconfig\n      allowTTL: 50\n";
    let mutating = "apiVersion: apiserver.config.k8s.io/v1\nkind: WebhookAdmissionConfiguration\nkubeConfigFile: \
                    /k/a.kubeconfig\n";
    let tree = apiserver(&["--admission-control-config-file=/k/admission/config.yaml"])
        .with("/etc/kubernetes/admission/config.yaml", admission)
        .with("/etc/kubernetes/admission/mutating.yaml", mutating)
        .with("/etc/kubernetes/a.kubeconfig", KUBECONFIG);
    assert_eq!(
        by_files(&tree),
        [
            "admission/config.yaml#plugins[0].configuration.kubeConfigFile a.kubeconfig",
            "admission/config.yaml#plugins[1].path admission/mutating.yaml",
            "admission/config.yaml#plugins[2].configuration.imagePolicy.kubeConfigFile images.kubeconfig",
            "admission/mutating.yaml#kubeConfigFile a.kubeconfig",
            "a.kubeconfig#clusters[0].cluster.certificate-authority pki/ca.crt",
            "a.kubeconfig#users[0].user.client-certificate hook.crt",
            "a.kubeconfig#users[0].user.client-key hook.key",
            "a.kubeconfig#users[0].user.tokenFile token",
        ]
    );
}

/// kubernetes/website: content/en/docs/reference/access-authn-authz/authentication.md and authorization.md
#[test]
fn authentication_and_authorization() {
    let authentication = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt:\n- issuer:\n    \
                          url: https://example.com\n    certificateAuthority: |\n      -----BEGIN CERTIFICATE-----\n      \
                          MIIB\n      -----END CERTIFICATE-----\n    audiences: [my-app]\n";
    let authorization = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers:\n- type: \
                         Webhook\n  name: webhook\n  webhook:\n    connectionInfo:\n      type: KubeConfigFile\n      \
                         kubeConfigFile: /k/authz.conf\n- type: Node\n  name: node\n";
    let tree = apiserver(&["--authentication-config=/k/authn.yaml", "--authorization-config", "/k/authz.yaml"])
        .with("/etc/kubernetes/authn.yaml", authentication)
        .with("/etc/kubernetes/authz.yaml", authorization);
    assert_eq!(
        by_files(&tree),
        [
            "authz.yaml#authorizers[0].webhook.connectionInfo.kubeConfigFile authz.conf",
            "inline jwt[0].issuer.certificateAuthority authn.yaml",
        ]
    );
    let readers = tree.readers();
    let inline = readers.iter().find_map(|reader| match &reader.reference {
        Reference::InlineTrust { pem, .. } => Some(pem.as_str()),
        _ => None,
    });
    assert_eq!(inline, Some("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"));
}

/// kubernetes/website: content/en/docs/tasks/extend-kubernetes/setup-konnectivity.md, with TCP.
#[test]
fn egress_selectors() {
    let egress = "apiVersion: apiserver.k8s.io/v1beta1\nkind: EgressSelectorConfiguration\negressSelections:\n- name: \
                  cluster\n  connection:\n    proxyProtocol: HTTPConnect\n    transport:\n      tcp:\n        url: \
                  https://127.0.0.1:8131\n        tlsConfig:\n          caBundle: /k/pki/ca.crt\n          clientKey: \
                  /k/pki/egress.key\n          clientCert: /k/pki/egress.crt\n- name: controlplane\n  connection:\n    \
                  proxyProtocol: GRPC\n    transport:\n      uds:\n        udsName: /k/konnectivity/server.socket\n";
    let tree = apiserver(&["--egress-selector-config-file=/k/egress.yaml"]).with("/etc/kubernetes/egress.yaml", egress);
    assert_eq!(
        by_files(&tree),
        [
            "egress.yaml#egressSelections[0].connection.transport.tcp.tlsConfig.caBundle pki/ca.crt",
            "egress.yaml#egressSelections[0].connection.transport.tcp.tlsConfig.clientCert pki/egress.crt",
            "egress.yaml#egressSelections[0].connection.transport.tcp.tlsConfig.clientKey pki/egress.key",
            "egress.yaml#egressSelections[1].connection.transport.uds.udsName konnectivity/server.socket",
        ]
    );
}

/// kubernetes/kube-scheduler: config/v1/types.go. The base64 is of `-----BEGIN CERTIFICATE-----` and `MIIB` (`base64 -w0`).
#[test]
fn the_scheduler_has_extenders() {
    let config = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nclientConnection:\n  \
                  kubeconfig: /k/scheduler-b.conf\nextenders:\n- urlPrefix: https://extender\n  tlsConfig: {caFile: \
                  /k/pki/ca.crt}\n- urlPrefix: https://other\n  tlsConfig: {caData: \
                  LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUIK}\n";
    let tree = apiserver(&["--config=/k/config.yaml"]).with("/etc/kubernetes/config.yaml", config);
    assert_eq!(
        by_files(&tree),
        [
            "config.yaml#clientConnection.kubeconfig scheduler-b.conf",
            "config.yaml#extenders[0].tlsConfig.caFile pki/ca.crt",
            "inline extenders[1].tlsConfig.caData config.yaml",
        ]
    );
    let contents: Vec<_> = tree.readers().iter().filter_map(Reader::content).collect();
    assert_eq!(contents, [FlagContent::Kubeconfig, FlagContent::TrustBundle, FlagContent::TrustBundle]);
}

#[test]
fn files_that_only_a_flag_names() {
    let tree = apiserver(&["--encryption-provider-config=/k/enc.yaml", "--cloud-config=/k/cloud.conf"])
        .with(
            "/etc/kubernetes/enc.yaml",
            "kind: EncryptionConfiguration\nresources:\n- providers:\n  - aescbc: {keys: [{name: \
              a, secret: 'c2VjcmV0'}]}\n",
        )
        .with("/etc/kubernetes/cloud.conf", "[Global]\nauth-url=https://openstack/v3\npassword=a/b\n");
    assert_eq!(by_files(&tree), Vec::<String>::new());
    assert_eq!(
        all(&tree.readers()),
        [
            "api/kube-apiserver: --cloud-config /etc/kubernetes/cloud.conf",
            "api/kube-apiserver: --encryption-provider-config /etc/kubernetes/enc.yaml",
            "api/kube-apiserver: folder /k /etc/kubernetes",
        ]
    );
}

#[test]
fn a_kubeconfig_that_only_people_use_names_files_too() {
    let tree = Tree::of(&[("/etc/kubernetes/admin.conf", KUBECONFIG)]);
    assert_eq!(
        all(&tree.readers())[1],
        "kubeconfig user: /etc/kubernetes/admin.conf#users[0].user.client-certificate /etc/kubernetes/hook.crt"
    );
}

#[test]
fn links_are_followed() {
    let links = BTreeMap::from([
        ("/etc/kubernetes/pki".to_owned(), "/opt/pki".to_owned()),
        ("/opt/pki/ca.crt".to_owned(), "../certs/root.crt".to_owned()),
    ]);
    let tree = apiserver(&["--client-ca-file=/k/pki/ca.crt"]);
    let readers = tree.readers_with(&links);
    let flag = readers.iter().find(|reader| matches!(reader.reference, Reference::Flag(_))).unwrap();
    assert_eq!((flag.path.as_str(), flag.target.as_str()), ("/etc/kubernetes/pki/ca.crt", "/opt/certs/root.crt"));
    assert!(flag.can_read("/opt/certs/root.crt") && flag.can_read("/etc/kubernetes/pki/ca.crt"));
    assert!(!flag.can_read("/opt/certs/root.crt.old"));
}
