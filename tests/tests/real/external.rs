//! A new CA that is kept elsewhere: OpenSSL signs there, and Airlock never gets a CA key.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use airlock_tests::{
    external::sign,
    fixtures,
    rotation::{scratch, walk},
    tools::{airlock, output, succeed},
};
use serde_json::Value;

/// A kubeadm cluster without the CA key on any node.
const CLUSTER: &str = "kubeadm/external-1";

fn package(out: &Path, options: &[&str], paths: &[&Path]) -> Output {
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string());
    command.args(["package", "--external-ca", "--kubelet-certs", "mint", "--out"]).arg(out).args(options).args(paths);
    output(&mut command)
}

fn steps(package: &Path) -> Vec<String> {
    let text = fs::read_to_string(package.join("manifest.json")).expect("a package has a manifest");
    let manifest: Value = serde_json::from_str(&text).expect("it is JSON");
    let steps = manifest["steps"].as_array().expect("a manifest has steps").iter();
    steps.map(|step| step["id"].as_str().expect("a step has an id").to_owned()).collect()
}

#[test]
fn certificates_are_asked_for_and_the_rotation_goes_on_when_they_are_there() {
    let folder = scratch("external");
    let (first, second) = (folder.join("first"), folder.join("second"));
    let (cluster, ca) = (fixtures::path(CLUSTER), fixtures::path("brought/ca.crt"));
    let proxy = fixtures::path("brought/front-proxy-ca.crt");
    let (ca, proxy) = (ca.display().to_string(), proxy.display().to_string());
    let cas = ["--ca-cert", ca.as_str(), "--front-proxy-ca-cert", proxy.as_str()];

    // A user requests a certificate.
    let carols = folder.join("carols/signing-requests");
    fs::create_dir_all(&carols).expect("a folder can be made");
    let carol = carols.join("carol.csr");
    let mut ask = Command::new("openssl");
    ask.args(["req", "-new", "-nodes", "-newkey", "ed25519", "-subj", "/CN=carol", "-keyout", "carol.key", "-out"]);
    succeed(ask.arg(&carol).current_dir(&folder));

    let said = package(&first, &cas, &[&cluster, &carol]);
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.status.success() && words.contains("8 certificates must be signed by"), "{words}");
    assert!(words.contains("the CSR of carol") && words.contains("must be signed by"), "{words}");
    assert!(steps(&first).iter().all(|step| step.starts_with("1-")), "{:?}", steps(&first));
    for request in walk(&first.join("signing-requests")).into_iter().filter(|path| path.ends_with(".csr")) {
        let mut verify = Command::new("openssl");
        verify.args(["req", "-verify", "-noout", "-in"]).arg(first.join("signing-requests").join(&request));
        succeed(&mut verify);
    }

    let signed = folder.join("signed");
    fs::create_dir(&signed).expect("a folder can be made");
    let certificates = sign(&first, &signed);
    let answered = folder.join("answered");
    fs::create_dir(&answered).expect("a folder can be made");
    let answer = sign(&folder.join("carols"), &answered).remove(0);
    let one_less: Vec<&Path> = certificates.iter().skip(1).map(PathBuf::as_path).collect();
    let said = package(&folder.join("less"), &[], &[&[cluster.as_path(), &first], &one_less[..]].concat());
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.status.success() && words.contains("1 certificates must be signed by"), "{words}");
    let again = walk(&folder.join("less/signing-requests"));
    let key = again.iter().find(|path| path.ends_with(".key")).expect("it is asked for once more");
    let read = |package: &Path| fs::read(package.join("signing-requests").join(key)).expect("a request has a key");
    assert_eq!(read(&folder.join("less")), read(&first), "for the same key");

    let all: Vec<&Path> = certificates.iter().map(PathBuf::as_path).collect();
    let said = package(&second, &[], &[&[cluster.as_path(), &first, &carol, &answer], &all[..]].concat());
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let given = fs::read_to_string(second.join("2-switch/clients/carol.crt")).expect("carol gets an answer");
    assert_eq!(given, fs::read_to_string(answer).expect("it was signed"));
    assert!(steps(&second).iter().any(|step| step == "3-cp1"), "{:?}", steps(&second));
    let files = walk(&second);
    assert!(files.iter().all(|path| !path.contains("signing-requests") && !path.ends_with("ca.key")), "{files:?}");
    let pki = second.join("2-switch/control-plane/cp1/etc/kubernetes/pki");
    for (leaf, ca) in [("apiserver", &ca), ("apiserver-kubelet-client", &ca), ("front-proxy-client", &proxy)] {
        let leaf = pki.join(leaf);
        let mut verify = Command::new("openssl");
        verify.args(["verify", "-no_check_time", "-x509_strict", "-CAfile", ca]).arg(leaf.with_extension("crt"));
        succeed(&mut verify);
        let public = |arguments: &[&str], file: PathBuf| succeed(Command::new("openssl").args(arguments).arg(file));
        assert_eq!(
            public(&["x509", "-noout", "-pubkey", "-in"], leaf.with_extension("crt")),
            public(&["pkey", "-pubout", "-in"], leaf.with_extension("key")),
        );
        let old = cluster.join("cp1/etc/kubernetes/pki").join(leaf.file_name().expect("it has a name"));
        let names = |file: PathBuf| {
            succeed(
                Command::new("openssl")
                    .args(["x509", "-noout", "-subject", "-ext", "subjectAltName,extendedKeyUsage", "-in"])
                    .arg(file),
            )
        };
        assert_eq!(names(old.with_extension("crt")), names(leaf.with_extension("crt")));
    }
}

#[test]
fn where_the_nodes_sign_the_key_has_to_come_along() {
    let folder = scratch("external-nodes");
    let ca = fixtures::path("brought/ca.crt").display().to_string();
    let said = package(
        &folder.join("package"),
        &["--rotate", "cluster", "--ca-cert", &ca],
        &[&fixtures::path("kubeadm/rsa-1")],
    );
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && words.contains("nothing would sign certificates for kubelets"), "{words}");
    let said = package(&folder.join("package"), &["--rotate", "cluster"], &[&fixtures::path(CLUSTER)]);
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && words.contains("its certificate was not provided"), "{words}");
}
