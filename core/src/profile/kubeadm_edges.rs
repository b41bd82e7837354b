//! The TLS connections of a kubeadm cluster.
//!
//! Sources: kubernetes/kubernetes: cmd/kube-apiserver and staging/src/k8s.io/apiserver/pkg/server/dynamiccertificates
//! (live reload), pkg/controller/certificates/rootcacertpublisher (kube-root-ca.crt),
//! pkg/controller/certificates/signer (signs with one certificate), staging/src/k8s.io/client-go/transport and
//! util/certificate (kubelets renew); each observed on a cluster.
//! util/certificate (kubelets renew); each seen on a cluster.

use AuthorityId::{Cluster, FrontProxy};

use super::{
    edge::{EdgeRow, Effect, End, Expectation, Holding, Material, Party, Writer},
    ids::{AuthorityId, Component},
};

pub(super) const fn file(material: Material, effect: Effect) -> Option<Holding> {
    Some(Holding::new(material, Writer::File, effect))
}

pub(super) const CLUSTER_CA: Option<Holding> = file(Material::Authority(Cluster), Effect::Live);

pub(super) const APISERVER: End =
    End::new(Party::Component(Component::Apiserver), file(Material::Leaf("apiserver"), Effect::Live), CLUSTER_CA);

pub(super) const fn accepted(id: &'static str, client: End, server: End, remedy: &'static str) -> EdgeRow {
    EdgeRow {
        id,
        authority: authority(server),
        client,
        server,
        expectation: Expectation::Accepted,
        remedy,
        outage: None,
    }
}

pub(super) const fn refused(id: &'static str, client: End, server: End, remedy: &'static str) -> EdgeRow {
    EdgeRow {
        id,
        authority: authority(server),
        client,
        server,
        expectation: Expectation::RefusedAtTheEnd,
        remedy,
        outage: None,
    }
}

/// An API server that connects to kubelets, if `--kubelet-certificate-authority` is set. Before 1.36 the file is read
/// once, at start (kubernetes/kubernetes: pkg/kubelet/client/kubelet_client.go; kubernetes/client-go:
/// transport/transport.go; feature ClientsAllowCARotation).
const KUBELET_VERIFIER: End = End::new(
    Party::Component(Component::Apiserver),
    None,
    file(Material::KubeletAuthority, Effect::Restart(Component::Apiserver)),
);

/// The CA of an edge: only the aggregator and the servers behind it depend on the front-proxy CA.
const fn authority(server: End) -> AuthorityId {
    match server.trusts {
        Some(Holding { material: Material::ExtensionConfigMap(FrontProxy), .. }) => FrontProxy,
        _ => Cluster,
    }
}

pub(super) const fn user(kubeconfig: &'static str) -> End {
    End::new(
        Party::User(kubeconfig),
        file(Material::KubeconfigCredential(kubeconfig), Effect::EachUse),
        file(Material::KubeconfigTrust(kubeconfig), Effect::EachUse),
    )
}

pub(super) const fn component(component: Component, kubeconfig: &'static str) -> End {
    End::new(
        Party::Component(component),
        file(Material::KubeconfigCredential(kubeconfig), Effect::Restart(component)),
        file(Material::KubeconfigTrust(kubeconfig), Effect::Restart(component)),
    )
}

pub(super) const KUBELET: End = End::new(
    Party::Component(Component::Kubelet),
    Some(Holding::new(Material::KubeletCredential, Writer::LeadingControllerManager, Effect::Renewal)),
    file(Material::KubeconfigTrust("kubelet.conf"), Effect::Restart(Component::Kubelet)),
);

pub(super) const PODS: End = End::new(
    Party::Pods,
    None,
    Some(Holding::new(Material::RootConfigMap, Writer::LeadingControllerManager, Effect::PodStart)),
);

pub(super) const JOINING: End =
    End::new(Party::JoiningNode, None, Some(Holding::new(Material::ClusterInfo, Writer::Object, Effect::EachUse)));

const MANAGEMENT: End = End::new(
    Party::Management,
    Some(Holding::new(Material::ClientCredential, Writer::ClusterApi, Effect::EachUse)),
    Some(Holding::new(Material::ClientTrust, Writer::ClusterApi, Effect::EachUse)),
);

pub(super) const GIVEN: End = End::new(
    Party::GivenClients,
    Some(Holding::new(Material::ClientCredential, Writer::People, Effect::EachUse)),
    Some(Holding::new(Material::ClientTrust, Writer::People, Effect::EachUse)),
);

pub(super) const OTHERS: End = End::new(
    Party::OtherClients,
    Some(Holding::new(Material::ClientCredential, Writer::People, Effect::EachUse)),
    Some(Holding::new(Material::ClientTrust, Writer::People, Effect::EachUse)),
);

pub(super) const fn extensions(authority: AuthorityId) -> End {
    let trusts = Holding::new(Material::ExtensionConfigMap(authority), Writer::EveryApiserver, Effect::Live);
    End::new(Party::ExtensionServers, None, Some(trusts))
}

/// API servers verify a webhook with the CA in its configuration. The webhook's owner provides its certificate.
pub(super) const WEBHOOK_CALLER: End =
    End::new(Party::Webhooks, None, Some(Holding::new(Material::ClientTrust, Writer::People, Effect::EachUse)));

pub(super) const WEBHOOK: End =
    End::new(Party::Webhooks, Some(Holding::new(Material::ClientCredential, Writer::People, Effect::EachUse)), None);

