//! Text from the input, written so that it stays text: in Markdown, in a shell, on a terminal; and bytes as hexadecimal.

pub mod hex;
pub(crate) mod markdown;
pub(crate) mod shell;
pub mod terminal;
