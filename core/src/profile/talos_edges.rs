//! The TLS connections of a cluster of Talos machines.
//!
//! Sources: siderolabs/talos: internal/app/apid, internal/app/trustd,
//! internal/app/machined/pkg/controllers/secrets/api.go (what apid presents and trusts; a worker requests both from
//! trustd), controllers/k8s/render_secrets_static_pod.go and control_plane_static_pod.go (API servers trust every
//! accepted CA; kube-controller-manager signs with the issuing CA and publishes only that one),
//! controllers/k8s/kubelet_service.go (a kubelet keeps its certificate until its machine no longer accepts the issuer).

use AuthorityId::{Cluster, Talos};

use super::{
    edge::{EdgeRow, Effect, End, Expectation, Holding, Material, Outage, Party, Writer},
    ids::{AuthorityId, Component},
};

const fn machine(material: Material) -> Option<Holding> {
    Some(Holding::new(material, Writer::Machine, Effect::Live))
}

/// A component that presents a certificate issued by its machine, and trusts the CAs that the machine accepts.
const fn component(component: Component, authority: AuthorityId) -> End {
    End::new(Party::Component(component), machine(Material::Issued(authority)), machine(Material::Authority(authority)))
}

const APID: End = component(Component::Apid, Talos);

const APISERVER: End = component(Component::Apiserver, Cluster);

const WORKER_APID: End = End::new(
    Party::OnWorkers(Component::Apid),
    Some(Holding::new(Material::HandedLeaf(Talos), Writer::Trustd, Effect::Renewal)),
    Some(Holding::new(Material::HandedTrust(Talos), Writer::Trustd, Effect::Renewal)),
);

/// trustd authenticates clients by token.
const TRUSTD: End = End::new(Party::Component(Component::Trustd), machine(Material::Issued(Talos)), None);

/// A worker verifies trustd with the CAs of its own configuration.
const WORKER: End = End::new(Party::OnWorkers(Component::Apid), None, machine(Material::Authority(Talos)));

const KUBELET: End = End::new(
    Party::Component(Component::Kubelet),
    Some(Holding::new(Material::KubeletCredential, Writer::LeadingControllerManager, Effect::Renewal)),
    machine(Material::Authority(Cluster)),
);

const PODS: End = End::new(
    Party::Pods,
    None,
    Some(Holding::new(Material::RootConfigMap, Writer::LeadingControllerManager, Effect::PodStart)),
);

const fn joining(authority: AuthorityId) -> End {
    End::new(
        Party::JoiningNode,
        None,
        Some(Holding::new(Material::Authority(authority), Writer::People, Effect::EachUse)),
    )
}

const fn clients(party: Party) -> End {
    End::new(
        party,
        Some(Holding::new(Material::ClientCredential, Writer::People, Effect::EachUse)),
        Some(Holding::new(Material::ClientTrust, Writer::People, Effect::EachUse)),
    )
}

const GIVEN: End = clients(Party::GivenClients);

const OTHERS: End = clients(Party::OtherClients);

/// A holder of an old certificate: as a client and, with the old CA's key, as a server.
const fn old(authority: AuthorityId) -> End {
    End::new(Party::OldHolder, Some(Holding::new(Material::Old(authority), Writer::People, Effect::EachUse)), None)
}

const fn trusting(end: End) -> End {
    End::new(end.party, None, end.trusts)
}

const fn row(
    id: &'static str,
    authority: AuthorityId,
    client: End,
    server: End,
    expectation: Expectation,
    remedy: &'static str,
) -> EdgeRow {
    EdgeRow { id, authority, client, server, expectation, remedy, outage: None }
}

const fn accepted(id: &'static str, authority: AuthorityId, client: End, server: End, remedy: &'static str) -> EdgeRow {
    row(id, authority, client, server, Expectation::Accepted, remedy)
}

const fn refused(id: &'static str, authority: AuthorityId, client: End, server: End, remedy: &'static str) -> EdgeRow {
    row(id, authority, client, server, Expectation::RefusedAtTheEnd, remedy)
}

