//! YAML output that all YAML readers parse alike: kubectl's layout, with strings quoted whenever they are ambiguous.

use std::fmt::Write as _;

use serde_json::Value;
use zeroize::Zeroizing;

use super::plain;

/// One YAML document: two spaces of indentation, list items at their key's column, keys in order, multi-line strings as
/// literal blocks, a final newline.
pub fn yaml(value: &Value) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(2 * size(value)));
    match value {
        Value::Object(map) if !map.is_empty() => node(&mut out, value, 0, true),
        Value::Array(items) if !items.is_empty() => node(&mut out, value, 0, true),
        _ => {
            scalar(&mut out, value, 0);
            end_line(&mut out);
        }
    }
    out
}

/// A capacity that suffices for most documents. A reallocation would leave copies of secrets in memory.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 16,
        Value::Array(items) => items.iter().map(|item| size(item) + 16).sum(),
        Value::Object(map) => map.iter().map(|(key, item)| key.len() + size(item) + 24).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 24,
    }
}

/// Writes a non-empty mapping or sequence. `at_start`: the indentation of the first line is not written yet.
fn node(out: &mut String, value: &Value, indent: usize, mut at_start: bool) {
    let mut begin = |out: &mut String| {
        if at_start {
            out.extend(std::iter::repeat_n(' ', indent));
        }
        at_start = true;
    };
    match value {
        Value::Object(map) => {
            for (name, item) in map {
                begin(out);
                key(out, name, indent);
                match item {
                    Value::Object(inner) if !inner.is_empty() => {
                        out.push('\n');
                        node(out, item, indent + 2, true);
                    }
                    Value::Array(inner) if !inner.is_empty() => {
                        out.push('\n');
                        node(out, item, indent, true);
                    }
                    _ => {
                        out.push(' ');
                        scalar(out, item, indent + 2);
                        end_line(out);
                    }
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                begin(out);
                out.push_str("- ");
                match item {
                    Value::Object(inner) if !inner.is_empty() => node(out, item, indent + 2, false),
                    Value::Array(inner) if !inner.is_empty() => node(out, item, indent + 2, false),
                    _ => {
                        scalar(out, item, indent + 2);
                        end_line(out);
                    }
                }
            }
        }
        _ => {}
    }
}

fn end_line(out: &mut String) {
    if !out.ends_with('\n') {
        out.push('\n');
    }
}

fn key(out: &mut String, name: &str, indent: usize) {
    // YAML requires `? ` before a key of more than 1,024 characters (YAML 1.2.2, 7.4.2).
    let long = name.len() > 500;
    if long {
        out.push_str("? ");
    }
    if plain::is_plain(name, false) {
        out.push_str(name);
    } else {
        out.push_str(&Zeroizing::new(double_quoted(name)));
    }
    if long {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
    }
    out.push(':');
}

/// Writes a value after `key: ` or `- `. `indent`: the indentation of a block's lines.
fn scalar(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => {
            let _ = write!(out, "{number}"); // writing to a String never fails
        }
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        Value::String(text) if plain::is_plain(text, false) => out.push_str(text),
        Value::String(text) if text.contains('\n') && fits_block(text) && indent > 0 => literal(out, text, indent),
        Value::String(text) => out.push_str(&Zeroizing::new(double_quoted(text))),
    }
}

/// Writes a literal block that parses back to exactly `text`.
fn literal(out: &mut String, text: &str, indent: usize) {
    let body = text.trim_end_matches('\n');
    let breaks = text.len() - body.len();
    out.push_str(match breaks {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(line);
        }
    }
    out.extend(std::iter::repeat_n('\n', breaks.max(1)));
}

/// Whether a literal block without an indentation indicator can hold `text`.
pub(crate) fn fits_block(text: &str) -> bool {
    !text.starts_with([' ', '\t', '\n'])
        && !text.is_empty()
        && text.chars().all(|c| matches!(c, '\n' | '\t') || plain::is_printable_in_line(c))
        // Readers disagree on blank lines with spaces at the end of a block, and on tabs in the indentation.
        && text.split('\n').all(|line| line.is_empty() || !line.trim_matches([' ', '\t']).is_empty())
}

