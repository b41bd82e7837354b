//! Practice: a sample cluster generated in the browser, marked as such everywhere, through to the package.

use std::{fs, time::Instant};

use airlock_tests::{rotation::walk, secrets::Secrets};

use crate::{
    package::{manifest, unpack},
    page::{Page, learn},
};

/// Generates a sample, and waits until it was inspected.
pub fn make(page: &Page, id: &str) {
    page.click(&format!("[data-test=sample-{id}]"));
    page.wait("document.querySelector('[data-test=inventory], [data-test=alert] p')");
    page.settle(&format!("sample {id}"));
}

/// Requests a package that is refused because of an outage, and accepts the outage.
pub fn make_with_outage(page: &Page) {
    page.click("[data-test=make]");
    page.wait("document.querySelector('[data-test=unmade], [data-test=alert] p')");
    page.settle("refused");
    page.click("[data-test=accept-outage]");
    page.wait("document.querySelector('[data-test=accept-outage]:checked')");
    page.click("[data-test=make-with-outage]");
    page.wait("document.querySelector('[data-test=review], [data-test=alert] p')");
    page.settle("made with the outage");
    assert_eq!(page.count("[data-test=review]"), 1, "no package: {}", page.says());
}

/// A new user follows the buttons: from the empty page to a package in six clicks.
fn practise(id: &str, platform: &str, outage: bool) {
    let page = Page::open(&format!("sample-{id}"));
    let begun = Instant::now();
    make(&page, id);
    page.wait("document.querySelector('[data-test=onwards]')");
    page.onwards("inspect");
    let errors: Vec<_> = page.findings().into_iter().filter(|finding| finding.0 == "error").collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let summary = page.text("document.querySelector('[data-test=summary]').innerText");
    assert!(summary.contains(&format!("sample-{id}")) && summary.contains(platform), "{summary}");
    page.onwards("plan");
    page.plan();
    if outage {
        make_with_outage(&page);
    } else {
        page.make();
    }
    for step in ["load", "inspect", "plan", "review", "download"] {
        page.go(step);
        assert_eq!(page.count("[data-test=sample-banner]"), 1, "{step} says that it is a sample");
        assert!(page.text("document.title").contains("Sample: "), "{step}");
    }
    let root = unpack(&page.download());
    assert!(begun.elapsed().as_secs() < 120, "it took {} s", begun.elapsed().as_secs());

    let name = root.file_name().expect("a package has a name").to_string_lossy().into_owned();
    assert!(name.starts_with(&format!("airlock-sample-{id}-")), "{name}");
    let runbook = fs::read_to_string(root.join("RUNBOOK.md")).expect("there is a runbook");
    let readme = fs::read_to_string(root.join("README.txt")).expect("it says what it is");
    for text in [runbook, readme] {
        assert!(text.contains("made from a sample"), "{}", &text[..400]);
    }
    let manifest = manifest(&root);
    assert_eq!(manifest["sample"], true);
    let holders =
        manifest["steps"].as_array().expect("a list").iter().map(|step| step["holder"].as_str().unwrap_or_default());
    let groups = ["control-plane", "workers", "cluster", "management", "clients"];
    for holder in holders {
        assert!(groups.contains(&holder) || holder.starts_with("sample-"), "{holder}");
    }
    assert!(walk(&root).len() > 20);

    // The sample is in no folder, so only the package's keys are known; none of them is visible.
    let mut secrets = Secrets::default();
    learn(&mut secrets, &root);
    page.click("[data-test=end-sample]");
    page.wait("!document.querySelector('[data-test=sample-banner]')");
    page.settle("ended");
    assert_eq!(page.files(), 0);
    page.close(&secrets);
}

#[test]
fn kubeadm() {
    practise("kubeadm", "kubeadm", false);
}

#[test]
fn cluster_api() {
    practise("cluster-api", "kubeadm", false);
}

#[test]
fn starlingx() {
    practise("starlingx", "StarlingX", true);
}

#[test]
fn talos() {
    practise("talos", "Talos", true);
}

#[test]
fn kamaji() {
    practise("kamaji", "Kamaji", false);
}
