//! Omni: clusters of Talos machines whose authorities Omni makes and rotates by itself.
//! Source: siderolabs/omni: client/pkg/omnictl/cluster/secret/rotate.go, client/pkg/omnictl/{kubeconfig,talosconfig}.go,
//! client/pkg/omnictl/cluster/status.go, client/api/omni/specs/omni.proto (ClusterSecretsRotationStatusSpec).

use super::{
    AuthorityId, Course, Profile, TALOS,
    managed::{ManagedStep, Manager, Performer},
};

/// A cluster of Talos machines, run with Omni.
pub const OMNI: Profile = Profile {
    id: "omni",
    title: "Talos with Omni",
    // Its files are Talos' own: only a person can tell.
    recognised_by: &[],
    course: Course::Managed(&MANAGER),
    input: "what you hold of the cluster: your kubeconfig and talosconfig, a machine's configuration",
    // Omni goes its own way through them, with CAs that nobody else sees before.
    edges: &[],
    ..TALOS
};

const MANAGER: Manager = Manager {
    title: "Omni",
    apis: &[(AuthorityId::Talos, "talos-ca", "TALOS_CA"), (AuthorityId::Cluster, "kubernetes-ca", "KUBERNETES_CA")],
    machine_configs: true,
    script: "",
    steps: &[
        ManagedStep {
            id: "freeze",
            phase: 1,
            title: "Freeze what would stop or undo the rotation",
            text: "It takes Omni 1.6 and Talos 1.7 or newer. Until the rotation is over: no upgrade, no change of the cluster template or of config patches, no machine more or less. Unlock locked machines: Omni waits for them, and for those that are not healthy. Take an etcd backup",
            gate: "omnictl cluster status {cluster} --wait 5m",
            words: "the cluster is ready, by Omni's own word",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "begin",
            phase: 1,
            title: "Have Omni begin",
            text: "Omni makes the new CA and has every machine accept it. From here on it goes through all three phases without stopping; once it is over, the same command would begin another rotation",
            run: "omnictl cluster -n {cluster} secret rotate {api} --wait=false",
            gate: "omnictl cluster -n {cluster} secret rotate status --wait=false | grep -q {component}",
            words: "Omni says that {component} is in progress",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "follow",
            phase: 2,
            title: "Follow Omni through the switch",
            text: "Machine by machine the new CA issues, and the old one stays accepted. Where it does not get on, Omni says which machine it waits for",
            gate: r#"omnictl cluster -n {cluster} secret rotate status --wait=false | grep -Eq '\("(ROTATE|POST_ROTATE)"\)|no ongoing secret rotation'"#,
            words: "Omni says ROTATE or POST_ROTATE, or that nothing is in progress any more; ask again until it does",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "complete",
            phase: 3,
            title: "Wait until Omni has dropped the old CA",
            text: "By itself the command waits five minutes, which is short for many machines",
            run: "omnictl cluster -n {cluster} secret rotate status --wait-timeout 1h",
            gate: "omnictl cluster -n {cluster} secret rotate status --wait=false | grep -q 'no ongoing secret rotation'",
            words: "Omni says that no rotation is in progress",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "talosconfigs",
            phase: 3,
            authority: Some(AuthorityId::Talos),
            performer: Performer::People,
            title: "Renew talosconfigs that go past Omni",
            text: "Those that go through Omni hold nothing of the CA and stay as they are. Each break-glass talosconfig is fetched anew; the old ones are refused, whoever holds them",
            run: "(umask 077 && omnictl talosconfig --cluster {cluster} --break-glass --merge=false --force talosconfig.break-glass)",
            gate: r#"talosctl --talosconfig talosconfig.break-glass --nodes "${AIRLOCK_CONTROL_PLANE%% *}" version"#,
            words: "a control-plane machine answers (name them in AIRLOCK_CONTROL_PLANE)",
        },
        ManagedStep {
            id: "talos-pods",
            phase: 3,
            authority: Some(AuthorityId::Talos),
            title: "Restart pods that reach Talos' API from inside the cluster",
            text: "They read their talosconfig once, at their start: `kubectl get serviceaccounts.talos.dev -A` names them",
            words: "each of them reaches Talos' API",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "kubeconfigs",
            phase: 3,
            authority: Some(AuthorityId::Cluster),
            performer: Performer::People,
            title: "Renew kubeconfigs that go past Omni",
            text: "Those that go through Omni hold nothing of the CA and stay as they are. Each break-glass kubeconfig is fetched anew; the old ones are refused, whoever holds them",
            run: "(umask 077 && omnictl kubeconfig --cluster {cluster} --break-glass --merge=false --force kubeconfig.break-glass)",
            gate: "kubectl --kubeconfig kubeconfig.break-glass get --raw /readyz",
            words: "the API server answers",
        },
        ManagedStep {
            id: "pods",
            phase: 3,
            authority: Some(AuthorityId::Cluster),
            title: "Restart pods that read their CA once, at their start",
            text: "Omni does not restart them, and those that have not read the new CA no longer reach the API server",
            run: "for namespace in $(kubectl get namespaces -o name | cut -d/ -f2); do for one in $(kubectl -n $namespace get deployment,daemonset,statefulset -o name); do kubectl -n $namespace rollout restart $one || exit 1; done; done",
            gate: "for namespace in $(kubectl get namespaces -o name | cut -d/ -f2); do for one in $(kubectl -n $namespace get deployment,daemonset,statefulset -o name); do kubectl -n $namespace rollout status --timeout=5m $one || exit 1; done; done",
            words: "every Deployment, DaemonSet and StatefulSet has rolled out",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "after-care",
            phase: 3,
            title: "Take fresh backups and lift the freeze",
            text: "Take an etcd backup, and lock again what was locked",
            gate: "omnictl cluster status {cluster} --wait 5m",
            words: "the cluster is ready, by Omni's own word",
            ..ManagedStep::BLANK
        },
    ],
};
