//! Safe output of input on a terminal: it cannot move the cursor, change colours, start a line or reverse the reading
//! order.

use std::fmt::{self, Display, Write as _};

/// Displays input on one line of a terminal.
///
/// Control characters (C0, C1, DEL: ESC and line breaks among them), line and paragraph separators, and the characters
/// that set the direction of text (Unicode Bidirectional Algorithm, UAX #9; CVE-2021-42574) become U+FFFD.
#[derive(Clone, Copy, Debug)]
pub struct Line<T>(pub T);

impl<T: Display> Display for Line<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Filter(f), "{}", self.0)
    }
}

/// Forwards text without harmful characters.
struct Filter<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Filter<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| self.0.write_char(if is_harmful(c) { '\u{fffd}' } else { c }))
    }
}

/// Whether a terminal interprets the character instead of only displaying it.
pub(crate) fn is_harmful(c: char) -> bool {
    let separates = matches!(c, '\u{2028}' | '\u{2029}');
    let directs = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || separates || directs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_the_input_acts_on_the_terminal() {
        let hostile = "a\n\u{1b}[2J\u{9b}31mb\u{202e}c\u{2066}\r\u{7f}\u{2028}d";
        assert_eq!(
            Line(hostile).to_string(),
            "a\u{fffd}\u{fffd}[2J\u{fffd}31mb\u{fffd}c\u{fffd}\u{fffd}\u{fffd}\u{fffd}d"
        );
        assert_eq!(Line("CN=kübernetes, O=日本").to_string(), "CN=kübernetes, O=日本");
    }
}
