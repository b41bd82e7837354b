//! Load: what to load, how to collect it, what is loaded.

use airlock_core::report::InventoryReport;

use super::text::{count, few_holders};
use crate::state::{
    checklist::{Item, Need},
    encryption::Encryption,
};

/// The heading before anything is loaded.
pub const LOAD_TITLE: &str = "Plan a zero-downtime CA rotation";
/// The sentence below it.
pub const LOAD_SENTENCE: &str = "Plan and package a zero-downtime rotation of your Kubernetes cluster CAs, offline. Load the files of one cluster to start.";
/// The heading with files.
pub const LOADED_TITLE: &str = "Load";
/// The drop zone.
pub const DROP: &str = "Drop files, folders or archives anywhere on this page";
/// The drop zone with files.
pub const DROP_MORE: &str = "Drop more files anywhere on this page";
/// The hint below it.
pub const LOAD_HINT: &str = "Add /etc/kubernetes from every control-plane node (folder, .tar, .tar.gz, .zip), in any order. Private keys are optional.";
/// What else can be loaded.
pub const LOAD_MORE_HINT: &str = "Also useful: /var/lib/kubelet, kubeconfigs, Secrets and ConfigMaps from kubectl get -o yaml or json. Saved choices (airlock-choices.json) are restored.";
/// The buttons.
pub const CHOOSE_FILES: &str = "Choose files";
/// The hint about the browser's dialog, which mentions an upload.
pub const CHOOSE_FOLDER: &str = "Choose a folder";
/// Shows the field.
pub const PASTE_TEXT: &str = "Paste text";
/// The hint about the browser's dialog.
pub const FOLDER_HINT: &str = "Your browser will say “upload”. Nothing leaves this computer.";
/// The label of the field.
pub const PASTE: &str = "Paste here";
/// What happens to a pasted text.
pub const PASTE_HINT: &str = "Paste YAML, PEM or a kubeconfig. It is loaded immediately and not displayed. Pasting an error message explains it.";
/// The card with commands.
pub const COLLECT: &str = "Collect the files";
/// The card with commands, once files are loaded.
pub const COLLECT_MORE: &str = "Collect more files";
/// The text beside the heading.
pub const COLLECT_HINT: &str = "Run these commands, then bring the files to this computer.";
/// The tabs, for screen readers.
pub const PLATFORMS: &str = "Platform";
/// The script's title.
pub const SCRIPT: &str = "Or run the script";
/// What the script does.
pub const SCRIPT_HINT: &str = "collect.sh packs exactly the files that Airlock reads, on a node or from a jump host over SSH, into one archive for each node. It changes nothing.";
/// The button.
pub const SCRIPT_DOWNLOAD: &str = "Download collect.sh";
/// The script's name.
pub const SCRIPT_NAME: &str = "collect.sh";
/// Commands that run it, with where.
pub const SCRIPT_COMMANDS: [(&str, &str); 2] = [
    ("On a node, as root", "sh collect.sh"),
    (
        "On a jump host with SSH access as root, without private keys",
        "sh collect.sh --without-keys cp-1 cp-2 cp-3 worker-1",
    ),
];
/// What to load.
pub const NEED: &str = "What to load";
/// The same, with files.
pub const NEED_LOADED: &str = "Loaded so far";
/// The chip of a cluster that can be planned.
pub const READY: &str = "Ready";
/// The list of files.
pub const LOADED: &str = "Loaded files";
/// Opens the list.
pub const SHOW_FILES: &str = "Show files";
/// The button over the list.
pub const REMOVE_ALL: &str = "Remove all";
/// The button beside a file.
pub const REMOVE: &str = "Remove";

/// The sentence under the heading, with files.
pub fn loaded_sentence(inventory: &InventoryReport, chosen: bool) -> String {
    format!("{}. Add more files at any time.", super::frame::summary(inventory, chosen))
}

/// The button beside a file, for screen readers.
pub fn remove(path: &str) -> String {
    format!("Remove {path}")
}

/// The number of loaded files, and of files in archives.
pub fn loaded_files(files: usize, read: usize) -> String {
    format!("{} loaded, {} read", count(files, "file"), count(read, "file"))
}

/// A platform's tab: its name, commands with the place to run them, and details.
#[derive(Clone, Copy, Debug)]
pub struct Collect {
    /// Its id in element ids.
    pub id: &'static str,
    /// On the tab.
    pub title: &'static str,
    /// The place to run a command, and the command.
    pub commands: &'static [(&'static str, &'static str)],
    /// Details; empty for none.
    pub more: &'static str,
}

const NODE: &str = "tar czf \"$(hostname).tar.gz\" -C / etc/kubernetes var/lib/kubelet/config.yaml var/lib/kubelet/pki";
const CLUSTER_INFO: &str = "kubectl -n kube-public get configmap cluster-info -o yaml > cluster-info.yaml";

