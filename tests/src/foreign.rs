//! CAs that OpenSSL generates and that belong to no cluster, and kubeconfigs that trust them.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::PKey,
    x509::{X509, X509NameBuilder, extension::BasicConstraints},
};

/// The text that precedes the embedded CAs in a kubeconfig.
pub const MARK: &str = "certificate-authority-data: ";

/// Generates a CA as PEM, valid from 1 January of `year` until 2049.
///
/// # Panics
///
/// If OpenSSL fails.
#[must_use]
pub fn root(name: &str, year: u32) -> Vec<u8> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("OpenSSL knows P-256");
    let key = PKey::from_ec_key(EcKey::generate(&group).expect("a key can be made")).expect("it is a key");
    let mut subject = X509NameBuilder::new().expect("a name");
    subject.append_entry_by_text("O", "Example AG").expect("a name");
    subject.append_entry_by_text("CN", name).expect("a name");
    let subject = subject.build();
    let mut builder = X509::builder().expect("a certificate");
    builder.set_version(2).expect("a version");
    builder
        .set_serial_number(&BigNum::from_u32(year).and_then(|one| one.to_asn1_integer()).expect("a number"))
        .expect("a serial");
    builder.set_subject_name(&subject).expect("a subject");
    builder.set_issuer_name(&subject).expect("an issuer");
    builder.set_pubkey(&key).expect("a key");
    let time = |year: u32| Asn1Time::from_str(&format!("{year}0101000000Z")).expect("a time");
    builder.set_not_before(&time(year)).expect("a date");
    builder.set_not_after(&time(2049)).expect("a date");
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
pub fn retrust(text: &[u8], change: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(text.to_vec()).expect("a kubeconfig is text");
    let start = text.find(MARK).expect("it embeds a CA") + MARK.len();
    let end = text[start..]
        .find(|c: char| !c.is_ascii_alphanumeric() && !"+/=".contains(c))
        .map_or(text.len(), |end| start + end);
    let trusted = BASE64_STANDARD.decode(&text[start..end]).expect("base64");
    format!("{}{}{}", &text[..start], BASE64_STANDARD.encode(change(trusted)), &text[end..]).into_bytes()
}
