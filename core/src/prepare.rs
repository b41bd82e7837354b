//! Creates a CA for a control plane that does not exist yet. Its operator adopts the Secret.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    finding::{Finding, Severity},
    formats::{emit, yaml},
    inventory::Inventory,
    mint::MintError,
    plan::{KeyRequest, NewAuthority, Refusal, candidate, request},
    profile::{AuthorityId, AuthorityRow, Profile},
    time::{BACKDATE, UnixTime},
    x509::{
        AuthorityName, AuthorityParameters, Certificate, Issuer, KeyAlgorithm, KeyEncoding, PrivateKey, issue_authority,
    },
};

/// The limit of a namespace's or control plane's name (RFC 1035, `<label>`). Characters.
const LONGEST_LABEL: usize = 63;

/// Parameters of a new control plane and its CA.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs)] // a new field must be set by every caller
pub struct NewControlPlane {
    /// The platform whose operator will run it.
    pub profile: &'static Profile,
    /// Its namespace in the management cluster.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The CA. The default name is kubeadm's, the default key type RSA 2048.
    pub authority: NewAuthority,
    /// Validity of the CA in days.
    pub ca_days: u32,
}

/// The decisions about a new control plane's CA; [`Preparation::secret`] creates it.
pub struct Preparation {
    namespace: String,
    name: String,
    /// The Secret's keys for the certificate and the private key.
    keys: [&'static str; 2],
    made: Made,
    findings: Vec<Finding>,
}

enum Made {
    Here { parameters: AuthorityParameters, key_request: KeyRequest },
    Elsewhere(Certificate, Zeroizing<String>),
}

/// The Secret of a CA, for `kubectl create`.
#[non_exhaustive]
pub struct PreparedSecret {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The CA's certificate.
    pub certificate: Certificate,
    /// The Secret as YAML, with the private key.
    pub yaml: Zeroizing<String>,
}

/// Prints the Secret's name, never its content.
impl fmt::Debug for PreparedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedSecret({}/{})", self.namespace, self.name)
    }
}

/// Prints the control plane's name, never a key.
impl fmt::Debug for Preparation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Preparation({}/{})", self.namespace, self.name)
    }
}

/// Decides on a new control plane's CA. `brought` contains the files of an imported CA.
///
/// # Errors
/// A [`Refusal`] if there is a finding of severity error.
pub fn prepare(brought: &Inventory, wanted: &NewControlPlane, now: UnixTime) -> Result<Preparation, Refusal> {
    let mut findings = Vec::new();
    for (what, name) in [("namespace", &wanted.namespace), ("control plane", &wanted.name)] {
        if !is_label(name) {
            findings.push(
                Finding::error("bad-name", "", format!("no {what} can be called \u{201c}{name}\u{201d}"))
                    .remedy("Give both, as NAMESPACE/NAME: lower case letters, digits and dashes"),
            );
        }
    }
    if wanted.ca_days == 0 {
        findings.push(
            Finding::error("no-lifetime", "", "a certificate must be valid for at least one day")
                .remedy("Give --ca-days of 1 or more"),
        );
    }
    let place = place(wanted.profile);
    if place.is_none() {
        findings.push(
            Finding::error("not-hosted", "", format!("{} adopts no CA of a Secret", wanted.profile.title))
                .remedy("Bring the CA as that platform's own tool takes it"),
        );
    }
    let made = match &wanted.authority.brought {
        Some(_) => elsewhere(brought, wanted, now, &mut findings),
        None => Some(here(wanted, now)),
    };
    let is_refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    match (place, made) {
        (Some((component, keys)), Some(made)) if !is_refused => Ok(Preparation {
            namespace: wanted.namespace.clone(),
            name: format!("{}-{component}", wanted.name),
            keys,
            made,
            findings,
        }),
        _ => Err(Refusal { findings }),
    }
}

/// The suffix of the cluster CA's Secret after the tenant's name, and its keys for certificate and private key. The
/// operator creates further copies itself; it overwrites a Secret that contains only those.
fn place(profile: &Profile) -> Option<(&'static str, [&'static str; 2])> {
    let row = profile.authority(AuthorityId::Cluster)?;
    profile.hosted()?.secrets.iter().find_map(|table| {
        let key = |path| table.files.iter().find(|(_, known)| *known == path).map(|(key, _)| *key);
        let AuthorityRow { certificate, key: private_key, .. } = row;
        Some((table.component, [key(*certificate)?, key(*private_key)?]))
    })
}

