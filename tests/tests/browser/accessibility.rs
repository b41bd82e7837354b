//! axe-core (Deque, WCAG 2.2 A and AA) reports no violation at any step, in any state, light or dark, wide or narrow.

use std::fs;

use airlock_tests::{fixtures, rotation::Case, secrets::Secrets, tools::root};
use serde_json::json;

use crate::{
    explain::message,
    input::{pack, write},
    outage::verifying_tenant,
    package::unpack,
    page::{Page, learn},
    sample,
};

/// The rules of WCAG 2.2 A and AA, and axe-core's best practices.
const RUN: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] })
        .then(({ violations }) => done(violations.map(({ id, help, nodes }) =>
            `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(' | ')}`)), (error) => done([`${error}`]));
";

/// A page, and axe-core.
struct Judged(Page);

impl Judged {
    fn new(page: Page) -> Self {
        let file = root().join("target/tools/axe.min.js");
        let axe = fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask tools`", file.display()));
        page.devtools("Runtime.evaluate", &json!({ "expression": axe }));
        Self(page)
    }

    /// Asserts that axe-core reports nothing about the current state, in both color schemes, at full width and at 320
    /// pixels.
    fn judge(&self, state: &str) {
        for (scheme, width) in [("light", 1280), ("dark", 320)] {
            let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            self.0.devtools("Emulation.setEmulatedMedia", &media);
            // The window is as high as the page, because an element that a bar covers partly would be reported although
            // it can be scrolled.
            let resize = |height: u64| {
                let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
                self.0.devtools("Emulation.setDeviceMetricsOverride", &size);
                self.0.evaluate("scrollTo(0, 0); return document.documentElement.scrollHeight;")
            };
            resize(900);
            let height = resize(900).as_u64().expect("a height");
            resize(height + 200);
            let said = self.0.evaluate_later(&RUN.replace("const done = arguments[arguments.length - 1];", ""));
            assert_eq!(said, json!([]), "{state}, {scheme}, {width} pixels: {said:#}");
            let wide = self.0.evaluate(WIDE);
            assert_eq!(wide, json!([]), "{state}: the page scrolls sideways at {width} pixels");
        }
        let size = json!({ "width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.0.devtools("Emulation.setDeviceMetricsOverride", &size);
    }
}

/// The elements that are wider than the page, if it scrolls sideways.
const WIDE: &str = "return document.documentElement.scrollWidth <= innerWidth ? [] : \
    [...document.body.querySelectorAll('*')].filter(one => one.getBoundingClientRect().right > innerWidth + 1 \
    && !one.parentElement.closest('.scroll-x, .table')) \
    .map(one => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 60)}`);";

/// Opens everything that can be opened.
fn open(page: &Page) {
    page.unfold();
    page.evaluate(
        "for (const toggle of document.querySelectorAll('[data-test=toggle][aria-expanded=false]')) toggle.click();",
    );
    page.wait("!document.querySelector('[data-test=toggle][aria-expanded=false]')");
}

#[test]
fn every_step_and_state_is_without_findings() {
    let judged = Judged::new(Page::open("accessibility"));
    let page = &judged.0;
    judged.judge("empty");
    page.set("[data-test=message]", &message("go-same-name"));
    page.wait("document.querySelector('[data-test=explanation]')");
    judged.judge("a message, and nothing loaded");
    let cluster =
        crate::input::copy(page.folder(), "kubeadm/ecdsa-3", &["cp1", "cp2", "cp3", "worker1", "cluster"], "cluster");
    page.choose_folder(&cluster);
    page.choose(&[&write(page.folder(), "truncated.pem", "-----BEGIN CERTIFICATE-----\nMII")]);
    judged.judge("load");
    page.go("inspect");
    judged.judge("inspect");
    open(page);
    page.evaluate("document.querySelector('[data-test=all-fields]').open = true;");
    page.wait("document.querySelector('[data-test=fields]')");
    page.settle("fields");
    judged.judge("inspect, all open");
    page.go("plan");
    page.settle("choices");
    judged.judge("choices");
    page.set("[data-test=ca-days]", "a year");
    page.wait("document.querySelector('[data-test=problem]')");
    judged.judge("choices with a problem");
    page.set("[data-test=ca-days]", "3650");
    page.click("[data-test=keep-keys]");
    page.plan();
    open(page);
    judged.judge("plan");
    page.make();
    judged.judge("review");
    open(page);
    page.click("[data-path$=\"cp1/etc/kubernetes/admin.conf\"] [data-test=preview]");
    page.wait("document.querySelector('[data-test=preview-lines]')");
    judged.judge("review, all open");
    page.click("[data-test=preview-lines] [data-test=beside]");
    page.wait("document.querySelector('[data-test=sides]')");
    judged.judge("review, side by side");
    page.download();
    judged.judge("downloaded");
    close(judged.0);
}

/// A package that would cause an outage: refused, accepted, built.
#[test]
fn an_outage_is_without_findings() {
    let judged = Judged::new(Page::open("accessibility-outage"));
    let page = &judged.0;
    page.choose_folder(&verifying_tenant(page.folder()));
    page.go("plan");
    page.click("[data-test=keep-keys]");
    page.plan();
    open(page);
    judged.judge("plan with an outage");
    page.click("[data-test=make]");
    page.wait("document.querySelector('[data-test=unmade]')");
    page.settle("refused");
    judged.judge("refused");
    page.click("[data-test=make-with-outage]");
    page.wait("document.querySelector('#accept-outage-problem')");
    judged.judge("refused, not ticked");
    page.click("[data-test=accept-outage]");
    page.click("[data-test=make-with-outage]");
    page.wait("document.querySelector('[data-test=review]')");
    page.settle("made");
    judged.judge("review with an outage");
    let mut secrets = Secrets::default();
    learn(&mut secrets, &unpack(&page.download()));
    judged.0.close(&secrets);
}

#[test]
fn what_goes_wrong_is_without_findings_too() {
    let judged = Judged::new(Page::open("accessibility-refused"));
    let page = &judged.0;
    page.choose(&[&pack(page.folder(), "kubeadm/ecdsa-3", &["worker1"], "worker.tar")]);
    page.go("inspect");
    judged.judge("a worker alone");
    page.plan_or_not();
    judged.judge("no plan");
    let drop = "const event = new DragEvent('drop', { bubbles: true, dataTransfer: new DataTransfer() });
        document.querySelector('[data-test=page]').dispatchEvent(event);";
    page.evaluate(drop);
    page.settle("an empty drop");
    judged.judge("an empty drop");
    close(judged.0);
}

/// A rotation in progress, checked, and discarded; a wrong password.
#[test]
fn a_rotation_under_way_is_without_findings() {
    let judged = Judged::new(Page::open("accessibility-under-way"));
    let page = &judged.0;
    let trees = page.folder().join("trees");
    let phases = Case::named("ecdsa-3").phases();
    fixtures::copy(&phases.phase(1), &trees);
    let behind = "cp2/etc/kubernetes/scheduler.conf";
    fs::copy(phases.phase(0).join(behind), trees.join(behind)).expect("a file can be copied");
    fs::copy(fixtures::path("encrypted/ca.p12"), trees.join("ca.p12")).expect("a file can be copied");
    page.choose_folder(&trees);
    judged.judge("a password is asked for");
    page.keys("[data-test=password]", "another\u{e007}");
    page.wait("document.querySelector('#password-problem')");
    judged.judge("a wrong password");
    page.go("inspect");
    page.click("[data-test=check-furthest]");
    page.wait("document.querySelector('[data-test=missing]')");
    judged.judge("somebody is behind");
    page.click("[data-test=check-2]");
    page.wait("document.querySelector('[data-test=checked][data-phase=\"2\"]')");
    open(page);
    judged.judge("nobody has switched");
    page.go("plan");
    page.click("[data-test=start-over]");
    page.wait("document.querySelector('[data-test=confirm-start-over]')");
    judged.judge("start over");
    page.wait("document.querySelector('#confirm-start-over-problem')");
    page.click("[data-test=make]");
    page.wait("document.activeElement.id === 'confirm-start-over'");
    judged.judge("start over, not confirmed");
    close(judged.0);
}

/// A sample, its banner, and the question if the files are of two platforms.
#[test]
fn practice_and_questions_are_without_findings() {
    let judged = Judged::new(Page::open("accessibility-practice"));
    let page = &judged.0;
    sample::make(page, "starlingx");
    judged.judge("a sample");
    page.choose(&[&write(page.folder(), "worker.yaml", "version: v1alpha1\nmachine:\n  type: worker\ncluster: {}\n")]);
    page.go("inspect");
    page.set("[data-test=platform]", "");
    page.settle("detected");
    judged.judge("which platform");
    page.set("[data-test=platform]", "starlingx");
    page.settle("said");
    page.go("plan");
    page.set("[data-test=cluster-subject]", "C=CA");
    page.wait("document.querySelector('#cluster-subject-problem')");
    judged.judge("a subject that the tool refuses");
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path("brought"));
    judged.0.close(&secrets);
}

