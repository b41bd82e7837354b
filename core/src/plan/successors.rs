//! Which authorities are replaced, and what by.

use std::{collections::BTreeMap, sync::Arc};

use super::{BroughtAuthority, KeyRequest, KubeletCertificates, NewAuthority, RotationRequest};
use crate::{
    Finding, UnixTime,
    inventory::{Artifact, Authority, Inventory, ObjectRole},
    profile::{AuthorityId, AuthorityRow, Component, SecretContent},
    time::BACKDATE,
    x509::{Certificate, ExtendedKeyUsage, Issuer, KeyAlgorithm, KeyEncoding, PrivateKey},
};

/// The longest common name that X.520 allows (RFC 5280, appendix A.1: `ub-common-name`). Characters.
const MAX_COMMON_NAME: usize = 64;

/// nameConstraints (RFC 5280, 4.2.1.10).
const NAME_CONSTRAINTS: const_oid::ObjectIdentifier = const_oid::db::rfc5280::ID_CE_NAME_CONSTRAINTS;

/// An authority and what takes its place.
#[derive(Clone, Debug)]
pub(crate) struct Succession {
    pub(crate) id: AuthorityId,
    pub(crate) title: &'static str,
    pub(crate) old: Certificate,
    pub(crate) new: Successor,
    pub(crate) key_home: KeyHome,
    /// How consumers expect the private key to be written.
    pub(crate) encoding: KeyEncoding,
}

/// A new authority.
#[derive(Clone, Debug)]
pub(crate) enum Successor {
    /// Made elsewhere and brought along, checked.
    Brought(Arc<Issuer>),
    /// To be made here.
    Made { common_name: String, key_request: usize, algorithm: KeyAlgorithm, not_before: UnixTime, not_after: UnixTime },
}

/// Where an authority's private key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyHome {
    /// On the control-plane nodes, as kubeadm keeps it.
    Nodes,
    /// Somewhere else: an externally managed CA.
    Elsewhere,
}

/// Decides every succession that `request` asks for; what stands in the way goes to `findings`.
pub(super) fn successions(
    inventory: &Inventory,
    request: &RotationRequest,
    now: UnixTime,
    key_requests: &mut Vec<KeyRequest>,
    findings: &mut Vec<Finding>,
) -> BTreeMap<AuthorityId, Succession> {
    let mut successions = BTreeMap::new();
    if request.rotate.is_empty() {
        findings.push(
            Finding::error("nothing-to-rotate", "", "no CA was chosen")
                .remedy("Choose the cluster CA, the front-proxy CA, or both (--rotate)"),
        );
    }
    if request.ca_days == 0 || request.leaf_days == 0 {
        findings.push(
            Finding::error("no-lifetime", "", "a certificate must be valid for at least one day")
                .remedy("Give --ca-days and --leaf-days of 1 or more"),
        );
    }
    for row in inventory.profile.authorities.iter().filter(|row| request.rotate.contains(&row.id)) {
        if !row.rotates {
            findings.push(
                Finding::error("not-rotated-here", "", format!("the {} is shown and left alone", row.title))
                    .remedy("Choose the cluster CA, the front-proxy CA, or both (--rotate)"),
            );
            continue;
        }
        let Some(authority) = inventory.authorities.get(&row.id) else {
            findings.push(missing(inventory, row));
            continue;
        };
        let choice = request.authorities.get(&row.id).cloned().unwrap_or_default();
        if let Some(succession) = succession(inventory, row, authority, &choice, request, now, key_requests, findings) {
            successions.insert(row.id, succession);
        }
    }
    distinct(inventory, &successions, findings);
    successions
}

/// The whole rotation needs the cluster CA; without the front-proxy CA the rest can go on.
fn missing(inventory: &Inventory, row: &AuthorityRow) -> Finding {
    let message = format!("the {} is not among the files", row.title);
    if row.id == AuthorityId::FrontProxy && inventory.authorities.contains_key(&AuthorityId::Cluster) {
        Finding::warning("missing-front-proxy-ca", "", format!("{message}; it stays as it is"))
            .remedy("Give front-proxy-ca.crt or the Secret that ends in -proxy, or choose only the cluster CA (--rotate cluster)")
    } else {
        Finding::error("missing-ca", "", message).remedy(format!(
            "Give {} of a control-plane node, or the management cluster's Secret; or leave this CA out (--rotate)",
            row.certificate
        ))
    }
}

