//! Text from the input in Markdown: it cannot end its line, its table cell or its code span, nor begin a code block.

use std::fmt::Display;

use super::terminal::Line;

/// Text from the input inside a line of Markdown (CommonMark 0.31): a fenced code block, a heading or a list item needs
/// the beginning of a line, which a text without a line break cannot make.
pub(crate) fn line(text: impl Display) -> String {
    let text = Line(text).to_string();
    // At the beginning of a line it would be a fence.
    text.replace("```", "'''").replace("~~~", "---")
}

/// Text from the input in a cell of a table.
pub(crate) fn cell(text: impl Display) -> String {
    line(text).replace('|', "\u{fffd}")
}

/// Text from the input as a code span in a cell of a table.
pub(crate) fn code(text: impl Display) -> String {
    format!("`{}`", cell(text).replace('`', "\u{fffd}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_in_its_place() {
        let hostile = "a`|b\n```sh\nrm -rf /\n```\n";
        assert_eq!(line(hostile), "a`|b\u{fffd}'''sh\u{fffd}rm -rf /\u{fffd}'''\u{fffd}");
        assert_eq!(cell("a|b"), "a\u{fffd}b");
        assert_eq!(code("a`|b"), "`a\u{fffd}\u{fffd}b`");
    }
}
