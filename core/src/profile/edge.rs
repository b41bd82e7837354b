//! Edges: who connects to whom over TLS, what each end presents and trusts, who writes that, and when a
//! change of it takes effect. A row is a fact about the platform; [`simulate`](crate::simulate()) asks of
//! every row whether it holds at every step.

use super::{AuthorityId, Component};

/// A relation that has to hold at every step of a rotation.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EdgeRow {
    /// A stable name, such as `kubelet-apiserver`.
    pub id: &'static str,
    /// The authority whose rotation it hangs on.
    pub authority: AuthorityId,
    /// Who connects.
    pub client: End,
    /// Who is connected to.
    pub server: End,
    /// What has to come of it.
    pub expectation: Expectation,
    /// What to look at when it does not hold, as a sentence without a final period.
    pub remedy: &'static str,
    /// Cause and duration of an outage that the platform knows no way around; a person may accept it.
    pub outage: Option<Outage>,
}

/// An outage that a person may accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outage {
    /// Why it cannot be helped, as a sentence without a final period.
    pub cause: &'static str,
    /// How long it lasts, in words.
    pub duration: &'static str,
}

/// What has to come of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums)] // a handshake succeeds or fails
pub enum Expectation {
    /// Both ends accept one another, whatever state each may be in.
    Accepted,
    /// After the last step, the server's or the client's word is no longer taken: what the old authority signed is refused.
    RefusedAtTheEnd,
}

/// One end of an edge.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct End {
    /// Who it is.
    pub party: Party,
    /// The certificate that it shows; `None` where it shows a token, or nothing that the other looks at.
    pub presents: Option<Holding>,
    /// Whom it accepts; `None` where it does not ask.
    pub trusts: Option<Holding>,
}

/// Who takes part in an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Party {
    /// A component on each control-plane node; the kubelet on workers as well.
    Component(Component),
    /// A component on each worker.
    OnWorkers(Component),
    /// Whoever uses this kubeconfig of each control-plane node.
    User(&'static str),
    /// A process on a node that the profile's tables do not name, and that reads a file which the rotation changes.
    Consumer(ConsumerId),
    /// Pods, by their ServiceAccounts.
    Pods,
    /// A node that is about to join.
    JoiningNode,
    /// Whoever has a certificate signed through the API.
    Requester,
    /// The management cluster.
    Management,
    /// People and pipelines whose kubeconfigs were given.
    GivenClients,
    /// People and pipelines whose kubeconfigs were not given.
    OtherClients,
    /// Extension API servers behind the aggregator.
    ExtensionServers,
    /// An API server that calls a webhook, and the webhook.
    Webhooks,
    /// Somebody who holds what the old authority signed, or its key.
    OldHolder,
    /// Clients with certificates of a CA that is not the cluster's.
    ForeignHolder,
}

/// The index of a consumer in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_structs)] // an index
pub struct ConsumerId(pub u16);

/// What an end presents or trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Holding {
    /// What it is.
    pub material: Material,
    /// Who writes it.
    pub writer: Writer,
    /// When a change takes effect.
    pub effect: Effect,
}

/// A certificate, or a set of trust anchors, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Material {
    /// An authority's file.
    Authority(AuthorityId),
    /// The first certificate of an authority alone: the one that signs.
    Issuing(AuthorityId),
    /// What a machine issues to itself with the authority that it has the key of.
    Issued(AuthorityId),
    /// What a worker has had signed by a control-plane machine, whichever that was.
    HandedLeaf(AuthorityId),
    /// Whom a worker was told to trust by a control-plane machine, whichever that was.
    HandedTrust(AuthorityId),
    /// A leaf and its key, by the leaf's name.
    Leaf(&'static str),
    /// The credential in a node's kubeconfig, by its name.
    KubeconfigCredential(&'static str),
    /// The trust in a node's kubeconfig, by its name.
    KubeconfigTrust(&'static str),
    /// The kubelet's own client certificate.
    KubeletCredential,
    /// The kubelet's serving certificate: signed through the API, or in a file.
    KubeletServing,
    /// The file that `--kubelet-certificate-authority` names, where it is set.
    KubeletAuthority,
    /// What kube-controller-manager signs through the API.
    Signed,
    /// `kube-root-ca.crt`.
    RootConfigMap,
    /// An authority in `extension-apiserver-authentication`.
    ExtensionConfigMap(AuthorityId),
    /// `cluster-info`.
    ClusterInfo,
    /// The credential in a kubeconfig that lies on no node.
    ClientCredential,
    /// The trust in a kubeconfig that lies on no node.
    ClientTrust,
    /// A leaf that the old authority signed for such a holder.
    Old(AuthorityId),
    /// A client certificate of each foreign CA in the file that a consumer reads.
    Foreign(ConsumerId),
    /// The CA certificates in the file or kubeconfig that a consumer reads.
    ConsumerTrust(ConsumerId),
    /// The client or serving certificate in the file or kubeconfig that a consumer reads.
    ConsumerCertificate(ConsumerId),
}

/// Who writes what an end presents or trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Writer {
    /// Whoever carries a step out, into a file on the holder.
    File,
    /// The kube-controller-manager that leads, whichever that is, from its own files.
    LeadingControllerManager,
    /// Every kube-apiserver adds its own, and nobody takes away.
    EveryApiserver,
    /// A step, into an object.
    Object,
    /// A step, and the operator that keeps the control plane's Secrets unless it is paused.
    Operator,
    /// Cluster API, unless it is paused.
    ClusterApi,
    /// The people who hold it.
    People,
    /// The machine itself, from its configuration.
    Machine,
    /// trustd on a control-plane machine.
    Trustd,
}

/// When a change takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Effect {
    /// Soon after the file changed: only a gate tells that it has.
    Live,
    /// At each use.
    EachUse,
    /// When this component starts, which may happen by itself at any time.
    Restart(Component),
    /// When the consumer's own process starts, which may happen by itself at any time.
    ConsumerRestart,
    /// When a pod starts.
    PodStart,
    /// When the holder renews, which may happen by itself at any time.
    Renewal,
}

impl Holding {
    pub(super) const fn new(material: Material, writer: Writer, effect: Effect) -> Self {
        Self { material, writer, effect }
    }
}

impl End {
    pub(super) const fn new(party: Party, presents: Option<Holding>, trusts: Option<Holding>) -> Self {
        Self { party, presents, trusts }
    }
}

impl Writer {
    /// In words, after "written by".
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::File => "a step, into a file of its own",
            Self::LeadingControllerManager => "the kube-controller-manager that leads, from its own file",
            Self::EveryApiserver => "every kube-apiserver, which adds and never takes away",
            Self::Object => "a step, into an object",
            Self::Operator => "a step, and the operator unless it is paused",
            Self::ClusterApi => "a step, and Cluster API unless it is paused",
            Self::People => "the people who hold it",
            Self::Machine => "the machine itself, from its configuration",
            Self::Trustd => "trustd on a control-plane machine, when it is asked",
        }
    }
}

impl Effect {
    /// In words, after "takes effect".
    #[must_use]
    pub fn in_words(self) -> String {
        match self {
            Self::Live => "soon after the file changes".to_owned(),
            Self::EachUse => "at each use".to_owned(),
            Self::Restart(component) => format!("when {component} starts"),
            Self::ConsumerRestart => "when the process starts".to_owned(),
            Self::PodStart => "when a pod starts".to_owned(),
            Self::Renewal => "when it is renewed".to_owned(),
        }
    }
}
