//! An unavoidable outage: refused with cause and duration, accepted with a checkbox, shown in the plan, and withdrawn.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use airlock_tests::{fixtures, secrets::Secrets};
use serde_json::json;

use crate::{
    package::{manifest, unpack},
    page::{Page, learn},
};

const FIXTURE: &str = "kamaji/alpha";
const EDGE: &str = "apiserver-kubelet-serving/alpha";

/// A tenant whose kube-apiserver verifies kubelets: no step renews the serving certificates of a tenant's workers.
pub fn verifying_tenant(folder: &Path) -> PathBuf {
    let tenant = folder.join("cluster");
    fixtures::copy(&fixtures::path(FIXTURE), &tenant);
    let file = tenant.join("deployment.yaml");
    let text = fs::read_to_string(&file).expect("a Deployment can be read");
    let client = "        - --kubelet-client-key=";
    assert!(text.contains(client), "the operator writes that flag");
    let flag = format!("        - --kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt\n{client}");
    fs::write(&file, text.replace(client, &flag)).expect("a Deployment can be written");
    tenant
}

/// The distinct marks of the connection's cells.
fn marks(page: &Page) -> Vec<String> {
    page.evaluate(
        "for (const toggle of document.querySelectorAll('[data-test=toggle][aria-expanded=false]')) toggle.click();",
    );
    page.wait("!document.querySelector('[data-test=toggle][aria-expanded=false]')");
    let cells = page.matrix().remove(EDGE).expect("the connection has a column");
    let marks: BTreeSet<String> = cells.into_iter().map(|cell| cell.0).collect();
    marks.into_iter().collect()
}

fn refused(page: &Page) {
    page.click("[data-test=make]");
    page.wait("document.querySelector('[data-test=unmade], [data-test=alert] p')");
    page.settle("refused");
    assert_eq!((page.count("[data-test=unmade]"), page.count("[data-test=review]")), (1, 0), "{}", page.says());
}

#[test]
fn an_outage_is_accepted_in_so_many_words_and_taken_back() {
    let page = Page::open("outage");
    page.choose_folder(&verifying_tenant(page.folder()));
    assert_eq!(page.count("[data-test=accept-outages]"), 0, "nobody is asked before there is something to accept");
    page.click("[data-test=keep-keys]");
    page.plan();
    // The page reports it before a package is built, and offers to accept it.
    let foreseen = page.text("document.querySelector('[data-test=foreseen]').innerText");
    assert!(
        foreseen.contains("A connection would break") && foreseen.contains("exec and port-forward fail"),
        "{foreseen}"
    );
    assert_eq!(page.count("[data-test=foreseen] [data-test=accept-foreseen]"), 1);
    refused(&page);

    // The broken connection, the reason, and the duration; no option of the command line is mentioned.
    let said = page.text("document.querySelector('[data-test=unmade]').innerText");
    for part in [
        "kube-apiserver → kubelet",
        "verifies them by --kubelet-certificate-authority",
        "logs, exec and port-forward fail in phase 3",
        "Take --kubelet-certificate-authority out of the tenant's extraArgs",
        "Accept this outage: logs, exec",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("--accept-outage"), "{said}");
    assert_eq!(marks(&page), ["broken", "changes", "holds"]);

    // Without the checkbox there is no package.
    page.click("[data-test=make-with-outage]");
    page.wait("document.activeElement.id === 'accept-outage'");
    assert!(page.says().contains("Select the box to accept the outage"), "{}", page.says());
    page.click("[data-test=accept-outage]");
    page.wait("document.querySelector('[data-test=accept-outage]:checked')");
    page.click("[data-test=make-with-outage]");
    page.wait("document.querySelector('[data-test=review], [data-test=alert] p')");
    page.settle("made with the outage");

    // The plan and the text above the matrix report it; matrix, drawing and table mark it.
    for place in ["plan", "review"] {
        let said = page.text(&format!("document.querySelector('[data-test={place}] [data-test=outage]').innerText"));
        assert!(said.to_lowercase().contains("logs, exec and port-forward fail"), "{place}: {said}");
    }
    let summary = page.text("document.querySelector('[data-test=matrix-summary]').innerText");
    assert!(summary.contains("Only the outage that you accepted."), "{summary}");
    assert_eq!(marks(&page), ["changes", "holds", "outage"]);
    let explained = page.text("document.querySelector('[data-test=explanation]').innerText");
    assert!(
        explained.contains("Fails, as you accepted") && explained.contains("You accepted this outage"),
        "{explained}"
    );
    assert_eq!(page.count("[data-test=wire][data-mark=broken]"), 0);
    assert!(page.count("[data-test=wire][data-mark=outage]") > 0, "the drawing shows it");
    page.evaluate("document.querySelector('[data-test=trust-table] summary').click();");
    page.wait("document.querySelector('[data-test=trust-row]')");
    let rows = page.text("document.querySelector('[data-test=trust-table]').innerText");
    assert!(rows.contains("accepted outage"), "{rows}");
    page.look("accepted");
    let root = unpack(&page.download());
    let manifest = manifest(&root);
    let edge = manifest["edges"].as_array().expect("edges").iter().find(|edge| edge["id"] == json!(EDGE));
    assert!(edge.expect("the edge")["verdicts"].to_string().contains("broken"), "the manifest hides nothing");

    // After the acceptance is withdrawn, the package is gone and the question returns.
    page.click("[data-test=take-outage-back]");
    page.wait("!document.querySelector('[data-test=review]')");
    assert_eq!(page.count("[data-test=accept-outages]:not(:checked)"), 1);
    page.plan();
    assert_eq!(page.count("[data-test=accepted]"), 0);
    refused(&page);

    // The form has the same option.
    page.click("[data-test=accept-outages]");
    page.wait("document.querySelector('[data-test=accept-outages]:checked')");
    page.plan();
    assert_eq!(page.count("[data-test=accepted]"), 1);
    page.make();

    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    learn(&mut secrets, &root);
    page.close(&secrets);
}