/// An external CA: the requested certificates, and a package that ends early.
#[test]
fn a_package_that_ends_early_is_without_findings() {
    let judged = Judged::new(Page::open("accessibility-external"));
    let page = &judged.0;
    let certificate = |name: &str| fs::read(fixtures::path("brought").join(name)).expect("a fixture can be read");
    let files = ["ca.crt", "front-proxy-ca.crt"].map(|name| write(page.folder(), name, certificate(name)));
    page.choose(&[&pack(page.folder(), "kubeadm/external-1", &["cp1", "cluster"], "nodes.tar")]);
    page.click("[data-test=external-ca]");
    page.wait("document.querySelectorAll('[data-test=problem]').length === 2");
    judged.judge("certificates are wanted");
    for (authority, file) in ["cluster", "front-proxy"].iter().zip(&files) {
        page.choose_by(&format!("[data-test={authority}-certificate-file]"), &[file]);
    }
    page.plan();
    judged.judge("a plan that ends early");
    page.make();
    judged.judge("a package that ends early");
    page.download();
    judged.judge("what to do next");
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path("kubeadm/external-1"));
    judged.0.close(&secrets);
}

/// A renewal of certificates without new CAs: fewer options, one phase, no matrix.
#[test]
fn a_renewal_is_without_findings() {
    let judged = Judged::new(Page::open("accessibility-renewal"));
    let page = &judged.0;
    page.choose(&[&pack(page.folder(), "kubeadm/ecdsa-3", &["cp1", "cp2", "cp3", "worker1", "cluster"], "nodes.tar")]);
    page.click("[data-test=intent-renew-leaves]");
    page.plan();
    open(page);
    judged.judge("plan of a renewal");
    page.make();
    open(page);
    judged.judge("review of a renewal");
    page.download();
    judged.judge("download of a renewal");
    close(judged.0);
}

fn close(page: Page) {
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path("kubeadm/ecdsa-3"));
    page.close(&secrets);
}
