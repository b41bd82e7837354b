//! Replacement of scalars in YAML and JSON text that preserves every other byte.
//!
//! The byte ranges come from the parser's events. The result is parsed again and compared with the expected values, so
//! an edit either makes exactly the requested change or fails.

use std::{fmt, ops::Range};

use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    emit, plain,
    tree::{self, Node, NodeKind, Scalar, Style},
    yaml::{self, YamlError},
};

/// One step of a path from a document's root to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // YAML has these two collections
pub enum Segment {
    /// The value of this key.
    Key(String),
    /// The item with this index, from 0.
    Index(usize),
}

impl From<&str> for Segment {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// The replacement of one scalar by a string.
pub struct Edit {
    /// The index of the document in the stream, from 0; empty documents do not count.
    pub document: usize,
    /// The path to the scalar.
    pub path: Vec<Segment>,
    /// The new value.
    pub value: Zeroizing<String>,
}

/// Why a text could not be edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The text is not YAML or JSON.
    #[error(transparent)]
    Syntax(#[from] YamlError),
    /// The path does not exist.
    #[error("{place} is not there")]
    Missing {
        /// The path, as in `clusters[0].cluster.server`.
        place: String,
    },
    /// The path refers to a mapping or a sequence.
    #[error("line {line}: {place} is not a plain value")]
    NotScalar {
        /// The line, from 1.
        line: usize,
        /// The path.
        place: String,
    },
    /// A key of the path occurs more than once.
    #[error("line {line}: {place} stands twice")]
    Duplicate {
        /// The line of the second one, from 1.
        line: usize,
        /// The path.
        place: String,
    },
    /// The value or one of its parents is an alias, or is the target of one.
    #[error("line {line}: {place} is shared through a YAML alias: write the value out")]
    Alias {
        /// The line, from 1.
        line: usize,
        /// The path.
        place: String,
    },
    /// The edited text, when parsed again, differs from the expected values.
    #[error("line {line}: {place} cannot be replaced in place")]
    Unfaithful {
        /// The line of the value in the original text, from 1.
        line: usize,
        /// The path of the first affected edit.
        place: String,
    },
}

/// Formats a path: `clusters[0].cluster.server`; keys that contain dots or brackets are quoted.
pub fn place(path: &[Segment]) -> String {
    let mut place = String::new();
    for segment in path {
        match segment {
            Segment::Index(index) => place.push_str(&format!("[{index}]")),
            Segment::Key(key) => {
                if !place.is_empty() {
                    place.push('.');
                }
                if key.is_empty() || key.contains(['.', '[', ']', '"']) {
                    place.push_str(&format!("{key:?}"));
                } else {
                    place.push_str(key);
                }
            }
        }
    }
    place
}

/// Replaces the scalars of `edits`. Quote style, comments, order, line endings and every other byte are preserved.
///
/// # Errors
///
/// The text cannot be parsed, a path does not refer to an unshared scalar, or the result differs from the expected
/// values.
pub fn splice(bytes: &[u8], edits: &[Edit]) -> Result<Zeroizing<Vec<u8>>, EditError> {
    let text = yaml::text(bytes)?;
    let yaml::AsKubernetes { values, duplicate } = yaml::documents_as_kubernetes(bytes)?;
    let mut expected = Wiped(values);
    let forest = tree::read(text)?;
    let mut splices = Vec::with_capacity(edits.len());
    for edit in edits {
        let scalar = find(&forest, edit).map_err(|error| match (error, &duplicate) {
            (EditError::Duplicate { .. }, Some(first)) => EditError::Syntax(first.clone()),
            (error, _) => error,
        })?;
        splices.push((replacement(text, scalar, &edit.value), edit, scalar.line));
        set(&mut expected.0, edit)?;
    }
    splices.sort_by_key(|((range, _), ..)| range.start);
    let grown: usize = splices.iter().map(|((_, new), ..)| new.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len() + grown));
    let mut at = 0;
    for ((range, new), edit, line) in &splices {
        if range.start < at {
            return Err(EditError::Duplicate { line: *line, place: place(&edit.path) });
        }
        out.extend_from_slice(&bytes[at..range.start]);
        out.extend_from_slice(new.as_bytes());
        at = range.end;
    }
    out.extend_from_slice(&bytes[at..]);

    let actual = yaml::documents_as_kubernetes(&out).map(|read| Wiped(read.values));
    if actual.is_ok_and(|actual| actual.0 == expected.0) {
        return Ok(out);
    }
    let (line, place) = splices.first().map_or((1, String::new()), |(_, edit, line)| (*line, place(&edit.path)));
    Err(EditError::Unfaithful { line, place })
}

/// Values that are wiped when dropped.
struct Wiped(Vec<Value>);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(yaml::wipe);
    }
}

