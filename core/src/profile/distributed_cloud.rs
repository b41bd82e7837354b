//! StarlingX Distributed Cloud: `dcmanager` updates the root CAs of subclouds with strategies, one at a time.
//! Source: starlingx/distcloud-client: dcmanagerclient/commands/v1/{sw_update_manager,kube_rootca_update_manager}.py;
//! starlingx/distcloud: dcmanager/orchestrator/orchestrator_manager.py, dcmanager/audit/kube_rootca_update_audit.py,
//! dcmanager/common/consts.py (states).

use super::{
    ids::AuthorityId,
    managed::{ManagedStep, Manager, Performer},
    model::{Profile, RotationMethod, SigningRow},
    starlingx::STARLINGX,
};

/// The package's script that calls `dcmanager`.
pub(crate) const DCMANAGER: &str = "dcmanager.sh";

/// The subclouds of a system controller.
pub const STARLINGX_DC: Profile = Profile {
    id: "starlingx-dc",
    title: "StarlingX Distributed Cloud",
    // The files are those of any StarlingX host, so the platform cannot be detected.
    recognised_by: &[],
    course: RotationMethod::Managed(&MANAGER),
    phase_words: ["create", "apply", "delete"],
    input: "a kubeconfig or the CA certificate of the system controller; no file of a subcloud is needed",
    // The strategy takes each subcloud through all phases without interruption.
    edges: &[],
    signing: SigningRow::NONE,
    ..STARLINGX
};

const MANAGER: Manager = Manager {
    title: "dcmanager",
    apis: &[(AuthorityId::Cluster, "", "")],
    machine_configs: false,
    script: DCMANAGER,
    steps: &[
        ManagedStep {
            id: "freeze",
            phase: 1,
            title: "Schedule a maintenance window and check the subclouds",
            text: "On each subcloud, every Deployment, DaemonSet and StatefulSet restarts twice, and Pods of sets whose updateStrategy is OnDelete are deleted. Schedule a maintenance window. Until the strategy is deleted: no other dcmanager strategy, no lock, unlock or swact of a subcloud's hosts, no platform or Kubernetes upgrade. Clear the alarms of each subcloud (`dcmanager alarm summary`) and back up each subcloud (`dcmanager subcloud-backup create`)",
            gate: "sh dcmanager.sh ready {options} --check",
            words: "each subcloud is managed and online, and its kube-rootca_sync_status lets dcmanager update it",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "one-strategy",
            phase: 1,
            title: "Check that no strategy exists",
            text: "Only one dcmanager strategy, of any type, can exist at a time. If one exists, wait until it is complete and delete it with its own delete command",
            gate: "sh dcmanager.sh none --check",
            words: "dcmanager has no strategy, or only the one of this package",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "create",
            phase: 1,
            title: "Create the strategy",
            text: "Nothing changes on any subcloud yet",
            run: "sh dcmanager.sh create {options}",
            gate: "sh dcmanager.sh create {options} --check",
            words: "the strategy exists, and this package created it",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "verify",
            phase: 1,
            title: "Verify which subclouds the strategy updates",
            text: "The command prints one line for each subcloud. If a subcloud is missing or should not be there: `sh dcmanager.sh delete`, then create the strategy with other options",
            run: "sh dcmanager.sh steps {options}",
            gate: "sh dcmanager.sh steps {options} --check",
            words: "the strategy has a step for each subcloud that the options select",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "apply",
            phase: 2,
            title: "Apply the strategy",
            text: "From here on dcmanager has the VIM of each subcloud go through trust-both-cas, update-certs and trust-new-ca without a stop in between. To stop: `sh dcmanager.sh abort`. dcmanager completes the stage that is in progress, starts no further subcloud, and leaves subclouds that it did not start unchanged",
            run: "sh dcmanager.sh apply",
            gate: "sh dcmanager.sh apply --check",
            words: "the strategy is applying or complete",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "follow",
            phase: 2,
            title: "Follow the strategy until every subcloud is complete",
            text: "The command prints each change of `dcmanager strategy-step list`. If a subcloud fails, the command names it, prints its details, and says where to look. The wait can be interrupted and run again: it changes nothing",
            run: "sh dcmanager.sh follow",
            gate: "sh dcmanager.sh follow --check",
            words: "the strategy and each of its steps are complete",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "delete",
            phase: 3,
            title: "Delete the strategy",
            text: "While it exists, no other strategy can be created",
            run: "sh dcmanager.sh delete",
            gate: "sh dcmanager.sh delete --check",
            words: "the strategy was complete and no longer exists",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "in-sync",
            phase: 3,
            title: "Check that each subcloud is in sync",
            text: "dcmanager audits the subclouds once the strategy ends. kube-rootca_sync_status depends on the alarms 500.200 and 500.210 of the root CA alone, not on which CA a subcloud has: compare `system kube-rootca-get-cert-id` on the subcloud with what it printed before",
            run: "sh dcmanager.sh in-sync",
            gate: "sh dcmanager.sh in-sync --check",
            words: "kube-rootca_sync_status is in-sync on each subcloud that was updated",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "kubeconfigs",
            phase: 3,
            performer: Performer::People,
            title: "Distribute new kubeconfigs of the subclouds",
            text: "The update changes neither kubeconfigs outside a subcloud nor its cluster-info. Everyone who reaches an updated subcloud with a kubeconfig fetches a new one from its active controller (/etc/kubernetes/admin.conf); old ones are refused. Set cluster-info from the subcloud's new /etc/kubernetes/pki/ca.crt before another host joins",
            words: "every user and pipeline has confirmed it",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "after-care",
            phase: 3,
            title: "Check the alarms and back up",
            text: "`dcmanager alarm summary` shows no new alarm, and 900.008 (root CA update in progress) is gone on each subcloud. Back up each subcloud again: an older backup restores the old CA. Delete the file of a CA that was uploaded with --cert-file, everywhere",
            gate: "sh dcmanager.sh none --check",
            words: "dcmanager has no strategy",
            ..ManagedStep::BLANK
        },
    ],
};
