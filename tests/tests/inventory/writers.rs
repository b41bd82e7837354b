//! Objects that other programs write. A finding names each program, what it would revert, and what to do there.

use airlock_core::{RotationRequest, Severity};
use airlock_tests::{fixtures, loaded::Loaded};

const CA: &str = "one-ca.yaml";
const KUBECONFIG: &str = "one-kubeconfig.yaml";

/// Metadata as each program writes it; the sources are listed in core/src/inventory/writers.rs.
const WRITTEN: [(&str, &str); 22] = [
    ("annotations: {argocd.argoproj.io/tracking-id: 'capi:/Secret:default/one-ca'}", "Argo CD"),
    ("annotations: {argocd.argoproj.io/sync-wave: '1'}", "Argo CD"),
    ("labels: {argocd.argoproj.io/instance: capi}", "Argo CD"),
    ("managedFields: [{manager: argocd-controller, operation: Apply}]", "Argo CD"),
    (
        "labels: {kustomize.toolkit.fluxcd.io/name: capi, kustomize.toolkit.fluxcd.io/namespace: flux-system}",
        "Flux (Kustomization)",
    ),
    ("labels: {helm.toolkit.fluxcd.io/name: capi}", "Flux (HelmRelease)"),
    ("annotations: {cert-manager.io/certificate-name: one-ca}", "cert-manager"),
    (
        "ownerReferences: [{apiVersion: external-secrets.io/v1, kind: ExternalSecret, name: one, controller: true, uid: a}]",
        "External Secrets",
    ),
    ("annotations: {reconcile.external-secrets.io/data-hash: abc}", "External Secrets"),
    (
        "ownerReferences: [{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, name: one, controller: true, uid: a}]",
        "Sealed Secrets",
    ),
    (
        "ownerReferences: [{apiVersion: isindir.github.com/v1alpha3, kind: SopsSecret, name: one, controller: true, uid: a}]",
        "sops-secrets-operator",
    ),
    ("labels: {app.kubernetes.io/managed-by: hashicorp-vso}", "Vault Secrets Operator"),
    ("annotations: {vault.security.banzaicloud.io/vault-addr: 'https://vault'}", "Bank-Vaults"),
    (
        "ownerReferences: [{apiVersion: onepassword.com/v1, kind: OnePasswordItem, name: one, controller: true, uid: a}]",
        "the 1Password operator",
    ),
    (
        "ownerReferences: [{apiVersion: secrets.infisical.com/v1alpha1, kind: InfisicalSecret, name: one, uid: a}]",
        "the Infisical operator",
    ),
    (
        "ownerReferences: [{apiVersion: secrets.doppler.com/v1alpha1, kind: DopplerSecret, name: one, uid: a}]",
        "the Doppler operator",
    ),
    ("annotations: {reflector.v1.k8s.emberstack.com/reflects: default/source}", "Reflector"),
    ("annotations: {replicator.v1.mittwald.de/replicate-from: default/source}", "Kubernetes Replicator"),
    ("annotations: {objectset.rio.cattle.io/id: default-one}", "Rancher Fleet"),
    ("labels: {kapp.k14s.io/app: '1'}", "kapp"),
    ("annotations: {meta.helm.sh/release-name: capi, meta.helm.sh/release-namespace: default}", "Helm"),
    (
        "ownerReferences: [{apiVersion: example.org/v1, kind: Widget, name: one, controller: true, uid: a}]",
        "the controller of Widget one",
    ),
];

/// The Secret with additional metadata. Its label identifies it as Cluster API's, so it needs no type.
fn with(file: &str, metadata: &str) -> Loaded {
    let loaded = Loaded::of("cluster-api/one");
    let text = String::from_utf8(loaded.get(file)).expect("YAML is text");
    let (before, after) = text.split_once("\nmetadata:\n").expect("it has metadata");
    let kept: String = after.split_inclusive('\n').skip_while(|line| line.starts_with(' ')).collect();
    let name = file.trim_end_matches(".yaml");
    let own = format!("{before}\nmetadata:\n  name: {name}\n  namespace: default\n  {metadata}\n{kept}");
    loaded.set(file, own.into_bytes())
}

#[test]
fn programs_that_revert_a_change_are_named() {
    for (metadata, title) in WRITTEN {
        for (file, phases) in [(CA, "in phase 3"), (KUBECONFIG, "in phases 1, 2 and 3")] {
            let (findings, planned) = with(file, metadata).outcome(&RotationRequest::default(), fixtures::now());
            let found: Vec<_> = findings.iter().filter(|finding| finding.code == "object-writer").collect();
            let [found] = found.as_slice() else { panic!("{metadata}: {findings:#?}") };
            assert!(planned && found.severity == Severity::Warning && found.file.ends_with(file), "{found}");
            assert!(found.message.starts_with(&format!("{title} writes this object")), "{found}");
            assert!(found.message.contains(phases) && !found.remedy.is_empty(), "{found}");
        }
    }
}

/// Cluster API owns its Secrets, and the package's own steps pause it.
#[test]
fn cluster_api_itself_is_no_other_writer() {
    for fixture in ["cluster-api/one", "cluster-api/two", "cluster-api/supplied"] {
        let (findings, _) = Loaded::of(fixture).outcome(&RotationRequest::default(), fixtures::now());
        assert!(findings.iter().all(|finding| finding.code != "object-writer"), "{fixture}: {findings:#?}");
    }
    let owner = "ownerReferences: [{apiVersion: controlplane.cluster.x-k8s.io/v1beta2, kind: KubeadmControlPlane, name: one, controller: true, uid: a}]";
    let (findings, _) = with(CA, owner).outcome(&RotationRequest::default(), fixtures::now());
    assert!(findings.iter().all(|finding| finding.code != "object-writer"), "{findings:#?}");
}

/// A copy of the CA in an object that the package does not write: the finding also names its writer.
#[test]
fn the_writer_of_a_copy_is_named() {
    let loaded = Loaded::of("kubeadm/ecdsa-3");
    let ca =
        String::from_utf8(loaded.get("cp1/etc/kubernetes/pki/ca.crt")).expect("PEM is text").replace('\n', "\n    ");
    let copy = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cas\n  namespace: web\n  annotations: {{meta.helm.sh/release-name: web}}\ndata:\n  ca.pem: |\n    {ca}\n"
    );
    let (findings, _) =
        loaded.with("cas.yaml", copy.into_bytes()).outcome(&RotationRequest::default(), fixtures::now());
    let found = findings.iter().find(|finding| finding.code == "ca-copy").expect("the copy is found");
    assert!(found.remedy.contains("Helm writes it (annotation meta.helm.sh/release-name)"), "{found}");
}
