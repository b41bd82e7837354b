//! Inputs with correct content in a format that no component reads. Each has a finding, and the finding's command
//! repairs the file.

use std::{collections::BTreeMap, fs, process::Command};

use airlock_core::{
    InputFile, Severity,
    formats::{kubeconfig, pem},
    inspect,
};
use airlock_tests::{fixtures, tools};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::helpers::{self, CA, expect, findings_of, mended, packed, with};

fn ca() -> Vec<u8> {
    fixtures::read(&format!("kubeadm/{CA}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the fixture is ASCII")
}

/// Certificates and keys that OpenSSL converts, on a node and outside of one.
#[test]
fn certificates_in_other_forms_are_named_and_converted() {
    let ca = ca();
    let pem = text(&ca);
    let openssl = |arguments: &str| {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        helpers::run(&format!("openssl {arguments}"), folder.path(), &ca);
        fs::read(folder.path().join("OUT")).expect("openssl wrote it")
    };
    let once = STANDARD.encode(&ca);
    let both = format!("{pem}{}", text(&fixtures::read("kubeadm/ecdsa-3/cp1/etc/kubernetes/pki/front-proxy-ca.crt")));
    let array = |indent: &str| {
        let blocks = both.split_inclusive("-----END CERTIFICATE-----\n");
        let blocks: Vec<String> = blocks.map(|block| format!("{indent}{}", serde_json::json!(block))).collect();
        format!("[{}\n]", blocks.join(","))
    };
    let key = fixtures::read("kubeadm/ecdsa-3/cp1/etc/kubernetes/pki/ca.key");
    let cases: Vec<(&str, Vec<u8>, &str, &str, usize)> = vec![
        ("unreadable-content", once.clone().into_bytes(), "base64 of PEM", "base64 -d FILE >NEW", 1),
        (
            "unreadable-content",
            STANDARD.encode(&once).into_bytes(),
            "base64 of base64",
            "base64 -d FILE | base64 -d >NEW",
            1,
        ),
        ("unreadable-content", array("").into_bytes(), "JSON array of 2 PEM", "printf", 2),
        ("unreadable-content", array("\n  ").into_bytes(), "JSON array of 2 PEM", "printf", 2),
        (
            "unreadable-content",
            openssl("crl2pkcs7 -nocrl -certfile FILE -out OUT"),
            "PKCS#7",
            "openssl pkcs7 -print_certs",
            1,
        ),
        (
            "unreadable-content",
            openssl("crl2pkcs7 -nocrl -certfile FILE -outform DER -out OUT"),
            "PKCS#7",
            "openssl pkcs7 -inform DER -print_certs",
            1,
        ),
        (
            "unreadable-content",
            openssl("x509 -in FILE -outform DER -out OUT"),
            "certificate in DER",
            "openssl x509 -inform DER",
            1,
        ),
        (
            "unreadable-content",
            both.replace("-----\n-----", "----------").into_bytes(),
            "does not start on a line",
            "sed",
            2,
        ),
        (
            "unreadable-content",
            pem.replace('\n', "\n  ").replacen("-----B", "  -----B", 1).into_bytes(),
            "indented",
            "sed",
            1,
        ),
        (
            "ignored-certificate",
            pem.replace("CERTIFICATE", "X509 CERTIFICATE").into_bytes(),
            "label is X509 CERTIFICATE",
            "openssl storeutl",
            1,
        ),
        (
            "ignored-certificate",
            openssl("x509 -in FILE -trustout -addtrust serverAuth -out OUT"),
            "label is TRUSTED CERTIFICATE",
            "openssl storeutl",
            1,
        ),
        ("ignored-certificate", format!("\u{feff}{pem}").into_bytes(), "byte order mark", "openssl storeutl", 1),
        (
            "ignored-certificate",
            pem.replacen("-----\n", "-----\nA: b\n\n", 1).into_bytes(),
            "PEM headers",
            "openssl storeutl",
            1,
        ),
        ("key-in-trust-bundle", [ca.clone(), key].concat(), "private key among the trusted", "openssl crl2pkcs7", 1),
    ];
    for (code, bytes, what, tool, count) in cases {
        let (findings, planned) = findings_of(with(&[(CA, bytes.clone())]));
        assert!(!planned, "{what}");
        let finding = expect(&findings, code, Severity::Error, CA);
        assert!(finding.message.contains(what), "{finding}");
        assert!(findings.iter().all(|other| other.code != "missing-file"), "{what}: {findings:#?}");
        assert!(finding.remedy.contains(tool), "{finding}");
        let new = mended(finding, &bytes);
        assert_eq!(pem::trust_blocks(&new).len(), count, "{what}: {}", String::from_utf8_lossy(&new));
        assert!(pem::key_block(&new).is_none(), "{what}");
        assert_eq!(pem::trust_blocks(&new)[0].der, pem::trust_blocks(&ca)[0].der, "{what}");
        if count == 1 {
            let (findings, planned) = findings_of(with(&[(CA, new)]));
            assert!(planned && findings.is_empty(), "{what}: {findings:#?}");
        }
    }
}

/// `check` must not count a CA that Go ignores: the second certificate of a bundle under another label.
#[test]
fn a_new_ca_that_go_ignores_is_not_trusted() {
    let (_, package) = packed(helpers::cluster());
    let mut files: BTreeMap<String, InputFile> =
        helpers::cluster().into_iter().map(|file| (file.path.clone(), file)).collect();
    for (path, bytes) in &package {
        if let Some(rest) = path.strip_prefix("1-trust-both/control-plane/").filter(|rest| rest.contains("/etc/")) {
            files.insert(format!("ecdsa-3/{rest}"), InputFile::new(format!("ecdsa-3/{rest}"), bytes.clone()));
        }
    }
    let checked = |files: &BTreeMap<String, InputFile>| {
        let inventory = inspect(files.values().cloned().collect(), fixtures::now());
        airlock_core::check(&inventory, Some(1))
    };
    let is_missing = |report: &airlock_core::report::CheckReport| {
        report.missing.iter().any(|missing| missing.file == CA)
            || report.findings.iter().any(|finding| finding.file == CA)
    };
    assert!(!is_missing(&checked(&files)));
    let bundle = package.iter().find(|(path, _)| path == "1-trust-both/control-plane/cp1/etc/kubernetes/pki/ca.crt");
    let bundle = text(&bundle.expect("phase 1 writes the bundle").1);
    let second = bundle.rfind("-----BEGIN").expect("a bundle has two blocks");
    let relabelled = format!("{}{}", &bundle[..second], bundle[second..].replace("CERTIFICATE", "X509 CERTIFICATE"));
    files.insert(CA.to_owned(), InputFile::new(CA, relabelled.into_bytes()));
    let report = checked(&files);
    assert!(!report.holds && is_missing(&report), "{report:#?}");
    let finding = report.findings.iter().find(|finding| finding.code == "ignored-certificate").expect("it is said");
    assert!(finding.message.contains("every Kubernetes component"), "{finding}");
}

/// etcd parses every block as a certificate, whatever its label. It reads a block that others ignore, and fails at a
/// key.
#[test]
fn etcd_reads_other_labels_and_no_key() {
    let path = "ecdsa-3/cp1/etc/kubernetes/pki/etcd/ca.crt";
    let etcd = text(&fixtures::read(&format!("kubeadm/{path}")));
    let (findings, planned) =
        findings_of(with(&[(path, etcd.replace("CERTIFICATE", "X509 CERTIFICATE").into_bytes())]));
    assert!(planned && findings.is_empty(), "{findings:#?}");
    let key = text(&fixtures::read("kubeadm/ecdsa-3/cp1/etc/kubernetes/pki/etcd/ca.key"));
    let (findings, _) = findings_of(with(&[(path, format!("{etcd}{key}").into_bytes())]));
    let finding = expect(&findings, "key-in-trust-bundle", Severity::Warning, path);
    assert!(finding.message.contains("etcd cannot read the file"), "{finding}");
}

#[test]
fn a_field_cluster_whose_ca_go_ignores_is_refused() {
    let inventory = inspect(fixtures::files("field/p-x509"), fixtures::now());
    let file = "p-x509/master-a/etc/kubernetes/pki/ca.crt";
    let finding = expect(inventory.findings(), "ignored-certificate", Severity::Error, file);
    assert_eq!(finding.place, "line 1");
    let errors = inventory.findings().iter().filter(|one| one.severity == Severity::Error);
    assert_eq!(errors.count(), 1, "one cause, one error: {:#?}", inventory.findings());
    let new = mended(finding, &fixtures::read(&format!("field/{file}")));
    let mut files = fixtures::files("field/p-x509");
    files.retain(|one| one.path != file);
    files.push(InputFile::new(file, new));
    packed(files);
}

/// kubectl lists the parts that it omits, and the content of a split file.
#[test]
fn kubeconfigs_in_other_forms_are_named_and_converted() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = "ecdsa-3/cp1/etc/kubernetes/admin.conf";
    let admin = fixtures::read(&format!("kubeadm/{path}"));
    fs::write(folder.path().join("admin.conf"), &admin).expect("a file can be written");
    let kubectl = |arguments: &[&str]| {
        tools::succeed(tools::kubectl(&folder.path().join("admin.conf")).args(["config", "view"]).args(arguments))
            .into_bytes()
    };
    for omitted in
        [kubectl(&[]), kubectl(&["-o", "json"]), text(&kubectl(&[])).replace("DATA+OMITTED", "REDACTED").into_bytes()]
    {
        let (findings, planned) = findings_of(with(&[(path, omitted)]));
        assert!(!planned);
        let finding = expect(&findings, "unreadable-content", Severity::Error, path);
        assert!(finding.message.contains("left the data out"), "{finding}");
        let command = helpers::command(finding);
        assert_eq!(command, "kubectl config view --raw --flatten >NEW");
        let new = kubectl(&command.trim_end_matches(" >NEW").split(' ').skip(3).collect::<Vec<_>>());
        assert!(findings_of(with(&[(path, new)])).1);
    }
    let carol = fixtures::files("kubeadm/ecdsa-3").into_iter().find(|file| file.path.contains("/clients/"));
    let carol = carol.expect("the fixture has people's kubeconfigs");
    let airlock_core::Content::Bytes(bytes) = &carol.content else { panic!("it is a file") };
    let two = [admin.clone(), b"---\n".to_vec(), bytes.to_vec()].concat();
    let (findings, _) = findings_of(with(&[("two.conf", two.clone())]));
    let finding = expect(&findings, "unreadable-content", Severity::Warning, "two.conf");
    assert!(finding.message.contains("2 YAML documents, 2 of them kubeconfigs"), "{finding}");
    // kubectl reads the first and says nothing of the second.
    fs::write(folder.path().join("admin.conf"), &two).expect("a file can be written");
    let seen = kubeconfig::parse(&kubectl(&["--raw"])).expect("kubectl writes a kubeconfig");
    assert_eq!(seen.users.len(), kubeconfig::parse(&admin).expect("a kubeconfig").users.len());
    helpers::run(helpers::command(finding), folder.path(), &two);
    for (part, whole) in [("kubeconfig-00", admin.as_slice()), ("kubeconfig-01", bytes)] {
        let part = fs::read(folder.path().join(part)).expect("csplit wrote it");
        assert_eq!(kubeconfig::parse(&part).expect("a kubeconfig"), kubeconfig::parse(whole).expect("a kubeconfig"));
    }
}

