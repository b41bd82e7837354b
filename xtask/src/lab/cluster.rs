//! A kubeadm cluster: kubectl, kubeadm, and machines that join.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{
    machines::{Lab, wait},
    plan::with_port,
};
use crate::setup::root;

/// The bootstrap token. It is not secret, because nothing else can reach the lab's network.
pub const TOKEN: &str = "abcdef.0123456789abcdef";

/// How long nodes may take to become Ready.
pub const READY: Duration = Duration::from_secs(120);

/// The role of a machine that has not joined yet.
pub const JOINING: &str = "spare";

/// The role of a machine that Cluster API's roll-out creates later.
pub const ROLLED: &str = "rolled";

/// The path of kubeadm's configuration on each machine.
pub const CONFIG: &str = "/root/kubeadm.yaml";

/// Reads a file of `tests/lab` and replaces its `@NAME@` placeholders.
pub fn template(name: &str, values: &[(&str, &str)]) -> Result<String> {
    let path = root().join("tests/lab").join(name);
    let mut text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    for (name, value) in values {
        text = text.replace(&format!("@{name}@"), value);
    }
    // The files' comments mention the placeholder `@NAMES@`, and `@PIN@` is replaced later.
    let is_name = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let left = text.split('@').skip(1).filter(is_name).find(|name| !["NAMES", "PIN"].contains(name));
    ensure!(left.is_none(), "{}: nobody says what @{}@ is", path.display(), left.unwrap_or_default());
    Ok(text)
}

/// Fills in the public key pin, which is known only after `kubeadm init` has created the CA.
pub fn set_pin(lab: &Lab, machine: &str, pin: &str) -> Result<()> {
    let path = lab.private(machine, CONFIG);
    let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(fs::write(&path, text.replace("@PIN@", pin))?)
}

/// Joins a worker with `kubeadm join`: a bootstrap token, cluster-info, and the CA's public key pin.
pub fn join(lab: &Lab, machine: &str, pin: &str) -> Result<()> {
    set_pin(lab, machine, pin)?;
    kubeadm(lab, machine, "join --config /root/kubeadm.yaml")
}

/// Joins a spare machine as a worker and waits until it is Ready.
pub fn join_worker(lab: &Lab, machine: &str, pin: &str) -> Result<()> {
    join(lab, machine, pin)?;
    let mut description = lab.description()?;
    described(&mut description, machine)?["role"] = json!("worker");
    is_ready(lab, machine, &description)
}

/// Joins a machine of the roll-out as a control-plane node. The CAs' files must already be on it. Also marks it as
/// `rolled`.
pub fn join_rolled(lab: &Lab, machine: &str, pin: &str) -> Result<()> {
    join(lab, machine, pin)?;
    let mut description = lab.description()?;
    let known = described(&mut description, machine)?;
    known["role"] = json!("control-plane");
    known["rolled"] = json!(true);
    let address = known["addresses"][0].as_str().unwrap_or_default().to_owned();
    let first = &description["servers"][1]["url"];
    let port =
        first.as_str().and_then(|url| url.rsplit(':').next()?.parse().ok()).context("an API server has a port")?;
    let server = json!({ "name": machine, "url": format!("https://{}", with_port(&address, port)) });
    description["servers"].as_array_mut().context("the lab's description names no servers")?.push(server);
    is_ready(lab, machine, &description)
}

fn described<'a>(description: &'a mut Value, machine: &str) -> Result<&'a mut Value> {
    let machines = description["machines"].as_array_mut().context("the lab's description names no machines")?;
    machines.iter_mut().find(|known| known["name"] == machine).with_context(|| format!("the lab has no {machine}"))
}

/// Saves the lab's changed description and waits until the new node is Ready.
fn is_ready(lab: &Lab, machine: &str, description: &Value) -> Result<()> {
    fs::write(lab.directory.join("lab.json"), serde_json::to_string_pretty(description)?)?;
    wait(READY, &format!("{machine} to be Ready"), || {
        Ok(nodes(lab)?.iter().any(|(name, ready)| name == machine && *ready).then_some(()))
    })
}

/// Runs kubeadm on a machine; prints its output only if it fails.
pub fn kubeadm(lab: &Lab, machine: &str, arguments: &str) -> Result<()> {
    const LOG: &str = "/var/log/kubeadm.log";
    lab.shell(machine, &format!("timeout 300 kubeadm {arguments} >{LOG} 2>&1 || {{ cat {LOG}; exit 1; }}"))
        .map(drop)
        .with_context(|| {
            format!(
                "kubeadm failed on {machine}; its kubelet's log: {}",
                lab.private(machine, "/var/log/kubelet.log").display()
            )
        })
}

/// Runs kubectl as administrator, with the current kubeconfig of the first control-plane node.
pub fn kubectl(lab: &Lab, arguments: &str) -> Result<String> {
    let first = lab.machines("control-plane")?.swap_remove(0);
    lab.shell(&first, &format!("kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=10s {arguments}"))
}

/// Every node's name and whether it is Ready.
pub fn nodes(lab: &Lab) -> Result<Vec<(String, bool)>> {
    let list: Value = serde_json::from_str(&kubectl(lab, "get nodes -o json")?)?;
    let condition = |node: &Value| {
        node["status"]["conditions"].as_array().is_some_and(|conditions| {
            conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
        })
    };
    let items = list["items"].as_array().context("kubectl gave no list of nodes")?;
    Ok(items.iter().filter_map(|node| Some((node["metadata"]["name"].as_str()?.to_owned(), condition(node)))).collect())
}

/// Writes the current objects that `airlock` reads, and returns their folder.
pub fn input_objects(lab: &Lab) -> Result<PathBuf> {
    let cluster = lab.directory.join("cluster");
    fs::create_dir_all(&cluster)?;
    let objects = [
        "-n kube-public get configmap cluster-info",
        "-n kube-system get configmap kubeadm-config",
        "get validatingwebhookconfiguration lab",
        "get apiservice v1.lab.airlock.example",
    ];
    for object in objects {
        let name = object.rsplit(' ').next().unwrap_or_default();
        fs::write(cluster.join(format!("{name}.yaml")), kubectl(lab, &format!("{object} -o yaml"))? + "\n")?;
    }
    Ok(cluster)
}
