//! Connections of consumers, which are processes outside the profile's tables: a node's own static Pods and units, and
//! components whose flags name other files than the profile's.

use std::sync::LazyLock;

use super::{
    edge::{ConsumerId, EdgeRow, Effect, End, Holding, Material, Party, Writer},
    ids::{AuthorityId, Component},
    kubeadm_edges::{APISERVER, OTHERS, accepted, extensions, old, refused, trusting},
};

/// The content of a consumer's file, as far as connections depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums)] // all contents of PKI files
pub enum ConsumerFile {
    /// A kubeconfig: trusted CAs and, if embedded, a client certificate.
    Kubeconfig,
    /// CA certificates that the process trusts.
    TrustBundle,
    /// CA certificates with which the process verifies a server outside the input: a webhook, or an egress proxy.
    /// Airlock cannot judge this connection, so the user must acknowledge the server.
    OtherServers,
    /// CA certificates with which the process verifies clients.
    ClientBundle,
    /// CA certificates with which the process accepts clients of foreign CAs.
    ForeignClients,
    /// CA certificates with which the process verifies the API servers' aggregator.
    FrontProxyBundle,
    /// A client certificate signed by the cluster CA.
    ClientCertificate,
    /// A client certificate signed by the front-proxy CA.
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

/// The row for an id that [`consumer_rows`] returns, for use with any plan: its parties are correct, its [`ConsumerId`]
/// is not. `None` for other ids.
#[must_use]
pub fn consumer_row(id: &str) -> Option<&'static EdgeRow> {
    static ROWS: LazyLock<Vec<EdgeRow>> = LazyLock::new(|| {
        ConsumerFile::ALL.into_iter().flat_map(|file| consumer_rows(ConsumerId(0), file, Effect::Live)).collect()
    });
    ROWS.iter().find(|row| row.id == id)
}

/// The connections of one consumer, one row each.
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
