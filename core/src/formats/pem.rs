//! PEM (RFC 7468 with RFC 1421 headers), parsed leniently, with the position of every error.
//!
//! The scan also finds blocks that Go or OpenSSL skip. Deviations that a strict reader would reject are reported as a
//! [`PemProblem`] in addition to the block.

mod block;
mod go;

use std::ops::Range;

use base64::Engine as _;
use zeroize::Zeroizing;

pub use self::{
    block::PemBlock,
    go::{chain_blocks, go_blocks, key_block, trust_blocks},
};

use self::block::{BASE64, MAX_BLOCKS};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The result of a scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PemScan {
    /// The readable blocks, in file order.
    pub blocks: Vec<PemBlock>,
    /// The problems, in file order.
    pub problems: Vec<PemProblem>,
}

/// A problem in a PEM file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PemProblem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, as a sentence without a final period; never contains the data.
    pub message: String,
}

/// Whether `bytes` contain at least one `BEGIN` marker.
pub fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(BEGIN.len()).any(|window| window == BEGIN.as_bytes())
}

/// Finds the PEM blocks in `bytes`. Surrounding text, CRLF, a byte order mark and a missing final newline are accepted.
pub fn blocks(bytes: &[u8]) -> PemScan {
    let mut scanner = Scanner { bytes, scan: PemScan::default(), open: None, begun: 0 };
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        scanner.problem(1, "the text is UTF-16: save it as UTF-8");
        return scanner.scan;
    }
    let mut start = 0;
    let mut line = 1;
    while start < bytes.len() && scanner.begun <= MAX_BLOCKS {
        let end = bytes[start..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| start + at);
        scanner.line(line, start..end);
        start = end + 1;
        line += 1;
    }
    if let Some(open) = scanner.open.take() {
        scanner
            .problem(open.line, format!("the {} block that begins here never ends: the file is cut off", open.label));
    }
    scanner.scan
}

struct Scanner<'a> {
    bytes: &'a [u8],
    scan: PemScan,
    open: Option<Open>,
    begun: usize,
}

/// A block without its `END` so far.
struct Open {
    label: String,
    line: usize,
    headers: bool,
    /// Whether header lines may follow.
    heading: bool,
    body: Vec<(usize, Range<usize>)>,
}

