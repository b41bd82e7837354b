//! A control plane that runs in a management cluster.

use std::sync::Arc;

use super::inventory::StoredObject;
use crate::profile::{Hosted, SecretTable};

/// What an object is to a tenant's control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostedRole {
    /// It describes the control plane.
    ControlPlane,
    /// The Deployment that runs it.
    Deployment,
    /// The Deployment that runs the operator.
    Operator,
    /// A Secret with its files.
    Secret,
}

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
