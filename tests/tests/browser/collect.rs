//! `collect.sh`, as downloaded from the page: run on trees of nodes, it packs the files that the page reads.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use airlock_tests::{
    fixtures,
    secrets::Secrets,
    tools::{root, succeed},
};

use crate::page::{Page, learn};

const FIXTURE: &str = "kubeadm/ecdsa-3";
const NODES: [&str; 4] = ["cp1", "cp2", "cp3", "worker1"];

/// Runs the script as root on a node does, and returns the archive with the node's name.
fn collect(script: &Path, node: &Path, out: &Path, options: &[&str]) -> PathBuf {
    fs::create_dir_all(out).expect("a folder can be made");
    let mut command = Command::new("sh");
    command.arg(script).args(options).env("ROOT", node).env("OUT", out);
    let said = succeed(&mut command);
    let archive = said.lines().find_map(|line| Some(line.split_once(".tar.gz:")?.0.to_owned() + ".tar.gz"));
    let archive = PathBuf::from(archive.unwrap_or_else(|| panic!("no archive: {said}")));
    let named = out.join(node.file_name().expect("a node has a name")).with_extension("tar.gz");
    fs::rename(archive, &named).expect("an archive can be renamed");
    named
}

#[test]
fn the_script_of_the_page_packs_what_the_page_reads() {
    let page = Page::open("collect");
    // The user confirms the download, because the browser warns about scripts.
    let keep = serde_json::json!({ "behavior": "allow", "downloadPath": page.downloads() });
    page.devtools("Browser.setDownloadBehavior", &keep);
    page.click("[data-test=download-script]");
    let script = page.await_download("collect.sh");
    let source = fs::read_to_string(root().join("frontend/collect.sh")).expect("the script can be read");
    assert_eq!(fs::read_to_string(&script).expect("a download can be read"), source);
    succeed(Command::new("shellcheck").args(["--shell", "sh"]).arg(&script));

    let trees = fixtures::path(FIXTURE);
    let all: Vec<PathBuf> =
        NODES.iter().map(|node| collect(&script, &trees.join(node), &page.folder().join("all"), &[])).collect();
    page.choose(&all.iter().map(AsRef::as_ref).collect::<Vec<&Path>>());
    page.go("inspect");
    for node in NODES {
        assert_eq!(page.count(&format!("[data-test=node][data-name={node}]")), 1, "{node}");
    }
    page.unfold();
    let slots = page.count("[data-test=slot]");
    let errors: Vec<_> = page.findings().into_iter().filter(|finding| finding.0 == "error").collect();
    assert!(errors.is_empty(), "{errors:#?}");
    page.plan();

    // The page shows as many files as for the trees themselves.
    page.go("load");
    page.click("[data-test=remove-all]");
    page.wait("!document.querySelector('[data-test=inventory]')");
    page.choose(&[&crate::input::pack(page.folder(), FIXTURE, &NODES, "trees.tar")]);
    page.go("inspect");
    page.unfold();
    assert_eq!(page.count("[data-test=slot]"), slots, "nothing that counts is missing in the archives");

    // Without keys, the archive contains no key and every certificate.
    let bare = collect(&script, &trees.join("cp1"), &page.folder().join("bare"), &["--without-keys"]);
    let folder = page.folder().join("unpacked");
    fs::create_dir(&folder).expect("a folder can be made");
    succeed(Command::new("tar").arg("-xzf").arg(&bare).arg("-C").arg(&folder));
    let mut found = Secrets::default();
    learn(&mut found, &folder);
    assert!(found.is_empty(), "a private key is in the archive");
    let conf = fs::read_to_string(folder.join("etc/kubernetes/admin.conf")).expect("the kubeconfig is packed");
    assert!(conf.contains("client-certificate-data") && !conf.contains("client-key-data"), "{conf}");
    for kept in ["etc/kubernetes/pki/ca.crt", "var/lib/kubelet/pki/kubelet-client-current.pem"] {
        assert!(fs::symlink_metadata(folder.join(kept)).is_ok(), "{kept} is packed");
    }

    let mut secrets = Secrets::default();
    learn(&mut secrets, &trees);
    page.close(&secrets);
}

/// The script finds certificates outside of /etc/kubernetes by the flags that name them.
#[test]
fn certificates_elsewhere_are_packed_too() {
    let folder = airlock_tests::rotation::scratch("collect-elsewhere");
    let node = fixtures::path("kubeadm/elsewhere-1/cp1");
    let archive = collect(&root().join("frontend/collect.sh"), &node, &folder, &[]);
    let listed = succeed(Command::new("tar").arg("-tzf").arg(&archive));
    for file in ["ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "apiserver.crt", "sa.pub"] {
        assert!(listed.lines().any(|line| line == format!("opt/k8s/pki/{file}")), "{file}: {listed}");
    }
}
