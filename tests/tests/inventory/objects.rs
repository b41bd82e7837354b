//! Secrets and ConfigMaps of a cluster dump that depend on a rotated CA and that no step of the package changes. A
//! finding names each, with the phase in which it stops working and the remedy. `openssl verify` determines the issuer,
//! and `openssl pkey` the owner of a private key.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use airlock_core::{Finding, InputFile, RotationRequest, Severity, inspect, plan};
use airlock_tests::{
    fixtures,
    loaded::Loaded,
    rotation::{acknowledging, scratch},
    tools::{output, succeed},
};
use base64::prelude::{BASE64_STANDARD, Engine as _};

const PKI: &str = "cp1/etc/kubernetes/pki";

/// The fixture whose CAs issue the certificates of these tests.
pub(super) fn cluster() -> Loaded {
    Loaded::of("kubeadm/ecdsa-3")
}

/// A folder with the cluster's CA (`ca`), a foreign CA (`other`), and leaf certificates of each.
pub(super) struct Made(PathBuf);

impl Made {
    pub(super) fn new(label: &str) -> Self {
        let folder = scratch(&format!("objects-{label}"));
        for name in ["ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key"] {
            fs::write(folder.join(name), cluster().get(&format!("{PKI}/{name}"))).expect("a file can be written");
        }
        let made = Self(folder);
        made.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.crt -days 3650 -subj /CN=kubernetes -addext basicConstraints=critical,CA:TRUE");
        made
    }

    pub(super) fn openssl(&self, arguments: &str) -> String {
        let mut command = Command::new("openssl");
        succeed(command.args(arguments.split(' ')).current_dir(&self.0))
    }

    /// Issues a certificate with its key: `<name>.crt` and `<name>.key`.
    pub(super) fn leaf(&self, name: &str, ca: &str, key: &str, extensions: &str) -> &Self {
        self.openssl(&format!("req -new -newkey {key} -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        fs::write(self.0.join("leaf.ext"), format!("{extensions}\n")).expect("a file can be written");
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA {ca}.crt -CAkey {ca}.key -out {name}.crt -days 365 -extfile leaf.ext"
        ));
        self
    }

    /// Whether OpenSSL accepts the certificate with only this CA.
    pub(super) fn verifies(&self, name: &str, ca: &str) -> bool {
        let mut command = Command::new("openssl");
        let arguments = format!("verify -no-CApath -no-CAstore -CAfile {ca}.crt {name}.crt");
        output(command.args(arguments.split(' ')).current_dir(&self.0)).status.success()
    }

    /// Whether this is the certificate's private key, according to OpenSSL.
    fn is_key_of(&self, key: &str, certificate: &str) -> bool {
        let public = self.openssl(&format!("pkey -in {key}.key -pubout"));
        public == self.openssl(&format!("x509 -in {certificate}.crt -noout -pubkey"))
    }

    pub(super) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).expect("OpenSSL wrote it")
    }

    pub(super) fn base64(&self, name: &str) -> String {
        BASE64_STANDARD.encode(fs::read(self.0.join(name)).expect("OpenSSL wrote it"))
    }
}

