//! Tests with files that OpenSSL created, and its descriptions of them: `testdata/make.sh`.

mod any_bytes;
mod chain;
mod issue;
mod keys;
mod read;
mod reissue;

use super::*;
use crate::UnixTime;

/// 2027-01-15T08:00:00Z: within the validity of all certificates of `testdata` that have an ordinary validity.
const NOW: UnixTime = UnixTime(1_800_000_000);

const YEAR: Validity = Validity { not_before: NOW, not_after: UnixTime(NOW.0 + 365 * crate::time::DAY) };

fn file(name: &str) -> String {
    let path = format!("{}/src/x509/testdata/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The last block of a PEM file: OpenSSL writes `EC PARAMETERS` before some keys.
fn block(name: &str) -> (String, Vec<u8>) {
    let blocks = pem::parse_many(file(name)).unwrap();
    let last = blocks.last().unwrap();
    (last.tag().to_owned(), last.contents().to_vec())
}

fn certificate(name: &str) -> Certificate {
    Certificate::from_der(&block(name).1).unwrap()
}

fn try_key(name: &str) -> Result<PrivateKey, KeyError> {
    let (label, der) = block(name);
    PrivateKey::from_pem_block(&label, &der)
}

fn key(name: &str) -> PrivateKey {
    try_key(name).unwrap()
}

fn issuer(certificate_name: &str, key_name: &str) -> Issuer {
    Issuer::new(certificate(certificate_name), key(key_name)).unwrap()
}

/// The rows of a table that `make.sh` wrote.
fn table(name: &str) -> Vec<Vec<String>> {
    let rows: Vec<_> = file(name)
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert!(rows.len() > 10, "{name} has too few rows");
    rows
}
