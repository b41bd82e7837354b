//! Quoting of input as a word of a POSIX shell command.

use super::terminal;

/// Quotes a word for the shell if necessary.
///
/// Single quotes preserve every byte (POSIX.1-2024, Shell Command Language, 2.2.2). A word with control characters is
/// written with escapes for `printf`, so that the command stays on one line when it is read or copied.
pub(crate) fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    quoted(word)
}

/// Quotes a word in any case. In assignments, shellcheck takes unquoted names with dashes and digits for arithmetic.
pub(crate) fn quoted(word: &str) -> String {
    if !word.chars().any(terminal::is_harmful) {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    let mut escaped = String::new();
    for c in word.chars() {
        if c.is_ascii_alphanumeric() || " ./_-:=@+,".contains(c) {
            escaped.push(c);
        } else {
            let mut bytes = [0; 4];
            escaped.extend(c.encode_utf8(&mut bytes).bytes().map(|byte| format!("\\0{byte:03o}")));
        }
    }
    // The period preserves trailing line breaks, which command substitution would remove.
    format!("\"$(word=$(printf '%b.' '{escaped}'); printf %s \"${{word%.}}\")\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_the_shell_as_they_are() {
        assert_eq!(quote("/etc/kubernetes/pki/ca.crt"), "/etc/kubernetes/pki/ca.crt");
        assert_eq!(quote("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quote(""), "''");
    }

    #[test]
    fn a_command_stays_one_line() {
        let word = quote("a\n```\nrm -rf / '%s' \u{202e}");
        assert!(!word.contains(['\n', '`', '\u{202e}']), "{word}");
        assert!(
            word.starts_with(
                r#""$(word=$(printf '%b.' 'a\0012\0140\0140\0140\0012rm -rf / \0047\0045s\0047 \0342\0200\0256')"#
            ),
            "{word}"
        );
    }
}
