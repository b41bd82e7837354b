//! What every key does, from the table that they work by.

use yew::prelude::*;

use super::part::Fold;
use crate::{state::keys, words};

/// The keys by place.
pub fn keys_help() -> Html {
    html! {
        <Fold summary={html! { words::KEYS }} test="keys-help" name="keys" content={Callback::from(|()| tables())} />
    }
}

fn tables() -> Html {
    html! {
        <>
            for (place, keys) in keys::by_place() {
                <table key={place}>
                    <caption>{ place }</caption>
                    <thead><tr><th scope="col">{ "Key" }</th><th scope="col">{ "What it does" }</th></tr></thead>
                    <tbody>
                        for key in keys {
                            <tr key={key.name} data-test="key-row">
                                <th scope="row">{ for words::key_names(key.name).into_iter().map(|name| html! { <kbd key={name}>{ name }</kbd> }) }</th>
                                <td>{ key.does }{ "." }</td>
                            </tr>
                        }
                    </tbody>
                </table>
            }
        </>
    }
}
