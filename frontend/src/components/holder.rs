//! The files of a node, or of a group of objects.

use airlock_core::report::{HolderReport, SlotReport};
use yew::prelude::*;

use super::certificate::certificate;
use crate::words;

/// The files as a table.
pub fn slots(holder: &HolderReport) -> Html {
    let [path, kind, contents] = words::SLOT_TABLE;
    html! {
        <div class="table stack">
            <table>
                <thead><tr>{ for words::SLOT_TABLE.map(|title| html! { <th key={title} scope="col">{ title }</th> }) }</tr></thead>
                <tbody>
                    for (index, slot) in holder.slots.iter().enumerate() {
                        <tr key={index} data-test="slot" data-place={slot.place.clone()}>
                            <th scope="row" class="path" data-l={path}>{ &slot.place }<span class="hint">{ from(slot) }</span></th>
                            <td data-l={kind}>{ &slot.kind }</td>
                            <td data-l={contents}>{ self::contents(slot) }</td>
                        </tr>
                    }
                </tbody>
            </table>
        </div>
    }
}

fn contents(slot: &SlotReport) -> Html {
    html! {
        <div>
            for item in slot.certificates.iter().map(certificate) {
                { item }
            }
            for key in &slot.keys {
                <p data-test="key">{ words::private_key(&key.key_type) }<span class="path">{ &key.pin }</span></p>
            }
            if !slot.server.is_empty() {
                <p>{ words::SERVER }<span class="path">{ &slot.server }</span></p>
            }
        </div>
    }
}

/// The loaded file, if its path differs from the path on the holder.
fn from(slot: &SlotReport) -> String {
    if slot.file.ends_with(&slot.place) { String::new() } else { words::from_file(&slot.file) }
}
