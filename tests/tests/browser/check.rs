//! The check of the rotation's progress: the page's result equals the command line's, with and without workers.

use std::{fs, process::Command};

use airlock_core::report::CheckReport;
use airlock_tests::{
    fixtures,
    phases::Phases,
    rotation::Case,
    secrets::Secrets,
    tools::{airlock, output},
};
use serde_json::{Value, json};

use crate::{
    input::{pack, pack_from, write},
    page::{Page, learn},
    resilience::NO_WORKERS,
};

const HOLDERS: [&str; 6] = ["cp1", "cp2", "cp3", "worker1", "clients", "cluster"];

/// The displayed answer: phase, whether it is complete, the incomplete holders, and the codes of errors, warnings and
/// notes.
type Shown = (u8, bool, Vec<(String, String)>, Vec<String>);

fn shown(page: &Page) -> Shown {
    page.unfold();
    page.evaluate(
        "for (const group of document.querySelectorAll('[data-test=finding-group]:not([open])')) group.open = true;",
    );
    page.wait("!document.querySelector('[data-test=finding-group][open] > summary:only-child, [data-test=later]')");
    let found = page.evaluate(
        "const answer = document.querySelector('[data-test=checked]');
         const text = (element, css) => element.querySelector(css)?.innerText ?? '';
         const behind = [...answer.querySelectorAll('[data-test=behind]')];
         return [Number(answer.dataset.phase), answer.dataset.holds === 'true',
             behind.flatMap((one) => [...one.querySelectorAll('[data-test=missing]')].map((missing) =>
                 [one.dataset.name, [...missing.querySelectorAll('p:not(.hint)')].map((p) => p.innerText).join(': ')])),
             [...answer.querySelectorAll('[data-test=finding]')].map((finding) => finding.dataset.code)];",
    );
    // The page groups them by cause, the report lists each.
    let (phase, holds, missing, mut codes): Shown = serde_json::from_value(found).expect("an answer");
    codes.sort();
    (phase, holds, missing, codes)
}

/// The result of `airlock check` for the same files of the test's folder, in the same form.
fn said(page: &Page, files: &[&str], phase: Option<u8>) -> Shown {
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string()).current_dir(page.folder());
    command.args(["check", "--format", "json"]).args(files);
    if let Some(phase) = phase {
        command.args(["--phase", &phase.to_string()]);
    }
    let report: CheckReport = serde_json::from_slice(&output(&mut command).stdout).expect("a check gives JSON");
    let missing = report.missing.iter().map(|one| {
        let mut seen = one.seen.clone();
        // Names of components are not changed.
        if !seen.starts_with("kube") {
            seen[..1].make_ascii_uppercase();
        }
        let place = if one.place == one.holder { String::new() } else { format!("{}: ", one.place) };
        (one.holder.clone(), format!("{place}{seen}."))
    });
    let mut codes: Vec<String> = report.findings.into_iter().map(|one| one.code).collect();
    codes.sort();
    (report.phase, report.holds, missing.collect(), codes)
}

/// Presses a check button, and compares the answer with the command line's.
fn check(page: &Page, button: &str, files: &[&str], phase: Option<u8>) -> Shown {
    page.click(&format!("[data-test=check-{button}]"));
    page.wait(&format!("document.querySelector('[data-test=check-{button}][aria-pressed=true]')"));
    page.settle(&format!("checked {button}"));
    let shown = shown(page);
    assert_eq!(shown, said(page, files, phase), "{button}");
    shown
}

/// All holders in phase 1, except for one kubeconfig of one node.
fn one_behind(page: &Page, phases: &Phases) -> std::path::PathBuf {
    let folder = page.folder().join("trees");
    fixtures::copy(&phases.phase(1), &folder);
    let file = "cp2/etc/kubernetes/scheduler.conf";
    fs::copy(phases.phase(0).join(file), folder.join(file)).expect("a file can be copied");
    folder
}

fn compare(page: Page) {
    let case = Case::named("ecdsa-3");
    let phases = case.phases();
    let trees = "trees.tar.gz";
    page.choose(&[&pack_from(page.folder(), &one_behind(&page, phases), &HOLDERS, trees)]);
    page.go("inspect");
    assert_eq!(page.count("[data-test=checked]"), 0, "nobody is told what nobody asked");
    assert_eq!(page.count("[data-test=under-way]"), 2, "both that are replaced are named");

    let (phase, holds, missing, _) = check(&page, "furthest", &[trees], None);
    assert_eq!((phase, holds, missing.len()), (1, false, 1));
    assert_eq!(missing[0].0, "cp2");
    assert!(missing[0].1.starts_with("/etc/kubernetes/scheduler.conf: It trusts the old CA alone"), "{missing:?}");
    // The page's live region announces the answer; the focus stays for the next question.
    let status = page.text("document.querySelector('[data-test=status]').innerText");
    assert!(status.contains("Phase 1 (trust both) is not complete. 1 place of 1 node is not done."), "{status}");
    assert_eq!(page.text("document.activeElement.dataset.test"), "check-furthest");
    for phase in 1..=3 {
        check(&page, &phase.to_string(), &[trees], Some(phase));
    }

    // Other files change the answer to the same question, without another click.
    let package = "package.zip";
    page.choose(&[&write(page.folder(), package, fs::read(case.rotation().archive()).expect("a package can be read"))]);
    page.wait("document.querySelector('[data-test=checked][data-phase=\"3\"]')");
    assert_eq!(shown(&page), said(&page, &[trees, package], Some(3)));
    page.evaluate(&format!("document.querySelector('[data-test=file][data-path={}] button').click();", json!(trees)));
    page.wait("!document.querySelector('[data-test=file][data-path=\"trees.tar.gz\"]')");
    page.settle("removed");
    let done = "done.tar.gz";
    page.choose(&[&pack_from(page.folder(), &phases.phase(3), &HOLDERS, done)]);
    page.wait("document.querySelector('[data-test=checked][data-holds=true]')");
    assert_eq!(shown(&page), said(&page, &[package, done], Some(3)));
    // The page requested no plan.
    assert_eq!(page.count("[data-test=plan], [data-test=refused]"), 0);

    let mut secrets = Secrets::default();
    learn(&mut secrets, &phases.phase(1));
    learn(&mut secrets, &phases.phase(3));
    learn(&mut secrets, &case.rotation().root());
    page.close(&secrets);
}

#[test]
fn the_page_says_what_the_command_line_says() {
    compare(Page::open("check"));
}

#[test]
fn the_page_says_the_same_without_workers() {
    let page = Page::open_after("check-no-workers", NO_WORKERS);
    page.wait("document.querySelector('[data-place=page]')");
    compare(page);
}

/// Before a rotation starts, the check reports an error instead of a list of incomplete holders.
#[test]
fn with_one_ca_alone_there_is_no_answer() {
    let page = Page::open("check-one-ca");
    page.choose(&[&pack(page.folder(), "kubeadm/ecdsa-3", &HOLDERS, "nodes.tar")]);
    let (_, holds, missing, codes) = check(&page, "2", &["nodes.tar"], Some(2));
    assert_eq!((holds, missing.len(), codes.iter().any(|code| code == "no-rotation")), (false, 0, true), "{codes:?}");
    assert_eq!(page.evaluate("return document.querySelectorAll('[data-test=under-way]').length;"), Value::from(0));
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path("kubeadm/ecdsa-3"));
    page.close(&secrets);
}
