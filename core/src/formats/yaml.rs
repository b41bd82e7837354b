//! Parsing of YAML and JSON, with limits.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{alias_limits, budget, options};
use zeroize::Zeroize;

/// The limit of a text's size. Bytes.
pub const MAX_SIZE: usize = 32 * 1024 * 1024;
/// The limit of documents in one text.
pub const MAX_DOCUMENTS: usize = 10_000;
/// The limit of nodes (mappings, sequences, scalars) in one text, with aliases expanded.
pub const MAX_NODES: usize = 1_000_000;
/// The limit of nested mappings and sequences.
pub const MAX_DEPTH: usize = 64;
/// The limit of aliases (`*name`), and of anchors (`&name`), in one text.
pub const MAX_ALIASES: usize = 1_000;
/// The limit of bytes in all scalars of one text, with aliases expanded.
pub const MAX_EXPANDED: usize = 2 * MAX_SIZE;
/// The limit of nodes that aliases add in one text.
pub const MAX_ALIAS_NODES: usize = 20_000;

/// Why a text could not be parsed as YAML or JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct YamlError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, as a sentence without a final period. May contain keys, never values.
    pub message: String,
}

impl YamlError {
    pub(crate) fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

/// Parses all documents of a YAML stream, or consecutive JSON texts. Empty documents are omitted.
///
/// # Errors
///
/// Invalid syntax, a repeated key in one mapping, text that is not UTF-8, or one of this module's limits.
pub fn documents(bytes: &[u8]) -> Result<Vec<Value>, YamlError> {
    let read = documents_as_kubernetes(bytes)?;
    match read.duplicate {
        Some(error) => {
            let mut values = read.values;
            values.iter_mut().for_each(wipe);
            Err(error)
        }
        None => Ok(read.values),
    }
}

/// A text, parsed as Kubernetes does.
pub struct AsKubernetes {
    /// All documents that are not empty.
    pub values: Vec<Value>,
    /// The first repeated key of a mapping. `values` has its last value.
    pub duplicate: Option<YamlError>,
}

/// Parses as [`documents`] does, except that a repeated key in one mapping takes its last value. The kubelet and
/// client-go decode this way (sigs.k8s.io/yaml: `YAMLToJSON`, which is not strict; observed with `kubectl label
/// --local`).
///
/// # Errors
///
/// Invalid syntax, text that is not UTF-8, or one of this module's limits.
pub fn documents_as_kubernetes(bytes: &[u8]) -> Result<AsKubernetes, YamlError> {
    let text = text(bytes)?;
    if looks_like_json(text)
        && let Ok(values) = json_documents(text)
    {
        return Ok(AsKubernetes { values, duplicate: None });
    }
    let most = most_nodes(text.len());
    let read = |keys| serde_saphyr::from_multiple_with_options(text, parser_options(most, keys));
    match read(DuplicateKeyPolicy::Error) {
        Ok(values) => Ok(AsKubernetes { values, duplicate: None }),
        Err(error) => {
            let said = explain(&error, most);
            if !is_duplicate(&error) {
                return Err(said);
            }
            let values = read(DuplicateKeyPolicy::LastWins).map_err(|error| explain(&error, most))?;
            Ok(AsKubernetes { values, duplicate: Some(said) })
        }
    }
}

fn is_duplicate(error: &serde_saphyr::Error) -> bool {
    use serde_saphyr::Error;
    match error.without_snippet() {
        Error::AliasError { error, .. } => is_duplicate(error),
        error => matches!(error, Error::DuplicateMappingKey { .. }),
    }
}

/// The limit of nodes for a text of this size. A node takes about 200 bytes of memory, and real objects have at most
/// one node for every 20 bytes.
pub(crate) fn most_nodes(bytes: usize) -> usize {
    MAX_NODES.min(100_000 + bytes / 10)
}

/// Checks the size limit and that the bytes are UTF-8.
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

fn parser_options(most_nodes: usize, duplicate_keys: DuplicateKeyPolicy) -> serde_saphyr::Options {
    options! {
        duplicate_keys: duplicate_keys,
        budget: budget! {
            max_aliases: MAX_ALIASES,
            max_anchors: MAX_ALIASES,
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH + 1,
            max_documents: MAX_DOCUMENTS,
            max_nodes: most_nodes,
            max_events: 4 * most_nodes,
            max_total_scalar_bytes: MAX_EXPANDED,
            max_recorded_anchor_bytes: MAX_SIZE,
        },
        alias_limits: alias_limits! { max_total_replayed_events: MAX_ALIAS_NODES },
        // Comments are not data, and a long block of them would count against the parser's look-ahead.
        emit_comments: false,
        // A snippet would quote the input, which may contain a key.
        with_snippet: false,
    }
}

/// Rewrites the parser's error if it concerns a limit or a key; otherwise keeps its message.
fn explain(error: &serde_saphyr::Error, most_nodes: usize) -> YamlError {
    use serde_saphyr::Error;
    use serde_saphyr::budget::BudgetBreach;
    let mut error = error.without_snippet();
    let line = error.location().map_or(1, |location| usize::try_from(location.line()).unwrap_or(usize::MAX)).max(1);
    while let Error::AliasError { error: inner, .. } = error {
        error = inner.without_snippet();
    }
    let message = match error {
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => too_deep(),
        Error::Budget { breach: BudgetBreach::Aliases { .. }, .. } => {
            format!("more than {MAX_ALIASES} aliases: write the values out")
        }
        Error::Budget { breach: BudgetBreach::Anchors { .. }, .. } => {
            format!("more than {MAX_ALIASES} anchors: write the values out")
        }
        Error::Budget { breach: BudgetBreach::ScalarBytes { .. }, .. } => {
            format!("aliases expand to more than {MAX_EXPANDED} bytes: write the values out")
        }
        Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            format!("more than {MAX_DOCUMENTS} documents: split the file")
        }
        Error::Budget { breach: BudgetBreach::Nodes { .. } | BudgetBreach::Events { .. }, .. } => {
            too_many_nodes(most_nodes)
        }
        Error::AliasReplayLimitExceeded { .. } => {
            format!("aliases expand to more than {MAX_ALIAS_NODES} nodes: write the values out")
        }
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("the key {key} stands twice in one mapping"),
        _ => {
            let text = error.to_string();
            parser_sentence(text.split_once(" at line ").map_or(text.as_str(), |(sentence, _)| sentence))
        }
    };
    YamlError { line, message }
}

