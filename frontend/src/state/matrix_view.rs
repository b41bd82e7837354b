//! Where the person is in the picture of the rotation, and how keys and pointer move there.

use std::collections::BTreeSet;

use super::{
    chart::{Chart, Line, Mark},
    matrix_rows::Row,
};

/// How many rows a page key goes.
const PAGE: usize = 5;

/// Where the person is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MatrixView {
    /// The line with the focus.
    pub line: Line,
    /// The chosen moment: that of the drawing, too.
    pub column: usize,
    /// Is the focus on the column's heading rather than on a cell?
    pub on_name: bool,
    /// The cell under the pointer.
    pub hover: Option<(Line, usize)>,
    /// Rows whose edges are shown one by one.
    pub opened: BTreeSet<usize>,
}

/// What a person does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatrixViewChange {
    /// Goes to a cell, or to a line's name.
    Enter(Line, Option<usize>),
    /// Chooses a moment.
    Choose(usize),
    /// Moves by a key.
    Step(Motion),
    /// Points at a cell, or at none.
    Point(Option<(Line, usize)>),
    /// Shows a row's edges one by one, or no longer.
    Toggle(usize),
}

/// Where a key leads. A row is a step, a column a group of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// To the column before.
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
    /// Some rows up.
    PageUp,
    /// Some rows down.
    PageDown,
}

impl MatrixView {
    /// Where to look first: at what breaks first, accepted or not, or else at today.
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

    /// The lines that are shown, from top to bottom.
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

    /// The cell that is explained: that under the pointer, or else the chosen one.
    pub fn explained(&self) -> (Line, usize) {
        self.hover.unwrap_or((self.line, self.column))
    }

    /// The id of the element with the focus.
    pub fn focus(&self, chart: &Chart) -> String {
        let row = (!self.on_name).then(|| chart.row_of(self.column)).flatten();
        id(self.line, row.map(|row| row.from))
    }

    /// Changes, and says whether the focus is to follow.
    pub fn change(&mut self, chart: &Chart, change: MatrixViewChange) -> bool {
        match change {
            MatrixViewChange::Enter(line, column) => {
                self.line = line;
                self.on_name = column.is_none();
                // Within a row of several steps, the chosen one stays.
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

/// The id of a cell's element, or of a line's name.
pub fn id(line: Line, column: Option<usize>) -> String {
    let edge = line.edge.map_or_else(String::new, |edge| format!("-{edge}"));
    let column = column.map_or_else(|| "name".to_owned(), |column| column.to_string());
    format!("edge-{}{edge}:{column}", line.group)
}

/// Which cell or name an element is, by its id; `None` for any other element.
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
