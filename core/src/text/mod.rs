//! Safe output of input texts in Markdown, shell commands and terminals, and hexadecimal output of bytes.

pub mod hex;
pub(crate) mod markdown;
pub(crate) mod shell;
pub mod terminal;
