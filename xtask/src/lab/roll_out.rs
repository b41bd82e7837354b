//! Simulates a roll-out by Cluster API's controllers: deletes outdated machines and creates new ones. The control
//! plane's machine is real: kubeadm joins it with the files and public key pins that Cluster API's own functions
//! generate from the Secrets.

use std::{fs, process::Command};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{
    cluster::{self, kubectl, template},
    machines::{ADMIN, Lab},
    management::{CLUSTER, NAMESPACE},
    package::Step,
};
use crate::setup;

/// The object of the roll-out that `airlock` reads.
const INPUT_OBJECT: &str = "kubeadmconfigtemplate.bootstrap.cluster.x-k8s.io/lab-workers";

/// Creates the objects of the roll-out. `pin` is the public key pin of joining workers.
pub fn create(lab: &Lab, pin: &str) -> Result<()> {
    let first = lab.machines("control-plane")?.swap_remove(0);
    for (name, values) in [
        ("machine-kinds.yaml", &[][..]),
        ("machines.yaml", &[("NAMESPACE", NAMESPACE), ("CLUSTER", CLUSTER), ("PIN", pin)][..]),
    ] {
        let path = format!("/root/{name}");
        fs::write(lab.private(&first, &path), template(name, values)?)?;
        kubectl(lab, &format!("apply --server-side -f {path}"))?;
        kubectl(lab, "wait --for condition=Established crd --all --timeout=60s")?;
    }
    let text = kubectl(lab, &format!("-n {NAMESPACE} get {INPUT_OBJECT} -o yaml"))?;
    Ok(fs::write(lab.directory.join("management/machines.yaml"), text + "\n")?)
}

/// Does what the controllers do after a step, and describes it as text.
pub fn after(lab: &Lab, step: &Step) -> Result<Vec<String>> {
    let mut words = Vec::new();
    if step.id != "3-roll-out-control-plane" {
        return Ok(words);
    }
    for machine in lab.machines(cluster::ROLLED)? {
        let after = field(lab, "kubeadmcontrolplane/lab", "{.spec.rollout.after}")?;
        let made = field(lab, "machine/lab-old", "{.metadata.creationTimestamp}")?;
        ensure!(made < after, "nothing tells Cluster API to replace the Machine of {made}: {after}");
        let pins = files(lab, &machine)?;
        cluster::join_rolled(lab, &machine, &pins.join("\", \""))
            .with_context(|| format!("{machine} cannot join after {}", step.id))?;
        kubectl(lab, &format!("-n {NAMESPACE} delete machine lab-old"))?;
        let first = lab.machines("control-plane")?.swap_remove(0);
        fs::write(
            lab.private(&first, "/root/machine.yaml"),
            template("machine.yaml", &[("NAMESPACE", NAMESPACE), ("CLUSTER", CLUSTER), ("NAME", &machine)])?,
        )?;
        kubectl(lab, "apply --server-side -f /root/machine.yaml")?;
        words.push(format!("{machine} joined the control plane with the pair in -ca and is Ready"));
    }
    Ok(words)
}

/// Writes the files that Cluster API creates on a machine, and returns the pins.
fn files(lab: &Lab, machine: &str) -> Result<Vec<String>> {
    let first = lab.machines("control-plane")?.swap_remove(0);
    fs::copy(lab.node(&first).join("etc/kubernetes/admin.conf"), lab.private(ADMIN, "/root/oracle.conf"))?;
    let answer = lab.shell(
        ADMIN,
        &format!(
            "rm -rf /root/files && oracle capi-files --kubeconfig /root/oracle.conf --namespace {NAMESPACE} --cluster {CLUSTER} --out /root/files"
        ),
    )?;
    let source = lab.private(ADMIN, "/root/files").join("etc/kubernetes/.");
    let target = lab.node(machine).join("etc/kubernetes");
    fs::create_dir_all(&target)?;
    setup::run(Command::new("cp").arg("--archive").arg(source).arg(target))?;
    let pins: Value = serde_json::from_str(&answer).with_context(|| format!("oracle said {answer}"))?;
    Ok(pins.as_array().into_iter().flatten().filter_map(|pin| pin.as_str().map(str::to_owned)).collect())
}

/// The problems in the management cluster after the last step.
pub fn problems(lab: &Lab, new_pin: &str) -> Result<Vec<String>> {
    let expected = [
        ("cluster/lab", "{.spec.paused}", "false"),
        ("machinehealthcheck/lab", "{.metadata.annotations}", ""),
        ("machinehealthcheck/lab-paused", "{.metadata.annotations.cluster\\.x-k8s\\.io/paused}", "by its owner"),
        (
            "kubeadmconfigtemplate/lab-workers",
            "{.spec.template.spec.joinConfiguration.discovery.bootstrapToken.caCertHashes[*]}",
            new_pin,
        ),
    ];
    let mut problems = Vec::new();
    for (object, path, wanted) in expected {
        let found = field(lab, object, path)?;
        if found != wanted {
            problems.push(format!("{object} has {found:?} where {wanted:?} should be"));
        }
    }
    if field(lab, "machinedeployment/lab-workers", "{.spec.rollout.after}")?.is_empty() {
        problems.push("nothing told Cluster API to replace the workers".to_owned());
    }
    Ok(problems)
}

fn field(lab: &Lab, object: &str, path: &str) -> Result<String> {
    kubectl(lab, &format!("-n {NAMESPACE} get {object} -o 'jsonpath={path}'"))
}
