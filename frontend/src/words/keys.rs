//! Keyboard shortcuts: where they work, and what they do.

use crate::state::keys::{Key, Place};

/// Where shortcuts work.
pub fn place(place: Place) -> &'static str {
    match place {
        Place::Anywhere => "Anywhere",
        Place::Matrix => "In the matrix",
        Place::Slider => "On the slider of steps",
    }
}

/// What a shortcut does, as a sentence without a final period.
pub fn effect(key: Key) -> &'static str {
    match (key.place, key.name) {
        (Place::Anywhere, "Tab") => "Goes to the next control; the matrix is one of them",
        (Place::Anywhere, "Shift+Tab") => "Goes to the previous control",
        (Place::Anywhere, "Enter") => "Follows a link, presses a button, opens or closes a section",
        (Place::Anywhere, "Space") => "Presses a button, selects a checkbox",
        (Place::Anywhere, "Alt+ArrowLeft") => "Goes back to the previous step, as the browser's button does",
        (Place::Anywhere, "Control+v") => "Loads what is pasted, without showing it; explains an error message",
        (Place::Anywhere, "Control+z") => "Reverts the last change: files added or removed, an option",
        (Place::Anywhere, "Control+p") => "Prints the plan and the review",
        (Place::Matrix, "ArrowLeft") => "Goes to the previous connection",
        (Place::Matrix, "ArrowRight") => "Goes to the next connection",
        (Place::Matrix, "ArrowUp") => "Goes to the previous step; from the first row, to the column heading",
        (Place::Matrix, "ArrowDown") => "Goes to the next step",
        (Place::Matrix, "Home") => "Goes to the first connection",
        (Place::Matrix, "End") => "Goes to the last connection",
        (Place::Matrix, "Control+Home") => "Goes to the first connection today",
        (Place::Matrix, "Control+End") => "Goes to the last connection at the last step",
        (Place::Matrix, "PageUp") => "Goes five steps up",
        (Place::Matrix, "PageDown") => "Goes five steps down",
        (Place::Slider, "ArrowLeft") => "Goes to the previous step",
        (Place::Slider, "ArrowRight") => "Goes to the next step",
        (Place::Slider, "Home") => "Goes to today",
        (Place::Slider, "End") => "Goes to the last step",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::state::keys::KEYS;

    #[test]
    fn every_shortcut_has_a_text() {
        assert!(KEYS.into_iter().all(|key| !effect(key).is_empty()));
        let texts: BTreeSet<_> = KEYS.into_iter().map(|key| (place(key.place), effect(key))).collect();
        assert_eq!(texts.len(), KEYS.len());
    }
}
