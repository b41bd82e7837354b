//! What is known about an error message, as data. Its texts are in `words::explain`.

use airlock_core::UnixTime;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A file that must contain one certificate contains several.
    Bundle,
    /// The server does not trust the CA of the client's certificate.
    ClientOfAnotherCa,
    /// A certificate has expired.
    Expired,
    /// The authority key identifier of a certificate does not match its issuer.
    KeyIds,
    /// Certificate and private key do not match.
    KeyMismatch,
    /// The client presented no certificate.
    NoCertificate,
    /// The issuer is not a CA.
    NotACa,
    /// A certificate is not valid yet.
    NotYetValid,
    /// The CA in cluster-info does not match the discovery hash of kubeadm join.
    Pin,
    /// The peer rejected the certificate with a TLS alert.
    Refused,
    /// The API server rejected the credentials.
    Unauthorized,
    /// The CA of the presented certificate is not trusted.
    UnknownAuthority,
    /// A file is not a readable certificate or key.
    Unreadable,
    /// The certificate does not allow its use, such as a client certificate presented by a server.
    Usage,
    /// A signature or a key is too weak.
    Weak,
    /// A kubeconfig has a different CA from ca.crt.
    WrongCa,
    /// The certificate does not contain the requested name.
    WrongName,
}

/// The explanation of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What went wrong.
    pub kind: Kind,
    /// Details from the message.
    pub facts: Facts,
    /// Loaded files that match an error message.
    pub suspects: Vec<Suspect>,
    /// The number of matches that are not named.
    pub more: usize,
}

/// Details in a message; empty if it does not contain them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The CA that was tried and did not verify the certificate.
    pub authority: String,
    /// The requested name or address.
    pub wanted: String,
    /// The names and addresses that the certificate has.
    pub names: Vec<String>,
    /// The start or the end of the certificate's validity (RFC 3339).
    pub moment: String,
    /// The path in the message.
    pub file: String,
    /// The public key pin in the message, `sha256:` and hexadecimal digits.
    pub pin: String,
    /// Host and port of the server.
    pub server: String,
}

/// A loaded file that may be the cause.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suspect {
    /// Its role in the failed connection.
    pub part: Part,
    /// The holder's name.
    pub holder: String,
    /// Its location.
    pub place: String,
    /// The loaded file.
    pub file: String,
    /// Why it may be the cause.
    pub clue: Clue,
}

/// The role of a suspect in the failed connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The server, or its certificate.
    Server,
    /// The client, or its certificate.
    Client,
    /// The trusted CAs.
    Trust,
    /// The file itself.
    File,
}

/// Why a suspect may be the cause.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clue {
    /// It presents a certificate whose issuer the peer may not trust: that CA.
    SignedBy(String),
    /// It presents a certificate whose issuer is not loaded: the issuer's name.
    SignedByNobody(String),
    /// It trusts only these CAs.
    TrustsOnly(Vec<String>),
    /// Its certificate expired then.
    Expired(UnixTime),
    /// Its certificate becomes valid then.
    Begins(UnixTime),
    /// Its certificate has these names.
    Names(Vec<String>),
    /// It connects to this server.
    ConnectsTo(String),
    /// It contains this many certificates.
    Holds(usize),
    /// Its private key does not match its certificate.
    OtherKey,
    /// Its CA data is not the first certificate of ca.crt.
    OtherCa(Vec<String>),
    /// It is the CA with this public key pin.
    Pin(String),
    /// Its authority key identifier differs from the issuer's subject key identifier.
    OtherKeyId,
    /// A finding of the inspection.
    Said(String),
}