#[allow(clippy::too_many_arguments)] // one decision, all of whose grounds are named
fn succession(
    inventory: &Inventory,
    row: &AuthorityRow,
    authority: &Authority,
    choice: &NewAuthority,
    request: &RotationRequest,
    now: UnixTime,
    key_requests: &mut Vec<KeyRequest>,
    findings: &mut Vec<Finding>,
) -> Option<Succession> {
    let new = match &choice.brought {
        Some(brought) => Successor::Brought(brought_issuer(inventory, row, authority, brought, now, findings)?),
        None => made(inventory, row, authority, choice, request, now, key_requests, findings)?,
    };
    let encoding = match (&authority.key, &new) {
        (Some(key), _) if key.encoding() == KeyEncoding::Pkcs8 => KeyEncoding::Pkcs8,
        (_, Successor::Made { algorithm, .. }) => algorithm.encoding(),
        (_, Successor::Brought(issuer)) => {
            issuer.key().key_type().algorithm().map_or(KeyEncoding::Pkcs8, KeyAlgorithm::encoding)
        }
    };
    Some(Succession {
        id: row.id,
        title: row.title,
        old: authority.certificate.clone(),
        new,
        key_home: key_home(inventory, row.id, findings),
        encoding,
    })
}

/// The type of key that a successor gets unless another is asked for.
pub(crate) fn same_algorithm(certificate: &Certificate) -> Option<KeyAlgorithm> {
    certificate.public_key().key_type().algorithm()
}

/// The name that a successor gets unless another is asked for: the old one's and today's date.
pub(crate) fn successor_name(inventory: &Inventory, id: AuthorityId, now: UnixTime) -> String {
    let old_name =
        |id| inventory.authorities.get(&id).and_then(|authority| authority.certificate.subject().common_name());
    let fallback = match id {
        AuthorityId::Cluster => "kubernetes",
        AuthorityId::FrontProxy => "front-proxy-ca",
        AuthorityId::Etcd => "etcd-ca",
    };
    let name =
        old_name(id).filter(|name| id == AuthorityId::Cluster || Some(name) != old_name(AuthorityId::Cluster).as_ref());
    let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| fallback.to_owned());
    let base = match name.rsplit_once('-') {
        Some((base, date)) if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) && !base.is_empty() => {
            base
        }
        _ => &name,
    };
    let room = MAX_COMMON_NAME - "-yyyymmdd".len();
    let base: String = base.chars().take(room).collect();
    let successor = format!("{base}-{}", now.compact_date());
    if Some(&successor) == old_name(id).as_ref() { format!("{base}-2-{}", now.compact_date()) } else { successor }
}

#[allow(clippy::too_many_arguments)] // as above
fn made(
    inventory: &Inventory,
    row: &AuthorityRow,
    authority: &Authority,
    choice: &NewAuthority,
    request: &RotationRequest,
    now: UnixTime,
    key_requests: &mut Vec<KeyRequest>,
    findings: &mut Vec<Finding>,
) -> Option<Successor> {
    let common_name = choice.common_name.clone().unwrap_or_else(|| successor_name(inventory, row.id, now));
    let option = if row.id == AuthorityId::Cluster { "--ca-name" } else { "--front-proxy-ca-name" };
    let length = common_name.chars().count();
    if length == 0 || length > MAX_COMMON_NAME || common_name.chars().any(char::is_control) {
        findings.push(
            Finding::error(
                "bad-ca-name",
                "",
                format!(
                    "the new {}'s name must have 1 to {MAX_COMMON_NAME} characters, none of them a control character",
                    row.title
                ),
            )
            .remedy(format!("Give another name ({option})")),
        );
        return None;
    }
    let Some(algorithm) = choice.key_algorithm.or_else(|| same_algorithm(&authority.certificate)) else {
        findings.push(
            Finding::error(
                "key-type",
                &authority.file,
                format!(
                    "the old {}'s key is {}, which is not made here",
                    row.title,
                    authority.certificate.public_key().key_type()
                ),
            )
            .remedy("Choose a key type (--key-type)"),
        );
        return None;
    };
    let key_request = key_requests.len();
    key_requests.push(KeyRequest { owner: format!("new {}", row.title), algorithm });
    Some(Successor::Made {
        common_name,
        key_request,
        algorithm,
        not_before: now.plus_seconds(-BACKDATE),
        not_after: now.plus_days(i64::from(request.ca_days)),
    })
}

