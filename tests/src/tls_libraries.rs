//! Asks real TLS libraries to accept or reject a certificate: with a handshake in Go's crypto/tls and OpenSSL's libssl;
//! without one in OpenSSL's `X509_verify_cert` with Python's flags, Java's trust manager and rustls-webpki.
//!
//! One end presents a certificate; the other end, called the reader, accepts or rejects it. The presenting end trusts
//! any peer, so that each handshake tests a single decision.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    io::{self, Read, Write},
    net::IpAddr,
    process::Command,
    rc::Rc,
    sync::OnceLock,
    time::Duration,
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
    stack::Stack,
    x509::{
        X509, X509PurposeId, X509StoreContext, X509VerifyResult,
        store::X509StoreBuilder,
        verify::{X509CheckFlags, X509VerifyFlags, X509VerifyParam, X509VerifyParamRef},
    },
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime as WebpkiTime};
use serde::{Deserialize, Serialize};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use crate::{
    oracle::{Usage, ask},
    tools::{feed, root, succeed},
};

/// A certificate for a reader to verify.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// PEM of the leaf certificate and the certificates sent with it, in this order.
    pub presented: String,
    /// PEM of the leaf certificate's key.
    pub key: String,
    /// PEM of the CAs that the reader trusts, in this order.
    pub roots: String,
    /// Whether a client or a server presents the certificate.
    pub usage: Usage,
    /// The host name that the reader verifies; empty for none.
    pub dns_name: String,
    /// The time of the verification.
    pub time: UnixTime,
}

/// `Ok` if accepted, otherwise the reader's error message.
pub type Verdict = Result<(), String>;

/// Go's TLS: one verdict for each question.
///
/// # Panics
///
/// If a handshake fails for another reason than the certificate.
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

/// The TLS versions in which OpenSSL is tested, with their names.
pub const VERSIONS: [(&str, SslVersion); 2] =
    [("OpenSSL's TLS 1.2", SslVersion::TLS1_2), ("OpenSSL's TLS 1.3", SslVersion::TLS1_3)];

/// OpenSSL's security level for readers: 112 bits, the default since OpenSSL 3.2 and in Debian and Ubuntu.
const SECURITY_LEVEL: u32 = 2;

/// OpenSSL's verdict in this TLS version, with its defaults otherwise.
///
/// # Panics
///
/// If a handshake fails for another reason than the certificate, or if OpenSSL cannot parse the certificates.
pub fn openssl(question: &Question, version: SslVersion) -> Verdict {
    let (mut reader, mut presenter) = ends(question, version).expect("OpenSSL can be set up");
    // Neither end blocks: each processes the available data, then the other continues.
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

/// The connected reader and presenter.
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
    set_parameters(reader.param_mut(), question)?;
    let (here, there) = Pipe::pair();
    Ok((SslStream::new(reader, here)?, SslStream::new(presenter, there)?))
}

/// Sets the time and host name of the verification.
fn set_parameters(parameters: &mut X509VerifyParamRef, question: &Question) -> Result<(), ErrorStack> {
    parameters.set_time(question.time.0);
    // As in Python; by default OpenSSL also accepts `a*.example.com`.
    parameters.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
    match (question.address(), question.dns_name.as_str()) {
        (Some(address), _) => parameters.set_ip(address),
        (None, "") => Ok(()),
        (None, name) => parameters.set_host(name),
    }
}

impl Question {
    /// The host as an IP address, with or without brackets.
    fn address(&self) -> Option<IpAddr> {
        let name = self.dns_name.as_str();
        name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name).parse().ok()
    }
}

/// OpenSSL's verdict with the flags that Python sets since 3.13 (python/cpython: Lib/ssl.py, `create_default_context`),
/// at the security level of the handshakes. Calls `X509_verify_cert`, as a handshake does.
///
/// # Panics
///
/// If OpenSSL cannot be set up.
pub fn openssl_strict(question: &Question) -> Verdict {
    openssl_verify(question, X509VerifyFlags::X509_STRICT | X509VerifyFlags::PARTIAL_CHAIN)
}

/// OpenSSL's verdict as [`openssl_strict`], without Python's flags.
///
/// # Panics
///
/// If OpenSSL cannot be set up.
pub fn openssl_default(question: &Question) -> Verdict {
    openssl_verify(question, X509VerifyFlags::empty())
}

