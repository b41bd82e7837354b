//! Real handshakes in which one end decides about the other: by Go's crypto/tls, and by OpenSSL's libssl.
//!
//! One end presents a certificate, with its key; the other, the reader, accepts or refuses it. The end that presents
//! trusts whomever it meets, so that a handshake answers one question.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    io::{self, Read, Write},
    net::IpAddr,
    rc::Rc,
};

use airlock_core::UnixTime;
use openssl::{
    asn1::Asn1Time,
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    ssl::{ErrorCode, Ssl, SslContext, SslMethod, SslSessionCacheMode, SslStream, SslVerifyMode, SslVersion},
    x509::{X509, X509VerifyResult, store::X509StoreBuilder, verify::X509CheckFlags},
};
use serde::{Deserialize, Serialize};

use crate::oracle::{Usage, ask};

/// A certificate is presented to a reader.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// PEM of the leaf and of what comes with it, in that order.
    pub presented: String,
    /// PEM of the leaf's key.
    pub key: String,
    /// PEM of those whom the reader trusts, in their order.
    pub roots: String,
    /// Who presents it.
    pub usage: Usage,
    /// The host that the reader went to; empty where it asks for none.
    pub dns_name: String,
    /// When.
    pub time: UnixTime,
}

/// Accepted, or the reader's words.
pub type Verdict = Result<(), String>;

/// What Go's TLS does: one verdict for each question.
///
/// # Panics
///
/// If a handshake breaks for another reason than the certificate.
#[must_use]
pub fn go(questions: &[Question]) -> Vec<Verdict> {
    #[derive(Deserialize)]
    struct Answer {
        ok: bool,
        error: String,
    }
    let answers: Vec<Answer> = ask("judge", questions);
    answers.into_iter().map(|answer| if answer.ok { Ok(()) } else { Err(answer.error) }).collect()
}

/// The versions of TLS in which OpenSSL is asked, with their names.
pub const VERSIONS: [(&str, SslVersion); 2] =
    [("OpenSSL's TLS 1.2", SslVersion::TLS1_2), ("OpenSSL's TLS 1.3", SslVersion::TLS1_3)];

/// OpenSSL's security level for readers: 112 bits, the default since OpenSSL 3.2 and long that of Debian and Ubuntu.
const SECURITY_LEVEL: u32 = 2;

/// What OpenSSL does, with this version of TLS and its own defaults otherwise.
///
/// # Panics
///
/// If a handshake breaks for another reason than the certificate, or if OpenSSL cannot read what is presented.
pub fn openssl(question: &Question, version: SslVersion) -> Verdict {
    let (mut reader, mut presenter) = ends(question, version).expect("OpenSSL can be set up");
    // Neither end waits: each takes what has come, and gives way when it wants more.
    for _ in 0..10 {
        let (decided, other) = match question.usage {
            Usage::Server => (reader.connect(), presenter.accept()),
            Usage::Client => (reader.accept(), presenter.connect()),
        };
        match decided {
            Ok(()) => return Ok(()),
            Err(error) if error.code() == ErrorCode::WANT_READ => {}
            Err(error) => {
                let refused = reader.ssl().verify_result();
                assert!(refused != X509VerifyResult::OK, "broken for another reason: {error}; other end {other:?}");
                return Err(refused.error_string().to_owned());
            }
        }
    }
    panic!("a handshake does not come to an end");
}

type End = SslStream<Pipe>;

/// Reader and presenter.
fn ends(question: &Question, version: SslVersion) -> Result<(End, End), ErrorStack> {
    let mut store = X509StoreBuilder::new()?;
    for root in certificates(&question.roots)? {
        store.add_cert(root)?;
    }
    let mut presenter = Ssl::new(&*context(version, 0)?)?;
    presenter.set_verify(SslVerifyMode::NONE);
    let mut presented = certificates(&question.presented)?.into_iter();
    presenter.set_certificate(&presented.next().expect("a leaf is presented"))?;
    presenter.set_private_key(&*key(&question.key)?)?;
    for certificate in presented {
        presenter.add_chain_cert(certificate)?;
    }

    let mut reader = Ssl::new(&*context(version, SECURITY_LEVEL)?)?;
    reader.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    reader.set_verify_cert_store(store.build())?;
    if question.usage == Usage::Client {
        let (certificate, key) = any_server()?;
        reader.set_certificate(&certificate)?;
        reader.set_private_key(&key)?;
    }
    let parameters = reader.param_mut();
    parameters.set_time(question.time.0);
    // As Python does; OpenSSL alone also takes `a*.example.com`.
    parameters.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
    let bare = question.dns_name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let bare = bare.unwrap_or(&question.dns_name);
    match bare.parse::<IpAddr>() {
        Ok(address) => parameters.set_ip(address)?,
        Err(_) if question.dns_name.is_empty() => {}
        Err(_) => parameters.set_host(&question.dns_name)?,
    }
    let (here, there) = Pipe::pair();
    Ok((SslStream::new(reader, here)?, SslStream::new(presenter, there)?))
}

