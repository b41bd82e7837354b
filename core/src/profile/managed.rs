//! Managers that create and rotate a cluster's CAs themselves, as data: the commands and checks of each step.

use super::ids::AuthorityId;

/// A manager, and its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manager {
    /// Its display name.
    pub title: &'static str,
    /// The CAs that it rotates, one at a time in this order: CA, `{api}` and `{component}`.
    pub apis: &'static [(AuthorityId, &'static str, &'static str)],
    /// Whether its machines are created from machine configurations.
    pub machine_configs: bool,
    /// The package's script that its steps call, with the options of `SubcloudStrategy`; empty if the steps call the
    /// manager's own tool.
    pub script: &'static str,
    /// Every step, in order.
    pub steps: &'static [ManagedStep],
}

/// A step. In texts and commands, `{cluster}`, `{api}` and `{component}` are placeholders for names, and `{options}`
/// for the strategy's options. Each name and option reaches the shell as one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManagedStep {
    /// Its name.
    pub id: &'static str,
    /// 1, 2 or 3.
    pub phase: u8,
    /// The CA whose rotation needs the step; `None` for all.
    pub authority: Option<AuthorityId>,
    /// Who performs it.
    pub performer: Performer,
    /// The result.
    pub title: &'static str,
    /// What happens and why.
    pub text: &'static str,
    /// The command; empty if there is none, or a person acts.
    pub run: &'static str,
    /// A command that exits with 0 once the step has taken effect; empty if only a person can check.
    pub gate: &'static str,
    /// What the check verifies, after "It worked when".
    pub words: &'static str,
}

/// Who performs a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Performer {
    /// The operator of the manager's own tool.
    Operator,
    /// Every person with own credentials.
    People,
}

impl ManagedStep {
    /// A template: a step of the operator, for all CAs, with empty texts.
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
