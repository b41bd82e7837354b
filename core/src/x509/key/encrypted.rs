//! Encrypted private keys: PKCS#8 `EncryptedPrivateKeyInfo` (RFC 5958, 3) with PBES2 (RFC 8018, 6.2).

use der::Decode;
use pkcs8::{
    EncryptedPrivateKeyInfoRef,
    pkcs5::{EncryptionScheme, pbes2::Kdf},
};

use super::{
    kinds::{KeyError, MAX_ITERATIONS, MAX_SCRYPT_MEMORY, MAX_SCRYPT_PARALLEL},
    private::PrivateKey,
};
use crate::input::Password;

impl PrivateKey {
    /// Decrypts a key in encrypted PKCS#8, in DER. The key's `to_pem` writes it unencrypted, as Kubernetes needs it.
    ///
    /// # Errors
    /// [`KeyError::WrongPassword`] if the password does not decrypt it, [`KeyError::UnsupportedEncryption`] if the
    /// encryption is not PBES2 within this module's limits, and those of [`PrivateKey::from_der`].
    pub fn from_encrypted_der(der: &[u8], password: &Password) -> Result<Self, KeyError> {
        let info = parse_within_limits(der)?;
        let key = info.decrypt(password.as_str()).map_err(|_| KeyError::WrongPassword)?;
        // A wrong password can decrypt to bytes that are not a key.
        Self::from_pkcs8_der(key.as_bytes()).map_err(|error| match error {
            KeyError::NotAKey(_) => KeyError::WrongPassword,
            error => error,
        })
    }

    /// Whether this encrypted PKCS#8 (DER) uses a supported encryption.
    pub fn is_openable(der: &[u8]) -> bool {
        parse_within_limits(der).is_ok()
    }
}

/// Parses encrypted PKCS#8; fails if the encryption is not PBES2 within this module's limits.
fn parse_within_limits(der: &[u8]) -> Result<EncryptedPrivateKeyInfoRef<'_>, KeyError> {
    let info = EncryptedPrivateKeyInfoRef::from_der(der).map_err(|_| KeyError::UnsupportedEncryption)?;
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return Err(KeyError::UnsupportedEncryption);
    };
    let is_within_limits = match &parameters.kdf {
        Kdf::Pbkdf2(parameters) => parameters.iteration_count <= MAX_ITERATIONS,
        Kdf::Scrypt(parameters) => {
            // N is a power of two above 1 (RFC 7914, 2); with N = 0, the library overflows.
            let cost = parameters.cost_parameter;
            let memory = cost.saturating_mul(128 * u64::from(parameters.block_size));
            cost.is_power_of_two() && memory <= MAX_SCRYPT_MEMORY && parameters.parallelization <= MAX_SCRYPT_PARALLEL
        }
        _ => false,
    };
    if is_within_limits { Ok(info) } else { Err(KeyError::UnsupportedEncryption) }
}
