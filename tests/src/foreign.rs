//! CAs that OpenSSL generates and that belong to no cluster, and kubeconfigs that trust them.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    x509::{
        X509, X509Builder, X509NameBuilder,
        extension::{AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier},
    },
};

/// The text that precedes the embedded CAs in a kubeconfig.
pub const CA_DATA_PREFIX: &str = "certificate-authority-data: ";

/// Generates a CA as PEM, valid from 1 January of `year` until 2049.
///
/// # Panics
///
/// If OpenSSL fails.
#[must_use]
pub fn root(name: &str, year: u32) -> Vec<u8> {
    let (mut builder, key) = unsigned(name, year, None);
    builder
        .append_extension(BasicConstraints::new().critical().ca().build().expect("an extension"))
        .expect("an extension");
    builder.sign(&key, MessageDigest::sha256()).expect("a signature");
    builder.build().to_pem().expect("PEM")
}

/// Changes the trusted CAs in a kubeconfig, or in an object that contains one.
///
/// # Panics
///
/// If it embeds no CAs.
#[must_use]
pub fn replace_trusted_cas(text: &[u8], change: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(text.to_vec()).expect("a kubeconfig is text");
    let start = text.find(CA_DATA_PREFIX).expect("it embeds a CA") + CA_DATA_PREFIX.len();
    let end = text[start..]
        .find(|c: char| !c.is_ascii_alphanumeric() && !"+/=".contains(c))
        .map_or(text.len(), |end| start + end);
    let trusted = BASE64_STANDARD.decode(&text[start..end]).expect("base64");
    format!("{}{}{}", &text[..start], BASE64_STANDARD.encode(change(trusted)), &text[end..]).into_bytes()
}

/// A CA with its key, which issues client certificates, as a company's does.
#[derive(Debug)]
pub struct Authority {
    certificate: X509,
    key: PKey<Private>,
}

impl Authority {
    /// A CA with a common name, valid from 1 January of a year until 2049.
    ///
    /// # Panics
    ///
    /// If OpenSSL refuses it.
    #[must_use]
    pub fn new(name: &str, year: u32) -> Self {
        let (certificate, key) = issued(name, year, None);
        Self { certificate, key }
    }

    /// Its certificate, as PEM.
    ///
    /// # Panics
    ///
    /// If OpenSSL cannot write it.
    #[must_use]
    pub fn pem(&self) -> Vec<u8> {
        self.certificate.to_pem().expect("PEM")
    }

    /// A client certificate that it issued, as PEM.
    ///
    /// # Panics
    ///
    /// If OpenSSL refuses it.
    #[must_use]
    pub fn client(&self, name: &str) -> String {
        let (certificate, _) = issued(name, 2026, Some(self));
        String::from_utf8(certificate.to_pem().expect("PEM")).expect("PEM is text")
    }
}

/// A certificate without extensions, and its key: a CA that signs itself, or a certificate of `issuer`.
fn unsigned(name: &str, year: u32, issuer: Option<&Authority>) -> (X509Builder, PKey<Private>) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("OpenSSL knows P-256");
    let key = PKey::from_ec_key(EcKey::generate(&group).expect("a key can be made")).expect("it is a key");
    let mut subject = X509NameBuilder::new().expect("a name");
    subject.append_entry_by_text("O", "Example AG").expect("a name");
    subject.append_entry_by_text("CN", name).expect("a name");
    let subject = subject.build();
    let mut builder = X509::builder().expect("a certificate");
    builder.set_version(2).expect("a version");
    let serial = BigNum::from_u32(year).and_then(|one| one.to_asn1_integer()).expect("a number");
    builder.set_serial_number(&serial).expect("a serial");
    builder.set_subject_name(&subject).expect("a subject");
    builder.set_issuer_name(issuer.map_or(&subject, |ca| ca.certificate.subject_name())).expect("an issuer");
    builder.set_pubkey(&key).expect("a key");
    let time = |year: u32| Asn1Time::from_str(&format!("{year}0101000000Z")).expect("a time");
    builder.set_not_before(&time(year)).expect("a date");
    builder.set_not_after(&time(2049)).expect("a date");
    (builder, key)
}

/// A CA that signs itself, or a client certificate of `issuer`.
fn issued(name: &str, year: u32, issuer: Option<&Authority>) -> (X509, PKey<Private>) {
    let (mut builder, key) = unsigned(name, year, issuer);
    let mut extensions = match issuer {
        None => vec![
            BasicConstraints::new().critical().ca().build().expect("an extension"),
            KeyUsage::new().critical().key_cert_sign().crl_sign().build().expect("an extension"),
        ],
        Some(_) => vec![
            KeyUsage::new().critical().digital_signature().build().expect("an extension"),
            ExtendedKeyUsage::new().client_auth().build().expect("an extension"),
        ],
    };
    let context = builder.x509v3_context(issuer.map(|ca| ca.certificate.as_ref()), None);
    extensions.push(SubjectKeyIdentifier::new().build(&context).expect("an extension"));
    if issuer.is_some() {
        extensions.push(AuthorityKeyIdentifier::new().keyid(true).build(&context).expect("an extension"));
    }
    for extension in extensions {
        builder.append_extension(extension).expect("an extension");
    }
    let signer = issuer.map_or(&key, |ca| &ca.key);
    builder.sign(signer, MessageDigest::sha256()).expect("a signature");
    (builder.build(), key)
}
