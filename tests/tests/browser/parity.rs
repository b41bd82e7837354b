//! Page and command line write the same bytes.

use std::{fs, path::Path, process::Command};

use airlock_tests::{
    fixtures,
    secrets::Secrets,
    tools::{airlock, succeed},
};

use crate::{
    input::{pack, write},
    package::{sha256, unpack},
    page::{Page, learn},
};

/// The CAs that are brought along: option, field of the page, file of the fixture, its name for both.
const BROUGHT: [(&str, &str, &str, &str); 4] = [
    ("--ca-cert", "cluster-certificate", "ca.crt", "new-cluster.crt"),
    ("--ca-key", "cluster-key", "ca.key", "new-cluster.key"),
    ("--front-proxy-ca-cert", "front-proxy-certificate", "front-proxy-ca.crt", "new-front-proxy.crt"),
    ("--front-proxy-ca-key", "front-proxy-key", "front-proxy-ca.key", "new-front-proxy.key"),
];

/// The same input, options, clock and keys: CAs brought along, leaves with the keys that they have.
#[test]
fn page_and_command_line_write_the_same_bytes() {
    let page = Page::open("parity");
    let archive =
        pack(page.folder(), "kubeadm/ecdsa-3", &["cp1", "cp2", "cp3", "worker1", "clients", "cluster"], "nodes.tar.gz");
    let mut files = vec![archive];
    for (_, _, fixture, name) in BROUGHT {
        let content = fs::read(fixtures::path("brought").join(fixture)).expect("a fixture can be read");
        files.push(write(page.folder(), name, content));
    }

    let mut command = Command::new(airlock());
    command.args(["package", "nodes.tar.gz", "--keep-keys", "--out", "command-line.zip"]);
    for (option, _, _, name) in BROUGHT {
        command.args([option, name]);
    }
    let now = fixtures::now().0.to_string();
    succeed(command.env("SOURCE_DATE_EPOCH", now).current_dir(page.folder()));

    // The cluster CA's files are picked in the form, the front proxy's are loaded with the nodes.
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
    let downloaded = page.download();

    let root = unpack(&downloaded);
    let written = page.folder().join("command-line.zip");
    let other = page.folder().join("command-line");
    succeed(Command::new("unzip").arg("-q").arg(&written).arg("-d").arg(&other));
    // File by file first: a difference is named.
    let name = root.file_name().expect("a package has a name");
    succeed(Command::new("diff").args(["--recursive", "--brief"]).arg(other.join(name)).arg(&root));
    assert_eq!(sha256(&downloaded), sha256(&written), "the same files in archives that differ");

    let mut secrets = Secrets::default();
    for folder in ["kubeadm/ecdsa-3", "brought"] {
        learn(&mut secrets, &fixtures::path(folder));
    }
    page.close(&secrets);
}
