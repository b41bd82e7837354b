//! Java keystores of the types JKS and JCEKS. Their certificates are not encrypted: only private keys need a password
//! (OpenJDK: src/java.base/share/classes/sun/security/provider/JavaKeyStore.java, `engineLoad`;
//! com/sun/crypto/provider/JceKeyStore.java).

use super::certificate::Certificate;

const JKS: u32 = 0xFEED_FEED;
const JCEKS: u32 = 0xCECE_CECE;

/// Tags of entries. A third kind, secret keys of JCEKS, is serialised Java objects, whose length nothing says.
const KEY_ENTRY: u32 = 1;
const CERTIFICATE_ENTRY: u32 = 2;

/// SHA-1 over password and content at the end. Bytes.
const DIGEST: usize = 20;

/// The certificates of a keystore.
#[derive(Debug, Default)]
pub(crate) struct JavaKeystore {
    /// The chain of each private key, the key's own certificate first.
    pub(crate) chains: Vec<Vec<Certificate>>,
    /// The certificates that a program trusts.
    pub(crate) trusted: Vec<Certificate>,
    /// Whether everything in it was read. Entries after a secret key are not.
    pub(crate) is_complete: bool,
}

/// Do these bytes begin as such a keystore does?
pub(crate) fn is_java_keystore(bytes: &[u8]) -> bool {
    bytes.first_chunk().is_some_and(|magic| [JKS, JCEKS].contains(&u32::from_be_bytes(*magic)))
}

impl JavaKeystore {
    /// Reads the certificates; what cannot be read leaves [`Self::is_complete`] unset. The digest is not verified, which
    /// takes the password.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut keystore = Self::default();
        let mut input = Input(bytes);
        keystore.is_complete = keystore.entries(&mut input).is_some() && input.0.len() == DIGEST;
        keystore
    }

    /// `None` where the rest cannot be read.
    fn entries(&mut self, input: &mut Input<'_>) -> Option<()> {
        let magic = input.number()?;
        let version = input.number()?;
        if ![JKS, JCEKS].contains(&magic) || ![1, 2].contains(&version) {
            return None;
        }
        for _ in 0..input.number()? {
            let tag = input.number()?;
            let _alias = input.text()?;
            let _milliseconds = input.take(8)?;
            match tag {
                KEY_ENTRY => {
                    let length = input.number()?;
                    let _encrypted = input.take(usize::try_from(length).ok()?)?;
                    let mut chain = Vec::new();
                    for _ in 0..input.number()? {
                        chain.push(input.certificate(version)?);
                    }
                    self.chains.push(chain);
                }
                CERTIFICATE_ENTRY => self.trusted.push(input.certificate(version)?),
                _ => return None,
            }
        }
        Some(())
    }
}

/// What is left of the bytes; numbers are big-endian.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        self.take(4)?.first_chunk().copied().map(u32::from_be_bytes)
    }

    /// A text with its length in two bytes.
    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.take(2)?.first_chunk().copied().map(u16::from_be_bytes)?;
        self.take(usize::from(length))
    }

    /// A certificate; since version 2 its type stands before it, `X.509` or `X509`.
    fn certificate(&mut self, version: u32) -> Option<Certificate> {
        if version == 2 {
            self.text()?;
        }
        let length = self.number()?;
        Certificate::from_der(self.take(usize::try_from(length).ok()?)?).ok()
    }
}