/// Chains and bundles that are kept, at most; questions about the same come close together.
const MOST_CHAINS: usize = 512;

/// What is made once in a thread: making it costs OpenSSL 3 more than the handshake.
#[derive(Default)]
struct Made {
    contexts: Vec<(SslVersion, u32, SslContext)>,
    keys: HashMap<String, PKey<Private>>,
    chains: HashMap<String, Vec<X509>>,
    any_server: Option<(X509, PKey<Private>)>,
}

thread_local! {
    static MADE: RefCell<Made> = RefCell::default();
}

/// OpenSSL's defaults, for one version of TLS and this security level.
fn context(version: SslVersion, security_level: u32) -> Result<SslContext, ErrorStack> {
    MADE.with_borrow_mut(|made| {
        if let Some((.., context)) =
            made.contexts.iter().find(|(v, level, _)| (*v, *level) == (version, security_level))
        {
            return Ok(context.clone());
        }
        let mut context = SslContext::builder(SslMethod::tls())?;
        context.set_min_proto_version(Some(version))?;
        context.set_max_proto_version(Some(version))?;
        context.set_security_level(security_level);
        context.set_session_cache_mode(SslSessionCacheMode::OFF);
        let context = context.build();
        made.contexts.push((version, security_level, context.clone()));
        Ok(context)
    })
}

fn key(pem: &str) -> Result<PKey<Private>, ErrorStack> {
    MADE.with_borrow_mut(|made| match made.keys.get(pem) {
        Some(key) => Ok(key.clone()),
        None => {
            let key = PKey::private_key_from_pem(pem.as_bytes())?;
            made.keys.insert(pem.to_owned(), key.clone());
            Ok(key)
        }
    })
}

/// A certificate for servers that only ask for one.
fn any_server() -> Result<(X509, PKey<Private>), ErrorStack> {
    MADE.with_borrow_mut(|made| match &made.any_server {
        Some(made) => Ok(made.clone()),
        None => {
            let key = PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?)?)?;
            let mut certificate = X509::builder()?;
            certificate.set_not_before(&*Asn1Time::from_unix(0)?)?;
            certificate.set_not_after(&*Asn1Time::days_from_now(1)?)?;
            certificate.set_pubkey(&key)?;
            certificate.sign(&key, MessageDigest::sha256())?;
            Ok(made.any_server.insert((certificate.build(), key)).clone())
        }
    })
}

fn certificates(pem: &str) -> Result<Vec<X509>, ErrorStack> {
    MADE.with_borrow_mut(|made| {
        if let Some(chain) = made.chains.get(pem) {
            return Ok(chain.clone());
        }
        if made.chains.len() >= MOST_CHAINS {
            made.chains.clear();
        }
        let chain = X509::stack_from_pem(pem.as_bytes())?;
        made.chains.insert(pem.to_owned(), chain.clone());
        Ok(chain)
    })
}

/// One end of a connection in memory.
#[derive(Debug)]
struct Pipe {
    incoming: Rc<RefCell<VecDeque<u8>>>,
    outgoing: Rc<RefCell<VecDeque<u8>>>,
}

impl Pipe {
    fn pair() -> (Self, Self) {
        let (one, other) = <(Rc<_>, Rc<_>)>::default();
        (Self { incoming: Rc::clone(&one), outgoing: Rc::clone(&other) }, Self { incoming: other, outgoing: one })
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.incoming.borrow_mut().read(buffer)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            length => Ok(length),
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