impl AsRef<Path> for Made {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

pub(super) const SERVER: &str = "extendedKeyUsage=serverAuth";
const CLIENT: &str = "extendedKeyUsage=clientAuth";
pub(super) const EC: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

pub(super) fn secret(name: &str, metadata: &str, data: &[(&str, String)]) -> String {
    let data: String = data.iter().map(|(key, value)| format!("  {key}: {value}\n")).collect();
    format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: shop\n{metadata}data:\n{data}")
}

/// The findings about this object of a dump. Asserts that there is a plan only once they are acknowledged.
#[track_caller]
pub(super) fn findings_of(object: &str) -> Vec<Finding> {
    let with = || -> Vec<InputFile> { cluster().with("dump.yaml", object.as_bytes().to_vec()).0 };
    let now = fixtures::now();
    let inventory = inspect(with(), now);
    let found: Vec<Finding> =
        inventory.findings().iter().filter(|finding| finding.file == "dump.yaml").cloned().collect();
    let open: Vec<_> = found.iter().filter(|finding| !finding.acknowledge.is_empty()).collect();
    let refused = plan(&inventory, &RotationRequest::default(), now);
    assert_eq!(refused.is_err(), !open.is_empty(), "{found:#?}");
    if let Err(refusal) = refused {
        let errors = refusal.findings.iter().filter(|finding| finding.severity == Severity::Error);
        assert_eq!(errors.count(), open.len(), "{:#?}", refusal.findings);
    }
    let request = acknowledging(&inventory, &RotationRequest::default(), now);
    let planned = plan(&inventory, &request, now);
    assert!(planned.is_ok(), "{planned:?}");
    found
}

/// The only note about what the steps do with the Pods of an object.
#[track_caller]
fn restart_note(object: &str) -> Finding {
    let found = findings_of(object);
    let [note] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((note.code.as_str(), note.severity), ("workload-restarts", Severity::Note));
    assert!(!note.message.contains("no part in a rotation") && note.remedy.contains("--list"), "{note}");
    note.clone()
}

/// The kinds that `kubectl rollout restart` restarts, and Pods and ReplicaSets that belong to them: the steps for workloads
/// restart them (kubernetes/kubectl: pkg/polymorphichelpers/objectrestarter.go).
#[test]
fn pods_that_steps_restart_are_noted() {
    for kind in ["DaemonSet", "Deployment", "StatefulSet"] {
        let note = restart_note(&format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: one, namespace: app}}\nspec: {{}}\n"
        ));
        contains(&note, &["steps of the package restart the Pods", &format!("1 {kind}")]);
        assert!(!note.message.contains("no step restarts"), "{note}");
    }
    let owned = |kind: &str, version: &str, owner: &str, labels: &str| {
        format!(
            "apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: one-5b7\n  namespace: app\n  labels: {{{labels}}}\n  ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: {owner}, name: one, uid: u}}]\nspec: {{}}\n"
        )
    };
    contains(
        &restart_note(&owned("ReplicaSet", "apps/v1", "Deployment", "")),
        &["steps of the package restart the Pods", "1 ReplicaSet"],
    );
    let namespace = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: app}\n";
    let pod = |owner: &str| owned("Pod", "v1", owner, "") + namespace;
    for (owner, what) in [
        ("DaemonSet", "steps of the package restart the Pods"),
        ("StatefulSet", "steps of the package restart the Pods"),
        ("ReplicaSet", "no step restarts the Pods"),
        ("Job", "no step restarts the Pods"),
        ("Database", "no step restarts the Pods"),
    ] {
        let found = findings_of(&pod(owner));
        let note = found.iter().find(|note| note.code == "workload-restarts").expect("a note");
        contains(note, &[what, "1 Pod"]);
        let other = found.iter().find(|note| note.code == "unrecognised").expect("a note");
        assert_eq!(other.message, "objects that have no part in a rotation: 1 Namespace");
    }
    // The mirror of a static Pod: the manifest on the node counts.
    let found = findings_of(&pod("Node"));
    let [note] = found.as_slice() else { panic!("{found:#?}") };
    contains(note, &["1 Namespace", "Pods of manifests on nodes, which count instead: 1 Pod"]);
}

/// Pods that no step restarts are named with what lists them; so is what stops the steps.
#[test]
fn pods_that_no_step_restarts_are_noted() {
    let object = |kind: &str, version: &str| {
        format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: one, namespace: app}}\nspec: {{}}\n")
    };
    for (kind, version) in [
        ("Job", "batch/v1"),
        ("ReplicaSet", "apps/v1"),
        ("ReplicationController", "v1"),
        ("Rollout", "argoproj.io/v1alpha1"),
    ] {
        let note = restart_note(&object(kind, version));
        contains(&note, &[&format!("no step restarts the Pods of these objects: 1 {kind}"), "by hand"]);
        assert!(!note.message.contains("steps of the package restart"), "{note}");
    }
    let budget = restart_note(&object("PodDisruptionBudget", "policy/v1"));
    contains(&budget, &["allows too few disruptions: 1 PodDisruptionBudget"]);
    let ended = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: one, namespace: app}\nspec: {}\nstatus: {conditions: [{type: Complete, status: 'True'}]}\n";
    for other in [&object("Namespace", "v1"), &object("CronJob", "batch/v1"), ended] {
        let found = findings_of(other);
        let [note] = found.as_slice() else { panic!("{found:#?}") };
        assert_eq!(note.code, "unrecognised", "{note}");
        contains(note, &["objects that have no part in a rotation"]);
    }
}

