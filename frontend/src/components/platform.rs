//! The platform: what was detected, and the choice of another.

use airlock_core::report::InventoryReport;
use yew::prelude::*;

use super::icon::{Icon, icon};
use crate::{
    ports::dom,
    state::{
        act::Act,
        platform::{self, PhaseNames},
    },
    words::platform as words,
};

/// The platform's names of the phases, from the context.
#[hook]
pub fn use_tongue() -> PhaseNames {
    use_context().unwrap_or_default()
}

/// The choice; a callout if core cannot detect the platform.
pub fn choice(inventory: &InventoryReport, chosen: Option<&'static str>, busy: bool, act: &Callback<Act>) -> Html {
    let asked = platform::is_asked(inventory);
    let onchange = act.reform(|event: Event| Act::Platform(platform::chosen(&dom::value(&event))));
    html! {
        <div class="stackv" data-test="platform-choice" data-asked={asked.to_string()}>
            if asked {
                <div class="note warn">{ icon(Icon::Warning) }<div><b>{ words::ASK }</b><p class="small">{ words::ASK_HINT }</p></div></div>
            }
            <div class="field">
                <label for="platform">{ words::LABEL }</label>
                <select id="platform" class="input" {onchange} disabled={busy} aria-describedby="platform-hint" data-test="platform">
                    <option value="" selected={chosen.is_none()}>{ words::told(&inventory.platform, chosen.is_some()) }</option>
                    for profile in platform::choices() {
                        <option key={profile.id} value={profile.id} selected={chosen == Some(profile.id)}>{ profile.title }</option>
                    }
                </select>
                <span id="platform-hint" class="hint">{ words::HINT }</span>
            </div>
        </div>
    }
}
