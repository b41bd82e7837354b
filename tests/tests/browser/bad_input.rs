//! Bad input: a finding names the file, and all other input stays.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use airlock_tests::{fixtures, secrets::Secrets, tools::succeed};
use flate2::{Compression, write::GzEncoder};

use crate::{
    input::{copy, pack, write},
    page::{Page, learn},
};

/// A file, and the expected finding.
struct Bad {
    name: &'static str,
    make: fn(&Path, &str) -> PathBuf,
    /// Text of the finding; empty for any.
    says: &'static str,
}

const TABLE: [Bad; 8] = [
    Bad { name: "truncated.pem", make: truncated_pem, says: "never ends" },
    Bad { name: "wrong-base64.pem", make: wrong_base64, says: "base64" },
    Bad { name: "other-key.tar", make: other_key, says: "does not" },
    Bad { name: "bomb.zip", make: zip_bomb, says: "200 times" },
    Bad { name: "bomb.tar.gz", make: gzip_bomb, says: "200 times" },
    Bad { name: "large.tar", make: large, says: "104857600 bytes" },
    Bad { name: "aliases.yaml", make: aliases, says: "alias" },
    Bad { name: "leads-out.tar", make: leads_out, says: ".." },
];

fn truncated_pem(folder: &Path, name: &str) -> PathBuf {
    let text = fixture("kubeadm/ecdsa-3/cp1/etc/kubernetes/pki/ca.crt");
    write(folder, name, &text[..text.len() / 2])
}

fn wrong_base64(folder: &Path, name: &str) -> PathBuf {
    let text = fixture("kubeadm/ecdsa-3/cp1/etc/kubernetes/pki/ca.crt");
    write(folder, name, text.replacen("MII", "M!I", 1))
}

/// A node whose API server has a key of another cluster.
fn other_key(folder: &Path, name: &str) -> PathBuf {
    let node = copy(folder, "kubeadm/ecdsa-3", &["cp2"], "other").join("cp2/etc/kubernetes/pki/apiserver.key");
    fs::copy(fixtures::path("kubeadm/other-1/cp1/etc/kubernetes/pki/apiserver.key"), node)
        .expect("a key can be copied");
    let archive = folder.join(name);
    succeed(Command::new("tar").arg("-cf").arg(&archive).arg("cp2").current_dir(folder.join("other")));
    archive
}

fn zip_bomb(folder: &Path, name: &str) -> PathBuf {
    // Each of them is below the limit; together they are not.
    let names: Vec<String> = (1..4).map(|number| format!("zeros{number}")).collect();
    for name in &names {
        File::create(folder.join(name)).and_then(|file| file.set_len(60 << 20)).expect("a file can be written");
    }
    let archive = folder.join(name);
    succeed(Command::new("zip").arg("-q").arg(&archive).args(names).current_dir(folder));
    archive
}

fn gzip_bomb(folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(name);
    let mut gzip = GzEncoder::new(File::create(&file).expect("a file can be written"), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..100 {
        gzip.write_all(&zeros).expect("zeros can be packed");
    }
    gzip.finish().expect("a file can be written");
    file
}

fn large(folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(name);
    File::create(&file).and_then(|file| file.set_len(100 << 20)).expect("a file can be written");
    file
}

fn aliases(folder: &Path, name: &str) -> PathBuf {
    let mut text = "apiVersion: v1\nkind: ConfigMap\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let before = format!("*a{}", level - 1);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", ")));
    }
    write(folder, name, text)
}

fn leads_out(folder: &Path, name: &str) -> PathBuf {
    let file = write(folder, "ca.crt", fixture("kubeadm/other-1/cp1/etc/kubernetes/pki/ca.crt"));
    let archive = folder.join(name);
    let mut tar = Command::new("tar");
    tar.arg("-cf").arg(&archive).args(["--absolute-names", "--transform", "s,^,../../,"]);
    succeed(tar.arg("-C").arg(folder).arg("ca.crt"));
    fs::remove_file(file).expect("a file can be removed");
    archive
}

fn fixture(name: &str) -> String {
    fs::read_to_string(fixtures::path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn bad_files_are_named_and_nothing_else_is_lost() {
    let page = Page::open("bad-input");
    page.choose(&[&pack(page.folder(), "kubeadm/ecdsa-3", &["cp1", "worker1", "cluster"], "nodes.tar.gz")]);
    for (index, Bad { name, make, says }) in TABLE.iter().enumerate() {
        page.choose(&[&make(page.folder(), name)]);
        assert_eq!(page.files(), index as u64 + 2, "{name}: {}", page.says());
        let findings = page.findings();
        assert!(
            findings.iter().any(|(_, _, text)| text.contains(name) && text.contains(says)),
            "{name}: no finding says “{says}”: {:#?}",
            findings.iter().filter(|(_, _, text)| text.contains(name)).collect::<Vec<_>>()
        );
        page.unfold();
        for holder in ["cp1", "worker1"] {
            let slots = page.count(&format!("[data-test=holder][data-name={holder}] [data-test=slot]"));
            assert!(slots > 2, "{name}: {holder} has lost its files");
        }
    }
    // Without them the rotation can be planned.
    for Bad { name, .. } in TABLE {
        page.click(&format!("[data-test=file][data-path=\"{name}\"] [data-test=remove-file]"));
        page.settle("removed");
    }
    assert_eq!(page.files(), 1);
    page.plan();
    page.make();
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path("kubeadm/ecdsa-3"));
    learn(&mut secrets, &fixtures::path("kubeadm/other-1"));
    page.close(&secrets);
}
