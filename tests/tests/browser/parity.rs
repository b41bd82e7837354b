//! The page and the command line write the same bytes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use airlock_tests::{
    fixtures,
    rotation::Case,
    secrets::Secrets,
    tools::{airlock, succeed},
};

use crate::{
    input::{pack, pack_from, write},
    package::{sha256, unpack},
    page::{Page, learn},
};

/// The imported CAs: option, field of the page, file of the fixture, and its name in both.
const BROUGHT: [(&str, &str, &str, &str); 4] = [
    ("--ca-cert", "cluster-certificate", "ca.crt", "new-cluster.crt"),
    ("--ca-key", "cluster-key", "ca.key", "new-cluster.key"),
    ("--front-proxy-ca-cert", "front-proxy-certificate", "front-proxy-ca.crt", "new-front-proxy.crt"),
    ("--front-proxy-ca-key", "front-proxy-key", "front-proxy-ca.key", "new-front-proxy.key"),
];

/// The same input, options, clock and keys: imported CAs, and leaf certificates with existing keys.
#[test]
fn page_and_command_line_write_the_same_bytes() {
    let page = Page::open("parity");
    let archive =
        pack(page.folder(), "kubeadm/ecdsa-3", &["cp1", "cp2", "cp3", "worker1", "clients", "cluster"], "nodes.tar.gz");
    let mut files = vec![archive];
    files.extend(write_imported(&page));

    let mut options = vec!["nodes.tar.gz", "--keep-keys"];
    options.extend(import_options());
    let written = command_line(&page, &options);

    // The form selects the cluster CA's files; the front proxy's are loaded with the nodes.
    files.retain(|file| !file.ends_with("new-cluster.crt") && !file.ends_with("new-cluster.key"));
    page.choose(&files.iter().map(AsRef::as_ref).collect::<Vec<&Path>>());
    page.click("[data-test=keep-keys]");
    for authority in ["cluster", "front-proxy"] {
        page.click(&format!("[data-test={authority}-bring]"));
    }
    for ((_, field, _, name), picked) in BROUGHT.iter().zip([true, true, false, false]) {
        page.wait(&format!("document.querySelector('[data-test={field}]')"));
        if picked {
            page.choose_by(&format!("[data-test={field}-file]"), &[&page.folder().join(name)]);
        } else {
            page.set(&format!("[data-test={field}]"), name);
        }
    }
    page.plan();
    assert_eq!(page.count("[data-test=keys] li"), 0, "no key has to be made");
    page.make();
    same(&page, &written, &page.download());
    close(page, &["kubeadm/ecdsa-3", "brought"].map(fixtures::path));
}

/// External CAs: the package contains signing requests for existing keys.
#[test]
fn they_ask_for_the_same_certificates() {
    let page = Page::open("parity-external");
    pack(page.folder(), "kubeadm/external-1", &["cp1", "cluster"], "nodes.tar.gz");
    let files = write_imported(&page);
    let certificates = [(BROUGHT[0], &files[0]), (BROUGHT[2], &files[2])];
    let given = certificates.map(|((option, _, _, name), _)| [option, name]).concat();
    let options = ["nodes.tar.gz", "--external-ca", "--keep-keys", "--kubelet-certs", "mint"];
    let written = command_line(&page, &[&options[..], &given].concat());

    page.choose(&[&page.folder().join("nodes.tar.gz")]);
    for choice in ["external-ca", "keep-keys", "kubelets-mint"] {
        page.click(&format!("[data-test={choice}]"));
    }
    page.wait("document.querySelector('[data-test=external-ca]:checked')");
    for ((_, field, ..), file) in certificates {
        page.choose_by(&format!("[data-test={field}-file]"), &[file]);
    }
    page.plan();
    assert_eq!(page.count("[data-test=keys] li"), 0, "no key has to be made");
    page.make();
    same(&page, &written, &page.download());
    close(page, &["kubeadm/external-1", "brought"].map(fixtures::path));
}