fn openssl_verify(question: &Question, flags: X509VerifyFlags) -> Verdict {
    let readable = |pem: &str| certificates(pem).map_err(|error| error.to_string());
    let (mut presented, roots) = (readable(&question.presented)?.into_iter(), readable(&question.roots)?);
    let verify = || -> Result<Verdict, ErrorStack> {
        let mut store = X509StoreBuilder::new()?;
        for root in roots {
            store.add_cert(root)?;
        }
        let mut parameters = X509VerifyParam::new()?;
        parameters.set_flags(flags)?;
        parameters.set_auth_level(SECURITY_LEVEL.cast_signed());
        parameters.set_purpose(match question.usage {
            Usage::Client => X509PurposeId::SSL_CLIENT,
            Usage::Server => X509PurposeId::SSL_SERVER,
        })?;
        set_parameters(&mut parameters, question)?;
        store.set_param(&parameters)?;
        let leaf = presented.next().expect("a leaf is presented");
        let mut chain = Stack::new()?;
        for certificate in presented {
            chain.push(certificate)?;
        }
        X509StoreContext::new()?.init(&store.build(), &leaf, &chain, |context| {
            Ok(match context.verify_cert()? {
                true => Ok(()),
                false => Err(context.error().error_string().to_owned()),
            })
        })
    };
    verify().expect("OpenSSL can be set up")
}

/// rustls-webpki's verdict, with ring's algorithms, called as by rustls' own verifier (rustls/rustls:
/// rustls/src/webpki/verify.rs).
pub fn webpki(question: &Question) -> Verdict {
    let ders = |pem: &str| -> Vec<CertificateDer<'static>> { der_blocks(pem).into_iter().map(Into::into).collect() };
    let (presented, roots) = (ders(&question.presented), ders(&question.roots));
    // Certificates that cannot be parsed are ignored (`RootCertStore::add_parsable_certificates`).
    let anchors: Vec<_> = roots.iter().filter_map(|root| anchor_from_trusted_cert(root).ok()).collect();
    let words = |error: webpki::Error| format!("{error:?}");
    let leaf = EndEntityCert::try_from(&presented[0]).map_err(words)?;
    let usage = match question.usage {
        Usage::Client => KeyUsage::client_auth(),
        Usage::Server => KeyUsage::server_auth(),
    };
    let seconds = u64::try_from(question.time.0).unwrap_or_default();
    let time = WebpkiTime::since_unix_epoch(Duration::from_secs(seconds));
    leaf.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &anchors, &presented[1..], time, usage, None, None)
        .map_err(words)?;
    let name = match (question.address(), question.dns_name.as_str()) {
        (Some(address), _) => ServerName::IpAddress(address.into()),
        (None, "") => return Ok(()),
        (None, name) => ServerName::try_from(name).map_err(|error| error.to_string())?,
    };
    leaf.verify_is_valid_for_subject_name(&name).map_err(words)
}

fn der_blocks(pem: &str) -> Vec<Vec<u8>> {
    airlock_core::formats::pem::blocks(pem.as_bytes()).blocks.iter().map(|block| block.der.to_vec()).collect()
}

/// The verdicts of the trust manager of the installed Java, one for each question. One run of `tests/java/Verify.java`
/// answers all questions, because Java starts slowly.
///
/// # Panics
///
/// If Java is missing or its output cannot be parsed.
#[must_use]
pub fn java(questions: &[Question]) -> Vec<Verdict> {
    let mut text = String::new();
    for question in questions {
        let usage = if question.usage == Usage::Client { "client" } else { "server" };
        let host = if question.dns_name.is_empty() { "-" } else { &question.dns_name };
        let line = [usage, host, &question.time.0.to_string(), &fields(&question.presented), &fields(&question.roots)];
        text.push_str(&line.join("\t"));
        text.push('\n');
    }
    let mut command = Command::new("java");
    // Most of the time is start-up: the C1 compiler and the serial garbage collector start fastest.
    command.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"]).arg(java_classes()).arg("Verify");
    let output = feed(&mut command, text.as_bytes());
    assert!(output.status.success(), "Java failed: {}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).expect("Java writes UTF-8");
    let verdicts: Vec<Verdict> = said
        .lines()
        .map(|line| match line.split_once('\t') {
            None if line == "ok" => Ok(()),
            Some(("refused", why)) => Err(why.to_owned()),
            _ => panic!("Java answers {line:?}"),
        })
        .collect();
    assert_eq!(verdicts.len(), questions.len(), "Java answers every question");
    verdicts
}

/// The feature release of the installed Java, such as 17.
///
/// # Panics
///
/// If Java is missing or reports no release.
#[must_use]
pub fn java_release() -> u32 {
    let said = succeed(Command::new("java").arg("--version"));
    let version = said.split_whitespace().nth(1).expect("Java names its version");
    version.split('.').next().and_then(|release| release.parse().ok()).expect("a release is a number")
}

/// Compiles `tests/java/Verify.java` once per run of the tests.
fn java_classes() -> &'static std::path::Path {
    static CLASSES: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = CLASSES.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        succeed(Command::new("javac").arg("-d").arg(folder.path()).arg(root().join("tests/java/Verify.java")));
        folder
    });
    folder.path()
}

