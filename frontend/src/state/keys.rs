//! Keyboard shortcuts: the table that key handlers and the help use.

use super::matrix_view::Motion;

/// A shortcut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where it works, as the help shows it.
    pub place: &'static str,
    /// Its name in `KeyboardEvent.key`, with the prefix `Control+` if that key is held.
    pub name: &'static str,
    /// Its motion in the matrix; `None` for shortcuts that are handled elsewhere.
    pub motion: Option<Motion>,
    /// What it does, as a sentence without a final period.
    pub does: &'static str,
}

const ANYWHERE: &str = "Anywhere";
const MATRIX: &str = "In the matrix";
const SLIDER: &str = "On the slider of steps";

const fn anywhere(name: &'static str, does: &'static str) -> Key {
    Key { place: ANYWHERE, name, motion: None, does }
}

const fn matrix_view(name: &'static str, motion: Motion, does: &'static str) -> Key {
    Key { place: MATRIX, name, motion: Some(motion), does }
}

const fn slider(name: &'static str, does: &'static str) -> Key {
    Key { place: SLIDER, name, motion: None, does }
}

/// The table.
pub const KEYS: [Key; 22] = [
    anywhere("Tab", "Goes to the next control; the matrix is one of them"),
    anywhere("Shift+Tab", "Goes to the previous control"),
    anywhere("Enter", "Follows a link, presses a button, opens or closes a section"),
    anywhere("Space", "Presses a button, selects a checkbox"),
    anywhere("Alt+ArrowLeft", "Goes back to the previous step, as the browser's button does"),
    anywhere("Control+v", "Loads what is pasted, without showing it; explains an error message"),
    anywhere("Control+z", "Reverts the last change: files added or removed, an option"),
    anywhere("Control+p", "Prints the plan and the review"),
    matrix_view("ArrowLeft", Motion::Left, "Goes to the previous connection"),
    matrix_view("ArrowRight", Motion::Right, "Goes to the next connection"),
    matrix_view("ArrowUp", Motion::Up, "Goes to the previous step; from the first row, to the column heading"),
    matrix_view("ArrowDown", Motion::Down, "Goes to the next step"),
    matrix_view("Home", Motion::First, "Goes to the first connection"),
    matrix_view("End", Motion::Last, "Goes to the last connection"),
    matrix_view("Control+Home", Motion::Top, "Goes to the first connection today"),
    matrix_view("Control+End", Motion::Bottom, "Goes to the last connection at the last step"),
    matrix_view("PageUp", Motion::PageUp, "Goes five steps up"),
    matrix_view("PageDown", Motion::PageDown, "Goes five steps down"),
    slider("ArrowLeft", "Goes to the previous step"),
    slider("ArrowRight", "Goes to the next step"),
    slider("Home", "Goes to today"),
    slider("End", "Goes to the last step"),
];

/// The motion of a key in the matrix.
pub fn motion(key: &str, control: bool) -> Option<Motion> {
    let named = |row: &&Key| match row.name.strip_prefix("Control+") {
        Some(name) => control && name == key,
        None => row.name == key,
    };
    let rows = || KEYS.iter().filter(|row| row.motion.is_some());
    // With Control, the row with `Control+` has priority; otherwise Control makes no difference.
    let held = rows().filter(|row| row.name.starts_with("Control+")).find(named);
    held.or_else(|| rows().find(named))?.motion
}

/// Is it the shortcut for undo?
pub fn is_undo(key: &str, control: bool) -> bool {
    control && key.eq_ignore_ascii_case("z")
}

/// The table by places, in order.
pub fn by_place() -> Vec<(&'static str, Vec<Key>)> {
    let mut places: Vec<(&'static str, Vec<Key>)> = Vec::new();
    for key in KEYS {
        match places.last_mut().filter(|place| place.0 == key.place) {
            Some(place) => place.1.push(key),
            None => places.push((key.place, vec![key])),
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_makes_another_key_of_home_and_end_only() {
        assert_eq!((motion("Home", false), motion("Home", true)), (Some(Motion::First), Some(Motion::Top)));
        assert_eq!((motion("ArrowUp", false), motion("ArrowUp", true)), (Some(Motion::Up), Some(Motion::Up)));
        assert_eq!((motion("Tab", false), motion("a", false)), (None, None));
    }

    #[test]
    fn control_z_alone_takes_back() {
        assert!(is_undo("z", true) && is_undo("Z", true));
        assert!(!is_undo("z", false) && !is_undo("y", true));
    }

    #[test]
    fn the_help_page_has_every_key_of_every_place() {
        let places = by_place();
        assert_eq!(places.iter().map(|place| place.1.len()).sum::<usize>(), KEYS.len());
        assert_eq!(places.iter().map(|place| place.0).collect::<Vec<_>>(), [ANYWHERE, MATRIX, SLIDER]);
    }
}