/// The only finding, which must have this id.
#[track_caller]
pub(super) fn only(object: &str, id: &str) -> Finding {
    let found = findings_of(object);
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(one.acknowledge, id, "{one}");
    one.clone()
}

#[track_caller]
pub(super) fn contains(finding: &Finding, parts: &[&str]) {
    let text = finding.to_string();
    for part in parts {
        assert!(text.contains(part), "{text} does not contain {part}");
    }
}

/// A leaf certificate in each form in which a dump can contain it.
#[test]
fn a_leaf_certificate_of_the_old_ca_is_named_in_every_form() {
    let made = Made::new("leaf");
    made.leaf("velero", "ca", EC, SERVER);
    assert!(made.verifies("velero", "ca"));
    let (crt, key) = (made.base64("velero.crt"), made.base64("velero.key"));
    let pem = made.text("velero.crt").replace('\n', "\n    ");
    let escaped = made.text("velero.crt").replace('\n', "\\n");
    made.openssl("x509 -in velero.crt -outform DER -out velero.der");
    let configmap =
        |data: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web, namespace: shop}}\n{data}");
    let cases = [
        (
            secret("web", "type: kubernetes.io/tls\n", &[("tls.crt", crt.clone()), ("tls.key", key.clone())]),
            "Secret",
            "tls.crt",
        ),
        (secret("web", "type: Opaque\n", &[("cert.pem", crt.clone()), ("key.pem", key.clone())]), "Secret", "cert.pem"),
        (secret("web", "", &[("web.der", made.base64("velero.der"))]), "Secret", "web.der"),
        (secret("web", "", &[("twice", BASE64_STANDARD.encode(&crt))]), "Secret", "twice"),
        (
            format!(
                "apiVersion: v1\nkind: Secret\nmetadata: {{name: web, namespace: shop}}\nstringData:\n  web.crt: |\n    {pem}\n"
            ),
            "Secret",
            "web.crt",
        ),
        (configmap(&format!("data:\n  any: |\n    {pem}\n")), "ConfigMap", "any"),
        (configmap(&format!("data:\n  any: {crt}\n")), "ConfigMap", "any"),
        (
            configmap(&format!("data:\n  values.json: '{{\"tls\": {{\"cert\": \"{escaped}\"}}}}'\n")),
            "ConfigMap",
            "values.json",
        ),
        (
            configmap(&format!(
                "data:\n  values.yaml: |\n    tls:\n      cert: |\n        {}\n",
                made.text("velero.crt").replace('\n', "\n        ")
            )),
            "ConfigMap",
            "values.yaml",
        ),
        (configmap(&format!("binaryData:\n  web.der: {}\n", made.base64("velero.der"))), "ConfigMap", "web.der"),
    ];
    for (object, kind, at) in cases {
        let found = only(&object, &format!("cluster/loose-leaf/{kind}/shop/web/{at}"));
        contains(
            &found,
            &[
                &format!("{kind} shop/web contains a certificate that the Cluster CA issued under {at} (CN=velero)"),
                "From phase 3 on, it is rejected",
                "In phase 2",
            ],
        );
    }
}

/// A certificate of another CA with the same name does not depend on the rotation, and is still reported.
#[test]
fn a_leaf_certificate_of_another_ca_needs_no_acknowledgement() {
    let made = Made::new("foreign-leaf");
    made.leaf("shop", "other", EC, SERVER);
    assert!(made.verifies("shop", "other") && !made.verifies("shop", "ca"));
    let found =
        findings_of(&secret("web", "", &[("tls.crt", made.base64("shop.crt")), ("tls.key", made.base64("shop.key"))]));
    let [note] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((note.code.as_str(), note.severity), ("unrecognised", Severity::Note));
    contains(note, &["certificates that this cluster's CAs did not issue: 1 Secret"]);
}

