//! Creates certificates from keys and a plan. Makes no decisions and uses no randomness: the same plan, keys and time
//! give the same bytes, including serial numbers.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::{
    plan::{AuthorityChange, Identity, KeySource, NewAuthoritySource, Replacement, RotationPlan},
    profile::AuthorityId,
    time::{BACKDATE, UnixTime},
    x509::{
        AuthorityParameters, Certificate, ExtendedKeyUsage, IssueError, Issuer, IssuerError, LeafParameters,
        PrivateKey, Validity, issue_authority, issue_leaf, issue_requested, reissue, request_again,
    },
};

/// All certificates and CSRs of a plan.
#[derive(Debug)]
pub struct Minted {
    pub(crate) authorities: BTreeMap<AuthorityId, MintedAuthority>,
    /// In the order of the plan's replacements.
    pub(crate) leaves: Vec<MintedLeaf>,
    /// CSRs for external CAs, in the order of the plan.
    pub(crate) requests: Vec<MintedRequest>,
}

/// A new CA, created here or already existing.
#[derive(Debug)]
pub(crate) struct MintedAuthority {
    certificate: Certificate,
    issuer: Option<Arc<Issuer>>,
    made: bool,
}

impl MintedAuthority {
    pub(crate) fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The CA with its private key, if that is available.
    pub(crate) fn issuer(&self) -> Option<&Arc<Issuer>> {
        self.issuer.as_ref()
    }

    fn of(issuer: Arc<Issuer>, made: bool) -> Self {
        Self { certificate: issuer.certificate().clone(), issuer: Some(issuer), made }
    }
}

/// A new leaf certificate.
#[derive(Debug)]
pub(crate) struct MintedLeaf {
    pub(crate) certificate: Certificate,
    /// Its private key, if available, in the encoding that its consumer expects.
    pub(crate) key: Option<Arc<PrivateKey>>,
}

/// A CSR for an external CA.
#[derive(Debug)]
pub(crate) struct MintedRequest {
    /// The CSR (PKCS#10) in PEM.
    pub(crate) request: String,
    /// The private key of the CSR.
    pub(crate) key: Arc<PrivateKey>,
}

/// Why certificates could not be created.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MintError {
    /// The number of keys differs from the plan's key requests.
    #[error("{given} keys were handed in, {wanted} are needed")]
    KeyCount {
        /// The number of key requests.
        wanted: usize,
        /// The number of keys.
        given: usize,
    },
    /// A key has another type than its key request.
    #[error("the key for {owner} is of another type than was asked for")]
    KeyType {
        /// The owner of the key.
        owner: String,
    },
    /// A new CA cannot sign.
    #[error("the new {title} cannot sign: {error}")]
    Issuer {
        /// The CA.
        title: &'static str,
        /// The reason.
        error: IssuerError,
    },
    /// A certificate requires a CA whose private key is not available.
    #[error("the certificate of {owner} cannot be made: the new CA's private key is not here")]
    NoKey {
        /// The owner of the certificate.
        owner: String,
    },
    /// A certificate cannot be created, or differs from its parameters.
    #[error("the certificate of {owner} could not be made: {error}")]
    Issue {
        /// The owner of the certificate.
        owner: String,
        /// The reason.
        error: IssueError,
    },
}

/// Creates all certificates of `plan`. `keys` are the results of its key requests, in order.
///
/// # Errors
/// If the keys do not match the key requests, or a certificate differs from its parameters.
pub fn mint(plan: &RotationPlan, keys: Vec<PrivateKey>) -> Result<Minted, MintError> {
    if keys.len() != plan.key_requests.len() {
        return Err(MintError::KeyCount { wanted: plan.key_requests.len(), given: keys.len() });
    }
    for (request, key) in plan.key_requests.iter().zip(&keys) {
        if key.key_type() != request.algorithm.key_type() {
            return Err(MintError::KeyType { owner: request.owner.clone() });
        }
    }
    let authorities: BTreeMap<_, _> = plan
        .authority_changes
        .values()
        .map(|authority_change| Ok((authority_change.id, authority(authority_change, &keys)?)))
        .collect::<Result<_, MintError>>()?;
    let leaves = plan.replacements.iter().map(|replacement| leaf(replacement, &authorities, &keys, plan.now));
    let leaves = leaves.collect::<Result<_, MintError>>()?;
    let requests = plan.requests.iter().map(|replacement| request(replacement, &keys));
    let requests = requests.collect::<Result<_, MintError>>()?;
    Ok(Minted { authorities, leaves, requests })
}

