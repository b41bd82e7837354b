//! What is presented meets what is trusted.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::{
    OtherVerdict, Outcome,
    effects::signs,
    referee::Referee,
    world::{Cell, Leaf, Value, Values, World},
};
use crate::x509::{ChainError, Purpose, Rules, TrustBundle};

/// An end of an edge, in a place.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) label: String,
    pub(super) presents: Option<Cell>,
    pub(super) trusts: Option<Cell>,
}

impl Ends {
    /// The values of both its cells, for telling whether anything changed.
    pub(super) fn held<'a>(&'a self, world: &'a World<'_>) -> impl Iterator<Item = &'a Values> {
        self.presents.iter().chain(&self.trusts).filter_map(|cell| world.values(cell))
    }
}

/// Are these the very same values?
pub(super) fn unchanged(before: &[Values], now: &[Values]) -> bool {
    before.len() == now.len() && before.iter().zip(now).all(|(a, b)| Rc::ptr_eq(a, b))
}

/// The servers that clients may meet, looked at once for all of them.
pub(super) struct Servers {
    pub(super) ends: Vec<Ends>,
    held: Vec<Values>,
    /// Counts how often anything changed.
    pub(super) version: usize,
    /// Each set of anchors once, with the first server that has it.
    trusts: BTreeMap<TrustBundle, usize>,
    offers: Vec<Offer>,
    /// What came of meetings with a client's anchors, for a host.
    met: BTreeMap<(TrustBundle, Option<String>), Tally>,
    /// What the servers may trust, in words.
    pub(super) trusts_in_words: Vec<String>,
    /// What the servers may present, in words.
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

    /// Looks again, if anything changed.
    pub(super) fn look(&mut self, world: &World<'_>, referee: &mut Referee) {
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

    /// Every server judges what a client offers.
    pub(super) fn judge(&self, tally: &mut Tally, offer: &Offer, client: &str, referee: &mut Referee) {
        for (trust, server) in &self.trusts {
            tally.meet(referee, offer, trust, Purpose::Client, None, client);
            tally.read_by(&self.ends[*server].label);
        }
    }

    /// A client judges what every server offers.
    pub(super) fn are_judged(
        &mut self,
        tally: &mut Tally,
        trust: &TrustBundle,
        host: Option<&str>,
        client: &str,
        referee: &mut Referee,
    ) {
        let key = (trust.clone(), host.map(str::to_owned));
        let (ends, offers, refusal) = (&self.ends, &self.offers, tally.refusal);
        let met = self.met.entry(key).or_insert_with(|| {
            let mut all = Tally::new(refusal);
            for (end, offer) in ends.iter().zip(offers) {
                all.meet(referee, offer, trust, Purpose::Server, host, &end.label);
            }
            all
        });
        tally.add(met);
        tally.read_by(client);
    }
}

/// What may be presented, and why some of it cannot be at all.
#[derive(Default)]
pub(super) struct Offer {
    pub(super) leaves: Vec<Leaf>,
    impossible: Option<String>,
}

impl Offer {
    pub(super) fn of(cell: Option<&Cell>, world: &World<'_>) -> Self {
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

/// The sets of anchors that a cell may have.
pub(super) fn anchors(cell: Option<&Cell>, world: &World<'_>) -> Vec<TrustBundle> {
    let values = cell.and_then(|cell| world.values(cell)).into_iter().flat_map(|values| values.iter());
    values
        .filter_map(|value| match value {
            Value::Anchors(anchors) => Some(anchors.clone()),
            _ => None,
        })
        .collect()
}

/// Each once, in order.
pub(super) fn words(all: impl Iterator<Item = String>) -> Vec<String> {
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

/// What came of all the pairs of one edge.
#[derive(Clone)]
pub(super) struct Tally {
    /// Shall all of them be refused?
    refusal: bool,
    pub(super) states: usize,
    /// By each rule set, in the order of [`Rules::ALL`].
    by: [Count; Rules::ALL.len()],
}

/// What a rule set makes of the pairs.
#[derive(Clone, Default)]
struct Count {
    fails: bool,
    /// A pair of which the rule set has no verdict.
    unjudged: bool,
    /// The first pair that fails; else the first one without a verdict.
    failure: Option<Failure>,
}

impl Count {
    /// Takes over what was seen of other pairs.
    fn add(&mut self, other: &Self) {
        if self.failure.is_none() || other.fails && !self.fails {
            self.failure.clone_from(&other.failure);
        }
        self.fails |= other.fails;
        self.unjudged |= other.unjudged;
    }
}

/// The first pair of which something else came than should have.
#[derive(Clone)]
struct Failure {
    presenter: String,
    reader: Option<String>,
    reason: Reason,
}

#[derive(Clone)]
enum Reason {
    /// It cannot be presented at all.
    Impossible(String),
    /// What is shown, whom the reader trusts, and what the reader says.
    Answer(String, String, Option<ChainError>),
}

impl Tally {
    /// Nothing yet; `refusal` if all that comes shall be refused.
    pub(super) fn new(refusal: bool) -> Self {
        Self { refusal, states: 0, by: <[Count; Rules::ALL.len()]>::default() }
    }

    /// Everything that `presenter` offers meets one set of anchors.
    fn meet(
        &mut self,
        referee: &mut Referee,
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

    /// A failure that is new was seen by this reader.
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

    /// By a rule set: the outcome, and who, what and why; no words where nothing fails.
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
