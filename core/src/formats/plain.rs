//! Which strings may stand in YAML without quotes: a conservative answer for YAML 1.1 and 1.2 readers.

/// Words that YAML 1.1 or 1.2 reads as something else than a string, in lower case.
const WORDS: [&str; 12] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"];

/// Whether `value` reads as this very string when it stands without quotes; `flow` inside `[…]` or `{…}`.
///
/// Numbers, dates, times and everything that begins with a digit or an indicator are refused.
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

/// Whether `c` may stand in a quoted scalar of one line as it is.
pub(crate) fn is_printable_in_line(c: char) -> bool {
    // NEL, LS and PS are line breaks to YAML 1.1; a byte order mark is dropped by some readers.
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}