/// A certificate below an intermediate CA stops working with the root.
#[test]
fn intermediate_cas_and_what_they_issued_are_named() {
    let made = Made::new("intermediate");
    made.leaf("team", "ca", EC, "basicConstraints=critical,CA:TRUE");
    made.leaf("below", "team", EC, SERVER);
    assert!(made.verifies("team", "ca") && !made.verifies("below", "ca"));
    made.openssl("verify -CAfile ca.crt -untrusted team.crt below.crt");
    let issuer = secret("issuer", "", &[("tls.crt", made.base64("team.crt")), ("tls.key", made.base64("team.key"))]);
    let leaf = secret("web", "", &[("tls.crt", made.base64("below.crt")), ("tls.key", made.base64("below.key"))]);
    let found = findings_of(&format!("{issuer}---\n{leaf}"));
    let [first, second] = found.as_slice() else { panic!("{found:#?}") };
    contains(
        first,
        &[
            "Secret shop/issuer contains a CA certificate that the Cluster CA issued under tls.crt (CN=team)",
            "rejected with all certificates that it issued",
            "then renew what it issued before",
        ],
    );
    contains(second, &["Secret shop/web contains a certificate that the Cluster CA issued under tls.crt (CN=below)"]);
}

/// cert-manager's Secrets hold the leaf, its key and `ca.crt`. Only one with the CA's own key is an issuer.
#[test]
fn only_a_secret_with_the_cas_own_key_is_an_issuer() {
    let made = Made::new("issuer");
    let keys = [EC, "rsa:2048"];
    for (name, key) in ["web-ec", "web-rsa"].into_iter().zip(keys) {
        made.leaf(name, "ca", key, SERVER);
        assert!(made.verifies(name, "ca") && made.is_key_of(name, name) && !made.is_key_of(name, "ca"));
        let data = [
            ("ca.crt", made.base64("ca.crt")),
            ("tls.crt", made.base64(&format!("{name}.crt"))),
            ("tls.key", made.base64(&format!("{name}.key"))),
        ];
        let found = only(&secret("web", "", &data), "cluster/ca-copy/Secret/shop/web/ca.crt");
        contains(
            &found,
            &[
                "contains the Cluster CA under ca.crt and a certificate that it issued under tls.crt",
                "from phase 3 on, the certificate is rejected",
                "Write both CAs into ca.crt in phase 1, a certificate that the new CA issued into tls.crt with its key in phase 2",
            ],
        );
        assert!(!found.to_string().contains("private key") && !found.to_string().contains("issuer"), "{found}");
    }
    made.openssl("pkcs8 -topk8 -nocrypt -in ca.key -out pkcs8.key");
    made.openssl("pkcs8 -topk8 -in ca.key -out locked.key -passout pass:secret");
    assert!(made.is_key_of("pkcs8", "ca"));
    for key in ["ca.key", "pkcs8.key", "locked.key"] {
        let data = [("tls.crt", made.base64("ca.crt")), ("tls.key", made.base64(key))];
        let found = only(&secret("issuer", "", &data), "cluster/ca-copy/Secret/shop/issuer/tls.crt");
        contains(
            &found,
            &[
                "the Cluster CA under tls.crt and the Cluster CA's private key under tls.key",
                "Write the new CA and its private key into it in phase 2",
            ],
        );
    }
    let found =
        only(&secret("issuer", "", &[("ca.key", made.base64("ca.key"))]), "cluster/ca-copy/Secret/shop/issuer/ca.key");
    contains(&found, &["contains the Cluster CA's private key under ca.key"]);
    let chain = BASE64_STANDARD.encode(made.text("web-ec.crt") + &made.text("ca.crt"));
    let found = only(
        &secret("web", "", &[("tls.crt", chain), ("tls.key", made.base64("web-ec.key"))]),
        "cluster/loose-leaf/Secret/shop/web/tls.crt",
    );
    assert!(!found.message.contains("trust"), "{found}");
}

