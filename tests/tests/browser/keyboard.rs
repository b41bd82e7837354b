//! From files to the package with the keyboard alone.

use airlock_tests::{fixtures, secrets::Secrets};
use serde_json::json;

use crate::{
    input::pack,
    package::unpack,
    page::{Page, learn},
};

const FIXTURE: &str = "kubeadm/ecdsa-3";

/// A key as the keyboard sends it: name, code, the text that it types.
type Key = (&'static str, u32, &'static str);

const TAB: Key = ("Tab", 9, "");
const ENTER: Key = ("Enter", 13, "\r");
const SPACE: Key = (" ", 32, " ");
const RIGHT: Key = ("ArrowRight", 39, "");
const DOWN: Key = ("ArrowDown", 40, "");

fn press(page: &Page, (key, code, text): Key) {
    let event =
        |kind: &str| json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
    page.devtools("Input.dispatchKeyEvent", &event(if text.is_empty() { "rawKeyDown" } else { "keyDown" }));
    page.devtools(
        "Input.dispatchKeyEvent",
        &json!({ "type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": code }),
    );
}

/// Tabs on until the focus is there. It is always to be seen, and never under the bar.
fn go(page: &Page, css: &str) {
    for _ in 0..200 {
        press(page, TAB);
        let script = format!(
            "const focused = document.activeElement;
             if (focused === document.body) return 'nowhere';
             const style = getComputedStyle(focused), box = focused.getBoundingClientRect();
             if (focused.type !== 'file' && style.outlineStyle === 'none') return `${{focused.outerHTML.slice(0, 200)}} has no outline`;
             const bar = document.querySelector('.bar').getBoundingClientRect(), actions = document.querySelector('.actions').getBoundingClientRect();
             if (box.height > 0 && box.top > actions.top && !focused.closest('.actions')) return `${{focused.outerHTML.slice(0, 200)}} is under the action bar`;
             if (box.height > 0 && box.bottom < bar.bottom && !focused.closest('.bar, .skip')) return `${{focused.outerHTML.slice(0, 200)}} is under the bar`;
             return focused.matches({}) ? 'there' : 'further';",
            json!(css)
        );
        match page.evaluate(&script).as_str().unwrap_or_default() {
            "there" => return,
            "further" | "nowhere" => {}
            other => panic!("on the way to {css}: {other}"),
        }
    }
    panic!("{css} cannot be reached with the tab key: {}", page.says());
}

fn shown(page: &Page, step: &str) {
    page.wait(&format!("!document.querySelector('[data-step={step}]').hidden"));
}

#[test]
fn the_whole_way_without_a_pointer() {
    let page = Page::open("keyboard");
    // The browser's own dialog is not the page's: the keys lead to the field that opens it.
    go(&page, "[data-test=choose-files]");
    page.choose(&[&pack(page.folder(), FIXTURE, &["cp1", "cp2", "cp3", "worker1", "cluster"], "nodes.tar")]);
    go(&page, "[data-test=onwards]");
    press(&page, ENTER);
    shown(&page, "inspect");
    go(&page, "[data-test=check-furthest]");
    press(&page, ENTER);
    page.wait("document.querySelector('[data-test=checked]')");
    go(&page, "[data-test=node] [data-test=expand]");
    press(&page, ENTER);
    page.wait("document.querySelector('[data-test=holder] [data-test=slot]')");
    go(&page, "[data-test=onwards]");
    press(&page, ENTER);
    shown(&page, "plan");
    go(&page, "[data-test=property]:has([data-test=keep-keys]) > summary");
    press(&page, ENTER);
    page.wait("document.querySelector('[data-test=property][open] [data-test=keep-keys]')");
    go(&page, "[data-test=keep-keys]");
    press(&page, SPACE);
    page.wait("document.querySelector('[data-test=keep-keys]:checked')");
    page.plan();
    go(&page, "[data-test=make]");
    press(&page, ENTER);
    page.wait("document.activeElement.id === 'review'");
    page.settle("made");

    // Through the picture, and to a file.
    go(&page, "#edge-0\\:0");
    press(&page, RIGHT);
    press(&page, DOWN);
    page.wait("document.activeElement.id === 'edge-1:1'");
    go(&page, "[data-test=output-group] summary");
    go(&page, "[data-test=onwards]");
    press(&page, ENTER);
    shown(&page, "download");
    go(&page, "[data-test=download-zip]");
    press(&page, ENTER);
    page.wait("document.querySelector('[data-test=sha256]')");
    page.settle("downloaded");
    let package = page.downloaded();

    // What stands under every step can be reached as well, and so can the way back.
    go(&page, "[data-test=trust-panel] summary");
    press(&page, ENTER);
    go(&page, "[data-test=wipe]");
    go(&page, "#go-load");
    press(&page, ENTER);
    shown(&page, "load");
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    learn(&mut secrets, &unpack(&package));
    page.close(&secrets);
}
