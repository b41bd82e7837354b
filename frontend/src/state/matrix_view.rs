//! Selection and focus in the trust matrix, and how keys and pointer move them.

use std::collections::BTreeSet;

use super::{
    chart::{Chart, Line, Mark},
    matrix_rows::Row,
};

/// Rows that PageUp and PageDown move by.
const PAGE: usize = 5;

/// Selection and focus in the matrix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MatrixView {
    /// The column with the focus: a group of connections, or one of them.
    pub line: Line,
    /// The selected step of the plan, which the diagram shows, too.
    pub column: usize,
    /// Is the focus on the column's heading instead of a cell?
    pub on_name: bool,
    /// The cell under the pointer.
    pub hover: Option<(Line, usize)>,
    /// Groups whose connections are shown one by one.
    pub opened: BTreeSet<usize>,
}

/// A change of selection or focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatrixViewChange {
    /// Moves the focus to a cell, or to a column's heading (`None`).
    Enter(Line, Option<usize>),
    /// Selects a step.
    Choose(usize),
    /// Moves the focus with a key.
    Step(Motion),
    /// Points at a cell; `None` if the pointer leaves.
    Point(Option<(Line, usize)>),
    /// Expands or collapses a group.
    Toggle(usize),
}

/// Where a key moves the focus. A row is a step, a column a group of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// To the previous column.
    Left,
    /// To the next column.
    Right,
    /// To the row above; from the first, to the column's heading.
    Up,
    /// To the row below.
    Down,
    /// To the row's first cell.
    First,
    /// To the row's last cell.
    Last,
    /// To the first cell of all.
    Top,
    /// To the last cell of all.
    Bottom,
    /// Several rows up.
    PageUp,
    /// Several rows down.
    PageDown,
}

impl MatrixView {
    /// The initial selection: the first cell that breaks, accepted or not; otherwise the first column today.
    pub fn of(chart: &Chart) -> Self {
        let broken = chart.groups.iter().enumerate().filter_map(|(group, row)| {
            let run = row.runs.iter().find(|run| run.style.mark >= Mark::Outage)?;
            Some((run.from, group))
        });
        broken.min().map_or_else(Self::default, |(column, group)| Self {
            line: Line { group, edge: None },
            column,
            ..Self::default()
        })
    }

    /// The columns that are shown, from left to right.
    pub fn lines(&self, chart: &Chart) -> Vec<Line> {
        let mut lines = Vec::new();
        for (group, row) in chart.groups.iter().enumerate() {
            lines.push(Line { group, edge: None });
            if row.is_many() && self.opened.contains(&group) {
                lines.extend(row.edges.clone().map(|edge| Line { group, edge: Some(edge) }));
            }
        }
        lines
    }

    /// The cell that the panel explains: the one under the pointer, otherwise the selected one.
    pub fn explained(&self) -> (Line, usize) {
        self.hover.unwrap_or((self.line, self.column))
    }

    /// The id of the element with the focus.
    pub fn focus(&self, chart: &Chart) -> String {
        let row = (!self.on_name).then(|| chart.row_of(self.column)).flatten();
        id(self.line, row.map(|row| row.from))
    }

    /// Applies a change. Returns whether the keyboard focus must move.
    pub fn change(&mut self, chart: &Chart, change: MatrixViewChange) -> bool {
        match change {
            MatrixViewChange::Enter(line, column) => {
                self.line = line;
                self.on_name = column.is_none();
                // A selected step within the row stays selected.
                if let Some(from) = column
                    && chart.row_of(self.column).is_none_or(|row| row.from != from)
                {
                    self.column = from;
                }
                false
            }
            MatrixViewChange::Choose(column) => {
                self.column = column.min(chart.last());
                self.hover = None;
                false
            }
            MatrixViewChange::Point(cell) => {
                self.hover = cell;
                false
            }
            MatrixViewChange::Toggle(group) => {
                self.hover = None;
                if !self.opened.remove(&group) {
                    self.opened.insert(group);
                }
                if self.line.group == group {
                    self.line.edge = None;
                }
                false
            }
            MatrixViewChange::Step(motion) => {
                self.hover = None;
                self.step(chart, motion);
                true
            }
        }
    }

    fn step(&mut self, chart: &Chart, motion: Motion) {
        let (lines, rows) = (self.lines(chart), chart.rows());
        let (right, bottom) = (lines.len().saturating_sub(1), rows.len().saturating_sub(1));
        let line = lines.iter().position(|line| *line == self.line).unwrap_or_default();
        let row = rows.iter().position(|row| self.column <= row.to).unwrap_or_default();
        let column = match motion {
            Motion::Left => line.saturating_sub(1),
            Motion::Right => (line + 1).min(right),
            Motion::First | Motion::Top => 0,
            Motion::Last | Motion::Bottom => right,
            Motion::Up | Motion::Down | Motion::PageUp | Motion::PageDown => line,
        };
        self.line = lines.get(column).copied().unwrap_or_default();
        let row = match motion {
            Motion::Left | Motion::Right | Motion::First | Motion::Last => return,
            Motion::Up if row == 0 => {
                self.on_name = true;
                return;
            }
            Motion::Down | Motion::PageDown if self.on_name => 0,
            Motion::Up => row - 1,
            Motion::Down => (row + 1).min(bottom),
            Motion::PageUp => row.saturating_sub(PAGE),
            Motion::PageDown => (row + PAGE).min(bottom),
            Motion::Top => 0,
            Motion::Bottom => bottom,
        };
        self.on_name = false;
        if let Some(Row { from, to }) = rows.get(row).copied()
            && !(from..=to).contains(&self.column)
        {
            self.column = from;
        }
    }
}

/// The id of a cell's element, or of a column's heading (`None`).
pub fn id(line: Line, column: Option<usize>) -> String {
    let edge = line.edge.map_or_else(String::new, |edge| format!("-{edge}"));
    let column = column.map_or_else(|| "name".to_owned(), |column| column.to_string());
    format!("edge-{}{edge}:{column}", line.group)
}

/// The cell or heading of an element's id; `None` for other elements.
pub fn place(id: &str) -> Option<(Line, Option<usize>)> {
    let (line, column) = id.strip_prefix("edge-")?.split_once(':')?;
    let (group, edge) = match line.split_once('-') {
        Some((group, edge)) => (group, Some(edge.parse().ok()?)),
        None => (line, None),
    };
    let column = if column == "name" { None } else { Some(column.parse().ok()?) };
    Some((Line { group: group.parse().ok()?, edge }, column))
}

#[cfg(test)]
mod tests;
