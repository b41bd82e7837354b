//! What a runbook says that hangs on the course of the rotation.

use super::{
    logs,
    platform_texts::{Consumer, Texts},
};

pub(super) const PHASES: &str = "Three phases: everyone trusts both CAs, the new one signs, the old one is dropped. Between phases there is time: days, if you like. Within a phase, take the steps in order; a step begins only when the gate of the one before holds.";

pub(super) const CERT_MANAGER: Consumer = (
    "cert-manager: issuers that hold the cluster CA, cainjector",
    "kubectl get clusterissuers,issuers -A",
    "none signs with the old CA after phase 2",
);
pub(super) const WEBHOOKS: Consumer = (
    "webhooks, APIServices and CRDs whose caBundle is the cluster CA",
    "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations,apiservices,crds -o yaml | grep -c caBundle",
    "each caBundle accepts what its server presents",
);
pub(super) const METRICS: Consumer =
    ("metrics-server and other extension API servers", "kubectl get apiservices", "Available is True");
pub(super) const BALANCERS: Consumer =
    ("load balancers that check certificates", "your load balancer's own status", "every API server is up");
pub(super) const OTHERS: Consumer =
    ("Argo CD, Rancher, CI, monitoring, backup tools", "ask their owners", "each has the phase's kubeconfig");

pub(super) const SYSTEM_PODS: Consumer = (
    "kube-proxy, CoreDNS and the CNI",
    "kubectl -n kube-system get pods -o wide",
    "started after kube-root-ca.crt changed",
);

pub(super) static NODE_FILES: Texts = Texts {
    phases: PHASES,
    place: "wherever kubectl reaches the cluster",
    before: &[
        "Before you start: `sha256sum -c SHA256SUMS`; unpack the package as root on each control-plane node, in a folder that only root can read. Commands run from the package's root.",
        "Each step is a script that you can read. With `--dry-run` it says what it would do, with `--check` whether its gate holds, with `--undo` it goes back. Run twice, it does nothing the second time; cut short, it can be run again. Backups lie in /etc/kubernetes/.airlock and /var/lib/kubelet/.airlock, readable by root alone. Where the kubelet is no systemd service, set AIRLOCK_RESTART_KUBELET.",
    ],
    joining: "A node that joins in phases 1 and 2 is given the old pin with `--discovery-token-ca-cert-hash`; from step 1-cluster-info on the new one works as well, and from phase 3 on it alone.",
    pin: "join pin",
    consumers: &[
        (
            "CNI plugins that keep a kubeconfig on the host (Calico, Multus)",
            "ls /etc/cni/net.d/*kubeconfig*",
            "each trusts what its phase says",
        ),
        ("kube-proxy and CoreDNS", "kubectl -n kube-system get pods -o wide", "started after kube-root-ca.crt changed"),
        (
            "konnectivity: the server's kubeconfig and the agents",
            "kubectl get pods -A -l k8s-app=konnectivity-agent",
            "agents reconnect",
        ),
        CERT_MANAGER,
        WEBHOOKS,
        METRICS,
        (
            "--oidc-ca-file of kube-apiserver",
            "grep -r oidc-ca-file /etc/kubernetes/manifests",
            "it names no file that this package replaces",
        ),
        (
            "the cloud-controller-manager: a static Pod, DaemonSet or Deployment with `--kubeconfig`, `--client-ca-file` or `--root-ca-file`",
            "grep -rl cloud-controller-manager /etc/kubernetes/manifests; kubectl get daemonsets,deployments -A -o wide | grep -i cloud-controller",
            "a step of each phase names it, or it reads no file of the node (service account) and the pods steps restart it",
        ),
        (
            "flags with trust bundles of kube-apiserver and kube-scheduler (`--kubelet-certificate-authority`, `--client-ca-file`, `--requestheader-client-ca-file`)",
            "grep -rn -e kubelet-certificate-authority -e client-ca-file /etc/kubernetes/manifests",
            "each file is listed in the node's steps",
        ),
        BALANCERS,
        OTHERS,
    ],
    more: &[(
        "Restore a backup",
        &[
            "Undo steps first (`--undo`): that restores each changed file and needs no backup. A backup is for a node or an etcd that is lost. No script uses it.",
            "`/var/lib/airlock/PACKAGE/backup-NODE/` on each control-plane node contains `node.tar` (/etc/kubernetes, the kubelet's configuration and PKI, files that this package changes elsewhere), `etcd.snapshot` (or `etcd.elsewhere`, which says where the snapshot is) and `SHA256SUMS`. Only root can read it. Copy it off the node, encrypted: it contains the keys of the CAs and every Secret of the cluster. Verify a copy with `sha256sum -c SHA256SUMS`. Delete all copies when the rotation is complete and a new backup exists.",
            "Files of one node: `tar -tf node.tar` lists them, `tar -xpf node.tar -C / etc/kubernetes/pki/ca.crt` restores one with owner and mode. Restore the whole of /etc/kubernetes only together with etcd and on every control-plane node, and restart the kubelet afterwards: nodes of different phases do not trust one another.",
            "etcd, on all members from the same snapshot: move the manifests kube-apiserver.yaml and etcd.yaml out of /etc/kubernetes/manifests on every control-plane node and wait until both have stopped; move /var/lib/etcd away; on each member run `etcdutl snapshot restore etcd.snapshot --data-dir /var/lib/etcd --name NAME --initial-cluster NAME=https://ADDRESS:2380,… --initial-advertise-peer-urls https://ADDRESS:2380 --bump-revision 1000000000 --mark-compacted` (names and addresses are in etcd.yaml; `etcdctl snapshot restore` until etcd 3.5); move the manifests back. Everything that was written since the snapshot is lost, the Secrets and ConfigMaps of later phases among it.",
            "The snapshot is from before phase 1: after phase 3 it brings the old cluster-info and kube-root-ca.crt back. That is why the last step asks for a new one.",
        ],
    )],
    headings: [""; 3],
    other: "the Kubernetes page",
    differences: &[
        "The page lets the new CA sign before every API server trusts it; here the old CA signs throughout phase 1, since a kubelet that renews in between would be refused.",
        "The page says that `--client-ca-file` of kube-controller-manager cannot be a bundle; it can, and is here.",
        "The page restarts API servers; they take up every file live, so here they are only checked. The exception is the file of `--kubelet-certificate-authority`: where that flag is set, each API server restarts once in phases 1 and 3.",
        "The page gives the cloud-controller-manager a `--root-ca-file`; k8s.io/cloud-provider has no such flag. Its kubeconfig and `--client-ca-file` are changed here, and it restarts in each phase.",
    ],
};

