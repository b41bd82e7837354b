//! The edges of this cluster, created from the profile's rows, and their verdicts at every moment.

use std::collections::BTreeMap;

use super::{
    handshake::{Ends, Offer, Servers, Tally, anchors, unchanged, words},
    matrix::{ALL_WORKERS, Edge, OtherVerdict, Outcome, TrustMatrix, Verdict, columns},
    node_effects::SUPER_ADMIN_CONF,
    state::{Cell, Leaf, SimulatedState, Value, Values},
    verifier_cache::VerifierCache,
};
use crate::{
    plan::{CLUSTER_INFO, FileVersion, KubeconfigContext, PlaceKind, RotationPlan, Side, Step, split_entry},
    profile::{
        AuthorityId, EdgeRow,
        edge::{End, Expectation, Holding, Material, Party},
    },
    x509::{Certificate, Rules},
};

/// The host name at which Pods reach the API server.
const IN_CLUSTER: &str = "kubernetes.default.svc";

/// All edges of a cluster, and their verdicts so far.
pub(super) struct Edges {
    referee: VerifierCache,
    instances: Vec<Instance>,
    servers: Vec<Servers>,
    edges: Vec<Edge>,
    /// The old and new cluster CA, for the public key pins of joining nodes.
    pins: Option<(Certificate, Certificate)>,
    moments: usize,
}

/// One client, and all the servers that it may connect to.
struct Instance {
    row: EdgeRow,
    client: Ends,
    /// Index of the servers' group.
    servers: usize,
    /// The host name or address that the client connects to.
    host: Option<String>,
    /// The last verdict, with its inputs: the client's values and the version of its servers.
    last: Option<(Vec<Values>, usize, Verdict)>,
}

impl Edges {
    pub(super) fn of(plan: &RotationPlan, world: &SimulatedState<'_>) -> Self {
        let pins = plan.authority_changes.get(&AuthorityId::Cluster).map(|authority_change| {
            (authority_change.old.clone(), world.renderer.certificate(AuthorityId::Cluster, Side::New).clone())
        });
        let referee = VerifierCache::new(plan, world.renderer.minted);
        let (mut instances, mut edges) = (Vec::new(), Vec::new());
        let mut servers: Vec<Servers> = Vec::new();
        for row in plan.edges.iter().filter(|row| plan.authority_changes.contains_key(&row.authority)) {
            for (place, file) in world.instances(row.client.party, row.authority) {
                let Some(instance) = instance(*row, place, &file, world, &mut servers) else { continue };
                let reached = &servers[instance.servers].ends;
                let suffix = if file.is_empty() { world.places[place].name.clone() } else { file.clone() };
                let suffix = match row.client.party {
                    Party::Consumer(id) => world.plan.consumers[usize::from(id.0)].id(&suffix),
                    _ => suffix,
                };
                let suffix = match row.server.party {
                    Party::Consumer(id) => world.plan.consumers[usize::from(id.0)].id(&suffix),
                    _ => suffix,
                };
                edges.push(Edge {
                    id: format!("{}/{suffix}", row.id),
                    row: row.id.to_owned(),
                    authority: row.authority,
                    client: instance.client.label.clone(),
                    server: servers_in_words(reached, row.server.party, world),
                    refused: row.expectation.into(),
                    facts: facts(row),
                    remedy: row.remedy.to_owned(),
                    outage: plan
                        .outage(row)
                        .map(|outage| format!("{}: {}", outage.cause, outage.duration))
                        .unwrap_or_default(),
                    spans: Vec::new(),
                });
                instances.push(instance);
            }
        }
        Self { referee, instances, servers, edges, pins, moments: 0 }
    }

    /// Judges every edge for one moment: today (`None`), or the time from the beginning of `step` until its check.
    pub(super) fn judge(&mut self, world: &mut SimulatedState<'_>, step: Option<&Step>) {
        let begun =
            || world.plan.steps.first().filter(|_| world.plan.has_begun()).map_or(0, |step| step.phase.number());
        let phase = step.map_or_else(begun, |step| step.phase.number());
        self.look(world);
        for (index, instance) in self.instances.iter_mut().enumerate() {
            if instance.row.expectation == Expectation::RefusedAtTheEnd {
                self.edges[index].push(self.moments, Verdict::default());
                continue;
            }
            let mut verdict = instance.verdict(world, &mut self.servers[instance.servers], &mut self.referee);
            if let Some(why) = other_failure(&instance.row, world, phase, self.pins.as_ref()) {
                verdict = Verdict { outcome: Outcome::Broken, others: BTreeMap::new(), why, ..verdict };
            }
            verdict = verdict.since(self.edges[index].verdict(0));
            self.edges[index].push(self.moments, verdict);
        }
        self.moments += 1;
    }

