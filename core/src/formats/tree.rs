//! A YAML or JSON syntax tree with byte ranges, for [`super::edit`].

use std::{collections::BTreeSet, ops::Range};

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, options};

use super::yaml::{self, MAX_ALIASES, MAX_DEPTH, MAX_DOCUMENTS, YamlError};

/// Every non-empty document of a text.
pub(crate) struct Forest {
    pub(crate) documents: Vec<Node>,
    /// The anchors that have at least one alias.
    pub(crate) aliased: BTreeSet<usize>,
}

/// A node and its start.
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    /// The anchor that it defines; 0 for none.
    pub(crate) anchor: usize,
    pub(crate) line: usize,
}

pub(crate) enum NodeKind {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    /// Keys that are not scalars have the name `None`.
    Mapping(Vec<(Option<String>, Node)>),
    Alias,
}

/// The style of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Block,
}

/// The position and style of a scalar.
pub(crate) struct Scalar {
    pub(crate) style: Style,
    /// Its text with quotes; for a block, its content from the first character of the first line.
    pub(crate) range: Range<usize>,
    /// A block's header: indicator, indentation, chomping (`|2-`); empty otherwise.
    pub(crate) header: Range<usize>,
    /// The indentation of a block's first line, in spaces.
    pub(crate) indent: Option<usize>,
    /// Whether it is inside `[…]` or `{…}`.
    pub(crate) flow: bool,
    /// The column of the enclosing mapping or sequence.
    pub(crate) parent_column: usize,
    pub(crate) line: usize,
}

struct Open {
    node: Node,
    key: Option<Option<String>>,
    flow: bool,
    column: usize,
}

/// Parses `text` into nodes.
pub(crate) fn read(text: &str) -> Result<Forest, YamlError> {
    let mut forest = Forest { documents: Vec::new(), aliased: BTreeSet::new() };
    let mut stack: Vec<Open> = Vec::new();
    let mut nodes = 0;
    let mut aliases = 0;
    let most_nodes = yaml::most_nodes(text.len());
    let mut last_end = 0;
    let options = options! {
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
    };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event
            .map_err(|error| YamlError::new(error.marker().line().max(1), yaml::parser_sentence(&error.info())))?;
        let range = span.byte_range().unwrap_or(last_end..last_end);
        let line = span.start.line();
        nodes += usize::from(event.is_node());
        aliases += usize::from(event.is_alias());
        if nodes > most_nodes || aliases > MAX_ALIASES || forest.documents.len() > MAX_DOCUMENTS {
            return Err(YamlError::new(line, "the text has too many nodes, aliases or documents"));
        }
        let anchor = event.anchor_id().unwrap_or(0);
        let done = match event {
            Event::Scalar(value, style, _, tag) => {
                let flow = stack.last().is_some_and(|open| open.flow);
                let parent_column = stack.last().map_or(0, |open| open.column);
                let scalar = scalar(text, style, range.clone(), last_end, flow, parent_column, line);
                let is_null = tag.is_none() && style == ScalarStyle::Plain && is_null(&value);
                if stack.is_empty() && is_null {
                    last_end = range.end;
                    continue; // an empty document
                }
                let is_key = stack
                    .last()
                    .is_some_and(|open| matches!(open.node.kind, NodeKind::Mapping(_)) && open.key.is_none());
                if is_key {
                    last_end = range.end;
                    if let Some(open) = stack.last_mut() {
                        open.key = Some(Some(value.into_owned()));
                    }
                    continue;
                }
                Some(Node { kind: NodeKind::Scalar(scalar), anchor, line })
            }
            Event::Alias(id) => {
                forest.aliased.insert(id);
                Some(Node { kind: NodeKind::Alias, anchor: 0, line })
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if stack.len() >= MAX_DEPTH => {
                return Err(YamlError::new(line, yaml::too_deep()));
            }
            Event::SequenceStart(style, ..) => {
                let node = Node { kind: NodeKind::Sequence(Vec::new()), anchor, line };
                stack.push(Open { node, key: None, flow: style == StructureStyle::Flow, column: span.start.col() });
                None
            }
            Event::MappingStart(style, ..) => {
                let node = Node { kind: NodeKind::Mapping(Vec::new()), anchor, line };
                stack.push(Open { node, key: None, flow: style == StructureStyle::Flow, column: span.start.col() });
                None
            }
            Event::SequenceEnd | Event::MappingEnd => stack.pop().map(|open| open.node),
            _ => None,
        };
        last_end = range.end.max(last_end);
        if let Some(node) = done {
            match stack.last_mut() {
                Some(open) => add(open, node),
                None => forest.documents.push(node),
            }
        }
    }
    Ok(forest)
}

fn add(open: &mut Open, node: Node) {
    match &mut open.node.kind {
        NodeKind::Sequence(items) => items.push(node),
        NodeKind::Mapping(entries) => match open.key.take() {
            Some(name) => entries.push((name, node)),
            None => open.key = Some(None), // a key that is not a scalar
        },
        NodeKind::Scalar(_) | NodeKind::Alias => {}
    }
}

/// Whether the value is YAML's null: [`super::yaml::documents`] omits such documents.
fn is_null(value: &str) -> bool {
    matches!(value, "" | "~") || value.eq_ignore_ascii_case("null")
}

fn scalar(
    text: &str,
    style: ScalarStyle,
    range: Range<usize>,
    after: usize,
    flow: bool,
    parent_column: usize,
    line: usize,
) -> Scalar {
    let style = match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    };
    let mut header = 0..0;
    let mut indent = None;
    if style == Style::Block {
        header = block_header(text, after..range.start).unwrap_or(range.start..range.start);
        let line_start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let before = &text[line_start..range.start];
        indent = before.bytes().all(|byte| byte == b' ').then_some(before.len()).filter(|spaces| *spaces > 0);
    }
    Scalar { style, range, header, indent, flow, parent_column, line }
}

/// The range of a block scalar's header, between its key or dash and its content, after tag and anchor.
fn block_header(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let mut at = range.start;
    while at < range.end {
        let rest = &text[at..range.end];
        let first = rest.chars().next()?;
        let token = rest.find([' ', '\t', '\r', '\n']).unwrap_or(rest.len());
        match first {
            '|' | '>' => return Some(at..at + token),
            '#' => at += rest.find('\n').unwrap_or(rest.len()),
            '&' | '!' => at += token,
            _ => at += first.len_utf8(),
        }
    }
    None
}
