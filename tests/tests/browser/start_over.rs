//! A rotation in progress continues, unless the user explicitly discards its new CA.

use airlock_tests::{rotation::Case, secrets::Secrets};

use crate::{
    input::pack_from,
    package::unpack,
    page::{Page, learn},
};

const HOLDERS: [&str; 6] = ["cp1", "cp2", "cp3", "worker1", "clients", "cluster"];

#[test]
fn a_third_ca_is_made_only_in_so_many_words() {
    let page = Page::open("page-start-over");
    let phases = Case::named("ecdsa-3").phases();
    let before = pack_from(page.folder(), &phases.phase(0), &HOLDERS, "before.tar");
    page.choose(&[&before]);
    assert_eq!(page.count("[data-test=start-over]"), 0, "there is nothing to give up");
    page.click("[data-test=remove-file]");
    page.wait("!document.querySelector('[data-test=inventory]')");
    let trees = pack_from(page.folder(), &phases.phase(1), &HOLDERS, "trees.tar");
    page.choose(&[&trees]);

    // Continuing is the default; the new CA exists.
    assert_eq!(page.count("[data-test=go-on]:checked"), 1);
    assert_eq!(page.count("[data-test=cluster-name], [data-test=confirm-start-over]"), 0);
    page.plan();
    let successor = || page.text("document.querySelector('[data-test=successor]').innerText");
    assert!(successor().contains("already in the cluster"), "{}", successor());

    page.click("[data-test=start-over]");
    page.wait("document.querySelector('[data-test=confirm-start-over]')");
    let choice = page.text("document.querySelector('[data-test=start-over-choice]').innerText");
    assert!(choice.contains("Discard CN=kubernetes-") && choice.contains("a third CA"), "{choice}");
    page.settle("not confirmed");
    page.click("[data-test=make]");
    page.wait("document.activeElement.id === 'confirm-start-over'");
    assert!(page.says().contains("Confirm that the new CA is discarded"), "{}", page.says());
    assert_eq!(page.count("[data-test=plan]"), 0, "nothing is planned without it");

    // Selecting the default again removes the confirmation.
    page.click("[data-test=confirm-start-over]");
    page.click("[data-test=go-on]");
    page.click("[data-test=start-over]");
    page.wait("document.querySelector('[data-test=confirm-start-over]')");
    assert_eq!(page.count("[data-test=confirm-start-over]:checked"), 0);
    page.click("[data-test=confirm-start-over]");
    page.set("[data-test=cluster-name]", "third");
    page.plan();
    assert!(successor().contains("CN=third") && successor().contains("generated"), "{}", successor());
    page.make();
    let root = unpack(&page.download());
    assert!(root.to_string_lossy().ends_with("-anew"), "{}", root.display());

    // Other files change the question.
    page.choose(&[&pack_from(page.folder(), &phases.phase(1), &["cp1"], "again.tar")]);
    assert_eq!(page.count("[data-test=go-on]:checked"), 1);

    let mut secrets = Secrets::default();
    learn(&mut secrets, &phases.phase(1));
    learn(&mut secrets, &root);
    page.close(&secrets);
}