/// Whether the name is an RFC 1123 label that begins with a letter or digit: required of namespaces, and of names in
/// host names.
fn is_label(name: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    (1..=LONGEST_LABEL).contains(&bytes.len())
        && bytes.iter().all(|byte| is_fit(*byte) || *byte == b'-')
        && bytes.first().is_some_and(|byte| is_fit(*byte))
        && bytes.last().is_some_and(|byte| is_fit(*byte))
}

fn here(wanted: &NewControlPlane, now: UnixTime) -> Made {
    let NewControlPlane { authority, .. } = wanted;
    Made::Here {
        parameters: AuthorityParameters {
            // kubernetes/kubernetes: cmd/kubeadm/app/phases/certs/certlist.go, `KubeadmCertRootCA`.
            name: AuthorityName::Common(authority.common_name.clone().unwrap_or_else(|| "kubernetes".to_owned())),
            not_before: now.plus_seconds(-BACKDATE),
            not_after: now.plus_days(i64::from(wanted.ca_days)),
        },
        key_request: KeyRequest {
            owner: format!("CA of {}/{}", wanted.namespace, wanted.name),
            algorithm: authority.key_algorithm.unwrap_or(KeyAlgorithm::Rsa2048),
        },
    }
}

fn elsewhere(
    inventory: &Inventory,
    wanted: &NewControlPlane,
    now: UnixTime,
    findings: &mut Vec<Finding>,
) -> Option<Made> {
    let brought = wanted.authority.brought.as_ref()?;
    let (certificate, issuer) =
        candidate(inventory, wanted.profile.authority(AuthorityId::Cluster)?, brought, now, findings)?;
    let Some(issuer) = issuer else {
        findings.push(
            Finding::error("brought-ca", &brought.certificate, "the CA came without its private key")
                .remedy("Give the key: the control plane signs with it"),
        );
        return None;
    };
    let key = encode_key(issuer.key().clone());
    Some(Made::Elsewhere(certificate, key))
}

/// Encodes the key so that every release of an operator can read it: not as PKCS#8, for which some releases create
/// their own CA.
fn encode_key(key: PrivateKey) -> Zeroizing<String> {
    let encoding = key.key_type().algorithm().map_or(KeyEncoding::Pkcs8, KeyAlgorithm::encoding);
    key.with_encoding(encoding).to_pem()
}

impl Preparation {
    /// The key to generate; `None` for an imported CA.
    #[must_use]
    pub fn key_request(&self) -> Option<&KeyRequest> {
        match &self.made {
            Made::Here { key_request, .. } => Some(key_request),
            Made::Elsewhere(..) => None,
        }
    }

    /// Findings about the new CA.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Creates the Secret with the requested key.
    ///
    /// # Errors
    /// If the key does not match the request, or the CA's name is invalid.
    pub fn secret(self, key: Option<PrivateKey>) -> Result<PreparedSecret, MintError> {
        let (certificate, key) = match (self.made, key) {
            (Made::Elsewhere(certificate, key), None) => (certificate, key),
            (Made::Here { parameters, key_request }, Some(key)) => {
                let owner = key_request.owner;
                if key.key_type() != key_request.algorithm.key_type() {
                    return Err(MintError::KeyType { owner });
                }
                let certificate =
                    issue_authority(parameters, &key).map_err(|error| MintError::Issue { owner, error })?;
                let issuer =
                    Issuer::new(certificate, key).map_err(|error| MintError::Issuer { title: "Cluster CA", error })?;
                (issuer.certificate().clone(), encode_key(issuer.key().clone()))
            }
            (made, key) => {
                let wanted = usize::from(matches!(made, Made::Here { .. }));
                return Err(MintError::KeyCount { wanted, given: usize::from(key.is_some()) });
            }
        };
        let mut secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": self.name, "namespace": self.namespace },
            "type": "Opaque",
            "data": {
                (self.keys[0]): STANDARD.encode(certificate.to_pem()),
                (self.keys[1]): STANDARD.encode(key.as_bytes()),
            },
        });
        let text = emit::yaml(&secret);
        yaml::wipe(&mut secret);
        Ok(PreparedSecret { name: self.name, namespace: self.namespace, certificate, yaml: text })
    }
}

impl NewControlPlane {
    /// Parameters with defaults: a generated CA with the validity of a rotation's CAs.
    #[must_use]
    pub fn new(profile: &'static Profile, namespace: &str, name: &str) -> Self {
        Self {
            profile,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            authority: NewAuthority::default(),
            ca_days: request::DEFAULT_CA_DAYS,
        }
    }
}
