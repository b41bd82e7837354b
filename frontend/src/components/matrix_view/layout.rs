//! Sizes and positions in the trust diagram.

use std::collections::BTreeMap;

use yew::prelude::*;

use crate::{
    state::trust::{Link, Participant},
    words,
};

/// Participants to the left of kube-apiserver.
pub(super) const LEFT: [Participant; 7] = [
    Participant::Admins,
    Participant::People,
    Participant::Management,
    Participant::Pods,
    Participant::Joining,
    Participant::Requester,
    Participant::Other,
];

/// Participants to the right of kube-apiserver.
pub(super) const RIGHT: [Participant; 7] = [
    Participant::ControllerManager,
    Participant::Scheduler,
    Participant::Konnectivity,
    Participant::Kubelets,
    Participant::WorkerKubelets,
    Participant::Extensions,
    Participant::Webhooks,
];

pub(super) const WIDTH: usize = 1080;

pub(super) const BOX: usize = 180;

pub(super) const MIDDLE: usize = 450;

/// The distance from a column of participants to the old holder below.
pub(super) const BELOW: usize = 64;

pub(super) type Links = BTreeMap<(Participant, Participant), Link>;

pub(super) fn party(participant: Participant, x: usize, y: usize, height: usize, width: usize) -> Html {
    let (middle, baseline) = (x + width / 2, y + height / 2 + 5);
    html! {
        <g key={words::participant(participant)} class="party">
            <rect x={x.to_string()} y={y.to_string()} width={width.to_string()} height={height.to_string()} rx="6" />
            <text x={middle.to_string()} y={baseline.to_string()} text-anchor="middle">{ words::participant(participant) }</text>
        </g>
    }
}
