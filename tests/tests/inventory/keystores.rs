//! Keystores in Secrets and ConfigMaps of a dump, and records of Helm releases. `keytool` and OpenSSL create the
//! keystores; Python creates the records as Helm does.

use std::{fs, process::Command};

use airlock_core::{Finding, InspectOptions, Password, RotationRequest, Severity, inspect_with, plan};
use airlock_tests::{
    fixtures,
    rotation::acknowledging,
    tools::{feed, succeed},
};
use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::objects::{EC, Made, SERVER, cluster, contains, findings_of, only, secret};

const PASSWORD: &str = "changeit";

impl Made {
    fn keytool(&self, arguments: &str) {
        let mut command = Command::new("keytool");
        succeed(command.args(arguments.split(' ')).args(["-storepass", PASSWORD]).current_dir(self));
    }

    /// A keystore that trusts a certificate.
    fn trusting(&self, file: &str, kind: &str, certificate: &str, options: &str) -> String {
        self.keytool(&format!(
            "{options}-importcert -noprompt -alias trusted -file {certificate}.crt -keystore {file} -storetype {kind}"
        ));
        self.base64(file)
    }

    /// A keystore with a certificate, its key and its chain.
    fn holding(&self, file: &str, kind: &str, name: &str) -> String {
        self.openssl(&format!(
            "pkcs12 -export -inkey {name}.key -in {name}.crt -certfile ca.crt -passout pass:{PASSWORD} -name own -out {name}.p12"
        ));
        self.keytool(&format!(
            "-importkeystore -noprompt -srckeystore {name}.p12 -srcstoretype PKCS12 -srcstorepass {PASSWORD} -destkeystore {file} -deststoretype {kind}"
        ));
        self.base64(file)
    }
}

/// As [`findings_of`], with a password: the findings about the object, and whether there is a plan once they are acknowledged.
#[track_caller]
fn findings_with(object: &str, password: &str) -> Vec<Finding> {
    let password = Password::new(password.to_owned());
    let files = cluster().with("dump.yaml", object.as_bytes().to_vec()).0;
    let now = fixtures::now();
    let inventory = inspect_with(files, InspectOptions { password: Some(&password), ..InspectOptions::default() }, now);
    let found: Vec<Finding> =
        inventory.findings().iter().filter(|finding| finding.file == "dump.yaml").cloned().collect();
    let is_open = found.iter().any(|finding| !finding.acknowledge.is_empty());
    assert_eq!(plan(&inventory, &RotationRequest::default(), now).is_err(), is_open, "{found:#?}");
    let request = acknowledging(&inventory, &RotationRequest::default(), now);
    plan(&inventory, &request, now).expect("everything is acknowledged");
    found
}

#[track_caller]
fn only_with(object: &str, password: &str, id: &str) -> Finding {
    let found = findings_with(object, password);
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(one.acknowledge, id, "{one}");
    one.clone()
}

/// In these formats, certificates are not encrypted: no password is needed.
#[test]
fn certificates_in_keystores_that_are_not_encrypted_are_read() {
    let made = Made::new("keystores-open");
    made.leaf("kafka", "ca", EC, SERVER);
    assert!(made.verifies("kafka", "ca"));
    let none = "-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE -J-Dkeystore.pkcs12.macAlgorithm=NONE ";
    let jks = made.trusting("trust.jks", "JKS", "ca", "");
    for (key, value) in [
        ("truststore.jks", jks.clone()),
        ("truststore", made.trusting("trust.jceks", "JCEKS", "ca", "")),
        ("truststore.p12", made.trusting("trust.p12", "PKCS12", "ca", none)),
        // The text of the keystore, encoded twice.
        ("truststore.b64", BASE64_STANDARD.encode(&jks)),
    ] {
        let finding = only(&secret("kafka", "", &[(key, value)]), &format!("cluster/ca-copy/Secret/shop/kafka/{key}"));
        contains(&finding, &["Secret shop/kafka", key, "Write both CAs into it in phase 1"]);
    }
    let configmap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: trust, namespace: shop}\nbinaryData: {a.jks: ";
    only(&format!("{configmap}{jks}}}\n"), "cluster/ca-copy/ConfigMap/shop/trust/a.jks");

    for (key, value) in [
        ("keystore.jks", made.holding("key.jks", "JKS", "kafka")),
        ("keystore.jceks", made.holding("key.jceks", "JCEKS", "kafka")),
    ] {
        let object = secret("kafka", "", &[(key, value)]);
        let finding = only(&object, &format!("cluster/loose-leaf/Secret/shop/kafka/{key}"));
        contains(&finding, &["CN=kafka", "From phase 3 on, it is rejected", key]);
    }
    // The key of a chain that is the CA's alone is the CA's.
    let finding = only(
        &secret("issuer", "", &[("keystore.jks", made.holding("issuer.jks", "JKS", "ca"))]),
        "cluster/ca-copy/Secret/shop/issuer/keystore.jks",
    );
    contains(&finding, &["private key under keystore.jks", "issuer"]);

    // Foreign ones depend on nothing that changes.
    for (file, kind) in [("foreign.jks", "JKS"), ("foreign.jceks", "JCEKS")] {
        let found = findings_of(&secret("foreign", "", &[("trust", made.trusting(file, kind, "other", ""))]));
        assert!(found.iter().all(|one| one.acknowledge.is_empty()), "{found:#?}");
    }
}

