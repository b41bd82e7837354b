//! What is known about an error message, as data. Its texts are in `words::explain`.

use airlock_core::UnixTime;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A file that may hold one certificate holds several.
    Bundle,
    /// The server does not know the CA of the client's certificate.
    ClientOfAnotherCa,
    /// A certificate has ended.
    Expired,
    /// Certificate and issuer have key ids that do not fit.
    KeyIds,
    /// Certificate and private key do not belong together.
    KeyMismatch,
    /// The client showed nothing.
    NoCertificate,
    /// What signed is no CA.
    NotACa,
    /// A certificate has not begun.
    NotYetValid,
    /// The CA of cluster-info is not the one whose pin was given.
    Pin,
    /// The other side refused what was shown, and says so with an alert.
    Refused,
    /// The API server does not know who it is.
    Unauthorized,
    /// The CA of the certificate that was shown is not trusted.
    UnknownAuthority,
    /// A file is no certificate or key.
    Unreadable,
    /// A certificate of a client is shown by a server, or the other way round.
    Usage,
    /// A signature or a key is too weak.
    Weak,
    /// A kubeconfig has another CA than ca.crt.
    WrongCa,
    /// The certificate has other names than the one that was looked for.
    WrongName,
}

/// What a message means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What went wrong.
    pub kind: Kind,
    /// What the message says about it.
    pub facts: Facts,
    /// Who among the loaded files may be meant.
    pub suspects: Vec<Suspect>,
    /// Suspects beyond those, which are not named.
    pub more: usize,
}

/// What can be read out of a message; empty where it says nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The CA that was tried and did not fit.
    pub authority: String,
    /// The name or address that was looked for.
    pub wanted: String,
    /// The names and addresses that the certificate has.
    pub names: Vec<String>,
    /// The end or the beginning of the certificate's life, as RFC 3339 has it.
    pub moment: String,
    /// The file that is named.
    pub file: String,
    /// The pin that is named.
    pub pin: String,
    /// Host and port of the server that was called.
    pub server: String,
}

/// Somebody or something among the loaded files that may be meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suspect {
    /// The part that it would have had.
    pub part: Part,
    /// Who has it.
    pub holder: String,
    /// Where.
    pub place: String,
    /// The file as the person named it.
    pub file: String,
    /// What speaks against it.
    pub clue: Clue,
}

/// The part of a suspect in what went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// It may be the server, or what the server showed.
    Server,
    /// It may be the client, or what the client showed.
    Client,
    /// It holds what is trusted.
    Trust,
    /// It is the file itself.
    File,
}

/// What speaks against a suspect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clue {
    /// It shows a certificate of a CA that the other side may not trust: that CA.
    SignedBy(String),
    /// It shows a certificate whose CA is not among the files: that issuer.
    SignedByNobody(String),
    /// It trusts these CAs alone.
    TrustsOnly(Vec<String>),
    /// Its certificate ended then.
    Expired(UnixTime),
    /// Its certificate begins then.
    Begins(UnixTime),
    /// Its certificate has these names.
    Names(Vec<String>),
    /// It connects to this server.
    ConnectsTo(String),
    /// It holds so many certificates.
    Holds(usize),
    /// Its private key is another one than its certificate's.
    OtherKey,
    /// Its CA data is not the first certificate of ca.crt.
    OtherCa(Vec<String>),
    /// It is the CA of this pin.
    Pin(String),
    /// Its key id of the issuer is none of the issuer's.
    OtherKeyId,
    /// What inspection said of it.
    Said(String),
}
