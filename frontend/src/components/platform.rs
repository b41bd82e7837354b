//! The platform: what it was taken for, and the choice to say another.

use airlock_core::report::InventoryReport;
use yew::prelude::*;

use crate::{
    app::Act,
    ports::dom,
    state::platform::{self, Tongue},
    words::platform as words,
};

/// The platform's own words, for whatever names a phase.
#[hook]
pub fn use_tongue() -> Tongue {
    use_context().unwrap_or_default()
}

/// What it was taken for; where core cannot tell, the question stands out.
pub fn choice(inventory: &InventoryReport, chosen: Option<&'static str>, busy: bool, act: &Callback<Act>) -> Html {
    let asked = platform::is_asked(inventory);
    let onchange = act.reform(|event: Event| Act::Platform(platform::chosen(&dom::value(&event))));
    html! {
        <div class={classes!(asked.then_some("warned"))} data-test="platform-choice" data-asked={asked.to_string()}>
            if asked {
                <p>{ words::ASK }</p>
            }
            <label for="platform">{ words::LABEL }</label>
            <select id="platform" {onchange} disabled={busy} aria-describedby="platform-hint" data-test="platform">
                <option value="" selected={chosen.is_none()}>{ words::told(&inventory.platform, chosen.is_some()) }</option>
                for profile in platform::choices() {
                    <option key={profile.id} value={profile.id} selected={chosen == Some(profile.id)}>{ profile.title }</option>
                }
            </select>
            <p id="platform-hint" class="hint">{ words::HINT }</p>
        </div>
    }
}
