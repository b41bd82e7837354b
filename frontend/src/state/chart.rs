//! The trust matrix as it is drawn: connections of one profile row form a group, which can be expanded.

use airlock_core::{
    profile::{self, EdgeRow, PROFILES},
    simulate::{Column, Edge, Outcome, Span, TrustMatrix, Verdict},
};

/// Up to this many steps, each has a row; beyond, consecutive steps with the same results share one.
const MAX_SINGLE: usize = 80;

/// The row id of the group of all uses of the old CA that must be rejected.
const OLD_CA: &str = "old-ca";

/// A prediction, prepared for drawing. Created once for a package.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// The predicted trust matrix.
    pub matrix: TrustMatrix,
    /// Its groups of connections, in the profile's order.
    pub groups: Vec<Group>,
    /// The phases: number, first and last step.
    pub phases: Vec<(u8, usize, usize)>,
    /// Did the person accept the outages that the profile declares?
    pub accepted: bool,
}

/// The connections of one row of the profile.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// The row's id, such as `kubelet-apiserver`.
    pub row: String,
    /// Its client and its server.
    pub peers: Peers,
    /// Must it be rejected at the last step?
    pub refused: bool,
    /// Its connections, as indices into the matrix.
    pub edges: std::ops::Range<usize>,
    /// The worst style of its connections, as runs of steps.
    pub runs: Vec<Run>,
}

/// Client and server of a connection, or of several. Texts: `words::peers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peers {
    /// One connection, as core names both ends.
    One {
        /// The client.
        client: String,
        /// The server.
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

/// Consecutive steps with the same style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first.
    pub from: usize,
    /// The last.
    pub to: usize,
    /// The style.
    pub style: CellStyle,
}

/// The style of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellStyle {
    /// The mark, which sets its shape and colour.
    pub mark: Mark,
    /// Do verifiers other than Go's have a different result?
    pub differs: bool,
}

/// The result of a connection at a step, from good to bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Not verified at this step.
    #[default]
    NotAsked,
    /// It works.
    Holds,
    /// It works while an end changes: several values are possible.
    Changes,
    /// It is rejected, as required.
    Refused,
    /// Airlock has no verdict.
    NotJudged,
    /// It fails, as it does today.
    BrokenToday,
    /// The rotation breaks it temporarily, which the person accepted.
    Outage,
    /// The rotation breaks it.
    Broken,
}

/// A column of the matrix: a group of connections, or one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// The group's index.
    pub group: usize,
    /// The connection's index in the matrix; `None` for the whole group.
    pub edge: Option<usize>,
}

/// A cell of the matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Client and server.
    pub peers: Peers,
    /// The step's index; 0 is today.
    pub column: usize,
    /// The last step with the same results.
    pub until: usize,
    /// Its style.
    pub style: CellStyle,
    /// Must it be rejected at the last step?
    pub refused: bool,
    /// Its connections with their verdicts. At least one.
    pub all: Vec<(&'a Edge, &'a Verdict)>,
    /// The worst of them.
    pub worst: (&'a Edge, &'a Verdict),
}

impl Chart {
    /// Groups the connections of a matrix. `accepted`: are the declared outages accepted?
    pub fn of(mut matrix: TrustMatrix, accepted: bool) -> Self {
        // All connections that must be rejected form the last column.
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

    /// Does each step have its own row?
    pub fn is_single(&self) -> bool {
        self.matrix.columns.len() <= MAX_SINGLE
    }

    /// The step of that index; `None` beyond the last.
    pub fn column(&self, index: usize) -> Option<&Column> {
        self.matrix.columns.get(index)
    }

    /// The index of the last step.
    pub fn last(&self) -> usize {
        self.matrix.columns.len().saturating_sub(1)
    }

    /// The cell of a column and a step; `None` if it does not exist.
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
    /// Does it have several connections?
    pub fn is_many(&self) -> bool {
        self.edges.len() > 1
    }
}

/// The row with that id: of a profile, or of a process that no profile contains.
pub fn row(id: &str) -> Option<&'static EdgeRow> {
    PROFILES.iter().flat_map(|profile| profile.edges).find(|row| row.id == id).or_else(|| profile::consumer_row(id))
}

/// The style of a verdict.
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

/// The worse mark of two styles; `differs` if either does.
pub fn worse(a: CellStyle, b: CellStyle) -> CellStyle {
    CellStyle { mark: a.mark.max(b.mark), differs: a.differs || b.differs }
}

fn run(edge: &Edge, span: &Span, accepted: bool) -> Run {
    Run { from: span.from, to: span.to, style: style(edge, &span.verdict, accepted) }
}

/// Appends a run, or extends the last one if the style is the same.
fn joined(mut runs: Vec<Run>, next: Run) -> Vec<Run> {
    match runs.last_mut() {
        Some(last) if last.style == next.style => last.to = next.to,
        _ => runs.push(next),
    }
    runs
}

/// The worst style of several connections at each step, as runs.
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
