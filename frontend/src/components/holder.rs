//! A node, or a group of objects, and what it holds.

use airlock_core::report::{HolderReport, SlotReport};
use yew::prelude::*;

use super::certificate::certificate;

/// What a holder holds, as a table.
pub fn slots(holder: &HolderReport) -> Html {
    html! {
        <div class="wide">
            <table>
                <thead><tr><th scope="col">{ "Place" }</th><th scope="col">{ "What it is" }</th><th scope="col">{ "What is in it" }</th></tr></thead>
                <tbody>
                    for (index, slot) in holder.slots.iter().enumerate() {
                        <tr key={index} data-test="slot" data-place={slot.place.clone()}>
                            <th scope="row" class="path">{ &slot.place }<span class="hint">{ from(slot) }</span></th>
                            <td>{ &slot.kind }</td>
                            <td>{ contents(slot) }</td>
                        </tr>
                    }
                </tbody>
            </table>
        </div>
    }
}

fn contents(slot: &SlotReport) -> Html {
    html! {
        <>
            for item in slot.certificates.iter().map(certificate) {
                { item }
            }
            for key in &slot.keys {
                <p data-test="key">{ "private key, " }{ &key.key_type }{ ", pin " }<span class="path">{ &key.pin }</span></p>
            }
            if !slot.server.is_empty() {
                <p>{ "server " }<span class="path">{ &slot.server }</span></p>
            }
        </>
    }
}

/// The file that it came from, where that is not just the place in this holder's tree.
fn from(slot: &SlotReport) -> String {
    if slot.file.ends_with(&slot.place) { String::new() } else { format!("from {}", slot.file) }
}
