//! Keystores in values of Secrets and ConfigMaps: PKCS#12, JKS and JCEKS, as cert-manager and Java programs use them.

use zeroize::Zeroizing;

use super::{detect, model::copies::Unread};
use crate::{
    input::Password,
    x509::{Certificate, Container, ContainerError, JavaKeystore, PublicKey, container, is_java_keystore},
};

/// So many encrypted keystores of one file are opened: each takes up to a million iterations of a key derivation.
const MAX_OPENED: usize = 256;

/// How the base64 text of each kind begins: PKCS#12 (a DER sequence longer than 255 bytes), JKS and JCEKS.
const BASE64: [&[u8]; 3] = [b"MII", b"/u3+7Q", b"zs7Ozg"];

/// A keystore that was found in a value.
#[derive(Debug, Default)]
pub(super) struct Keystore {
    /// The chain of each private key, leaf first, and the trusted certificates: each list as a value of its own.
    pub(super) lists: Vec<Vec<Certificate>>,
    /// The public halves of its private keys.
    pub(super) keys: Vec<PublicKey>,
    /// Why it was not read, or not to its end.
    pub(super) unread: Option<Unread>,
}

/// Opens keystores; the number of those that need a password is limited.
#[derive(Debug, Default)]
pub(super) struct Opener<'p> {
    password: Option<&'p Password>,
    opened: usize,
}

impl<'p> Opener<'p> {
    pub(super) fn new(password: Option<&'p Password>) -> Self {
        Self { password, opened: 0 }
    }

    /// The keystore in a value, also as base64 text; `None` if the value is something else.
    pub(super) fn open(&mut self, value: &[u8]) -> Option<Keystore> {
        let text = value.trim_ascii_start();
        if BASE64.iter().any(|start| text.starts_with(start)) {
            let decoded = std::str::from_utf8(text).ok().and_then(detect::from_base64).map(Zeroizing::new)?;
            return self.open_bytes(&decoded);
        }
        self.open_bytes(value)
    }

    fn open_bytes(&mut self, bytes: &[u8]) -> Option<Keystore> {
        if is_java_keystore(bytes) {
            return Some(Keystore::from(JavaKeystore::read(bytes)));
        }
        container::is_container(bytes).then(|| self.open_container(bytes))
    }

    fn open_container(&mut self, der: &[u8]) -> Keystore {
        let unread = |unread| Keystore { unread: Some(unread), ..Keystore::default() };
        let opened = if container::is_open_container(der) {
            Container::open(der, &Password::new(String::new()))
        } else {
            let Some(password) = self.password else { return unread(Unread::PasswordNeeded) };
            self.opened += 1;
            if self.opened > MAX_OPENED {
                return unread(Unread::Container);
            }
            Container::open(der, password)
        };
        match opened {
            Ok(container) => Keystore::from(container),
            Err(ContainerError::WrongPassword) => unread(Unread::PasswordWrong),
            Err(ContainerError::Unreadable) => unread(Unread::Container),
        }
    }
}

impl From<JavaKeystore> for Keystore {
    fn from(JavaKeystore { chains, trusted, is_complete }: JavaKeystore) -> Self {
        let keys = chains.iter().filter_map(|chain| chain.first()).map(|own| own.public_key().clone()).collect();
        let mut lists = chains;
        lists.push(trusted);
        lists.retain(|list| !list.is_empty());
        Self { lists, keys, unread: (!is_complete).then_some(Unread::Java) }
    }
}

impl From<Container> for Keystore {
    fn from(Container { certificates, keys, trusted, .. }: Container) -> Self {
        let keys: Vec<PublicKey> = keys.iter().map(|key| key.public_key().clone()).collect();
        if keys.is_empty() {
            return Self { lists: vec![certificates], ..Self::default() };
        }
        // The certificates of the keys first; the others complete their chains.
        let is_own = |one: &Certificate| keys.iter().any(|key| key.is_same_key(one.public_key()));
        let (mut chain, others): (Vec<_>, Vec<_>) = certificates.into_iter().partition(is_own);
        let further = chain.split_off(chain.len().min(1));
        chain.extend(others);
        let mut lists: Vec<_> = further.into_iter().map(|own| vec![own]).collect();
        lists.extend([chain, trusted]);
        lists.retain(|list| !list.is_empty());
        Self { lists, keys, unread: None }
    }
}
