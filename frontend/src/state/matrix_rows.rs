//! The rows of the trust matrix, and its totals.

use airlock_core::simulate::Outcome;

use super::chart::{CellStyle, Chart, Line, Mark, style, worse};

/// A row: one step, or consecutive steps with the same result for every connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The index of the first step.
    pub from: usize,
    /// The index of the last step.
    pub to: usize,
}

/// The totals of a matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Connections that must work.
    pub connections: usize,
    /// Those of them that work at every step.
    pub working: usize,
    /// Uses of the old CA that must be rejected at the end.
    pub uses: usize,
    /// Those of them that are rejected.
    pub rejected: usize,
    /// Combinations of what is presented and what is trusted.
    pub states: usize,
    /// Would OpenSSL-based clients differ anywhere?
    pub differs: bool,
}

impl Chart {
    /// The worst mark of any connection.
    pub fn worst(&self) -> Mark {
        self.groups.iter().flat_map(|group| &group.runs).map(|run| run.style.mark).max().unwrap_or_default()
    }

    /// The rows. In a large cluster, consecutive steps with the same results share a row.
    pub fn rows(&self) -> Vec<Row> {
        let all = 0..=self.last();
        if self.is_single() {
            return all.map(|at| Row { from: at, to: at }).collect();
        }
        let mut starts: Vec<usize> = self.groups.iter().flat_map(|group| &group.runs).map(|run| run.from).collect();
        starts.extend(self.phases.iter().map(|phase| phase.1));
        starts.sort_unstable();
        starts.dedup();
        let ends = starts.iter().skip(1).map(|start| start - 1).chain([self.last()]);
        starts.iter().zip(ends).map(|(&from, to)| Row { from, to }).collect()
    }

    /// The row of a step.
    pub fn row_of(&self, column: usize) -> Option<Row> {
        self.rows().into_iter().find(|row| (row.from..=row.to).contains(&column))
    }

    /// The totals of a matrix.
    pub fn total(&self) -> Total {
        let mut total = Total::default();
        for edge in &self.matrix.edges {
            let holds = edge.worst() == Outcome::Holds;
            let (all, good) = if edge.refused {
                (&mut total.uses, &mut total.rejected)
            } else {
                (&mut total.connections, &mut total.working)
            };
            *all += 1;
            *good += usize::from(holds);
            total.differs |= edge.spans.iter().any(|span| !span.verdict.others.is_empty());
        }
        total.states = self.matrix.states();
        total
    }

    /// The worst style of a column in a row.
    pub fn style_at(&self, line: Line, row: Row) -> CellStyle {
        if let Some(edge) = line.edge {
            return self.style_over(edge, row);
        }
        let runs = self.groups[line.group].runs.iter().filter(|run| run.from <= row.to && row.from <= run.to);
        runs.map(|run| run.style).reduce(worse).unwrap_or_default()
    }

    /// The worst style of a connection in a row.
    fn style_over(&self, edge: usize, row: Row) -> CellStyle {
        let edge = &self.matrix.edges[edge];
        let spans = edge.spans.iter().filter(|span| span.from <= row.to && row.from <= span.to);
        spans.map(|span| style(edge, &span.verdict, self.accepted)).reduce(worse).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::chart::tests::sample;

    #[test]
    fn a_step_is_a_row_as_long_as_there_are_few() {
        let chart = sample(9);
        assert_eq!(chart.rows().len(), chart.matrix.columns.len());
        assert_eq!(chart.row_of(3), Some(Row { from: 3, to: 3 }));
    }

    #[test]
    fn many_steps_that_look_the_same_are_one_row() {
        let chart = sample(600);
        let rows = chart.rows();
        // The sample has a phase for every three steps; runs of marks begin within the first of them.
        assert_eq!(rows.len(), 204);
        assert!(rows.iter().all(|row| row.to - row.from < 3));
        assert_eq!((rows[0].from, rows.last().unwrap().to), (0, chart.last()));
        assert!(rows.windows(2).all(|pair| pair[0].to + 1 == pair[1].from));
    }

    #[test]
    fn what_must_work_is_counted_apart_from_what_must_be_rejected() {
        let total = sample(9).total();
        assert_eq!((total.connections, total.working), (4, 2), "one breaks, one fails today");
        assert_eq!((total.uses, total.rejected, total.differs), (1, 1, true));
    }
}
