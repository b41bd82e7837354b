//! The five steps, and what is missing for each.

use super::State;

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

/// What has to be there before a step can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Loaded files.
    Files,
    /// A package, or a refused one.
    Package,
}

impl State {
    /// What is missing before a step can be opened.
    pub fn missing(&self, step: Step) -> Option<Missing> {
        let is_there = match step {
            Step::Load => true,
            Step::Inspect | Step::Plan => self.inventory.is_some(),
            Step::Review => self.package.is_some() || !self.unmade.is_empty(),
            Step::Download => self.package.is_some(),
        };
        let needed = if step < Step::Review { Missing::Files } else { Missing::Package };
        (!is_there).then_some(needed)
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
        if step != self.step && self.missing(step).is_none() {
            self.step = step;
            self.notice = None;
            self.look_at(self.heading(step));
        }
    }

    /// Goes back to the last step for which everything is still there.
    pub(super) fn stay_on_the_way(&mut self) {
        let shown = self.step;
        while self.missing(self.step).is_some() {
            self.step = Step::ALL.into_iter().rev().find(|step| *step < self.step).unwrap_or_default();
        }
        if self.step != shown {
            self.look_at(self.heading(self.step));
        }
    }
}

#[cfg(test)]
mod tests;
