//! Configuration files that flags name: the texts in them, by field.

use serde_json::Value;

/// A text in a configuration.
pub(crate) struct Field<'a> {
    /// Where it is: `plugins[0].path`.
    pub(crate) name: String,
    pub(crate) text: &'a str,
}

/// Every text in a value, in the value's order.
pub(crate) fn fields(value: &Value) -> Vec<Field<'_>> {
    let mut found = Vec::new();
    walk(value, String::new(), &mut found);
    found
}

fn walk<'a>(value: &'a Value, name: String, found: &mut Vec<Field<'a>>) {
    match value {
        Value::String(text) => found.push(Field { name, text }),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, format!("{name}[{index}]"), found);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                walk(item, name, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
