//! Trust bundles.

use super::certificate::Certificate;

/// An ordered list of trusted CA certificates, without duplicates.
///
/// The order matters: kubeadm, Cluster API and Kamaji sign with the first certificate of a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrustBundle {
    anchors: Vec<Certificate>,
}

impl TrustBundle {
    /// An empty bundle, which trusts no CA.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns this bundle with `certificate` appended; unchanged if it already contains it.
    #[must_use]
    pub fn with_appended(mut self, certificate: Certificate) -> Self {
        if !self.contains(&certificate) {
            self.anchors.push(certificate);
        }
        self
    }

    /// Returns this bundle with `certificate` moved or inserted to the first position.
    #[must_use]
    pub fn with_prepended(mut self, certificate: Certificate) -> Self {
        self.anchors.retain(|anchor| *anchor != certificate);
        self.anchors.insert(0, certificate);
        self
    }

    /// Returns this bundle without `certificate`.
    #[must_use]
    pub fn without(mut self, certificate: &Certificate) -> Self {
        self.anchors.retain(|anchor| anchor != certificate);
        self
    }

    /// Whether the bundle contains this certificate, compared byte for byte.
    pub fn contains(&self, certificate: &Certificate) -> bool {
        self.anchors.contains(certificate)
    }

    /// The first certificate. In a `.crt` file next to a `.key` file, this is the CA that signs.
    pub fn first(&self) -> Option<&Certificate> {
        self.anchors.first()
    }

    /// The certificates, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Certificate> {
        self.anchors.iter()
    }

    /// The number of certificates.
    pub fn len(&self) -> usize {
        self.anchors.len()
    }

    /// Whether the bundle is empty.
    pub fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }

    /// Concatenated PEM blocks, in order.
    pub fn to_pem(&self) -> String {
        self.iter().map(Certificate::to_pem).collect()
    }
}

/// Keeps the first occurrence of each certificate.
impl FromIterator<Certificate> for TrustBundle {
    fn from_iter<I: IntoIterator<Item = Certificate>>(certificates: I) -> Self {
        certificates.into_iter().fold(Self::default(), Self::with_appended)
    }
}

impl From<Vec<Certificate>> for TrustBundle {
    fn from(certificates: Vec<Certificate>) -> Self {
        certificates.into_iter().collect()
    }
}

impl<'a> IntoIterator for &'a TrustBundle {
    type Item = &'a Certificate;
    type IntoIter = std::slice::Iter<'a, Certificate>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
