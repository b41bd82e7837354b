//! Users' kubeconfigs that were not updated when the CA was replaced.

use super::cluster::Cluster;

/// As in tests/fixtures/field/b-2027, for the kubeconfig that no component reads: another cluster's `admin.conf` has
/// its path.
#[test]
fn a_stale_admin_conf_is_left_out_by_a_choice() {
    let cluster = Cluster::new();
    let own = String::from_utf8(cluster.read("/etc/kubernetes/admin.conf")).expect("it is UTF-8");
    let other = Cluster::of("other-1").read("/etc/kubernetes/admin.conf");
    let cluster = cluster.edit("/etc/kubernetes/admin.conf", &own, std::str::from_utf8(&other).expect("it is UTF-8"));
    let errors = cluster.clone().refused(&<_>::default());
    assert!(errors.iter().all(|error| error.file.ends_with("admin.conf")), "{errors:#?}");
    let ids: Vec<_> = errors.iter().map(|error| error.acknowledge.as_str()).collect();
    assert!(ids.contains(&"cluster/out-of-step/etc/kubernetes/admin.conf"), "{ids:?}");
    let stale = errors.iter().find(|error| error.code == "out-of-step").expect("it was found");
    assert!(stale.remedy.contains("config set-cluster"), "{stale}");
    let package = cluster.package(&ids);
    assert!(package.read("2-switch/control-plane/cp1/etc/kubernetes/admin.conf").is_none(), "it is left out");
    assert!(package.read("2-switch/control-plane/cp1/etc/kubernetes/scheduler.conf").is_some());
}
