//! Encrypted keys: the password that decrypts them exists only in the worker.

use std::{fs, path::Path, process::Command};

use airlock_tests::{fixtures, secrets::Secrets, tools::succeed};

use crate::{
    input::copy,
    package::unpack,
    page::{Page, learn},
    resilience::{MORTAL, WORKERS},
};

/// A unique word of 24 letters and digits, as [`Secrets::add_word`] requires.
const PASSWORD: &str = "horse7battery4staple9abc";

/// Another one.
const WRONG: &str = "nobody1ever2chose3this4x";

const FIXTURE: &str = "kubeadm/ecdsa-3";

/// Encrypts a key in place with OpenSSL, as PKCS #8 with PBES2.
fn encrypt(key: &Path) {
    let mut command = Command::new("openssl");
    command.args(["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", &format!("pass:{PASSWORD}"), "-in"]).arg(key);
    let encrypted = succeed(&mut command);
    fs::write(key, encrypted).expect("a key can be written");
}

/// The cluster's tree with the CA key in a single, encrypted file; and another key in a separate file, for later.
fn tree(page: &Page) -> (std::path::PathBuf, std::path::PathBuf) {
    let cluster = copy(page.folder(), FIXTURE, &["cp1", "cp2", "cp3", "worker1", "cluster"], "cluster");
    let key = |node: &str, name: &str| cluster.join(node).join("etc/kubernetes/pki").join(name);
    for node in ["cp2", "cp3"] {
        fs::remove_file(key(node, "ca.key")).expect("a node has the key");
        fs::remove_file(key(node, "front-proxy-ca.key")).expect("a node has the key");
    }
    let later = page.folder().join("front-proxy-ca.key");
    fs::rename(key("cp1", "front-proxy-ca.key"), &later).expect("a key can be moved");
    encrypt(&key("cp1", "ca.key"));
    encrypt(&later);
    (cluster, later)
}

/// The codes of encrypted files.
fn shut(page: &Page) -> Vec<String> {
    let codes = page.findings().into_iter().map(|finding| finding.1);
    codes.filter(|code| code.starts_with("password-")).collect()
}

/// Types a password and submits it. It is not visible afterwards.
fn unlock(page: &Page, password: &str) {
    page.evaluate("document.querySelector('[data-test=password]').focus();");
    page.keys("[data-test=password]", password);
    page.click("[data-test=unlock]");
    page.wait(
        "document.querySelector('[data-test=password]')?.value !== '' || document.activeElement.id === 'password'",
    );
    page.settle("a password was tried");
}

#[test]
fn a_password_opens_keys_and_is_nowhere() {
    let mut page = Page::open_after("password", &WORKERS.replace("BEFORE", MORTAL));
    page.expect("the end");
    page.wait("document.querySelector('[data-place=workers]')");
    let (cluster, later) = tree(&page);
    page.choose_folder(&cluster);
    let files = page.files();
    assert_eq!(shut(&page), ["password-needed"]);
    let said = page.text("document.querySelector('[data-test=locked]').innerText");
    assert!(said.contains("cp1/etc/kubernetes/pki/ca.key"), "{said}");
    let remedies = page.text("document.querySelector('[data-test=inventory]').textContent");
    assert!(!remedies.contains("--password-file"), "the page speaks of no option");
    let field = page.text(
        "[...document.querySelectorAll('[data-test=password]')].map((field) => `${field.type} ${field.autocomplete}`).join()",
    );
    assert_eq!(field, "password off");

    // A wrong password is reported at the field and as a finding; all loaded files stay.
    unlock(&page, WRONG);
    assert!(page.says().contains("This password does not decrypt these files"), "{}", page.says());
    assert_eq!((shut(&page), page.files()), (vec!["password-wrong".to_owned()], files));
    assert_eq!(page.text("document.activeElement.id"), "password");
    assert_eq!(page.text("document.activeElement.getAttribute('aria-invalid')"), "true");
    assert_eq!(page.text("document.activeElement.value"), "", "the field keeps nothing");

    // The correct password, submitted with the keyboard, decrypts the key and keys that are loaded later.
    page.keys("[data-test=password]", &format!("{PASSWORD}\u{e007}"));
    page.wait("!document.querySelector('[data-test=password]')");
    page.settle("opened");
    assert_eq!((shut(&page).len(), page.files()), (0, files));
    assert_eq!(page.text("document.activeElement.id"), "load", "the focus is not lost with the field");
    page.choose(&[&later]);
    assert_eq!((shut(&page).len(), page.count("[data-test=password]")), (0, 0), "{}", page.says());
    page.unfold();
    let memory = || page.text("document.querySelector('[data-test=trust-memory]').innerText");
    assert!(memory().contains("A password"), "{}", memory());

    // Only the worker had the password: if it dies, the user is asked again.
    page.evaluate("window.airlockWorkers[0].postMessage('die');");
    page.wait("document.querySelector('[data-test=alert] p')");
    page.settle("the worker died");
    assert!(page.says().contains("Enter the password again"), "{}", page.says());
    assert_eq!((shut(&page), page.files()), (vec!["password-needed".to_owned(); 2], files + 1));
    assert!(!memory().contains("A password"), "{}", memory());
    page.go("inspect");
    unlock(&page, PASSWORD);
    assert_eq!(shut(&page).len(), 0, "{}", page.says());

    // The decrypted keys are used.
    page.click("[data-test=keep-keys]");
    page.plan();
    page.make();
    let root = unpack(&page.download());
    page.click("[data-test=wipe]");
    page.wait("document.querySelector('[data-test=page][data-place=workers]') && !document.querySelector('[data-test=inventory]')");
    page.settle("wiped");
    page.choose_folder(&cluster);
    assert_eq!(shut(&page), ["password-needed"], "the password was wiped as well");

    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    learn(&mut secrets, &root);
    secrets.add_word(PASSWORD);
    secrets.add_word(WRONG);
    page.close(&secrets);
}
