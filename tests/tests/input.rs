//! Input in addition to the nodes' trees: dumps of whole clusters, unusual kubeconfigs, encrypted keys, text encodings
//! of other systems, and very large inputs.

use std::{process::Command, sync::Arc, time::Instant};

use airlock_core::{
    Content, Finding, InputFile, InspectOptions, Password, RotationRequest, Severity, input, inspect, inspect_with,
    plan,
};
use airlock_tests::{
    fixtures,
    rotation::{Case, acknowledging, scratch},
    tools::succeed,
};
use zeroize::Zeroizing;

const CA: &str = "ecdsa-3/cp1/etc/kubernetes/pki/ca";

/// A file of a fixture, under another name.
fn given(fixture: &str, name: &str) -> InputFile {
    InputFile::new(name, std::fs::read(fixtures::path(fixture)).expect("a fixture can be read"))
}

fn cluster() -> Vec<InputFile> {
    fixtures::files("kubeadm/ecdsa-3")
}

fn without(files: Vec<InputFile>, end: &str) -> Vec<InputFile> {
    files.into_iter().filter(|file| !file.path.ends_with(end)).collect()
}

/// The findings about `files` that the cluster's own files do not cause, and whether a plan can be made.
fn findings_of(files: Vec<InputFile>, password: Option<&str>) -> (Vec<Finding>, bool) {
    let now = fixtures::now();
    let known = inspect(cluster(), now).findings().to_vec();
    let password = password.map(|text| Password::new(text.to_owned()));
    let inventory =
        inspect_with(files, InspectOptions { password: password.as_ref(), ..InspectOptions::default() }, now);
    let request = acknowledging(&inventory, &RotationRequest::default(), now);
    let planned = plan(&inventory, &request, now).is_ok();
    (inventory.findings().iter().filter(|finding| !known.contains(finding)).cloned().collect(), planned)
}

#[track_caller]
fn expect<'a>(findings: &'a [Finding], code: &str, severity: Severity, file: &str) -> &'a Finding {
    let found = findings.iter().find(|finding| finding.code == code && finding.file.ends_with(file));
    let found = found.unwrap_or_else(|| panic!("no {code} at {file:?} in {findings:#?}"));
    assert_eq!(found.severity, severity, "{found}");
    found
}