/// A rotation in progress is discarded for an imported CA.
#[test]
fn they_start_over_alike() {
    let page = Page::open("parity-start-over");
    let phases = Case::named("ecdsa-3").phases();
    let holders = ["cp1", "cp2", "cp3", "worker1", "clients", "cluster"];
    let mut files = vec![pack_from(page.folder(), &phases.phase(1), &holders, "nodes.tar.gz")];
    let mut options = vec!["nodes.tar.gz", "--keep-keys", "--start-over"];
    files.extend(write_imported(&page));
    options.extend(import_options());
    let written = command_line(&page, &options);

    page.choose(&files.iter().map(AsRef::as_ref).collect::<Vec<&Path>>());
    page.click("[data-test=keep-keys]");
    page.click("[data-test=start-over]");
    page.wait("document.querySelector('[data-test=confirm-start-over]')");
    page.click("[data-test=confirm-start-over]");
    for authority in ["cluster", "front-proxy"] {
        page.click(&format!("[data-test={authority}-bring]"));
    }
    select_imported(&page);
    page.plan();
    assert_eq!(page.count("[data-test=keys] li"), 0, "no key has to be made");
    page.make();
    same(&page, &written, &page.download());
    close(page, &[phases.phase(1), fixtures::path("brought")]);
}

/// Workers that are replaced in phase 3 instead of being reconfigured.
#[test]
fn they_replace_workers_alike() {
    let page = Page::open("parity-workers");
    let holders = ["cp1", "cp2", "cp3", "worker1", "clients", "cluster"];
    let mut files = vec![pack(page.folder(), "kubeadm/ecdsa-3", &holders, "nodes.tar.gz")];
    let mut options = vec!["nodes.tar.gz", "--keep-keys", "--workers", "replace"];
    files.extend(write_imported(&page));
    options.extend(import_options());
    let written = command_line(&page, &options);

    page.choose(&files.iter().map(AsRef::as_ref).collect::<Vec<&Path>>());
    for choice in ["keep-keys", "workers-replace", "cluster-bring", "front-proxy-bring"] {
        page.click(&format!("[data-test={choice}]"));
    }
    select_imported(&page);
    page.plan();
    assert_eq!(page.count("[data-test=step][data-name='3-workers']"), 1, "phase 3 has a step for workers");
    page.make();
    same(&page, &written, &page.download());
    close(page, &["kubeadm/ecdsa-3", "brought"].map(fixtures::path));
}

/// Certificates that the current CAs issue again: Airlock generates no key, so nothing must be imported.
#[test]
fn they_renew_the_same_certificates() {
    let page = Page::open("parity-renewal");
    let holders = ["cp1", "cp2", "cp3", "worker1", "clients", "cluster"];
    let nodes = pack(page.folder(), "kubeadm/ecdsa-3", &holders, "nodes.tar.gz");
    let written = command_line(&page, &["nodes.tar.gz", "--intent", "renew-leaves"]);

    page.choose(&[&nodes]);
    page.click("[data-test=intent-renew-leaves]");
    page.plan();
    page.make();
    same(&page, &written, &page.download());
    close(page, &[fixtures::path("kubeadm/ecdsa-3")]);
}

/// Writes the imported CAs' files into the page's folder, in the order of [`BROUGHT`].
fn write_imported(page: &Page) -> Vec<PathBuf> {
    let files = BROUGHT.iter().map(|(_, _, fixture, name)| {
        let content = fs::read(fixtures::path("brought").join(fixture)).expect("a fixture can be read");
        write(page.folder(), name, content)
    });
    files.collect()
}

/// The options of the command line that import these CAs.
fn import_options() -> impl Iterator<Item = &'static str> {
    BROUGHT.into_iter().flat_map(|(option, _, _, name)| [option, name])
}

/// Selects the loaded files of the imported CAs in the page's form.
fn select_imported(page: &Page) {
    for (_, field, _, name) in BROUGHT {
        page.wait(&format!("document.querySelector('[data-test={field}]')"));
        page.set(&format!("[data-test={field}]"), name);
    }
}

/// Writes a package of the test's folder with the command line at the fixtures' time, and returns its path.
fn command_line(page: &Page, arguments: &[&str]) -> PathBuf {
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string()).current_dir(page.folder());
    succeed(command.args(["package", "--out", "command-line.zip"]).args(arguments));
    page.folder().join("command-line.zip")
}

/// Asserts that both archives have the same bytes.
fn same(page: &Page, written: &Path, downloaded: &Path) {
    let root = unpack(downloaded);
    let other = page.folder().join("command-line");
    succeed(Command::new("unzip").arg("-q").arg(written).arg("-d").arg(&other));
    // Compares file by file first, so that the message names a difference.
    let name = root.file_name().expect("a package has a name");
    succeed(Command::new("diff").args(["--recursive", "--brief"]).arg(other.join(name)).arg(&root));
    assert_eq!(sha256(downloaded), sha256(written), "the same files in archives that differ");
}

fn close(page: Page, keys: &[PathBuf]) {
    let mut secrets = Secrets::default();
    for folder in keys {
        learn(&mut secrets, folder);
    }
    page.close(&secrets);
}
