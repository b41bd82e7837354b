//! Evaluates each distinct verification once, and describes certificates and bundles.

use std::collections::BTreeMap;

use super::{matrix::Trial, state::Leaf};
use crate::{
    mint::Minted,
    plan::RotationPlan,
    profile::AuthorityId,
    time::UnixTime,
    x509::{Certificate, ChainError, Presented, Purpose, Question, Rules, TrustBundle, validate},
};

/// The results of all rule sets, in the order of [`Rules::ALL`].
type Answers = [Result<(), ChainError>; Rules::ALL.len()];

/// Verifies presented certificates, with a cache.
pub(super) struct VerifierCache {
    now: UnixTime,
    answers: BTreeMap<(Leaf, TrustBundle, Purpose, Option<String>), Answers>,
    /// The old and new CAs, with their names.
    known: Vec<(Certificate, &'static str)>,
    signers: BTreeMap<Certificate, String>,
}

impl VerifierCache {
    pub(super) fn new(plan: &RotationPlan, minted: &Minted) -> Self {
        let names = |id| match id {
            AuthorityId::Talos => ["old Talos API CA", "new Talos API CA"],
            AuthorityId::FrontProxy => ["old front-proxy CA", "new front-proxy CA"],
            AuthorityId::Cluster | AuthorityId::Etcd => ["old CA", "new CA"],
        };
        let known = plan.authority_changes.values().flat_map(|authority_change| {
            let [old, new] = names(authority_change.id);
            [(authority_change.old.clone(), old), (minted.authorities[&authority_change.id].certificate().clone(), new)]
        });
        let known = known.collect();
        Self { now: plan.now, answers: BTreeMap::new(), known, signers: BTreeMap::new() }
    }

    /// The results of all rule sets.
    pub(super) fn ask(&mut self, leaf: &Leaf, trust: &TrustBundle, purpose: Purpose, host: Option<&str>) -> &Answers {
        let host = host.filter(|_| matches!(leaf, Leaf::Chain(..)));
        let now = self.now;
        let key = (leaf.clone(), trust.clone(), purpose, host.map(str::to_owned));
        self.answers.entry(key).or_insert_with(|| {
            let question = Question { trust, purpose, host, now };
            let presented = match leaf {
                Leaf::Chain(chain, _) => Presented::Chain(chain),
                Leaf::SignedBy(authority) => Presented::SignedBy(authority),
            };
            Rules::ALL.map(|rules| validate(presented, &question, rules))
        })
    }

    /// Every verification of an existing certificate.
    pub(super) fn trials(&self) -> Vec<Trial> {
        let trials = self.answers.iter().filter_map(|((leaf, trust, purpose, host), answers)| {
            let Leaf::Chain(chain, true) = leaf else { return None };
            Some(Trial {
                presented: chain.clone(),
                trust: trust.clone(),
                purpose: *purpose,
                host: host.clone(),
                now: self.now,
                answers: answers.clone(),
            })
        });
        trials.collect()
    }

    /// Describes a bundle: `old CA, new CA`.
    pub(super) fn anchors(&self, anchors: &TrustBundle) -> String {
        let names: Vec<_> = anchors.iter().map(|anchor| self.authority(anchor)).collect();
        names.join(", ")
    }

    /// Describes a presented certificate: `certificate of the new CA`.
    pub(super) fn leaf(&mut self, leaf: &Leaf) -> String {
        match leaf {
            Leaf::SignedBy(authority) => format!("certificate of the {}", self.authority(authority)),
            Leaf::Chain(chain, fits) => {
                let Some(first) = chain.first() else { return "nothing".to_owned() };
                let signer = match self.signers.get(first) {
                    Some(signer) => signer.clone(),
                    None => {
                        let signer = self.known.iter().find(|(authority, _)| first.is_signed_by(authority));
                        let name = signer.map_or_else(|| first.issuer().to_string(), |(_, name)| (*name).to_owned());
                        self.signers.insert(first.clone(), name.clone());
                        name
                    }
                };
                let misfit = if *fits { "" } else { ", without the key that belongs to it" };
                format!("certificate of the {signer}{misfit}")
            }
        }
    }

    fn authority(&self, certificate: &Certificate) -> String {
        let known = self.known.iter().find(|(authority, _)| authority == certificate);
        known.map_or_else(|| certificate.subject().to_string(), |(_, name)| (*name).to_owned())
    }
}
