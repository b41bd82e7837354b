//! The TLS connections of a Kamaji tenant. Its Pods reload files live, as static Pods do, and restart at each rollout.
//! They present and trust what is in the Secrets, which the operator rewrites unless it is paused (clastix/kamaji:
//! internal/resources; each observed with operator 26.8.2-edge).

use AuthorityId::{Cluster, FrontProxy};

use super::{
    edge::{EdgeRow, Effect, End, Holding, Material, Outage, Party, Writer},
    ids::{AuthorityId, Component},
    kubeadm_edges::{
        CLUSTER_CA, GIVEN, JOINING, KUBELET, OTHERS, PODS, WEBHOOK, WEBHOOK_CALLER, accepted, extensions, old, refused,
        trusting,
    },
};

const fn kept(material: Material, effect: Effect) -> Option<Holding> {
    Some(Holding::new(material, Writer::Operator, effect))
}

const TENANT_CA: Option<Holding> = kept(Material::Authority(Cluster), Effect::Live);

const APISERVER: End =
    End::new(Party::Component(Component::Apiserver), kept(Material::Leaf("apiserver"), Effect::Live), TENANT_CA);

/// A user who fetches the kubeconfig from the tenant's Secret for each use.
const fn user(kubeconfig: &'static str) -> End {
    End::new(
        Party::User(kubeconfig),
        kept(Material::KubeconfigCredential(kubeconfig), Effect::EachUse),
        kept(Material::KubeconfigTrust(kubeconfig), Effect::EachUse),
    )
}

const fn component(component: Component, kubeconfig: &'static str) -> End {
    End::new(
        Party::Component(component),
        kept(Material::KubeconfigCredential(kubeconfig), Effect::Restart(component)),
        kept(Material::KubeconfigTrust(kubeconfig), Effect::Restart(component)),
    )
}

const CONTROLLER_MANAGER: End = component(Component::ControllerManager, "controller-manager.conf");
const SCHEDULER: End = component(Component::Scheduler, "scheduler.conf");
const KONNECTIVITY: End = component(Component::Konnectivity, "konnectivity-server.conf");