pub(super) static HOST_PHASES: Texts = Texts {
    phases: PHASES,
    place: NODE_FILES.place,
    before: &[
        "Before you start: `sha256sum -c SHA256SUMS`; unpack the package on the active controller, in a folder that only root can read; `source /etc/platform/openrc`, and `export KUBECONFIG=/etc/kubernetes/admin.conf`. Commands run from the package's root.",
        "`starlingx.sh` tells the platform's own tool, `system`, the next phase of each host, and waits until that says that it is done. Run twice, it does nothing the second time; cut short, it can be run again; with `--check` it only says whether that is done. What the tool changes on the hosts is foreseen in the tables below: no file of this package brings it. Nothing is taken back by a script: `0-backup/` holds what was given.",
    ],
    joining: "No host is added, locked, unlocked or reinstalled while the update runs; cluster-info, which the tool leaves as it is, is set in each phase.",
    pin: "join pin",
    consumers: &[
        (
            "applications of the platform and their pods, the CNI's kubeconfig (Calico, Multus)",
            "ls /etc/cni/net.d/*kubeconfig*; kubectl get pods -A -o wide",
            "restarted by the pods phases; OnDelete sets by deleting their pods",
        ),
        (
            "haproxy's client pair, sysinv-conductor, cert-mon, dccertmon",
            "fm alarm-list",
            "the tool renews and restarts them in update-certs and trust-new-ca",
        ),
        CERT_MANAGER,
        WEBHOOKS,
        METRICS,
        BALANCERS,
        OTHERS,
    ],
    more: &[
        (
            "Subclouds of a Distributed Cloud",
            &[
                "dcmanager on the system controller updates subclouds: make a package with `--platform starlingx-dc`, which has the steps and checks. `1-trust-both/cluster/rootca.pem` of this package is a file for its `--cert-file` (releases before 2026; not together with `--subject` or `--expiry-date`).",
                "With one CA for several subclouds, each of them accepts certificates that another one's CA issued. Make a package for each subcloud where that matters.",
                "Within a subcloud the strategy is `sw-manager kube-rootca-update-strategy create|show|apply|abort|delete`; workers may be taken in parallel there (`--worker-apply-type parallel --max-parallel-worker-hosts 2`).",
            ],
        ),
        (
            "Alarms",
            &[
                "900.008: the update is in progress. 900.009: it was aborted, and certificates may be partly updated. 900.501 to 900.503: an orchestrated update is applied, aborted, failed.",
                "500.200 and 500.210 on system.certificate.kubernetes-root-ca: the root CA ends soon, or has ended. Never let it end first: without a valid old CA there is no way without an outage.",
                "250.003: the daily renewal of leaves failed on a host.",
            ],
        ),
        (
            "What abort does not undo",
            &[
                "`system kube-rootca-update-abort` marks the update as aborted and leaves every host as it is: after trust-both-cas, controllers go on signing with the new CA, and hosts whose turn had not come do not accept it.",
                "The way out is forward, with the same new CA: give Airlock the hosts' trees; it recognises them, and its package holds the same CA again. Begin with `system kube-rootca-update-start --force` where alarm 900.009 stands in the way.",
                "A second trust-both-cas appends the new CA to ca.crt once more: harmless, and gone in the last phase.",
            ],
        ),
    ],
    headings: [""; 3],
    other: "the platform's own procedure",
    differences: &[
        "The tool lets each controller sign with the new CA from trust-both-cas on, while others do not accept it: the matrix shows that window, and a package is made only with `--accept-outage`. Keep it short: controllers one right after the other, and no certificate signed meanwhile (no kubelet near its renewal, no CSR approved).",
        "In trust-both-cas, ca.crt becomes a bundle before kube-controller-manager is pointed elsewhere: one that starts anew in between does not sign until it is.",
        "Between update-certs and trust-new-ca, ca.crt holds the new CA first while ca.key is still the old one's: nothing of kubeadm may sign meanwhile.",
        "The tool restarts pods without looking at kube-root-ca.crt; here a step waits until that holds both CAs in every namespace.",
        "The tool leaves cluster-info and people's kubeconfigs alone, and copies the new CA's private key to workers as well until the last phase; here cluster-info and kubeconfigs come along.",
    ],
};

