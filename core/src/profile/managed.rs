//! A manager that makes and rotates a cluster's authorities by itself, as data: what it is told and asked, step by step.

use super::AuthorityId;

/// Who rotates, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manager {
    /// Its name for people.
    pub title: &'static str,
    /// What it rotates, in its own order and one at a time: whose it is, its `{api}` and its `{component}`.
    pub apis: &'static [(AuthorityId, &'static str, &'static str)],
    /// Does it run machines that are made from machine configurations?
    pub machine_configs: bool,
    /// The script of the package that its steps call, which takes the options of
    /// `SubcloudStrategy`; empty where the steps call the manager's own tool.
    pub script: &'static str,
    /// Every step, in order.
    pub steps: &'static [ManagedStep],
}

/// A step. In its texts and commands `{cluster}`, `{api}` and `{component}` stand for the names, `{options}` for the options
/// of the strategy; each name and each option reaches the shell as one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManagedStep {
    /// Its name.
    pub id: &'static str,
    /// 1, 2 or 3.
    pub phase: u8,
    /// Whose rotation needs it; `None` for every one.
    pub authority: Option<AuthorityId>,
    /// Who takes it.
    pub performer: Performer,
    /// What comes of it.
    pub title: &'static str,
    /// What and why.
    pub text: &'static str,
    /// What carries it out; empty where nothing does, or a person.
    pub run: &'static str,
    /// What exits with 0 once it has taken effect; empty where only a person can tell.
    pub gate: &'static str,
    /// What the gate asks, after "It worked when".
    pub words: &'static str,
}

/// Who takes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Performer {
    /// Whoever runs the manager's own tool.
    Operator,
    /// Everyone who holds a credential of their own.
    People,
}

impl ManagedStep {
    /// A step of the operator's, whatever is rotated, without any word yet.
    pub(super) const BLANK: Self = Self {
        id: "",
        phase: 1,
        authority: None,
        performer: Performer::Operator,
        title: "",
        text: "",
        run: "",
        gate: "",
        words: "",
    };
}
