//! Text values of the configuration files that flags refer to, with their field names.

use serde_json::Value;

/// A text value of a configuration.
pub(crate) struct Field<'a> {
    /// Its field, such as `plugins[0].path`.
    pub(crate) name: String,
    pub(crate) text: &'a str,
}

/// All text values within a value, in order.
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
