//! What a runbook says about logs: which steps read them, and what is left to read by hand.

use std::fmt::{Result, Write};

use crate::{
    plan::{Logs, RotationPlan},
    profile::RotationMethod,
    render::commands,
};

/// A section of a runbook whose package reads no logs: its title and its lines.
pub(super) type Section = (&'static str, &'static [&'static str]);

/// Omni has no command that reads logs by their time, and its rotation is not carried out by scripts of the package.
pub(super) const OF_OMNI: Section = (
    "Logs",
    &[
        "No script of this package reads logs. Read them in each phase, and again after the last step. A TLS error in the last two minutes means that a component has missed the phase.",
        "Each machine: `talosctl -n MACHINE logs SERVICE | grep -E 'x509: |tls: |Unauthorized'` with the services apid, kubelet and controller-runtime, on control-plane machines also etcd and trustd. controller-runtime logs what asks trustd for certificates.",
        "Static Pods: `talosctl -n MACHINE containers -k` lists the containers of kube-apiserver, kube-controller-manager and kube-scheduler; `talosctl -n MACHINE logs -k ID | grep -E 'x509: |tls: |Unauthorized'` reads each of them.",
        "Pods: `kubectl -n kube-system logs --selector 'k8s-app in (kube-proxy,kube-dns)' --since=10m --tail=-1 --prefix | grep -E 'x509: |tls: |Unauthorized'`, and likewise extension API servers and webhooks.",
    ],
);

/// dcmanager takes each subcloud through all phases without a stop, and shows no logs.
pub(super) const OF_SUBCLOUDS: Section = (
    "Logs of subclouds",
    &[
        "No script of this package reads logs of subclouds. After the strategy is complete, read them on a controller of each subcloud, as root with `KUBECONFIG=/etc/kubernetes/admin.conf`. A TLS error in the last two minutes means that a component has missed the update.",
        "`kubectl -n kube-system logs --selector tier=control-plane --since=10m --tail=-1 --prefix | grep -E 'x509: |tls: |Unauthorized'`, the same with `--selector 'k8s-app in (kube-proxy,kube-dns)'`, and `journalctl --unit=kubelet --since='10 minutes ago' | grep -E 'x509: |tls: |Unauthorized'` on each host.",
        "A package with `--platform starlingx` from the files of a subcloud's hosts has scripts that read these logs (`apply.sh verify`).",
    ],
);

/// The steps that read logs, and what they leave out.
pub(super) fn section(text: &mut String, plan: &RotationPlan) -> Result {
    let mut sources: Vec<&str> = Vec::new();
    for logs in plan.steps.iter().filter_map(commands::logs) {
        let source = match logs {
            Logs::Node => "static Pods and the kubelet on every node",
            Logs::Pods => "kube-proxy, CoreDNS, extension API servers and webhooks through kubectl",
            Logs::Tenant { .. } => {
                "every container of the tenant's control plane through kubectl of the management cluster"
            }
            Logs::Machines => "Talos' services, the kubelet and the static Pods of every machine through talosctl",
        };
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    if sources.is_empty() {
        return Ok(());
    }
    write!(
        text,
        "Each phase ends with the steps that read logs (`apply.sh verify`): {}. They print each TLS error since the phase began, with its peer and its connection of the trust matrix, and pass when none was logged for two minutes and every component that they read has run for two minutes. A component that is not to run, or that writes no log, is left out with `--exclude`. A peer that failed before the rotation already, such as a scanner, is left out with `--exclude`.",
        sources.join(", ")
    )?;
    if plan.steps.iter().filter_map(commands::logs).any(|logs| *logs == Logs::Node) {
        write!(text, " Where the kubelet writes to a file, set AIRLOCK_KUBELET_LOG.")?;
    }
    let by_hand = match plan.profile.course {
        RotationMethod::Hosted(_) => {
            " Read the operator's own log yourself (its connection is operator-apiserver): `kubectl -n kamaji-system logs deployment/kamaji --since=10m | grep -E 'x509: |tls: '`. The log of the data store is not read, since its certificates are not rotated."
        }
        RotationMethod::HostPhases => {
            " Copy the package to every host for that, and run the script there as root: since the platform's tool changes the hosts, the logs are read from the time at which it changed the host last. etcd and sysinv are services of the platform; read their logs yourself: `journalctl --unit=etcd --since='10 minutes ago' | grep -E 'x509: |tls: '`, and the last lines of `/var/log/sysinv.log`."
        }
        RotationMethod::MachineConfigs => {
            " talosctl has no option for a time, so that whole logs are read; logs of containers that have ended (`talosctl containers --kubernetes`) are not."
        }
        RotationMethod::NodeFiles | RotationMethod::Managed(_) => "",
    };
    writeln!(text, "{by_hand}\n")
}
