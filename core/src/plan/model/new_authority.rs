//! What is requested for a new CA.

use serde::{Deserialize, Serialize};

use crate::x509::KeyAlgorithm;

/// How one new authority comes about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NewAuthority {
    /// Its common name; `None` for the old one's followed by `-` and today's date as `yyyymmdd`.
    pub common_name: Option<String>,
    /// Its whole subject instead, as the platform's own tool takes it ([`sysinv::subject`](crate::formats::sysinv::subject)).
    pub subject: Option<String>,
    /// The day on which it ends, likewise ([`sysinv::expiry`](crate::formats::sysinv::expiry)); `None` for
    /// [`RotationRequest::ca_days`](super::request::RotationRequest::ca_days).
    pub expiry_date: Option<String>,
    /// Its key; `None` for the old one's type.
    pub key_algorithm: Option<KeyAlgorithm>,
    /// Files among the input that hold a certificate and key made elsewhere: then nothing is made here.
    pub brought: Option<BroughtAuthority>,
}

/// The paths, among the inspected files, of an authority made elsewhere. Both may be the same file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BroughtAuthority {
    /// The certificate's file, PEM or DER.
    pub certificate: String,
    /// The private key's file, PEM or DER; empty where it stays elsewhere ([`RotationRequest::external_ca`](super::request::RotationRequest::external_ca)).
    #[serde(default)]
    pub key: String,
}