/// An RSA CA: Airlock finds its key among others without parsing each.
#[test]
fn the_key_of_an_rsa_ca_is_recognised() {
    let loaded = || Loaded::of("kubeadm/rsa-1");
    let (ca, key) = (loaded().get("pki/ca.crt"), loaded().get("pki/ca.key"));
    let made = Made::new("rsa-issuer");
    fs::write(made.0.join("ca.crt"), &ca).expect("a file can be written");
    fs::write(made.0.join("ca.key"), &key).expect("a file can be written");
    made.leaf("web", "ca", "rsa:2048", SERVER);
    made.openssl("pkcs8 -topk8 -nocrypt -in ca.key -out pkcs8.key");
    for (name, is_issuer) in [("ca", true), ("pkcs8", true), ("web", false)] {
        assert_eq!(made.is_key_of(name, "ca"), is_issuer);
        let data = [("ca.crt", made.base64("ca.crt")), ("tls.key", made.base64(&format!("{name}.key")))];
        let dump = secret("web", "", &data).into_bytes();
        let inventory = inspect(loaded().with("dump.yaml", dump).0, fixtures::now());
        let found = inventory.findings().iter().find(|finding| finding.code == "ca-copy").expect("the copy is found");
        assert_eq!(found.message.contains("private key"), is_issuer, "{found}");
    }
}

/// cert-manager renews the certificates that it issued, so its command is the remedy.
#[test]
fn certificates_of_cert_manager_are_renewed_by_it() {
    let made = Made::new("cert-manager");
    made.leaf("web", "ca", EC, SERVER);
    let metadata = "  annotations: {cert-manager.io/certificate-name: web-tls, cert-manager.io/issuer-name: cluster-ca, cert-manager.io/issuer-kind: ClusterIssuer}\n";
    let (ca, crt, key) = (made.base64("ca.crt"), made.base64("web.crt"), made.base64("web.key"));
    let leaf = secret("web", metadata, &[("tls.crt", crt.clone()), ("tls.key", key.clone())]);
    let found = only(&leaf, "cluster/loose-leaf/Secret/shop/web/tls.crt");
    let renew = "in phase 2, after ClusterIssuer cluster-ca uses the new CA, renew it: cmctl renew -n shop web-tls";
    contains(&found, &["cert-manager writes it (annotation cert-manager.io/certificate-name)", renew]);
    let usual = secret("web", metadata, &[("ca.crt", ca), ("tls.crt", crt), ("tls.key", key)]);
    let found = only(&usual, "cluster/ca-copy/Secret/shop/web/ca.crt");
    contains(&found, &[renew, "cert-manager replaces ca.crt at the same time"]);
    let metadata = "  ownerReferences: [{apiVersion: external-secrets.io/v1, kind: ExternalSecret, name: web, controller: true, uid: a}]\n";
    let found = only(
        &secret("web", metadata, &[("tls.crt", made.base64("web.crt"))]),
        "cluster/loose-leaf/Secret/shop/web/tls.crt",
    );
    contains(
        &found,
        &["In phase 2", "External Secrets writes it (owner ExternalSecret web): change it in the external store"],
    );
}

