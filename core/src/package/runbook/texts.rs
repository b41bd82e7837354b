//! What a runbook says that hangs on the course of the rotation.

use crate::profile::Course;

/// What else touches a rotation: question, command, and what must come of it.
type Consumer = (&'static str, &'static str, &'static str);

/// The words of one course.
pub(super) struct Texts {
    /// What the phases are, and how they hang together.
    pub(super) phases: &'static str,
    /// Where the steps of the whole cluster are taken.
    pub(super) place: &'static str,
    /// How the package is unpacked and carried out, paragraph by paragraph.
    pub(super) before: &'static [&'static str],
    /// What a machine is told that joins meanwhile.
    pub(super) joining: &'static str,
    /// What the column of pins is called.
    pub(super) pin: &'static str,
    pub(super) consumers: &'static [Consumer],
    /// What else there is to know of the platform: titles, and what each is about.
    pub(super) more: &'static [(&'static str, &'static [&'static str])],
    /// Whose order is left, after "Where this runbook leaves".
    pub(super) other: &'static str,
    /// In what it is left, and why.
    pub(super) differences: &'static [&'static str],
}

/// The words of a course.
pub(super) fn of(course: Course) -> &'static Texts {
    match course {
        Course::Hosted(_) => &HOSTED,
        Course::HostPhases => &HOST_PHASES,
        Course::Managed(_) => &MANAGED,
        Course::MachineConfigs => &MACHINE_CONFIGS,
        Course::NodeFiles => &NODE_FILES,
    }
}

const PHASES: &str = "Three phases: everyone trusts both CAs, the new one signs, the old one is dropped. Between phases there is time: days, if you like. Within a phase, take the steps in order; a step begins only when the gate of the one before holds.";

const CERT_MANAGER: Consumer = (
    "cert-manager: issuers that hold the cluster CA, cainjector",
    "kubectl get clusterissuers,issuers -A",
    "none signs with the old CA after phase 2",
);
const WEBHOOKS: Consumer = (
    "webhooks, APIServices and CRDs whose caBundle is the cluster CA",
    "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations,apiservices,crds -o yaml | grep -c caBundle",
    "each caBundle accepts what its server presents",
);
const METRICS: Consumer =
    ("metrics-server and other extension API servers", "kubectl get apiservices", "Available is True");
const BALANCERS: Consumer =
    ("load balancers that check certificates", "your load balancer's own status", "every API server is up");
const OTHERS: Consumer =
    ("Argo CD, Rancher, CI, monitoring, backup tools", "ask their owners", "each has the phase's kubeconfig");

const SYSTEM_PODS: Consumer = (
    "kube-proxy, CoreDNS and the CNI",
    "kubectl -n kube-system get pods -o wide",
    "started after kube-root-ca.crt changed",
);

static NODE_FILES: Texts = Texts {
    phases: PHASES,
    place: "wherever kubectl reaches the cluster",
    before: &[
        "Before you start: `sha256sum -c SHA256SUMS`; unpack the package as root on each control-plane node, in a folder that only root can read. Commands run from the package's root.",
        "Each step is a script that you can read. With `--dry-run` it says what it would do, with `--check` whether its gate holds, with `--undo` it goes back. Run twice, it does nothing the second time; cut short, it can be run again. Backups lie in /etc/kubernetes/.airlock and /var/lib/kubelet/.airlock, readable by root alone. Where the kubelet is no systemd service, set AIRLOCK_RESTART_KUBELET.",
        "Each phase ends with the steps that read logs (`apply.sh verify`): static Pods and the kubelet on every node, kube-proxy, CoreDNS, extension API servers and webhooks through kubectl. They print each TLS error since the phase began, with its peer and its connection of the trust matrix, and pass when none was logged for two minutes. A peer that failed before the rotation already, such as a scanner, is left out with `--exclude`. Where the kubelet writes to a file, set AIRLOCK_KUBELET_LOG.",
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
            "--oidc-ca-file and the cloud-controller-manager",
            "grep -r oidc-ca-file /etc/kubernetes/manifests",
            "no file that this package replaces, or known",
        ),
        BALANCERS,
        OTHERS,
    ],
    more: &[],
    other: "the Kubernetes page",
    differences: &[
        "The page lets the new CA sign before every API server trusts it; here the old CA signs throughout phase 1, since a kubelet that renews in between would be refused.",
        "The page says that `--client-ca-file` of kube-controller-manager cannot be a bundle; it can, and is here.",
        "The page restarts API servers; they take up every file live, so here they are only checked.",
    ],
};

