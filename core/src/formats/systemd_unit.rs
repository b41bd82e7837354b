//! systemd service units with drop-ins and environment files: their commands, and the files that they refer to
//! (systemd.syntax(7), systemd.service(5), systemd.exec(5)).

use std::{collections::BTreeMap, fmt};

use super::command_line;

/// A unit file or a drop-in.
pub(crate) struct Fragment<'a> {
    /// The file's name in the input.
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
}

/// A file that `EnvironmentFile=` names, or matches.
pub(crate) struct EnvironmentFile<'a> {
    /// Its absolute path on the node.
    pub(crate) path: String,
    /// The file, as the person named it.
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
}

/// A word of a command, and the file that contains it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) file: String,
}

/// A service, merged from a unit file and its drop-ins as systemd does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Service {
    /// The commands of `ExecStart=`, `ExecStartPre=` and so on, variables replaced.
    pub(crate) commands: Vec<Vec<Word>>,
    /// Environment variables that no command line uses, with their file. The programs may read these directly.
    pub(crate) environment: Vec<(String, Word)>,
    /// Values of directives that refer to files: `LoadCredential=`, `BindPaths=`, `WorkingDirectory=`, ….
    pub(crate) directives: Vec<(String, Word)>,
    /// `EnvironmentFile=`: absolute paths and the file that names each. A pattern stands for the provided files that it
    /// matches; one that matches none, for itself.
    pub(crate) environment_files: Vec<Word>,
    /// `WorkingDirectory=`; `/` if it is not set.
    pub(crate) working_directory: String,
    /// Missing input that the commands depend on: names of unset variables, and paths of mandatory environment files.
    pub(crate) unknown: Vec<Unknown>,
}

/// A missing part of a unit, and the file that refers to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unknown {
    /// A variable of a command.
    Variable { name: String, file: String },
    /// `EnvironmentFile=` without `-`.
    EnvironmentFile { path: String, file: String },
}

/// Variables that systemd itself sets (systemd.exec(5), "Environment Variables Set or Propagated by the Service
/// Manager").
const SET_BY_SYSTEMD: [&str; 29] = [
    "CACHE_DIRECTORY",
    "CONFIGURATION_DIRECTORY",
    "CREDENTIALS_DIRECTORY",
    "EXIT_CODE",
    "EXIT_STATUS",
    "FDSTORE",
    "HOME",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LANG",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LOGNAME",
    "LOGS_DIRECTORY",
    "MAINPID",
    "MANAGERPID",
    "NOTIFY_SOCKET",
    "PATH",
    "PIDFILE",
    "RUNTIME_DIRECTORY",
    "SERVICE_RESULT",
    "SHELL",
    "STATE_DIRECTORY",
    "SYSTEMD_EXEC_PID",
    "TERM",
    "USER",
    "WATCHDOG_USEC",
    "XDG_RUNTIME_DIR",
];

/// Prints the file, never the text: command lines can contain passwords.
impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Word(from {})", self.file)
    }
}

/// Directives, other than commands, with paths that the service reads.
const PATHS: [&str; 7] = [
    "BindPaths",
    "BindReadOnlyPaths",
    "LoadCredential",
    "LoadCredentialEncrypted",
    "OpenFile",
    "RootDirectory",
    "StandardInput",
];

/// Parses a unit file or drop-in: section, name and value of each directive, in order. `joint` replaces a backslash and
/// the following line break: a space in unit files, nothing in environment files.
fn directives(text: &str, joint: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let mut section = String::new();
    let mut continued: Option<String> = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with(['#', ';']) || (trimmed.is_empty() && continued.is_none()) {
            continue;
        }
        let whole = continued.take().unwrap_or_default() + line;
        match whole.trim_end().strip_suffix('\\') {
            Some(start) => continued = Some(format!("{start}{joint}")),
            None => add(whole.trim(), &mut section, &mut found),
        }
    }
    add(continued.unwrap_or_default().trim(), &mut section, &mut found);
    found
}

fn add(line: &str, section: &mut String, found: &mut Vec<(String, String, String)>) {
    if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        name.clone_into(section);
    } else if let Some((name, value)) = line.split_once('=') {
        found.push((section.clone(), name.trim().to_owned(), value.trim().to_owned()));
    }
}

/// The assignments of an environment file. If a name is repeated, the last one counts.
pub(crate) fn environment(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (_, name, value) in directives(text, "") {
        let name = name.strip_prefix("export ").unwrap_or(&name).trim().to_owned();
        found.push((name, unquoted(&value)));
    }
    found
}

/// Removes the quotes of a value in an environment file, and leading and trailing white space outside of them.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return if quote == '"' { inner.replace("\\\"", "\"").replace("\\\\", "\\") } else { inner.to_owned() };
        }
    }
    value.to_owned()
}

