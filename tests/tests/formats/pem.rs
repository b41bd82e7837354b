//! Compares Airlock's PEM parsers with Go's `encoding/pem`, `AppendCertsFromPEM`, `X509KeyPair` and client-go's
//! `ParseCertsPEM`, on unusual texts of many kinds; and tests what OpenSSL reads of the blocks that Go ignores.

use std::{fs, process::Command};

use airlock_core::{
    formats::pem::{self, PemBlock},
    x509::Certificate,
};
use airlock_tests::{fixtures, oracle, tools};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

#[derive(Serialize)]
struct Question {
    text: String,
    key: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    blocks: Option<Vec<Block>>,
    pool: Option<Vec<String>>,
    client_go: Option<Vec<String>>,
    pair: Option<Vec<String>>,
    key: bool,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Block {
    label: String,
    headers: bool,
    digest: String,
}

fn digest(der: &[u8]) -> String {
    Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(name: &str) -> String {
    let text = fixtures::read(&format!("kubeadm/ecdsa-3/cp1/etc/kubernetes/pki/{name}"));
    String::from_utf8(text).expect("PEM is ASCII")
}

/// A certificate, a certificate of another CA and a private key, each as kubeadm writes it.
struct Parts {
    leaf: String,
    other: String,
    key: String,
}

impl Parts {
    fn read() -> Self {
        Self { leaf: read("apiserver.crt"), other: read("front-proxy-ca.crt"), key: read("apiserver.key") }
    }

    fn body(&self) -> String {
        self.leaf.lines().filter(|line| !line.starts_with('-')).collect()
    }

    fn wrapped(&self, width: usize) -> String {
        let body = self.body();
        let lines: Vec<&str> =
            body.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }

    /// Texts with one unusual property each.
    fn odd(&self) -> Vec<Vec<u8>> {
        let Self { leaf, other, key } = self;
        let body = self.body();
        let relabelled = |label: &str| leaf.replace("CERTIFICATE", label);
        let with_header = |header: &str| leaf.replacen("-----\n", &format!("-----\n{header}"), 1);
        let indented = |blanks: &str| leaf.lines().map(|line| format!("{blanks}{line}\n")).collect::<String>();
        let mut texts: Vec<String> = vec![
            leaf.clone(),
            format!("{leaf}{other}"),
            format!("{leaf}{key}"),
            format!("{key}{leaf}"),
            format!("{other}{key}{leaf}"),
            format!("\u{feff}{leaf}"),
            format!("\u{feff}{leaf}{other}"),
            format!("{leaf}\u{feff}{other}"),
            format!("{leaf}{}", other.trim_end()),
            format!("{}{other}", leaf.trim_end()),
            format!("{} {other}", leaf.trim_end()),
            leaf.replace('\n', "\r\n"),
            leaf.replace('\n', "\r"),
            leaf.replace('\n', " "),
            leaf.replace('\n', ""),
            leaf.replace('\n', "\\n"),
            leaf.replace('\n', "\n\n"),
            leaf.replace('\n', "  \t\n"),
            leaf.replace('\n', "\u{b}\n"),
            leaf.replace("-----\n", "----- x\n"),
            leaf.replace("CERTIFICATE-----\n", "CERTIFICATE----- \r\n"),
            format!("{}\r", leaf.trim_end()),
            format!("{} \t", leaf.trim_end()),
            format!("subject=CN = x\n{leaf}"),
            format!("Bag Attributes\n    friendlyName: x\n{leaf}trailing text\n{other}"),
            format!("node: x\nkind: y\n{leaf}"),
            format!("x {leaf}{other}"),
            format!(" {leaf}{other}"),
            indented("  "),
            indented("\t"),
            format!("{}{other}", indented(" ")),
            leaf.to_lowercase(),
            leaf.replace("BEGIN", "begin"),
            leaf.replace("-----BEGIN", "----BEGIN"),
            leaf.replace("-----BEGIN", "------BEGIN"),
            leaf.replace("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE----"),
            leaf.replace("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE------"),
            leaf.replace("-----END CERTIFICATE-----", "-----END CERTIFICATE------"),
            leaf.replace("-----END CERTIFICATE-----", "-----END CERTIFICATE----"),
            leaf.replace("-----END CERTIFICATE-----", "-----END X-----"),
            leaf.replace("-----END CERTIFICATE-----\n", ""),
            format!("-----BEGIN CERTIFICATE-----\n{leaf}{other}"),
            format!("-----BEGIN CERTIFICATE-----\n{body}\n{leaf}{other}"),
            format!("-----END CERTIFICATE-----\n{leaf}"),
            format!("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n{leaf}"),
            format!("-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----\n{leaf}"),
            format!("-----BEGIN CERTIFICATE-----{body}\n-----END CERTIFICATE-----\n{other}"),
            format!("-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n{other}"),
            format!("-----BEGIN CERTIFICATE-----\n{body}=\n-----END CERTIFICATE-----\n{other}"),
            format!("-----BEGIN CERTIFICATE-----\n{body}====\n-----END CERTIFICATE-----\n{other}"),
            format!("-----BEGIN CERTIFICATE-----\nAA==\n{body}\n-----END CERTIFICATE-----\n{other}"),
            format!("-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n{leaf}"),
            format!("-----BEGIN CERTIFICATE-----\nQUI\n-----END CERTIFICATE-----\n{leaf}"),
            format!("-----BEGIN CERTIFICATE-----\nQUI=\n-----END CERTIFICATE-----\n{leaf}"),
            format!("-----BEGIN CERTIFICATE-----\nQU\nI=\n-----END CERTIFICATE-----\n{leaf}"),
            format!("-----BEGIN CERTIFICATE-----\nQUI=\n=\n-----END CERTIFICATE-----\n{leaf}"),
            format!("-----BEGIN CERTIFICATE-----\nQUJ=\n-----END CERTIFICATE-----\n{leaf}"),
            body.replace('+', "-").replace('/', "_"),
            leaf.replace('+', "-").replace('/', "_"),
            with_header("Proc-Type: 4,CLEAR\n\n"),
            with_header("Proc-Type: 4,CLEAR\n"),
            with_header("\nProc-Type: 4,CLEAR\n"),
            with_header(":\n"),
            format!("-----BEGIN X:Y-----\nA: b\n-----END X:Y-----\n{leaf}"),
            format!("-----BEGIN CERTIFICATE-----\nA: b\n-----END CERTIFICATE-----\n{leaf}"),
            format!("-----BEGIN CERTIFICATE-----\nA: b\nC: d\nE:-----END CERTIFICATE-----\n{leaf}"),
            "-----BEGIN CERTIFICATE-----\nA: b".to_owned(),
            "-----BEGIN CERTIFICATE-----\nA: b\n".to_owned(),
            "-----BEGIN CERTIFICATE-----".to_owned(),
            format!("-----BEGIN -----\n{body}\n-----END -----\n{leaf}"),
            format!("-----BEGIN CERTIFICATE-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"),
            format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----END CERTIFICATE-----\n{other}"),
            format!("{key}{}{leaf}", key.replace("EC PRIVATE", "ENCRYPTED PRIVATE")),
            key.replace("EC PRIVATE KEY", "PRIVATE KEY") + leaf,
            key.replace("EC PRIVATE KEY", "MY PRIVATE KEY") + leaf,
            key.replace("EC PRIVATE KEY", "MYPRIVATE KEY") + leaf,
            key.replace("EC PRIVATE KEY", "EC PRIVATE KEY ") + leaf,
            String::new(),
            "\n\n".to_owned(),
        ];
        for label in
            ["X509 CERTIFICATE", "TRUSTED CERTIFICATE", "certificate", " CERTIFICATE", "CERTIFICATE ", "PKCS7", "é"]
        {
            texts.push(relabelled(label));
            texts.push(format!("{other}{}", relabelled(label)));
            texts.push(format!("{}{other}", relabelled(label)));
        }
        texts.extend([1, 4, 5, 63, 64, 65, 76, 77, 100, 1000, 100_000].map(|width| self.wrapped(width)));
        let mut bytes: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
        bytes.push(STANDARD.decode(&body).expect("a body is base64"));
        bytes.push([&b"\xFF\xFE"[..], leaf.as_bytes()].concat());
        bytes.push([leaf.as_bytes(), b"\0", other.as_bytes()].concat());
        bytes.push([b"\0", leaf.as_bytes()].concat());
        bytes
    }

    /// Lines and parts of lines in random order; the same texts in every run.
    fn mixed(&self, count: usize) -> Vec<Vec<u8>> {
        let body = format!("{}\n", self.body());
        let pieces = [
            "-----BEGIN CERTIFICATE-----\n",
            "-----END CERTIFICATE-----\n",
            &body,
            "\n",
            "\r\n",
            " ",
            "-----",
            "A: b\n",
            "-----BEGIN ",
            "-----END ",
            "CERTIFICATE",
            "\u{feff}",
            "QUJD\n",
            "=",
            "-----BEGIN CERTIFICATE-----",
            "-----END CERTIFICATE-----",
            "-----BEGIN EC PRIVATE KEY-----\n",
            "-----END EC PRIVATE KEY-----\n",
            &self.leaf,
            &self.other,
            &self.key,
        ];
        let mut state = 1_u64;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).expect("31 bits fit") % below
        };
        (0..count)
            .map(|_| (0..2 + next(9)).map(|_| pieces[next(pieces.len())]).collect::<String>().into_bytes())
            .collect()
    }
}

