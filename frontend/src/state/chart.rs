//! The trust matrix as it is drawn: lines of cells, the lines of one profile row merged into one until they are wanted.

use airlock_core::{
    profile::{self, EdgeRow, PROFILES},
    simulate::{Column, Edge, Outcome, Span, TrustMatrix, Verdict},
};

/// Up to this many moments there is a cell for each; beyond, a cell for each run of the same.
const MAX_SINGLE: usize = 80;

/// The row of all uses of the old CA that must be rejected.
const OLD_CA: &str = "old-ca";

/// All that is drawn. Made once for a package.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// What was predicted.
    pub matrix: TrustMatrix,
    /// Its rows, in the profile's order.
    pub groups: Vec<Group>,
    /// Runs of moments of the same phase: phase, first and last moment.
    pub phases: Vec<(u8, usize, usize)>,
    /// Did the person accept the outages that the profile declares?
    pub accepted: bool,
}

/// The edges of one row of the profile.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// The row's id, such as `kubelet-apiserver`.
    pub row: String,
    /// Its client and its server.
    pub peers: Peers,
    /// Must it be refused at the end?
    pub refused: bool,
    /// First and last of its edges in the matrix, and those between.
    pub edges: std::ops::Range<usize>,
    /// The worst of its edges, moment by moment.
    pub runs: Vec<Run>,
}

/// Client and server of a connection, or of several. Texts: `words::peers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peers {
    /// One connection, as core names both ends.
    One {
        /// Who connects.
        client: String,
        /// To whom.
        server: String,
    },
    /// All connections of a profile's row, by the row's id.
    Row(String),
    /// All uses of the old CA that must be rejected.
    OldCa,
}

impl Peers {
    fn of(edge: &Edge) -> Self {
        Self::One { client: edge.client.clone(), server: edge.server.clone() }
    }
}

/// Moments in a row that look the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first.
    pub from: usize,
    /// The last.
    pub to: usize,
    /// How they look.
    pub style: CellStyle,
}

/// How a cell looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellStyle {
    /// Its shape.
    pub mark: Mark,
    /// Does another verifier than Go come to another result?
    pub differs: bool,
}

/// What is said of an edge at a moment. The later is worse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Nobody asks.
    #[default]
    NotAsked,
    /// It holds.
    Holds,
    /// It holds, and an end may have one value or another: something changes.
    Changes,
    /// It is refused, as it must be.
    Refused,
    /// Airlock has no verdict.
    NotJudged,
    /// It does not hold, and does not today either.
    BrokenToday,
    /// The rotation breaks it for a time, and the person accepted that.
    Outage,
    /// The rotation breaks it.
    Broken,
}

/// A line of the picture: a row of the profile, or one of its edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// Which row, by its place.
    pub group: usize,
    /// Which edge of the matrix; `None` for all of the row's.
    pub edge: Option<usize>,
}

/// What is to be said of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Client and server.
    pub peers: Peers,
    /// The moment.
    pub column: usize,
    /// The last moment for which the same is to be said.
    pub until: usize,
    /// How it looks.
    pub style: CellStyle,
    /// Must it be refused at the end?
    pub refused: bool,
    /// All that it speaks of: edges with their verdicts. At least one.
    pub all: Vec<(&'a Edge, &'a Verdict)>,
    /// The one of which most is to be said.
    pub worst: (&'a Edge, &'a Verdict),
}

impl Chart {
    /// Puts the edges of a row together. `accepted`: outages that the profile declares are.
    pub fn of(mut matrix: TrustMatrix, accepted: bool) -> Self {
        // What must be rejected is one column at the end, whatever its rows are.
        matrix.edges.sort_by_key(|edge| edge.refused);
        let mut groups: Vec<Group> = Vec::new();
        for (index, edge) in matrix.edges.iter().enumerate() {
            let same = |group: &&mut Group| group.row == edge.row || (group.refused && edge.refused);
            match groups.last_mut().filter(same) {
                Some(group) => group.edges.end = index + 1,
                None => groups.push(Group {
                    row: edge.row.clone(),
                    peers: Peers::of(edge),
                    refused: edge.refused,
                    edges: index..index + 1,
                    runs: Vec::new(),
                }),
            }
        }
        for group in &mut groups {
            let edges = &matrix.edges[group.edges.clone()];
            group.runs = merged(edges, matrix.columns.len(), accepted);
            let rows = edges.iter().filter(|edge| edge.row != group.row).count();
            if rows > 0 {
                OLD_CA.clone_into(&mut group.row);
                group.peers = Peers::OldCa;
            } else if row(&group.row).is_some() {
                group.peers = Peers::Row(group.row.clone());
            }
        }
        let phases = phases(&matrix.columns);
        Self { matrix, groups, phases, accepted }
    }