    /// Judges the refusals after the last step: every server and client must refuse certificates of the old CA.
    pub(super) fn judge_refusals(&mut self, world: &SimulatedState<'_>) {
        let Some(last) = self.moments.checked_sub(1) else { return };
        self.look(world);
        for (index, instance) in self.instances.iter_mut().enumerate() {
            if instance.row.expectation != Expectation::RefusedAtTheEnd {
                continue;
            }
            let verdict = instance.verdict(world, &mut self.servers[instance.servers], &mut self.referee);
            let edge = &mut self.edges[index];
            if let Some(span) = edge.spans.last_mut() {
                span.to = last.saturating_sub(1);
            }
            edge.spans.retain(|span| last > 0 && span.from <= span.to);
            edge.push(last, verdict);
        }
    }

    fn look(&mut self, world: &SimulatedState<'_>) {
        for servers in &mut self.servers {
            servers.look(world, &mut self.referee);
        }
    }

    pub(super) fn into_matrix<'a>(self, steps: impl Iterator<Item = &'a Step>) -> TrustMatrix {
        TrustMatrix { columns: columns(steps), trials: self.referee.trials(), edges: self.edges }
    }
}

/// Creates the instance of a row for one client; `None` if the client does not exist, such as a kubeconfig that was not
/// provided.
fn instance(
    row: EdgeRow,
    place: usize,
    file: &str,
    world: &SimulatedState<'_>,
    groups: &mut Vec<Servers>,
) -> Option<Instance> {
    let client = ends(row.client, place, file, world);
    let holds = |cell: &Cell| world.values(cell).is_some_and(|values| !values.is_empty());
    let mut asked = client.presents.iter().chain(&client.trusts);
    // Machines of a rollout do not exist yet. They will have the same files as the existing ones.
    let elsewhere =
        |own: &Cell| world.cells().any(|cell| (cell.party, cell.material) == (own.party, own.material) && holds(cell));
    let exists = match (world.places[place].kind, row.expectation) {
        (PlaceKind::RolledOut, _) => {
            let asks = |own: &Cell| elsewhere(own) || will_verify_kubelets(own, world);
            row.client.party != Party::User(SUPER_ADMIN_CONF) && asked.any(asks)
        }
        // Certificates of the old-CA holder become known only at the end.
        (_, Expectation::RefusedAtTheEnd) => client.trusts.as_ref().is_none_or(holds),
        (_, Expectation::Accepted) => asked.any(holds),
    };
    if !exists {
        return None;
    }
    let host = host(row.client.party, &client, world);
    let mut servers = world.instances(row.server.party, row.authority);
    if (row.client.party, row.server.party) == (Party::Webhooks, Party::Webhooks) {
        // Each webhook configuration refers to its own server.
        servers.retain(|(_, other)| other == file);
    }
    let servers: Vec<_> = servers.into_iter().map(|(place, file)| ends(row.server, place, &file, world)).collect();
    let named: Vec<_> =
        servers.iter().map(|server| host.as_deref().map_or(Some(true), |host| names(server, host, world))).collect();
    // A server whose certificate does not contain that address today is not reached by it. Machines that do not exist
    // yet will be reached by an address that all others share.
    let any = named.contains(&Some(true));
    let common = !named.contains(&Some(false));
    let is_reached = |named: Option<bool>| !any || named.unwrap_or(common);
    let reached = servers.into_iter().zip(named).filter(|(_, named)| is_reached(*named)).map(|(server, _)| server);
    let reached: Vec<_> = reached.collect();
    if reached.is_empty() {
        return None;
    }
    let servers = groups.iter().position(|group| group.ends == reached).unwrap_or_else(|| {
        groups.push(Servers::new(reached));
        groups.len() - 1
    });
    Some(Instance { row, client, servers, host, last: None })
}

/// Whether kubeadm's configuration sets `--kubelet-certificate-authority` for machines that do not exist yet.
fn will_verify_kubelets(cell: &Cell, world: &SimulatedState<'_>) -> bool {
    let mut held = world.places[cell.place].files.values().flatten();
    cell.material == Material::KubeletAuthority && held.any(|held| held.kubelet_authority().is_some())
}

