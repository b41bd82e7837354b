//! Explanation of errors: a message pasted anywhere, the loaded files that may cause it, and a command to verify it.

use std::fs;

use airlock_tests::{fixtures, secrets::Secrets, tools::root};

use crate::{
    input::copy,
    page::{Page, learn},
};

const FIXTURE: &str = "kubeadm/ecdsa-3";

/// A recorded message of a program (`tests/fixtures/errors/make.sh`).
pub fn message(name: &str) -> String {
    let all = fs::read_to_string(root().join("tests/fixtures/errors/messages.txt")).expect("the messages can be read");
    let line = all.lines().find_map(|line| line.split_once('\t').filter(|(known, _)| *known == name));
    line.unwrap_or_else(|| panic!("no message is called {name}")).1.to_owned()
}

/// Pastes a text while no element has the focus.
fn paste_anywhere(page: &Page, text: &str) {
    let data = serde_json::json!(text);
    page.evaluate(&format!(
        "document.activeElement.blur();
         const data = new DataTransfer();
         data.setData('text/plain', {data});
         document.body.dispatchEvent(new ClipboardEvent('paste', {{ bubbles: true, cancelable: true, clipboardData: data }}));"
    ));
}

#[test]
fn a_message_is_explained_with_the_loaded_files_as_suspects() {
    let page = Page::open("explain");
    // One node still has the CA of another cluster: two CAs with one name.
    let folder = copy(page.folder(), FIXTURE, &["cp1", "cp2", "worker1", "cluster"], "cluster");
    let stale = folder.join("worker1/etc/kubernetes/pki/ca.crt");
    fs::copy(fixtures::path("kubeadm/other-1/cp1/etc/kubernetes/pki/ca.crt"), &stale).expect("a file can be copied");
    page.choose_folder(&folder);
    paste_anywhere(&page, &message("go-same-name"));
    page.wait("document.querySelector('[data-test=explanation][data-kind=UnknownAuthority]')");
    page.settle("explained");
    assert_eq!(page.text("location.hash"), "#inspect", "the explanation is shown");
    let suspects =
        page.text("[...document.querySelectorAll('[data-test=suspect]')].map((e) => e.innerText).join('\\n')");
    assert!(
        suspects.contains("worker1: /etc/kubernetes/pki/ca.crt possible trust bundle: trusts only CN=kubernetes"),
        "{suspects}"
    );
    assert!(suspects.contains("possible server"), "{suspects}");

    // Only the command is copied to the clipboard.
    page.open_clipboard();
    page.click("[data-test=explanation] [data-test=copy-command]");
    page.settle("copied");
    assert!(page.clipboard().starts_with("openssl s_client -connect SERVER:6443"), "{}", page.clipboard());

    // A key is not treated as a message, wherever it is pasted, and the field keeps nothing of it.
    let key = fs::read_to_string(fixtures::path("brought/ca.key")).expect("a fixture can be read");
    page.set("[data-test=message]", &message("go-other-name"));
    page.wait("document.querySelector('[data-test=explanation][data-kind=WrongName]')");
    page.evaluate(&format!(
        "const field = document.querySelector('[data-test=message]'); field.value = {};
         field.dispatchEvent(new Event('input', {{ bubbles: true }}));",
        serde_json::json!(key)
    ));
    page.wait("document.querySelector('[data-test=message]').value === ''");
    assert_eq!(page.count("[data-test=explanation]"), 0);
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    secrets.add(&key);
    page.close(&secrets);
}

/// Before files are loaded, a message is explained without them; pasted files are loaded.
#[test]
fn anything_can_be_pasted_anywhere() {
    let page = Page::open("explain-empty");
    paste_anywhere(&page, &message("openssl-expired"));
    page.wait("document.querySelector('[data-test=explanation][data-kind=Expired]')");
    let conf = fs::read_to_string(fixtures::path(FIXTURE).join("clients/alice.conf")).expect("a fixture can be read");
    paste_anywhere(&page, &conf);
    page.wait("document.querySelector('[data-test=file][data-path=pasted]')");
    page.settle("pasted");
    // Text that the user types into a field stays in it.
    page.evaluate("document.querySelector('#go-plan').click();");
    page.wait("!document.querySelector('[data-step=plan]').hidden");
    let before = page.files();
    page.evaluate(
        "const data = new DataTransfer(); data.setData('text/plain', 'name');
         document.querySelector('#ca-days').dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData: data }));",
    );
    page.settle("a paste into a field");
    assert_eq!(page.files(), before);
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    page.close(&secrets);
}

/// Every finding has a command that reproduces it.
#[test]
fn a_finding_has_its_reason_and_its_command() {
    let page = Page::open("recheck");
    let folder = copy(page.folder(), FIXTURE, &["cp1", "worker1", "cluster"], "cluster");
    let other = fixtures::path("kubeadm/other-1/cp1/etc/kubernetes/pki/apiserver.key");
    fs::copy(other, folder.join("cp1/etc/kubernetes/pki/apiserver.key")).expect("a file can be copied");
    page.choose_folder(&folder);
    page.go("inspect");
    page.unfold();
    let without = page.evaluate(
        "return [...document.querySelectorAll('[data-test=finding-group]')].filter((e) => !e.querySelector('[data-test=command] pre')).map((e) => e.dataset.code);",
    );
    assert_eq!(without, serde_json::json!([]), "findings without a command");
    let command = page.text("document.querySelector('[data-code=key-mismatch] [data-test=command] pre').innerText");
    assert!(
        command.contains("cluster/cp1/etc/kubernetes/pki/apiserver.crt | openssl x509 -noout -pubkey"),
        "{command}"
    );
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    page.close(&secrets);
}