/// PKCS#12 with a password: decrypted with it, and reported without it.
#[test]
fn keystores_under_a_password_are_opened_with_it_or_acknowledged() {
    let made = Made::new("keystores-locked");
    made.leaf("kafka", "ca", EC, SERVER);
    let trust = secret("kafka", "", &[("truststore.p12", made.trusting("trust.p12", "PKCS12", "ca", ""))]);
    let both = made.holding("both.p12", "PKCS12", "kafka");
    let key = secret("kafka", "", &[("keystore.p12", both)]);
    let both = secret("kafka", "", &[("keystore.p12", made.trusting("both.p12", "PKCS12", "ca", ""))]);
    let cases = [
        (&trust, "truststore.p12", "ca-copy"),
        (&key, "keystore.p12", "loose-leaf"),
        (&both, "keystore.p12", "ca-copy"),
    ];
    for (object, name, code) in cases {
        let finding = only_with(object, PASSWORD, &format!("cluster/{code}/Secret/shop/kafka/{name}"));
        assert_eq!(finding.message.contains("CN=kafka"), name == "keystore.p12", "{finding}");
        let needed = only(object, &format!("cluster/password-needed/Secret/shop/kafka/{name}"));
        contains(&needed, &["Secret shop/kafka", name, "--password-file"]);
        let wrong = only_with(object, "another", &format!("cluster/password-wrong/Secret/shop/kafka/{name}"));
        contains(&wrong, &["Secret shop/kafka", name]);
        assert!(![&needed, &wrong].iter().any(|finding| finding.to_string().contains("another")));
    }
    let foreign = secret("foreign", "", &[("trust.p12", made.trusting("foreign.p12", "PKCS12", "other", ""))]);
    let found = findings_with(&foreign, PASSWORD);
    assert!(found.iter().all(|one| one.acknowledge.is_empty()), "{found:#?}");
}

/// cert-manager writes the same certificates as PEM: the content of its keystores is known without their password.
#[test]
fn keystores_of_cert_manager_hold_what_its_pem_holds() {
    let made = Made::new("keystores-cert-manager");
    made.leaf("kafka", "ca", EC, SERVER);
    let data = [
        ("ca.crt", made.base64("ca.crt")),
        ("keystore.p12", made.holding("key.p12", "PKCS12", "kafka")),
        ("tls.crt", made.base64("kafka.crt")),
        ("tls.key", made.base64("kafka.key")),
        ("truststore.p12", made.trusting("trust.p12", "PKCS12", "ca", "")),
    ];
    let metadata = "  annotations: {cert-manager.io/certificate-name: kafka, cert-manager.io/issuer-name: ours}\n";
    let finding = only(&secret("kafka", metadata, &data), "cluster/ca-copy/Secret/shop/kafka/ca.crt");
    contains(&finding, &["ca.crt, truststore.p12", "keystore.p12, tls.crt", "cmctl renew -n shop kafka"]);
    // Another program's keystore may hold anything.
    let found = findings_of(&secret("kafka", "", &data));
    let codes: Vec<_> = found.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(codes.iter().filter(|code| **code == "password-needed").count(), 2, "{found:#?}");
}

