//! Signers of certificates.

use std::collections::{BTreeMap, BTreeSet};

use crate::x509::Certificate;

/// For every certificate of an inventory, the authority in it that signed it.
#[derive(Debug, Default)]
pub(crate) struct Signers {
    pub(crate) signers: BTreeMap<[u8; 32], Certificate>,
    /// Fingerprints of the authorities that signed a certificate that is no authority.
    pub(crate) issuing: BTreeSet<[u8; 32]>,
    /// Were there so many authorities that not all of them were tried?
    pub(crate) gave_up: bool,
}
