//! The texts of a runbook that differ between platforms.

/// What else touches a rotation: question, command, and what must come of it.
pub(crate) type Consumer = (&'static str, &'static str, &'static str);

/// The words of one course.
pub(crate) struct Texts {
    /// What the phases are, and how they hang together.
    pub(crate) phases: &'static str,
    /// Where the steps of the whole cluster are taken.
    pub(crate) place: &'static str,
    /// How the package is unpacked and carried out, paragraph by paragraph.
    pub(crate) before: &'static [&'static str],
    /// What a machine is told that joins meanwhile.
    pub(crate) joining: &'static str,
    /// What the column of pins is called.
    pub(crate) pin: &'static str,
    pub(crate) consumers: &'static [Consumer],
    /// What else there is to know of the platform: titles, and what each is about.
    pub(crate) more: &'static [(&'static str, &'static [&'static str])],
    /// What each phase does, where the manager goes through the phases by itself; empty for the usual sentence.
    pub(crate) headings: [&'static str; 3],
    /// Whose order is left, after "Where this runbook leaves".
    pub(crate) other: &'static str,
    /// In what it is left, and why.
    pub(crate) differences: &'static [&'static str],
}
