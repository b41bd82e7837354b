//! Provided CSRs of nodes and users: which of them the new CA signs. This depends on the rights that RBAC and the node
//! authorizer grant to the requested name.

use std::collections::BTreeSet;

use super::{
    model::{
        actions::Action,
        authorities::AuthorityChange,
        content::{Edit, FileContent, Source},
        package_path::PackagePath,
        phase::Phase,
        steps::Holder,
    },
    replacements::Replacements,
};
use crate::{
    finding::Finding,
    inventory::{Artifact, Inventory, ObjectRole},
    plan::model::content::PUBLIC,
    x509::{KeyType, SignatureVerdict, SigningRequest},
};

/// Prefix of the user name of kubelets in the node authorizer
/// (kubernetes/kubernetes: pkg/auth/nodeidentifier/default.go).
const NODE_USER: &str = "system:node:";

/// The only group of kubelets (staging/src/k8s.io/apiserver/pkg/authentication/user/user.go; the signer for kubelets:
/// pkg/apis/certificates/helpers.go, `ValidateKubeletClientCSR`).
const NODE_GROUP: &str = "system:nodes";

/// Prefixes of users and groups that have rights by default: Kubernetes reserves `system:` (pkg/registry/rbac/validation),
/// and kubeadm init binds roles to `kubeadm:` groups.
const RESERVED: [&str; 2] = ["system:", "kubeadm:"];

/// The cluster's signers of client certificates (staging/src/k8s.io/api/certificates/v1/types.go).
const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client";
const KUBELET_SIGNER: &str = "kubernetes.io/kube-apiserver-client-kubelet";

/// Minimum size of RSA keys. Bits.
const MIN_RSA_BITS: usize = 2048;

/// A CSR that the new CA may sign.
pub(super) struct Admitted<'a> {
    request: &'a SigningRequest,
    /// Where the CSR was found.
    delivery: Delivery,
}

/// How the requester receives the certificate.
enum Delivery {
    /// As a file of the package. The value is the provided CSR file.
    File(Source),
    /// In the CertificateSigningRequest object of this name: the cluster's signer issues it once an administrator approves it.
    Object(String),
}

/// The provided CSRs that the new CA may sign. Adds a finding for each refused CSR and each that an administrator must review.
pub(super) fn admitted<'a>(
    inventory: &'a Inventory,
    authority_change: Option<&AuthorityChange>,
    findings: &mut Vec<Finding>,
) -> Vec<Admitted<'a>> {
    let Some(authority_change) = authority_change else { return Vec::new() };
    let files = inventory.loose.iter().filter_map(|slot| match &slot.artifact {
        Artifact::SigningRequest(request) => Some((&**request, slot.file.as_str(), Delivery::File(slot.into()))),
        _ => None,
    });
    let waiting = inventory.objects.iter().filter(|stored| {
        let signer = stored.object.value.pointer("/spec/signerName").and_then(|name| name.as_str());
        stored.role == ObjectRole::SigningRequest
            && stored.certificates.is_empty()
            && signer.is_some_and(|signer| [CLIENT_SIGNER, KUBELET_SIGNER].contains(&signer))
    });
    let objects = waiting.filter_map(|stored| {
        Some((stored.request.as_ref()?, stored.file.as_str(), Delivery::Object(stored.object.name.clone())))
    });
    let mut seen = BTreeSet::new();
    let mut admitted = Vec::new();
    for (request, file, delivery) in files.chain(objects) {
        match judge(request, inventory, authority_change) {
            Ok(_) if !seen.insert((request.subject(), request.public_key())) => {}
            Ok(second_look) => {
                findings.extend(second_look.map(|(message, remedy)| {
                    Finding::warning("request-unknown-identity", file, message).remedy(remedy)
                }));
                admitted.push(Admitted { request, delivery });
            }
            Err((message, remedy)) => {
                let message = format!("the request for {} is not answered: {message}", request.subject());
                findings.push(Finding::warning("request-refused", file, message).remedy(remedy));
            }
        }
    }
    admitted
}

