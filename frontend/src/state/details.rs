//! Certificates that were opened to their last field.

use std::{collections::BTreeMap, rc::Rc};

use airlock_core::report::CertificateDetails;

/// Certificates that were opened to their last field, by fingerprint. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details(Rc<BTreeMap<String, Rc<CertificateDetails>>>);

impl Details {
    /// The certificate of that fingerprint, if it was opened.
    pub fn of(&self, fingerprint: &str) -> Option<&CertificateDetails> {
        self.0.get(fingerprint).map(Rc::as_ref)
    }

    pub(super) fn add(&mut self, details: Rc<CertificateDetails>) {
        Rc::make_mut(&mut self.0).insert(details.fingerprint.clone(), details);
    }
}
