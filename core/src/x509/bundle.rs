//! Accepted authorities.

use super::Certificate;

/// The CA certificates that somebody accepts, in order and without repetition.
///
/// The order matters: kubeadm, Cluster API and Kamaji sign with the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrustBundle {
    anchors: Vec<Certificate>,
}

impl TrustBundle {
    /// One with nothing in it: nobody is trusted.
    pub fn new() -> Self {
        Self::default()
    }

    /// This bundle and `certificate` at its end; as it is if it holds it already.
    #[must_use]
    pub fn with_appended(mut self, certificate: Certificate) -> Self {
        if !self.contains(&certificate) {
            self.anchors.push(certificate);
        }
        self
    }

    /// This bundle with `certificate` in front, wherever it was before.
    #[must_use]
    pub fn with_prepended(mut self, certificate: Certificate) -> Self {
        self.anchors.retain(|anchor| *anchor != certificate);
        self.anchors.insert(0, certificate);
        self
    }

    /// This bundle without `certificate`.
    #[must_use]
    pub fn without(mut self, certificate: &Certificate) -> Self {
        self.anchors.retain(|anchor| anchor != certificate);
        self
    }

    /// Is exactly this certificate in it?
    pub fn contains(&self, certificate: &Certificate) -> bool {
        self.anchors.contains(certificate)
    }

    /// The first one: the one that signs, where a bundle stands beside a key.
    pub fn first(&self) -> Option<&Certificate> {
        self.anchors.first()
    }

    /// The certificates, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Certificate> {
        self.anchors.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.anchors.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }

    /// One PEM block after the other.
    pub fn to_pem(&self) -> String {
        self.iter().map(Certificate::to_pem).collect()
    }
}

/// Each certificate where it comes up first.
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
