//! Handshakes: every certificate that one side may present, verified with every bundle that the other side may trust.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::{
    effects::signs,
    matrix::{OtherVerdict, Outcome},
    state::{Cell, Leaf, SimulatedState, Value, Values},
    verifier_cache::VerifierCache,
};
use crate::x509::{ChainError, Purpose, Rules, TrustBundle};

/// One side of an edge, in a place.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) label: String,
    pub(super) presents: Option<Cell>,
    pub(super) trusts: Option<Cell>,
}

impl Ends {
    /// The values of both cells, to detect changes.
    pub(super) fn held<'a>(&'a self, world: &'a SimulatedState<'_>) -> impl Iterator<Item = &'a Values> {
        self.presents.iter().chain(&self.trusts).filter_map(|cell| world.values(cell))
    }
}

/// Whether all values are identical.
pub(super) fn unchanged(before: &[Values], now: &[Values]) -> bool {
    before.len() == now.len() && before.iter().zip(now).all(|(a, b)| Rc::ptr_eq(a, b))
}

/// The servers that clients may connect to, evaluated once for all clients.
pub(super) struct Servers {
    pub(super) ends: Vec<Ends>,
    held: Vec<Values>,
    /// Incremented at each change.
    pub(super) version: usize,
    /// Each distinct bundle, with the first server that trusts it.
    trusts: BTreeMap<TrustBundle, usize>,
    offers: Vec<Offer>,
    /// Cached results for a client's bundle and host.
    met: BTreeMap<(TrustBundle, Option<String>), Tally>,
    /// The CAs that the servers may trust, as text.
    pub(super) trusts_in_words: Vec<String>,
    /// The certificates that the servers may present, as text.
    pub(super) presents_in_words: Vec<String>,
}

impl Servers {
    pub(super) fn new(ends: Vec<Ends>) -> Self {
        Self {
            ends,
            held: Vec::new(),
            version: 0,
            trusts: BTreeMap::new(),
            offers: Vec::new(),
            met: BTreeMap::new(),
            trusts_in_words: Vec::new(),
            presents_in_words: Vec::new(),
        }
    }

    /// Reads the servers' values again if anything has changed.
    pub(super) fn look(&mut self, world: &SimulatedState<'_>, referee: &mut VerifierCache) {
        let held: Vec<Values> = self.ends.iter().flat_map(|end| end.held(world).cloned()).collect();
        if self.version > 0 && unchanged(&self.held, &held) {
            return;
        }
        self.held = held;
        self.version += 1;
        self.met.clear();
        self.trusts.clear();
        for (index, end) in self.ends.iter().enumerate() {
            for trust in anchors(end.trusts.as_ref(), world) {
                self.trusts.entry(trust).or_insert(index);
            }
        }
        self.offers = self.ends.iter().map(|end| Offer::of(end.presents.as_ref(), world)).collect();
        self.trusts_in_words = words(self.trusts.keys().map(|trust| referee.anchors(trust)));
        let leaves = self.offers.iter().flat_map(|offer| &offer.leaves);
        self.presents_in_words = words(leaves.map(|leaf| referee.leaf(leaf)));
    }

    /// Every server verifies the client's certificates.
    pub(super) fn judge(&self, tally: &mut Tally, offer: &Offer, client: &str, referee: &mut VerifierCache) {
        for (trust, server) in &self.trusts {
            tally.verify_offer(referee, offer, trust, Purpose::Client, None, client);
            tally.read_by(&self.ends[*server].label);
        }
    }

    /// The client verifies every server's certificates.
    pub(super) fn are_judged(
        &mut self,
        tally: &mut Tally,
        trust: &TrustBundle,
        host: Option<&str>,
        client: &str,
        referee: &mut VerifierCache,
    ) {
        let key = (trust.clone(), host.map(str::to_owned));
        let (ends, offers, refusal) = (&self.ends, &self.offers, tally.refusal);
        let met = self.met.entry(key).or_insert_with(|| {
            let mut all = Tally::new(refusal);
            for (end, offer) in ends.iter().zip(offers) {
                all.verify_offer(referee, offer, trust, Purpose::Server, host, &end.label);
            }
            all
        });
        tally.add(met);
        tally.read_by(client);
    }
}

/// The certificates that may be presented, and why some cannot be.
#[derive(Default)]
pub(super) struct Offer {
    pub(super) leaves: Vec<Leaf>,
    impossible: Option<String>,
}

impl Offer {
    pub(super) fn of(cell: Option<&Cell>, world: &SimulatedState<'_>) -> Self {
        let mut offer = Self::default();
        for value in cell.and_then(|cell| world.values(cell)).into_iter().flat_map(|values| values.iter()) {
            match value {
                Value::Leaf(leaf) => {
                    if let Leaf::Chain(_, false) = leaf {
                        offer.impossible = Some("certificate and key do not belong together".to_owned());
                    }
                    offer.leaves.push(leaf.clone());
                }
                Value::Signing(certificates, key) if signs(certificates, key.as_ref()) => {
                    offer.leaves.extend(certificates.first().cloned().map(Leaf::SignedBy));
                }
                Value::Signing(certificates, _) if certificates.len() != 1 => {
                    offer.impossible = Some(format!(
                        "kube-controller-manager signs with exactly one certificate, and its signing file may hold {}: it dies in the moment it leads",
                        certificates.len()
                    ));
                }
                Value::Signing(..) => {
                    offer.impossible = Some(
                        "the CA's certificate that signs there may stand beside the key of another CA, or beside none"
                            .to_owned(),
                    );
                }
                Value::Anchors(_) => {}
            }
        }
        offer
    }
}

