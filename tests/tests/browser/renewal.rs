//! Certificates renewed without new CAs: the text of every step for such a package, and the platforms for which the
//! page offers it.

use airlock_tests::{fixtures, secrets::Secrets};

use crate::{
    input::pack,
    package::{manifest, unpack},
    page::{Page, learn},
    sample,
};

/// Terms that apply only to a rotation.
const OF_A_ROTATION: [&str; 8] =
    ["old CA", "new CA", "Phase ", "phases", "Trust both", "Drop old", "the rotation", "connections"];

/// The text of a step with all sections open, without the options' own text.
fn shown(page: &Page, step: &str) -> String {
    page.go(step);
    page.unfold();
    page.settle(step);
    page.text(&format!(
        "[...document.querySelectorAll('[data-step={step}] > .contents > *, [data-step={step}] .cols > *')]
             .filter((part) => !part.querySelector('[data-test=plan-options]') && !part.matches('[data-test=plan-options]'))
             .map((part) => part.innerText).join('\\n') + document.querySelector('[data-test=status]').innerText"
    ))
}

fn assert_says(page: &Page, step: &str, texts: &[&str]) {
    let said = shown(page, step);
    for text in texts {
        assert!(said.contains(text), "{step} does not say “{text}”: {said}");
    }
    for text in OF_A_ROTATION {
        assert!(!said.contains(text), "{step} says “{text}”: {said}");
    }
}

#[test]
fn a_renewal_says_nothing_of_a_rotation() {
    let page = Page::open("renewal");
    page.choose(&[&pack(page.folder(), "kubeadm/ecdsa-3", &["cp1", "cp2", "cp3", "worker1", "cluster"], "nodes.tar")]);
    page.go("plan");
    assert_eq!(page.count("[data-test=intent-rotate]:checked"), 1, "a rotation is the default");
    page.click("[data-test=intent-renew-leaves]");
    page.plan();
    assert_eq!(page.count("[data-test=plan-fields] :is(input, select)"), 3, "two kinds of package, and days");
    assert_says(
        &page,
        "plan",
        &["Plan the certificate renewal of ecdsa-3", "same CAs", "on 3 control-plane nodes", "pki/apiserver.crt"],
    );
    assert_eq!(page.count("[data-test=phase]"), 1);
    page.make();
    assert_says(&page, "review", &["every client and server already trusts", "Unchanged"]);
    for part in ["matrix", "trust", "fingerprints"] {
        assert_eq!(page.count(&format!("[data-step=review] [data-test={part}]")), 0, "{part}");
    }
    let package = unpack(&page.download());
    assert_says(
        &page,
        "download",
        &["Contains no private key", "control-plane/cp1", "Delete every copy after the renewal"],
    );
    assert_eq!(manifest(&package)["intent"], "renew-leaves");
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path("kubeadm/ecdsa-3"));
    page.close(&secrets);
}

/// A tenant's operator renews its certificates; Talos and StarlingX have no such package, and no workers that join with
/// kubeadm.
#[test]
fn both_choices_are_offered_where_core_allows_them() {
    let page = Page::open("renewal-platforms");
    for (id, offered) in [("talos", 0), ("starlingx", 0), ("kamaji", 1)] {
        sample::make(&page, id);
        page.go("plan");
        page.settle(id);
        for choice in ["intent-renew-leaves", "workers-replace"] {
            assert_eq!(page.count(&format!("[data-test={choice}]")), offered, "{id}: {choice}");
        }
        if offered == 0 {
            page.click("[data-test=end-sample]");
            page.wait("!document.querySelector('[data-test=sample-banner]')");
            page.settle("ended");
        }
    }
    page.click("[data-test=intent-renew-leaves]");
    page.plan();
    assert_says(&page, "plan", &["same CAs", "Secret ", "by command, in the cluster"]);
    page.make();
    assert_says(&page, "review", &["Unchanged"]);
    let root = unpack(&page.download());
    assert_says(&page, "download", &["Contains no private key"]);
    assert_eq!(manifest(&root)["intent"], "renew-leaves");
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path("brought"));
    page.close(&secrets);
}
