//! Conveniences: the last action can be undone, closed sections are printed open, the remaining time is shown, old and
//! new content are shown side by side, and a certificate opens to its last field.

use airlock_tests::{fixtures, secrets::Secrets};
use serde_json::json;

use crate::{
    input::{copy, pack},
    package::unpack,
    page::{Page, learn},
};

const FIXTURE: &str = "kubeadm/ecdsa-3";
const NODES: [&str; 5] = ["cp1", "cp2", "cp3", "worker1", "cluster"];

/// Presses Control and Z while no element has the focus.
fn undo_by_key(page: &Page) {
    page.evaluate("document.activeElement.blur();");
    let key =
        |kind: &str| json!({ "type": kind, "modifiers": 2, "key": "z", "code": "KeyZ", "windowsVirtualKeyCode": 90 });
    page.devtools("Input.dispatchKeyEvent", &key("rawKeyDown"));
    page.devtools("Input.dispatchKeyEvent", &key("keyUp"));
}

#[test]
fn the_last_change_is_undone_by_button_and_by_key() {
    let page = Page::open("undo");
    assert_eq!(page.count("[data-test=undo]"), 0, "there is nothing to undo");
    page.choose_folder(&copy(page.folder(), FIXTURE, &NODES, "cluster"));
    let all = page.files();
    page.choose(&[&pack(page.folder(), "kubeadm/other-1", &["cp1"], "another.tar")]);
    assert_eq!(page.files(), all + 1);
    assert_eq!(page.text("document.querySelector('[data-test=undo]').innerText"), "Undo: remove the last file");
    page.click("[data-test=undo]");
    page.settle("undone");
    assert_eq!(page.files(), all);

    // Removed input is restored from memory; until then the panel says that it is kept.
    page.click("[data-test=remove-all]");
    page.wait("document.querySelector('[data-test=undo]')?.innerText.includes('restore')");
    page.settle("removed");
    assert_eq!(page.files(), 0);
    page.unfold();
    let memory = page.text("document.querySelector('[data-test=trust-memory]').innerText");
    assert!(memory.contains("kept for undo"), "{memory}");
    undo_by_key(&page);
    page.wait("document.querySelector('[data-test=inventory]')");
    page.settle("brought back");
    assert_eq!(page.files(), all);

    // A changed option is restored; in a field the key combination is the field's own.
    page.go("plan");
    page.click("[data-test=keep-keys]");
    page.wait("document.querySelector('[data-test=keep-keys]:checked')");
    undo_by_key(&page);
    page.wait("document.querySelector('[data-test=keep-keys]:not(:checked)')");

    // Undoing does not discard a package.
    page.click("[data-test=keep-keys]");
    page.plan();
    page.make();
    assert_eq!(page.count("[data-test=undo]"), 0);
    undo_by_key(&page);
    page.settle("nothing is undone");
    assert_eq!(page.count("[data-test=review]"), 1);

    // Wiped input cannot be restored.
    page.unfold();
    page.click("[data-test=wipe]");
    page.wait("!document.querySelector('[data-test=review]')");
    page.settle("wiped");
    assert_eq!(page.count("[data-test=undo]"), 0);
    close(page, None);
}

#[test]
fn nobody_can_open_paper() {
    let page = Page::open("print");
    page.choose(&[&pack(page.folder(), FIXTURE, &NODES, "nodes.tar")]);
    page.go("inspect");
    let closed = "document.querySelectorAll('[data-test=node] [aria-expanded=false]').length";
    assert!(page.evaluate(&format!("return {closed} > 3;")) == json!(true), "holders are closed on the screen");
    page.evaluate("dispatchEvent(new Event('beforeprint'));");
    page.wait("!document.querySelector('[data-test=node] [aria-expanded=false]') && document.querySelectorAll('[data-test=slot]').length > 50");
    page.look("on paper");
    page.evaluate("dispatchEvent(new Event('afterprint'));");
    page.wait(&format!("{closed} > 3"));
    close(page, None);
}

#[test]
fn a_change_is_seen_from_both_sides() {
    let page = Page::open("sides");
    page.choose(&[&pack(page.folder(), FIXTURE, &NODES, "nodes.tar")]);

    // A certificate opens to its last field, each extension with its octets.
    page.go("inspect");
    page.unfold();
    page.evaluate("document.querySelector('[data-test=slot] [data-test=all-fields]').open = true;");
    page.wait("document.querySelector('[data-test=fields]')");
    page.settle("all fields");
    let fields = page.text("document.querySelector('[data-test=fields]').innerText");
    for part in [
        "keyUsage (2.5.29.15, critical)",
        "digitalSignature, keyEncipherment, keyCertSign",
        "raw: 0302",
        "basicConstraints",
        "Signature",
    ] {
        assert!(fields.contains(part), "{part}: {fields}");
    }

    page.plan();
    page.make();
    page.unfold();
    // CA file, kubeconfig, manifest: the previous content on the left, the new content on the right.
    for (file, before, after) in [
        ("1-trust-both/control-plane/cp1/etc/kubernetes/pki/ca.crt", "", "BEGIN CERTIFICATE"),
        ("2-switch/control-plane/cp1/etc/kubernetes/admin.conf", "‹certificate", "‹certificates"),
        (
            "1-trust-both/control-plane/cp1/etc/kubernetes/manifests/kube-controller-manager.yaml",
            "--cluster-signing-cert-file",
            "--cluster-signing-cert-file",
        ),
    ] {
        page.preview(file);
        page.click("[data-test=beside]");
        page.wait("document.querySelector('[data-test=sides]')");
        let column = |side: &str| {
            page.text(&format!(
                "[...document.querySelectorAll('[data-test=sides] {side}')].map((e) => e.innerText).join('\\n')"
            ))
        };
        assert!(column("del").contains(before), "{file}: {}", column("del"));
        assert!(column("ins").contains(after), "{file}: {}", column("ins"));
        page.click("[data-test=together]");
        page.wait("!document.querySelector('[data-test=sides]')");
    }
    page.preview("2-switch/control-plane/cp1/etc/kubernetes/pki/apiserver.crt");
    let change = page.text("document.querySelector('[data-test=certificate-change]').innerText");
    assert!(change.contains("Certificate replaced: CN=kube-apiserver") && change.contains("unchanged"), "{change}");
    let root = unpack(&page.download());
    close(page, Some(&root));
}

/// RSA keys take time to generate: the remaining time is shown next to the bar.
#[test]
fn the_time_left_is_told() {
    let page = Page::open("time-left");
    page.choose(&[&pack(page.folder(), "kubeadm/rsa-3", &NODES, "nodes.tar")]);
    page.plan();
    page.click("[data-test=make]");
    page.wait("document.querySelector('[data-test=left]')?.innerText.includes('left') || document.querySelector('[data-test=review]')");
    let told = page.evaluate("return document.querySelector('[data-test=left]')?.innerText ?? null;");
    assert!(told.as_str().is_some_and(|told| told.starts_with("about ")), "{told}");
    page.click("[data-test=cancel]");
    page.settle("cancelled");
    close(page, None);
}

fn close(page: Page, made: Option<&std::path::Path>) {
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    if let Some(made) = made {
        learn(&mut secrets, made);
    }
    page.close(&secrets);
}