/// The certificates of a PEM text in base64, separated by commas.
fn fields(pem: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let blocks: Vec<String> = der_blocks(pem).into_iter().map(|der| STANDARD.encode(der)).collect();
    if blocks.is_empty() { "-".to_owned() } else { blocks.join(",") }
}

/// The maximum number of cached chains and bundles. Consecutive questions often share them.
const MAX_CACHED_CHAINS: usize = 512;

/// OpenSSL objects cached per thread: creating them costs OpenSSL 3 more than the handshake.
#[derive(Default)]
struct ThreadCache {
    contexts: Vec<(SslVersion, u32, SslContext)>,
    keys: HashMap<String, PKey<Private>>,
    chains: HashMap<String, Vec<X509>>,
    any_server: Option<(X509, PKey<Private>)>,
}

thread_local! {
    static CACHE: RefCell<ThreadCache> = RefCell::default();
}

/// An SSL context with OpenSSL's defaults, for one TLS version and security level.
fn context(version: SslVersion, security_level: u32) -> Result<SslContext, ErrorStack> {
    CACHE.with_borrow_mut(|cache| {
        if let Some((.., context)) =
            cache.contexts.iter().find(|(v, level, _)| (*v, *level) == (version, security_level))
        {
            return Ok(context.clone());
        }
        let mut context = SslContext::builder(SslMethod::tls())?;
        context.set_min_proto_version(Some(version))?;
        context.set_max_proto_version(Some(version))?;
        context.set_security_level(security_level);
        context.set_session_cache_mode(SslSessionCacheMode::OFF);
        let context = context.build();
        cache.contexts.push((version, security_level, context.clone()));
        Ok(context)
    })
}

fn key(pem: &str) -> Result<PKey<Private>, ErrorStack> {
    CACHE.with_borrow_mut(|cache| match cache.keys.get(pem) {
        Some(key) => Ok(key.clone()),
        None => {
            let key = PKey::private_key_from_pem(pem.as_bytes())?;
            cache.keys.insert(pem.to_owned(), key.clone());
            Ok(key)
        }
    })
}

/// A server certificate for handshakes in which only the client's certificate is tested.
fn any_server() -> Result<(X509, PKey<Private>), ErrorStack> {
    CACHE.with_borrow_mut(|cache| match &cache.any_server {
        Some(pair) => Ok(pair.clone()),
        None => {
            let key = PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?)?)?;
            let mut certificate = X509::builder()?;
            certificate.set_not_before(&*Asn1Time::from_unix(0)?)?;
            certificate.set_not_after(&*Asn1Time::days_from_now(1)?)?;
            certificate.set_pubkey(&key)?;
            certificate.sign(&key, MessageDigest::sha256())?;
            Ok(cache.any_server.insert((certificate.build(), key)).clone())
        }
    })
}

fn certificates(pem: &str) -> Result<Vec<X509>, ErrorStack> {
    CACHE.with_borrow_mut(|cache| {
        if let Some(chain) = cache.chains.get(pem) {
            return Ok(chain.clone());
        }
        if cache.chains.len() >= MAX_CACHED_CHAINS {
            cache.chains.clear();
        }
        let chain = X509::stack_from_pem(pem.as_bytes())?;
        cache.chains.insert(pem.to_owned(), chain.clone());
        Ok(chain)
    })
}

/// One end of an in-memory connection.
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