static HOSTED: Texts = Texts {
    phases: PHASES,
    place: NODE_FILES.place,
    before: &[
        "Before you start: `sha256sum -c SHA256SUMS`; unpack the package wherever kubectl reaches the management cluster and the tenant, and as root on each worker, in a folder that only root can read. Commands run from the package's root.",
        NODE_FILES.before[1],
        NODE_FILES.before[2],
    ],
    joining: NODE_FILES.joining,
    pin: NODE_FILES.pin,
    consumers: NODE_FILES.consumers,
    more: &[],
    other: "Kamaji's page",
    differences: &[
        "The page rotates the CA by deleting its Secret: the operator makes another one, and everybody is locked out at once. Here the operator is paused where it can be, and both CAs are accepted for a while.",
        "The page has nodes restarted or joined anew; here they renew their certificates themselves, while both CAs are accepted.",
    ],
};

static HOST_PHASES: Texts = Texts {
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
                "On the system controller, the same file serves a strategy that takes subclouds through every phase: `dcmanager kube-rootca-update-strategy create --cert-file 1-trust-both/cluster/rootca.pem --group GROUP` (or `--subcloud-apply-type parallel|serial --max-parallel-subclouds N --stop-on-failure`, which do not go with `--group`; or the name of one subcloud; `--force` takes those in sync as well). Where the release takes no `--cert-file` (since 2026): `--subject '…' --expiry-date YYYY-MM-DD`, and each subcloud makes a CA of its own.",
                "Then `dcmanager kube-rootca-update-strategy show`, `… apply`, `dcmanager strategy-step list` until every subcloud is complete, `… delete`. Begin with one subcloud, then a group with `--stop-on-failure`.",
                "One CA for many subclouds lets a certificate of the one be accepted by the other: make a package for each where that matters.",
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
    other: "the platform's own procedure",
    differences: &[
        "The tool lets each controller sign with the new CA from trust-both-cas on, while others do not accept it: the matrix shows that window, and a package is made only with `--accept-outage`. Keep it short: controllers one right after the other, and no certificate signed meanwhile (no kubelet near its renewal, no CSR approved).",
        "In trust-both-cas, ca.crt becomes a bundle before kube-controller-manager is pointed elsewhere: one that starts anew in between does not sign until it is.",
        "Between update-certs and trust-new-ca, ca.crt holds the new CA first while ca.key is still the old one's: nothing of kubeadm may sign meanwhile.",
        "The tool restarts pods without looking at kube-root-ca.crt; here a step waits until that holds both CAs in every namespace.",
        "The tool leaves cluster-info and people's kubeconfigs alone, and copies the new CA's private key to workers as well until the last phase; here cluster-info and kubeconfigs come along.",
    ],
};

