//! The help about keyboard shortcuts.

use yew::prelude::*;

use super::cards::Fold;
use crate::{state::keys, words};

/// The shortcuts, by the place where they work.
pub fn keys_help() -> Html {
    html! { <Fold class="card" summary={html! { <b>{ words::KEYS }</b> }} test="keys-help" name="keys" content={Callback::from(|()| tables())} /> }
}

fn tables() -> Html {
    html! {
        <div class="table">
            for (place, keys) in keys::by_place().into_iter().map(|(place, keys)| (words::keys::place(place), keys)) {
                <table key={place}>
                    <caption>{ place }</caption>
                    <thead><tr>{ for words::KEY_TABLE.map(|title| html! { <th key={title} scope="col">{ title }</th> }) }</tr></thead>
                    <tbody>
                        for key in keys {
                            <tr key={key.name} data-test="key-row">
                                <th scope="row">{ for words::key_names(key.name).into_iter().map(|name| html! { <kbd key={name}>{ name }</kbd> }) }</th>
                                <td>{ words::keys::effect(key) }{ "." }</td>
                            </tr>
                        }
                    </tbody>
                </table>
            }
        </div>
    }
}
