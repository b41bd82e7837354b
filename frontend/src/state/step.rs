//! The five steps of the page.

/// A step of the page, whose id is the fragment of the address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Load files.
    #[default]
    Load,
    /// Inspect them.
    Inspect,
    /// Choose options, preview the plan, build.
    Plan,
    /// Review the prediction and the files.
    Review,
    /// Download the zip.
    Download,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Load, Self::Inspect, Self::Plan, Self::Review, Self::Download];

    /// Its id, which is the fragment of the address.
    pub fn id(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Inspect => "inspect",
            Self::Plan => "plan",
            Self::Review => "review",
            Self::Download => "download",
        }
    }

    /// The step with that id; the first one for an empty id.
    pub fn from_id(id: &str) -> Option<Self> {
        if id.is_empty() { Some(Self::Load) } else { Self::ALL.into_iter().find(|step| step.id() == id) }
    }
}

/// What a step requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Loaded files.
    Files,
    /// A package, or a refused one.
    Package,
}

#[cfg(test)]
mod tests;
