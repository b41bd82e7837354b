//! Where the person is in the picture of the rotation, and how keys and pointer move there.

use std::collections::BTreeSet;

use super::chart::{Chart, Line, Mark};

/// How many lines a page key goes.
const PAGE: usize = 5;

/// Where the person is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// The line with the focus.
    pub line: Line,
    /// The chosen moment: that of the drawing, too.
    pub column: usize,
    /// Is the focus on the line's name rather than on a cell?
    pub on_name: bool,
    /// The cell under the pointer.
    pub hover: Option<(Line, usize)>,
    /// Rows whose edges are shown one by one.
    pub opened: BTreeSet<usize>,
}

/// What a person does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureChange {
    /// Goes to a cell, or to a line's name.
    Enter(Line, Option<usize>),
    /// Chooses a moment.
    Choose(usize),
    /// Moves by a key.
    Step(Way),
    /// Points at a cell, or at none.
    Point(Option<(Line, usize)>),
    /// Shows a row's edges one by one, or no longer.
    Toggle(usize),
}

/// Where a key leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the cell before; from the first, to the line's name.
    Left,
    /// To the next cell.
    Right,
    /// To the line above.
    Up,
    /// To the line below.
    Down,
    /// To the line's first cell.
    First,
    /// To the line's last cell.
    Last,
    /// To the first cell of all.
    Top,
    /// To the last cell of all.
    Bottom,
    /// Some lines up.
    PageUp,
    /// Some lines down.
    PageDown,
}

impl Picture {
    /// Where to look first: at what breaks first, accepted or not, or else at today.
    pub fn of(chart: &Chart) -> Self {
        let broken = chart.groups.iter().enumerate().filter_map(|(group, row)| {
            let run = row.runs.iter().find(|run| run.look.mark >= Mark::Outage)?;
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
        let column = (!self.on_name)
            .then(|| chart.cells(self.line).iter().find(|run| self.column <= run.to).map(|run| run.from));
        id(self.line, column.flatten())
    }

    /// Changes, and says whether the focus is to follow.
    pub fn change(&mut self, chart: &Chart, change: PictureChange) -> bool {
        match change {
            PictureChange::Enter(line, column) => {
                self.line = line;
                self.on_name = column.is_none();
                // Within a run, the chosen moment stays.
                if let Some(from) = column
                    && !chart
                        .cells(line)
                        .iter()
                        .any(|run| run.from == from && (run.from..=run.to).contains(&self.column))
                {
                    self.column = from;
                }
                false
            }
            PictureChange::Choose(column) => {
                self.column = column.min(chart.last());
                self.hover = None;
                false
            }
            PictureChange::Point(cell) => {
                self.hover = cell;
                false
            }
            PictureChange::Toggle(group) => {
                self.hover = None;
                if !self.opened.remove(&group) {
                    self.opened.insert(group);
                }
                if self.line.group == group {
                    self.line.edge = None;
                }
                false
            }
            PictureChange::Step(way) => {
                self.hover = None;
                self.step(chart, way);
                true
            }
        }
    }

    fn step(&mut self, chart: &Chart, way: Way) {
        let lines = self.lines(chart);
        let at = lines.iter().position(|line| *line == self.line).unwrap_or_default();
        let bottom = lines.len().saturating_sub(1);
        let to = match way {
            Way::Up => at.saturating_sub(1),
            Way::Down => (at + 1).min(bottom),
            Way::PageUp => at.saturating_sub(PAGE),
            Way::PageDown => (at + PAGE).min(bottom),
            Way::Top => 0,
            Way::Bottom => bottom,
            Way::Left | Way::Right | Way::First | Way::Last => at,
        };
        self.line = lines.get(to).copied().unwrap_or_default();
        let cells = chart.cells(self.line);
        let cell = cells.iter().position(|run| self.column <= run.to).unwrap_or_default();
        let go = match way {
            Way::Left if cell == 0 => {
                self.on_name = true;
                return;
            }
            Way::Left => cells.get(cell - 1),
            Way::Right if self.on_name => cells.first(),
            Way::Right => cells.get(cell + 1),
            Way::First | Way::Top => cells.first(),
            Way::Last | Way::Bottom => cells.last(),
            Way::Up | Way::Down | Way::PageUp | Way::PageDown => return,
        };
        if let Some(run) = go {
            self.on_name = false;
            if !(run.from..=run.to).contains(&self.column) {
                self.column = run.from;
            }
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