pub(super) static MACHINE_CONFIGS: Texts = Texts {
    phases: PHASES,
    place: "wherever talosctl and kubectl reach the cluster",
    before: &[
        "Before you start: `sha256sum -c SHA256SUMS`; unpack the package where `talosctl` and `kubectl` reach every machine, in a folder that only you can read. Commands run from the package's root; the steps' scripts call `talosctl patch machineconfig --mode no-reboot`, machine by machine, control planes before workers, and nothing reboots.",
        "Say where the machines are: `export AIRLOCK_CONTROL_PLANE='10.5.1.2 10.5.1.3' AIRLOCK_WORKERS='10.5.1.4'` (nothing for workers where there are none), and which kubeconfig asks the cluster: `export KUBECONFIG=$PWD/1-trust-both/clients/…`, in each phase its own. Talosconfigs of the package are used by the scripts themselves; each works throughout its phase, and one that holds both CAs and the new certificate from the end of phase 1 to the end of phase 3.",
        "With `--dry-run` a step says what it would change, with `--check` whether its gate holds, with `--undo` it goes back. Run twice, it does nothing the second time; cut short, it can be run again: every patch replaces the list of accepted CAs as a whole.",
        "Each patch comes twice: `….patch.yaml` for machines that run, on top of the phase before, and `….from-base.patch.yaml` for those who make configurations anew (GitOps, `talosctl gen config --config-patch`), on top of what the rotation began with. `ca-keys/` holds the new CAs as PEM for tools that keep secrets in a form of their own; delete the folder when they have them.",
        "Before phase 1, save an etcd snapshot and verify it: `talosctl -n $(echo $AIRLOCK_CONTROL_PLANE | cut -d' ' -f1) etcd snapshot etcd.snapshot`, then `etcdutl snapshot restore etcd.snapshot --data-dir restored && rm -r restored`. Keep it with the machine configurations and secrets.yaml, encrypted: they contain the CAs' keys and every Secret.",
        "To go through the two APIs one after the other, as `talosctl rotate-ca` does, make a package for each: `--rotate talos`, then `--rotate cluster`.",
    ],
    joining: "A machine that joins meanwhile needs a configuration with the phase's from-base patch; one of an earlier phase is locked out.",
    pin: "pin",
    consumers: &[
        (
            "Pods that use Talos API access from Kubernetes",
            "kubectl get serviceaccounts.talos.dev -A",
            "step 2-talos-access restarts those of Deployments, DaemonSets and StatefulSets; restart Jobs and Pods without a controller yourself",
        ),
        SYSTEM_PODS,
        (
            "Cluster API, Terraform, GitOps that hold secrets.yaml or machine configurations",
            "ask their owners",
            "each holds the phase's from-base patch, at the end the new secrets",
        ),
        CERT_MANAGER,
        WEBHOOKS,
        METRICS,
        BALANCERS,
        OTHERS,
    ],
    more: &[],
    headings: [""; 3],
    other: "`talosctl rotate-ca`",
    differences: &[
        "It takes the Talos API through all phases before it begins with Kubernetes; here each phase does both, Talos' own first: they hang on nothing in common, and people are asked for a new talosconfig and a new kubeconfig once.",
        "It appends to lists of accepted CAs, so that a run that was cut short leaves its CA accepted; here each patch sets the list as a whole, and takes along what such a run has left.",
        "Its intermediate talosconfig trusts the old CA alone and fails in phase 2; here talosconfigs hold both CAs.",
        "It leaves secrets.yaml as it was, and writes no kubeconfig; here both come along.",
        "It makes its CAs itself; here they can be brought along.",
    ],
};