/// The table.
pub(super) const EDGES: &[EdgeRow] = &[
    accepted(
        "admin-apiserver",
        user("admin.conf"),
        APISERVER,
        "Give the Secret of the administrators' kubeconfigs both CAs in phase 1 and new credentials in phase 2",
    ),
    accepted(
        "super-admin-apiserver",
        user("super-admin.conf"),
        APISERVER,
        "Give the Secret of the administrators' kubeconfigs both CAs in phase 1 and new credentials in phase 2",
    ),
    accepted(
        "operator-apiserver",
        user("admin.svc"),
        APISERVER,
        "Keep the operator paused while ca.crt holds more than one certificate; admin.svc is its own way to the tenant",
    ),
    accepted(
        "controller-manager-apiserver",
        CONTROLLER_MANAGER,
        APISERVER,
        "Give its kubeconfig both CAs in phase 1 and a new credential in phase 2, and roll the control plane out each time",
    ),
    accepted(
        "scheduler-apiserver",
        SCHEDULER,
        APISERVER,
        "Give its kubeconfig both CAs in phase 1 and a new credential in phase 2, and roll the control plane out each time",
    ),
    accepted(
        "konnectivity-apiserver",
        KONNECTIVITY,
        APISERVER,
        "Change konnectivity's kubeconfig together with its certificate: rotated alone, the kubeconfig stays behind",
    ),
    accepted(
        "kubelet-apiserver",
        KUBELET,
        APISERVER,
        "Patch kubelet.conf and restart the kubelet in phase 1; have it renew its certificate in phase 2, once kube-controller-manager signs with the new CA",
    ),
    accepted(
        "apiserver-kubelet",
        End::new(
            Party::Component(Component::Apiserver),
            kept(Material::Leaf("apiserver-kubelet-client"), Effect::Live),
            None,
        ),
        End::new(Party::Component(Component::Kubelet), None, CLUSTER_CA),
        "Give every node's ca.crt both CAs in phase 1, and kube-apiserver a new apiserver-kubelet-client certificate in phase 2",
    ),
    EdgeRow {
        outage: Some(Outage {
            cause: "kubelets' serving certificates are renewed by their own time, and the API server verifies them by --kubelet-certificate-authority",
            duration: "logs, exec and port-forward fail in phase 3 on nodes whose kubelet-server-current.pem is still the old CA's, until that is renewed",
        }),
        ..accepted(
            "apiserver-kubelet-serving",
            End::new(
                Party::Component(Component::Apiserver),
                None,
                kept(Material::KubeletAuthority, Effect::Restart(Component::Apiserver)),
            ),
            End::new(
                Party::Component(Component::Kubelet),
                Some(Holding::new(Material::KubeletServing, Writer::LeadingControllerManager, Effect::Renewal)),
                None,
            ),
            "Take --kubelet-certificate-authority out of the tenant's extraArgs before the rotation, and put it back when every kubelet's serving certificate is signed by the new CA",
        )
    },
    accepted(
        "aggregator-extension",
        End::new(
            Party::Component(Component::Apiserver),
            kept(Material::Leaf("front-proxy-client"), Effect::Live),
            None,
        ),
        extensions(FrontProxy),
        "Wait until extension-apiserver-authentication holds both front-proxy CAs before front-proxy-client changes, and drop the old one last",
    ),
    accepted(
        "pods-apiserver",
        PODS,
        APISERVER,
        "Restart pods once kube-root-ca.crt holds both CAs in every namespace, before the API server switches",
    ),
    accepted("joining-apiserver", JOINING, APISERVER, "Give cluster-info both CAs in phase 1"),
    accepted(
        "requester-apiserver",
        End::new(
            Party::Requester,
            Some(Holding::new(Material::Signed, Writer::LeadingControllerManager, Effect::EachUse)),
            None,
        ),
        APISERVER,
        "Have kube-controller-manager sign from tls.crt and tls.key of the CA's Secret while ca.crt is a bundle",
    ),
    accepted(
        "given-clients-apiserver",
        GIVEN,
        APISERVER,
        "Give the kubeconfig both CAs in phase 1 and a new credential in phase 2",
    ),
    accepted(
        "other-clients-apiserver",
        OTHERS,
        APISERVER,
        "Have everyone confirm both CAs in phase 1 and a new credential in phase 2",
    ),
    accepted(
        "apiserver-webhook",
        WEBHOOK_CALLER,
        WEBHOOK,
        "Let the caBundle accept both CAs in phase 1, before its server presents a certificate of the new CA",
    ),
    refused(
        "old-client-apiserver",
        old(Cluster),
        trusting(APISERVER),
        "Let no API server accept the old CA after phase 3",
    ),
    refused(
        "old-client-kubelet",
        old(Cluster),
        End::new(Party::Component(Component::Kubelet), None, CLUSTER_CA),
        "Give every node's ca.crt the new CA alone in phase 3",
    ),
    refused(
        "old-client-extension",
        old(Cluster),
        extensions(Cluster),
        "Delete extension-apiserver-authentication once the API server has the new CA alone",
    ),
    refused(
        "old-front-proxy-extension",
        old(FrontProxy),
        extensions(FrontProxy),
        "Delete extension-apiserver-authentication once the API server has the new front-proxy CA alone",
    ),
    refused(
        "admin-impostor",
        trusting(user("admin.conf")),
        old(Cluster),
        "Give the administrators' kubeconfigs the new CA alone in phase 3",
    ),
    refused(
        "controller-manager-impostor",
        trusting(CONTROLLER_MANAGER),
        old(Cluster),
        "Give its kubeconfig the new CA alone in phase 3 and roll the control plane out",
    ),
    refused(
        "scheduler-impostor",
        trusting(SCHEDULER),
        old(Cluster),
        "Give its kubeconfig the new CA alone in phase 3 and roll the control plane out",
    ),
    refused(
        "konnectivity-impostor",
        trusting(KONNECTIVITY),
        old(Cluster),
        "Give its kubeconfig the new CA alone in phase 3 and roll the control plane out",
    ),
    refused(
        "kubelet-impostor",
        trusting(KUBELET),
        old(Cluster),
        "Give kubelet.conf the new CA alone in phase 3 and restart the kubelet",
    ),
    refused("pods-impostor", PODS, old(Cluster), "Restart pods once kube-root-ca.crt holds the new CA alone"),
    refused("webhook-impostor", WEBHOOK_CALLER, old(Cluster), "Let the caBundle accept the new CA alone in phase 3"),
    refused("joining-impostor", JOINING, old(Cluster), "Give cluster-info the new CA alone in phase 3"),
    refused(
        "other-clients-impostor",
        trusting(OTHERS),
        old(Cluster),
        "Have everyone confirm the new CA alone in phase 3",
    ),
    refused("given-clients-impostor", trusting(GIVEN), old(Cluster), "Give the kubeconfig the new CA alone in phase 3"),
];

