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

/// Prefixes of users and groups that have rights by default: Kubernetes reserves `system:`
/// (pkg/registry/rbac/validation), and kubeadm init binds roles to `kubeadm:` groups.
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
    /// In the CertificateSigningRequest object of this name: the cluster's signer issues it once an administrator
    /// approves it.
    Object(String),
}

/// The provided CSRs that the new CA may sign. Adds a finding for each refused CSR and each that an administrator must
/// review.
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
            return refuse("its signature does not match its public key", "Create the CSR again with the private key");
        }
        SignatureVerdict::NotJudged => {
            return refuse(
                "Airlock cannot verify its signature",
                "Make the request with an RSA or ECDSA key: openssl req -new -key KEY -sha256 -out NEW",
            );
        }
    }
    if request.is_for_authority() {
        return refuse("it requests a CA certificate", "Import a CA with --ca-cert and --ca-key");
    }
    if request.is_for_server() || !request.alternative_names().is_empty() {
        return refuse(
            "it requests a serving certificate, and Airlock cannot verify that the names belong to the requester",
            "For a kubelet, set serverTLSBootstrap: true and approve its CSR after phase 2",
        );
    }
    match request.public_key().key_type() {
        KeyType::Rsa(bits) if bits < MIN_RSA_BITS => {
            return refuse(
                "its RSA key is too short",
                "Create the CSR with an RSA key of at least 2048 bits, or an ECDSA key",
            );
        }
        KeyType::Other(_) => {
            return refuse("kube-apiserver cannot verify its key type", "Create the CSR with an RSA or ECDSA key");
        }
        _ => {}
    }
    let (users, groups) = (request.subject().common_names(), request.subject().organizations());
    let [user] = users.as_slice() else {
        return refuse(
            "Kubernetes reads the user from the common name, and the CSR has none or several",
            "Create the CSR with one CN, and one O for each group",
        );
    };
    let is_node = user.starts_with(NODE_USER) || groups.iter().any(|group| group == NODE_GROUP);
    if is_node {
        let node = user.strip_prefix(NODE_USER).filter(|name| !name.is_empty() && groups == [NODE_GROUP]);
        let Some(node) = node else {
            return refuse(
                "the node authorizer accepts a kubelet only as the user system:node:NAME in the group system:nodes",
                "Create the CSR with CN=system:node:NAME and O=system:nodes",
            );
        };
        let is_known = inventory.nodes.iter().any(|known| known.name == node);
        return Ok((!is_known).then(|| {
            let message = format!("it requests the identity of the node {node}, whose files were not provided");
            (message, "Verify that the CSR comes from that node; otherwise delete its certificate from the package")
        }));
    }
    if is_presented(user, &groups, inventory, authority_change) {
        return Ok(None);
    }
    let reserved = [user].into_iter().chain(&groups).find(|name| RESERVED.iter().any(|start| name.starts_with(start)));
    if let Some(name) = reserved {
        return Err((
            format!("{name} has rights by default, and no provided certificate has this identity"),
            "Provide the kubeconfig that presents it; or request another name, and bind the required roles to that name",
        ));
    }
    let groups = if groups.is_empty() { String::new() } else { format!(" in {}", groups.join(", ")) };
    let message = format!("it requests the identity {user}{groups}, which no provided certificate has");
    Ok(Some((
        message,
        "Verify who sent the CSR (kubectl auth can-i --list --as NAME shows the rights); otherwise delete its certificate from the package",
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
                    before: "CSR".to_owned(),
                    after: "certificate of new CA, key stays with the requester".to_owned(),
                }));
                if let Some(node) = user.strip_prefix(NODE_USER) {
                    actions.push(on_node(node, &format!("{name}.crt")));
                }
            }
            Delivery::Object(name) => actions.push(Action::Do {
                text: format!("Approve the CSR of {user}: the cluster's signer now signs with the new CA"),
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
            "On {node}, write the certificate and the key of its CSR into one file, link kubelet-client-current.pem to it, and restart the kubelet"
        ),
        command: format!(
            "(umask 077 && cat {certificate} KEY >/var/lib/kubelet/pki/kubelet-client-requested.pem)\nln -sfn /var/lib/kubelet/pki/kubelet-client-requested.pem /var/lib/kubelet/pki/kubelet-client-current.pem\nsystemctl restart kubelet"
        ),
    }
}
