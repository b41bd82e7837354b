//! Command lines of containers and systemd units: words, flags, and absolute paths in them.

use std::{collections::BTreeMap, fmt};

/// One argument of a command line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Argument {
    /// The flag of the value, without leading dashes; `None` for a positional argument.
    pub flag: Option<String>,
    /// The value; empty for a flag without one.
    pub value: String,
    /// The index of the word that contains the value; for words of a script, the index of the script.
    pub word: usize,
}

/// Prints the flag, never the value: command lines can contain passwords.
impl fmt::Debug for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Argument({:?})", self.flag)
    }
}

/// Parses the arguments of a command line, in order.
///
/// A flag is a word with one or two leading dashes, in any form that spf13/pflag and Go's `flag` package accept:
/// `--flag=value`, `--flag value`, `--switch`, and `-f/path`. A word without a leading dash belongs to the preceding
/// flag. A positional word that contains spaces is a script (`sh -c "exec kubelet --config /a"`), whose words are
/// parsed as well. `lookup` returns the value of a variable used in a script.
pub(crate) fn arguments(words: &[String], lookup: &dyn Fn(&str) -> Option<String>) -> Vec<Argument> {
    let mut found = Vec::new();
    let mut index = 0;
    let mut only_positional = false;
    while index < words.len() {
        let word = words[index].as_str();
        if word == "--" {
            only_positional = true;
        } else if let Some((flag, value)) = flag(word).filter(|_| !only_positional) {
            let next =
                words.get(index + 1).filter(|next| value.is_none() && !next.starts_with('-') && !is_script(next));
            index += usize::from(next.is_some());
            let value = value.or_else(|| next.cloned()).unwrap_or_default();
            found.push(Argument { flag: Some(flag), value, word: index });
        } else if is_script(word) {
            let inner = arguments(&script_words(word, lookup), lookup);
            found.extend(inner.into_iter().map(|argument| Argument { word: index, ..argument }));
        } else {
            found.push(Argument { flag: None, value: word.to_owned(), word: index });
        }
        index += 1;
    }
    found
}

/// The flag in a word, and its value if it is in the same word.
fn flag(word: &str) -> Option<(String, Option<String>)> {
    let (name, is_short) = match word.strip_prefix("--") {
        Some(name) => (name, false),
        None => (word.strip_prefix('-')?, true),
    };
    let first = name.chars().next().filter(char::is_ascii_alphanumeric)?;
    let (before, value) = match name.split_once('=') {
        Some((before, value)) => (before, Some(value)),
        None => (name, None),
    };
    if is_short && before.contains('/') {
        let rest = &name[first.len_utf8()..];
        return Some((first.to_string(), Some(rest.to_owned())));
    }
    Some((before.to_owned(), value.map(str::to_owned)))
}

fn is_script(word: &str) -> bool {
    !word.starts_with('-') && word.contains([' ', '\t', '\n'])
}

/// Splits a shell script into words: quotes and operators are removed, known variables are replaced.
pub(crate) fn script_words(script: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    let mut words = Vec::new();
    for raw in split_words(script, true) {
        let word = expand_shell(&raw, &|name| variables.get(name).cloned().or_else(|| lookup(name)));
        if let Some((name, value)) = word.split_once('=').filter(|(name, _)| is_variable(name)) {
            variables.insert(name.to_owned(), value.to_owned());
        }
        words.push(word);
    }
    words
}

/// Whether a text is the name of an environment variable.
pub(crate) fn is_variable(name: &str) -> bool {
    name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Splits a text at white space as shells and systemd do: quotes group, and a backslash escapes the next character.
/// `operators`: `;`, `|`, `&`, `(`, `)`, `<`, `>` and backquotes also separate words.
pub(crate) fn split_words(text: &str, operators: bool) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => match characters.next() {
                Some('\n') | None => {}
                Some(next) => word.get_or_insert_default().push(next),
            },
            (None, c) if c.is_whitespace() || (operators && ";|&()<>`".contains(c)) => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Replaces `$NAME` and `${NAME}` by the values that `lookup` returns. Unknown references are unchanged.
pub(crate) fn expand_shell(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let (name, end) = match after.strip_prefix('{').and_then(|inner| inner.find('}').map(|end| &inner[..end])) {
            Some(name) => (name, name.len() + 2),
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                (&after[..end], end)
            }
        };
        match lookup(name).filter(|_| is_variable(name)) {
            Some(value) => expanded.push_str(&value),
            None => {
                expanded.push('$');
                expanded.push_str(&after[..end]);
            }
        }
        rest = &after[end..];
    }
    expanded.push_str(rest);
    expanded
}

/// Replaces `$(NAME)` as Kubernetes does in commands, arguments and environment variables: unknown names are unchanged,
/// and `$$` is a dollar sign (kubernetes/kubernetes: `third_party/forked/golang/expansion/expand.go`).
pub(crate) fn expand_kubernetes(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        rest = if let Some(after) = after.strip_prefix('$') {
            expanded.push('$');
            after
        } else if let Some((name, after)) = after.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            match lookup(name) {
                Some(value) => expanded.push_str(&value),
                None => {
                    expanded.push_str("$(");
                    expanded.push_str(name);
                    expanded.push(')');
                }
            }
            after
        } else {
            expanded.push('$');
            after
        };
    }
    expanded.push_str(rest);
    expanded
}

/// Extracts the absolute paths in a value, normalized, in order.
///
/// A value can be a path, a list (`cert,key:name`, `a:b`), an assignment (`KUBECONFIG=/a`), or JSON. URLs are ignored,
/// except `file:` URLs. For a path with a pattern or an unknown variable, the result is the last folder before it, if
/// that is at least two levels deep.
pub(crate) fn absolute_paths(value: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let is_separator = |c: char| c.is_whitespace() || c.is_control() || ",;\"'`<>|&".contains(c);
    for piece in value.split(is_separator) {
        let piece = match piece.split_once("://") {
            Some((scheme, rest)) if scheme.ends_with("file") => rest,
            Some(_) => continue,
            None => piece,
        };
        for token in piece.split([':', '=', '[', ']']) {
            // `${NAME}` and `$(NAME)` are unknown variables; other braces are JSON, other parentheses a shell's.
            let tokens = if token.contains('$') { vec![token] } else { token.split(['{', '}', '(', ')']).collect() };
            let fixed = tokens.into_iter().filter_map(fixed_part);
            paths.extend(fixed.filter(|token| token.len() > 1 && token.starts_with('/')).map(clean));
        }
    }
    paths
}

/// The longest leading folder of a path without patterns and variables.
fn fixed_part(token: &str) -> Option<&str> {
    let Some(at) = token.find(['$', '*', '?']) else { return Some(token) };
    let folder = &token[..token[..at].rfind('/')?];
    (folder.matches('/').count() > 1).then_some(folder)
}

/// Resolves `path` against `folder` unless it is absolute, and removes `.`, `..` and double slashes, as Go's
/// `path.Join` does.
pub(crate) fn absolute(folder: &str, path: &str) -> String {
    if path.starts_with('/') { clean(path) } else { clean(&format!("{folder}/{path}")) }
}

fn clean(path: &str) -> String {
    let mut names = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}

#[cfg(test)]
mod tests;