fn brought_issuer(
    inventory: &Inventory,
    row: &AuthorityRow,
    authority: &Authority,
    brought: &BroughtAuthority,
    now: UnixTime,
    findings: &mut Vec<Finding>,
) -> Option<Arc<Issuer>> {
    let artifact = |file: &str| inventory.slots().find(|(_, slot)| slot.file == file).map(|(_, slot)| &slot.artifact);
    let certificates = artifact(&brought.certificate).map_or(&[][..], Artifact::certificates);
    let keys: Vec<&Arc<PrivateKey>> = artifact(&brought.key).map(Artifact::keys).unwrap_or_default();
    let Some(certificate) = certificates.first() else {
        findings.push(
            Finding::error("brought-ca", &brought.certificate, "it holds no certificate that could be the new CA")
                .remedy("Give the new CA's certificate as PEM or DER"),
        );
        return None;
    };
    let Some(key) = keys.first() else {
        findings.push(
            Finding::error("brought-ca", &brought.key, "it holds no private key for the new CA")
                .remedy("Give the new CA's private key as PEM or DER, without a password"),
        );
        return None;
    };
    let issuer = match Issuer::new(certificate.clone(), PrivateKey::clone(key)) {
        Ok(issuer) => issuer,
        Err(error) => {
            findings.push(
                Finding::error(
                    "brought-ca",
                    &brought.certificate,
                    format!("it cannot become the new {}: {error}", row.title),
                )
                .remedy("Give a CA certificate that may sign certificates, and its own key"),
            );
            return None;
        }
    };
    let mut refuse = |message: String, remedy: &str| {
        findings.push(Finding::error("brought-ca", &brought.certificate, message).remedy(remedy));
    };
    if certificate.not_after() < now || certificate.not_before() > now {
        refuse(
            format!("it is valid from {} until {}, not now", certificate.not_before(), certificate.not_after()),
            "Bring a CA that is valid today",
        );
        return None;
    }
    if certificate.public_key() == authority.certificate.public_key() {
        refuse(
            format!("it has the same key as the old {}, so nothing would be rotated", row.title),
            "Bring a CA with a new key",
        );
        return None;
    }
    if issuer.key().key_type().algorithm().is_none() {
        refuse(
            format!("its key is {}, which kubeadm does not accept", issuer.key().key_type()),
            "Bring an RSA key of 2048, 3072 or 4096 bits, or ECDSA P-256 or P-384",
        );
        return None;
    }
    if certificate.subject_key_id().is_none() {
        refuse(
            "it has no subject key id, so clients that use OpenSSL could not tell it from the old CA".into(),
            "Bring a CA with the subjectKeyIdentifier extension",
        );
        return None;
    }
    if certificate.extensions().iter().any(|extension| extension.oid == NAME_CONSTRAINTS) {
        refuse(
            "it has name constraints, under which the cluster's certificates would not be valid".into(),
            "Bring a CA without the nameConstraints extension",
        );
        return None;
    }
    let usages = certificate.extended_key_usages();
    let serves_all =
        [ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth].iter().all(|usage| usages.contains(usage));
    if !usages.is_empty() && !serves_all && !usages.contains(&ExtendedKeyUsage::Any) {
        refuse(
            "its extended key usage does not cover both servers and clients".into(),
            "Bring a CA without the extendedKeyUsage extension",
        );
        return None;
    }
    // One CA for two purposes lets a certificate of the one pose as the other's.
    let shared = inventory
        .authorities
        .iter()
        .find(|(id, other)| **id != row.id && other.certificate.public_key() == certificate.public_key());
    if let Some((id, _)) = shared {
        refuse(
            format!(
                "its key is that of the {id} CA; one CA for two purposes is refused, since the one's certificates would be accepted as the other's"
            ),
            "Bring a CA of its own",
        );
        return None;
    }
    if certificate.subject() == authority.certificate.subject() {
        findings.push(
            Finding::warning(
                "brought-ca-name",
                &brought.certificate,
                format!(
                    "it is called {} like the old one; clients that use OpenSSL tell them apart by their key ids alone",
                    certificate.subject()
                ),
            )
            .remedy("Better bring a CA with a name of its own"),
        );
    }
    if certificates.len() > 1 || !certificate.is_self_signed() {
        findings.push(
            Finding::warning(
                "brought-ca-chain",
                &brought.certificate,
                "it is not self-signed; it becomes the trust anchor itself, its own issuer is not distributed",
            )
            .remedy("OpenSSL-based clients need X509_V_FLAG_PARTIAL_CHAIN for that; better bring a self-signed CA"),
        );
    }
    Some(Arc::new(issuer))
}

