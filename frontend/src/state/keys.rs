//! Keyboard shortcuts: the table that key handlers and the help use.

use super::matrix_view::Motion;

/// Where a shortcut works. Texts: `words::keys`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the whole page.
    Anywhere,
    /// In the trust matrix.
    Matrix,
    /// On the slider of steps.
    Slider,
}

/// A shortcut. Texts: `words::keys`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where it works.
    pub place: Place,
    /// Its name in `KeyboardEvent.key`, with the prefix `Control+` if that key is held.
    pub name: &'static str,
    /// Its motion in the matrix; `None` for shortcuts that are handled elsewhere.
    pub motion: Option<Motion>,
}

const fn anywhere(name: &'static str) -> Key {
    Key { place: Place::Anywhere, name, motion: None }
}

const fn matrix(name: &'static str, motion: Motion) -> Key {
    Key { place: Place::Matrix, name, motion: Some(motion) }
}

const fn slider(name: &'static str) -> Key {
    Key { place: Place::Slider, name, motion: None }
}

/// The table.
pub const KEYS: [Key; 22] = [
    anywhere("Tab"),
    anywhere("Shift+Tab"),
    anywhere("Enter"),
    anywhere("Space"),
    anywhere("Alt+ArrowLeft"),
    anywhere("Control+v"),
    anywhere("Control+z"),
    anywhere("Control+p"),
    matrix("ArrowLeft", Motion::Left),
    matrix("ArrowRight", Motion::Right),
    matrix("ArrowUp", Motion::Up),
    matrix("ArrowDown", Motion::Down),
    matrix("Home", Motion::First),
    matrix("End", Motion::Last),
    matrix("Control+Home", Motion::Top),
    matrix("Control+End", Motion::Bottom),
    matrix("PageUp", Motion::PageUp),
    matrix("PageDown", Motion::PageDown),
    slider("ArrowLeft"),
    slider("ArrowRight"),
    slider("Home"),
    slider("End"),
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
pub fn by_place() -> Vec<(Place, Vec<Key>)> {
    let mut places: Vec<(Place, Vec<Key>)> = Vec::new();
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
        assert_eq!(
            places.iter().map(|place| place.0).collect::<Vec<_>>(),
            [Place::Anywhere, Place::Matrix, Place::Slider]
        );
    }
}
