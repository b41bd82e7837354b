//! Connections of processes that no profile's table names: static Pods and units of a node's own, and components whose
//! flags name other files than the profile's.

use std::sync::LazyLock;

use super::{
    AuthorityId, Component,
    edge::{ConsumerId, EdgeRow, Effect, End, Holding, Material, Party, Writer},
    kubeadm_edges::{APISERVER, OTHERS, accepted, extensions, old, refused, trusting},
};

/// What a consumer's file holds, as far as connections depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums)] // what a file of a PKI can hold
pub enum ConsumerFile {
    /// A kubeconfig: trust, and a client certificate where it embeds one.
    Kubeconfig,
    /// CA certificates that the process trusts.
    TrustBundle,
    /// CA certificates by which the process verifies a server that was not provided: a webhook, a proxy for egress. There is
    /// no connection to judge, and the person acknowledges the server.
    OtherServers,
    /// CA certificates by which the process accepts clients.
    ClientBundle,
    /// CA certificates by which the process accepts clients of CAs that are not the cluster's.
    ForeignClients,
    /// CA certificates by which the process accepts the aggregator of the API servers.
    FrontProxyBundle,
    /// A client certificate of the cluster CA.
    ClientCertificate,
    /// A client certificate of the front-proxy CA.
    FrontProxyCertificate,
    /// A serving certificate.
    ServingCertificate,
}

impl ConsumerFile {
    const ALL: [Self; 9] = [
        Self::Kubeconfig,
        Self::TrustBundle,
        Self::OtherServers,
        Self::ClientBundle,
        Self::ForeignClients,
        Self::FrontProxyBundle,
        Self::ClientCertificate,
        Self::FrontProxyCertificate,
        Self::ServingCertificate,
    ];
}

const FOREIGN: &str = "Keep the foreign CA in the file in every phase";

const REMEDY: &str = "Restart the process on its node after the step that changed its file";

/// The row of an id that [`consumer_rows`] gives, for a consumer of any plan: its parties are right, its [`ConsumerId`]
/// is not. `None` for an id that it never gives.
#[must_use]
pub fn consumer_row(id: &str) -> Option<&'static EdgeRow> {
    static ROWS: LazyLock<Vec<EdgeRow>> = LazyLock::new(|| {
        ConsumerFile::ALL.into_iter().flat_map(|file| consumer_rows(ConsumerId(0), file, Effect::Live)).collect()
    });
    ROWS.iter().find(|row| row.id == id)
}

/// The connections of one consumer, each as a row.
#[must_use]
pub fn consumer_rows(id: ConsumerId, file: ConsumerFile, effect: Effect) -> Vec<EdgeRow> {
    let party = Party::Consumer(id);
    let certificate = Some(Holding::new(Material::ConsumerCertificate(id), Writer::File, effect));
    let trust = Some(Holding::new(Material::ConsumerTrust(id), Writer::File, effect));
    let impostor = |end| refused("consumer-impostor", trusting(end), old(AuthorityId::Cluster), REMEDY);
    match file {
        ConsumerFile::Kubeconfig => {
            let end = End::new(party, certificate, trust);
            vec![accepted("consumer-apiserver", end, APISERVER, REMEDY), impostor(end)]
        }
        ConsumerFile::TrustBundle => {
            let end = End::new(party, None, trust);
            vec![accepted("consumer-apiserver", end, APISERVER, REMEDY), impostor(end)]
        }
        ConsumerFile::OtherServers => Vec::new(),
        ConsumerFile::ClientBundle => {
            let end = End::new(party, None, trust);
            let client = End::new(OTHERS.party, OTHERS.presents, None);
            vec![
                accepted("client-consumer", client, end, REMEDY),
                refused("old-client-consumer", old(AuthorityId::Cluster), end, REMEDY),
            ]
        }
        ConsumerFile::ForeignClients => {
            let leaf = Some(Holding::new(Material::Foreign(id), Writer::People, Effect::EachUse));
            let client = End::new(Party::ForeignHolder, leaf, None);
            vec![accepted("foreign-client-consumer", client, End::new(party, None, trust), FOREIGN)]
        }
        ConsumerFile::FrontProxyBundle => {
            let end = End::new(party, None, trust);
            let leaf = Some(Holding::new(Material::Leaf("front-proxy-client"), Writer::File, Effect::Live));
            let aggregator = End::new(Party::Component(Component::Apiserver), leaf, None);
            let authority = AuthorityId::FrontProxy;
            let rows = [
                accepted("aggregator-consumer", aggregator, end, REMEDY),
                refused("old-front-proxy-consumer", old(authority), end, REMEDY),
            ];
            rows.map(|row| EdgeRow { authority, ..row }).into()
        }
        ConsumerFile::FrontProxyCertificate => {
            let end = End::new(party, certificate, None);
            vec![accepted("consumer-extension", end, extensions(AuthorityId::FrontProxy), REMEDY)]
        }
        ConsumerFile::ClientCertificate => {
            vec![accepted("consumer-apiserver", End::new(party, certificate, None), APISERVER, REMEDY)]
        }
        ConsumerFile::ServingCertificate => {
            vec![accepted("clients-consumer", trusting(OTHERS), End::new(party, certificate, None), REMEDY)]
        }
    }
}
