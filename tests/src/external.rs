//! Simulates an external CA with OpenSSL.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{fixtures, rotation::walk, tools::succeed};

/// The OpenSSL configuration that copies names and usages from the CSR.
const SIGNER: &str = "[ca]\ndefault_ca = here\n[here]\nnew_certs_dir = .\ndatabase = index.txt\nrand_serial = yes\n\
    default_md = sha256\npolicy = any\ncopy_extensions = copyall\nunique_subject = no\npreserve = yes\n\
    [any]\norganizationName = optional\ncommonName = supplied\n";

/// Signs every CSR of the package with OpenSSL, each with its CA of `tests/fixtures/brought`. Writes the certificates
/// into a folder and returns their paths.
///
/// # Panics
///
/// If OpenSSL rejects a CSR.
#[must_use]
pub fn sign(package: &Path, into: &Path) -> Vec<PathBuf> {
    fs::write(into.join("signer.cnf"), SIGNER).expect("a file can be written");
    fs::write(into.join("index.txt"), "").expect("a file can be written");
    let requests = walk(&package.join("signing-requests")).into_iter().filter(|path| path.ends_with(".csr"));
    let signed = requests.map(|request| {
        let ca = fixtures::path(if request.contains("front-proxy") { "brought/front-proxy-ca" } else { "brought/ca" });
        let certificate = into.join(request.replace(".csr", ".crt"));
        let mut sign = Command::new("openssl");
        sign.args(["ca", "-batch", "-notext", "-config", "signer.cnf", "-startdate", "20260101000000Z"]);
        sign.args(["-days", "3000", "-cert"])
            .arg(ca.with_extension("crt"))
            .arg("-keyfile")
            .arg(ca.with_extension("key"));
        sign.arg("-in").arg(package.join("signing-requests").join(&request));
        succeed(sign.arg("-out").arg(&certificate).current_dir(into));
        certificate
    });
    signed.collect()
}
