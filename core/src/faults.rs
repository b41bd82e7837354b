//! Typical mistakes, planted into a plan: the matrix must report each as broken, and each must break a real cluster.
//!
//! Only for tests: the feature `faults`.

use std::sync::Arc;

use crate::{
    mint::Minted,
    package::{OutputFiles, PackageError, write},
    plan::{
        Action, Fact, FileContent, Holder, Identity, Phase, Place, PlaceKind, ReplacementId, RotationPlan, Step, Trust,
    },
    profile::{AuthorityId, Component},
    simulate,
    time::DAY,
    x509::{Certificate, ExtendedKeyUsage, Issuer, LeafParameters, Validity, issue_leaf, reissue},
};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    /// The last node signs with `ca.crt`, which becomes a bundle.
    BundleInStandbysSigningFile,
    /// Phase 2 installs the new certificate on the last node, but keeps the old key.
    NewCertificateOldKey,
    /// Phase 1 omits the last control-plane node.
    NodeSkippedInPhase1,
    /// Phase 2 omits the last control-plane node.
    NodeSkippedInPhase2,
    /// Phase 1 omits the workers.
    WorkersSkippedInPhase1,
    /// The last node's scheduler.conf is not changed.
    KubeconfigNotPatched,
    /// The last node's kube-controller-manager is not restarted in phase 1.
    ControllerManagerNotRestarted,
    /// The last node's kubelet is not restarted in phase 1.
    KubeletNotRestarted,
    /// The last node's kubelet keeps its certificate.
    KubeletNotRenewed,
    /// Workers' kubelets keep their certificates, as with an old PEM next to a bootstrap kubeconfig.
    WorkersNotRenewed,
    /// The first node's kubelet renews before the last kube-controller-manager has switched.
    RenewedBeforeSwitch,
    /// The kubelets renew before a kube-controller-manager is known to lead.
    RenewedWithoutLeader,
    /// Pods are restarted before the last kube-controller-manager has both CAs.
    PodsBeforeBarrier,
    /// Pods are not restarted in phase 1.
    PodsNotRestarted,
    /// `cluster-info` is not changed.
    StaleClusterInfo,
    /// Workers are changed before `cluster-info`: a node that joins in between trusts only the old CA.
    WorkersBeforeClusterInfo,
    /// The first node drops the old CA in phase 2.
    EarlyDrop,
    /// People receive only the new CA in phase 1.
    EarlyDropInKubeconfigs,
    /// People keep their old credentials.
    CredentialsNotReplaced,
    /// The aggregator's certificate changes before extension API servers trust its CA.
    AggregatorTooEarly,
    /// The new apiserver certificate lacks all IP addresses.
    MissingSan,
    /// The new apiserver certificate is signed by the new front-proxy CA.
    LeafOfWrongAuthority,
    /// The first node's `ca.crt` and `front-proxy-ca.crt` are swapped.
    SwappedAuthorities,
    /// `apiserver.key` is the key of another certificate.
    KeyOfAnotherCertificate,
    /// The new apiserver certificate is valid from tomorrow on, as with a wrong clock.
    NotYetValid,
    /// The new apiserver certificate has expired.
    ExpiredLeaf,
    /// The new apiserver-kubelet-client certificate has the extended key usage for servers.
    WrongUsage,
    /// The first node's API server still accepts the old CA after phase 3.
    OldKept,
    /// `extension-apiserver-authentication` is never deleted.
    NothingForgotten,
    /// Nodes that were not provided sign with `ca.crt`, which becomes a bundle.
    UnseenSigningFlagNotSet,
    /// The scheduler.conf of nodes that were not provided is not changed.
    UnseenKubeconfigNotPatched,
    /// Phase 1 omits nodes that were not provided.
    UnseenSkippedInPhase1,
    /// Nodes that were not provided keep their leaves in phase 2.
    UnseenNotRenewed,
    /// kubeadm signs on such nodes before it has the new CA's key next to its certificate.
    UnseenRenewedBeforeKey,
    /// The kubeconfigs of such nodes trust what kubeadm writes into them: only the first CA.
    UnseenNarrowed,
    /// The kubelets of such nodes keep their certificates.
    UnseenKubeletsNotRenewed,
    /// Phase 3 omits such nodes, although Cluster API does not recreate them.
    UnseenSkippedInPhase3,
    /// The management cluster receives the new CA and starts the rollout before API servers have switched in place.
    RollOutBeforeSwitch,
    /// The rollout starts while some client may still present an old certificate.
    RollOutBeforeConfirmation,
    /// The rollout starts before new machines receive both CAs from `cluster-info`.
    RollOutBeforeClusterInfo,
    /// The management cluster is resumed while it has the old CA and key.
    ResumedBeforeAuthorities,
    /// The new apiserver certificate has the key identifier of another CA as its authority key identifier. Not in
    /// [`Fault::ALL`]: for Go a key identifier is a hint, so it finds the issuer; OpenSSL does not.
    KeyIdOfWrongAuthority,
}

