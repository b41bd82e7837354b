//! Keys: types, encodings and reading errors.

mod check;
mod encrypted;
pub(super) mod kinds;
mod private;
mod public;

pub(super) use self::kinds::pem;
pub use self::{
    kinds::{
        KeyAlgorithm, KeyEncoding, KeyError, KeyType, MAX_ITERATIONS, MAX_SCRYPT_MEMORY, MAX_SCRYPT_PARALLEL,
        UnknownKeyAlgorithm,
    },
    private::PrivateKey,
    public::PublicKey,
};
