//! Cancelled runs, workers that die, browsers without workers: all loaded files stay.

use airlock_tests::{fixtures, secrets::Secrets};

use serde_json::json;

use crate::{
    input::pack,
    package::unpack,
    page::{Page, learn},
};

/// Records the workers, and runs BEFORE, an expression, in front of each worker's code.
pub const WORKERS: &str = r#"
const workers = window.airlockWorkers = [];
const RealWorker = Worker, RealBlob = Blob;
let made = 0;
self.Worker = class extends RealWorker { constructor(...all) { super(...all); this.airlockRole = all[1].name; workers.push(this); } };
self.Blob = new Proxy(RealBlob, {
    construct: (blob, [parts, options]) => new blob(options?.type === 'text/javascript' ? [BEFORE, ...parts] : parts, options),
});
"#;

/// A worker that ends at its first message.
pub const MORTAL: &str =
    r#"`self.addEventListener('message', ({ data }) => { if (data === 'die') throw new Error('the end'); });`"#;

/// Workers of which the second, the first one that generates keys, has no randomness.
const WITHOUT_RANDOMNESS: &str =
    r#"(++made === 2 ? `crypto.getRandomValues = () => { throw new Error('no randomness'); };` : '')"#;

/// Workers whose memory is exhausted at their first question: all memory that wasm may use is allocated, except for
/// some bytes, so that work begins and ends at an allocation that the browser really refuses.
const STARVING: &str = r#"`{
    const instantiate = WebAssembly.instantiate;
    let exports, told;
    WebAssembly.instantiate = async (...all) => {
        const made = await instantiate(...all);
        exports = (made.instance ?? made).exports;
        return made;
    };
    const starve = (left) => {
        try { while (true) exports.memory.grow(64); } catch { }
        try { while (true) exports.memory.grow(1); } catch { }
        const kept = exports.__wbindgen_malloc(left, 1);
        for (const size of [1 << 24, 1 << 20, 1 << 16, 1 << 12, 1 << 8, 1 << 4])
            try { while (true) exports.__wbindgen_malloc(size, 1); } catch { }
        exports.__wbindgen_free(kept, left, 1);
    };
    self.addEventListener('message', ({ data }) => {
        if (data.starveAt) told = data;
        else if (told && data[0]?.includes?.(told.starveAt)) starve(told.left);
    });
}`"#;

/// Workers that cannot read files of 4,321 bytes.
const PICKY: &str = r#"`{
    const read = Blob.prototype.arrayBuffer;
    Blob.prototype.arrayBuffer = function () { if (this.size === 4321) throw new Error('picky'); return read.call(this); };
}`"#;

pub const NO_WORKERS: &str = "self.Worker = class { constructor() { throw new Error('no workers here'); } };";

/// Workers that are created, and then fail to run.
const FAILING_WORKERS: &str = "self.Worker = class extends EventTarget {
    constructor() { super(); setTimeout(() => this.dispatchEvent(new ErrorEvent('error')), 50); }
    set onmessage(handler) { }
    postMessage() { }
    terminate() { }
};";

fn load(page: &Page) {
    page.choose(&[&pack(page.folder(), "kubeadm/ecdsa-3", &["cp1", "worker1", "cluster"], "nodes.tar")]);
    assert_is_loaded(page);
}

fn assert_is_loaded(page: &Page) {
    assert_eq!(page.count("[data-test=node][data-name=cp1]"), 1, "{}", page.says());
    assert!(page.files() >= 1, "{}", page.says());
}

fn close(page: Page, package: &std::path::Path) {
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path("kubeadm/ecdsa-3"));
    learn(&mut secrets, &unpack(package));
    page.close(&secrets);
}

#[test]
fn a_cancelled_run_can_be_begun_again() {
    let page = Page::open("cancel");
    load(&page);
    page.set("[data-test=cluster-key-type]", "rsa-4096");
    page.plan();
    page.click("[data-test=make]");
    page.wait("document.querySelector('[data-test=progress]')");
    page.click("[data-test=cancel]");
    page.settle("cancelled");
    assert!(page.says().contains("Build cancelled"), "{}", page.says());
    assert_eq!(page.count("[data-test=review]"), 0);
    assert_is_loaded(&page);
    page.make();
    let package = page.download();
    close(page, &package);
}

#[test]
fn a_core_worker_that_dies_is_replaced() {
    let mut page = Page::open_after("core-dies", &WORKERS.replace("BEFORE", MORTAL));
    page.expect("the end");
    page.wait("document.querySelector('[data-place=workers]')");
    load(&page);
    page.plan();
    page.evaluate("window.airlockWorkers[0].postMessage('die');");
    page.wait("document.querySelector('[data-test=alert] p')");
    page.settle("the core worker died");
    assert!(page.says().contains("The background thread stopped"), "{}", page.says());
    assert_is_loaded(&page);
    page.plan();
    page.make();
    let package = page.download();
    close(page, &package);
}

#[test]
fn a_key_worker_that_panics_is_reported_and_replaced() {
    let mut page = Page::open_after("key-worker-dies", &WORKERS.replace("BEFORE", WITHOUT_RANDOMNESS));
    page.expect("unreachable");
    page.wait("document.querySelector('[data-place=workers]')");
    load(&page);
    page.plan();
    page.make();
    assert!(page.says().contains("A key generation thread stopped because of a defect ("), "{}", page.says());
    let package = page.download();
    close(page, &package);
}

#[test]
fn a_file_that_kills_the_worker_is_left_out() {
    let mut page = Page::open_after("file-kills", &WORKERS.replace("BEFORE", PICKY));
    page.expect("picky");
    page.wait("document.querySelector('[data-place=workers]')");
    load(&page);
    let before = page.files();
    page.choose(&[&crate::input::write(page.folder(), "deadly.yaml", vec![b'\n'; 4321])]);
    assert!(page.says().contains("deadly.yaml"), "{}", page.says());
    assert_eq!(page.files(), before);
    assert_is_loaded(&page);
    page.plan();
    page.make();
    let package = page.download();
    close(page, &package);
}

/// Memory runs out in the middle of every stage. All loaded files stay, the page reports the cause, and the user can
/// continue.
#[test]
fn memory_may_run_out_in_every_stage() {
    let mut page = Page::open_after("memory", &WORKERS.replace("BEFORE", STARVING));
    page.expect("unreachable");
    page.expect("memory access out of bounds");
    page.wait("document.querySelector('[data-place=workers]')");
    load(&page);
    let files = page.files();

    // Tells the newest core or key worker at which question its memory ends, and how much it has left.
    let starve = |role: &str, question: &str, left: u32| {
        let script = format!(
            "const workers = window.airlockWorkers.filter((worker) => worker.airlockRole === {});
             workers.at(-1).postMessage({{ starveAt: {}, left: {left} }});",
            json!(role),
            json!(question)
        );
        page.evaluate(&script);
    };
    let told = |stage: &str, words: &str| {
        page.wait("document.querySelector('[data-test=alert] p')");
        page.settle(stage);
        let says = page.says();
        assert!(says.contains(words) && says.contains("no more memory") && !says.contains("defect"), "{stage}: {says}");
        assert_eq!(page.files(), files, "{stage}");
        assert_is_loaded(&page);
        page.click("[data-test=dismiss]");
        page.wait("!document.querySelector('[data-test=alert] p')");
    };

    // Inspect: the files that were loaded before stay; the ones that were too much are skipped and named.
    starve("core", "\"Inspect\"", 1 << 20);
    page.choose(&[&crate::input::write(page.folder(), "large.yaml", vec![b'\n'; 50 << 20])]);
    told("inspect", "large.yaml, which was left out");

    starve("core", "\"Check\"", 600);
    page.click("[data-test=check-1]");
    told("check", "The background thread stopped");
    assert_eq!(page.count("[data-test=checked]"), 0, "nobody answers for the one that died");
    page.click("[data-test=check-1]");
    page.wait("document.querySelector('[data-test=checked]')");

    starve("core", "\"Plan\"", 1 << 16);
    page.go("plan");
    told("plan", "The background thread stopped");

    // Keys: another worker generates the key, and the run completes.
    page.plan();
    starve("key", "\"Make\"", 600);
    page.make();
    told("keys", "A key generation thread stopped");
    assert_eq!(page.count("[data-test=review]"), 1, "{}", page.says());

    // Certificates and package.
    starve("core", "\"Make\"", 1 << 16);
    page.click("[data-test=make]");
    told("mint and package", "The background thread stopped");
    assert_eq!(page.count("[data-test=review]"), 0);

    page.plan();
    page.make();
    let package = page.download();
    close(page, &package);
}

/// Chromium freezes the page in the middle of a run, as it does with background tabs, and resumes it.
#[test]
fn a_tab_that_is_put_to_sleep_goes_on_where_it_stood() {
    let page = Page::open_after(
        "asleep",
        "const life = window.airlockLife = []; for (const kind of ['freeze', 'resume']) document.addEventListener(kind, () => life.push(kind));",
    );
    page.wait("document.querySelector('[data-place=workers]')");
    load(&page);
    page.set("[data-test=cluster-key-type]", "rsa-4096");
    page.plan();
    page.click("[data-test=make]");
    page.wait("document.querySelector('[data-test=progress]')");
    for state in ["frozen", "active"] {
        page.devtools("Page.setWebLifecycleState", &json!({ "state": state }));
    }
    page.wait("document.querySelector('[data-test=alert] p')");
    assert_eq!(page.evaluate("return window.airlockLife;"), json!(["freeze", "resume"]));
    assert!(page.says().contains("The browser suspended this page"), "{}", page.says());
    page.wait("document.querySelector('[data-test=review]')");
    page.settle("made after a sleep");
    assert_is_loaded(&page);
    let package = page.download();
    close(page, &package);
}

/// Chromium discards background tabs, and reloads them with a mark: the memory is lost, and the page reports it.
#[test]
fn a_tab_that_was_thrown_out_says_so() {
    let page = Page::open_after(
        "thrown-out",
        "Object.defineProperty(Document.prototype, 'wasDiscarded', { get: () => true });",
    );
    page.wait("document.querySelector('[data-test=alert] p')");
    page.settle("thrown out");
    assert!(page.says().contains("Loaded files were only in memory and are lost"), "{}", page.says());
    load(&page);
    page.plan();
    page.make();
    let package = page.download();
    close(page, &package);
}

#[test]
fn without_workers_the_page_does_it_all_and_says_so() {
    for (label, script) in [("no-workers", NO_WORKERS), ("failing-workers", FAILING_WORKERS)] {
        let page = Page::open_after(label, script);
        page.wait("document.querySelector('[data-place=page]')");
        assert!(
            page.text("document.querySelector('[data-test=place]').innerText").contains("the page may freeze briefly")
        );
        load(&page);
        page.plan();
        page.make();
        let package = page.download();
        close(page, &package);
    }
}
