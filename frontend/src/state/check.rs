//! The check of rotation progress.

use std::rc::Rc;

use airlock_core::report::{CheckReport, MissingReport};

/// A check of a phase, and its result.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// 1, 2 or 3; `None` for the latest phase started.
    pub phase: Option<u8>,
    /// The result; `None` until the worker returns it.
    pub report: Option<Rc<CheckReport>>,
}

impl Check {
    /// Takes a result, if it belongs to the last check.
    pub fn answer(&mut self, phase: Option<u8>, report: Rc<CheckReport>) -> bool {
        let fits = self.phase == phase;
        if fits {
            self.report = Some(report);
        }
        fits
    }
}

/// A holder that has not completed a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind<'a> {
    /// A node's name, an object's place, or a file.
    pub holder: &'a str,
    /// Its role in the cluster, as core names it.
    pub role: &'a str,
    /// Its files that are not complete.
    pub missing: Vec<&'a MissingReport>,
}

/// Holders that have not completed the phase, in the report's order.
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
