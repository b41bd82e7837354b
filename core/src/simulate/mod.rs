//! Simulation of a rotation: the result of every TLS edge of the profile, at every step, in every state that both sides
//! and the writers of their trusted CAs may be in.
//!
//! The steps are carried out one by one in a `SimulatedState`, which stores all possible values of everything presented or
//! trusted: an action adds the values that may have taken effect, and a gate (the step's check) removes the values that
//! it excludes.

mod edges;
mod effects;
mod handshake;
mod hosted;
mod machine_configs;
mod matrix;
mod node_effects;
mod serving;
mod state;
#[cfg(test)]
mod tests;
mod verifier_cache;

pub use self::matrix::{
    Broken, Column, Edge, OtherVerdict, Outcome, Span, Trial, TrustMatrix, Verdict, VerifierSummary,
};

use self::{edges::Edges, state::SimulatedState};
use crate::{mint::Minted, plan::RotationPlan, render::RenderError};

/// Predicts every TLS handshake of the rotation.
///
/// # Errors
/// A [`RenderError`] if a provided file cannot be edited in place.
pub fn simulate(plan: &RotationPlan, minted: &Minted) -> Result<TrustMatrix, RenderError> {
    let mut world = SimulatedState::today(plan, minted);
    let mut edges = Edges::of(plan, &world);
    edges.judge(&mut world, None);
    for step in &plan.steps {
        let before = world.before(step);
        world.carry_out(step)?;
        edges.judge(&mut world, Some(step));
        world.pass_gate(step, &before);
    }
    // Refusals are not judged at the end of a partial plan, because the rotation continues elsewhere.
    if plan.whole {
        edges.judge_refusals(&world);
    }
    Ok(edges.into_matrix(plan.steps.iter()))
}