/// Outage: the API server of a release without a pause annotation switches to the new CA in one step.
const NO_PAUSE: &str = "this release of Kamaji cannot be paused, so the tenant's CA is replaced at once";

const fn until(duration: &'static str) -> Outage {
    Outage { cause: NO_PAUSE, duration }
}

/// Outage of the components that read their kubeconfig at start.
const COMPONENTS: &str = "kube-controller-manager and kube-scheduler fail from step 3-control-plane on, until the operator has rolled the control plane out: a minute or two";

/// Outage of people who fetch their kubeconfigs from the operator's Secret.
const PEOPLE: &str = "people who use the operator's kubeconfigs fail from step 3-control-plane on, until they have fetched them from their Secret again, where the operator has reissued them seconds later";

/// The connections that break if the CA is replaced at once, and until when.
pub(super) const AT_ONCE: &[(&str, Outage)] = &[
    ("admin-apiserver", until(PEOPLE)),
    ("super-admin-apiserver", until(PEOPLE)),
    (
        "operator-apiserver",
        until(
            "the operator's own requests to the tenant fail from step 3-control-plane on, for seconds, until it has reissued its kubeconfig",
        ),
    ),
    ("controller-manager-apiserver", until(COMPONENTS)),
    ("scheduler-apiserver", until(COMPONENTS)),
    (
        "konnectivity-apiserver",
        until(
            "konnectivity-server fails from step 3-control-plane on, for some minutes, until that step has had its Secrets created again and the control plane rolled out. Logs, exec, port-forward and webhooks go through its agents, which reconnect when step 3-pods has restarted them",
        ),
    ),
    (
        "kubelet-apiserver",
        until(
            "kubelets fail from step 3-control-plane on, each until step 3-workers has run on its node: forty seconds later the node is NotReady, its Pods go on running",
        ),
    ),
    (
        "aggregator-extension",
        until(
            "extension API servers such as metrics-server fail from step 3-control-plane on, until they have read the new front-proxy CA",
        ),
    ),
    (
        "pods-apiserver",
        until(
            "Pods that use the Kubernetes API fail from step 3-control-plane on, until step 3-pods has restarted them: they trust the old CA alone",
        ),
    ),
    (
        "requester-apiserver",
        until(
            "certificates requested through the API are rejected from step 3-control-plane on, until the roll-out is over: a minute or two",
        ),
    ),
    (
        "given-clients-apiserver",
        until(
            "the provided kubeconfigs fail from step 3-control-plane on, each until it is replaced by that of step 3-clients",
        ),
    ),
    (
        "other-clients-apiserver",
        until(
            "all other clients with a certificate of the old CA fail from step 3-control-plane on, each until it has a new credential",
        ),
    ),
    (
        "apiserver-webhook",
        until(
            "webhooks whose caBundle has the cluster CA fail from step 3-control-plane on, until their server has a certificate of the new CA",
        ),
    ),
];
