//! Broken input: each case damages a real tree in one way, and names the expected finding, its file, and whether a plan
//! can still be made.

use airlock_core::{
    Content, InputFile, RotationRequest, Severity, inspect,
    plan::{BroughtAuthority, NewAuthority},
    profile::AuthorityId,
};
use airlock_tests::{fixtures, loaded::Loaded};
use base64::prelude::{BASE64_STANDARD, Engine as _};

const CA: &str = "cp1/etc/kubernetes/pki/ca.crt";
const CA_KEY: &str = "cp1/etc/kubernetes/pki/ca.key";
const APISERVER: &str = "cp1/etc/kubernetes/pki/apiserver.crt";
const MANIFEST: &str = "cp1/etc/kubernetes/manifests/kube-controller-manager.yaml";
const SCHEDULER: &str = "cp1/etc/kubernetes/scheduler.conf";

#[test]
fn a_whole_cluster_has_nothing_to_say_but_notes() {
    for fixture in ["kubeadm/rsa-3", "kubeadm/ecdsa-3", "kubeadm/rsa-1"] {
        let (findings, planned) = Loaded::of(fixture).outcome(&RotationRequest::default(), fixtures::now());
        let said: Vec<_> = findings.iter().filter(|finding| finding.severity != Severity::Note).collect();
        assert!(planned && said.is_empty(), "{fixture}: {said:#?}");
    }
}

#[test]
fn damaged_files_are_named() {
    let whole = Loaded::of("kubeadm/rsa-1").get(CA);
    let rsa = || Loaded::of("kubeadm/rsa-1");
    rsa().set(CA, whole[..whole.len() / 2].to_vec()).expect("unreadable-content", Severity::Error, CA);
    rsa().set(CA, Vec::new()).expect("unreadable-content", Severity::Error, CA);
    rsa().set(APISERVER, b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n".to_vec()).expect(
        "unreadable-content",
        Severity::Error,
        APISERVER,
    );
    rsa().set(SCHEDULER, b"apiVersion: v1\nkind: Config\nclusters: [".to_vec()).expect(
        "unreadable-content",
        Severity::Error,
        SCHEDULER,
    );
    let key = rsa().get(CA_KEY);
    rsa().set(CA, key).expect("wrong-content", Severity::Error, CA);
}

#[test]
fn missing_files_are_asked_for() {
    for path in [APISERVER, SCHEDULER, "pki/front-proxy-client.crt", "cp1/etc/kubernetes/kubelet.conf"] {
        Loaded::of("kubeadm/rsa-1").without(path).expect("missing-file", Severity::Error, "");
    }
    Loaded::of("kubeadm/rsa-1").without(MANIFEST).expect("missing-manifest", Severity::Warning, "");
    Loaded(Vec::new()).expect("missing-ca", Severity::Error, "");
}

#[test]
fn keys_and_certificates_belong_together() {
    let other = Loaded::of("kubeadm/other-1");
    Loaded::of("kubeadm/rsa-1").set(CA_KEY, other.get(CA_KEY)).expect("key-mismatch", Severity::Error, CA_KEY);
    let key = "cp1/etc/kubernetes/pki/apiserver.key";
    Loaded::of("kubeadm/rsa-1").set(key, other.get(key)).expect("key-mismatch", Severity::Error, key);
}

#[test]
fn a_leaf_or_an_expired_certificate_is_no_authority() {
    let leaf = Loaded::of("kubeadm/rsa-1").get(APISERVER);
    Loaded::of("kubeadm/rsa-1").set(CA, leaf).expect("not-a-ca", Severity::Error, CA);
    let later = fixtures::now().plus_days(30 * 365);
    Loaded::of("kubeadm/rsa-1").expect_of(&RotationRequest::default(), later, "ca-expired", Severity::Error, CA);
    let later = fixtures::now().plus_days(40 * 365);
    Loaded::of("kubeadm/rsa-1").expect_of(&RotationRequest::default(), later, "expired", Severity::Warning, APISERVER);
}

