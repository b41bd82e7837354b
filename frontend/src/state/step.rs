//! The five steps, and what is missing for each.

use super::State;
use crate::words;

/// A step of the person's way. The address after `#` names it, and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Files come in.
    #[default]
    Load,
    /// What they are.
    Inspect,
    /// Choices, the plan, and the making.
    Plan,
    /// What was predicted, and every file.
    Review,
    /// The zip.
    Download,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Load, Self::Inspect, Self::Plan, Self::Review, Self::Download];

    /// Its name in the address.
    pub fn id(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Inspect => "inspect",
            Self::Plan => "plan",
            Self::Review => "review",
            Self::Download => "download",
        }
    }

    /// The step of that name; the first for no name at all.
    pub fn from_id(id: &str) -> Option<Self> {
        if id.is_empty() { Some(Self::Load) } else { Self::ALL.into_iter().find(|step| step.id() == id) }
    }
}

impl State {
    /// What has to be there before the step can be gone to; empty where nothing is missing.
    pub fn missing(&self, step: Step) -> &'static str {
        match step {
            Step::Load => "",
            Step::Inspect | Step::Plan if self.inventory.is_some() => "",
            Step::Inspect | Step::Plan => words::NEEDS_FILES,
            Step::Review if self.package.is_some() || !self.unmade.is_empty() => "",
            Step::Download if self.package.is_some() => "",
            Step::Review | Step::Download => words::NEEDS_PACKAGE,
        }
    }

    /// The id of the heading under which a step begins.
    pub fn heading(&self, step: Step) -> &'static str {
        match step {
            Step::Load => "load",
            Step::Inspect => "inventory",
            Step::Plan => "plan-form",
            Step::Review if self.unmade.is_empty() => "review",
            Step::Review => "unmade",
            Step::Download => "download",
        }
    }

    /// Goes to a step, if nothing is missing for it.
    pub(super) fn go(&mut self, step: Step) {
        if step != self.step && self.missing(step).is_empty() {
            self.step = step;
            self.notice.clear();
            self.refused = false;
            self.look_at(self.heading(step));
        }
    }

    /// Goes back to the last step for which everything is still there.
    pub(super) fn stay_on_the_way(&mut self) {
        let shown = self.step;
        while !self.missing(self.step).is_empty() {
            self.step = Step::ALL.into_iter().rev().find(|step| *step < self.step).unwrap_or_default();
        }
        if self.step != shown {
            self.look_at(self.heading(self.step));
        }
    }
}

#[cfg(test)]
mod tests;
