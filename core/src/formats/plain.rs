//! Plain YAML scalars: a conservative check whether YAML 1.1 and 1.2 readers parse a string the same without quotes.

/// Words that YAML 1.1 or 1.2 does not parse as strings, in lower case.
const WORDS: [&str; 12] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"];

/// Whether `value` without quotes parses to the same string. `flow`: inside `[…]` or `{…}`.
///
/// False for numbers, dates, times and everything that begins with a digit or an indicator.
pub(crate) fn is_plain(value: &str, flow: bool) -> bool {
    let first_is_safe = match value.as_bytes() {
        [b'a'..=b'z' | b'A'..=b'Z' | b'/', ..] => true,
        [b'-', b'-', b'a'..=b'z' | b'A'..=b'Z', ..] => true, // a command's flag
        _ => false,
    };
    if flow && value.contains([',', '[', ']', '{', '}', ':', '#']) {
        return false;
    }
    first_is_safe
        && value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
        && !value.ends_with([' ', ':'])
        && !value.contains(": ")
        && !value.contains(" #")
        && !WORDS.contains(&value.to_ascii_lowercase().as_str())
}

/// Whether `c` may occur unescaped in a quoted single-line scalar.
pub(crate) fn is_printable_in_line(c: char) -> bool {
    // YAML 1.1 treats NEL, LS and PS as line breaks; some readers drop a byte order mark.
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}
