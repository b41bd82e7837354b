//! Five steps in the address, free navigation backwards, and a question before keys are lost.

use airlock_tests::{fixtures, secrets::Secrets};

use crate::{
    input::pack,
    package::unpack,
    page::{Page, learn},
};

const FIXTURE: &str = "kubeadm/ecdsa-3";

/// The address, the tab's title, the displayed step, and the focused element.
fn place(page: &Page) -> [String; 4] {
    let found = page.evaluate(
        "return [location.hash, document.title, document.querySelector('[data-step]:not([hidden])').dataset.step, document.activeElement.id];",
    );
    serde_json::from_value(found).expect("four texts")
}

fn shown(page: &Page, step: &str) {
    page.wait(&format!("!document.querySelector('[data-step={step}]').hidden && location.hash === '#{step}'"));
}

/// Whether the browser would ask before it leaves the page.
fn asks(page: &Page) -> bool {
    page.evaluate("return !dispatchEvent(new Event('beforeunload', { cancelable: true }));") == true
}

#[test]
fn one_goes_on_and_back_and_nothing_is_lost() {
    let page = Page::open("steps");
    assert_eq!(place(&page)[0], "", "an address without a step is that of the first");
    assert_eq!(page.count("[data-test=way] a"), 1, "there is one step to go to");
    assert_eq!(
        (page.count("[data-test=onwards]"), page.count("[data-test=onwards-blocked]")),
        (0, 1),
        "files are missing"
    );
    page.choose(&[&pack(page.folder(), FIXTURE, &["cp1", "cp2", "cp3", "worker1", "cluster"], "nodes.tar")]);
    page.click("[data-test=onwards]");
    shown(&page, "inspect");
    let here = ["#inspect", "Inspect – Airlock", "inspect", "inventory"];
    assert_eq!(place(&page), here);
    page.click("[data-test=onwards]");
    shown(&page, "plan");
    page.click("[data-test=keep-keys]");
    page.plan();
    page.make();
    shown(&page, "review");
    assert_eq!(place(&page)[3], "review");
    page.click("[data-test=onwards]");
    shown(&page, "download");

    // The browser's own Back button, step by step, and Forward again.
    for step in ["review", "plan", "inspect"] {
        page.evaluate("history.back();");
        shown(&page, step);
    }
    page.evaluate("history.go(3);");
    shown(&page, "download");
    assert_eq!((page.count("[data-test=keep-keys]:checked"), page.count("[data-test=review]")), (1, 1));

    // A step with missing requirements cannot be opened, not even by its address.
    page.click("[data-test=keep-keys]");
    page.wait("!document.querySelector('[data-test=review]')");
    page.evaluate("location.hash = 'download';");
    shown(&page, "plan");
    page.evaluate("location.hash = 'ca.key';");
    shown(&page, "plan");
    close(page);
}

#[test]
fn the_browser_asks_before_keys_are_lost() {
    let page = Page::open("leaving");
    page.choose(&[&pack(page.folder(), FIXTURE, &["cp1", "cp2", "cp3", "worker1", "cluster"], "nodes.tar")]);
    page.plan();
    assert!(!asks(&page), "nothing was made");
    page.make();
    assert!(asks(&page), "keys were made and not saved");
    let package = page.download();
    assert!(!asks(&page), "the package was downloaded");
    let mut secrets = Secrets::default();
    learn(&mut secrets, &unpack(&package));
    page.close(&secrets);
}

#[test]
fn what_the_page_is_and_holds_is_said_and_wiped() {
    let page = Page::open("trust-panel");
    page.unfold();
    let said = |what: &str| page.text(&format!("document.querySelector('[data-test=trust-{what}]').innerText"));
    page.wait("document.querySelector('[data-test=trust-self-test]')?.innerText.includes('passed')");
    assert_eq!(said("version"), env!("CARGO_PKG_VERSION"));
    let policy = page.text("document.querySelector('meta[http-equiv]').content");
    assert_eq!(said("policy").trim(), policy);
    let digest = said("build");
    let digest = digest.split_whitespace().next().unwrap_or_default();
    assert_eq!(digest, crate::package::sha256(&crate::page::dist()), "the page says what sha256sum says of its file");
    assert!(said("blocked").starts_with("0 network attempts"), "{}", said("blocked"));
    assert!(said("memory").contains("No files."), "{}", said("memory"));
    assert!(page.count("[data-test=key-row]") > 15, "every key is listed");

    page.choose(&[&pack(page.folder(), FIXTURE, &["cp1", "cp2", "cp3", "worker1", "cluster"], "nodes.tar")]);
    assert!(said("memory").contains("private keys."), "{}", said("memory"));
    page.plan();
    page.make();
    assert!(said("memory").contains("The package, with private keys in"), "{}", said("memory"));
    page.click("[data-test=wipe]");
    page.wait("document.querySelector('[data-test=page][data-place=workers]') && !document.querySelector('[data-test=inventory]')");
    page.settle("wiped");
    assert!(said("memory").contains("No files."), "{}", said("memory"));
    assert!(!asks(&page), "there is nothing left to lose");

    // The user can start again.
    page.choose(&[&pack(page.folder(), FIXTURE, &["cp1", "cp2", "cp3", "worker1", "cluster"], "again.tar")]);
    page.plan();
    close(page);
}

#[test]
fn the_present_is_drawn() {
    let page = Page::open("present");
    page.choose(&[&pack(page.folder(), FIXTURE, &["cp1", "cp2", "cp3", "worker1", "clients", "cluster"], "nodes.tar")]);
    page.go("inspect");
    page.unfold();
    for authority in ["Cluster CA", "Front-proxy CA", "etcd CA"] {
        let places = page.count(&format!("[data-test=pki-authority][data-name=\"{authority}\"] [data-test=pki-place]"));
        assert!(places >= 2, "{authority} has {places} places");
    }
    let rows = page.text("document.querySelector('[data-test=pki-table]').innerText");
    for said in
        ["/etc/kubernetes/pki/apiserver.crt", "cp1, cp2, cp3", "issued by the Cluster CA", "trusts the Front-proxy CA"]
    {
        assert!(rows.contains(said), "{said}: {rows}");
    }
    let nodes = page.count("[data-test=node]");
    assert_eq!(nodes, page.count("[data-test=holder]"), "a line for each holder");
    assert_eq!(page.count("[data-test=standing]"), 0, "no rotation is under way");
    let first = page.text("document.querySelector('[data-test=first-expiry]').innerText");
    assert!(first.starts_with("Earliest expiry: /") && first.contains("days"), "{first}");
    let of = |kind: &str| page.count(&format!("[data-step=plan] [data-test=life][data-kind={kind}]"));
    page.plan();
    assert_eq!((of("old"), of("new")), (3, 2), "both that rotate have a successor");
    close(page);
}

fn close(page: Page) {
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    page.close(&secrets);
}
