//! The options of a new CA.

use serde::{Deserialize, Serialize};

use crate::x509::KeyAlgorithm;

/// The options of one new CA.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NewAuthority {
    /// Its common name; `None` for the old CA's name followed by `-` and today's date as `yyyymmdd`.
    pub common_name: Option<String>,
    /// Its complete subject, instead of a common name, in the format of the platform's own tool
    /// ([`sysinv::subject`](crate::formats::sysinv::subject)).
    pub subject: Option<String>,
    /// Its expiry date, in the format of that tool ([`sysinv::expiry`](crate::formats::sysinv::expiry)); `None` for a
    /// lifetime of [`RotationRequest::ca_days`](super::request::RotationRequest::ca_days).
    pub expiry_date: Option<String>,
    /// Its key type; `None` for the old CA's.
    pub key_algorithm: Option<KeyAlgorithm>,
    /// An imported CA: the input files with its certificate and key. Airlock then generates no CA.
    pub brought: Option<BroughtAuthority>,
}

/// The paths, among the inspected files, of an imported CA. Both may be the same file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BroughtAuthority {
    /// The certificate's file, PEM or DER.
    pub certificate: String,
    /// The private key's file, PEM or DER; empty for an external CA
    /// ([`RotationRequest::external_ca`](super::request::RotationRequest::external_ca)).
    #[serde(default)]
    pub key: String,
}
