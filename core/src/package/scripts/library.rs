//! A library of shell functions, and the head of a script.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    package::output::OutputFile,
    plan::{Holder, Phase, RotationPlan},
    text::{shell::quote, terminal::Line},
};

/// A file of functions at the package's root, which scripts load after they have verified it.
pub(crate) struct Library {
    path: &'static str,
    text: String,
}

impl Library {
    pub(crate) fn new(path: &'static str, parts: &[&str]) -> Self {
        let head = "# shellcheck shell=sh disable=SC2034,SC2154 # variables of the scripts that load this file\n";
        Self { path, text: [&[head, COMMON][..], parts].concat().join("\n") }
    }

    /// The lines with which a script loads it, then `run`.
    pub(crate) fn load(&self, run: &str) -> String {
        format!(
            "\nlibrary=$root/{path}\nif [ \"$(sha256sum <\"$library\")\" != '{sum}  -' ]; then\n  echo \"$holder: FAILED: $library is missing or damaged, or sha256sum failed; unpack the package again\" >&2\n  exit 1\nfi\n# shellcheck source={path}\n. \"$library\"\n{run}\n",
            path = self.path,
            sum = crate::text::hex::lower(&Sha256::digest(self.text.as_bytes())),
        )
    }

    pub(crate) fn file(self) -> OutputFile {
        let purpose = "the functions that scripts load".to_owned();
        OutputFile::whole(self.path.into(), 0o644, Zeroizing::new(self.text.into_bytes()), purpose)
    }
}

/// A script's head: where it is, relative to the package's root, and what it is for.
pub(crate) fn head(plan: &RotationPlan, phase: Phase, holder: &Holder, up: &str) -> String {
    format!(
        "#!/bin/sh\n# Airlock, {}: phase {} ({}), {}.\n# Generated from the plan; RUNBOOK.md says when to run it, --help how.\nset -eu\numask 077\nLC_ALL=C\nexport LC_ALL\nhere=$(CDPATH='' cd -- \"$(dirname -- \"$0\")\" && pwd)\nroot=$(CDPATH='' cd -- \"$here/{up}\" && pwd)\n\npackage={}\nphase={}\nholder={}\n",
        Line(&plan.name),
        phase.number(),
        phase.title(),
        Line(holder),
        quote(&plan.name),
        phase.number(),
        quote(&holder.to_string()),
    )
}

/// A shell function; an empty one does nothing.
pub(crate) fn function(name: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return format!("\n{name}() {{\n  :\n}}\n");
    }
    format!("\n{name}() {{\n  {}\n}}\n", lines.join("\n  "))
}

/// The functions of every script: messages, calls of commands, waits.
pub(crate) const COMMON: &str = include_str!("common.sh");
