//! What to load, and how much is loaded.

use airlock_core::report::InventoryReport;

use super::memory;

/// Something to load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// /etc/kubernetes of control-plane nodes.
    ControlPlanes,
    /// Workers.
    Workers,
    /// The ConfigMap that joining nodes read.
    ClusterInfo,
    /// Kubeconfigs of people and CI.
    Kubeconfigs,
    /// Private keys.
    Keys,
}

/// Whether something is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Without it there is no plan.
    Required,
    /// Without it, a manual step is needed.
    Recommended,
    /// Not needed.
    Optional,
}

/// What to load, in order.
pub const ITEMS: [(Item, Need); 5] = [
    (Item::ControlPlanes, Need::Required),
    (Item::Workers, Need::Optional),
    (Item::ClusterInfo, Need::Recommended),
    (Item::Kubeconfigs, Need::Recommended),
    (Item::Keys, Need::Optional),
];

/// The number of loaded files or holders of an item.
pub fn loaded(inventory: &InventoryReport, item: Item) -> usize {
    let holders = |role: &str| inventory.holders.iter().filter(|holder| holder.role == role).count();
    let slots = |role: &'static str| {
        inventory.holders.iter().filter(move |holder| holder.role == role).flat_map(|holder| &holder.slots)
    };
    match item {
        Item::ControlPlanes => holders("control-plane"),
        Item::Workers => holders("worker"),
        Item::ClusterInfo => slots("cluster").filter(|slot| slot.place.contains("cluster-info")).count(),
        Item::Kubeconfigs => slots("clients").count(),
        Item::Keys => memory::keys(inventory),
    }
}

#[cfg(test)]
mod tests {
    use airlock_core::report::{HolderReport, SlotReport};

    use super::*;

    #[test]
    fn what_is_loaded_is_counted() {
        let slot = |place: &str| SlotReport {
            place: place.to_owned(),
            file: String::new(),
            kind: String::new(),
            certificates: vec![],
            keys: vec![],
            server: String::new(),
        };
        let holder =
            |role: &str, slots: Vec<SlotReport>| HolderReport { name: role.to_owned(), role: role.to_owned(), slots };
        let inventory = InventoryReport {
            holders: vec![
                holder("control-plane", vec![]),
                holder("cluster", vec![slot("ConfigMap kube-public/cluster-info"), slot("Secret default/a")]),
                holder("clients", vec![slot("alice.conf")]),
            ],
            ..InventoryReport::default()
        };
        let all: Vec<usize> = ITEMS.iter().map(|(item, _)| loaded(&inventory, *item)).collect();
        assert_eq!(all, [1, 0, 1, 1, 0]);
    }
}