impl Fault {
    /// All faults that break a connection by Go's rules, which all Kubernetes components use.
    pub const ALL: [Self; 29] = [
        Self::BundleInStandbysSigningFile,
        Self::NewCertificateOldKey,
        Self::NodeSkippedInPhase1,
        Self::NodeSkippedInPhase2,
        Self::WorkersSkippedInPhase1,
        Self::KubeconfigNotPatched,
        Self::ControllerManagerNotRestarted,
        Self::KubeletNotRestarted,
        Self::KubeletNotRenewed,
        Self::WorkersNotRenewed,
        Self::RenewedBeforeSwitch,
        Self::RenewedWithoutLeader,
        Self::PodsBeforeBarrier,
        Self::PodsNotRestarted,
        Self::StaleClusterInfo,
        Self::WorkersBeforeClusterInfo,
        Self::EarlyDrop,
        Self::EarlyDropInKubeconfigs,
        Self::CredentialsNotReplaced,
        Self::AggregatorTooEarly,
        Self::MissingSan,
        Self::LeafOfWrongAuthority,
        Self::SwappedAuthorities,
        Self::KeyOfAnotherCertificate,
        Self::NotYetValid,
        Self::ExpiredLeaf,
        Self::WrongUsage,
        Self::OldKept,
        Self::NothingForgotten,
    ];

    /// The same for the plan of a Cluster API cluster of which no node was provided.
    pub const UNSEEN: [Self; 12] = [
        Self::UnseenSigningFlagNotSet,
        Self::UnseenKubeconfigNotPatched,
        Self::UnseenSkippedInPhase1,
        Self::UnseenNotRenewed,
        Self::UnseenRenewedBeforeKey,
        Self::UnseenNarrowed,
        Self::UnseenKubeletsNotRenewed,
        Self::UnseenSkippedInPhase3,
        Self::RollOutBeforeSwitch,
        Self::RollOutBeforeConfirmation,
        Self::RollOutBeforeClusterInfo,
        Self::ResumedBeforeAuthorities,
    ];

    /// Plants the fault into a plan.
    ///
    /// # Panics
    /// If the plan does not contain what the fault changes. A plan must rotate both CAs of a cluster whose
    /// control-plane nodes were provided or, for [`Fault::UNSEEN`], of one that Cluster API manages and whose nodes
    /// were not.
    /// for [`Fault::UNSEEN`] of one that Cluster API manages and whose nodes were not.
    pub fn plant(self, plan: &mut RotationPlan, minted: &mut Minted) {
        let nodes: Vec<_> = plan.initial_state.iter().filter(|place| place.kind == PlaceKind::ControlPlane).collect();
        let name = |node: Option<&&Place>| node.map(|node| node.name.clone()).unwrap_or_default();
        let (first, last) = (name(nodes.first()), name(nodes.last()));
        let mut planter = Planter { plan, minted, first, last };
        planter.plant(self);
    }
}

/// Writes a package even if its matrix has broken connections, so that a fault can be carried out.
///
/// # Errors
/// A [`PackageError`] if a provided file cannot be edited in place.
pub fn package_unproved(plan: &RotationPlan, minted: &Minted) -> Result<OutputFiles, PackageError> {
    write(plan, minted, simulate(plan, minted)?)
}

