//! New certificates: CAs in the formats of kubeadm and Talos, leaves in kubeadm's format.

use std::fmt;

use const_oid::{
    ObjectIdentifier,
    db::{rfc4519, rfc5280},
};
use der::{
    Any, Encode, Tag,
    asn1::{Ia5String, OctetString},
};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa, KeyIdMethod, KeyUsagePurpose,
    SanType, string,
};
use time::OffsetDateTime;
use x509_cert::{
    attr::AttributeTypeAndValue,
    ext::pkix::name::GeneralName,
    name::{RdnSequence, RelativeDistinguishedName},
};

use super::{
    build::{CertificateFields, authority_key_identifier, build, extension},
    certificate::Certificate,
    extension::{ExtendedKeyUsage, Extension, KeyUsage},
    issue_error::IssueError,
    issuer::Issuer,
    key::{KeyType, PrivateKey, PublicKey},
    name::Name,
    request::SigningRequest,
    san::AlternativeName,
    serial,
    validity::Validity,
    verify::{Asked, Shape},
};
use crate::time::UnixTime;

/// Parameters of a new CA.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // a new field must be set by every caller
pub struct AuthorityParameters {
    /// Its subject. The variant also selects the format.
    pub name: AuthorityName,
    /// First second of its validity.
    pub not_before: UnixTime,
    /// Last second of its validity.
    pub not_after: UnixTime,
}

/// A CA's subject. Each attribute has 1 to 64 characters (RFC 5280, `ub-common-name`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // all supported formats
pub enum AuthorityName {
    /// `CN=` only; a CA in kubeadm's format.
    Common(String),
    /// These attributes in this order, followed by the common name; otherwise in kubeadm's format.
    Distinguished(Vec<(NameAttribute, String)>, String),
    /// `O=` only; a CA in Talos' format.
    Organization(String),
}

/// A name attribute other than the common name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums)] // those that cert-manager supports in a subject
pub enum NameAttribute {
    /// `C`: two letters.
    Country,
    /// `O`.
    Organization,
    /// `OU`.
    OrganizationalUnit,
    /// `L`.
    Locality,
    /// `ST`.
    Province,
}

impl NameAttribute {
    /// All attributes, in the order in which Go writes them (crypto/x509/pkix, `Name.ToRDNSequence`).
    pub const ALL: [Self; 5] =
        [Self::Country, Self::Organization, Self::OrganizationalUnit, Self::Locality, Self::Province];

    /// OpenSSL's short name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Country => "C",
            Self::Organization => "O",
            Self::OrganizationalUnit => "OU",
            Self::Locality => "L",
            Self::Province => "ST",
        }
    }

    fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Country => rfc4519::C,
            Self::Organization => rfc4519::O,
            Self::OrganizationalUnit => rfc4519::OU,
            Self::Locality => rfc4519::L,
            Self::Province => rfc4519::ST,
        }
    }

    fn kind(self) -> DnType {
        match self {
            Self::Country => DnType::CountryName,
            Self::Organization => DnType::OrganizationName,
            Self::OrganizationalUnit => DnType::OrganizationalUnitName,
            Self::Locality => DnType::LocalityName,
            Self::Province => DnType::StateOrProvinceName,
        }
    }
}

/// Subject as text, such as `CN=kubernetes`, `C=CA, CN=kubernetes` or `O=talos`.
impl fmt::Display for AuthorityName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Common(text) => write!(f, "CN={text}"),
            Self::Distinguished(attributes, common_name) => {
                attributes.iter().try_for_each(|(attribute, text)| write!(f, "{}={text}, ", attribute.as_str()))?;
                write!(f, "CN={common_name}")
            }
            Self::Organization(text) => write!(f, "O={text}"),
        }
    }
}