#[test]
fn what_hangs_on_the_old_ca_is_named_with_what_to_do() {
    let mut files = cluster();
    files.push(given("dump/everything.yaml", "everything.yaml"));
    files.push(given("dump/odd.conf", "odd.conf"));
    files.push(given("dump/dora.csr", "dora.csr"));
    files.push(given("dump/calico-kubeconfig", "ecdsa-3/cp1/etc/cni/net.d/calico-kubeconfig"));
    let (findings, planned) = findings_of(files, None);
    assert!(planned, "{findings:#?}");
    let lines: Vec<String> = findings.iter().map(|finding| format!("{} [{}]", finding, finding.code)).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_same_dump_in_every_text_form_says_the_same() {
    let text = String::from_utf8(fixtures::read("dump/everything.yaml")).expect("the fixture is UTF-8");
    let findings = |bytes: Vec<u8>| {
        let mut files = cluster();
        files.push(InputFile::new("everything.yaml", bytes));
        let (findings, planned) = findings_of(files, None);
        assert!(planned);
        findings
    };
    let plain = findings(text.clone().into_bytes());
    assert!(plain.iter().any(|finding| finding.code == "ca-copy"));
    assert_eq!(findings([b"\xEF\xBB\xBF", text.as_bytes()].concat()), plain);
    assert_eq!(findings(text.replace('\n', "\r\n").into_bytes()), plain);
    for unit in [u16::to_le_bytes, u16::to_be_bytes] {
        let utf16 =
            text.encode_utf16().fold(unit(0xFEFF).to_vec(), |bytes, next| [bytes, unit(next).to_vec()].concat());
        let (known, new): (Vec<Finding>, Vec<Finding>) =
            findings(utf16).into_iter().partition(|finding| finding.code != "utf-16");
        assert_eq!(known, plain);
        assert_eq!(new.len(), 1);
    }
}

#[test]
fn encrypted_keys_open_with_a_password_and_ask_for_one() {
    let key = format!("{CA}.key");
    for (fixture, opens) in [
        ("encrypted/pbkdf2.key", true),
        ("encrypted/scrypt.key", true),
        ("encrypted/pbes1.key", false),
        ("encrypted/traditional.key", false),
        ("limits/slow-pbkdf2.key", false),
        ("limits/slow-scrypt.key", false),
    ] {
        let files = || {
            let mut files = without(cluster(), "pki/ca.key");
            files.push(given(fixture, &key));
            files
        };
        let (findings, planned) = findings_of(files(), None);
        assert!(!planned, "{fixture}");
        let code = if opens { "password-needed" } else { "unreadable-content" };
        expect(&findings, code, Severity::Error, "pki/ca.key");
        let (findings, planned) = findings_of(files(), Some("another"));
        assert!(!planned, "{fixture}");
        expect(&findings, if opens { "password-wrong" } else { code }, Severity::Error, "pki/ca.key");
        let (findings, planned) = findings_of(files(), Some("airlock"));
        assert_eq!(planned, opens, "{fixture}: {findings:#?}");
    }
}

#[test]
fn containers_open_with_a_password_and_ask_for_one() {
    let now = fixtures::now();
    for (fixture, authority) in [("ca.p12", 0), ("legacy.p12", 1)] {
        let files = || {
            let mut files: Vec<_> = cluster().into_iter().filter(|file| !file.path.ends_with("ca.key")).collect();
            files.push(given(&format!("encrypted/{fixture}"), fixture));
            files
        };
        let (findings, _) = findings_of(files(), None);
        expect(&findings, "password-needed", Severity::Warning, fixture);
        let (findings, _) = findings_of(files(), Some("another"));
        expect(&findings, "password-wrong", Severity::Warning, fixture);
        let password = Password::new("airlock".to_owned());
        let options = InspectOptions { password: Some(&password), ..InspectOptions::default() };
        let inventory = inspect_with(files(), options, now);
        assert!(!inventory.needs_password());
        let report = inventory.report(now);
        assert!(report.authorities[authority].key_present, "{fixture}");
        assert!(!inspect(files(), now).report(now).authorities[authority].key_present, "{fixture}");
    }
}

#[test]
fn passwords_are_not_shown() {
    assert_eq!(format!("{:?}", Password::new("airlock".to_owned())), "Password");
}

#[test]
fn leaves_of_intermediates_are_refused_with_a_way_out() {
    let apiserver = "ecdsa-3/cp2/etc/kubernetes/pki/apiserver.crt";
    let mut files = without(cluster(), apiserver);
    files.push(given("encrypted/apiserver-chain.crt", apiserver));
    let (findings, planned) = findings_of(files, None);
    assert!(!planned);
    let finding = expect(&findings, "signed-by-intermediate", Severity::Error, apiserver);
    assert!(finding.message.contains("CN=between") && finding.remedy.contains("kubeadm certs renew"), "{finding}");
}

#[test]
fn the_ca_behind_its_leaf_in_one_file_is_no_trouble() {
    let apiserver = "ecdsa-3/cp2/etc/kubernetes/pki/apiserver.crt";
    let (leaf, ca) = (fixtures::read(&format!("kubeadm/{apiserver}")), fixtures::read(&format!("kubeadm/{CA}.crt")));
    let junk = b"subject=/CN=kube-apiserver\n\x07 7-bit junk\n".to_vec();
    let mut files = without(cluster(), apiserver);
    files.push(InputFile::new(apiserver, [junk, leaf, b"issuer=/CN=kubernetes\n".to_vec(), ca].concat()));
    let (findings, planned) = findings_of(files, None);
    assert!(planned && findings.iter().all(|finding| finding.severity == Severity::Note), "{findings:#?}");
}

/// OpenSSL reads the same names in the old and the new certificate.
#[test]
fn names_of_every_kind_come_through() {
    let case = Case::named("names-1");
    let (tree, rotation) = (fixtures::path("kubeadm/names-1/192.0.2.7"), case.rotation());
    let names = |path: &std::path::Path| {
        let mut openssl = Command::new("openssl");
        succeed(openssl.args(["x509", "-noout", "-subject", "-ext", "subjectAltName", "-in"]).arg(path))
    };
    let leaf = "etc/kubernetes/pki/apiserver.crt";
    let old = names(&tree.join(leaf));
    for name in [
        "DNS:*.names-1.example",
        "DNS:xn--bcher-kva.example",
        "DNS:192.0.2.7",
        "IP Address:192.0.2.7",
        "2001:DB8:7:0:0:0:0:100",
    ] {
        assert!(old.contains(name), "{name} is not in {old}");
    }
    assert!(old.matches("DNS:").count() + old.matches("IP Address:").count() >= 20 + 6, "{old}");
    assert_eq!(names(&rotation.phase(2).join("control-plane/192.0.2.7").join(leaf)), old);
}

#[test]
fn too_much_of_anything_is_said_and_stops_nothing() {
    let (findings, _) = findings_of(vec![InputFile::new("x/".repeat(3000), b"a".to_vec())], None);
    expect(&findings, "path-too-long", Severity::Warning, "…");
    let empty = Content::Bytes(Arc::new(Zeroizing::new(b"a".to_vec())));
    let many = (0..=input::MAX_FILES).map(|n| InputFile { path: n.to_string(), content: empty.clone(), mode: None });
    let started = Instant::now();
    let (findings, planned) = findings_of(many.collect(), None);
    assert!(!planned);
    expect(&findings, "too-many-files", Severity::Error, "");
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());

    let leaf = "ecdsa-3/cp1/etc/kubernetes/pki/apiserver.crt";
    let twice = |path: &str, count: usize| fixtures::read(&format!("kubeadm/{path}")).repeat(count);
    let mut files = without(cluster(), leaf);
    files.push(InputFile::new(leaf, twice(leaf, 12)));
    files.push(InputFile::new("bundle.crt", twice(leaf, 5000)));
    files.push(InputFile::new("broken.pem", b"-----BEGIN X-----\n".repeat(3000)));
    files.push(given("limits/rsa-16384.crt", "huge.crt"));
    let (findings, _) = findings_of(files, None);
    expect(&findings, "long-chain", Severity::Warning, leaf);
    expect(&findings, "long-key", Severity::Warning, "huge.crt");
    let blocks = findings.iter().find(|finding| finding.message.contains("more than 4096 PEM blocks"));
    assert!(blocks.is_some_and(|finding| finding.file == "bundle.crt"), "{findings:#?}");
    let broken = findings.iter().filter(|finding| finding.file == "broken.pem").count();
    assert!((2..30).contains(&broken), "{broken}");
}

/// The command line's use of a password; it does not prompt without a terminal.
#[test]
fn the_command_line_takes_a_password_from_a_file() {
    let folder = scratch("passwords");
    fixtures::copy(&fixtures::path("kubeadm/ecdsa-3"), &folder.join("ecdsa-3"));
    std::fs::copy(fixtures::path("encrypted/pbkdf2.key"), folder.join(format!("{CA}.key"))).expect("it can be copied");
    let run = |password: Option<&str>| {
        let mut command = Command::new(airlock_tests::tools::airlock());
        command.args(["plan", "ecdsa-3"]).current_dir(&folder).env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string());
        if let Some(text) = password {
            std::fs::write(folder.join("password"), text).expect("a file can be written");
            command.args(["--password-file", "password"]);
        }
        let output = airlock_tests::tools::output(&mut command);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = run(None);
    assert!(code == Some(1) && said.contains("--password-file"), "{said}");
    let (code, said) = run(Some("another\n"));
    assert!(code == Some(1) && said.contains("the password does not open the private key"), "{said}");
    for line_end in ["", "\n", "\r\nsecond line\n"] {
        assert_eq!(run(Some(&format!("airlock{line_end}"))), (Some(0), String::new()));
    }
}
