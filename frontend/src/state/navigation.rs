//! Moves between the steps of the page.

use super::{page::State, step::Step};

impl State {
    /// Shows a step, if it is available.
    pub(super) fn go(&mut self, step: Step) {
        if step != self.step && self.missing(step).is_none() {
            self.step = step;
            self.notice = None;
            self.style_at(self.heading(step));
        }
    }

    /// Goes back to the last step that is still available.
    pub(super) fn stay_on_the_way(&mut self) {
        let shown = self.step;
        while self.missing(self.step).is_some() {
            self.step = Step::ALL.into_iter().rev().find(|step| *step < self.step).unwrap_or_default();
        }
        if self.step != shown {
            self.style_at(self.heading(self.step));
        }
    }
}
