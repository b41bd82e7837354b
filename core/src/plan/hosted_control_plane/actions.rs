//! Actions on a tenant.

use crate::{
    inventory::Tenant,
    plan::model::{
        actions::{Action, ClusterAction},
        tenant::{TenantAction, TenantVerb},
    },
};

pub(crate) fn action(tenant: &Tenant, verb: TenantVerb) -> Action {
    let (namespace, name) = (tenant.namespace.clone(), tenant.name.clone());
    Action::Cluster(ClusterAction::Tenant(TenantAction { hosted: tenant.hosted, namespace, name, verb }))
}
