//! Whether a phase is done: what was asked, and what came of it.

use std::rc::Rc;

use airlock_core::report::{CheckReport, MissingReport};

/// What was asked, and the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// 1, 2 or 3; `None` for the furthest that anyone has begun.
    pub phase: Option<u8>,
    /// `None` until it arrives.
    pub report: Option<Rc<CheckReport>>,
}

impl Check {
    /// Takes an answer, if it is to what was asked last.
    pub fn answer(&mut self, phase: Option<u8>, report: Rc<CheckReport>) -> bool {
        let fits = self.phase == phase;
        if fits {
            self.report = Some(report);
        }
        fits
    }
}

/// Somebody who is not through a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind<'a> {
    /// A node's name, an object's place, or a file.
    pub holder: &'a str,
    /// Its part in the cluster, as core names it.
    pub role: &'a str,
    /// What of it is not.
    pub missing: Vec<&'a MissingReport>,
}

/// Everybody who is not through the phase, in the report's order.
pub fn behind(report: &CheckReport) -> Vec<Behind<'_>> {
    let mut all: Vec<Behind<'_>> = Vec::new();
    for missing in &report.missing {
        match all.last_mut().filter(|last| (last.holder, last.role) == (&missing.holder, &missing.role)) {
            Some(last) => last.missing.push(missing),
            None => all.push(Behind { holder: &missing.holder, role: &missing.role, missing: vec![missing] }),
        }
    }
    all
}

#[cfg(test)]
mod tests;
