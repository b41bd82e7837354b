//! The page in Firefox: from disk to a package.

use std::fmt::Display;

use airlock_tests::{fixtures, rotation::scratch, secrets::Secrets};
use airlock_webdriver::Browser;
use serde_json::{Value, json};

use crate::{
    input::pack,
    package::{judge, unpack},
    page::{WAIT, dist, learn, wait_for_download},
};

fn run(browser: &Browser, script: &str) -> Value {
    browser.run(script).unwrap_or_else(|e| panic!("{script}\n{e:#}"))
}

fn act<E: Display>(result: Result<(), E>) {
    result.unwrap_or_else(|e| panic!("{e:#}"));
}

fn wait(browser: &Browser, condition: &str) {
    let script = WAIT.replace("CONDITION", condition).replace("MILLISECONDS", "180000");
    if run(browser, &script) != json!(true) {
        panic!("{condition} did not come true\n{}", run(browser, "arguments[0](document.body.innerText);"));
    }
}

#[test]
fn firefox_makes_a_package_from_disk() {
    let folder = scratch("firefox");
    let browser = Browser::firefox(&folder).unwrap_or_else(|e| panic!("{e:#}"));
    act(browser.open(&dist()));
    wait(&browser, "document.querySelector('[data-test=page][data-place=workers]')");
    // The page reads the clock only when files are loaded.
    let now = fixtures::now().0;
    run(&browser, &format!("window.Date.now = () => {now} * 1000; arguments[0](true);"));
    let fixture = "kubeadm/ecdsa-3";
    let nodes = pack(&folder, fixture, &["cp1", "cp2", "cp3", "worker1", "clients", "cluster"], "nodes.tar.gz");
    act(browser.keys("[data-test=choose-files]", &nodes.display().to_string()));
    wait(&browser, "document.querySelector('[data-test=inventory]')");
    run(&browser, "document.querySelector('#go-plan').click(); arguments[0](true);");
    wait(&browser, "document.querySelector('[data-step=plan]:not([hidden])')");
    wait(&browser, "document.querySelector('[data-test=page][data-busy=false] [data-test=plan], [data-test=refused]')");
    act(browser.click("[data-test=make]"));
    wait(&browser, "document.querySelector('[data-step=review]:not([hidden]) [data-test=review]')");
    act(browser.click("[data-test=onwards]"));
    wait(&browser, "document.querySelector('[data-step=download]:not([hidden])')");
    act(browser.click("[data-test=download-zip]"));
    wait(&browser, "document.querySelector('[data-test=sha256]')");
    let name = run(&browser, "arguments[0](document.querySelector('[data-test=sha256]').dataset.name);");
    let file = browser.downloads().join(name.as_str().expect("a name").trim());
    // The browser creates an empty file at once, writes to a temporary file, and renames that at the end.
    wait_for_download(&file, || drop(run(&browser, "setTimeout(arguments[0], 50);")));
    let root = unpack(&file);
    judge(&root, fixture, "", "firefox");

    let seen = run(&browser, "arguments[0]([document.documentElement.outerHTML, location.href].join());");
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(fixture));
    learn(&mut secrets, &root);
    assert!(
        !secrets.is_empty() && secrets.find_in(seen.as_str().expect("a text")).is_none(),
        "a private key can be seen"
    );
}
