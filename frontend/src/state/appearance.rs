//! Colours and keyboard focus.

/// Colours of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has them.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The next one in turn.
    pub fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }

    /// The value of the page's attribute; empty for the system's.
    pub fn id(self) -> &'static str {
        match self {
            Self::System => "",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// The element to focus. A new count focuses it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Focus {
    /// The element's id; empty at first.
    pub id: String,
    /// Increases with each request.
    pub count: u32,
}
