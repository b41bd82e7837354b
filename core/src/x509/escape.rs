//! Text from certificates, made visible.

/// Escapes control and formatting characters as `\XX` for each UTF-8 octet (RFC 4514, 2.4), and characters of `special`
/// with a backslash. Text from a certificate can then neither break a line nor reorder the text around it.
pub(crate) fn escape(text: &str, special: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            for octet in character.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(out, "\\{octet:02X}"); // writing to a String cannot fail
            }
        } else {
            if special.contains(character) {
                out.push('\\');
            }
            out.push(character);
        }
    }
    out
}

/// Whether it is a line or paragraph separator, has no width, or changes the text direction.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}