/// Merges a unit file and its drop-ins in systemd's order. An empty value resets the previous values.
///
/// `read` gives the provided files on the node that an absolute path or a pattern names, sorted by path ([`glob`]).
pub(crate) fn service<'a>(fragments: &[Fragment<'_>], read: &dyn Fn(&str) -> Vec<EnvironmentFile<'a>>) -> Service {
    let mut exec: Vec<(String, Word)> = Vec::new();
    let mut variables: BTreeMap<String, Word> = BTreeMap::new();
    let mut service = Service { working_directory: "/".to_owned(), ..Service::default() };
    // Paths or patterns, and whether the unit starts without them.
    let mut named: Vec<(Word, bool)> = Vec::new();
    for fragment in fragments {
        for (section, name, value) in directives(fragment.text, " ") {
            let word = |text: &str| Word { text: text.to_owned(), file: fragment.file.to_owned() };
            if section != "Service" {
                continue;
            }
            match name.as_str() {
                name if name.starts_with("Exec") && value.is_empty() => exec.retain(|(other, _)| other != name),
                name if name.starts_with("Exec") => exec.push((name.to_owned(), word(&value))),
                "Environment" if value.is_empty() => variables.clear(),
                "Environment" => {
                    for assignment in command_line::split_words(&value, false) {
                        if let Some((name, value)) = assignment.split_once('=') {
                            variables.insert(name.to_owned(), word(value));
                        }
                    }
                }
                "EnvironmentFile" if value.is_empty() => named.clear(),
                "EnvironmentFile" => {
                    let path = value.strip_prefix('-');
                    named.push((word(path.unwrap_or(&value)), path.is_some()));
                }
                "WorkingDirectory" if !value.is_empty() && !value.contains('~') => {
                    value.trim_start_matches('-').clone_into(&mut service.working_directory);
                }
                name if PATHS.contains(&name) => service.directives.push((name.to_owned(), word(&value))),
                _ => {}
            }
        }
    }
    for (named, is_optional) in named {
        let files = read(&named.text);
        for EnvironmentFile { path, file, text } in &files {
            let pairs = environment(text).into_iter();
            variables.extend(pairs.map(|(name, text)| (name, Word { text, file: (*file).to_owned() })));
            service.environment_files.push(Word { text: path.clone(), file: named.file.clone() });
        }
        if files.is_empty() {
            if !is_optional {
                let (path, file) = (named.text.clone(), named.file.clone());
                service.unknown.push(Unknown::EnvironmentFile { path, file });
            }
            service.environment_files.push(named);
        }
    }
    let unset = exec.iter().flat_map(|(_, line)| {
        let names = variables_of(&line.text).into_iter();
        let names = names.filter(|name| !variables.contains_key(name) && !SET_BY_SYSTEMD.contains(&name.as_str()));
        names.map(|name| Unknown::Variable { name, file: line.file.clone() })
    });
    service.unknown.extend(unset);
    service.unknown.sort();
    service.unknown.dedup();
    service.commands = exec.iter().map(|(_, line)| words(line, &variables)).collect();
    let is_used = |name: &str| exec.iter().any(|(_, line)| uses(&line.text, name));
    service.environment = variables.into_iter().filter(|(name, _)| !is_used(name)).collect();
    service
}

/// Whether a command line uses a variable.
fn uses(line: &str, name: &str) -> bool {
    line.contains(&format!("${{{name}}}"))
        || line.match_indices(&format!("${name}")).any(|(at, found)| {
            let next = line[at + found.len()..].chars().next();
            !next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '_')
        })
}

/// The variables that systemd replaces in a command line: `$NAME` as a separate word, and `${NAME}` anywhere. `$$` is a
/// dollar sign (systemd.service(5), "Command lines").
fn variables_of(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (index, raw) in command_line::split_words(line, false).into_iter().enumerate() {
        let program = raw.trim_start_matches(['@', '-', ':', '+', '!', '|']);
        if index == 0 && raw[..raw.len() - program.len()].contains(':') {
            return Vec::new();
        }
        let whole = raw.strip_prefix('$').filter(|name| command_line::is_variable(name));
        names.extend(whole.map(str::to_owned));
        let mut rest = raw.as_str();
        while let Some((_, after)) = rest.split_once('$') {
            rest = after.strip_prefix('$').unwrap_or(after);
            if let Some((name, _)) = after.strip_prefix('{').and_then(|inner| inner.split_once('}'))
                && command_line::is_variable(name)
            {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// Splits a command line into words. `$NAME` as a separate word becomes zero or more words; `${NAME}` is replaced in
/// place.
///
/// systemd replaces an unknown variable by an empty text. Here `${NAME}` is kept, because the file that sets it may be
/// missing from the input.
fn words(line: &Word, variables: &BTreeMap<String, Word>) -> Vec<Word> {
    let mut words = Vec::new();
    let mut expands = true;
    for (index, raw) in command_line::split_words(&line.text, false).into_iter().enumerate() {
        let mut raw = raw.as_str();
        if index == 0 {
            let program = raw.trim_start_matches(['@', '-', ':', '+', '!', '|']);
            expands = !raw[..raw.len() - program.len()].contains(':');
            raw = program;
        }
        if let Some(name) = raw.strip_prefix('$').filter(|name| expands && command_line::is_variable(name)) {
            let value = variables.get(name).into_iter();
            words.extend(value.flat_map(|value| {
                let split = command_line::split_words(&value.text, false).into_iter();
                split.map(|text| Word { text, file: value.file.clone() })
            }));
            continue;
        }
        let mut file = line.file.clone();
        let mut text = raw.replace("%%", "%");
        if expands && raw.contains('$') {
            if let Some((_, value)) = variables.iter().find(|(name, _)| uses(raw, name)) {
                file.clone_from(&value.file);
            }
            text = command_line::expand_shell(&text, &|name| variables.get(name).map(|value| value.text.clone()));
        }
        words.push(Word { text, file });
    }
    words
}

pub(crate) mod glob;
#[cfg(test)]
mod tests;