/// The digests of the certificates; `None` if one cannot be parsed, or if there is none.
fn all(blocks: &[PemBlock]) -> Option<Vec<String>> {
    let parsed = blocks.iter().map(|block| Certificate::from_der(&block.der).is_ok());
    (!blocks.is_empty() && parsed.into_iter().all(|is_read| is_read))
        .then(|| blocks.iter().map(|block| digest(&block.der)).collect())
}

#[test]
fn go_reads_the_same_blocks() {
    let parts = Parts::read();
    let mut texts = parts.odd();
    let listed = texts.len();
    texts.extend(parts.mixed(4000));
    let ask = |text: &Vec<u8>| Question { text: STANDARD.encode(text), key: STANDARD.encode(&parts.key) };
    let questions: Vec<Question> = texts.iter().map(ask).collect();
    let answers: Vec<Answer> = oracle::ask("pem", &questions);
    let leaf = digest(&pem::blocks(parts.leaf.as_bytes()).blocks[0].der);
    let (mut pools, mut pairs, mut ignored) = (0, 0, 0);
    for (text, answer) in texts.iter().zip(&answers) {
        let shown = String::from_utf8_lossy(text);
        let block =
            |block: &PemBlock| Block { label: block.label.clone(), headers: block.headers, digest: digest(&block.der) };
        let ours: Vec<Block> = pem::go_blocks(text).iter().map(block).collect();
        assert_eq!(ours, *answer.blocks.as_deref().unwrap_or_default(), "{shown}");
        let trusted = pem::trust_blocks(text);
        let read = trusted.iter().filter(|block| Certificate::from_der(&block.der).is_ok());
        let pool: Vec<String> = read.map(|block| digest(&block.der)).collect();
        assert_eq!(pool, *answer.pool.as_deref().unwrap_or_default(), "{shown}");
        assert_eq!(all(&trusted), answer.client_go, "{shown}");
        // X509KeyPair parses the first certificate alone, and compares it with the key.
        let chain: Vec<String> = pem::chain_blocks(text).iter().map(|block| digest(&block.der)).collect();
        let expected = (chain.first() == Some(&leaf)).then_some(chain);
        assert_eq!(expected, answer.pair, "{shown}");
        if expected.is_some() {
            let key = pem::key_block(text).map(|block| digest(&block.der));
            let own = pem::key_block(parts.key.as_bytes()).map(|block| digest(&block.der));
            assert_eq!(key == own, answer.key, "{shown}");
        }
        pools += usize::from(!pool.is_empty());
        pairs += usize::from(answer.pair.is_some());
        ignored += usize::from(pem::blocks(text).blocks.len() > ours.len());
    }
    assert!(listed > 100 && pools > 500 && pairs > 200 && ignored > 100, "{listed} {pools} {pairs} {ignored}");
}

