//! A management cluster for Cluster API. The lab's own cluster holds a Cluster and its Secrets, which Cluster API's
//! functions generate (`tests/go/oracle`).

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    cluster::{kubectl, template},
    machines::{ADMIN, Lab},
    plan::Plan,
};

/// The Cluster's name, its namespace, and the name suffixes of its Secrets.
pub const CLUSTER: &str = "lab";
pub const NAMESPACE: &str = "management";
const SECRETS: [&str; 5] = ["ca", "etcd", "proxy", "sa", "kubeconfig"];

/// The path of `<cluster>-kubeconfig`.
pub fn secret() -> String {
    format!("/api/v1/namespaces/{NAMESPACE}/secrets/{CLUSTER}-kubeconfig")
}

/// Creates a Cluster and its Secrets, and writes those that `airlock` reads into the lab's folder.
pub fn create(lab: &Lab, plan: &Plan) -> Result<()> {
    let first = lab.machines("control-plane")?.swap_remove(0);
    fs::write(
        lab.private(&first, "/root/cluster-api.yaml"),
        template("cluster-api.yaml", &[("NAMESPACE", NAMESPACE)])?,
    )?;
    kubectl(lab, "apply --server-side -f /root/cluster-api.yaml")?;
    kubectl(lab, "wait --for condition=Established crd/clusters.cluster.x-k8s.io --timeout=60s")?;
    fs::write(
        lab.private(&first, "/root/cluster.yaml"),
        template("cluster.yaml", &[("NAMESPACE", NAMESPACE), ("CLUSTER", CLUSTER)])?,
    )?;
    kubectl(lab, "apply --server-side -f /root/cluster.yaml")?;
    lab.shell(
        &first,
        &format!(
            "oracle capi-create --kubeconfig /etc/kubernetes/admin.conf --namespace {NAMESPACE} --cluster {CLUSTER} \
                 --pki {} --endpoint {}",
            plan.certificates, plan.endpoint
        ),
    )?;
    write_secrets(lab)
}

/// Writes the current Secrets that `airlock` reads.
pub fn write_secrets(lab: &Lab) -> Result<()> {
    let folder = lab.directory.join("management");
    fs::create_dir_all(&folder)?;
    for ending in SECRETS {
        let name = format!("{CLUSTER}-{ending}");
        let text = kubectl(lab, &format!("-n {NAMESPACE} get secret {name} -o yaml"))?;
        fs::write(folder.join(format!("{name}.yaml")), text + "\n")?;
    }
    Ok(())
}

/// Runs Cluster API's `RegenerateSecret` on `<cluster>-kubeconfig`, and tests which servers accept the result.
///
/// Unless `keep` is set, the Secret is not changed: the request is a dry run.
pub fn regenerate(lab: &Lab, keep: bool) -> Result<Value> {
    let description = lab.description()?;
    let servers = description["servers"].as_array().context("the lab's description names no servers")?;
    let urls: Vec<&str> = servers.iter().filter_map(|server| server["url"].as_str()).collect();
    let first = lab.machines("control-plane")?.swap_remove(0);
    fs::copy(lab.node(&first).join("etc/kubernetes/admin.conf"), lab.private(ADMIN, "/root/oracle.conf"))?;
    let keep = if keep { "--keep" } else { "" };
    let answer = lab.shell(
        ADMIN,
        &format!(
            "oracle capi-regenerate --kubeconfig /root/oracle.conf --namespace {NAMESPACE} --cluster {CLUSTER} {keep} {}",
            urls.join(" ")
        ),
    )?;
    serde_json::from_str(&answer).with_context(|| format!("oracle said {answer}"))
}

/// The answer as a line of text.
pub fn describe(answer: &Value) -> String {
    let count = |key: &str| answer[key].as_array().map_or(0, Vec::len);
    let refused: Vec<&str> = refusals(answer).collect();
    let connects = if refused.is_empty() { "every server answers".to_owned() } else { refused.join("; ") };
    format!("RegenerateSecret writes {} CA, signed by CA {}; {connects}", count("authorities"), answer["signedBy"])
}

/// The servers that do not accept it, each with the reason.
pub fn refusals(answer: &Value) -> impl Iterator<Item = &str> {
    answer["refusals"].as_array().into_iter().flatten().filter_map(Value::as_str)
}
