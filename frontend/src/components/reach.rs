//! How far a package goes that is only a part of the rotation, and how to continue.

use yew::prelude::*;

use super::{findings::findings, part::Card};
use crate::{state::reach::Reach, words};

/// How far it goes, and why no further.
pub fn ends(reach: &Reach) -> Html {
    html! {
        <Card id="reach" title={words::REACH} lead={html! { words::reach(reach) }}>{ findings(&reach.findings, None) }</Card>
    }
}

/// The same, with what to do when it is downloaded.
pub fn next(reach: &Reach) -> Html {
    html! {
        <Card id="what-next" title={words::NEXT} lead={html! { words::reach(reach) }}>
            <ol class="tasks">
                for step in words::next(reach) { <li key={step}>{ step }</li> }
            </ol>
        </Card>
    }
}