/// Data that cannot be read is never treated as empty.
#[test]
fn keystores_that_cannot_be_read_are_acknowledged() {
    let made = Made::new("keystores-broken");
    let bytes = |file: &str| fs::read(made.as_ref().join(file)).expect("keytool wrote it");
    made.trusting("trust.jks", "JKS", "other", "");
    made.trusting("secret.jceks", "JCEKS", "other", "");
    made.keytool("-genseckey -keyalg AES -keysize 128 -alias aaa -keystore secret.jceks -storetype JCEKS");
    made.trusting("trust.p12", "PKCS12", "other", "");
    let (jks, p12) = (bytes("trust.jks"), bytes("trust.p12"));
    let mut version = jks.clone();
    version[7] = 9;
    let mut longer = jks.clone();
    longer.push(0);
    let mut scrypt = p12.clone();
    let at = scrypt.windows(3).position(|window| window == [0x2A, 0x86, 0x48]).expect("an identifier");
    scrypt[at + 3] ^= 1;
    let cases = [
        ("jceks", bytes("secret.jceks")),
        ("cut", jks[..jks.len() / 2].to_vec()),
        ("short", jks[..jks.len() - 1].to_vec()),
        ("longer", longer),
        ("version", version),
        ("header", jks[..4].to_vec()),
        ("p12", scrypt),
    ];
    for (name, bytes) in cases {
        let object = secret("odd", "", &[(name, BASE64_STANDARD.encode(bytes))]);
        let found = findings_with(&object, PASSWORD);
        let id = format!("cluster/keystore-not-read/Secret/shop/odd/{name}");
        let finding = found.iter().find(|one| one.acknowledge == id).unwrap_or_else(|| panic!("{name}: {found:#?}"));
        assert_eq!(finding.severity, Severity::Warning);
        contains(finding, &["Secret shop/odd", name, "it may trust the old CA"]);
    }
}

/// Python's words for what Helm does (helm/helm: pkg/storage/driver/util.go, `encodeRelease`).
const ENCODE: &str = "import base64, gzip, json, sys
release = json.load(sys.stdin)
sys.stdout.write(base64.b64encode(base64.b64encode(gzip.compress(json.dumps(release).encode()))).decode())
";

fn record(release: &serde_json::Value) -> String {
    let mut command = Command::new("python3");
    let answer = feed(command.args(["-c", ENCODE]), release.to_string().as_bytes());
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    String::from_utf8(answer.stdout).expect("base64")
}

fn release(name: &str, record: &str) -> String {
    secret(&format!("sh.helm.release.v1.{name}.v1"), "type: helm.sh/release.v1\n", &[("release", record.to_owned())])
}

/// Helm would revert the values of a release: the finding names it, and needs no acknowledgment.
#[test]
fn helm_releases_with_an_old_ca_are_named() {
    let made = Made::new("helm");
    made.leaf("kafka", "ca", EC, SERVER);
    let [ca, leaf, other] = ["ca.crt", "kafka.crt", "other.crt"].map(|file| made.text(file));
    let indented = leaf.replace('\n', "\n    ");
    let manifest = |value: &str| serde_json::json!({ "name": "shop", "version": 1, "manifest": value, "config": {} });
    let in_manifest = format!("apiVersion: v1\nkind: ConfigMap\ndata:\n  a.pem: |\n    {indented}\n");
    let secret_in_manifest = format!("kind: Secret\ndata:\n  tls.crt: {}\n  b: c\n", made.base64("kafka.crt"));
    let json_in_manifest = format!("data:\n  a: '{}'\n", serde_json::json!({ "ca": ca }));
    let held = [
        serde_json::json!({ "name": "shop", "config": { "global": { "caBundle": ca } }, "manifest": "" }),
        manifest(&in_manifest),
        manifest(&secret_in_manifest),
        manifest(&json_in_manifest),
    ];
    for release_of in held {
        let found = findings_of(&release("shop", &record(&release_of)));
        let [one] = found.as_slice() else { panic!("{found:#?}") };
        assert_eq!((one.code.as_str(), one.severity), ("helm-release", Severity::Note), "{one}");
        contains(one, &["shop/sh.helm.release.v1.shop.v1", "helm upgrade", "the values of each chart"]);
    }
    let configmap = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: sh.helm.release.v1.shop.v1, namespace: shop, labels: {{owner: helm}}}}\ndata: {{release: {}}}\n",
        String::from_utf8(BASE64_STANDARD.decode(record(&manifest(&in_manifest))).expect("base64")).expect("base64")
    );
    assert!(findings_of(&configmap).iter().any(|one| one.code == "helm-release"));
    for nothing in [manifest(&other), manifest("")] {
        let found = findings_of(&release("shop", &record(&nothing)));
        assert!(found.iter().all(|one| one.code != "helm-release"), "{found:#?}");
    }
    // Damaged, or expanding to more than a person would deploy.
    let bomb = record(&manifest(&"a".repeat(8 * 1024 * 1024)));
    let cut = BASE64_STANDARD.encode("H4sIAAAAAAAA");
    for unread in [bomb, cut, BASE64_STANDARD.encode("%%%")] {
        let found = findings_of(&release("shop", &unread));
        let one = found.iter().find(|one| one.code == "helm-release").unwrap_or_else(|| panic!("{found:#?}"));
        contains(one, &["cannot be read", "helm get all"]);
    }
}
