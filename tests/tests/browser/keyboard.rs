//! From files to the package with the keyboard alone.

use airlock_tests::{fixtures, secrets::Secrets};
use serde_json::json;

use crate::{
    input::pack,
    package::unpack,
    page::{Page, learn},
};

const FIXTURE: &str = "kubeadm/ecdsa-3";

/// A key event: name, code, and the text that it types.
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

/// Presses Tab until the element has the focus. Each focused element must be visible and not covered by the bar.
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

/// The content of an opened section exists before the browser's next task, such as the next key: the focus does not
/// skip it.
#[test]
fn what_opens_is_there_before_the_next_key() {
    let page = Page::open("keyboard-next-key");
    let click = "
        const fold = document.querySelector('[data-test=trust-panel]');
        const drawn = () => Boolean(fold.open && fold.querySelector('[data-test=wipe]'));
        if (drawn()) { done('open before'); return; }
        fold.querySelector('summary').click();
        // All microtasks run before the next task.
        (async () => { for (let turn = 0; turn < 100; turn++) await null; done(drawn()); })();";
    assert_eq!(page.evaluate_later(click), json!(true));
    // Closed, and opened by the browser itself, as its page search does.
    let again = "
        const fold = document.querySelector('[data-test=trust-panel]');
        fold.querySelector('summary').click();
        (async () => { for (let turn = 0; turn < 100; turn++) await null; done(!fold.open && !fold.querySelector('[data-test=wipe]')); })();";
    assert_eq!(page.evaluate_later(again), json!(true));
    page.evaluate("document.querySelector('[data-test=trust-panel]').open = true;");
    page.wait("document.querySelector('[data-test=trust-panel][open] [data-test=wipe]')");
    page.settle("open");
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    page.close(&secrets);
}

/// The kind of package and the update of workers, by arrow keys as in every radio group.
#[test]
fn radio_groups_follow_the_arrow_keys() {
    let page = Page::open("keyboard-choices");
    page.choose(&[&pack(page.folder(), FIXTURE, &["cp1", "cp2", "cp3", "worker1", "cluster"], "nodes.tar")]);
    page.plan();
    go(&page, "[data-test=property]:has([data-test=workers-replace]) > summary");
    press(&page, ENTER);
    page.wait("document.querySelector('[data-test=property][open] [data-test=workers-replace]')");
    go(&page, "[data-test=workers-reconfigure]");
    press(&page, DOWN);
    page.wait("document.activeElement.matches('[data-test=workers-replace]:checked')");
    page.plan();
    go(&page, "[data-test=intent-rotate]");
    press(&page, DOWN);
    page.wait("document.activeElement.matches('[data-test=intent-renew-leaves]:checked')");
    page.wait("!document.querySelector('[data-test=workers-replace]')");
    page.plan();
    // Both changes are undone, the last one first.
    for (gone, back) in [("intent-renew-leaves", "intent-rotate"), ("workers-replace", "workers-reconfigure")] {
        assert_eq!(page.count(&format!("[data-test={gone}]:checked")), 1, "{gone}");
        page.click("[data-test=undo]");
        page.wait(&format!("document.querySelector('[data-test={back}]:checked')"));
        page.plan();
    }
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    page.close(&secrets);
}

#[test]
fn the_whole_way_without_a_pointer() {
    let page = Page::open("keyboard");
    // The browser's own file dialog is not part of the page: the keys lead to the field that opens it.
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

    // Through the matrix, and to a file.
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

    // The elements below every step can be reached as well, and so can the previous step.
    go(&page, "[data-test=trust-panel] summary");
    press(&page, ENTER);
    // Without a wait, because a user may press the next key at once.
    go(&page, "[data-test=wipe]");
    go(&page, "#go-load");
    press(&page, ENTER);
    shown(&page, "load");
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    learn(&mut secrets, &unpack(&package));
    page.close(&secrets);
}
