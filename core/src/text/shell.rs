//! Text from the input as a word of a POSIX shell's command line.

use super::terminal;

/// A word that the shell takes as it is.
///
/// Single quotes keep every byte (POSIX.1-2024, Shell Command Language, 2.2.2). A word with control characters is written
/// with escapes, for `printf`, so that a person who reads or copies the command sees one line.
pub(crate) fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    quoted(word)
}

/// A word in quotes: where it is assigned to a variable, names with a dash and digits look like sums to shellcheck.
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
    // The period keeps line breaks at the end, which command substitution would remove.
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
