use proptest::prelude::*;

use super::*;

fn edit(path: &[Segment], value: &str) -> Edit {
    Edit { document: 0, path: path.to_vec(), value: Zeroizing::new(value.to_owned()) }
}

#[track_caller]
fn check(before: &str, value: &str, after: &str) {
    let result = splice(before.as_bytes(), &[edit(&["k".into()], value)]).unwrap();
    assert_eq!(std::str::from_utf8(&result).unwrap(), after);
}

#[test]
fn the_style_stays() {
    check("k: old # note\n", "new", "k: new # note\n");
    check("k:   'old'   # note\n", "it's", "k:   'it''s'   # note\n");
    check("k: \"old\"\n", "a\"b\\\n", "k: \"a\\\"b\\\\\\n\"\n");
    check("{k: old, x: y}", "new", "{k: new, x: y}");
    check("{\"k\":\"old\"}", "new\u{7f}", "{\"k\":\"new\\u007f\"}");
    check("? k\n: old\n", "new", "? k\n: new\n");
    check("k: !!str old\n", "new", "k: !!str new\n");
    check("k: one\n  two\n  # note\nl: x\n", "new", "k: new\n  # note\nl: x\n");
    check("%YAML 1.2\n---\nk: old\n...\n", "new", "%YAML 1.2\n---\nk: new\n...\n");
}

#[test]
fn quotes_come_where_the_value_needs_them() {
    check("k: old\n", "yes", "k: \"yes\"\n");
    check("k: old\n", "123", "k: \"123\"\n");
    check("k: old\n", "", "k: \"\"\n");
    check("k: old\n", "a\nb", "k: \"a\\nb\"\n");
    check("{k: old}\n", "a,b", "{k: \"a,b\"}\n");
    check("k: 'old'\n", "a\nb", "k: \"a\\nb\"\n");
    check("k: |\n  old\nl: x\n", " a\n", "k: \" a\\n\"\nl: x\n");
    check("k: |\n  old\n\nl: x\n", "", "k: \"\"\n\nl: x\n");
}

#[test]
fn blocks_are_indented_again() {
    check(
        "k: | # note\n    old\n    text\n\n# next\nl: x\n",
        "a\n\n  b\n",
        "k: | # note\n    a\n\n      b\n\n# next\nl: x\n",
    );
    check("k: |-\n  old\nl: x\n", "a\nb\n", "k: |\n  a\n  b\nl: x\n");
    check("k: |+\n  old\n\nl: x\n", "a\n\n\n", "k: |+\n  a\n\n\nl: x\n");
    check("k: |+\n  old\n\nl: x\n", "a\n", "k: |\n  a\n\nl: x\n");
    check("k: |\r\n  old\r\nl: x\r\n", "a\nb\n", "k: |\r\n  a\r\n  b\r\nl: x\r\n");
    check("k: >\n  old\n  text\n", "a\n", "k: >\n  a\n");
    check("k: >\n  old\n  text\n", "a\nb\n", "k: |\n  a\n  b\n");
    check("k: &a !!str |2-\n    old\n", "a", "k: &a !!str |2-\n  a\n");
    check("k: |\nl: x\n", "a\n", "k: |\n  a\nl: x\n");
    check("k: |\n\n  old\n", "a\n", "k: |\n  a\n");
    check("k: |\n  old", "a", "k: |-\n  a");
}

#[test]
fn several_edits_in_several_documents() {
    let text = "# c\na: [1, x]\n---\n---\nb:\n- k: 'v' # d\n";
    let edits = [
        Edit { document: 1, path: vec!["b".into(), 0.into(), "k".into()], value: Zeroizing::new("w".to_owned()) },
        Edit { document: 0, path: vec!["a".into(), 1.into()], value: Zeroizing::new("z".to_owned()) },
    ];
    let after = splice(text.as_bytes(), &edits).unwrap();
    assert_eq!(std::str::from_utf8(&after).unwrap(), "# c\na: [1, z]\n---\n---\nb:\n- k: 'w' # d\n");
}

