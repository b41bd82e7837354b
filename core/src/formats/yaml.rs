//! YAML and JSON into values, within limits.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::{alias_limits, budget, options};
use zeroize::Zeroize;

/// Texts beyond this are refused. Bytes.
pub const MAX_SIZE: usize = 32 * 1024 * 1024;
/// Documents in one text.
pub const MAX_DOCUMENTS: usize = 10_000;
/// Nodes (mappings, sequences, scalars) in one text, aliases expanded.
pub const MAX_NODES: usize = 1_000_000;
/// Mappings and sequences inside each other.
pub const MAX_DEPTH: usize = 64;
/// Aliases (`*name`) in one text.
pub const MAX_ALIASES: usize = 1_000;
/// Nodes that aliases may add in one text.
pub const MAX_ALIAS_NODES: usize = 20_000;

/// Why a text could not be read as YAML or JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct YamlError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, as a sentence without a final period; may name keys, never values.
    pub message: String,
}

impl YamlError {
    pub(crate) fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

/// Reads every document of a YAML stream, or of JSON texts one after the other; empty documents are left out.
///
/// # Errors
///
/// Broken syntax, a key twice in one mapping, text that is not UTF-8, or one of the limits of this module.
pub fn documents(bytes: &[u8]) -> Result<Vec<Value>, YamlError> {
    let text = text(bytes)?;
    if looks_like_json(text)
        && let Ok(values) = json_documents(text)
    {
        return Ok(values);
    }
    serde_saphyr::from_multiple_with_options(text, parser_options()).map_err(|error| explain(&error))
}

/// The same text as UTF-8.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, YamlError> {
    if bytes.len() > MAX_SIZE {
        return Err(YamlError::new(
            1,
            format!("the text has {} bytes: more than {MAX_SIZE} are not read as YAML or JSON", bytes.len()),
        ));
    }
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Err(YamlError::new(1, "the text is UTF-16: save it as UTF-8"));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        YamlError::new(line, "the text is not UTF-8")
    })
}

fn parser_options() -> serde_saphyr::Options {
    options! {
        budget: budget! {
            max_aliases: MAX_ALIASES,
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH + 1,
            max_documents: MAX_DOCUMENTS,
            max_nodes: MAX_NODES,
            max_events: 4 * MAX_NODES,
            max_total_scalar_bytes: 2 * MAX_SIZE,
            max_recorded_anchor_bytes: MAX_SIZE,
        },
        alias_limits: alias_limits! { max_total_replayed_events: MAX_ALIAS_NODES },
        // Comments are not data, and a long block of them would count against the parser's look-ahead.
        emit_comments: false,
        // A snippet would quote the input, which may be a key.
        with_snippet: false,
    }
}

/// The parser's error in our words where a limit or a key is concerned, otherwise its own sentence.
fn explain(error: &serde_saphyr::Error) -> YamlError {
    use serde_saphyr::Error;
    use serde_saphyr::budget::BudgetBreach;
    let error = error.without_snippet();
    let line = error.location().map_or(1, |location| usize::try_from(location.line()).unwrap_or(usize::MAX)).max(1);
    let message = match error {
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => too_deep(),
        Error::Budget { breach: BudgetBreach::Aliases { .. }, .. } => {
            format!("more than {MAX_ALIASES} aliases: write the values out")
        }
        Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            format!("more than {MAX_DOCUMENTS} documents: split the file")
        }
        Error::Budget { breach: BudgetBreach::Nodes { .. } | BudgetBreach::Events { .. }, .. } => too_many_nodes(),
        Error::AliasReplayLimitExceeded { .. } => {
            format!("aliases expand to more than {MAX_ALIAS_NODES} nodes: write the values out")
        }
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("the key {key} stands twice in one mapping"),
        _ => {
            let text = error.to_string();
            match text.split_once(" at line ") {
                Some((sentence, _)) => sentence.to_owned(),
                None => text,
            }
        }
    };
    YamlError { line, message }
}

fn too_deep() -> String {
    format!("mappings and sequences stand more than {MAX_DEPTH} deep inside each other")
}

fn too_many_nodes() -> String {
    format!("more than {MAX_NODES} nodes: split the file")
}

fn looks_like_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '['])
}

/// JSON by a JSON parser: strict, and many times faster than as YAML.
fn json_documents(text: &str) -> Result<Vec<Value>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}'));
    let nodes = Cell::new(0);
    let mut values = Vec::new();
    while reader.end().is_err() {
        values.push(Strict { nodes: &nodes, depth: 0 }.deserialize(&mut reader)?);
        if values.len() > MAX_DOCUMENTS {
            return Err(serde_json::Error::custom("too many documents"));
        }
    }
    Ok(values)
}

/// A JSON value in which no key stands twice, within the limits of this module.
#[derive(Clone, Copy)]
struct Strict<'a> {
    nodes: &'a Cell<usize>,
    depth: usize,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(too_deep()));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.nodes.set(self.nodes.get() + 1);
        if self.nodes.get() > MAX_NODES {
            return Err(D::Error::custom(too_many_nodes()));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(inner)?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key} stands twice")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// Overwrites every string inside `value`, then leaves `null`.
pub fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    *value = Value::Null;
}
