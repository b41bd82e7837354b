//! Cancelled runs, workers that die, browsers without workers: nothing that was loaded is lost.

use airlock_tests::{fixtures, secrets::Secrets};

use crate::{
    input::pack,
    package::unpack,
    page::{Page, learn},
};

/// Keeps hold of the workers, and puts BEFORE, an expression, in front of what each of them runs.
pub const WORKERS: &str = r#"
const workers = window.airlockWorkers = [];
const RealWorker = Worker, RealBlob = Blob;
let made = 0;
self.Worker = class extends RealWorker { constructor(...all) { super(...all); workers.push(this); } };
self.Blob = new Proxy(RealBlob, {
    construct: (blob, [parts, options]) => new blob(options?.type === 'text/javascript' ? [BEFORE, ...parts] : parts, options),
});
"#;

/// A worker that ends over whatever it does when it is told to.
pub const MORTAL: &str =
    r#"`self.addEventListener('message', ({ data }) => { if (data === 'die') throw new Error('the end'); });`"#;

/// Workers of which the second, which is the first that makes keys, finds no randomness.
const WITHOUT_RANDOMNESS: &str =
    r#"(++made === 2 ? `crypto.getRandomValues = () => { throw new Error('no randomness'); };` : '')"#;

/// Workers that cannot read files of 4,321 bytes.
const PICKY: &str = r#"`{
    const read = Blob.prototype.arrayBuffer;
    Blob.prototype.arrayBuffer = function () { if (this.size === 4321) throw new Error('picky'); return read.call(this); };
}`"#;

pub const NO_WORKERS: &str = "self.Worker = class { constructor() { throw new Error('no workers here'); } };";

/// Workers that are made, and then refuse to run.
const FAILING_WORKERS: &str = "self.Worker = class extends EventTarget {
    set onerror(handler) { if (handler) setTimeout(() => handler.call(this, new ErrorEvent('error')), 50); }
    set onmessage(handler) { }
    postMessage() { }
    terminate() { }
};";

fn load(page: &Page) {
    page.choose(&[&pack(page.folder(), "kubeadm/ecdsa-3", &["cp1", "worker1", "cluster"], "nodes.tar")]);
    assert_is_loaded(page);
}

fn assert_is_loaded(page: &Page) {
    assert_eq!(page.count("[data-test=holder][data-name=cp1]"), 1, "{}", page.says());
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
    assert!(page.says().contains("Cancelled"), "{}", page.says());
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
    assert!(page.says().contains("Airlock's worker stopped"), "{}", page.says());
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
    assert!(page.says().contains("A key worker stopped over a defect ("), "{}", page.says());
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

#[test]
fn without_workers_the_page_does_it_all_and_says_so() {
    for (label, script) in [("no-workers", NO_WORKERS), ("failing-workers", FAILING_WORKERS)] {
        let page = Page::open_after(label, script);
        page.wait("document.querySelector('[data-place=page]')");
        assert!(page.text("document.querySelector('footer').innerText").contains("The work runs in the page itself"));
        load(&page);
        page.plan();
        page.make();
        let package = page.download();
        close(page, &package);
    }
}
