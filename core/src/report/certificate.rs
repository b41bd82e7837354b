//! A certificate with all fields, requested one at a time: a cluster has too many for one report.

use serde::{Deserialize, Serialize};

use crate::{
    inventory::Inventory,
    text::hex,
    x509::{Certificate, Extension, Oid},
};

/// The fields that [`CertificateReport`](super::CertificateReport) omits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateDetails {
    /// SHA-256 of its DER, in the format of [`CertificateReport::fingerprint`](super::CertificateReport::fingerprint).
    pub fingerprint: String,
    /// 1, 2 or 3.
    pub version: u32,
    /// Its extensions, in order.
    pub extensions: Vec<ExtensionReport>,
    /// The public key in hexadecimal: DER of SubjectPublicKeyInfo.
    pub public_key: String,
    /// The issuer's signature in hexadecimal.
    pub signature: String,
}

/// An extension of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExtensionReport {
    /// RFC 5280's name, such as `keyUsage`; empty for unknown extensions.
    pub name: String,
    /// Its object identifier, dotted.
    pub oid: String,
    /// Whether a reader that does not know it must refuse the certificate.
    pub critical: bool,
    /// Its value as text; empty for unknown extensions.
    pub value: String,
    /// Its content octets in hexadecimal.
    pub raw: String,
}

/// Names of extensions by the last arc of their identifier under `2.5.29`, as content octets (RFC 5280, 4.2.1).
const NAMES: [(u8, &str); 12] = [
    (14, "subjectKeyIdentifier"),
    (15, "keyUsage"),
    (17, "subjectAltName"),
    (18, "issuerAltName"),
    (19, "basicConstraints"),
    (30, "nameConstraints"),
    (31, "cRLDistributionPoints"),
    (32, "certificatePolicies"),
    (33, "policyMappings"),
    (35, "authorityKeyIdentifier"),
    (36, "policyConstraints"),
    (37, "extKeyUsage"),
];

impl Inventory {
    /// All fields of the certificate with this fingerprint, in a report's format; `None` if there is none.
    #[must_use]
    pub fn certificate_details(&self, fingerprint: &str) -> Option<CertificateDetails> {
        let wanted = |certificate: &&Certificate| hex::colons(&certificate.fingerprint()) == fingerprint;
        let on_nodes = self.nodes.iter().flat_map(|node| node.slots.values());
        let slots = on_nodes.chain(&self.clients).chain(&self.loose);
        let in_slots = slots.flat_map(|slot| slot.artifact.all_certificates());
        let in_objects = self.objects.iter().flat_map(|stored| stored.all_certificates());
        let authorities = self.authorities.values().map(|authority| &authority.certificate);
        authorities.chain(in_slots).chain(in_objects).find(wanted).map(details)
    }
}

fn details(certificate: &Certificate) -> CertificateDetails {
    CertificateDetails {
        fingerprint: hex::colons(&certificate.fingerprint()),
        version: certificate.version(),
        extensions: certificate.extensions().iter().map(|one| extension(certificate, one)).collect(),
        public_key: hex::lower(certificate.public_key().der()),
        signature: hex::lower(certificate.signature()),
    }
}

fn extension(certificate: &Certificate, extension: &Extension) -> ExtensionReport {
    let name = name(&extension.oid);
    // An extension that occurs twice is not interpreted, as in the rest of Airlock.
    let once = certificate.extensions().iter().filter(|other| other.oid == extension.oid).count() == 1;
    let list = |values: Vec<String>| values.join(", ");
    let value = match name {
        _ if !once => String::new(),
        "subjectKeyIdentifier" => certificate.subject_key_id().map(hex::lower).unwrap_or_default(),
        "authorityKeyIdentifier" => certificate.authority_key_id().map(hex::lower).unwrap_or_default(),
        "keyUsage" => certificate.key_usage().map(|usage| usage.to_string()).unwrap_or_default(),
        "extKeyUsage" => list(certificate.extended_key_usages().iter().map(ToString::to_string).collect()),
        "subjectAltName" => list(certificate.alternative_names().iter().map(ToString::to_string).collect()),
        "basicConstraints" => {
            let path = certificate.path_len().map(|length| format!(", path length {length}")).unwrap_or_default();
            format!("CA: {}{path}", if certificate.is_authority() { "yes" } else { "no" })
        }
        _ => String::new(),
    };
    ExtensionReport {
        name: name.to_owned(),
        oid: extension.oid.to_string(),
        critical: extension.critical,
        value,
        raw: hex::lower(&extension.value),
    }
}

fn name(oid: &Oid) -> &'static str {
    match oid.as_bytes() {
        [0x55, 0x1d, last] => NAMES.iter().find(|(known, _)| known == last).map_or("", |(_, name)| name),
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        InputFile, UnixTime, inspect,
        x509::{AuthorityName, AuthorityParameters, KeyAlgorithm, PrivateKey, issue_authority},
    };

    #[test]
    fn every_extension_is_named_and_given_raw() {
        let key =
            PrivateKey::generate(KeyAlgorithm::EcdsaP256, &mut getrandom::rand_core::UnwrapErr(getrandom::SysRng));
        let name = AuthorityName::Common("one.example".to_owned());
        let parameters = AuthorityParameters { name, not_before: UnixTime(0), not_after: UnixTime(1_000_000_000) };
        let certificate = issue_authority(parameters, &key).unwrap();
        let file = InputFile::new("cp1/etc/kubernetes/pki/ca.crt", certificate.to_pem().into_bytes());
        let inventory = inspect(vec![file], UnixTime(1));
        let fingerprint = crate::text::hex::colons(&certificate.fingerprint());
        let details = inventory.certificate_details(&fingerprint).unwrap();
        let said: Vec<_> =
            details.extensions.iter().map(|one| (one.name.as_str(), one.critical, one.value.as_str())).collect();
        let usage = "digitalSignature, keyEncipherment, keyCertSign";
        assert!(said.contains(&("keyUsage", true, usage)), "{said:?}");
        assert!(said.contains(&("basicConstraints", true, "CA: yes")), "{said:?}");
        assert!(said.contains(&("subjectAltName", false, "DNS:one.example")), "{said:?}");
        assert!(details.extensions.iter().all(|one| !one.raw.is_empty() && one.oid.starts_with("2.5.29.")));
        assert_eq!((details.version, inventory.certificate_details("00")), (3, None));
    }
}
