//! The options of a session: saved as a file without keys, and restored after a reload.

use std::fs;

use airlock_tests::{fixtures, secrets::Secrets};
use serde_json::Value;

use crate::page::{Page, learn};

const FIXTURE: &str = "kubeadm/ecdsa-3";

#[test]
fn choices_survive_a_reload_without_keys() {
    let page = Page::open("choices");
    page.choose_folder(&fixtures::path(FIXTURE));
    page.plan();
    page.set("[data-test=cluster-name]", "saved-ca");
    page.set("[data-test=ca-days]", "1234");
    page.evaluate("document.querySelector('[data-test=keep-keys]').click();");
    page.click("[data-test=workers-replace]");
    page.plan();
    page.click("[data-test=save-choices]");
    let file = page.await_download("airlock-choices.json");
    let text = fs::read_to_string(&file).expect("the choices are downloaded");
    assert!(!text.contains("BEGIN") && !text.contains("PRIVATE KEY"), "{text}");
    let json: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!((&json["form"]["caDays"], &json["form"]["workers"]), (&"1234".into(), &"replace".into()));

    // On a new page the options file is loaded before the cluster's files, like any other file.
    let again = Page::open("choices-again");
    again.keys("[data-test=choose-files]", &file.display().to_string());
    again.wait("document.querySelector('[data-test=status]').innerText.includes('Saved choices loaded')");
    again.settle("choices loaded");
    assert!(again.says().contains("when you add the cluster's files"), "{}", again.says());
    again.choose_folder(&fixtures::path(FIXTURE));
    again.plan();
    let field = |css: &str| again.text(&format!("document.querySelector('[data-test={css}]').value"));
    assert_eq!((field("cluster-name").as_str(), field("ca-days").as_str()), ("saved-ca", "1234"));
    assert_eq!(again.count("[data-test=keep-keys]:checked"), 1);
    assert_eq!(again.count("[data-test=workers-replace]:checked"), 1);
    let successor = again.text("document.querySelector('[data-test=successor]').innerText");
    assert!(successor.contains("CN=saved-ca"), "{successor}");

    // After the cluster's files, and over other options: one change, which can be undone.
    again.set("[data-test=ca-days]", "99");
    again.plan();
    again.keys("[data-test=choose-files]", &file.display().to_string());
    again.wait("document.querySelector('#ca-days').value === '1234'");
    again.settle("choices loaded again");
    again.click("[data-test=undo]");
    again.wait("document.querySelector('#ca-days').value === '99'");

    // Another file with that name changes nothing.
    let other = again.folder().join("airlock-choices.json");
    fs::write(&other, "{}").expect("a file can be written");
    again.keys("[data-test=choose-files]", &other.display().to_string());
    again.wait("document.querySelector('[data-test=alert] p')");
    assert!(again.says().contains("contains no choices"), "{}", again.says());
    assert_eq!(field("ca-days"), "99");
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    page.close(&secrets);
    again.close(&secrets);
}