/// The table.
pub(super) const EDGES: &[EdgeRow] = &[
    accepted(
        "given-talosctl-apid",
        Talos,
        GIVEN,
        APID,
        "Give the talosconfig both CAs in phase 1 and a new certificate in phase 2, once every machine accepts it",
    ),
    accepted(
        "given-talosctl-worker-apid",
        Talos,
        GIVEN,
        WORKER_APID,
        "Patch workers in phase 1 as well, so that they ask trustd whom to accept",
    ),
    accepted(
        "other-talosctl-apid",
        Talos,
        OTHERS,
        APID,
        "Have everyone confirm both CAs in phase 1 and a new certificate in phase 2",
    ),
    accepted(
        "other-talosctl-worker-apid",
        Talos,
        OTHERS,
        WORKER_APID,
        "Have everyone confirm both CAs in phase 1 and a new certificate in phase 2",
    ),
    accepted(
        "apid-apid",
        Talos,
        APID,
        APID,
        "Let every control-plane machine accept both CAs before any of them issues with the new one",
    ),
    accepted(
        "apid-worker-apid",
        Talos,
        APID,
        WORKER_APID,
        "Patch control planes, then workers, in phase 1, before any machine issues with the new CA",
    ),
    accepted(
        "worker-trustd",
        Talos,
        WORKER,
        TRUSTD,
        "Let every worker accept both CAs before a control-plane machine issues with the new one",
    ),
    accepted(
        "joining-trustd",
        Talos,
        joining(Talos),
        TRUSTD,
        "Let no machine join with a configuration of an earlier phase",
    ),
    accepted(
        "given-kubectl-apiserver",
        Cluster,
        GIVEN,
        APISERVER,
        "Give the kubeconfig both CAs in phase 1 and a new credential in phase 2",
    ),
    accepted(
        "other-kubectl-apiserver",
        Cluster,
        OTHERS,
        APISERVER,
        "Have everyone confirm both CAs in phase 1 and a new credential in phase 2",
    ),
    accepted(
        "talos-controller-manager-apiserver",
        Cluster,
        component(Component::ControllerManager, Cluster),
        APISERVER,
        "Let every control-plane machine accept both CAs before any of them issues with the new one",
    ),
    accepted(
        "talos-scheduler-apiserver",
        Cluster,
        component(Component::Scheduler, Cluster),
        APISERVER,
        "Let every control-plane machine accept both CAs before any of them issues with the new one",
    ),
    EdgeRow {
        outage: Some(Outage {
            cause: "a Talos machine's kubelet keeps its certificate of the old CA until its own machine no longer accepts that CA, and asks for a new one only then",
            duration: "in phase 3, from the first control-plane machine's patch until the machine's own; a node is NotReady after 40 seconds of it, its pods go on",
        }),
        ..accepted(
            "talos-kubelet-apiserver",
            Cluster,
            KUBELET,
            APISERVER,
            "Patch all machines in one go in phase 3, control planes first",
        )
    },
    accepted(
        "talos-apiserver-kubelet",
        Cluster,
        End::new(Party::Component(Component::Apiserver), machine(Material::Issued(Cluster)), None),
        End::new(Party::Component(Component::Kubelet), None, machine(Material::Authority(Cluster))),
        "Let every machine accept both CAs in phase 1",
    ),
    EdgeRow {
        outage: Some(Outage {
            cause: "Talos gives kube-controller-manager the issuing CA alone, so kube-root-ca.crt never holds both",
            duration: "in phase 2, from the first control-plane machine's patch until kube-root-ca.crt holds the new CA and the pod has started anew (client-go reads it again by itself since 1.36)",
        }),
        ..accepted(
            "talos-pods-apiserver",
            Cluster,
            PODS,
            APISERVER,
            "Patch all control-plane machines of phase 2 in one go, then restart pods",
        )
    },
    accepted(
        "talos-joining-apiserver",
        Cluster,
        joining(Cluster),
        APISERVER,
        "Let no machine join with a configuration of an earlier phase",
    ),
    accepted(
        "talos-requester-apiserver",
        Cluster,
        End::new(
            Party::Requester,
            Some(Holding::new(Material::Signed, Writer::LeadingControllerManager, Effect::EachUse)),
            None,
        ),
        APISERVER,
        "Let every control-plane machine accept both CAs before any of them issues with the new one",
    ),
    refused(
        "old-talosctl-apid",
        Talos,
        old(Talos),
        trusting(APID),
        "Let no control-plane machine accept the old CA after phase 3",
    ),
    refused("old-talosctl-worker-apid", Talos, old(Talos), trusting(WORKER_APID), "Patch workers in phase 3 as well"),
    refused(
        "talosctl-impostor",
        Talos,
        trusting(GIVEN),
        old(Talos),
        "Give the talosconfig the new CA alone in phase 3",
    ),
    refused(
        "other-talosctl-impostor",
        Talos,
        trusting(OTHERS),
        old(Talos),
        "Have everyone confirm the new CA alone in phase 3",
    ),
    refused("trustd-impostor", Talos, WORKER, old(Talos), "Patch workers in phase 3 as well"),
    refused("joining-trustd-impostor", Talos, joining(Talos), old(Talos), "Make configurations from the new secrets"),
    refused(
        "old-kubectl-apiserver",
        Cluster,
        old(Cluster),
        trusting(APISERVER),
        "Let no control-plane machine accept the old CA after phase 3",
    ),
    refused(
        "talos-old-client-kubelet",
        Cluster,
        old(Cluster),
        End::new(Party::Component(Component::Kubelet), None, machine(Material::Authority(Cluster))),
        "Patch every machine in phase 3",
    ),
    refused(
        "kubectl-impostor",
        Cluster,
        trusting(GIVEN),
        old(Cluster),
        "Give the kubeconfig the new CA alone in phase 3",
    ),
    refused(
        "other-kubectl-impostor",
        Cluster,
        trusting(OTHERS),
        old(Cluster),
        "Have everyone confirm the new CA alone in phase 3",
    ),
    refused(
        "talos-controller-manager-impostor",
        Cluster,
        trusting(component(Component::ControllerManager, Cluster)),
        old(Cluster),
        "Patch every control-plane machine in phase 3",
    ),
    refused(
        "talos-scheduler-impostor",
        Cluster,
        trusting(component(Component::Scheduler, Cluster)),
        old(Cluster),
        "Patch every control-plane machine in phase 3",
    ),
    refused("talos-kubelet-impostor", Cluster, trusting(KUBELET), old(Cluster), "Patch every machine in phase 3"),
    refused("talos-pods-impostor", Cluster, PODS, old(Cluster), "Restart pods once kube-root-ca.crt holds the new CA"),
    refused(
        "talos-joining-impostor",
        Cluster,
        joining(Cluster),
        old(Cluster),
        "Make configurations from the new secrets",
    ),
];