fn ends(end: End, place: usize, file: &str, world: &SimulatedState<'_>) -> Ends {
    let cell = |holding: Option<Holding>| {
        holding.map(|holding| Cell { place, file: file.to_owned(), party: end.party, material: holding.material })
    };
    Ends { label: label(end, place, file, world), presents: cell(end.presents), trusts: cell(end.trusts) }
}

fn label(end: End, place: usize, file: &str, world: &SimulatedState<'_>) -> String {
    let place = &world.places[place];
    match end.party {
        Party::Component(component) if place.kind == PlaceKind::Workers => format!("{component} {ALL_WORKERS}"),
        Party::Component(component) => format!("{component} on {}", place.name),
        Party::OnWorkers(component) => format!("{component} {ALL_WORKERS}"),
        Party::User(kubeconfig) => format!("{kubeconfig} of {}", place.name),
        Party::Consumer(id) => world.plan.consumers[usize::from(id.0)].label(&place.name),
        Party::Pods => "pods".to_owned(),
        Party::JoiningNode => "a node that joins".to_owned(),
        Party::Requester => "whoever has a certificate signed".to_owned(),
        Party::Management => format!("management cluster, with {file}"),
        Party::GivenClients => {
            let (file, context) = split_entry(file);
            format!("{file}, context {}", context.unwrap_or_default())
        }
        Party::OtherClients if place.authority == AuthorityId::Talos => {
            "people and pipelines whose talosconfigs were not given".to_owned()
        }
        Party::OtherClients => "people and pipelines whose kubeconfigs were not given".to_owned(),
        Party::ExtensionServers => "extension API servers".to_owned(),
        Party::Webhooks if end.presents.is_some() => format!("what {file} calls"),
        Party::Webhooks => format!("API servers, by {file}"),
        Party::OldHolder => "whoever holds what the old CA signed, or its key".to_owned(),
        Party::ForeignHolder => {
            let Some(Material::Foreign(id)) = end.presents.map(|holding| holding.material) else {
                return String::new();
            };
            let foreign = &world.plan.consumers[usize::from(id.0)].foreign;
            let names: Vec<_> = foreign.iter().map(|one| one.subject().to_string()).collect();
            format!("clients with certificates of {}", names.join("; "))
        }
    }
}

fn servers_in_words(servers: &[Ends], party: Party, world: &SimulatedState<'_>) -> String {
    match (servers, party) {
        ([one], _) => one.label.clone(),
        (_, Party::Component(component)) => format!("every {component}"),
        (_, Party::Consumer(id)) if !world.plan.consumers[usize::from(id.0)].foreign.is_empty() => {
            let consumer = &world.plan.consumers[usize::from(id.0)];
            let nodes: Vec<_> = consumer.nodes.iter().map(String::as_str).collect();
            format!("{} on {}", consumer.process.name(), nodes.join(", "))
        }
        _ => "every server".to_owned(),
    }
}

/// Describes what each side presents and trusts, what writes it, and when a change takes effect.
fn facts(row: &EdgeRow) -> Vec<String> {
    let sentence = |who: &str, verb: &str, holding: Holding| {
        let (writer, effect) = (holding.writer.in_words(), holding.effect.in_words());
        format!("What the {who} {verb} is written by {writer}; a change takes effect {effect}")
    };
    let of_end = |who: &'static str, end: End| {
        let presents = end.presents.map(|holding| sentence(who, "presents", holding));
        presents.into_iter().chain(end.trusts.map(|holding| sentence(who, "trusts", holding))).collect::<Vec<_>>()
    };
    of_end("client", row.client).into_iter().chain(of_end("server", row.server)).collect()
}

/// The host name or address that a client connects to; `None` if it is unknown.
fn host(party: Party, client: &Ends, world: &SimulatedState<'_>) -> Option<String> {
    if party == Party::Pods {
        return Some(IN_CLUSTER.to_owned());
    }
    let cell = client.trusts.as_ref()?;
    let path = match cell.material {
        Material::KubeconfigTrust(name) => {
            world.plan.profile.kubeconfigs.iter().find(|row| row.name == name).map(|row| row.path)?
        }
        Material::ClusterInfo => CLUSTER_INFO,
        Material::ClientTrust => cell.file.as_str(),
        Material::ConsumerTrust(id) => world.plan.consumers[usize::from(id.0)].path.as_str(),
        _ => return None,
    };
    let held = world.places[cell.place].files.get(path)?;
    held.iter().find_map(|held| match held {
        FileVersion::Kubeconfig(KubeconfigContext { host, .. }) => host.clone(),
        _ => None,
    })
}