/// OpenSSL reads blocks that Go ignores, and the command in our findings writes all of them for Go.
#[test]
fn openssl_reads_what_go_ignores_and_converts_it() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (file, new) = (folder.path().join("bundle.pem"), folder.path().join("new.pem"));
    let parts = Parts::read();
    let ca = read("ca.crt");
    fs::write(folder.path().join("leaf.pem"), &parts.leaf).expect("a file can be written");
    fs::write(folder.path().join("ca.pem"), &ca).expect("a file can be written");
    let trusted = tools::succeed(
        Command::new("openssl")
            .args(["x509", "-trustout", "-addtrust", "serverAuth", "-in", "ca.pem"])
            .current_dir(&folder),
    );
    for (text, openssl_trusts) in [
        (ca.clone(), true),
        (ca.replace("CERTIFICATE", "X509 CERTIFICATE"), true),
        (trusted, true),
        (format!("\u{feff}{ca}"), true),
        (ca.replacen("-----\n", "-----\nA: b\n\n", 1), false),
    ] {
        let go_trusts = pem::trust_blocks(text.as_bytes()).len();
        assert_eq!(go_trusts, usize::from(text == ca), "{text}");
        fs::write(&file, format!("{}{text}", parts.other)).expect("a file can be written");
        if text.starts_with('\u{feff}') {
            fs::write(&file, format!("{text}{}", parts.other)).expect("a file can be written");
        }
        let mut verify = Command::new("openssl");
        verify.args([
            "verify",
            "-no_check_time",
            "-no-CApath",
            "-purpose",
            "sslserver",
            "-CAfile",
            "bundle.pem",
            "leaf.pem",
        ]);
        let verified = tools::output(verify.current_dir(&folder)).status.success();
        assert_eq!(verified, openssl_trusts, "{text}");
        let converted = tools::succeed(
            Command::new("sh").arg("-c").arg("openssl storeutl -certs bundle.pem >new.pem").current_dir(&folder),
        );
        assert_eq!(converted, "");
        let mended = pem::trust_blocks(&fs::read(&new).expect("the command wrote it"));
        assert_eq!(mended.len(), 2, "{text}");
    }
}
