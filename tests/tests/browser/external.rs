//! A new CA whose key stays elsewhere: signs there with the page's package, and continues with the signed certificates.

use std::{fs, path::Path, process::Command};

use airlock_tests::{external::sign, fixtures, rotation::walk, secrets::Secrets, tools::succeed};

use crate::{
    input::{pack, write},
    package::{manifest, unpack},
    page::{Page, learn},
};

const FIXTURE: &str = "kubeadm/external-1";

fn steps(package: &Path) -> Vec<String> {
    let manifest = manifest(package);
    let steps = manifest["steps"].as_array().expect("a manifest has steps").iter();
    steps.map(|step| step["id"].as_str().expect("a step has an id").to_owned()).collect()
}

#[test]
fn the_page_asks_for_certificates_and_goes_on_when_they_are_there() {
    let page = Page::open("page-external");
    let nodes = pack(page.folder(), FIXTURE, &["cp1", "cluster"], "nodes.tar.gz");
    page.choose(&[&nodes]);
    page.click("[data-test=kubelets-mint]");
    page.click("[data-test=external-ca]");
    page.wait("document.querySelector('[data-test=external-ca]:checked')");
    assert_eq!(page.count("[data-test=cluster-make], [data-test=cluster-name]"), 0, "nothing is made here");

    // The package requests certificates, and contains no keys of them.
    page.wait("document.querySelectorAll('[data-test=problem]').length === 2");
    for (authority, file) in [("cluster", "ca.crt"), ("front-proxy", "front-proxy-ca.crt")] {
        let content = fs::read(fixtures::path("brought").join(file)).expect("a fixture can be read");
        let file = write(page.folder(), &format!("new-{file}"), content);
        page.choose_by(&format!("[data-test={authority}-certificate-file]"), &[&file]);
    }
    page.plan();
    let wanted = page.findings().into_iter().find(|finding| finding.1 == "signatures-wanted");
    assert!(wanted.is_some_and(|finding| finding.2.contains("8 certificates must be signed by")), "the plan says it");
    let successors = page.text("document.querySelector('[data-test=successor]').innerText");
    assert!(successors.contains("not loaded"), "{successors}");
    let phases = page.text("document.querySelector('[data-test=phases]').innerText");
    assert_eq!(phases.matches("Not in this package.").count(), 2, "{phases}");
    page.make();

    // Review and download show the last step of the package, and the next action.
    let reach = page.text("document.querySelector('[data-test=reach]').innerText");
    assert!(reach.contains("It ends after “Phase 1: trust both”") && reach.contains("8 certificates"), "{reach}");
    page.go("download");
    let next = page.text("document.querySelector('[data-test=what-next]').innerText");
    assert!(next.contains("signing-requests/") && next.contains("Load the nodes' current files"), "{next}");
    let hint = page.text("document.querySelector('[data-test=download-hint]').innerText");
    assert!(hint.contains("none of a new CA"), "{hint}");
    let archive = page.download();
    let first = unpack(&archive);
    assert!(steps(&first).iter().all(|step| step.starts_with("1-")), "{:?}", steps(&first));
    let ca_keys = walk(&first).into_iter().filter(|path| path.ends_with("ca.key") && !path.starts_with("0-"));
    assert_eq!(ca_keys.collect::<Vec<_>>(), Vec::<String>::new());

    // Signs elsewhere, and continues on a new page.
    let signed = page.folder().join("signed");
    fs::create_dir(&signed).expect("a folder can be made");
    let certificates = sign(&first, &signed);
    page.unfold();
    page.click("[data-test=wipe]");
    page.wait("document.querySelector('[data-test=page][data-place=workers]') && !document.querySelector('[data-test=inventory]')");
    page.settle("wiped");
    let back =
        [&[nodes.as_path(), archive.as_path()][..], &certificates.iter().map(AsRef::as_ref).collect::<Vec<&Path>>()];
    page.choose(&back.concat());
    page.click("[data-test=kubelets-mint]");
    page.click("[data-test=external-ca]");
    for authority in ["cluster", "front-proxy"] {
        let course = page.text(&format!("document.querySelector('[data-test={authority}-course]').textContent"));
        assert!(
            course.contains("This rotation has started with") && course.contains("its private key is not loaded"),
            "{course}"
        );
    }
    page.plan();
    assert_eq!(page.findings().iter().filter(|finding| finding.1 == "signatures-wanted").count(), 0);
    page.make();
    assert_eq!(page.count("[data-test=reach], [data-test=what-next]"), 0, "this one is the whole rotation");
    // The browser numbers a second file with the same name.
    let second = unpack(&page.download());
    assert!(steps(&second).iter().any(|step| step == "3-cp1"), "{:?}", steps(&second));
    let pki = second.join("2-switch/control-plane/cp1/etc/kubernetes/pki");
    for (leaf, ca) in [("apiserver", "ca.crt"), ("front-proxy-client", "front-proxy-ca.crt")] {
        let leaf = pki.join(leaf).with_extension("crt");
        let mut verify = Command::new("openssl");
        verify.args(["verify", "-no_check_time", "-x509_strict", "-CAfile"]).arg(fixtures::path("brought").join(ca));
        succeed(verify.arg(leaf));
    }

    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    learn(&mut secrets, &first);
    learn(&mut secrets, &second);
    page.close(&secrets);
}