#[test]
fn copies_out_of_step_are_told_apart_from_other_clusters() {
    let other = Loaded::of("kubeadm/other-1");
    let on_cp2 = "cp2/etc/kubernetes/pki/ca.crt";
    Loaded::of("kubeadm/rsa-3").set(on_cp2, other.get(CA)).expect("out-of-step", Severity::Error, on_cp2);
    Loaded::of("kubeadm/rsa-3").and(Loaded::of("kubeadm/other-1")).expect("two-clusters", Severity::Error, CA);
    Loaded::of("kubeadm/rsa-3").set(SCHEDULER, other.get(SCHEDULER)).expect("out-of-step", Severity::Error, SCHEDULER);
    // Secrets that fit together are of a cluster; a CA alone may be an outdated copy.
    Loaded::of("kubeadm/rsa-3").and(Loaded::of("cluster-api/one")).expect(
        "two-clusters",
        Severity::Error,
        "one-ca.yaml",
    );
    Loaded::of("kubeadm/rsa-3").and(Loaded::of("cluster-api/one").without("one-kubeconfig.yaml")).expect(
        "out-of-step",
        Severity::Error,
        "one-ca.yaml",
    );
    Loaded::of("cluster-api/one").and(Loaded::of("cluster-api/two")).expect("two-clusters", Severity::Error, "");
    let alone = InputFile::new("me.conf", other.get("cp1/etc/kubernetes/admin.conf"));
    Loaded::of("kubeadm/rsa-3").and(Loaded(vec![alone])).expect("other-cluster", Severity::Warning, "me.conf");
}

#[test]
fn layouts_that_the_steps_do_not_fit_are_refused() {
    let moved = "--client-ca-file=/etc/kubernetes/pki/clients.crt";
    let rsa = || Loaded::of("kubeadm/rsa-1");
    let apiserver = "cp1/etc/kubernetes/manifests/kube-apiserver.yaml";
    rsa().swap_text(apiserver, "--client-ca-file=/etc/kubernetes/pki/ca.crt", moved).expect(
        "other-layout",
        Severity::Error,
        apiserver,
    );
    let mounted = |text: &'static str, by: &'static str| rsa().swap_text(apiserver, text, by);
    let folder = "    - mountPath: /etc/kubernetes/pki\n";
    mounted(folder, "    - mountPath: /etc/kubernetes/pki/ca.crt\n").expect("other-layout", Severity::Error, apiserver);
    mounted("      path: /etc/kubernetes/pki\n", "      path: /opt/pki\n").expect(
        "other-layout",
        Severity::Error,
        apiserver,
    );
    rsa()
        .swap_text(apiserver, folder, "    - mountPath: /etc/kubernetes/pki/ca.crt\n")
        .swap_text(apiserver, "      path: /etc/kubernetes/pki\n", "      path: /etc/kubernetes/pki/ca.crt\n")
        .expect("mounted-alone", Severity::Error, apiserver);
    let signer = "--cluster-signing-cert-file=/etc/kubernetes/pki/signer.crt";
    rsa().swap_text(MANIFEST, "--cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt", signer).expect(
        "other-layout",
        Severity::Error,
        MANIFEST,
    );
    let data = "client-certificate-data";
    let text = String::from_utf8(rsa().get(SCHEDULER)).expect("the fixture is UTF-8");
    let line = text.lines().find(|line| line.contains(data)).expect("the fixture embeds its credential");
    let named = "    client-certificate: /etc/kubernetes/pki/scheduler.crt";
    rsa().swap_text(SCHEDULER, line, named).expect("credential-in-file", Severity::Error, SCHEDULER);
}

#[test]
fn where_the_key_lives_is_told_by_the_manifest_and_asked_for_without_it() {
    let keyless =
        || Loaded(fixtures::files("kubeadm/rsa-1").into_iter().filter(|file| !file.path.ends_with(".key")).collect());
    keyless().expect("ca-key-on-nodes", Severity::Warning, "");
    keyless().without(MANIFEST).expect("signing-unknown", Severity::Error, "");
    Loaded::of("kubeadm/external-1").expect("ca-key-elsewhere", Severity::Warning, "");
    Loaded::of("kubeadm/external-1").expect("nobody-signs", Severity::Warning, "");
}

#[test]
fn an_authority_that_is_brought_along_must_be_a_good_successor() {
    let etcd = "cp1/etc/kubernetes/pki/etcd/ca";
    let leaf = "cp1/etc/kubernetes/pki/apiserver";
    for (certificate, key) in [
        (format!("{etcd}.crt"), format!("{etcd}.key")),
        (format!("{leaf}.crt"), format!("{leaf}.key")),
        (format!("{etcd}.crt"), format!("{leaf}.key")),
        (CA.to_owned(), CA_KEY.to_owned()),
    ] {
        let drop = Loaded::of("kubeadm/rsa-1");
        let (certificate, key) = (drop.get(&certificate), drop.get(&key));
        let brought = BroughtAuthority { certificate: "new.crt".into(), key: "new.key".into() };
        let mut request = RotationRequest { rotate: Some(vec![AuthorityId::Cluster]), ..RotationRequest::default() };
        request
            .authorities
            .insert(AuthorityId::Cluster, NewAuthority { brought: Some(brought), ..NewAuthority::default() });
        let drop = drop.with("new.crt", certificate).with("new.key", key);
        drop.expect_of(&request, fixtures::now(), "brought-ca", Severity::Error, "new.crt");
    }
}

