//! Edges: TLS connections between components, with what each side presents and trusts, what writes that, and when a
//! change takes effect. A row is a fact about the platform; [`simulate`](crate::simulate()) checks every row at every
//! step.

use super::ids::{AuthorityId, Component};

/// A connection that must work at every step of a rotation.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EdgeRow {
    /// A stable name, such as `kubelet-apiserver`.
    pub id: &'static str,
    /// The CA that the connection depends on.
    pub authority: AuthorityId,
    /// The side that connects.
    pub client: End,
    /// The side that accepts the connection.
    pub server: End,
    /// The expected result.
    pub expectation: Expectation,
    /// What to check if the connection breaks, as a sentence without a final period.
    pub remedy: &'static str,
    /// Cause and duration of an outage that the platform cannot avoid. The user may accept it.
    pub outage: Option<Outage>,
}

/// An outage that the user may accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outage {
    /// Why it is unavoidable, as a sentence without a final period.
    pub cause: &'static str,
    /// Its duration, in words.
    pub duration: &'static str,
}

/// The expected result of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums)] // both results of a handshake
pub enum Expectation {
    /// Both sides accept each other in every state.
    Accepted,
    /// After the last step, certificates of the old CA are refused.
    RefusedAtTheEnd,
}

/// One side of a connection.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct End {
    /// The party at this side.
    pub party: Party,
    /// The certificate that it presents; `None` if it presents a token, or a certificate that the other side does not
    /// verify.
    pub presents: Option<Holding>,
    /// The CAs that it trusts; `None` if it does not verify the other side.
    pub trusts: Option<Holding>,
}

/// A party of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Party {
    /// A component on each control-plane node; for the kubelet, on workers as well.
    Component(Component),
    /// A component on each worker.
    OnWorkers(Component),
    /// A user of this kubeconfig on each control-plane node.
    User(&'static str),
    /// A process on a node that is not in the profile's tables and reads a file that the rotation changes.
    Consumer(ConsumerId),
    /// Pods, with their ServiceAccounts.
    Pods,
    /// A node that joins the cluster.
    JoiningNode,
    /// A client whose certificate is signed through the API.
    Requester,
    /// The management cluster.
    Management,
    /// People and pipelines whose kubeconfigs were provided.
    GivenClients,
    /// People and pipelines whose kubeconfigs were not provided.
    OtherClients,
    /// Extension API servers behind the aggregator.
    ExtensionServers,
    /// API servers as clients of webhooks, or the webhooks.
    Webhooks,
    /// A holder of an old certificate or of the old CA's key.
    OldHolder,
    /// Clients with certificates of a CA that is not the cluster's.
    ForeignHolder,
}

/// The index of a consumer in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_structs)] // an index
pub struct ConsumerId(pub u16);

/// What one side presents or trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Holding {
    /// The certificate or bundle.
    pub material: Material,
    /// The component or person that writes it.
    pub writer: Writer,
    /// When a change takes effect.
    pub effect: Effect,
}

/// A certificate or a trust bundle, by its location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Material {
    /// The file of a CA.
    Authority(AuthorityId),
    /// Only the first certificate of a CA's file: the one that signs.
    Issuing(AuthorityId),
    /// A certificate that a machine issues to itself with a CA whose key it has.
    Issued(AuthorityId),
    /// A certificate that a control-plane machine has signed for a worker; any of them may have signed.
    HandedLeaf(AuthorityId),
    /// The trusted CAs that a worker received from a control-plane machine; from any of them.
    HandedTrust(AuthorityId),
    /// A leaf and its key, by the leaf's name.
    Leaf(&'static str),
    /// The client certificate in a node's kubeconfig, by the kubeconfig's name.
    KubeconfigCredential(&'static str),
    /// The trusted CAs in a node's kubeconfig, by the kubeconfig's name.
    KubeconfigTrust(&'static str),
    /// The kubelet's own client certificate.
    KubeletCredential,
    /// The kubelet's serving certificate: signed through the API, or in a file.
    KubeletServing,
    /// The file in `--kubelet-certificate-authority`, if the flag is set.
    KubeletAuthority,
    /// A certificate that kube-controller-manager signs through the API.
    Signed,
    /// `kube-root-ca.crt`.
    RootConfigMap,
    /// A CA in `extension-apiserver-authentication`.
    ExtensionConfigMap(AuthorityId),
    /// `cluster-info`.
    ClusterInfo,
    /// The client certificate in a kubeconfig that is not on a node.
    ClientCredential,
    /// The trusted CAs in a kubeconfig that is not on a node.
    ClientTrust,
    /// A leaf signed by the old CA, of [`Party::OldHolder`].
    Old(AuthorityId),
    /// A client certificate of each foreign CA in the file that a consumer reads.
    Foreign(ConsumerId),
    /// The CA certificates in the file or kubeconfig that a consumer reads.
    ConsumerTrust(ConsumerId),
    /// The client or serving certificate in the file or kubeconfig that a consumer reads.
    ConsumerCertificate(ConsumerId),
}

/// What writes a certificate or bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Writer {
    /// A step, into a file on the node.
    File,
    /// The leading kube-controller-manager, from its own files. Any of them may lead.
    LeadingControllerManager,
    /// Every kube-apiserver adds its own CAs; none are removed.
    EveryApiserver,
    /// A step, into an object.
    Object,
    /// A step, and the operator that manages the control plane's Secrets, unless it is paused.
    Operator,
    /// Cluster API, unless it is paused.
    ClusterApi,
    /// The people who use it.
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
    /// Shortly after the file changes. Only a check shows that it has taken effect.
    Live,
    /// At each use of the file.
    EachUse,
    /// When this component starts. It may restart by itself at any time.
    Restart(Component),
    /// When the consumer's process starts. It may restart by itself at any time.
    ConsumerRestart,
    /// When a Pod starts.
    PodStart,
    /// When the holder renews it, which may happen at any time.
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
    /// The text after "written by".
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
    /// The text after "takes effect".
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