/// Parameters of a new leaf certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // a new field must be set by every caller
pub struct LeafParameters {
    /// The common name: a client's Kubernetes user, or a server's name. Empty for none.
    pub common_name: String,
    /// The organizations, written before the common name: a client's Kubernetes groups or Talos roles.
    pub organizations: Vec<String>,
    /// The extended key usages.
    pub usage: Vec<ExtendedKeyUsage>,
    /// The subject alternative names of a server.
    pub alternative_names: Vec<AlternativeName>,
    /// First second of its validity.
    pub not_before: UnixTime,
    /// Last second of its validity, at most the issuer's.
    pub not_after: UnixTime,
}

/// Creates a self-signed CA.
///
/// kubeadm's format (client-go, `NewSelfSignedCACert`): version 3, critical keyUsage with digitalSignature,
/// keyEncipherment and keyCertSign, critical basicConstraints without path length, subject key identifier (SHA-1 of the
/// key's bits), no authority key identifier, and the common name as DNS name if it is one.
///
/// Talos' format (siderolabs/crypto: x509/x509.go, `NewSelfSignedCertificateAuthority`), extensions in Go's order:
/// critical keyUsage with digitalSignature and keyCertSign, extendedKeyUsage with serverAuth and clientAuth, critical
/// basicConstraints without path length, subject key identifier.
///
/// # Errors
/// If the name or the validity is invalid, or the result differs from the parameters.
pub fn issue_authority(parameters: AuthorityParameters, key: &PrivateKey) -> Result<Certificate, IssueError> {
    let AuthorityParameters { name, not_before, not_after } = parameters;
    let validity = Validity { not_before, not_after };
    validity.check()?;
    let (attributes, last) = match &name {
        AuthorityName::Common(text) | AuthorityName::Organization(text) => (&[][..], text),
        AuthorityName::Distinguished(attributes, text) => (&attributes[..], text),
    };
    for text in attributes.iter().map(|(_, text)| text).chain([last]) {
        check_text(text)?;
        if text.chars().count() > 64 {
            return Err(IssueError::Name(text.clone()));
        }
    }
    match name {
        AuthorityName::Common(common_name) => issue_named(&[], &common_name, validity, key),
        AuthorityName::Distinguished(attributes, common_name) => issue_named(&attributes, &common_name, validity, key),
        AuthorityName::Organization(organization) => issue_organization(organization, validity, key),
    }
}

/// Creates a CA in Talos' format with x509-cert, because rcgen writes the extensions in another order.
fn issue_organization(organization: String, validity: Validity, key: &PrivateKey) -> Result<Certificate, IssueError> {
    let key_id = key.public_key().key_id();
    let usage = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_CERT_SIGN);
    let both = [ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth];
    let authority = x509_cert::ext::pkix::BasicConstraints { ca: true, path_len_constraint: None };
    let identifier = OctetString::new(key_id).map_err(|_| IssueError::Encoding)?;
    let extensions = [
        extension(rfc5280::ID_CE_KEY_USAGE, true, &key_usage_bits(usage))?,
        extended_key_usage(&both)?,
        extension(rfc5280::ID_CE_BASIC_CONSTRAINTS, true, &authority)?,
        extension(rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, false, &identifier)?,
    ];
    let organizations = [organization];
    let subject = subject(&organizations, "")?;
    let name = Name::from_parsed(&subject);
    let (der, serial) = build(&CertificateFields {
        subject: &subject,
        issuer: &name,
        validity,
        public_key: key.public_key(),
        extensions: &extensions,
        signer: key,
    })?;
    let asked = Asked { issuer: None, public_key: key.public_key(), validity, serial: &serial, signer: key };
    let certificate = asked.read_back(&der)?;
    let shape = Shape {
        common_name: None,
        organizations: &organizations,
        authority: true,
        key_usage: usage,
        extended_key_usages: &both,
        alternative_names: &[],
        subject_key_id: Some(&key_id),
        authority_key_id: None,
    };
    shape.compare(&certificate)?;
    Ok(certificate)
}