/// Finds the scalar of an edit.
fn find<'t>(forest: &'t tree::Forest, edit: &Edit) -> Result<&'t Scalar, EditError> {
    let missing = || EditError::Missing { place: place(&edit.path) };
    let mut node = forest.documents.get(edit.document).ok_or_else(missing)?;
    for (depth, segment) in edit.path.iter().enumerate() {
        let here = || place(&edit.path[..=depth]);
        not_shared(forest, node, || place(&edit.path[..depth]))?;
        node = match (&node.kind, segment) {
            (NodeKind::Mapping(entries), Segment::Key(key)) => {
                let mut same = entries.iter().filter(|(name, _)| name.as_deref() == Some(key));
                let (_, value) = same.next().ok_or_else(missing)?;
                if let Some((_, second)) = same.next() {
                    return Err(EditError::Duplicate { line: second.line, place: here() });
                }
                value
            }
            (NodeKind::Sequence(items), Segment::Index(index)) => items.get(*index).ok_or_else(missing)?,
            _ => return Err(missing()),
        };
    }
    not_shared(forest, node, || place(&edit.path))?;
    match &node.kind {
        NodeKind::Scalar(scalar) if scalar.range.is_empty() && scalar.style == Style::Plain => Err(missing()),
        NodeKind::Scalar(scalar) => Ok(scalar),
        _ => Err(EditError::NotScalar { line: node.line, place: place(&edit.path) }),
    }
}

/// Fails if the node is an alias or has aliases: changing one would change the other.
fn not_shared(forest: &tree::Forest, node: &Node, place: impl Fn() -> String) -> Result<(), EditError> {
    let shared = matches!(node.kind, NodeKind::Alias) || forest.aliased.contains(&node.anchor);
    if shared { Err(EditError::Alias { line: node.line, place: place() }) } else { Ok(()) }
}

/// Applies the edit to parsed values.
fn set(documents: &mut [Value], edit: &Edit) -> Result<(), EditError> {
    let missing = || EditError::Missing { place: place(&edit.path) };
    let mut value = documents.get_mut(edit.document).ok_or_else(missing)?;
    for segment in &edit.path {
        value = match segment {
            Segment::Key(key) => value.get_mut(key),
            Segment::Index(index) => value.get_mut(*index),
        }
        .ok_or_else(missing)?;
    }
    yaml::wipe(value);
    *value = Value::String(edit.value.to_string());
    Ok(())
}

/// The byte range to replace, and its new text.
fn replacement(text: &str, scalar: &Scalar, value: &str) -> (Range<usize>, Zeroizing<String>) {
    match scalar.style {
        Style::Plain if plain::is_plain(value, scalar.flow) => (scalar.range.clone(), Zeroizing::new(value.to_owned())),
        Style::SingleQuoted if value.chars().all(plain::is_printable_in_line) => {
            (scalar.range.clone(), Zeroizing::new(format!("'{}'", Zeroizing::new(value.replace('\'', "''")).as_str())))
        }
        Style::Plain | Style::SingleQuoted | Style::DoubleQuoted => {
            (scalar.range.clone(), Zeroizing::new(emit::double_quoted(value)))
        }
        Style::Block => block(text, scalar, value),
    }
}

/// A block scalar (`|` or `>`), with header and indented lines, in its original style.
fn block(text: &str, scalar: &Scalar, value: &str) -> (Range<usize>, Zeroizing<String>) {
    let content = &text[scalar.range.clone()];
    let header_end = text[scalar.header.start..].find('\n').map_or(text.len(), |at| scalar.header.start + at);
    let newline = if text[..header_end].ends_with('\r') { "\r\n" } else { "\n" };
    // The range extends to the next token: trailing blank lines and indentation are not part of the last line.
    let kept = last_line_end(content);
    if !emit::fits_block(value) || scalar.range.start < header_end {
        // A value that no block scalar can represent is quoted. The blank lines after the block are preserved.
        let end = if kept == 0 { text[..header_end].trim_end_matches('\r').len() } else { scalar.range.start + kept };
        return (scalar.header.start..end, Zeroizing::new(emit::double_quoted(value)));
    }
    let header = &text[scalar.header.clone()];
    let style = if value.trim_end_matches('\n').contains('\n') { '|' } else { header.chars().next().unwrap_or('|') };
    let body = value.trim_end_matches('\n');
    let final_breaks = value.len() - body.len();
    let chomping = match final_breaks {
        0 => "-",
        1 => "",
        _ => "+",
    };
    let old_indent = scalar.indent.filter(|_| kept > 0);
    let indent = old_indent.unwrap_or(scalar.parent_column + 2);
    let digit = header.chars().find(char::is_ascii_digit).filter(|_| old_indent.is_some());
    let comment = text[scalar.header.end..header_end].trim_end_matches('\r');

    let mut new = Zeroizing::new(String::with_capacity(value.len() + value.lines().count() * (indent + 2) + 64));
    new.push(style);
    new.extend(digit);
    new.push_str(chomping);
    new.push_str(comment);
    for line in body.split('\n') {
        new.push_str(newline);
        if !line.is_empty() {
            new.extend(std::iter::repeat_n(' ', indent));
            new.push_str(line);
        }
    }
    let mut end = scalar.range.start + kept;
    if kept == 0 && final_breaks < 2 {
        new.push_str(newline);
    }
    if final_breaks > 1 {
        end = scalar.range.start + content.rfind('\n').map_or(content.len(), |at| at + 1);
        for _ in 0..final_breaks {
            new.push_str(newline);
        }
    }
    (scalar.header.start..end, new)
}

/// The end of the last non-blank line, without its line break; 0 if there is none.
fn last_line_end(content: &str) -> usize {
    let mut end = 0;
    let mut start = 0;
    for line in content.split_inclusive('\n') {
        if !line.trim().is_empty() {
            end = start + line.trim_end_matches(['\r', '\n']).len();
        }
        start += line.len();
    }
    end
}

/// Prints the path, never the value.
impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Edit({} in document {})", place(&self.path), self.document)
    }
}

#[cfg(test)]
mod tests;