/// A value that was encoded twice, in a kubeconfig and in a Secret: the remedy's command writes the correct value.
#[test]
fn values_that_were_encoded_twice_are_named() {
    let path = "ecdsa-3/cp1/etc/kubernetes/admin.conf";
    let admin = text(&fixtures::read(&format!("kubeadm/{path}")));
    let once = STANDARD.encode(ca());
    assert!(admin.contains(&once));
    let twice = admin.replace(&once, &STANDARD.encode(&once));
    let (findings, planned) = findings_of(with(&[(path, twice.into_bytes())]));
    assert!(!planned);
    let finding = findings.iter().find(|finding| finding.message.contains("base64 twice")).expect("it is said");
    assert_eq!(
        (finding.severity, finding.file.as_str(), finding.place.as_str()),
        (Severity::Error, path, "clusters[0].cluster.certificate-authority-data")
    );
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let command = finding.remedy.split('`').nth(1).expect("the remedy has a command");
    helpers::run(&format!("{command} >NEW"), folder.path(), &ca());
    assert_eq!(fs::read(folder.path().join("NEW")).expect("base64 wrote it"), once.as_bytes());

    let secret = |data: &str| {
        let secrets = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: one-ca\n  labels:\n    cluster.x-k8s.io/cluster-name: one\n";
        format!("{secrets}type: cluster.x-k8s.io/secret\ndata:\n  tls.crt: {data}\n").into_bytes()
    };
    let inventory = |data: &str| inspect(vec![InputFile::new("secret.yaml", secret(data))], fixtures::now());
    let is_twice =
        |data: &str| inventory(data).findings().iter().any(|finding| finding.message.contains("base64 twice"));
    assert!(is_twice(&STANDARD.encode(&once)) && !is_twice(&once));
}

