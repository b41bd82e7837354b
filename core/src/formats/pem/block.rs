//! A PEM block.

use std::fmt;

use base64::{
    alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

/// The limit of blocks in one file. Trust bundles of operating systems have about 150.
pub const MAX_BLOCKS: usize = 4_096;

/// Standard alphabet, padding required, unused trailing bits tolerated: as Go's `encoding/pem`.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// One PEM block.
#[derive(Clone, PartialEq, Eq)]
pub struct PemBlock {
    /// The label of the `BEGIN` line: `CERTIFICATE`, `RSA PRIVATE KEY`, ….
    pub label: String,
    /// The decoded bytes, wiped when dropped.
    pub der: Zeroizing<Vec<u8>>,
    /// The line of the `BEGIN` marker, from 1.
    pub line: usize,
    /// The line of the `END` marker, from 1.
    pub last_line: usize,
    /// Whether RFC 1421 headers precede the data, as in encrypted keys. Go skips certificates with headers.
    pub headers: bool,
}

/// Prints label, lines and size, never the bytes.
impl fmt::Debug for PemBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PemBlock({}, {} bytes, line {})", self.label, self.der.len(), self.line)
    }
}
