//! The page at every step: light and dark, wide and narrow, on paper. The screenshots are in `target/screens`; those of
//! the README are copied from there (`docs/screens`).

use std::{fs, path::PathBuf};

use airlock_tests::{secrets::Secrets, tools::root};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;

use crate::{
    explain::message,
    package::unpack,
    page::{Page, learn},
    sample,
};

/// The color scheme and width of a screenshot, by the suffix of its name.
const VIEWS: [(&str, &str, u32); 4] = [
    ("light-1280", "light", 1280),
    ("dark-1280", "dark", 1280),
    ("light-320", "light", 320),
    ("dark-320", "dark", 320),
];

fn folder() -> PathBuf {
    let folder = root().join("target/screens");
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

/// Takes the step's screenshots of the whole page; the README's shows the first screen.
fn picture(page: &Page, name: &str) {
    for (view, scheme, width) in VIEWS {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        page.devtools("Emulation.setEmulatedMedia", &media);
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        page.devtools("Emulation.setDeviceMetricsOverride", &size);
        page.evaluate("scrollTo(0, 0);");
        take(page, &format!("{name}-{view}"), true);
        if view == "light-1280" {
            let size = json!({ "width": width, "height": 1200, "deviceScaleFactor": 1, "mobile": false });
            page.devtools("Emulation.setDeviceMetricsOverride", &size);
            take(page, &format!("{name}-first"), false);
        }
    }
    page.devtools("Emulation.clearDeviceMetricsOverride", &json!({}));
    let paper = page.devtools("Page.printToPDF", &json!({ "printBackground": true }));
    write(&format!("{name}.pdf"), &paper["data"]);
}

fn take(page: &Page, name: &str, whole: bool) {
    let taken = page.devtools("Page.captureScreenshot", &json!({ "format": "png", "captureBeyondViewport": whole }));
    write(&format!("{name}.png"), &taken["data"]);
}

fn write(name: &str, data: &serde_json::Value) {
    let bytes = BASE64_STANDARD.decode(data.as_str().expect("base64")).expect("base64");
    fs::write(folder().join(name), bytes).expect("a picture can be written");
}

#[test]
fn every_step_is_pictured() {
    let page = Page::open("screens");
    picture(&page, "1-empty");
    sample::make(&page, "kubeadm");
    picture(&page, "2-load");
    page.go("inspect");
    page.set("[data-test=message]", &message("go-same-name"));
    page.wait("document.querySelector('[data-test=explanation]')");
    picture(&page, "3-inspect");
    page.plan();
    picture(&page, "4-plan");
    page.make();
    page.unfold();
    page.preview("2-switch/control-plane/sample-cp1/etc/kubernetes/pki/ca.crt");
    page.click("[data-test=beside]");
    page.wait("document.querySelector('[data-test=sides]')");
    picture(&page, "5-review");
    page.evaluate("document.querySelector('[data-test=preview-lines]').scrollIntoView();");
    take(&page, "5-review-beside", false);
    let package = page.download();
    picture(&page, "6-download");
    page.go("plan");
    page.click("[data-test=intent-renew-leaves]");
    page.plan();
    picture(&page, "7-renewal-plan");
    page.make();
    page.unfold();
    picture(&page, "8-renewal-review");
    let renewal = page.download();
    picture(&page, "9-renewal-download");
    for picture in fs::read_dir(root().join("docs/screens")).into_iter().flatten() {
        let picture = picture.expect("a folder can be read");
        let made = folder().join(picture.file_name());
        assert!(made.is_file(), "{} is made by no test", picture.path().display());
    }
    let mut secrets = Secrets::default();
    learn(&mut secrets, &unpack(&package));
    learn(&mut secrets, &unpack(&renewal));
    page.close(&secrets);
}