pub(super) static SUBCLOUDS: Texts = Texts {
    phases: "dcmanager has the VIM of each subcloud update its root CA: it goes through trust-both-cas, update-certs and trust-new-ca without a stop. This package creates the strategy, applies it, follows it and deletes it. It contains no key. Take the steps in order; do not start a step until the previous step's check passes.",
    place: "on the active controller of the system controller, after `source /etc/platform/openrc`",
    before: &[
        "Before you start: `sha256sum -c SHA256SUMS`; unpack the package on the active controller of the system controller. Commands run from the package's root.",
        "`dcmanager.sh` is safe to run again after an interruption. It records in `dcmanager.record` which strategy it created, and does nothing with a strategy that it did not create. Copy that file too if you continue on the other controller. With `--check` it changes nothing; its exit status is 0 only if dcmanager confirms that the step is done. An empty or incomplete answer of dcmanager, or one that it cannot interpret, ends it with a message.",
        "The root CA of the system controller itself is not updated by dcmanager: make a package with `--platform starlingx` from its hosts' files.",
        "Start with one subcloud (`--cloud-name`), then a group with `--stop-on-failure`.",
    ],
    joining: "No host of a subcloud is added, locked, unlocked or reinstalled while the strategy exists.",
    pin: "public key pin",
    consumers: &[
        (
            "Pods of DaemonSets and StatefulSets whose updateStrategy is OnDelete, on each subcloud",
            "kubectl get daemonsets,statefulsets -A -o custom-columns=NS:.metadata.namespace,NAME:.metadata.name,STRATEGY:.spec.updateStrategy.type | grep OnDelete",
            "their Pods are deleted once in each of the two restarts; their owners expect it",
        ),
        CERT_MANAGER,
        WEBHOOKS,
        METRICS,
        BALANCERS,
        OTHERS,
    ],
    more: &[
        logs::OF_SUBCLOUDS,
        (
            "If a subcloud fails",
            &[
                "`sh dcmanager.sh follow` names the subcloud and the details that dcmanager recorded. More: `dcmanager strategy-step show SUBCLOUD`, `dcmanager subcloud errors SUBCLOUD`; on the subcloud `sw-manager kube-rootca-update-strategy show --details`, `system kube-rootca-update-show` and `system kube-rootca-host-update-list`.",
                "Without `--stop-on-failure` dcmanager continues with the other subclouds. With it, dcmanager starts no further subcloud; those in progress are completed.",
                "Repair the subcloud, `sh dcmanager.sh delete`, then create, verify, apply and follow again: subclouds that are in-sync are left out. If the options include `--force`, name the subcloud that is left (`sh dcmanager.sh create --force SUBCLOUD`). The script creates no strategy that would update a subcloud twice.",
                "A subcloud whose update stopped half-way can also be completed on its own hosts: make a package with `--platform starlingx` from their files.",
            ],
        ),
        (
            "Abort",
            &[
                "`sh dcmanager.sh abort`: dcmanager completes the stage that is in progress, so that no host needs manual repair, then the strategy is aborted. Subclouds that were not started keep the old CA. Delete the strategy, and create it again for the rest.",
            ],
        ),
        (
            "Options that dcmanager rejects together",
            &[
                "A subcloud's name and `--group`. `--group` with `--subcloud-apply-type` or with `--max-parallel-subclouds`: the group has its own settings. `--cert-file` with `--subject` or `--expiry-date`. `--stop-on-failure`, `--force`, `--subject`, `--expiry-date` and `--cert-file` can be combined with `--group`.",
                "Clients since 2026 have no `--cert-file`; some of 2024 have no `--force`. The script asks `dcmanager help` before it creates the strategy.",
                "With one `--cert-file` for several subclouds, each of them accepts certificates that another one's CA issued. Use a strategy for each subcloud where that matters.",
                "dcmanager skips subclouds that are unmanaged or offline. The script stops on them; name those to leave out in AIRLOCK_LEAVE_OUT.",
            ],
        ),
        (
            "Which subclouds dcmanager considers out of sync",
            &[
                "kube-rootca_sync_status (`dcmanager subcloud show SUBCLOUD`) is out-of-sync while alarm 500.200 (expires soon) or 500.210 (expired) exists for system.certificate.kubernetes-root-ca. An in-sync subcloud is updated only with `--force`. Releases of 2024 also compared the CA with the system controller's.",
                "While the status of an online subcloud is unknown, dcmanager creates no strategy that includes it.",
            ],
        ),
    ],
    headings: [
        "Create the strategy. Nothing changes on any subcloud.",
        "Apply the strategy. dcmanager updates the subclouds; each of them goes through trust-both-cas, update-certs and trust-new-ca.",
        "Delete the strategy, check the subclouds, and distribute new kubeconfigs.",
    ],
    other: "the StarlingX documentation",
    differences: &[
        "The documentation creates a strategy and lets dcmanager report that another one exists. Here a check before it fails in that case.",
        "The documentation's example with --expiry-date alone says that it includes in-sync subclouds; dcmanager includes them only with --force, which is an option here.",
        "The documentation tells you to wait for the strategy and to remember to delete it. Here both are steps with checks, and a failed subcloud is named.",
        "Kubeconfigs outside the subclouds and cluster-info, which the documentation does not mention, have a step.",
    ],
};