#[test]
fn names_of_new_authorities_are_their_own() {
    let mut request = RotationRequest::default();
    let named = NewAuthority { common_name: Some("kubernetes".into()), ..NewAuthority::default() };
    request.authorities.insert(AuthorityId::Cluster, named);
    Loaded::of("kubeadm/rsa-1").expect_of(&request, fixtures::now(), "ca-name-taken", Severity::Error, "");
    let named = NewAuthority { common_name: Some("x".repeat(65)), ..NewAuthority::default() };
    request.authorities.insert(AuthorityId::Cluster, named);
    Loaded::of("kubeadm/rsa-1").expect_of(&request, fixtures::now(), "bad-ca-name", Severity::Error, "");
}

#[test]
fn links_and_names_do_not_lead_out() {
    let mut drop = Loaded::of("kubeadm/rsa-1");
    let path = "rsa-1/cp1/etc/kubernetes/pki/extra.crt".to_owned();
    drop.0.push(InputFile { path, content: Content::Symlink("../../../../../../etc/passwd".into()), mode: None });
    drop.expect("link-not-followed", Severity::Warning, "extra.crt");
    let mut drop = Loaded::of("kubeadm/rsa-1");
    drop.0.push(InputFile { path: "image.raw".into(), content: Content::TooLarge(1 << 40), mode: None });
    drop.expect("too-large", Severity::Warning, "image.raw");
    let bomb = format!(
        "a: &a [{}]\nb: &b [{}]\nc: &c [{}]\nd: [{}]\nkind: x\n",
        "x,".repeat(99),
        "*a,".repeat(99),
        "*b,".repeat(99),
        "*c,".repeat(99)
    );
    Loaded::of("kubeadm/rsa-1").with("bomb.yaml", bomb.into_bytes()).expect(
        "unreadable-content",
        Severity::Warning,
        "bomb.yaml",
    );
}

#[test]
fn the_same_twice_is_the_same() {
    let twice = Loaded::of("kubeadm/rsa-3").and(Loaded::of("kubeadm/rsa-3"));
    assert!(twice.outcome(&RotationRequest::default(), fixtures::now()).1);
    let twice = Loaded::of("cluster-api/one").and(Loaded::of("cluster-api/one"));
    assert!(twice.outcome(&RotationRequest::default(), fixtures::now()).1);
    let changed = Loaded::of("cluster-api/one").swap_text(
        "one-ca.yaml",
        "name: one-ca",
        "name: one-ca\n  annotations: {changed: \"1\"}",
    );
    Loaded::of("cluster-api/one").and(changed).expect("two-objects", Severity::Error, "one-ca.yaml");
    let other = Loaded::of("kubeadm/other-1").get(CA);
    Loaded::of("kubeadm/rsa-1").with("rsa-1/cp1/etc/kubernetes/pki/ca.crt", other).expect(
        "two-trees",
        Severity::Error,
        CA,
    );
}

/// Cluster API's interpretation of its Secrets, and the states that it rejects.
#[test]
fn secrets_of_cluster_api_are_read_as_it_reads_them() {
    let one = || Loaded::of("cluster-api/one");
    let two = || Loaded::of("cluster-api/two");
    one().expect("left-alone", Severity::Note, "one-etcd.yaml");
    one().expect("left-alone", Severity::Note, "one-sa.yaml");
    // As `openssl ecparam -genkey` writes a P-256 key.
    let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    two().change("two-ca.yaml", "tls.key", |key| format!("{parameters}{key}")).expect(
        "first-block",
        Severity::Warning,
        "two-ca.yaml",
    );
    let renamed =
        |text: String| text.replace("name: one\n", "name: other\n").replace("cluster: one\n", "cluster: other\n");
    one().change("one-kubeconfig.yaml", "value", renamed).expect(
        "cluster-entry-name",
        Severity::Error,
        "one-kubeconfig.yaml",
    );
    // Cluster API never writes into a Secret that a person supplied.
    one()
        .change("one-kubeconfig.yaml", "value", renamed)
        .swap_text("one-kubeconfig.yaml", "type: cluster.x-k8s.io/secret", "type: Opaque")
        .expect("cluster-entry-name", Severity::Warning, "one-kubeconfig.yaml");
    let robot = |text: String| text.replace("users:\n", "users:\n- name: robot\n  user:\n    token: none\n");
    one().change("one-kubeconfig.yaml", "value", robot).expect(
        "user-without-certificate",
        Severity::Warning,
        "one-kubeconfig.yaml",
    );
    let supplied = || Loaded::of("cluster-api/supplied");
    let proxy = String::from_utf8(supplied().get("supplied-proxy.yaml")).expect("the fixture is UTF-8");
    let chain = proxy.lines().find_map(|line| line.trim().strip_prefix("tls.crt: ")).expect("it has a certificate");
    let chain = String::from_utf8(BASE64_STANDARD.decode(chain).expect("base64")).expect("PEM");
    supplied().change("supplied-ca.yaml", "tls.crt", |text| format!("{text}{chain}")).expect(
        "bundle",
        Severity::Error,
        "supplied-ca.yaml",
    );
    one().without("one-ca.yaml").expect("management-ca-missing", Severity::Warning, "one-kubeconfig.yaml");
}