/// Creates a CA in kubeadm's format.
fn issue_named(
    attributes: &[(NameAttribute, String)],
    common_name: &str,
    validity: Validity,
    key: &PrivateKey,
) -> Result<Certificate, IssueError> {
    let alternative_names: Vec<_> =
        is_dns_name(common_name).then(|| AlternativeName::Dns(common_name.to_owned())).into_iter().collect();

    let key_id = key.public_key().key_id();
    let mut request = CertificateParams::default();
    request.distinguished_name = DistinguishedName::new();
    let kinds = attributes.iter().map(|(attribute, text)| (attribute.kind(), text.as_str()));
    for (kind, text) in kinds.chain([(DnType::CommonName, common_name)]) {
        let value = match string::PrintableString::try_from(text) {
            Ok(text) => DnValue::PrintableString(text),
            Err(_) => DnValue::Utf8String(text.to_owned()),
        };
        request.distinguished_name.push(kind, value);
    }
    request.not_before = moment(validity.not_before)?;
    request.not_after = moment(validity.not_after)?;
    request.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    request.key_usages =
        vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::KeyCertSign];
    request.key_identifier_method = KeyIdMethod::PreSpecified(key_id.to_vec());
    for name in &alternative_names {
        if let AlternativeName::Dns(name) = name {
            let name = string::Ia5String::try_from(name.as_str()).map_err(|_| IssueError::Name(name.clone()))?;
            request.subject_alt_names.push(SanType::DnsName(name));
        }
    }

    request.serial_number = Some(serial::DRAFT.to_vec().into());
    let draft = request.self_signed(&SelfSigner { key, draft: true }).map_err(|_| IssueError::Encoding)?;
    let serial = serial::derive(key, draft.der());
    request.serial_number = Some(serial.to_vec().into());
    let made = request.self_signed(&SelfSigner { key, draft: false }).map_err(|_| IssueError::Encoding)?;

    let asked = Asked { issuer: None, public_key: key.public_key(), validity, serial: &serial, signer: key };
    let certificate = asked.read_back(made.der())?;
    let organizations = attributes.iter().filter(|(attribute, _)| *attribute == NameAttribute::Organization);
    let organizations: Vec<_> = organizations.map(|(_, text)| text.clone()).collect();
    let kinds = attributes.iter().map(|(attribute, text)| (attribute.oid(), text.as_str()));
    if certificate.subject().der() != name(kinds.chain([(rfc4519::CN, common_name)]))? {
        return Err(IssueError::Mismatch("subject"));
    }
    let shape = Shape {
        common_name: Some(common_name),
        organizations: &organizations,
        authority: true,
        key_usage: LEAF_USAGE.with(KeyUsage::KEY_CERT_SIGN),
        extended_key_usages: &[],
        alternative_names: &alternative_names,
        subject_key_id: Some(&key_id),
        authority_key_id: None,
    };
    shape.compare(&certificate)?;
    Ok(certificate)
}

/// Creates a leaf in kubeadm's format (`pkiutil.NewSignedCert`), extensions in Go's order: critical keyUsage with
/// digitalSignature and keyEncipherment, extendedKeyUsage, critical basicConstraints with CA false, authority key
/// identifier equal to the issuer's subject key identifier (none if the issuer has none), subject alternative names; no
/// subject key identifier.
///
/// # Errors
/// If a name or the validity is invalid, or the result differs from the parameters.
pub fn issue_leaf(
    parameters: LeafParameters,
    public_key: &PublicKey,
    issuer: &Issuer,
) -> Result<Certificate, IssueError> {
    let LeafParameters { common_name, organizations, usage, alternative_names, not_before, not_after } = parameters;
    let common_names = Some(&common_name).filter(|name| !name.is_empty() || organizations.is_empty());
    organizations.iter().chain(common_names).try_for_each(|text| check_text(text))?;
    let subject = subject(&organizations, &common_name)?;
    let certificate =
        leaf(&subject, &usage, &alternative_names, Validity { not_before, not_after }, public_key, issuer)?;
    let shape = Shape {
        common_name: Some(common_name.as_str()).filter(|name| !name.is_empty()),
        organizations: &organizations,
        authority: false,
        key_usage: LEAF_USAGE,
        extended_key_usages: &usage,
        alternative_names: &alternative_names,
        subject_key_id: None,
        authority_key_id: issuer.certificate().subject_key_id(),
    };
    shape.compare(&certificate)?;
    Ok(certificate)
}

