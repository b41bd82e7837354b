//! What a runbook says of control planes that an operator keeps in Secrets: with an overlap of both CAs, and at once.

use std::fmt::{Result, Write};

use super::{
    platform_texts::{Consumer, Texts},
    texts,
};
use crate::{
    plan::{Action, ClusterAction, Intent, Phase, RotationPlan},
    profile::{Ability, AuthorityId, Hosted, Lifecycle},
    text::markdown::line,
};

const CONSUMERS: &[Consumer] = &[
    (
        "CNI plugins that keep a kubeconfig on the host (Calico, Multus)",
        "ls /etc/cni/net.d/*kubeconfig*",
        "each trusts what its phase says",
    ),
    texts::SYSTEM_PODS,
    (
        "konnectivity: the server's kubeconfig and the agents, through which logs, exec and webhooks go",
        "kubectl get pods -A -l k8s-app=konnectivity-agent",
        "agents reconnect",
    ),
    texts::CERT_MANAGER,
    texts::WEBHOOKS,
    texts::METRICS,
    (
        "--oidc-ca-file and other arguments of the tenant's API server that name files",
        "kubectl get tenantcontrolplanes.kamaji.clastix.io -A -o yaml | grep -- -file=",
        "no file that this package replaces",
    ),
    texts::BALANCERS,
    texts::OTHERS,
];

const STATUS: &str = "The page follows the status `CertificateAuthorityRotating`. Where a Secret is replaced instead of deleted, the operator shows it for half a second, or not at all. Here a step waits for certificates and Pods instead.";

/// Both CAs are trusted for a while.
pub(super) static OVERLAP: Texts = Texts {
    phases: texts::PHASES,
    place: texts::NODE_FILES.place,
    before: BEFORE,
    joining: texts::NODE_FILES.joining,
    pin: texts::NODE_FILES.pin,
    consumers: CONSUMERS,
    more: &[],
    headings: [""; 3],
    other: "Kamaji's page",
    differences: &[
        "The page rotates the CA by deleting its Secret: the operator generates another CA, and every client is locked out at once. Here the operator is paused, and both CAs are trusted until every client has changed.",
        "The page has nodes restarted, and given the new CA and new certificates by hand. Here a script installs the CA, and each kubelet requests its own certificate while both CAs are trusted.",
        STATUS,
    ],
};

/// The CA is replaced in one step.
pub(super) static AT_ONCE: Texts = CLUSTER_AT_ONCE;

const CLUSTER_AT_ONCE: Texts = Texts {
    phases: "The operator of this release cannot be paused, so there is no time in which the tenant's API server trusts both CAs. Phase 1 prepares what can be prepared: workers, cluster-info and provided kubeconfigs trust both CAs. Phase 3 replaces the CA, and with it every certificate. There is no phase 2. You may pause for days between the phases. Within a phase, take the steps in order; do not start a step until the check of the previous one passes.",
    place: texts::NODE_FILES.place,
    before: BEFORE,
    joining: "A node that joins needs a pin with `--discovery-token-ca-cert-hash`: the old CA's before step 1-cluster-info, either from then on, the new CA's from step 3-cluster-info on. A node that joins in between trusts both CAs: run step 3-workers on it as well.",
    pin: texts::NODE_FILES.pin,
    consumers: CONSUMERS,
    more: &[],
    headings: [""; 3],
    other: "Kamaji's page",
    differences: &[
        "The page deletes the CA's Secret, and the operator generates another CA. Here the Secret is replaced by one with a CA that workers, cluster-info and kubeconfigs trust already.",
        "The page deletes the Secrets of certificates and kubeconfigs by label. Here the operator reissues what depends on the CA by itself; only the Secrets that it keeps (konnectivity's) are deleted.",
        "The page has nodes restarted, and given the new CA and new certificates by hand. Here step 3-workers installs both.",
        STATUS,
    ],
};

/// The front-proxy CA alone is replaced in one step.
pub(super) static FRONT_PROXY_AT_ONCE: Texts = Texts {
    phases: "The operator of this release cannot be paused, so the front-proxy CA is replaced in one step: there is no time in which extension API servers trust both CAs. There is no phase 2. Take the steps in order; do not start a step until the check of the previous one passes.",
    joining: "",
    differences: &[
        "The page rotates the cluster CA alone. Here the Secret of the front-proxy CA is replaced, and the operator reissues the API server's client certificate for extension API servers.",
    ],
    ..CLUSTER_AT_ONCE
};

const BEFORE: &[&str] = &[
    "Before you start: `sha256sum -c SHA256SUMS`; unpack the package wherever kubectl reaches the management cluster and the tenant, and as root on each worker, in a folder that only root can read. Commands run from the package's root.",
    "Before phase 1, back up the tenant's DataStore with its own tools (etcd: `etcdctl snapshot save`, verified by `etcdutl snapshot restore` into a temporary folder) and the tenant's Secrets in the management cluster. Keep both encrypted: they contain the CAs' keys.",
    texts::NODE_FILES.before[1],
];

