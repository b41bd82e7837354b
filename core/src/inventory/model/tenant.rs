//! A control plane that runs in a management cluster.

use std::sync::Arc;

use super::objects::StoredObject;
use crate::profile::{Hosted, SecretTable};

/// A tenant's control plane, as far as it was given.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) hosted: &'static Hosted,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// By their tables, in the tables' order.
    pub(crate) secrets: Vec<(&'static SecretTable, Arc<StoredObject>)>,
    /// The object that describes it.
    pub(crate) control_plane: Option<Arc<StoredObject>>,
    pub(crate) deployment: Option<Arc<StoredObject>>,
    pub(crate) operator: Option<Arc<StoredObject>>,
}