/// Creates the client certificate that `request` asks for, in the format of [`issue_leaf`]: its subject byte for byte,
/// for its key. All other requested attributes are ignored. The caller must check the requested identity, and that the
/// request is signed by its key.
///
/// # Errors
/// If the validity is invalid, or the result differs from the request.
pub fn issue_requested(
    request: &SigningRequest,
    validity: Validity,
    issuer: &Issuer,
) -> Result<Certificate, IssueError> {
    let usage = [ExtendedKeyUsage::ClientAuth];
    let certificate = leaf(request.subject().der(), &usage, &[], validity, request.public_key(), issuer)?;
    if certificate.subject() != request.subject() {
        return Err(IssueError::Mismatch("subject"));
    }
    let common_name = request.subject().common_name();
    let shape = Shape {
        common_name: common_name.as_deref(),
        organizations: &request.subject().organizations(),
        authority: false,
        key_usage: LEAF_USAGE,
        extended_key_usages: &usage,
        alternative_names: &[],
        subject_key_id: None,
        authority_key_id: issuer.certificate().subject_key_id(),
    };
    shape.compare(&certificate)?;
    Ok(certificate)
}

/// Creates a leaf for this subject (a `Name` in DER), and reads it back.
fn leaf(
    subject: &[u8],
    usage: &[ExtendedKeyUsage],
    alternative_names: &[AlternativeName],
    validity: Validity,
    public_key: &PublicKey,
    issuer: &Issuer,
) -> Result<Certificate, IssueError> {
    validity.check_under(issuer.certificate())?;
    let mut extensions = vec![extension(rfc5280::ID_CE_KEY_USAGE, true, &key_usage_bits(LEAF_USAGE))?];
    if !usage.is_empty() {
        extensions.push(extended_key_usage(usage)?);
    }
    let no_authority = x509_cert::ext::pkix::BasicConstraints { ca: false, path_len_constraint: None };
    extensions.push(extension(rfc5280::ID_CE_BASIC_CONSTRAINTS, true, &no_authority)?);
    if let Some(id) = issuer.certificate().subject_key_id() {
        extensions.push(authority_key_identifier(id, false)?);
    }
    if !alternative_names.is_empty() {
        let names = alternative_names.iter().map(general_name).collect::<Result<Vec<_>, _>>()?;
        extensions.push(extension(rfc5280::ID_CE_SUBJECT_ALT_NAME, false, &names)?);
    }
    let (der, serial) = build(&CertificateFields {
        subject,
        issuer: issuer.certificate().subject(),
        validity,
        public_key,
        extensions: &extensions,
        signer: issuer.key(),
    })?;
    let asked = Asked {
        issuer: Some(issuer.certificate().subject()),
        public_key,
        validity,
        serial: &serial,
        signer: issuer.key(),
    };
    asked.read_back(&der)
}

fn extended_key_usage(usages: &[ExtendedKeyUsage]) -> Result<Extension, IssueError> {
    let oids: Result<Vec<_>, _> =
        usages.iter().map(|usage| ObjectIdentifier::from_bytes(usage.oid().as_bytes())).collect();
    extension(rfc5280::ID_CE_EXT_KEY_USAGE, false, &oids.map_err(|_| IssueError::Encoding)?)
}

/// Adapts [`PrivateKey`] to rcgen's signer trait.
struct SelfSigner<'a> {
    key: &'a PrivateKey,
    /// Whether this is the draft from which the serial number is derived: it gets no signature.
    draft: bool,
}

