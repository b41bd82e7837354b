//! The platform: detected from the files, asked for if it is ambiguous, selected by the user, with its own terms.

use std::{fs, path::Path, process::Command};

use airlock_tests::{
    fixtures,
    rotation::walk,
    secrets::Secrets,
    tools::{airlock, succeed},
};

use crate::{
    input::{pack, write},
    package::unpack,
    page::{Page, learn},
};

const FIXTURE: &str = "kubeadm/ecdsa-3";
const NODES: [&str; 5] = ["cp1", "cp2", "cp3", "worker1", "cluster"];

/// Selects a platform, and waits until the files were inspected again.
fn say(page: &Page, platform: &str) {
    page.set("[data-test=platform]", platform);
    page.settle(&format!("platform: {platform}"));
}

/// The text of a line of the page.
fn summary(page: &Page) -> String {
    page.text("document.querySelector('[data-test=summary]').innerText")
}

#[test]
fn where_the_files_are_of_two_platforms_the_page_asks() {
    let page = Page::open("platform-mixed");
    page.choose(&[&pack(page.folder(), FIXTURE, &NODES, "nodes.tar")]);
    assert!(summary(&page).contains("kubeadm (detected)"), "{}", summary(&page));
    assert_eq!(page.count("[data-test=platform-choice][data-asked=false]"), 1);

    page.choose(&[&write(page.folder(), "worker.yaml", "version: v1alpha1\nmachine:\n  type: worker\ncluster: {}\n")]);
    page.go("inspect");
    assert_eq!(page.count("[data-test=platform-choice][data-asked=true]"), 1, "{}", page.says());
    assert_eq!(page.count("[data-test=finding][data-code=mixed-platforms]"), 1);
    // The command line's option is not mentioned: there is a field.
    let remedy = page.text("document.querySelector('[data-code=mixed-platforms] .remedy').innerText");
    assert!(!remedy.contains("--platform"), "{remedy}");

    say(&page, "talos");
    assert!(summary(&page).contains("Talos (selected)"), "{}", summary(&page));
    assert_eq!(page.count("[data-test=finding][data-code=mixed-platforms]"), 0);
    say(&page, "kubeadm");
    assert_eq!(page.count("[data-test=finding][data-code=mixed-platforms]"), 0);
    // The selection can be undone, by the button and by the field.
    page.click("[data-test=undo]");
    page.settle("undone");
    assert!(summary(&page).contains("Talos (selected)"), "{}", summary(&page));
    say(&page, "");
    assert_eq!(page.count("[data-test=platform-choice][data-asked=true]"), 1);
    close(page);
}

/// StarlingX' own terms, its subject and its expiry date. All content that does not depend on the new key equals the
/// command line's.
#[test]
fn a_whole_subject_and_a_day_as_the_command_line_takes_them() {
    let page = Page::open("platform-starlingx");
    let archive = pack(page.folder(), FIXTURE, &["cp1", "worker1", "cluster"], "nodes.tar.gz");
    let (subject, day) = ("C=CA ST=ON L=Ottawa O=Company CN=kubernetes-new", "2036-03-04");
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string()).current_dir(page.folder());
    command.args([
        "package",
        "nodes.tar.gz",
        "--platform",
        "starlingx",
        "--keep-keys",
        "--accept-outage",
        "--out",
        "command-line",
    ]);
    succeed(command.args(["--subject", subject, "--expiry-date", day]));

    page.choose(&[&archive]);
    assert_eq!(page.count("[data-test=cluster-subject]"), 0, "kubeadm has no such field");
    page.go("inspect");
    say(&page, "starlingx");
    assert!(page.text("document.querySelector('[data-test=check-1]').innerText").contains("trust-both-cas"));
    page.go("plan");
    page.click("[data-test=keep-keys]");
    page.set("[data-test=cluster-subject]", "C=CA");
    page.set("[data-test=cluster-expiry-date]", "soon");
    page.wait("document.querySelectorAll('[data-test=problem]').length === 2");
    page.set("[data-test=cluster-subject]", subject);
    page.set("[data-test=cluster-expiry-date]", day);
    page.plan();
    let phases =
        page.text("[...document.querySelectorAll('[data-test=phases] .phase-row')].map((e) => e.innerText).join()");
    for word in ["trust-both-cas", "update-certs", "trust-new-ca"] {
        assert!(phases.contains(word), "{phases}");
    }
    crate::sample::make_with_outage(&page);
    let root = unpack(&page.download());
    let written = page.folder().join("command-line");
    assert_eq!(walk(&root), walk(&written), "the same files");
    let certificate = |root: &Path| {
        let mut openssl = Command::new("openssl");
        openssl.args(["x509", "-noout", "-subject", "-dates", "-ext", "basicConstraints,keyUsage", "-in"]);
        succeed(openssl.arg(root.join("1-trust-both/cluster/rootca.pem")))
    };
    assert_eq!(certificate(&root), certificate(&written));
    assert!(
        certificate(&root).contains("Mar  4") && certificate(&root).contains("L = Ottawa"),
        "{}",
        certificate(&root)
    );
    // Scripts are identical, except for the new key's identifier (20 bytes) and the checksums of files that contain it.
    for script in walk(&root).into_iter().filter(|file| file.ends_with(".sh")) {
        let read = |root: &Path| {
            let text = fs::read_to_string(root.join(&script)).expect("a script is text");
            let differs =
                |word: &str| [40, 64].contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
            let words = text.split(|c: char| !c.is_ascii_alphanumeric());
            words.map(|word| if differs(word) { "KEY" } else { word }).collect::<Vec<_>>().join(" ")
        };
        assert!(read(&root) == read(&written), "{script} differs");
    }
    close(page);
}

fn close(page: Page) {
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    page.close(&secrets);
}
