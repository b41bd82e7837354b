//! The kubeadm sample as a Cluster API cluster: three CAs with the same name, and the management cluster's Secrets.

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{
    kubeadm::{self, Shared},
    maker::{Maker, Usage, embedded, kubeconfig},
};
use crate::profile::CLUSTER_NAME_LABEL;

/// The namespace of the Cluster object.
const NAMESPACE: &str = "sample";

/// Adds all files of the sample.
pub(super) fn lay_out(maker: &mut Maker<'_>) {
    // All three CAs have the same name (cluster-api: util/secret, `newSelfSignedCACert`).
    let shared = Shared {
        cluster: maker.authority("kubernetes"),
        front_proxy: maker.authority("kubernetes"),
        etcd: maker.authority("kubernetes"),
        service_account: maker.key(),
    };
    kubeadm::nodes(maker, &shared);
    for (purpose, issuer) in [("ca", &shared.cluster), ("proxy", &shared.front_proxy), ("etcd", &shared.etcd)] {
        secret(
            maker,
            purpose,
            &[("tls.crt", issuer.certificate().to_pem().as_str()), ("tls.key", &issuer.key().to_pem())],
        );
    }
    let public = shared.service_account.public_key().to_pem();
    secret(maker, "sa", &[("tls.crt", public.as_str()), ("tls.key", &shared.service_account.to_pem())]);
    let user = format!("{}-admin", maker.cluster);
    let credential = maker.leaf(&shared.cluster, "kubernetes-admin", &["system:masters"], Usage::Client, &[]);
    let text = kubeconfig(&maker.cluster, &maker.server(), shared.cluster.certificate(), &user, &embedded(&credential));
    secret(maker, "kubeconfig", &[("value", &text)]);
}

/// A Secret in the control-plane provider's format.
fn secret(maker: &mut Maker<'_>, purpose: &str, data: &[(&str, &str)]) {
    let cluster = &maker.cluster;
    let data = data.iter().map(|(key, text)| {
        let encoded = Zeroizing::new(STANDARD.encode(text));
        Zeroizing::new(format!("  {key}: {}\n", *encoded))
    });
    let data = data.fold(Zeroizing::new(String::new()), |all, line| Zeroizing::new(format!("{}{}", *all, *line)));
    let text = Zeroizing::new(format!(
        "apiVersion: v1\ndata:\n{}kind: Secret\nmetadata:\n  labels:\n    {CLUSTER_NAME_LABEL}: {cluster}\n  name: {cluster}-{purpose}\n  \
         namespace: {NAMESPACE}\n  ownerReferences:\n  - apiVersion: controlplane.cluster.x-k8s.io/v1beta2\n    blockOwnerDeletion: true\n    \
         controller: true\n    kind: KubeadmControlPlane\n    name: {cluster}-control-plane\n    uid: 15fe0938-713f-5367-8f61-9af63e86dbee\n\
         type: cluster.x-k8s.io/secret\n",
        *data
    ));
    maker.add(&format!("management/{cluster}-{purpose}.yaml"), 0o600, text.as_bytes());
}