impl rcgen::PublicKeyData for SelfSigner<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.key.public_key().bits()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        match self.key.key_type() {
            KeyType::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            KeyType::EcdsaP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            KeyType::Ed25519 => &rcgen::PKCS_ED25519,
            KeyType::EcdsaP521 | KeyType::Other(_) | KeyType::Rsa(_) => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

impl rcgen::SigningKey for SelfSigner<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(if self.draft { Vec::new() } else { self.key.sign(message) })
    }
}

/// A `Name` in DER: the organizations and the common name, if not empty, each in its own RDN.
fn subject(organizations: &[String], common_name: &str) -> Result<Vec<u8>, IssueError> {
    let common_name = Some((rfc4519::CN, common_name)).filter(|(_, text)| !text.is_empty());
    name(organizations.iter().map(|text| (rfc4519::O, text.as_str())).chain(common_name))
}

/// A `Name` in DER, with each attribute in its own RDN.
fn name<'a>(attributes: impl Iterator<Item = (ObjectIdentifier, &'a str)>) -> Result<Vec<u8>, IssueError> {
    let mut name = RdnSequence::default();
    for (oid, text) in attributes {
        let value = Any::new(string_tag(text), text.as_bytes()).map_err(|_| IssueError::Name(text.to_owned()))?;
        let attribute = vec![AttributeTypeAndValue { oid, value }];
        name.push(RelativeDistinguishedName::try_from(attribute).map_err(|_| IssueError::Encoding)?);
    }
    name.to_der().map_err(|_| IssueError::Encoding)
}

/// PrintableString if its alphabet suffices (X.680, 41.4), otherwise UTF8String, as Go does.
fn string_tag(text: &str) -> Tag {
    let printable = |octet: u8| octet.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&octet);
    if text.bytes().all(printable) { Tag::PrintableString } else { Tag::Utf8String }
}

fn general_name(name: &AlternativeName) -> Result<GeneralName, IssueError> {
    let text = |text: &String| Ia5String::new(text).map_err(|_| IssueError::Name(text.clone()));
    match name {
        AlternativeName::Dns(name) => Ok(GeneralName::DnsName(text(name)?)),
        AlternativeName::Email(address) => Ok(GeneralName::Rfc822Name(text(address)?)),
        AlternativeName::Ip(address) => Ok((*address).into()),
        AlternativeName::Uri(uri) => Ok(GeneralName::UniformResourceIdentifier(text(uri)?)),
        other => Err(IssueError::Name(other.to_string())),
    }
}

fn key_usage_bits(usage: KeyUsage) -> x509_cert::ext::pkix::KeyUsage {
    use x509_cert::ext::pkix::KeyUsages;
    let known = [
        (KeyUsage::DIGITAL_SIGNATURE, KeyUsages::DigitalSignature),
        (KeyUsage::KEY_ENCIPHERMENT, KeyUsages::KeyEncipherment),
        (KeyUsage::KEY_CERT_SIGN, KeyUsages::KeyCertSign),
    ];
    let bits = known.into_iter().filter(|(bit, _)| usage.contains(*bit));
    x509_cert::ext::pkix::KeyUsage(bits.fold(Default::default(), |set, (_, bit)| set | bit))
}

fn check_text(text: &str) -> Result<(), IssueError> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(IssueError::Name(text.to_owned()));
    }
    Ok(())
}

/// Whether the text consists of labels of letters, digits and hyphens, separated by dots (RFC 1123, 2.1).
fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

fn moment(time: UnixTime) -> Result<OffsetDateTime, IssueError> {
    OffsetDateTime::from_unix_timestamp(time.0).map_err(|_| IssueError::Validity)
}

/// keyUsage of kubeadm's leaves, for RSA and ECDSA.
const LEAF_USAGE: KeyUsage = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_ENCIPHERMENT);