/// The parser's message, rewritten if it does not name its limit.
pub(crate) fn parser_sentence(sentence: &str) -> String {
    match sentence {
        "recursion limit exceeded" => too_deep(),
        "cannot deserialize null into string; use Option<String>" => "a key is empty".to_owned(),
        other => other.to_owned(),
    }
}

pub(crate) fn too_deep() -> String {
    format!("mappings and sequences stand more than {MAX_DEPTH} deep inside each other")
}

fn too_many_nodes(most: usize) -> String {
    format!("more than {most} nodes: split the file")
}

fn looks_like_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '['])
}

/// Parses JSON with a JSON parser: strict, and many times faster than as YAML.
fn json_documents(text: &str) -> Result<Vec<Value>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}'));
    let (nodes, most) = (Cell::new(0), most_nodes(text.len()));
    let mut values = Vec::new();
    while reader.end().is_err() {
        values.push(Strict { nodes: &nodes, most, depth: 0 }.deserialize(&mut reader)?);
        if values.len() > MAX_DOCUMENTS {
            return Err(serde_json::Error::custom("too many documents"));
        }
    }
    Ok(values)
}

/// A JSON value without repeated keys, within this module's limits.
#[derive(Clone, Copy)]
struct Strict<'a> {
    nodes: &'a Cell<usize>,
    most: usize,
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
        if self.nodes.get() > self.most {
            return Err(D::Error::custom(too_many_nodes(self.most)));
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

/// Overwrites every string inside `value`, then sets it to `null`.
pub fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    *value = Value::Null;
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::json;

    use super::*;

    #[track_caller]
    fn refused(text: &str, message: &str) {
        let error = documents(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }

    #[test]
    fn yaml_and_json_and_several_of_each() {
        let expected = vec![json!({"a": 1, "b": ["x", null, true]})];
        for text in [
            "a: 1\nb: [x, ~, true]\n",
            "\u{feff}a: 1\r\nb:\r\n- x\r\n-\r\n- true\r\n",
            "{\"a\": 1,\n\t\"b\": [\"x\", null, true]}",
            "\u{feff} {a: 1, b: [x, null, true]}",
            "---\n---\n# nothing\n---\na: 1\nb: [x, null, true]\n...\n---\n",
        ] {
            assert_eq!(documents(text.as_bytes()).unwrap(), expected, "{text}");
        }
        assert_eq!(documents(b"{\"a\":1}\n{\"a\":2}").unwrap().len(), 2);
        assert_eq!(documents(b"a: 1\n---\n{\"a\":2}\n").unwrap().len(), 2);
        assert_eq!(documents(b"").unwrap().len(), 0);
        assert_eq!(documents(b"# only a comment\n").unwrap().len(), 0);
    }

    #[test]
    fn many_comments_are_no_trouble() {
        let text = format!("{}a:\n{}  b: c\n", "# x\n".repeat(500), "  # y\n".repeat(500));
        assert_eq!(documents(text.as_bytes()).unwrap(), [json!({"a": {"b": "c"}})]);
    }

    #[test]
    fn merge_keys_and_aliases_are_resolved() {
        let text = "a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: *a\n";
        assert_eq!(documents(text.as_bytes()).unwrap(), [json!({"a": {"x": 1}, "b": {"x": 1, "y": 2}, "c": {"x": 1}})]);
    }

    #[test]
    fn faults_have_a_line() {
        refused("a: 1\nb: 2\na: 3\n", "line 3: the key a stands twice in one mapping");
        refused("{\"a\": 1,\n\"a\": 2}", "line 2: the key a stands twice in one mapping");
        refused("a: [1\nb: 2\n", "line 2: ");
        refused("a: *nobody\n", "line 1: ");
        assert_eq!(documents(b"a: 1\nb: \xFF\n").unwrap_err(), YamlError::new(2, "the text is not UTF-8"));
        assert_eq!(documents(b"\xFF\xFEa\0").unwrap_err(), YamlError::new(1, "the text is UTF-16: save it as UTF-8"));
        refused("a: b\0c\n", "line 1: ");
        refused("a: 1\n: b\n", "line 2: a key is empty");
    }

    /// The values are those of `kubectl label --local -f FILE x=y -o json`.
    #[test]
    fn the_last_of_equal_keys_counts_for_kubernetes() {
        for (text, line, value) in [
            ("a: 1\nb: 2\na: 3\n", 3, json!({"a": 3, "b": 2})),
            ("a: {x: 1, y: 2}\na: {y: 3}\n", 2, json!({"a": {"y": 3}})),
            ("a:\n- b: [1]\n  b: [2, 3]\n", 3, json!({"a": [{"b": [2, 3]}]})),
            ("{\"a\": 1,\n\"a\": 2}", 2, json!({"a": 2})),
            ("a: &a {x: 1}\nb: {<<: *a, x: 2, y: 3, y: 4}\n", 2, json!({"a": {"x": 1}, "b": {"x": 2, "y": 4}})),
        ] {
            let read = documents_as_kubernetes(text.as_bytes()).unwrap();
            assert_eq!(read.values, [value], "{text}");
            assert_eq!(read.duplicate.unwrap().line, line, "{text}");
        }
        let read = documents_as_kubernetes(b"a: 1\nb: {a: 1}\n").unwrap();
        assert_eq!((read.values, read.duplicate), (vec![json!({"a": 1, "b": {"a": 1}})], None));
        assert!(documents_as_kubernetes(b"a: 1\na: [\n").is_err());
    }

    /// Each line expands to nine times the one before it.
    #[test]
    fn a_billion_laughs_are_refused() {
        let mut text = "a0: &a0 lol\n".to_owned();
        for level in 1..12 {
            let items = vec![format!("*a{}", level - 1); 9].join(", ");
            writeln!(text, "a{level}: &a{level} [{items}]").unwrap();
        }
        refused(&text, "line 6: aliases expand to more than 20000 nodes: write the values out");
        let large = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 500].join(", "));
        refused(&large, "line 2: aliases expand to more than 67108864 bytes: write the values out");
        refused(
            &format!("a: &a 1\nb: [{}]\n", vec!["*a"; 2_000].join(", ")),
            "line 2: more than 1000 aliases: write the values out",
        );
    }

    #[test]
    fn depth_size_and_number_are_limited() {
        let deep = "line 1: mappings and sequences stand more than 64 deep inside each other";
        refused(&"[".repeat(10_000), deep);
        refused(&format!("{}1{}", "[".repeat(65), "]".repeat(65)), deep);
        refused(&"{a: ".repeat(10_000), deep);
        refused(&"- ".repeat(10_000), deep);
        let nested: String = (0..100).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        refused(&nested, "line 65: mappings and sequences stand more than 64 deep inside each other");
        refused(&"--- a\n".repeat(10_001), "line 10001: more than 10000 documents: split the file");
        refused(&"- a\n".repeat(1_000_000), "line 500000: more than 500000 nodes: split the file");
        refused(
            &" ".repeat(MAX_SIZE + 1),
            "line 1: the text has 33554433 bytes: more than 33554432 are not read as YAML or JSON",
        );
        assert!(documents(format!("{}1{}", "[".repeat(64), "]".repeat(64)).as_bytes()).is_ok());
        assert!(documents(format!("[{}1]", "1,".repeat(1_000_000)).as_bytes()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_never_panics(text in "[-:?&*!|>'\"%@`{}\\[\\],#~ \n\r\tab0\u{85}\u{2028}\u{feff}]{0,60}") {
            let _ = documents(text.as_bytes());
        }
    }
}