struct Planter<'a> {
    plan: &'a mut RotationPlan,
    minted: &'a mut Minted,
    first: String,
    last: String,
}

impl Planter<'_> {
    fn plant(&mut self, fault: Fault) {
        let (first, last) = (self.first.clone(), self.last.clone());
        let path = |id| crate::profile::KUBEADM.authority(id).map_or("", |row| row.certificate);
        match fault {
            Fault::BundleInStandbysSigningFile => self.without(&format!("1-{last}"), |action| {
                action.is_manifest() || matches!(action, Action::SetFlag { .. })
            }),
            Fault::NewCertificateOldKey => self.without(&format!("2-{last}"), |action| {
                writes(action, |content| matches!(content, FileContent::AuthorityKey(AuthorityId::Cluster)))
            }),
            Fault::NodeSkippedInPhase1 => self.skip(&format!("1-{last}")),
            Fault::NodeSkippedInPhase2 => self.skip(&format!("2-{last}")),
            Fault::WorkersSkippedInPhase1 => self.skip("1-workers"),
            Fault::KubeconfigNotPatched => {
                self.without(&format!("1-{last}"), |action| targets(action, "scheduler.conf"));
            }
            Fault::ControllerManagerNotRestarted => self.without(&format!("1-{last}"), |action| {
                matches!(action, Action::Restart(Component::ControllerManager))
            }),
            Fault::KubeletNotRestarted => {
                self.without(&format!("1-{last}"), |action| matches!(action, Action::Restart(Component::Kubelet)));
            }
            Fault::KubeletNotRenewed => self.skip(&format!("2-{last}-kubelet")),
            Fault::WorkersNotRenewed => {
                self.without("2-workers", |action| matches!(action, Action::RenewKubelet));
                self.step("2-workers").gate.proves = vec![Fact::Everywhere];
            }
            Fault::RenewedBeforeSwitch => self.move_before(&format!("2-{first}-kubelet"), &format!("2-{last}")),
            Fault::RenewedWithoutLeader => self.skip("2-published"),
            Fault::PodsBeforeBarrier => {
                self.skip("1-published");
                self.move_before("1-pods", &format!("1-{last}"));
            }
            Fault::PodsNotRestarted => self.skip("1-pods"),
            Fault::StaleClusterInfo => self.skip("1-cluster-info"),
            Fault::WorkersBeforeClusterInfo => self.move_before("1-workers", "1-cluster-info"),
            Fault::EarlyDrop => self.replace_trust(&format!("2-{first}"), Trust::New),
            Fault::EarlyDropInKubeconfigs => self.replace_trust("1-clients", Trust::New),
            Fault::CredentialsNotReplaced => {
                self.skip("2-clients");
                self.skip("2-everyone");
            }
            Fault::AggregatorTooEarly => {
                for id in self.ids(|step| {
                    let backs_up = step.actions.iter().any(|action| matches!(action, Action::BackUp { .. }));
                    step.phase == Phase::TrustBoth && matches!(step.holder, Holder::Node(_)) && !backs_up
                }) {
                    self.without(&id, |action| {
                        writes(action, |content| matches!(content, FileContent::Trust(AuthorityId::FrontProxy, _)))
                    });
                }
                self.skip("1-authentication");
            }
            Fault::MissingSan => self.reissue_leaf("apiserver", |_| Vec::new()),
            Fault::LeafOfWrongAuthority => self.sign_again("apiserver", AuthorityId::FrontProxy, 0, 365),
            Fault::SwappedAuthorities => {
                for action in &mut self.step(&format!("1-{first}")).actions {
                    if let Action::Write(edit) = action
                        && let FileContent::Trust(id, _) = &mut edit.content
                    {
                        *id = if edit.target == path(AuthorityId::Cluster) {
                            AuthorityId::FrontProxy
                        } else {
                            AuthorityId::Cluster
                        };
                    }
                }
            }
            Fault::KeyOfAnotherCertificate => {
                let other = self.replacement("apiserver-kubelet-client");
                for action in &mut self.step(&format!("2-{first}")).actions {
                    if let Action::Write(edit) = action
                        && edit.target.ends_with("/apiserver.key")
                    {
                        edit.content = FileContent::LeafKey(other);
                    }
                }
            }
            Fault::NotYetValid => self.sign_again("apiserver", AuthorityId::Cluster, 1, 365),
            Fault::ExpiredLeaf => self.sign_again("apiserver", AuthorityId::Cluster, -9, -1),
            Fault::WrongUsage => self.reissue_leaf("apiserver-kubelet-client", |_| vec![ExtendedKeyUsage::ServerAuth]),
            Fault::OldKept => {
                self.replace_trust(&format!("3-{first}"), Trust::NewOld);
                self.step(&format!("3-{first}")).gate.proves.clear();
            }
            Fault::NothingForgotten => self.skip("3-authentication"),
            Fault::UnseenSigningFlagNotSet => {
                self.without("1-control-plane", |action| matches!(action, Action::SetFlag { .. }));
            }
            Fault::UnseenKubeconfigNotPatched => {
                self.without("1-control-plane", |action| matches!(action, Action::TrustInKubeconfig("scheduler.conf")));
            }
            Fault::UnseenSkippedInPhase1 => self.skip("1-control-plane"),
            Fault::UnseenNotRenewed => {
                self.without("2-control-plane", |action| matches!(action, Action::RenewOnNode { .. }));
            }
            Fault::UnseenRenewedBeforeKey => {
                let renews = |action: &Action| !matches!(action, Action::RenewOnNode { .. });
                self.step("2-control-plane").actions.sort_by_key(renews);
            }
            Fault::UnseenNarrowed => {
                for action in &mut self.step("2-control-plane").actions {
                    if let Action::RenewOnNode { trust, .. } = action {
                        *trust = Trust::New;
                    }
                }
            }
            Fault::UnseenKubeletsNotRenewed => self.skip("2-control-plane-kubelet"),
            Fault::UnseenSkippedInPhase3 => self.skip("3-control-plane"),
            Fault::RollOutBeforeSwitch => self.roll_out_before("2-control-plane"),
            Fault::RollOutBeforeConfirmation => self.roll_out_before("2-everyone"),
            Fault::RollOutBeforeClusterInfo => self.roll_out_before("3-cluster-info"),
            Fault::ResumedBeforeAuthorities => self.move_before("3-resume", "2-control-plane"),
            Fault::KeyIdOfWrongAuthority => self.set_wrong_key_id("apiserver"),
        }
    }

    fn ids(&self, wanted: impl Fn(&Step) -> bool) -> Vec<String> {
        self.plan.steps.iter().filter(|step| wanted(step)).map(|step| step.id.clone()).collect()
    }

    fn position(&self, id: &str) -> usize {
        self.plan.steps.iter().position(|step| step.id == id).unwrap_or_else(|| panic!("there is no step {id}"))
    }

    fn step(&mut self, id: &str) -> &mut Step {
        let position = self.position(id);
        &mut self.plan.steps[position]
    }

    fn skip(&mut self, id: &str) {
        let position = self.position(id);
        self.plan.steps.remove(position);
    }

    fn move_before(&mut self, id: &str, other: &str) {
        let position = self.position(id);
        let step = self.plan.steps.remove(position);
        let position = self.position(other);
        self.plan.steps.insert(position, step);
    }

    /// Moves the new CA and the rollout of machines before another step.
    fn roll_out_before(&mut self, id: &str) {
        for step in ["3-authorities", "3-resume", "3-roll-out-control-plane", "3-roll-out-workers"] {
            if self.position(step) > self.position(id) {
                self.move_before(step, id);
            }
        }
    }

    fn without(&mut self, id: &str, unwanted: impl Fn(&Action) -> bool) {
        let actions = &mut self.step(id).actions;
        let before = actions.len();
        actions.retain(|action| !unwanted(action));
        assert!(actions.len() < before, "{id} has no such action");
    }

    /// Replaces the trusted CAs in every file that the step writes.
    fn replace_trust(&mut self, id: &str, trust: Trust) {
        for action in &mut self.step(id).actions {
            let Action::Write(edit) = action else { continue };
            match &mut edit.content {
                FileContent::Trust(_, order) => *order = trust,
                FileContent::Kubeconfig(_, change) => change.order = trust,
                _ => {}
            }
        }
    }

    /// The first node's replacement of a leaf.
    fn replacement(&self, leaf: &str) -> ReplacementId {
        let owner = format!("{}: {leaf}", self.first);
        let position = self.plan.replacements.iter().position(|one| one.owner == owner);
        ReplacementId(position.unwrap_or_else(|| panic!("no leaf of {owner}")))
    }

    /// Re-issues the first node's leaf by another issuer or with another validity, in days from now.
    fn sign_again(&mut self, leaf: &str, issuer: AuthorityId, from: i64, to: i64) {
        let id = self.replacement(leaf);
        let issuer: Arc<Issuer> = self.issuer(issuer);
        let made = &mut self.minted.leaves[id.0].certificate;
        let not_before = self.plan.now.plus_seconds(from * DAY);
        let validity = Validity { not_before, not_after: self.plan.now.plus_seconds(to * DAY) };
        *made = reissue(made, made.public_key(), validity, &issuer).expect("Invariant: it was made once");
    }

    fn issuer(&self, id: AuthorityId) -> Arc<Issuer> {
        Arc::clone(self.minted.authorities[&id].issuer().expect("Invariant: it was made here"))
    }

    /// Re-issues the first node's leaf with the new front-proxy CA's key identifier as authority key identifier.
    fn set_wrong_key_id(&mut self, leaf: &str) {
        let issuer = self.issuer(AuthorityId::Cluster);
        let other = self.minted.authorities[&AuthorityId::FrontProxy].certificate().subject_key_id();
        let (own, other) = (issuer.certificate().subject_key_id(), other);
        let (own, other) = own.zip(other).expect("Invariant: new CAs have key ids");
        let mut der = issuer.certificate().der().to_vec();
        let place = der.windows(own.len()).position(|window| window == own);
        let place = place.expect("Invariant: the key id stands in the certificate");
        der[place..place + own.len()].copy_from_slice(other);
        let misnamed = Certificate::from_der(&der).expect("Invariant: only the key id is another");
        let issuer = Issuer::new(misnamed, issuer.key().clone()).expect("Invariant: it is the same key");
        let id = self.replacement(leaf);
        let made = &mut self.minted.leaves[id.0].certificate;
        let validity = Validity { not_before: made.not_before(), not_after: made.not_after() };
        *made = reissue(made, made.public_key(), validity, &issuer).expect("Invariant: it was made once");
    }

    /// Re-issues the first node's leaf without alternative names and with other usages.
    fn reissue_leaf(&mut self, leaf: &str, usage: impl Fn(&[ExtendedKeyUsage]) -> Vec<ExtendedKeyUsage>) {
        let id = self.replacement(leaf);
        let Identity::Of(old) = &self.plan.replacements[id.0].identity else { panic!("{leaf} has no old one") };
        let wanted = usage(old.extended_key_usages());
        let parameters = LeafParameters {
            common_name: old.subject().common_name().unwrap_or_default(),
            organizations: old.subject().organizations(),
            usage: if wanted.is_empty() { old.extended_key_usages().to_vec() } else { wanted },
            alternative_names: Vec::new(),
            not_before: self.plan.now,
            not_after: self.plan.now.plus_days(30),
        };
        let issuer = self.issuer(AuthorityId::Cluster);
        let made = &mut self.minted.leaves[id.0].certificate;
        *made = issue_leaf(parameters, made.public_key(), &issuer).expect("Invariant: it was made once");
    }
}

fn writes(action: &Action, wanted: impl Fn(&FileContent) -> bool) -> bool {
    matches!(action, Action::Write(edit) if wanted(&edit.content))
}

fn targets(action: &Action, name: &str) -> bool {
    matches!(action, Action::Write(edit) if edit.target.ends_with(name))
}