#[test]
fn what_cannot_be_replaced_is_refused() {
    let check = |text: &str, path: &[Segment], message: &str| {
        assert_eq!(splice(text.as_bytes(), &[edit(path, "new")]).unwrap_err().to_string(), message, "{text}");
    };
    check("a: b\n", &["k".into()], "k is not there");
    check("k:\n", &["k".into()], "k is not there");
    check("k: []\n", &["k".into(), 0.into()], "k[0] is not there");
    check("k: x\n", &["k".into(), "l".into()], "k.l is not there");
    check("a: x\nk: {l: x}\n", &["k".into()], "line 2: k is not a plain value");
    check("a: &x b\nk: *x\n", &["k".into()], "line 2: k is shared through a YAML alias: write the value out");
    check("k: &x b\na: *x\n", &["k".into()], "line 1: k is shared through a YAML alias: write the value out");
    check(
        "k: &x {l: b}\na: *x\n",
        &["k".into(), "l".into()],
        "line 1: k is shared through a YAML alias: write the value out",
    );
    check("a: &x {l: b}\nk:\n  <<: *x\n", &["k".into(), "l".into()], "k.l is not there");
    check("k: a\nk: b\n", &["k".into()], "line 2: the key k stands twice in one mapping");
    check("a.b: {}\n", &["a.b".into(), "c".into()], "\"a.b\".c is not there");
    let twice = [edit(&["k".into()], "a"), edit(&["k".into()], "b")];
    assert_eq!(splice(b"k: x\n", &twice).unwrap_err().to_string(), "line 1: k stands twice");
}

/// One scalar `k` in every YAML style, between neighbours.
const TEMPLATES: [&str; 14] = [
    "a: 1\nk: old\nz: 2\n",
    "a: 1\nk: 'old'\nz: 2\n",
    "a: 1\nk: \"old\" # note\nz: 2\n",
    "a: 1\nk: |\n  old\nz: 2\n",
    "a: 1\nk: |-\n    old\n    text\n\nz: 2\n",
    "a: 1\nk: |+\n  old\n\n\nz: 2\n",
    "a: 1\nk: >\n  old\n  text\nz: 2\n",
    "a: 1\nk: >- # note\n  old\nz: 2\n",
    "a: 1\r\nk: |\r\n  old\r\nz: 2\r\n",
    "a: 1\nk: |\n\nz: 2\n",
    "{a: 1, k: old, z: 2}\n",
    "{\"a\": 1, \"k\": \"old\", \"z\": 2}\n",
    "a: 1\nz: 2\nk: |\n  old",
    "a: 1\nz: 2\nk: |2\n    old\n",
];

proptest! {
    /// An edit succeeds for every value, and the other values are unchanged.
    #[test]
    fn any_value_fits_any_style(
        template in 0..TEMPLATES.len(),
        value in prop_oneof![any::<String>(), "[ \t\n\ra:#|>'\"-]{0,12}", "[a-zA-Z0-9+/]{0,40}=?", "(\\PC{0,8}\n){0,5}"],
    ) {
        let after = splice(TEMPLATES[template].as_bytes(), &[edit(&["k".into()], &value)]).unwrap();
        let read = yaml::documents(&after).unwrap();
        prop_assert_eq!(&read[0]["k"], &value);
        prop_assert_eq!((&read[0]["a"], &read[0]["z"]), (&Value::from(1), &Value::from(2)));
    }

    #[test]
    fn any_text_never_panics(
        text in "[-:?&*!|>'\"%{}\\[\\],# \n\r\tkab0é\u{85}\u{2028}\u{feff}]{0,60}",
        value in any::<String>(),
    ) {
        let _ = splice(text.as_bytes(), &[edit(&["k".into()], &value)]);
        let _ = splice(text.as_bytes(), &[edit(&[0.into()], &value)]);
        let _ = splice(text.as_bytes(), &[edit(&[], &value)]);
        let _ = splice(format!("k: {text}").as_bytes(), &[edit(&["k".into()], &value)]);
        let _ = splice(format!("k: |{text}").as_bytes(), &[edit(&["k".into()], &value)]);
    }
}
