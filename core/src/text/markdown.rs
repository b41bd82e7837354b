//! Escaping of input for Markdown: it cannot end its line, table cell or code span, nor begin a code block.

use std::fmt::Display;

use super::terminal::Line;

/// Escapes input for use within a line of Markdown (CommonMark 0.31). Fenced code blocks, headings and list items begin
/// at the start of a line, so removing line breaks prevents them.
pub(crate) fn line(text: impl Display) -> String {
    let text = Line(text).to_string();
    // At the start of a line, these would be a code fence.
    text.replace("```", "'''").replace("~~~", "---")
}

/// Escapes input for a table cell.
pub(crate) fn cell(text: impl Display) -> String {
    line(text).replace('|', "\u{fffd}")
}

/// Formats input as a code span in a table cell.
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