/// New authorities must differ from the old ones and from one another.
fn distinct(inventory: &Inventory, successions: &BTreeMap<AuthorityId, Succession>, findings: &mut Vec<Finding>) {
    let mut names: Vec<(&'static str, String)> = Vec::new();
    let mut keys = Vec::new();
    for succession in successions.values() {
        match &succession.new {
            Successor::Made { common_name, .. } => {
                let old = inventory
                    .authorities
                    .values()
                    .any(|authority| authority.certificate.subject().common_name().as_ref() == Some(common_name));
                if old {
                    findings.push(
                        Finding::error("ca-name-taken", "", format!("the new {} cannot be called {common_name}: an old CA has that name, and OpenSSL-based clients take the first that fits", succession.title))
                            .remedy("Give it another name (--ca-name, --front-proxy-ca-name)"),
                    );
                }
                names.push((succession.title, common_name.clone()));
            }
            Successor::Brought(issuer) => keys.push(issuer.certificate().public_key()),
        }
    }
    if let [(_, first), (_, second)] = names.as_slice()
        && first == second
    {
        findings.push(
            Finding::error("ca-name-taken", "", format!("both new CAs would be called {first}"))
                .remedy("Give them different names (--ca-name, --front-proxy-ca-name)"),
        );
    }
    if let [first, second] = keys.as_slice()
        && first == second
    {
        findings.push(
            Finding::error("shared-ca", "", "one CA for both the cluster and the front proxy is refused: any client certificate could pose as the aggregator")
                .remedy("Bring a CA of its own for the front proxy (--front-proxy-ca-cert, --front-proxy-ca-key)"),
        );
    }
}

/// Where the private key lives: on the nodes if it was found there, if kube-controller-manager's manifest
/// signs with it, or if only the management cluster's Secrets were given and they hold it; otherwise the
/// CA is externally managed.
fn key_home(inventory: &Inventory, id: AuthorityId, findings: &mut Vec<Finding>) -> KeyHome {
    let Some(row) = inventory.profile.authority(id) else { return KeyHome::Elsewhere };
    let has_nodes = inventory.control_plane().next().is_some();
    let on_nodes = inventory.control_plane().any(|node| node.slots.contains_key(row.key));
    let in_secret = inventory
        .objects
        .iter()
        .any(|stored| stored.role == ObjectRole::Secret(SecretContent::Authority(id)) && stored.key.is_some());
    if on_nodes || (!has_nodes && in_secret) {
        return KeyHome::Nodes;
    }
    let manifest = inventory.profile.manifest(Component::ControllerManager);
    let flags: Vec<_> = manifest
        .into_iter()
        .flat_map(|path| inventory.control_plane().filter_map(move |node| node.static_pod(path)))
        .map(|(_, pod)| pod.lookup("cluster-signing-key-file").unwrap_or_default())
        .collect();
    let cluster_key = inventory.profile.authority(AuthorityId::Cluster).map_or("", |row| row.key);
    let cluster_key_on_nodes = inventory.control_plane().any(|node| node.slots.contains_key(cluster_key));
    // Keys that were left out of the drop are still on the nodes.
    if flags.iter().any(|flag| !flag.is_empty()) && !cluster_key_on_nodes {
        if id == AuthorityId::Cluster {
            findings.push(
                Finding::warning("ca-key-on-nodes", "", "the CA's private key was not given, but kube-controller-manager signs with it on the nodes; the new key goes there in phase 2")
                    .remedy("Nothing is to be done if that is how it shall stay"),
            );
        }
        return KeyHome::Nodes;
    }
    let keys_on_nodes = inventory
        .control_plane()
        .flat_map(|node| node.slots.values())
        .any(|slot| matches!(slot.artifact, Artifact::PrivateKey(_)));
    if id == AuthorityId::Cluster && has_nodes && flags.is_empty() && !keys_on_nodes {
        findings.push(
            Finding::error("signing-unknown", "", "neither private keys nor the manifest of kube-controller-manager were given, so it cannot be told whether the nodes keep the CA's key")
                .remedy(format!("Give {} of the control-plane nodes as well; the keys may stay away", manifest.unwrap_or_default())),
        );
    }
    findings.push(
        Finding::warning(
            "ca-key-elsewhere",
            "",
            format!(
                "the {}'s private key is not on the nodes; the new one is put into ca-keys/ and on no node",
                row.title
            ),
        )
        .remedy("Keep ca-keys/ where the old key is kept, then delete it from the package"),
    );
    KeyHome::Elsewhere
}

/// Kubelets renew through the API only if somebody signs there.
pub(super) fn check_kubelets(
    request: &RotationRequest,
    successions: &BTreeMap<AuthorityId, Succession>,
    findings: &mut Vec<Finding>,
) {
    let elsewhere =
        successions.get(&AuthorityId::Cluster).is_some_and(|succession| succession.key_home == KeyHome::Elsewhere);
    if elsewhere && request.kubelet_certificates == KubeletCertificates::Renew {
        findings.push(
            Finding::warning("nobody-signs", "", "the CA's key is on no node, so kubelets can renew themselves only if something else signs their requests with the new CA")
                .remedy("Have certificates minted for kubelets (--kubelet-certs mint), or let that signer use the new CA before step 2-workers"),
        );
    }
}
