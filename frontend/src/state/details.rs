//! Certificates of which all fields were requested.

use std::{collections::BTreeMap, rc::Rc};

use airlock_core::report::CertificateDetails;

/// Certificates of which all fields were requested, by fingerprint. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details(Rc<BTreeMap<String, Rc<CertificateDetails>>>);

impl Details {
    /// The certificate with that fingerprint, if it was fetched.
    pub fn of(&self, fingerprint: &str) -> Option<&CertificateDetails> {
        self.0.get(fingerprint).map(Rc::as_ref)
    }

    pub(super) fn add(&mut self, details: Rc<CertificateDetails>) {
        Rc::make_mut(&mut self.0).insert(details.fingerprint.clone(), details);
    }
}