    /// Is there a cell for each moment, rather than for each run?
    pub fn is_single(&self) -> bool {
        self.matrix.columns.len() <= MAX_SINGLE
    }

    /// The moment of that index; `None` beyond the last.
    pub fn column(&self, index: usize) -> Option<&Column> {
        self.matrix.columns.get(index)
    }

    /// The last moment.
    pub fn last(&self) -> usize {
        self.matrix.columns.len().saturating_sub(1)
    }

    /// What is to be said of a line at a moment; `None` if there is no such line or moment.
    pub fn cell(&self, line: Line, column: usize) -> Option<Cell<'_>> {
        let group = self.groups.get(line.group)?;
        let edges = line.edge.map_or_else(|| group.edges.clone(), |edge| edge..edge + 1);
        let edges = self.matrix.edges.get(edges)?;
        let all: Vec<_> = edges.iter().filter_map(|edge| Some((edge, edge.verdict(column)?))).collect();
        let worst = *all.iter().rev().max_by_key(|(edge, verdict)| style(edge, verdict, self.accepted).mark)?;
        let same =
            all.iter().filter_map(|(edge, _)| edge.spans.iter().find(|span| (span.from..=span.to).contains(&column)));
        let until = same.map(|span| span.to).min().unwrap_or(column);
        let peers = match edges {
            [one] => Peers::of(one),
            _ => group.peers.clone(),
        };
        let looks = all.iter().map(|(edge, verdict)| style(edge, verdict, self.accepted));
        let style = looks.reduce(worse)?;
        Some(Cell { peers, column, until, style, refused: group.refused, all, worst })
    }
}

impl Group {
    /// Does it have several edges?
    pub fn is_many(&self) -> bool {
        self.edges.len() > 1
    }
}

/// The row of a profile, or of a process that no profile names, that an edge is of.
pub fn row(id: &str) -> Option<&'static EdgeRow> {
    PROFILES.iter().flat_map(|profile| profile.edges).find(|row| row.id == id).or_else(|| profile::consumer_row(id))
}

/// How a verdict on an edge looks.
pub fn style(edge: &Edge, verdict: &Verdict, accepted: bool) -> CellStyle {
    let held = [&verdict.client_presents, &verdict.server_trusts, &verdict.server_presents, &verdict.client_trusts];
    let mark = match verdict.outcome {
        Outcome::NotAsked => Mark::NotAsked,
        Outcome::Holds if edge.refused => Mark::Refused,
        Outcome::Holds if held.iter().any(|values| values.len() > 1) => Mark::Changes,
        Outcome::Holds => Mark::Holds,
        Outcome::NotJudged => Mark::NotJudged,
        Outcome::BrokenToday => Mark::BrokenToday,
        Outcome::Broken if accepted && !edge.outage.is_empty() => Mark::Outage,
        Outcome::Broken => Mark::Broken,
    };
    CellStyle { mark, differs: !verdict.others.is_empty() }
}

/// The worse of two looks, with what is special in either.
pub fn worse(a: CellStyle, b: CellStyle) -> CellStyle {
    CellStyle { mark: a.mark.max(b.mark), differs: a.differs || b.differs }
}

fn run(edge: &Edge, span: &Span, accepted: bool) -> Run {
    Run { from: span.from, to: span.to, style: style(edge, &span.verdict, accepted) }
}

/// Adds a run, to the last one if it looks the same.
fn joined(mut runs: Vec<Run>, next: Run) -> Vec<Run> {
    match runs.last_mut() {
        Some(last) if last.style == next.style => last.to = next.to,
        _ => runs.push(next),
    }
    runs
}

/// The worst of several edges, from moment to moment.
fn merged(edges: &[Edge], columns: usize, accepted: bool) -> Vec<Run> {
    let mut looks = vec![CellStyle::default(); columns];
    for edge in edges {
        for span in &edge.spans {
            let run = run(edge, span, accepted);
            for place in looks.iter_mut().take(span.to + 1).skip(span.from) {
                *place = worse(*place, run.style);
            }
        }
    }
    looks.into_iter().enumerate().map(|(at, style)| Run { from: at, to: at, style }).fold(Vec::new(), joined)
}

fn phases(columns: &[Column]) -> Vec<(u8, usize, usize)> {
    let mut phases: Vec<(u8, usize, usize)> = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        match phases.last_mut().filter(|phase| phase.0 == column.phase) {
            Some(phase) => phase.2 = index,
            None => phases.push((column.phase, index, index)),
        }
    }
    phases
}

#[cfg(test)]
pub(super) mod tests;