fn authority(authority_change: &AuthorityChange, keys: &[PrivateKey]) -> Result<MintedAuthority, MintError> {
    let (name, key, not_before, not_after) = match &authority_change.new {
        NewAuthoritySource::Brought(certificate, issuer) | NewAuthoritySource::Present(certificate, issuer) => {
            let (certificate, issuer) = (certificate.clone(), issuer.clone());
            return Ok(MintedAuthority { certificate, issuer, made: false });
        }
        NewAuthoritySource::Made { name, key_request, not_before, not_after, .. } => {
            (name.clone(), keys[*key_request].clone(), *not_before, *not_after)
        }
    };
    let parameters = AuthorityParameters { name, not_before, not_after };
    let certificate = issue_authority(parameters, &key)
        .map_err(|error| MintError::Issue { owner: format!("the new {}", authority_change.title), error })?;
    let issuer =
        Issuer::new(certificate, key).map_err(|error| MintError::Issuer { title: authority_change.title, error })?;
    Ok(MintedAuthority::of(Arc::new(issuer), true))
}

fn request(replacement: &Replacement, keys: &[PrivateKey]) -> Result<MintedRequest, MintError> {
    let key = match &replacement.key {
        KeySource::Kept(key) => Arc::clone(key),
        KeySource::New(request, encoding) => Arc::new(keys[*request].clone().with_encoding(*encoding)),
        KeySource::Elsewhere(_) | KeySource::Signed(..) => {
            return Err(MintError::NoKey { owner: replacement.owner.clone() });
        }
    };
    let issue = |error| MintError::Issue { owner: replacement.owner.clone(), error };
    let Identity::Of(old) = &replacement.identity else { return Err(issue(IssueError::CannotCopy("subject"))) };
    Ok(MintedRequest { request: request_again(old, &key).map_err(issue)?, key })
}

fn leaf(
    replacement: &Replacement,
    authorities: &BTreeMap<AuthorityId, MintedAuthority>,
    keys: &[PrivateKey],
    now: UnixTime,
) -> Result<MintedLeaf, MintError> {
    if let KeySource::Signed(certificate, key) = &replacement.key {
        return Ok(MintedLeaf { certificate: certificate.clone(), key: key.clone() });
    }
    let no_key = || MintError::NoKey { owner: replacement.owner.clone() };
    let issuer = authorities[&replacement.authority].issuer().ok_or_else(no_key)?;
    let key = match &replacement.key {
        KeySource::Elsewhere(_) | KeySource::Signed(..) => None,
        KeySource::Kept(key) => Some(Arc::clone(key)),
        KeySource::New(request, encoding) => Some(Arc::new(keys[*request].clone().with_encoding(*encoding))),
    };
    let public_key = match (&replacement.key, &key) {
        (KeySource::Elsewhere(public_key), _) => public_key,
        (_, Some(key)) => key.public_key(),
        (_, None) => unreachable!("Invariant: only keys elsewhere are unknown"),
    };
    let not_before = now.plus_seconds(-BACKDATE);
    let not_after = now.plus_days(i64::from(replacement.days)).min(issuer.certificate().not_after());
    let made = match &replacement.identity {
        Identity::Of(old) => reissue(old, public_key, Validity { not_before, not_after }, issuer),
        Identity::Client { organization, common_name } => {
            issue_leaf(client(organization, common_name, not_before, not_after), public_key, issuer)
        }
        Identity::Kubelet(node) => issue_leaf(kubelet(node, not_before, not_after), public_key, issuer),
        Identity::Requested(request) => issue_requested(request, Validity { not_before, not_after }, issuer),
    };
    let certificate = made.map_err(|error| MintError::Issue { owner: replacement.owner.clone(), error })?;
    Ok(MintedLeaf { certificate, key })
}

/// Parameters of a kubelet's client certificate, with the identity that the node authorizer requires
/// (kubernetes/kubernetes: pkg/auth/nodeidentifier, `system:node:<name>` in group `system:nodes`).
fn kubelet(node: &str, not_before: UnixTime, not_after: UnixTime) -> LeafParameters {
    client("system:nodes", &format!("system:node:{node}"), not_before, not_after)
}

fn client(organization: &str, common_name: &str, not_before: UnixTime, not_after: UnixTime) -> LeafParameters {
    LeafParameters {
        common_name: common_name.to_owned(),
        organizations: vec![organization.to_owned()],
        usage: vec![ExtendedKeyUsage::ClientAuth],
        alternative_names: Vec::new(),
        not_before,
        not_after,
    }
}

/// Prints counts only.
impl fmt::Display for Minted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let made = self.authorities.values().filter(|authority| authority.made).count();
        write!(f, "{made} new CAs, {} new certificates", self.leaves.len())
    }
}