/// Nodes whose files were not provided issue their own leaf certificates, with a key on the node.
#[test]
fn control_planes_that_were_not_given_need_their_key() {
    let keyless = Loaded::of("cluster-api/one").change("one-ca.yaml", "tls.key", |_| String::new());
    keyless.expect("control-plane-missing", Severity::Error, "");
}

/// Secrets that users supply may have neither label nor type: Cluster API finds them by name.
#[test]
fn secrets_without_a_label_belong_to_a_cluster_that_is_known() {
    let label = "  labels:\n    cluster.x-k8s.io/cluster-name: supplied\n";
    let bare = |drop: Loaded, kind: &str| drop.swap_text(&format!("supplied-{kind}.yaml"), label, "");
    let drop = || bare(bare(bare(bare(Loaded::of("cluster-api/supplied"), "ca"), "proxy"), "etcd"), "sa");
    assert!(drop().outcome(&RotationRequest::default(), fixtures::now()).1);
    // The Cluster itself tells as well.
    let cluster =
        b"apiVersion: cluster.x-k8s.io/v1beta2\nkind: Cluster\nmetadata: {name: supplied, namespace: default}\n";
    let drop = drop().without("supplied-kubeconfig.yaml");
    let (findings, planned) = Loaded(drop.0.clone()).outcome(&RotationRequest::default(), fixtures::now());
    assert!(!planned && findings.iter().any(|finding| finding.code == "not-cluster-api"), "{findings:#?}");
    let (findings, planned) =
        drop.with("cluster.yaml", cluster.to_vec()).outcome(&RotationRequest::default(), fixtures::now());
    assert!(planned, "{findings:#?}");
}

/// Public key pins in bootstrap templates, and flags that a KubeadmControlPlane passes to kubeadm.
#[test]
fn what_machines_are_made_from_is_looked_at() {
    let template = |pin: &str| {
        format!(
            "apiVersion: bootstrap.cluster.x-k8s.io/v1beta2\nkind: KubeadmConfigTemplate\nmetadata: {{name: workers, namespace: default}}\nspec: {{template: {{spec: {{joinConfiguration: {{discovery: {{bootstrapToken: {{caCertHashes: ['{pin}']}}}}}}}}}}}}\n"
        )
    };
    let inventory = inspect(fixtures::files("cluster-api/one"), fixtures::now());
    let report = inventory.report(fixtures::now());
    let old = report.authorities.iter().find(|authority| authority.id == AuthorityId::Cluster).expect("it has a CA");
    let pin = old.certificate.pin.clone();
    let one = || Loaded::of("cluster-api/one");
    one().with("template.yaml", template(&pin).into_bytes()).expect("join-pin", Severity::Note, "template.yaml");
    let stale = template(&format!("sha256:{}", "0".repeat(64)));
    one().with("template.yaml", stale.into_bytes()).expect("join-pin", Severity::Warning, "template.yaml");
    let control_plane = "apiVersion: controlplane.cluster.x-k8s.io/v1beta2\nkind: KubeadmControlPlane\nmetadata: {name: one, namespace: default}\nspec: {kubeadmConfigSpec: {clusterConfiguration: {controllerManager: {extraArgs: [{name: cluster-signing-cert-file, value: /etc/other.crt}]}}}}\n";
    let (code, severity) = ("kubeadm-flags", Severity::Warning);
    one().with("kcp.yaml", control_plane.as_bytes().to_vec()).expect(code, severity, "kcp.yaml");
}
