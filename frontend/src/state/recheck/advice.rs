//! What the page adds to a finding: why it matters, and how to check it.

/// What the page adds to a finding's own message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The finding's code.
    pub code: &'static str,
    /// Why it matters, as sentences.
    pub why: &'static str,
    /// How to verify it with other tools.
    pub check: Check,
}

/// How to verify a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// A complete command, independent of the finding's file.
    Command(&'static str),
    /// `openssl x509` with these options, on the finding's certificate.
    Certificate(&'static str),
    /// Every certificate in the file, one after the other.
    Certificates,
    /// A kubeconfig as kubectl prints it, without secrets.
    Kubeconfig,
    /// The lines of the file that match this pattern.
    Lines(&'static str),
    /// The file's type and size.
    FileType,
    /// The members of an archive.
    Members,
    /// An object of the cluster, without secret values; for other locations, type and size of the file.
    Object,
    /// The public keys of certificate and private key, which must be equal.
    Pair,
    /// A CSR.
    Request,
}