/// YAML allows a document to be indented completely: kubectl reads it, and the package keeps the indentation.
#[test]
fn an_indented_kubeconfig_is_understood_and_edited_in_place() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (plan, written) = packed(fixtures::files("field/k-indent"));
    assert!(plan.report().steps.iter().any(|step| step.edits.iter().any(|edit| edit.target.contains("alice"))));
    let before = text(&fixtures::read("field/k-indent/alice.kubeconfig"));
    for phase in ["1-trust-both", "2-switch", "3-drop-old"] {
        let file = written.iter().find(|(path, _)| path.starts_with(phase) && path.contains("clients/alice"));
        let after = text(
            &file
                .unwrap_or_else(|| {
                    panic!(
                        "{phase} has Alice's kubeconfig: {:?}",
                        written.iter().map(|(path, _)| path).collect::<Vec<_>>()
                    )
                })
                .1,
        );
        assert_eq!(after.lines().count(), before.lines().count());
        assert!(after.lines().all(|line| line.starts_with("  ")), "{after}");
        let path = folder.path().join("alice");
        fs::write(&path, &after).expect("a file can be written");
        let seen = tools::succeed(tools::kubectl(&path).args(["config", "view", "--raw"]));
        assert_eq!(kubeconfig::parse(seen.as_bytes()), kubeconfig::parse(after.as_bytes()));
    }
    // A node's own kubeconfig, which the scripts read with sed.
    let admin = "k-indent/master-a/etc/kubernetes/admin.conf";
    let indented: String =
        text(&fixtures::read(&format!("field/{admin}"))).lines().map(|line| format!("    {line}\n")).collect();
    let mut files = fixtures::files("field/k-indent");
    files.retain(|file| file.path != admin);
    files.push(InputFile::new(admin, indented.clone().into_bytes()));
    let (_, written) = packed(files);
    let file = written
        .iter()
        .find(|(path, _)| path.starts_with("1-trust-both") && path.ends_with("etc/kubernetes/admin.conf"));
    let after = &file.expect("phase 1 has admin.conf").1;
    fs::write(folder.path().join("admin.conf"), after).expect("a file can be written");
    let mut sed = Command::new("sed");
    sed.args(["-n", "s/^ *certificate-authority-data: *//p"]).arg(folder.path().join("admin.conf"));
    let data = STANDARD.decode(tools::succeed(&mut sed).trim()).expect("the script reads base64");
    assert_eq!(pem::trust_blocks(&data).len(), 2);
}