static MACHINE_CONFIGS: Texts = Texts {
    phases: PHASES,
    place: "wherever talosctl and kubectl reach the cluster",
    before: &[
        "Before you start: `sha256sum -c SHA256SUMS`; unpack the package where `talosctl` and `kubectl` reach every machine, in a folder that only you can read. Commands run from the package's root; the steps' scripts call `talosctl patch machineconfig --mode no-reboot`, machine by machine, control planes before workers, and nothing reboots.",
        "Say where the machines are: `export AIRLOCK_CONTROL_PLANE='10.5.1.2 10.5.1.3' AIRLOCK_WORKERS='10.5.1.4'` (nothing for workers where there are none), and which kubeconfig asks the cluster: `export KUBECONFIG=$PWD/1-trust-both/clients/…`, in each phase its own. Talosconfigs of the package are used by the scripts themselves; each works throughout its phase, and one that holds both CAs and the new certificate from the end of phase 1 to the end of phase 3.",
        "With `--dry-run` a step says what it would change, with `--check` whether its gate holds, with `--undo` it goes back. Run twice, it does nothing the second time; cut short, it can be run again: every patch replaces the list of accepted CAs as a whole.",
        "Each patch comes twice: `….patch.yaml` for machines that run, on top of the phase before, and `….from-base.patch.yaml` for those who make configurations anew (GitOps, `talosctl gen config --config-patch`), on top of what the rotation began with. `ca-keys/` holds the new CAs as PEM for tools that keep secrets in a form of their own; delete the folder when they have them.",
        "To go through the two APIs one after the other, as `talosctl rotate-ca` does, make a package for each: `--rotate talos`, then `--rotate cluster`.",
    ],
    joining: "A machine that joins meanwhile needs a configuration with the phase's from-base patch; one of an earlier phase is locked out.",
    pin: "pin",
    consumers: &[
        (
            "pods that reach Talos' API from inside the cluster",
            "kubectl get serviceaccounts.talos.dev -A",
            "restarted after phases 1 and 2 of the Talos API CA",
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
    other: "`talosctl rotate-ca`",
    differences: &[
        "It takes the Talos API through all phases before it begins with Kubernetes; here each phase does both, Talos' own first: they hang on nothing in common, and people are asked for a new talosconfig and a new kubeconfig once.",
        "It appends to lists of accepted CAs, so that a run that was cut short leaves its CA accepted; here each patch sets the list as a whole, and takes along what such a run has left.",
        "Its intermediate talosconfig trusts the old CA alone and fails in phase 2; here talosconfigs hold both CAs.",
        "It leaves secrets.yaml as it was, and writes no kubeconfig; here both come along.",
        "It makes its CAs itself; here they can be brought along.",
    ],
};

/// In what the order of the Cluster API note that goes around is left, and why.
pub(super) const CLUSTER_API_DIFFERENCES: &[&str] = &[
    "The note has the management cluster trust the old certificate until the end; here its kubeconfig holds both CAs before the first API server serves a certificate of the new one, since it would fail from that moment on.",
    "The note changes the CA's Secrets together with the kubeconfig's; here they follow when nobody presents an old certificate any more, since machines could not join in between.",
    "Some put both CAs into the CA's Secret and roll machines out three times; kubeadm and Cluster API take the first of them alone, so a roll-out cannot carry the switch.",
];
static MANAGED: Texts = Texts {
    phases: "Omni takes the cluster through three phases by itself: everyone trusts both CAs, the new one signs, the old one is dropped. It makes the new CA, so there is no key here, and nothing to unpack on any machine. A step begins only when the gate of the one before holds.",
    place: "wherever omnictl reaches Omni, and kubectl the cluster",
    before: &[
        "Before you start: `sha256sum -c SHA256SUMS`; log in with an account that may operate the cluster (`omnictl cluster status` answers).",
        "Omni does not stop between phases and does not go back. Where it does not get on, `omnictl cluster … secret rotate status` names the machine that it waits for: make it healthy, or unlock it; the rotation then goes on.",
        "Patch no machine's CAs by hand under Omni: it would set them back.",
    ],
    joining: "A machine that joins meanwhile is given the phase's CAs by Omni.",
    pin: "pin",
    consumers: &[SYSTEM_PODS, CERT_MANAGER, WEBHOOKS, METRICS, BALANCERS, OTHERS],
    more: &[],
    other: "Omni's page",
    differences: &[
        "There one command begins and waits; here it begins and is asked phase by phase, so that one sees where it stands.",
        "There the command gives up waiting after five minutes, while Omni goes on; here it waits an hour.",
        "There pods might need a restart; here everything that may have read the old CA is restarted once the new one issues alone.",
        "There nothing is said of break-glass kubeconfigs and talosconfigs; they are locked out, and are fetched anew here.",
    ],
};
