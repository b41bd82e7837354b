//! The kubectl contexts with which objects of the package are applied. Kept for the session, in memory only.

use airlock_core::report::OutputFileReport;

/// The cluster that an object is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The cluster that manages the rotated one.
    Management,
    /// The cluster whose CAs are rotated.
    Workload,
}

impl Target {
    /// The cluster of an object of the package.
    pub fn of(file: &OutputFileReport) -> Self {
        if file.holder == "management" { Self::Management } else { Self::Workload }
    }
}

/// The context of one cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Its name as typed; empty for kubectl's current context.
    pub name: String,
    /// Was a command copied with it? Then the page does not ask again.
    pub settled: bool,
}

/// The contexts of both clusters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contexts {
    management: Context,
    workload: Context,
}

impl Contexts {
    /// The context of a cluster.
    pub fn of(&self, target: Target) -> &Context {
        match target {
            Target::Management => &self.management,
            Target::Workload => &self.workload,
        }
    }

    fn of_mut(&mut self, target: Target) -> &mut Context {
        match target {
            Target::Management => &mut self.management,
            Target::Workload => &mut self.workload,
        }
    }

    /// Takes what is typed into the field.
    pub(super) fn write(&mut self, target: Target, name: String) {
        self.of_mut(target).name = name;
    }

    /// A command was copied: the question is answered.
    pub(super) fn settle(&mut self, target: Target) {
        self.of_mut(target).settled = true;
    }

    /// Asks again.
    pub(super) fn ask_again(&mut self, target: Target) {
        self.of_mut(target).settled = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Action, Job, tests::after};

    #[test]
    fn each_cluster_is_asked_about_once() {
        let name = |target, name: &str| Action::ContextTyped(target, name.to_owned());
        let copied = |target| Action::Copied("a.yaml".to_owned(), target);
        let state = after([name(Target::Management, "mgmt"), Action::Began(Job::Copying), copied(Target::Management)]);
        let of = |state: &crate::state::State, target| state.contexts.of(target).clone();
        assert_eq!(of(&state, Target::Management), Context { name: "mgmt".to_owned(), settled: true });
        assert_eq!(of(&state, Target::Workload), Context::default());
        let again = state.clone().after(Action::ContextAskedAgain(Target::Management));
        assert_eq!(of(&again, Target::Management), Context { name: "mgmt".to_owned(), settled: false });
        // Another package keeps them, deleting everything does not.
        let rebuilt = state.clone().after(Action::Began(Job::Planning));
        assert_eq!(rebuilt.contexts, state.contexts);
        assert_eq!(state.after(Action::Wiped).contexts, Contexts::default());
    }
}