impl Scanner<'_> {
    /// Records a problem. Limited to as many as blocks, because a malicious file could have one per line.
    fn problem(&mut self, line: usize, message: impl Into<String>) {
        if self.scan.problems.len() < MAX_BLOCKS {
            self.scan.problems.push(PemProblem { line, message: message.into() });
        }
    }

    /// Parses one line without its line feed: text or data, a marker, or several markers.
    fn line(&mut self, line: usize, range: Range<usize>) {
        let mut at = range.start;
        let mut ended_here = false;
        while let Some(marker) = find_marker(self.bytes, at..range.end) {
            let before = trim(self.bytes, at..marker.range.start);
            let before_is_blank = before.is_empty() || self.bytes[before.clone()] == *b"\xEF\xBB\xBF";
            if marker.begins {
                if self.open.is_none() && !before_is_blank {
                    at = marker.range.end; // a marker within other text
                    continue;
                }
                if ended_here || !before_is_blank {
                    self.problem(line, "-----BEGIN does not start on a line of its own: most programs skip this block");
                } else if marker.range.start > at && before.is_empty() {
                    self.problem(line, "-----BEGIN is indented: Go and OpenSSL skip this block");
                }
                self.begin(line, marker.label, marker.range.end < trim(self.bytes, at..range.end).end);
            } else if self.open.is_some() {
                if !before.is_empty() {
                    self.problem(line, "-----END does not start on a line of its own: most programs skip this block");
                    self.body(line, before);
                }
                self.end(line, &marker.label);
                ended_here = true;
            } else if before_is_blank {
                self.problem(
                    line,
                    format!("-----END {} without its beginning: the file's start is missing", marker.label),
                );
            }
            at = marker.range.end;
        }
        let rest = trim(self.bytes, at..range.end);
        if self.open.is_some() {
            self.body(line, rest);
        } else if ended_here && !rest.is_empty() {
            self.problem(line, "text follows -----END on the same line: most programs skip the block that ends here");
        }
    }

    fn begin(&mut self, line: usize, label: String, glued: bool) {
        if let Some(open) = self.open.take() {
            self.problem(
                open.line,
                format!("the {} block that begins here never ends: another begins in line {line}", open.label),
            );
        }
        self.begun += 1;
        if self.begun > MAX_BLOCKS {
            self.problem(line, format!("more than {MAX_BLOCKS} PEM blocks: the rest of the file is not read"));
            return;
        }
        if glued {
            self.problem(line, "data follows -----BEGIN on the same line: the line breaks were lost");
        }
        self.open = Some(Open { label, line, headers: false, heading: true, body: Vec::new() });
    }

    fn body(&mut self, line: usize, range: Range<usize>) {
        let Some(open) = &mut self.open else { return };
        let text = &self.bytes[range.clone()];
        if text.is_empty() {
            return;
        }
        if open.heading && text.contains(&b':') {
            open.headers = true;
        } else {
            open.heading = false; // as Go does: the first line without a colon is data
            open.body.push((line, range));
        }
    }

    fn end(&mut self, line: usize, label: &str) {
        let Some(open) = self.open.take() else { return };
        if open.label != label {
            let message =
                format!("-----END {label} closes the {} block of line {}: the two differ", open.label, open.line);
            self.problem(line, message);
            return;
        }
        let size = open.body.iter().map(|(_, range)| range.len()).sum();
        let mut text = Zeroizing::new(Vec::with_capacity(size));
        for (_, range) in &open.body {
            text.extend(self.bytes[range.clone()].iter().filter(|byte| !byte.is_ascii_whitespace()));
        }
        if text.is_empty() {
            self.problem(open.line, format!("the {label} block is empty"));
            return;
        }
        match BASE64.decode(text.as_slice()) {
            Ok(der) => self.scan.blocks.push(PemBlock {
                label: open.label,
                der: Zeroizing::new(der),
                line: open.line,
                last_line: line,
                headers: open.headers,
            }),
            Err(error) => {
                let (line, message) = self.base64_problem(&open, &text, error);
                self.problem(line, message);
            }
        }
    }

    /// The line and reason of a base64 error, without the data.
    fn base64_problem(&self, open: &Open, text: &[u8], error: base64::DecodeError) -> (usize, String) {
        let offset = match error {
            base64::DecodeError::InvalidByte(offset, _) | base64::DecodeError::InvalidLastSymbol { offset, .. } => {
                offset
            }
            base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => text.len(),
        };
        let mut passed = 0;
        let mut place = open.line;
        for (line, range) in &open.body {
            place = *line;
            passed += self.bytes[range.clone()].iter().filter(|byte| !byte.is_ascii_whitespace()).count();
            if offset < passed {
                break;
            }
        }
        let what = match error {
            base64::DecodeError::InvalidByte(offset, b'\\') if text.get(offset + 1) == Some(&b'n') => {
                r"line breaks are written as \n"
            }
            base64::DecodeError::InvalidByte(_, b'=') => "padding (=) stands before the end of the base64",
            base64::DecodeError::InvalidByte(..) => "a character is not base64",
            _ => "the base64 is cut off: its length or padding is wrong",
        };
        (place, format!("{what} in the {} block of line {}", open.label, open.line))
    }
}

struct Marker {
    begins: bool,
    label: String,
    range: Range<usize>,
}

/// The first `-----BEGIN X-----` or `-----END X-----` within `range`, a single line.
fn find_marker(bytes: &[u8], range: Range<usize>) -> Option<Marker> {
    let mut at = range.start;
    while let Some(found) = find(bytes, DASHES.as_bytes(), at..range.end) {
        let rest = &bytes[found..range.end];
        for (begins, prefix) in [(true, BEGIN), (false, END)] {
            if !rest.starts_with(prefix.as_bytes()) {
                continue;
            }
            let label_start = found + prefix.len();
            if let Some(label_end) = find(bytes, DASHES.as_bytes(), label_start..range.end)
                && let Ok(label) = std::str::from_utf8(&bytes[label_start..label_end])
                && label.len() <= 64
                && label.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
            {
                let end = label_end + DASHES.len();
                return Some(Marker { begins, label: label.to_owned(), range: found..end });
            }
        }
        at = found + 1;
    }
    None
}

fn find(bytes: &[u8], needle: &[u8], range: Range<usize>) -> Option<usize> {
    bytes.get(range.clone())?.windows(needle.len()).position(|window| window == needle).map(|at| range.start + at)
}

fn trim(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let text = &bytes[range.clone()];
    let front = text.len() - text.trim_ascii_start().len();
    let length = text.trim_ascii().len();
    range.start + front..range.start + front + length
}

#[cfg(test)]
mod tests;
