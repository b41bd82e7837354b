//! Private keys under a password: PKCS#8 `EncryptedPrivateKeyInfo` (RFC 5958, 3) with PBES2 (RFC 8018, 6.2).

use der::Decode;
use pkcs8::{
    EncryptedPrivateKeyInfoRef,
    pkcs5::{EncryptionScheme, pbes2::Kdf},
};

use super::{KeyError, PrivateKey};
use crate::input::Password;

/// PBKDF2 with more iterations is refused: OpenSSL takes 2,048 where nobody says otherwise, OWASP asks for 600,000
/// (2023), and a stranger's file could ask for minutes.
pub const MAX_ITERATIONS: u32 = 2_000_000;

/// scrypt with more memory (`128 · N · r`) is refused: OpenSSL takes 16 MiB where nobody says otherwise. Bytes.
pub const MAX_SCRYPT_MEMORY: u64 = 64 * 1024 * 1024;

/// scrypt with a larger `p` is refused; OpenSSL takes 1.
pub const MAX_SCRYPT_PARALLEL: u16 = 16;

impl PrivateKey {
    /// Reads a key in encrypted PKCS#8, in DER. It is written without a password, as Kubernetes reads it.
    ///
    /// # Errors
    /// [`KeyError::WrongPassword`] if it does not open, [`KeyError::UnsupportedEncryption`] if it is encrypted in
    /// another way than by PBES2 within the limits of this module, and those of [`PrivateKey::from_der`].
    pub fn from_encrypted_der(der: &[u8], password: &Password) -> Result<Self, KeyError> {
        let info = affordable(der)?;
        let key = info.decrypt(password.as_str()).map_err(|_| KeyError::WrongPassword)?;
        // What a wrong password opens by accident is no key.
        Self::from_pkcs8_der(key.as_bytes()).map_err(|error| match error {
            KeyError::NotAKey(_) => KeyError::WrongPassword,
            error => error,
        })
    }

    /// Would a password open this encrypted PKCS#8, in DER?
    pub fn is_openable(der: &[u8]) -> bool {
        affordable(der).is_ok()
    }
}

/// What is encrypted by PBES2 within the limits of this module.
fn affordable(der: &[u8]) -> Result<EncryptedPrivateKeyInfoRef<'_>, KeyError> {
    let info = EncryptedPrivateKeyInfoRef::from_der(der).map_err(|_| KeyError::UnsupportedEncryption)?;
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return Err(KeyError::UnsupportedEncryption);
    };
    let affordable = match &parameters.kdf {
        Kdf::Pbkdf2(parameters) => parameters.iteration_count <= MAX_ITERATIONS,
        Kdf::Scrypt(parameters) => {
            // N is a power of two above 1 (RFC 7914, 2); with N = 0, the library overflows.
            let cost = parameters.cost_parameter;
            let memory = cost.saturating_mul(128 * u64::from(parameters.block_size));
            cost.is_power_of_two() && memory <= MAX_SCRYPT_MEMORY && parameters.parallelization <= MAX_SCRYPT_PARALLEL
        }
        _ => false,
    };
    if affordable { Ok(info) } else { Err(KeyError::UnsupportedEncryption) }
}