/// A kubeconfig in an object: its client certificate stops working as well.
#[test]
fn the_client_certificate_of_a_kubeconfig_in_an_object_is_named() {
    let made = Made::new("kubeconfig");
    made.leaf("ci", "ca", EC, CLIENT);
    made.leaf("stranger", "other", EC, CLIENT);
    assert!(made.verifies("ci", "ca") && !made.verifies("stranger", "ca"));
    let kubeconfig = |cluster: &str, user: &str| {
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: a\n  cluster: {{server: 'https://10.0.0.1:6443', {cluster}}}\nusers:\n- name: a\n  user: {{{user}}}\ncontexts:\n- name: a\n  context: {{cluster: a, user: a}}\ncurrent-context: a\n"
        )
    };
    let ca = format!("certificate-authority-data: {}", made.base64("ca.crt"));
    let user = |name: &str| {
        format!(
            "client-certificate-data: {}, client-key-data: {}",
            made.base64(&format!("{name}.crt")),
            made.base64(&format!("{name}.key"))
        )
    };
    let in_secret = |text: &str| secret("ci-kubeconfig", "", &[("value", BASE64_STANDARD.encode(text))]);
    let load = "kubectl -n shop get secret ci-kubeconfig -o jsonpath='{.data.value}' | base64 -d >FILE";
    let of = |object: &str, id: &str| {
        let found = findings_of(object);
        let found =
            found.iter().find(|finding| !finding.acknowledge.is_empty()).unwrap_or_else(|| panic!("{found:#?}"));
        assert_eq!(found.acknowledge, id, "{found}");
        found.clone()
    };
    let found = of(&in_secret(&kubeconfig(&ca, &user("ci"))), "cluster/ca-copy/Secret/shop/ci-kubeconfig/value");
    contains(
        &found,
        &[
            "a kubeconfig under value that trusts the Cluster CA and has a client certificate that the Cluster CA issued (CN=ci)",
            "From phase 2 on, programs that use it reject the API servers' new certificates",
            "from phase 3 on, API servers reject its client certificate",
            "a client certificate that the new CA issued with its key in phase 2",
            load,
        ],
    );
    // As base64 text, which the Secret encodes once more.
    let text = BASE64_STANDARD.encode(kubeconfig(&ca, &user("ci")));
    for text in [text.clone(), format!("{text}\n")] {
        let found = of(&in_secret(&text), "cluster/ca-copy/Secret/shop/ci-kubeconfig/value");
        let load = load.replace(" | base64 -d", " | base64 -d | base64 -d");
        contains(&found, &["a kubeconfig under value that trusts the Cluster CA", "(CN=ci)", &load]);
    }
    for user in [user("stranger"), "token: abc".to_owned()] {
        let found = of(&in_secret(&kubeconfig(&ca, &user)), "cluster/ca-copy/Secret/shop/ci-kubeconfig/value");
        assert!(!found.to_string().contains("client certificate"), "{found}");
        contains(&found, &["Write both CAs into it in phase 1 and only the new CA in phase 3", load]);
    }
    let found = of(
        &in_secret(&kubeconfig("insecure-skip-tls-verify: true", &user("ci"))),
        "cluster/loose-leaf/Secret/shop/ci-kubeconfig/value",
    );
    contains(
        &found,
        &["with a client certificate that the Cluster CA issued (CN=ci)", "In phase 2, write a client certificate"],
    );
    let text = kubeconfig(&ca, &user("ci")).replace('\n', "\n    ");
    let configmap = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: ci, namespace: shop}}\ndata:\n  admin.conf: |\n    {text}\n"
    );
    let found = only(&configmap, "cluster/ca-copy/ConfigMap/shop/ci/admin.conf");
    contains(
        &found,
        &[
            "API servers reject its client certificate",
            r"kubectl -n shop get configmap ci -o jsonpath='{.data.admin\.conf}' >FILE",
        ],
    );
}

/// The command of the finding extracts the kubeconfig, and the package contains its new content for each phase.
#[test]
fn a_kubeconfig_of_a_secret_can_be_loaded_as_a_file() {
    let admin = cluster().get("cp1/etc/kubernetes/admin.conf");
    let dump = secret("ci", "", &[("value", BASE64_STANDARD.encode(&admin))]);
    let now = fixtures::now();
    let inventory = inspect(cluster().with("dump.yaml", dump.into_bytes()).with("ci.conf", admin).0, now);
    let request = acknowledging(&inventory, &RotationRequest::default(), now);
    let plan = plan(&inventory, &request, now).expect("everything is acknowledged");
    let steps = format!("{plan:?}");
    assert!(steps.contains("2-switch/clients/ci.conf"), "the package does not rotate ci.conf");
}