/// A holder of an old certificate: as a client and, with the old CA's key, as a server.
pub(super) const fn old(authority: AuthorityId) -> End {
    let holding = Some(Holding::new(Material::Old(authority), Writer::People, Effect::EachUse));
    End::new(Party::OldHolder, holding, None)
}

pub(super) const fn trusting(end: End) -> End {
    End::new(end.party, None, end.trusts)
}

/// The table.
pub(super) const EDGES: &[EdgeRow] = &[
    accepted(
        "admin-apiserver",
        user("admin.conf"),
        APISERVER,
        "Give admin.conf both CAs in phase 1 and a new credential in phase 2",
    ),
    accepted(
        "super-admin-apiserver",
        user("super-admin.conf"),
        APISERVER,
        "Give super-admin.conf both CAs in phase 1 and a new credential in phase 2",
    ),
    accepted(
        "controller-manager-apiserver",
        component(Component::ControllerManager, "controller-manager.conf"),
        APISERVER,
        "Patch controller-manager.conf and restart kube-controller-manager in phases 1 and 2",
    ),
    accepted(
        "scheduler-apiserver",
        component(Component::Scheduler, "scheduler.conf"),
        APISERVER,
        "Patch scheduler.conf and restart kube-scheduler in phases 1 and 2",
    ),
    accepted(
        "kubelet-apiserver",
        KUBELET,
        APISERVER,
        "Patch kubelet.conf and restart the kubelet in phase 1; have it renew its certificate in phase 2, once every kube-controller-manager signs with the new CA",
    ),
    accepted(
        "apiserver-kubelet",
        End::new(
            Party::Component(Component::Apiserver),
            file(Material::Leaf("apiserver-kubelet-client"), Effect::Live),
            None,
        ),
        End::new(Party::Component(Component::Kubelet), None, CLUSTER_CA),
        "Give every node's ca.crt both CAs in phase 1, and kube-apiserver a new apiserver-kubelet-client certificate in phase 2",
    ),
    accepted(
        "apiserver-kubelet-serving",
        KUBELET_VERIFIER,
        End::new(
            Party::Component(Component::Kubelet),
            Some(Holding::new(Material::KubeletServing, Writer::LeadingControllerManager, Effect::Renewal)),
            None,
        ),
        "Give the file of --kubelet-certificate-authority both CAs in phase 1 and restart each kube-apiserver; give kubelets serving certificates of the new CA in phase 2; restart each kube-apiserver again in phase 3",
    ),
    accepted(
        "aggregator-extension",
        End::new(
            Party::Component(Component::Apiserver),
            file(Material::Leaf("front-proxy-client"), Effect::Live),
            None,
        ),
        extensions(FrontProxy),
        "Wait until extension-apiserver-authentication holds both front-proxy CAs before front-proxy-client changes, and drop the old one last",
    ),
    accepted(
        "pods-apiserver",
        PODS,
        APISERVER,
        "Restart pods once kube-root-ca.crt holds both CAs in every namespace, before any API server switches",
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
        "Let kube-controller-manager sign with one certificate whose key it has, and only with a CA that every API server accepts",
    ),
    accepted(
        "management-apiserver",
        MANAGEMENT,
        APISERVER,
        "Pause Cluster API; give its kubeconfig both CAs in phase 1 and a new credential in phase 2",
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
        "Delete extension-apiserver-authentication once every API server has the new CA alone",
    ),
    refused(
        "old-front-proxy-extension",
        old(FrontProxy),
        extensions(FrontProxy),
        "Delete extension-apiserver-authentication once every API server has the new front-proxy CA alone",
    ),
    refused(
        "admin-impostor",
        trusting(user("admin.conf")),
        old(Cluster),
        "Give admin.conf the new CA alone in phase 3",
    ),
    refused(
        "controller-manager-impostor",
        trusting(component(Component::ControllerManager, "controller-manager.conf")),
        old(Cluster),
        "Give controller-manager.conf the new CA alone in phase 3 and restart kube-controller-manager",
    ),
    refused(
        "scheduler-impostor",
        trusting(component(Component::Scheduler, "scheduler.conf")),
        old(Cluster),
        "Give scheduler.conf the new CA alone in phase 3 and restart kube-scheduler",
    ),
    refused(
        "kubelet-impostor",
        trusting(KUBELET),
        old(Cluster),
        "Give kubelet.conf the new CA alone in phase 3 and restart the kubelet",
    ),
    refused(
        "kubelet-serving-impostor",
        KUBELET_VERIFIER,
        old(Cluster),
        "Give the file of --kubelet-certificate-authority the new CA alone in phase 3 and restart each kube-apiserver",
    ),
    refused("pods-impostor", PODS, old(Cluster), "Restart pods once kube-root-ca.crt holds the new CA alone"),
    refused("webhook-impostor", WEBHOOK_CALLER, old(Cluster), "Let the caBundle accept the new CA alone in phase 3"),
    refused("joining-impostor", JOINING, old(Cluster), "Give cluster-info the new CA alone in phase 3"),
    refused(
        "management-impostor",
        trusting(MANAGEMENT),
        old(Cluster),
        "Give the management cluster's kubeconfig the new CA alone in phase 3",
    ),
    refused(
        "other-clients-impostor",
        trusting(OTHERS),
        old(Cluster),
        "Have everyone confirm the new CA alone in phase 3",
    ),
    refused("given-clients-impostor", trusting(GIVEN), old(Cluster), "Give the kubeconfig the new CA alone in phase 3"),
];
