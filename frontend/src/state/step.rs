//! The five steps, and what is missing for each.

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

#[cfg(test)]
mod tests;