/// Whether the server's certificate of today is valid for this host; `None` if the server does not exist yet.
fn names(server: &Ends, host: &str, world: &SimulatedState<'_>) -> Option<bool> {
    let Some(values) = server.presents.as_ref().and_then(|cell| world.values(cell)) else { return Some(true) };
    let named = values.iter().any(|value| match value {
        Value::Leaf(Leaf::Chain(chain, _)) => chain.first().is_some_and(|leaf| leaf.is_for_host(host)),
        _ => true,
    });
    (!values.is_empty()).then_some(named)
}

/// Checks conditions of an edge other than TLS handshakes. Returns the reason for a failure.
fn other_failure(
    row: &EdgeRow,
    world: &SimulatedState<'_>,
    phase: u8,
    pins: Option<&(Certificate, Certificate)>,
) -> Option<String> {
    match row.client.party {
        _ if world.writes_without_end(row) => Some(
            "the operator runs while ca.crt may hold more than one certificate: it writes kubeconfigs and rolls the control plane out without end"
                .to_owned(),
        ),
        Party::Requester if world.renewed_too_early => Some(
            "a kubelet asks for a certificate while no kube-controller-manager is known to lead and to sign with the new CA alone"
                .to_owned(),
        ),
        Party::JoiningNode => {
            let (old, new) = pins?;
            let cell = world.cells().find(|cell| cell.material == Material::ClusterInfo)?;
            let told = world.values(cell)?;
            let lacks = |wanted: &Certificate| {
                told.iter().any(|value| matches!(value, Value::Anchors(anchors) if !anchors.contains(wanted)))
            };
            if phase <= 2 && lacks(old) {
                Some("cluster-info may lack the old CA, whose pin joining nodes are given".to_owned())
            } else if phase >= 2 && lacks(new) {
                Some("cluster-info may lack the new CA, whose pin joining nodes are given".to_owned())
            } else {
                None
            }
        }
        _ => None,
    }
}

impl Instance {
    /// Judges the edge, or returns the last verdict if the inputs are unchanged.
    fn verdict(&mut self, world: &SimulatedState<'_>, servers: &mut Servers, referee: &mut VerifierCache) -> Verdict {
        let held: Vec<Values> = self.client.held(world).cloned().collect();
        if let Some((before, version, verdict)) = &self.last
            && *version == servers.version
            && unchanged(before, &held)
        {
            return verdict.clone();
        }
        let verdict = self.judge(world, servers, referee);
        self.last = Some((held, servers.version, verdict.clone()));
        verdict
    }

    fn judge(&self, world: &SimulatedState<'_>, servers: &mut Servers, referee: &mut VerifierCache) -> Verdict {
        let mut tally = Tally::new(self.row.expectation == Expectation::RefusedAtTheEnd);
        let (client, label) = (&self.client, &self.client.label);
        let presented = Offer::of(client.presents.as_ref(), world);
        let trusted = anchors(client.trusts.as_ref(), world);
        if client.presents.is_some() {
            servers.judge(&mut tally, &presented, label, referee);
        }
        for trust in &trusted {
            servers.are_judged(&mut tally, trust, self.host.as_deref(), label, referee);
        }
        let OtherVerdict { outcome, why } = tally.by(Rules::Go);
        let others = Rules::REPORTED.map(|rules| (rules, tally.by(rules)));
        let asked = |asked: bool, words: &[String]| if asked { words.to_vec() } else { Vec::new() };
        Verdict {
            outcome,
            others: others.into_iter().filter(|(_, other)| other.outcome != outcome).collect(),
            states: tally.states,
            client_presents: words(presented.leaves.iter().map(|leaf| referee.leaf(leaf))),
            server_trusts: asked(client.presents.is_some(), &servers.trusts_in_words),
            server_presents: asked(client.trusts.is_some(), &servers.presents_in_words),
            client_trusts: words(trusted.iter().map(|trust| referee.anchors(trust))),
            why,
        }
    }
}
