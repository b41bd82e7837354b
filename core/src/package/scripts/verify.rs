//! The functions that read logs, and which connection of the trust matrix a TLS error belongs to.

use std::collections::BTreeSet;

use crate::{
    simulate::{Edge, TrustMatrix},
    text::shell::quoted,
};

/// What reads a log and decides.
const VERIFY: &str = include_str!("verify.sh");

/// What connects to kube-apiserver.
const TO_APISERVER: &str = "-apiserver";

/// A client and a server as `verify.sh` names them, and the rows of the matrix that are such connections, without the
/// prefix of rows of Talos machines.
const CONNECTIONS: [(&str, &[&str]); 23] = [
    ("kube-controller-manager>kube-apiserver", &["controller-manager-apiserver"]),
    ("kube-scheduler>kube-apiserver", &["scheduler-apiserver"]),
    ("kubelet>kube-apiserver", &["kubelet-apiserver"]),
    ("konnectivity-server>kube-apiserver", &["konnectivity-apiserver"]),
    ("pod>kube-apiserver", &["pods-apiserver"]),
    // Static Pods have no service account: they use kubeconfigs of their node.
    ("cloud-controller-manager>kube-apiserver", &["consumer-apiserver"]),
    ("static-pod>kube-apiserver", &["consumer-apiserver"]),
    ("extension>kube-apiserver", &["pods-apiserver"]),
    ("webhook>kube-apiserver", &["pods-apiserver"]),
    ("kube-apiserver>kubelet", &["apiserver-kubelet", "apiserver-kubelet-serving"]),
    ("kube-apiserver>extension", &["aggregator-extension"]),
    ("kube-apiserver>webhook", &["apiserver-webhook"]),
    ("any>pod", &["pods-apiserver"]),
    ("any>cloud-controller-manager", &["consumer-apiserver"]),
    ("any>static-pod", &["consumer-apiserver"]),
    ("any>extension", &["pods-apiserver", "aggregator-extension"]),
    ("any>webhook", &["pods-apiserver", "apiserver-webhook"]),
    ("apid>apid", &["apid-apid", "apid-worker-apid"]),
    (
        "clients>apid",
        &[
            "apid-apid",
            "apid-worker-apid",
            "given-talosctl-apid",
            "given-talosctl-worker-apid",
            "other-talosctl-apid",
            "other-talosctl-worker-apid",
        ],
    ),
    ("apid>trustd", &["worker-trustd"]),
    ("machined>trustd", &["worker-trustd"]),
    ("clients>trustd", &["worker-trustd", "joining-trustd"]),
    ("machined>kube-apiserver", &["kubelet-apiserver"]),
];

/// What rows of Talos machines begin with where rows of other platforms are the same connection.
const TALOS: &str = "talos-";

/// The functions, with the matrix and the static Pods that a control-plane node has.
pub(super) fn library(matrix: &TrustMatrix, components: &[&str]) -> String {
    let accepted = |edge: &&Edge| !edge.refused;
    let rows: BTreeSet<&str> = matrix.edges.iter().filter(accepted).map(|edge| edge.row.as_str()).collect();
    let to_apiserver = rows.iter().copied().filter(|row| row.ends_with(TO_APISERVER));
    let mut table = vec![("clients>kube-apiserver", to_apiserver.collect::<Vec<_>>())];
    for (connection, of_connection) in CONNECTIONS {
        let is_such = |row: &&str| of_connection.contains(&row.strip_prefix(TALOS).unwrap_or(row));
        table.push((connection, rows.iter().copied().filter(is_such).collect()));
    }
    let cases: String = table
        .iter()
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(connection, rows)| format!("    {}) rows={} ;;\n", quoted(connection), quoted(&rows.join(", "))))
        .collect();
    format!(
        "# The rows of the trust matrix that are connections of this kind, as $rows.\nconnection_rows() {{ # CLIENT>SERVER\n  rows=\n  case $1 in\n{cases}  esac\n}}\n\ncomponents={}\n\n{VERIFY}",
        quoted(&components.join(" "))
    )
}