/// `"…"` with JSON's escapes: valid YAML and valid JSON.
pub(crate) fn double_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8 + 16);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if plain::is_printable_in_line(c) => out.push(c),
            c => {
                let _ = write!(out, "\\u{:04x}", u32::from(c)); // all of them are below U+10000
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::formats::yaml::documents;

    #[test]
    fn reads_like_kubectls_output() {
        let value = json!({
            "apiVersion": "v1",
            "data": {"tls.crt": "LS0tLQ==", "number": "123", "empty": ""},
            "kind": "Secret",
            "metadata": {
                "name": "prod-ca",
                "labels": {"cluster.x-k8s.io/cluster-name": "prod"},
                "annotations": {},
                "finalizers": [],
                "ownerReferences": [{"kind": "KubeadmControlPlane", "controller": true, "generation": 3}, "x", ["y", ["z"]]],
            },
            "text": "a:\n  - b\n\nc\n",
            "kept": "a\nb\n\n",
            "cut": "a\nb",
            "crlf": "a\r\nb\n",
        });
        let expected = r#"apiVersion: v1
data:
  tls.crt: LS0tLQ==
  number: "123"
  empty: ""
kind: Secret
metadata:
  name: prod-ca
  labels:
    cluster.x-k8s.io/cluster-name: prod
  annotations: {}
  finalizers: []
  ownerReferences:
  - kind: KubeadmControlPlane
    controller: true
    generation: 3
  - x
  - - "y"
    - - z
text: |
  a:
    - b

  c
kept: |+
  a
  b

cut: |-
  a
  b
crlf: "a\r\nb\n"
"#;
        assert_eq!(yaml(&value).as_str(), expected);
    }

    #[test]
    fn strings_stay_strings() {
        for text in NASTY {
            let value = json!({"k": text, (*text): "v", "list": [text, [text]]});
            let yaml = yaml(&value);
            assert_eq!(documents(yaml.as_bytes()).unwrap(), [value], "{}", yaml.as_str());
        }
    }

    /// Strings that YAML 1.1 or 1.2 readers parse as other types, or that break a line or a block.
    const NASTY: &[&str] = &[
        "",
        " ",
        "~",
        "null",
        "Null",
        "y",
        "N",
        "yes",
        "no",
        "On",
        "off",
        "true",
        "False",
        "=",
        "<<",
        "-",
        "--",
        "---",
        "...",
        "?",
        ":",
        "!",
        "&a",
        "*a",
        "%a",
        "@a",
        "`a",
        "|",
        ">",
        "#",
        "# a",
        "a #b",
        "a: b",
        "a:",
        ":a",
        "a:b",
        "- a",
        "{}",
        "[]",
        "{a: b}",
        "[a",
        "a]",
        "'",
        "\"",
        "'a'",
        "\"a\"",
        "\\",
        "a\\nb",
        "0",
        "1",
        "-1",
        "+1",
        "1.5",
        ".5",
        "5.",
        "1e3",
        "0x1F",
        "0o17",
        "017",
        "08",
        "0b1",
        "1_000",
        "1:30",
        "1:30:45",
        "190:20:30",
        "2026-08-01",
        "2026-08-01T00:00:00Z",
        ".inf",
        "-.INF",
        ".nan",
        "NaN",
        "inf",
        "Infinity",
        "1 ",
        " 1",
        "a ",
        " a",
        "a\tb",
        "\ta",
        "a\t",
        "\n",
        "\n\n",
        "a\n",
        "a\nb",
        "a\nb\n",
        "a\n\nb\n\n",
        "\na",
        " a\nb\n",
        "a\n b\n",
        "a\n \nb\n",
        "a\n\t\nb\n",
        "a\n  ",
        "a\nb \n",
        "a\r\nb\r\n",
        "a\rb",
        "\u{0}",
        "\u{7}",
        "\u{1b}[2J",
        "\u{7f}",
        "\u{85}",
        "a\u{2028}b",
        "a\u{2029}b",
        "\u{feff}",
        "a\u{feff}\nb",
        "ä",
        "é\nö\n",
        "日本",
        "😀",
        "a\n😀\n",
        "---\na\n",
        "a\n---\n",
        "a\n...\n",
        "#a\nb\n",
        "- a\n- b\n",
        "a\n#b\n",
        "EOF",
        "a\nEOF\n",
        "$HOME",
        "!!str",
        "!a b",
        "a, b",
        "a,b",
        "key: |\n  text\n",
    ];

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,20}".prop_map(Value::from),
            "[ \t\n\ra:#|>'\"-]{0,12}".prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::vec((any::<String>(), inner), 0..5)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_value_reads_back(value in any_value()) {
            let value = json!({"k": value});
            let yaml = yaml(&value);
            prop_assert_eq!(documents(yaml.as_bytes()).unwrap(), vec![value], "{}", yaml.as_str());
        }
    }
}
