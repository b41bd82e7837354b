//! How far a package goes that is not the whole rotation, and what comes next.

use yew::prelude::*;

use super::findings::findings;
use crate::{state::reach::Reach, words};

/// How far it goes, and why no further.
pub fn ends(reach: &Reach) -> Html {
    html! {
        <div class="warned" data-test="reach">
            <h3>{ words::REACH }</h3>
            <p>{ words::reach(reach) }</p>
            { findings(&reach.findings) }
        </div>
    }
}

/// The same, with what to do when it is downloaded.
pub fn next(reach: &Reach) -> Html {
    html! {
        <div class="warned" data-test="what-next">
            <h3>{ words::REACH }</h3>
            <p>{ words::reach(reach) }</p>
            <h4>{ words::NEXT }</h4>
            <ol>
                for step in words::next(reach) { <li key={step}>{ step }</li> }
            </ol>
        </div>
    }
}