/// In what the order of the Cluster API note that goes around is left, and why.
pub(super) const CLUSTER_API_DIFFERENCES: &[&str] = &[
    "The note has the management cluster trust the old certificate until the end; here its kubeconfig holds both CAs before the first API server serves a certificate of the new one, since it would fail from that moment on.",
    "The note changes the CA's Secrets together with the kubeconfig's; here they follow when no client presents an old certificate, since machines could not join in between.",
    "Some put both CAs into the CA's Secret and roll machines out three times; kubeadm and Cluster API take the first of them alone, so a roll-out cannot carry the switch.",
];
pub(super) static MANAGED: Texts = Texts {
    phases: "Omni takes the cluster through three phases by itself: everyone trusts both CAs, the new one signs, the old one is dropped. It makes the new CA, so there is no key here, and nothing to unpack on any machine. A step begins only when the gate of the one before holds.",
    place: "wherever omnictl reaches Omni, and kubectl the cluster",
    before: &[
        "Before you start: `sha256sum -c SHA256SUMS`; log in with an account that may operate the cluster (`omnictl cluster status` answers).",
        "Reasons to rotate: to revoke a break-glass kubeconfig or talosconfig that leaked; to remove the label tainted-by-importing from a cluster that was imported into Omni, which takes the rotation of both CAs; or because the CA nears the end of its ten years. Omni removes the label tainted-by-break-glass likewise, once both CAs were rotated after the last break-glass configuration was fetched.",
        "The Omni UI is the other way to see the status: the cluster's overview shows Secret Rotation with the CA, the status, and the machine that Omni waits for. While the cluster or a machine is locked, it shows that the rotation is paused.",
        "Omni does not stop between phases and does not go back. Where it does not get on, `omnictl cluster … secret rotate status` names the machine that it waits for: make it healthy, or unlock it; the rotation then goes on.",
        "Patch no machine's CAs by hand under Omni: it would set them back.",
    ],
    joining: "A machine that joins meanwhile is given the phase's CAs by Omni.",
    pin: "pin",
    consumers: &[SYSTEM_PODS, CERT_MANAGER, WEBHOOKS, METRICS, BALANCERS, OTHERS],
    more: &[logs::OF_OMNI],
    headings: [""; 3],
    other: "Omni's page",
    differences: &[
        "There one command begins and waits; here it begins and is asked phase by phase, so that one sees where it stands. It is started once: on that page, the same command run again after the end would start another rotation.",
        "That page says that only one rotation can be in progress; here a check before the start fails while the other CA is being rotated.",
        "There the command gives up waiting after five minutes, while Omni goes on; here it waits an hour.",
        "There pods might need a restart; here everything that may have read the old CA is restarted once the new one issues alone.",
        "There nothing is said of break-glass kubeconfigs and talosconfigs; they are locked out, and are fetched anew here.",
    ],
};