/// The bundles that a cell may have.
pub(super) fn anchors(cell: Option<&Cell>, world: &SimulatedState<'_>) -> Vec<TrustBundle> {
    let values = cell.and_then(|cell| world.values(cell)).into_iter().flat_map(|values| values.iter());
    values
        .filter_map(|value| match value {
            Value::Anchors(anchors) => Some(anchors.clone()),
            _ => None,
        })
        .collect()
}

/// Sorts texts and removes duplicates.
pub(super) fn words(all: impl Iterator<Item = String>) -> Vec<String> {
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The results of all combinations of one edge.
#[derive(Clone)]
pub(super) struct Tally {
    /// Whether all must be refused.
    refusal: bool,
    pub(super) states: usize,
    /// The results by each rule set, in the order of [`Rules::ALL`].
    by: [Count; Rules::ALL.len()],
}

/// The results of one rule set.
#[derive(Clone, Default)]
struct Count {
    fails: bool,
    /// Whether the rule set has no verdict on some combination.
    unjudged: bool,
    /// The first failed combination; if there is none, the first without a verdict.
    failure: Option<Failure>,
}

impl Count {
    /// Adds the results of further combinations.
    fn add(&mut self, other: &Self) {
        if self.failure.is_none() || other.fails && !self.fails {
            self.failure.clone_from(&other.failure);
        }
        self.fails |= other.fails;
        self.unjudged |= other.unjudged;
    }
}

/// The first combination with an unexpected result.
#[derive(Clone)]
struct Failure {
    presenter: String,
    reader: Option<String>,
    reason: Reason,
}

#[derive(Clone)]
enum Reason {
    /// The certificate cannot be presented.
    Impossible(String),
    /// The presented certificate, the trusted CAs, and the result, as text.
    Answer(String, String, Option<ChainError>),
}

impl Tally {
    /// An empty tally. `refusal`: all handshakes must be refused.
    pub(super) fn new(refusal: bool) -> Self {
        Self { refusal, states: 0, by: <[Count; Rules::ALL.len()]>::default() }
    }

    /// Verifies all certificates of `presenter` with one bundle.
    fn verify_offer(
        &mut self,
        referee: &mut VerifierCache,
        offer: &Offer,
        trust: &TrustBundle,
        purpose: Purpose,
        host: Option<&str>,
        presenter: &str,
    ) {
        if let Some(why) = &offer.impossible {
            let failure = Failure::of(presenter, Reason::Impossible(why.clone()));
            self.by
                .iter_mut()
                .for_each(|count| count.add(&Count { fails: true, unjudged: false, failure: Some(failure.clone()) }));
        }
        for leaf in &offer.leaves {
            self.states += 1;
            let answers = referee.ask(leaf, trust, purpose, host).clone();
            let mut words = None;
            for (count, answer) in self.by.iter_mut().zip(answers) {
                let unjudged = answer.as_ref().is_err_and(ChainError::is_not_judged);
                let fails = !unjudged && answer.is_ok() == self.refusal;
                if fails && !count.fails || unjudged && count.failure.is_none() {
                    let (leaf, anchors) =
                        words.get_or_insert_with(|| (referee.leaf(leaf), referee.anchors(trust))).clone();
                    let failure = Some(Failure::of(presenter, Reason::Answer(leaf, anchors, answer.err())));
                    count.add(&Count { fails, unjudged, failure });
                }
            }
        }
    }

    /// Records `reader` as the verifier of a new failure.
    fn read_by(&mut self, reader: &str) {
        for failure in self.by.iter_mut().filter_map(|count| count.failure.as_mut()) {
            failure.reader.get_or_insert_with(|| reader.to_owned());
        }
    }

    fn add(&mut self, other: &Self) {
        self.states += other.states;
        for (own, other) in self.by.iter_mut().zip(&other.by) {
            own.add(other);
        }
    }

    /// The outcome by a rule set, with parties and reason as text; without text if nothing fails.
    pub(super) fn by(&self, rules: Rules) -> OtherVerdict {
        let count = &self.by[rules.index()];
        let outcome = match (self.states, count) {
            (_, Count { fails: true, .. }) => Outcome::Broken,
            (0, _) => Outcome::NotAsked,
            (_, Count { unjudged: true, .. }) => Outcome::NotJudged,
            _ => Outcome::Holds,
        };
        OtherVerdict { outcome, why: count.failure.as_ref().map(Failure::words).unwrap_or_default() }
    }
}

impl Failure {
    fn of(presenter: &str, reason: Reason) -> Self {
        Self { presenter: presenter.to_owned(), reader: None, reason }
    }

    fn words(&self) -> String {
        let Self { presenter, reader, reason } = self;
        let reader = reader.as_deref().unwrap_or_default();
        match reason {
            Reason::Impossible(why) => format!("{presenter}: {why}"),
            Reason::Answer(shown, trusted, None) => {
                format!("{presenter} may present a {shown}, and {reader} may still accept it, trusting {trusted}")
            }
            Reason::Answer(shown, trusted, Some(error)) => {
                format!("{presenter} may present a {shown} while {reader} may trust only {trusted}: {error}")
            }
        }
    }
}