/// How to collect the files of each platform.
pub const COLLECT_FROM: [Collect; 5] = [
    Collect {
        id: "kubeadm",
        title: "kubeadm",
        commands: &[
            ("On each control-plane node and each worker, as root", NODE),
            ("Where kubectl reaches the cluster", CLUSTER_INFO),
        ],
        more: "Also copy the kubeconfigs that people and CI use. To leave private key files on the nodes, add --exclude='*.key'; kubeconfigs still contain client keys.",
    },
    Collect {
        id: "cluster-api",
        title: "Cluster API",
        commands: &[
            (
                "On the management cluster: Secrets",
                "kubectl -n NAMESPACE get secret CLUSTER-ca CLUSTER-proxy CLUSTER-etcd CLUSTER-sa CLUSTER-kubeconfig -o yaml > secrets.yaml",
            ),
            (
                "On the management cluster: machines",
                "kubectl -n NAMESPACE get cluster,kubeadmcontrolplane,kubeadmconfigtemplate -o yaml > machines.yaml",
            ),
        ],
        more: "Node files are optional. Without them, one script serves every control-plane node and one serves every worker.",
    },
    Collect {
        id: "starlingx",
        title: "StarlingX",
        commands: &[("On each controller and worker, as root", NODE)],
        more: "The package drives the platform's own tool, system kube-rootca-update, in the order that it requires.",
    },
    Collect {
        id: "talos",
        title: "Talos, Omni",
        commands: &[(
            "Machine configurations of all nodes",
            "talosctl -n NODE,NODE get machineconfig -o yaml > machineconfig.yaml",
        )],
        more: "Also load secrets.yaml, your talosconfig and your kubeconfig. With Omni, Airlock writes a runbook: Omni rotates the CAs itself.",
    },
    Collect {
        id: "kamaji",
        title: "Kamaji",
        commands: &[
            (
                "On the management cluster: tenant Secrets and Deployment",
                "kubectl -n NAMESPACE get secrets,deployments -l kamaji.clastix.io/name=TENANT -o yaml > secrets.yaml",
            ),
            (
                "On the management cluster: TenantControlPlane",
                "kubectl -n NAMESPACE get tenantcontrolplane TENANT -o yaml > tenant.yaml",
            ),
            (
                "On the tenant cluster",
                "kubectl --kubeconfig TENANT.conf -n kube-public get configmap cluster-info -o yaml > cluster-info.yaml\nkubectl --kubeconfig TENANT.conf -n kube-system get configmap kubeadm-config -o yaml > kubeadm-config.yaml",
            ),
            ("On each worker, as root", NODE),
        ],
        more: "",
    },
];

/// An item to load: its name, and why.
pub fn item(item: Item) -> (&'static str, &'static str) {
    match item {
        Item::ControlPlanes => ("Control-plane nodes", "/etc/kubernetes from each"),
        Item::Workers => ("Workers", "One script serves all workers"),
        Item::ClusterInfo => ("cluster-info", "So that nodes can join at any time"),
        Item::Kubeconfigs => ("Kubeconfigs", "Of people and CI"),
        Item::Keys => ("Private keys", "Not needed to re-sign certificates"),
    }
}

/// Whether it is needed.
pub fn need(need: Need) -> &'static str {
    match need {
        Need::Required => "Required",
        Need::Recommended => "Recommended",
        Need::Optional => "Optional",
    }
}

/// How much of it is loaded.
pub fn loaded_of(item: Item, loaded: usize) -> String {
    match item {
        Item::ControlPlanes => count(loaded, "control-plane node"),
        Item::Workers => count(loaded, "worker"),
        Item::ClusterInfo if loaded > 0 => "cluster-info".to_owned(),
        Item::ClusterInfo => "cluster-info not loaded".to_owned(),
        Item::Kubeconfigs => count(loaded, "kubeconfig"),
        Item::Keys => count(loaded, "private key"),
    }
}

/// The title of the password form.
pub const LOCKED: &str = "Encrypted files";
/// What happens to a password.
pub const PASSWORD_HINT: &str = "One password for all files. It stays in memory, also for files that you load later, until you delete everything or close the page.";
/// The label of the field.
pub const PASSWORD: &str = "Password";
/// The button.
pub const UNLOCK: &str = "Decrypt files";
/// The text for a wrong password.
pub const PASSWORD_WRONG: &str =
    "This password does not decrypt these files. Enter it again, or load files with another password separately.";

/// The files that need a password.
pub fn locked(encryption: &Encryption) -> String {
    format!("Enter the password of {}.", few_holders(&encryption.files))
}