/// What people who run the operator have to know.
pub(super) fn introduction(text: &mut String, plan: &RotationPlan, hosted: &Hosted) -> Result {
    if !plan.at_once {
        return writeln!(
            text,
            "From step 1-pause to step 3-resume the operator leaves the tenant alone: it neither scales nor upgrades it, and renews nothing that ends meanwhile. Never remove the annotation `{}` while `ca.crt` of the CA's Secret holds two certificates: the operator would write kubeconfigs and roll the control plane out without end. Each roll-out is like any other of the tenant's. The {}'s status is no check: `CertificateAuthorityRotating` shows for half a second, or not at all.\n",
            hosted.pause, hosted.kind
        );
    }
    let since = hosted.ability(Ability::Pause).map_or("", |row| row.since);
    if !is_cluster(plan) {
        return writeln!(
            text,
            "Step 3-control-plane replaces the front-proxy CA. From then on extension API servers reject what the API server forwards to them, until they have read the new CA; you accepted that with `--accept-outage`. The cluster CA, nodes and kubeconfigs do not change. If you upgrade the operator to {since} or later first, it can be paused, and nothing fails.\n"
        );
    }
    writeln!(
        text,
        "Step 3-control-plane replaces the CA. From then on the API server rejects every certificate that the old CA issued, those of the kubelets included. The list below says which connections fail, and until which step; you accepted that with `--accept-outage`. Choose a maintenance window, and keep the workers' scripts ready: each node is NotReady until step 3-workers has run on it. If you upgrade the operator to {since} or later first, it can be paused, and nothing fails.\n"
    )?;
    let Some((namespace, name)) = tenant(plan) else { return Ok(()) };
    writeln!(
        text,
        "To watch the operator: `kubectl -n {} get {} {} -w`. Its STATUS may change to `CertificateAuthorityRotating` and back to `Ready`: that is the state in which the operator has a new CA and reissues what the old one signed. It is no check: where the CA's Secret is replaced, the state shows for half a second, or not at all.\n",
        line(namespace),
        hosted.resource,
        line(name)
    )
}

/// What a phase is, where the CA is replaced at once.
pub(super) fn phase(plan: &RotationPlan, phase: Phase) -> Option<&'static str> {
    let what = match phase {
        Phase::TrustBoth if !is_cluster(plan) => "Nothing changes in this phase: it prepares the next one.",
        Phase::TrustBoth => {
            "Workers, cluster-info and provided kubeconfigs trust the new CA as well. The tenant's control plane does not change: it trusts the old CA alone, and the old CA signs."
        }
        Phase::Switch => return None,
        Phase::DropOld => {
            "The new CA replaces the old one in one step. Clients that present a certificate of the old CA are rejected until their own step."
        }
    };
    plan.at_once.then_some(what)
}

/// Until when a stolen key is of use.
pub(super) fn stolen_key(plan: &RotationPlan) -> Option<&'static str> {
    if plan.at_once && !is_cluster(plan) {
        return Some("If the old CA's key was stolen: extension API servers trust it until step 3-authentication.");
    }
    plan.at_once.then_some(
        "If the old CA's key was stolen: the API server trusts it until step 3-control-plane, each worker until step 3-workers, pods until step 3-pods. Do not pause between the phases.",
    )
}

/// The certificates that the operator renews by itself, and how a person has it renew them.
pub(super) fn renewal(text: &mut String, plan: &RotationPlan) -> Result {
    let (Some(hosted), Some((namespace, name))) = (plan.profile.hosted(), tenant(plan)) else { return Ok(()) };
    let (namespace, name) = (line(namespace), line(name));
    let is_rotation = plan.intent == Intent::Rotate;
    let selector =
        |kind: Lifecycle| format!("{}={name},{}={}", hosted.name_label, hosted.lifecycle_label, kind.label());
    writeln!(text, "\n## Renewal of single certificates\n")?;
    if is_rotation {
        writeln!(
            text,
            "- This is for the time after the rotation: do not delete Secrets while it runs, except by its steps. The CA stays as it is. `airlock package --intent renew-leaves` prepares such a renewal, with a check after each step."
        )?;
    }
    for paragraph in [
        format!(
            "Automatic: one day before a certificate or kubeconfig expires, the operator issues it again and rolls the control plane out. Its controller `CertificateLifecycle` reads every Secret with the label `{}`. The operator's flag `--certificate-expiration-deadline` sets another time; a paused tenant is not renewed.",
            hosted.lifecycle_label
        ),
        format!(
            "Manual: delete the Secret, and the operator creates it again. One certificate: `kubectl -n {namespace} delete secret {name}-api-server-certificate`. All certificates: `kubectl -n {namespace} delete secret -l {}`. After that all kubeconfigs: `kubectl -n {namespace} delete secret -l {}`. In this order, since konnectivity's kubeconfig embeds konnectivity's certificate. Releases since July 2025 do the same when a Secret gets the annotation `certs.kamaji.clastix.io/rotate` with an empty value.",
            selector(Lifecycle::X509),
            selector(Lifecycle::Kubeconfig)
        ),
        format!(
            "The CA: its Secret has no such label, so the operator does not renew it. Deleting Secret {name}-ca makes the operator generate a CA with another key, at once: the {} shows `CertificateAuthorityRotating`, and every client is locked out. A package of `--intent rotate` replaces that.",
            hosted.kind
        ),
        format!(
            "The DataStore: Secret {name}-datastore-certificate is issued by the DataStore's CA, not by the tenant's. With etcd, the operator issues it. With MySQL, PostgreSQL and NATS, the operator copies the client certificate that the DataStore object names: have your PKI renew that one first."
        ),
    ] {
        writeln!(text, "- {paragraph}")?;
    }
    Ok(())
}

/// Is the cluster CA among those that are replaced?
pub(super) fn is_cluster(plan: &RotationPlan) -> bool {
    plan.authority_changes.contains_key(&AuthorityId::Cluster)
}

/// Namespace and name of the tenant that the plan's steps are about.
fn tenant(plan: &RotationPlan) -> Option<(&str, &str)> {
    plan.steps.iter().flat_map(|step| &step.actions).find_map(|action| match action {
        Action::Cluster(ClusterAction::Tenant(tenant)) => Some((&*tenant.namespace, &*tenant.name)),
        Action::Cluster(ClusterAction::RenewSecrets(secrets)) => Some((&*secrets.namespace, &*secrets.tenant)),
        _ => None,
    })
}
