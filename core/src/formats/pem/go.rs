//! PEM parsing as in Go's `encoding/pem`, which all Kubernetes components use.
//!
//! A port of `Decode` (golang/go: src/encoding/pem/pem.go, Go 1.26), compared with the original in
//! `tests/tests/formats/pem.rs`.

use base64::Engine as _;
use zeroize::Zeroizing;

use super::block::{BASE64, MAX_BLOCKS, PemBlock};

const START: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";

/// The blocks that Go reads, in order; at most `MAX_BLOCKS`.
///
/// A block counts if `BEGIN` and `END` each start a line, have the same label, only blanks follow `END`, and the text
/// between is base64. Everything else is skipped without an error. `headers` is set if at least one line with a colon
/// precedes the data.
pub fn go_blocks(bytes: &[u8]) -> Vec<PemBlock> {
    let mut decoder = Decoder { bytes, at: 0, counted: 0, line: 1 };
    std::iter::from_fn(|| decoder.next()).take(MAX_BLOCKS).collect()
}

/// The blocks that Go reads as trusted CAs: label `CERTIFICATE`, no headers (`x509.CertPool.AppendCertsFromPEM`;
/// kubernetes/client-go: util/cert/pem.go, `ParseCertsPEM`).
pub fn trust_blocks(bytes: &[u8]) -> Vec<PemBlock> {
    go_blocks(bytes).into_iter().filter(|block| block.label == "CERTIFICATE" && !block.headers).collect()
}

/// The blocks that Go reads as a certificate chain to present: label `CERTIFICATE`, with or without headers
/// (crypto/tls, `X509KeyPair`).
pub fn chain_blocks(bytes: &[u8]) -> Vec<PemBlock> {
    go_blocks(bytes).into_iter().filter(|block| block.label == "CERTIFICATE").collect()
}

/// The block that Go reads as the private key: the first with a private key's label (crypto/tls, `X509KeyPair`).
pub fn key_block(bytes: &[u8]) -> Option<PemBlock> {
    go_blocks(bytes).into_iter().find(|block| is_key(&block.label))
}

/// Whether this is the label of a private key, encrypted or not.
fn is_key(label: &str) -> bool {
    label == "PRIVATE KEY" || label.ends_with(" PRIVATE KEY")
}

struct Decoder<'a> {
    bytes: &'a [u8],
    /// The start of the remaining text.
    at: usize,
    /// The position up to which line feeds are counted.
    counted: usize,
    /// The line number at `counted`, from 1.
    line: usize,
}

/// A line: the range of its text without trailing blanks, and the start of the next line.
struct Line<'a> {
    text: &'a [u8],
    next: usize,
}

impl<'a> Decoder<'a> {
    /// The next block; `None` at the end of the text or where Go stops reading.
    fn next(&mut self) -> Option<PemBlock> {
        loop {
            let end = self.find(END, self.at)?;
            let after_end = end + END.len();
            let Some(begin) = self.find_last(START, self.at..end) else {
                self.at = after_end;
                continue;
            };
            // Go searches for the line feed only in the remaining text.
            if begin > self.at && self.bytes[begin - 1] != b'\n' {
                self.at = after_end;
                continue;
            }
            let first = self.read_line(begin + START.len());
            match self.block(first, end) {
                Outcome::Block(label, headers, der, next) => {
                    let line = self.line_of(begin);
                    let last_line = self.line_of(end + 1);
                    self.at = next;
                    return Some(PemBlock { label, der, line, last_line, headers });
                }
                // A label or header that runs past the END line ends the search (`endTrailerIndex < 0`).
                Outcome::Skipped(rest) if rest > after_end => return None,
                Outcome::Skipped(_) => self.at = after_end,
                Outcome::Stopped => return None,
            }
        }
    }

    /// Parses the text between a `BEGIN` and the `END` at `end`.
    fn block(&self, first: Line<'a>, end: usize) -> Outcome {
        let Some(label) = first.text.strip_suffix(DASHES) else { return Outcome::Skipped(first.next) };
        let mut data = first.next;
        let mut headers = false;
        loop {
            if data >= self.bytes.len() {
                return Outcome::Stopped;
            }
            let line = self.read_line(data);
            if !line.text.contains(&b':') {
                break;
            }
            headers = true;
            data = line.next;
        }
        if headers && data > end {
            return Outcome::Skipped(data);
        }
        let trailer = &self.bytes[end + END.len()..];
        let Some(rest) = trailer.strip_prefix(label).and_then(|rest| rest.strip_prefix(DASHES)) else {
            return Outcome::Skipped(data);
        };
        let rest = self.read_line(self.bytes.len() - rest.len());
        if !rest.text.is_empty() {
            return Outcome::Skipped(data);
        }
        let encoded = self.bytes.get(data..end).unwrap_or_default();
        let mut compact = Zeroizing::new(Vec::with_capacity(encoded.len()));
        compact.extend(encoded.iter().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')));
        match BASE64.decode(compact.as_slice()) {
            Ok(der) => {
                let label = String::from_utf8_lossy(label).into_owned();
                Outcome::Block(label, headers, Zeroizing::new(der), rest.next)
            }
            Err(_) => Outcome::Skipped(data),
        }
    }

    /// The line that begins at `start`.
    fn read_line(&self, start: usize) -> Line<'a> {
        let rest = &self.bytes[start..];
        let (text, next) = match rest.iter().position(|byte| *byte == b'\n') {
            Some(at) => (rest[..at].strip_suffix(b"\r").unwrap_or(&rest[..at]), start + at + 1),
            None => (rest, self.bytes.len()),
        };
        let kept = text.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
        Line { text: &text[..kept], next }
    }

    fn find(&self, needle: &[u8], from: usize) -> Option<usize> {
        self.bytes[from..].windows(needle.len()).position(|window| window == needle).map(|at| from + at)
    }

    fn find_last(&self, needle: &[u8], range: std::ops::Range<usize>) -> Option<usize> {
        let start = range.start;
        self.bytes[range].windows(needle.len()).rposition(|window| window == needle).map(|at| start + at)
    }

    /// The line number of position `at`, from 1. Positions must be passed in ascending order.
    fn line_of(&mut self, at: usize) -> usize {
        self.line += self.bytes[self.counted..at].iter().filter(|byte| **byte == b'\n').count();
        self.counted = at;
        self.line
    }
}

/// The result of parsing a `BEGIN` and an `END`.
enum Outcome {
    /// A block: label, whether there are headers, data, and the start of the remaining text.
    Block(String, bool, Zeroizing<Vec<u8>>, usize),
    /// Not a block; the position at which parsing ended.
    Skipped(usize),
    /// The text ends before the data: Go stops reading.
    Stopped,
}