/// A List without its wrapper, in JSON and YAML; text before a block that looks like YAML; the same object twice.
#[test]
fn harmless_forms_are_simply_understood() {
    let objects = fixtures::read("dump/everything.yaml");
    let plain = findings_of(with(&[("everything.yaml", objects.clone())])).0;
    assert!(plain.iter().any(|finding| finding.code == "ca-copy"));
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let script = "import yaml,json,sys\nd=[x for x in yaml.safe_load_all(open('FILE')) if x]\nd=sum([x.get('items',[x]) if x['kind'].endswith('List') else [x] for x in d],[])\njson.dump(d,open('a.json','w'),default=str)\nyaml.safe_dump(d,open('a.yaml','w'))";
    fs::write(folder.path().join("script.py"), script).expect("a file can be written");
    helpers::run("python3 script.py", folder.path(), &objects);
    for name in ["a.json", "a.yaml"] {
        let array = fs::read(folder.path().join(name)).expect("python wrote it");
        assert_eq!(findings_of(with(&[("everything.yaml", array)])).0, plain, "{name}");
    }
    let ca = text(&ca());
    for notes in [
        "node: cp1\n",
        "kind: of a CA\napiVersion: none\n",
        "subject=CN = kubernetes\nissuer=CN = kubernetes\n",
        "Bag Attributes\n    friendlyName: x\nKey Attributes: <No Attributes>\n",
    ] {
        let (findings, planned) = findings_of(with(&[(CA, format!("{notes}{ca}").into_bytes())]));
        assert!(planned && findings.is_empty(), "{notes}: {findings:#?}");
    }
    let info = text(&fixtures::read("kubeadm/ecdsa-3/cluster/cluster-info.yaml"));
    let uid = info.lines().find(|line| line.starts_with("  uid:")).expect("the export has a uid");
    let later = info
        .replace("  resourceVersion: \"", "  generation: 7\n  resourceVersion: \"9")
        .replace("manager: kubeadm", "manager: kubectl")
        .replace(&format!("{uid}\n"), "");
    assert!(later.contains("generation: 7") && later.contains("manager: kubectl"), "{later}");
    let (findings, planned) = findings_of(with(&[("later.yaml", later.clone().into_bytes())]));
    assert!(planned && findings.iter().all(|finding| finding.code != "two-objects"), "{findings:#?}");
    let other = later.replacen("data:\n", "data:\n  more: x\n", 1);
    assert_ne!(other, later);
    expect(&findings_of(with(&[("later.yaml", other.into_bytes())])).0, "two-objects", Severity::Error, "later.yaml");
}