/// A problem of a CSR, and the remedy.
type Objection = (String, &'static str);

/// Whether the new CA may sign the CSR: `Err` if not, `Ok(Some(…))` if an administrator must review it first.
fn judge(
    request: &SigningRequest,
    inventory: &Inventory,
    authority_change: &AuthorityChange,
) -> Result<Option<Objection>, Objection> {
    let refuse = |message: &str, remedy| Err((message.to_owned(), remedy));
    match request.own_signature() {
        SignatureVerdict::Valid => {}
        SignatureVerdict::Invalid => {
            return refuse("the key that it is for did not sign it", "Have it made again by whoever holds the key");
        }
        SignatureVerdict::NotJudged => {
            return refuse(
                "Airlock cannot verify its signature, so it is not judged who made it",
                "Make the request with an RSA or ECDSA key: openssl req -new -key KEY -sha256 -out NEW",
            );
        }
    }
    if request.is_for_authority() {
        return refuse("it asks for a CA", "A CA made elsewhere is brought with --ca-cert and --ca-key");
    }
    if request.is_for_server() || !request.alternative_names().is_empty() {
        return refuse(
            "it asks for a serving certificate, whose names only somebody who knows the server can vouch for",
            "For a kubelet, let it ask the cluster (serverTLSBootstrap) and approve that after phase 2",
        );
    }
    match request.public_key().key_type() {
        KeyType::Rsa(bits) if bits < MIN_RSA_BITS => {
            return refuse("its RSA key is too short", "Have it made with RSA of 2048 bits or more, or with ECDSA");
        }
        KeyType::Other(_) => {
            return refuse("kube-apiserver cannot verify its kind of key", "Have it made with RSA or ECDSA");
        }
        _ => {}
    }
    let (users, groups) = (request.subject().common_names(), request.subject().organizations());
    let [user] = users.as_slice() else {
        return refuse(
            "Kubernetes takes the user from the common name, and it has none or several",
            "Have it made with one CN, and one O for each group",
        );
    };
    let is_node = user.starts_with(NODE_USER) || groups.iter().any(|group| group == NODE_GROUP);
    if is_node {
        let node = user.strip_prefix(NODE_USER).filter(|name| !name.is_empty() && groups == [NODE_GROUP]);
        let Some(node) = node else {
            return refuse(
                "the node authorizer knows a kubelet by the user system:node:NAME in the group system:nodes alone",
                "Have it made with CN=system:node:NAME and O=system:nodes",
            );
        };
        let is_known = inventory.nodes.iter().any(|known| known.name == node);
        return Ok((!is_known).then(|| {
            let message = format!("it asks for the rights of the node {node}, of which nothing was given");
            (
                message,
                "Make sure that the request comes from that node; otherwise take its certificate out of the package",
            )
        }));
    }
    if is_presented(user, &groups, inventory, authority_change) {
        return Ok(None);
    }
    let reserved = [user].into_iter().chain(&groups).find(|name| RESERVED.iter().any(|start| name.starts_with(start)));
    if let Some(name) = reserved {
        return Err((
            format!("{name} has rights of its own, and nobody among the files given presents this identity today"),
            "Give the kubeconfig that presents it; or ask for another name, and bind that to the rights it needs",
        ));
    }
    let groups = if groups.is_empty() { String::new() } else { format!(" in {}", groups.join(", ")) };
    let message = format!("it asks for the rights of {user}{groups}, whom nobody among the files given presents today");
    Ok(Some((
        message,
        "Make sure that the request comes from there (kubectl auth can-i --list --as NAME shows what it may do); otherwise take its certificate out of the package",
    )))
}

/// Whether a provided certificate of the old CA has this user and exactly these groups.
fn is_presented(user: &str, groups: &[String], inventory: &Inventory, authority_change: &AuthorityChange) -> bool {
    let set = |groups: &[String]| groups.iter().cloned().collect::<BTreeSet<_>>();
    let in_slots = inventory.slots().flat_map(|(_, slot)| slot.artifact.all_certificates());
    let in_objects = inventory.objects.iter().filter(|stored| stored.role != ObjectRole::SigningRequest);
    let mut presented = in_slots.chain(in_objects.flat_map(|stored| stored.all_certificates()));
    presented.any(|certificate| {
        let subject = certificate.subject();
        subject.common_name().as_deref() == Some(user)
            && set(&subject.organizations()) == set(groups)
            && certificate.is_signed_by(&authority_change.old)
    })
}

/// The actions that deliver the certificates, once every kube-controller-manager and API server uses the new CA.
pub(super) fn answers(admitted: &[Admitted<'_>], phase: Phase, replacements: &mut Replacements<'_>) -> Vec<Action> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut actions = Vec::new();
    for Admitted { request, delivery } in admitted {
        let user = request.subject().common_name().unwrap_or_default();
        match delivery {
            Delivery::File(source) => {
                let name = PackagePath::name(&user.replace(':', "-"));
                let name = PackagePath::unique(&name, &mut taken);
                let id = replacements.requested(request, &format!("{user} ({})", source.file));
                actions.push(Action::Write(Edit {
                    target: source.file.clone(),
                    output: format!("{}/{}/{name}.crt", phase.folder(), Holder::Clients.folder()),
                    mode: PUBLIC,
                    source: None,
                    content: FileContent::Leaf(id),
                    before: "a request".to_owned(),
                    after: "a certificate of new CA, key stays where it is".to_owned(),
                }));
                if let Some(node) = user.strip_prefix(NODE_USER) {
                    actions.push(on_node(node, &format!("{name}.crt")));
                }
            }
            Delivery::Object(name) => actions.push(Action::Do {
                text: format!(
                    "Approve what {user} asked of the cluster's signer: from now on it signs with the new CA"
                ),
                command: format!("kubectl certificate approve {}", PackagePath::name(name)),
            }),
        }
    }
    actions
}

/// Installs a kubelet's certificate. At its start the kubelet reads certificate and key from one file, to which
/// `kubelet-client-current.pem` links (kubernetes/client-go: util/certificate/certificate_store.go).
fn on_node(node: &str, certificate: &str) -> Action {
    Action::Do {
        text: format!(
            "On {node}, join the certificate and the key of its request into one file, let kubelet-client-current.pem be a link to it, and restart the kubelet"
        ),
        command: format!(
            "(umask 077 && cat {certificate} KEY >/var/lib/kubelet/pki/kubelet-client-requested.pem)\nln -sfn /var/lib/kubelet/pki/kubelet-client-requested.pem /var/lib/kubelet/pki/kubelet-client-current.pem\nsystemctl restart kubelet"
        ),
    }
}
