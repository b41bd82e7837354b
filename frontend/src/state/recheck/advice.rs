//! What the page adds to a finding: why it matters, and how to check it.

/// What is to be said of a finding beside its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The finding's code.
    pub code: &'static str,
    /// Why it matters, as sentences.
    pub why: &'static str,
    /// How to see it with other tools.
    pub check: Check,
}

/// How to see what a finding says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// A whole command that names no file of the person's.
    Command(&'static str),
    /// `openssl x509` with these options, on the certificate that the finding is about.
    Certificate(&'static str),
    /// Every certificate in the file, one after the other.
    Certificates,
    /// A kubeconfig as its reader sees it, without its secrets.
    Kubeconfig,
    /// The lines of the file that hold this.
    Lines(&'static str),
    /// What kind of file it is, and how large.
    FileType,
    /// What an archive holds.
    Members,
    /// An object of the cluster without the values of its secrets; otherwise the file itself.
    Object,
    /// The public halves of certificate and private key, which must be the same.
    Pair,
    /// A signing request.
    Request,
}