#[test]
fn a_kubelet_configuration_that_is_not_a_nodes_own_is_noted() {
    let own = text(&fixtures::read("kubeadm/ecdsa-3/cp1/var/lib/kubelet/config.yaml"));
    let indented: String = own.lines().map(|line| format!("    {line}\n")).collect();
    let config = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kubelet-config\n  namespace: kube-system\ndata:\n  kubelet: |\n{indented}"
    );
    let kubeadm = format!("apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n---\n{own}");
    for bytes in [own, config, kubeadm] {
        let (findings, planned) = findings_of(with(&[("given.yaml", bytes.clone().into_bytes())]));
        assert!(planned, "{bytes}");
        let finding = expect(&findings, "kubelet-configuration-template", Severity::Note, "given.yaml");
        assert!(finding.remedy.contains("/var/lib/kubelet/config.yaml"), "{finding}");
    }
}

/// A CA that was renewed with its key is the same CA, and its previous certificate does not count as outdated.
#[test]
fn a_ca_renewed_with_its_key_is_one_authority() {
    let (_, written) = packed(fixtures::files("field/l-samekey"));
    let current =
        pem::trust_blocks(&fixtures::read("field/l-samekey/master-a/etc/kubernetes/pki/ca.crt"))[0].der.clone();
    let admin = |phase: &str| {
        let file =
            written.iter().find(|(path, _)| path.starts_with(phase) && path.ends_with("etc/kubernetes/admin.conf"));
        let kubeconfig = kubeconfig::parse(&file.expect("the phase has admin.conf").1).expect("a kubeconfig");
        let pem = kubeconfig.clusters[0].certificate_authority.embedded().expect("it embeds a CA").to_vec();
        pem::trust_blocks(&pem).into_iter().map(|block| block.der).collect::<Vec<_>>()
    };
    let (first, last) = (admin("1-trust-both"), admin("3-drop-old"));
    assert_eq!((first.len(), &first[0]), (2, &current));
    assert_eq!(last, first[1..]);
    let inventory = inspect(fixtures::files("field/l-samekey"), fixtures::now());
    let note = inventory.findings().iter().find(|finding| finding.code == "renewed-ca").expect("it is said");
    assert!(note.severity == Severity::Note && note.file.ends_with("pki/ca.crt"), "{note}");
    assert!(note.message.contains("2046-11-25") && note.message.contains("admin.conf"), "{note}");
}

/// Kubeconfigs with the CA from before a replacement: the finding's command inserts the CA.
#[test]
fn a_kubeconfig_that_was_left_behind_is_named_and_mended() {
    let files = fixtures::files("field/b-2027");
    let inventory = inspect(files.clone(), fixtures::now());
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fixtures::copy(&fixtures::path("field/b-2027/master-a/etc"), &folder.path().join("etc"));
    let names = ["admin", "super-admin", "controller-manager", "scheduler", "kubelet"];
    for name in names {
        let path = format!("b-2027/master-a/etc/kubernetes/{name}.conf");
        // No component reads the admin's copies: they are acknowledged instead.
        let severity = if name.ends_with("admin") { Severity::Warning } else { Severity::Error };
        let finding = expect(inventory.findings(), "out-of-step", severity, &path);
        let command = finding.remedy.rsplit_once(": ").expect("the remedy names a command").1;
        let command = command.replace("/etc/", &format!("{}/etc/", folder.path().display()));
        let mut kubectl = tools::kubectl(&folder.path().join("none"));
        let arguments: Vec<&str> = command.split(' ').skip(1).collect();
        let mut mend = Command::new(kubectl.get_program());
        let file = folder.path().join(format!("etc/kubernetes/{name}.conf"));
        let mut permissions = fs::metadata(&file).expect("it is there").permissions();
        #[allow(clippy::permissions_set_readonly_false)]
        permissions.set_readonly(false);
        fs::set_permissions(&file, permissions).expect("it can be made writable");
        tools::succeed(mend.args(arguments).env_remove("KUBECONFIG"));
        kubectl.args(["config", "view"]);
    }
    let mended = files.into_iter().map(|file| match file.path.strip_prefix("b-2027/master-a/") {
        Some(rest) if file.path.ends_with(".conf") => {
            InputFile::new(file.path.clone(), fs::read(folder.path().join(rest)).expect("it is there"))
        }
        _ => file,
    });
    packed(mended.collect());
}