/// Argo CD stores its clusters as JSON.
#[test]
fn the_client_certificate_of_an_argo_cd_cluster_is_named() {
    let made = Made::new("argo");
    made.leaf("argo", "ca", EC, CLIENT);
    let config = format!(
        r#"{{"tlsClientConfig":{{"caData":"{}","certData":"{}","keyData":"{}"}}}}"#,
        made.base64("ca.crt"),
        made.base64("argo.crt"),
        made.base64("argo.key")
    );
    let object = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: prod, namespace: argocd}}\nstringData:\n  config: '{config}'\n"
    );
    let found = only(&object, "cluster/ca-copy/Secret/argocd/prod/config");
    contains(
        &found,
        &[
            "the Cluster CA under config and a certificate that it issued under config (CN=argo)",
            "from phase 3 on, the certificate is rejected",
            "in phase 2",
        ],
    );
}

/// The front-proxy CA is rotated as well.
#[test]
fn certificates_of_the_front_proxy_ca_are_named() {
    let made = Made::new("front-proxy");
    made.leaf("aggregator", "front-proxy-ca", EC, CLIENT);
    assert!(made.verifies("aggregator", "front-proxy-ca"));
    let object = secret("aggregator", "", &[("tls.crt", made.base64("aggregator.crt"))]);
    let found = only(&object, "front-proxy/loose-leaf/Secret/shop/aggregator/tls.crt");
    contains(&found, &["CN=aggregator"]);
}

/// Any other object: values that a controller writes into its status are not a source.
#[test]
fn certificates_in_other_objects_are_named_by_their_field() {
    let made = Made::new("custom");
    made.leaf("web", "ca", EC, SERVER);
    let (ca, crt) = (made.base64("ca.crt"), made.base64("web.crt"));
    let object = |metadata: &str, body: &str| {
        format!("apiVersion: example.org/v1\nkind: Widget\nmetadata: {{name: w, namespace: shop{metadata}}}\n{body}")
    };
    let found = only(
        &object("", &format!("spec: {{vault: {{caBundle: {ca}}}}}\n")),
        "cluster/ca-copy/Widget/shop/w/spec.vault.caBundle",
    );
    contains(&found, &["Widget shop/w contains the Cluster CA under spec.vault.caBundle"]);
    only(
        &object("", &format!("spec: {{tls: [{{cert: {crt}}}]}}\n")),
        "cluster/loose-leaf/Widget/shop/w/spec.tls[0].cert",
    );
    for ignored in [
        format!("apiVersion: v1alpha1\nkind: KubeAPIServerCAConfig\nacceptedCAs: [{ca}]\n"),
        object("", &format!("status: {{ca: {ca}, certificate: {crt}}}\n")),
        object(
            ", ownerReferences: [{apiVersion: example.org/v1, kind: Maker, name: m, controller: true, uid: a}]",
            &format!("spec: {{ca: {ca}}}\n"),
        ),
    ] {
        let found = findings_of(&ignored);
        assert!(found.iter().all(|finding| finding.severity == Severity::Note), "{found:#?}");
    }
}

/// Bootstrap data of machines contain all keys, and are read once.
#[test]
fn bootstrap_data_of_cluster_api_has_no_part() {
    let made = Made::new("bootstrap");
    let script = format!(
        "#cloud-config\nwrite_files:\n- path: /etc/kubernetes/pki/ca.key\n  content: |\n    {}\n- path: /etc/kubernetes/pki/ca.crt\n  content: |\n    {}\n",
        made.text("ca.key").replace('\n', "\n    "),
        made.text("ca.crt").replace('\n', "\n    ")
    );
    let object = |metadata: &str| secret("cp-x7k2p", metadata, &[("value", BASE64_STANDARD.encode(&script))]);
    let bootstrap = "  labels: {cluster.x-k8s.io/cluster-name: prod}\n  ownerReferences: [{apiVersion: bootstrap.cluster.x-k8s.io/v1beta2, kind: KubeadmConfig, name: cp-x7k2p, controller: true, uid: a}]\ntype: cluster.x-k8s.io/secret\n";
    let found = findings_of(&object(bootstrap));
    assert!(found.iter().all(|finding| finding.severity == Severity::Note), "{found:#?}");
    let found = only(&object(""), "cluster/ca-copy/Secret/shop/cp-x7k2p/value");
    contains(&found, &["private key"]);
}
