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
    /// Whose order is left, after "Where this runbook leaves".
    pub(super) other: &'static str,
    /// In what it is left, and why.
    pub(super) differences: &'static [&'static str],
}

/// The words of a course.
pub(super) fn of(course: Course) -> &'static Texts {
    match course {
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
    other: "the Kubernetes page",
    differences: &[
        "The page lets the new CA sign before every API server trusts it; here the old CA signs throughout phase 1, since a kubelet that renews in between would be refused.",
        "The page says that `--client-ca-file` of kube-controller-manager cannot be a bundle; it can, and is here.",
        "The page restarts API servers; they take up every file live, so here they are only checked.",
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
    other: "`talosctl rotate-ca`",
    differences: &[
        "It takes the Talos API through all phases before it begins with Kubernetes; here each phase does both, Talos' own first: they hang on nothing in common, and people are asked for a new talosconfig and a new kubeconfig once.",
        "It appends to lists of accepted CAs, so that a run that was cut short leaves its CA accepted; here each patch sets the list as a whole, and takes along what such a run has left.",
        "Its intermediate talosconfig trusts the old CA alone and fails in phase 2; here talosconfigs hold both CAs.",
        "It leaves secrets.yaml as it was, and writes no kubeconfig; here both come along.",
        "It makes its CAs itself; here they can be brought along.",
    ],
};

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
    other: "Omni's page",
    differences: &[
        "There one command begins and waits; here it begins and is asked phase by phase, so that one sees where it stands.",
        "There the command gives up waiting after five minutes, while Omni goes on; here it waits an hour.",
        "There pods might need a restart; here everything that may have read the old CA is restarted once the new one issues alone.",
        "There nothing is said of break-glass kubeconfigs and talosconfigs; they are locked out, and are fetched anew here.",
    ],
};
