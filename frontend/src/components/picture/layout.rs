//! Sizes and places in the trust diagram.

use std::collections::BTreeMap;

use yew::prelude::*;

use crate::{
    state::trust::{Seat, Wire},
    words,
};

/// Who is drawn to the left of kube-apiserver.
pub(super) const LEFT: [Seat; 7] =
    [Seat::Admins, Seat::People, Seat::Management, Seat::Pods, Seat::Joining, Seat::Requester, Seat::Other];

/// And to the right.
pub(super) const RIGHT: [Seat; 7] = [
    Seat::ControllerManager,
    Seat::Scheduler,
    Seat::Konnectivity,
    Seat::Kubelets,
    Seat::WorkerKubelets,
    Seat::Extensions,
    Seat::Webhooks,
];

pub(super) const WIDTH: usize = 1080;

pub(super) const BOX: usize = 180;

pub(super) const MIDDLE: usize = 450;

/// From a column of parties down to the old holder.
pub(super) const BELOW: usize = 64;

pub(super) type Wires = BTreeMap<(Seat, Seat), Wire>;

pub(super) fn party(seat: Seat, x: usize, y: usize, height: usize, width: usize) -> Html {
    let (middle, baseline) = (x + width / 2, y + height / 2 + 5);
    html! {
        <g key={words::seat(seat)} class="party">
            <rect x={x.to_string()} y={y.to_string()} width={width.to_string()} height={height.to_string()} rx="6" />
            <text x={middle.to_string()} y={baseline.to_string()} text-anchor="middle">{ words::seat(seat) }</text>
        </g>
    }
}
