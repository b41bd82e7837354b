//! From files to the package, with the package checked by independent programs.

use std::{fs, path::Path};

use airlock_tests::{fixtures, rotation::walk, secrets::Secrets};

use crate::{
    input::{copy, pack},
    package::{judge, manifest, unpack},
    page::{Page, learn},
};

/// A cluster of three nodes: one node is loaded as a folder, one as `.tar.gz`, one as a dropped `.zip`; the management
/// cluster's Secrets are pasted and selected. RSA 2048, kubeadm's default.
#[test]
fn three_nodes_by_every_door() {
    let page = Page::open("whole-way");
    let (cluster, management) = ("kubeadm/rsa-3", "cluster-api/rsa-3");
    page.choose_folder(&copy(page.folder(), cluster, &["cp1", "worker1", "clients"], "rsa-3"));
    assert_eq!(page.count("[data-test=node][data-name=cp1]"), 1, "{}", page.says());
    page.choose(&[&pack(page.folder(), cluster, &["cp2"], "cp2.tar.gz")]);
    page.drop(&[&pack(page.folder(), cluster, &["cp3"], "cp3.zip"), &fixtures::path(cluster).join("cluster")]);
    let secrets: Vec<_> =
        walk(&fixtures::path(management)).iter().map(|file| fixtures::path(management).join(file)).collect();
    let (pasted, chosen) = secrets.split_at(2);
    for file in pasted {
        page.paste(&fs::read_to_string(file).expect("a fixture can be read"));
    }
    page.choose(&chosen.iter().map(AsRef::as_ref).collect::<Vec<&Path>>());

    // Inspect: every node, every CA, and no error.
    page.unfold();
    page.look("inspected");
    page.go("load");
    for path in ["rsa-3/clients/alice.conf", "cp2.tar.gz", "cp3.zip", "cluster/cluster-info.yaml", "pasted"] {
        assert_eq!(page.count(&format!("[data-test=file][data-path=\"{path}\"]")), 1, "{path} is loaded");
    }
    for node in ["cp1", "cp2", "cp3", "worker1"] {
        let slots = page.count(&format!("[data-test=holder][data-name={node}] [data-test=slot]"));
        assert!(slots >= 3, "{node} has {slots} slots");
    }
    for authority in ["cluster", "front-proxy", "etcd"] {
        assert_eq!(page.count(&format!("[data-test=authority][data-name={authority}]")), 1, "{authority}");
    }
    assert!(page.count("[data-test=certificate]") > 50, "certificates are shown");
    let errors: Vec<_> = page.findings().into_iter().filter(|finding| finding.0 == "error").collect();
    assert!(errors.is_empty(), "{errors:#?}");

    // Plan: steps in three phases, and edits of every node.
    page.plan();
    page.unfold();
    assert!(page.count("[data-test=step]") > 10, "the plan has steps");
    // A file that changes in the same way on several nodes is listed once, with their number.
    let edits = page.evaluate(
        "return [...document.querySelectorAll('[data-test=edit]')].reduce((sum, edit) => sum + Number(edit.dataset.holders), 0);",
    );
    assert!(edits.as_u64().is_some_and(|edits| edits > 60), "the plan says which file changes: {edits}");
    assert_eq!(page.count("[data-test=successor]"), 2, "both authorities get a successor");

    // Build: the bar counts every key.
    page.evaluate(
        "const bars = window.airlockBars = [];
         new MutationObserver(() => {
             const bar = document.querySelector('[data-test=progress]');
             if (bar) bars.push([bar.value, bar.max]);
         }).observe(document.body, { subtree: true, childList: true, attributes: true });",
    );
    page.make();
    let bars: Vec<(u32, u32)> = serde_json::from_value(page.evaluate("return window.airlockBars;")).expect("pairs");
    let keys = page.count("[data-test=keys] li");
    let (_, total) = bars[0];
    assert!(keys > 20 && total as usize == keys, "{keys} keys, the bar counts to {total}");
    assert!(bars.windows(2).all(|pair| pair[0].0 <= pair[1].0), "the bar never goes back: {bars:?}");
    assert!(bars.iter().any(|bar| bar.0 > 0 && bar.0 < total), "the bar moves: {bars:?}");

    // Review: keys are shown as pins, and every file can be viewed before the download.
    page.unfold();
    let shown = page.preview("2-switch/control-plane/cp1/etc/kubernetes/pki/ca.key");
    assert!(shown.contains("‹private key, pin sha256:"), "{shown}");
    let shown = page.preview("2-switch/control-plane/cp2/etc/kubernetes/admin.conf");
    assert!(shown.contains("‹private key, pin sha256:") && shown.contains("client-certificate-data"), "{shown}");
    let shown = page.preview("1-trust-both/management/rsa-3-kubeconfig.yaml");
    assert!(shown.contains("kind: Secret"), "{shown}");
    let listed = page.count("[data-test=output-file]");

    let root = unpack(&page.download());
    assert_eq!(walk(&root).len(), listed, "the list shows every file of the package");
    let manifest = manifest(&root);
    assert_eq!(manifest["format"], "airlock-package/1");
    judge(&root, cluster, management, "whole-way");

    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(cluster));
    learn(&mut secrets, &fixtures::path(management));
    learn(&mut secrets, &root);
    page.close(&secrets);
}
