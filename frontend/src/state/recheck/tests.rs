//! Every finding has a command, and the real programs accept these commands.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use super::*;

/// The text before a finding's code in core's sources, without spaces.
const BEFORE: [&str; 12] = [
    "Finding::error(",
    "Finding::warning(",
    "Finding::note(",
    "Finding::new(severity,",
    "Finding::new(matters,",
    "Finding::new(severity(inventory,row.authority),",
    "Severity::Error,",
    "Severity::Warning,",
    "Severity::Note,",
    "note(",
    "=>(",
    "_NEEDED:&str=",
];

/// Codes in other positions, each in one place of core.
const ELSEWHERE: [&str; 6] = [
    "ignored-certificate",
    "key-in-trust-bundle",
    "kubelet-configuration-template",
    "not-judged",
    "password-wrong",
    "unreadable-content",
];

fn sources(folder: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let lines = code.lines().map(str::trim).filter(|line| !line.starts_with("//"));
            texts.push(lines.collect::<Vec<_>>().join(" "));
        }
    }
}

/// Every code in core's sources.
fn codes() -> BTreeSet<String> {
    let mut texts = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src"), &mut texts);
    let mut codes: BTreeSet<String> = ELSEWHERE.map(str::to_owned).into();
    for text in texts {
        let pieces: Vec<&str> = text.split('"').collect();
        for pair in pieces.windows(2) {
            let before: String = pair[0].chars().filter(|c| !c.is_whitespace()).collect();
            let said = BEFORE.iter().position(|mark| before.ends_with(mark));
            let said = said.is_some_and(|at| pair[1].contains('-') || BEFORE[at] != "=>(");
            let fits = pair[1].bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            if said && fits && !pair[1].is_empty() {
                codes.insert(pair[1].to_owned());
            }
        }
    }
    codes
}

#[test]
fn every_code_of_core_has_a_reason_and_a_command() {
    let codes = codes();
    for known in [
        "archive-bomb",
        "expired",
        "key-mismatch",
        "several-clusters",
        "bundle",
        "mixed-platforms",
        "bad-ca-end",
        "not-a-ca",
    ] {
        assert!(codes.contains(known), "{known} is not found in core's sources: {codes:?}");
    }
    let without: Vec<_> = codes.iter().filter(|code| advice(code).is_none()).collect();
    assert!(without.is_empty(), "no entry in ADVICE for {without:?}");
}

#[test]
fn the_table_is_in_order_and_speaks_in_sentences() {
    assert!(ADVICE.windows(2).all(|pair| pair[0].code < pair[1].code));
    for Advice { code, why, .. } in ADVICE {
        assert!(
            why.ends_with('.')
                && why.starts_with(|first: char| first.is_uppercase()
                    || first == '`'
                    || why.starts_with("etcd")
                    || why.starts_with("kube")),
            "{code}: {why}"
        );
    }
}

fn at(code: &str, file: &str, place: &str) -> String {
    command(&Finding::error(code, file, "it is so").at(place))
}

#[test]
fn a_command_names_the_file_and_the_place_in_it() {
    let expired = |file: &str, place: &str| at("expired", file, place);
    assert_eq!(expired("cp1/pki/ca.crt", ""), "openssl x509 -in cp1/pki/ca.crt -noout -subject -dates");
    assert_eq!(expired("my node/ca.crt", ""), "openssl x509 -in 'my node/ca.crt' -noout -subject -dates");
    assert_eq!(
        expired("cp1.tar.gz!/etc/kubernetes/pki/ca.crt", ""),
        "tar -xOf cp1.tar.gz etc/kubernetes/pki/ca.crt | openssl x509 -noout -subject -dates"
    );
    assert_eq!(expired("a.zip!/it's.crt", ""), r"unzip -p a.zip 'it'\''s.crt' | openssl x509 -noout -subject -dates");
    assert_eq!(
        expired("admin.conf", "users[0].user"),
        "kubectl config view --raw --kubeconfig admin.conf -o jsonpath='{.users[0].user.client-certificate-data}' | base64 -d | openssl x509 -noout -subject -dates"
    );
    assert_eq!(
        expired("secrets.yaml", "Secret default/one-ca"),
        r"kubectl -n default get secret one-ca -o jsonpath='{.data.tls\.crt}' | base64 -d | openssl x509 -noout -subject -dates"
    );
    assert_eq!(
        expired("secret.yaml!/one-ca/ca.crt", ""),
        r"kubectl get secrets -A --field-selector metadata.name=one-ca -o jsonpath='{.items[0].data.ca\.crt}' | base64 -d | openssl x509 -noout -subject -dates"
    );
    assert_eq!(expired("cp1.yaml", ""), r"grep -n -e 'crt\|certificate\|BEGIN' cp1.yaml");
    assert_eq!(at("left-alone", "secrets.yaml", "Secret default/one-sa"), "kubectl -n default describe secret one-sa");
    assert_eq!(at("another-code", "ca.crt", ""), "");
}

/// Runs the commands with the real tools, on the files of a kubeadm cluster.
#[test]
fn the_real_programs_take_the_commands() {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/kubeadm/rsa-1");
    let path = format!("{}:{}", tree.join("../../../../target/tools").display(), std::env::var("PATH").unwrap());
    let run = |command: &str, said: &str| {
        let output = Command::new("bash")
            .args(["-c", &format!("set -o pipefail; {command}")])
            .current_dir(&tree)
            .env("PATH", &path)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains(said), "{command}\n{text}");
    };
    let pki = "cp1/etc/kubernetes/pki";
    let ca = format!("{pki}/ca.crt");
    for advice in ADVICE {
        let options = matches!(advice.check, Check::Certificate(_) | Check::Certificates);
        if options && advice.code != "sha1" {
            run(&at(advice.code, &ca, ""), "");
            run(&at(advice.code, "cp1/etc/kubernetes/admin.conf", "users[0].user"), "");
        }
    }
    run(&at("expired", &ca, ""), "notAfter=");
    run(&at("bundle", "cp1/etc/kubernetes/admin.conf", "clusters[0].cluster"), "kubernetes");
    run(&at("key-mismatch", &ca, ""), "");
    run(&at("key-mismatch", "cp1/etc/kubernetes/admin.conf", "users[0].user"), "");
    run(&at("other-cluster", "cp1/etc/kubernetes/admin.conf", ""), "DATA+OMITTED");
    run(&at("cut-off", &ca, ""), "ca.crt");
    run("tar -cf /tmp/airlock-recheck.tar cp1", "");
    run(&at("archive-empty", "/tmp/airlock-recheck.tar", ""), "ca.crt");
    run(&at("expired", &format!("/tmp/airlock-recheck.tar!/{ca}"), ""), "notAfter=");
    run(&at("other-cluster", "/tmp/airlock-recheck.tar!/cp1/etc/kubernetes/admin.conf", ""), "DATA+OMITTED");
    fs::remove_file("/tmp/airlock-recheck.tar").unwrap();
}

mod samples;
