//! Omni: clusters of Talos machines whose CAs Omni creates and rotates itself.
//! Source: siderolabs/omni: client/pkg/omnictl/cluster/secret/rotate.go,
//! client/pkg/omnictl/{kubeconfig,talosconfig}.go, client/pkg/omnictl/cluster/status.go,
//! client/api/omni/specs/omni.proto (ClusterSecretsRotationStatusSpec),
//! internal/backend/runtime/omni/controllers/omni/cluster_status.go (handleClusterSecretsTaint, handleBreakGlassTaint).

use super::{
    ids::AuthorityId,
    managed::{ManagedStep, Manager, Performer},
    model::{Profile, RotationMethod},
    talos::TALOS,
};

/// A cluster of Talos machines, managed by Omni.
pub const OMNI: Profile = Profile {
    id: "omni",
    title: "Talos with Omni",
    // The files are Talos' own, so the platform cannot be detected.
    recognised_by: &[],
    course: RotationMethod::Managed(&MANAGER),
    input: "what you hold of the cluster: your kubeconfig and talosconfig, a machine's configuration",
    // Omni has its own sequence of phases, with CAs that are not visible beforehand.
    edges: &[],
    ..TALOS
};

/// Starts the rotation once: Omni starts another one at each `secret rotate` that it gets while none is in progress. So the
/// request is recorded before it is sent, and a later run only asks for the status. Omni reports the rotation as in progress
/// shortly after it has accepted the request.
const BEGIN: &str = concat!(
    "(if [ ! -e rotation-{api}.begun ]; then ",
    "answer() { text=$(omnictl cluster -n {cluster} secret rotate status --wait=false) || exit 1; }; answer; ",
    "case $text in ",
    r#"'rotation for "{component}"'*) ;; "#,
    "'no ongoing secret rotation'*) ",
    "if [ ! -e rotation-{api}.requested ]; then ",
    ": >rotation-{api}.requested && omnictl cluster -n {cluster} secret rotate {api} --wait=false || exit 1; fi; ",
    r#"tries=0; until answer; case $text in 'rotation for "{component}"'*) ;; *) false ;; esac; do "#,
    "tries=$((tries + 1)); [ $tries -lt 60 ] || { echo 'rotation-{api}.requested records a request, and Omni reports no rotation. ",
    "If the Omni UI shows that this rotation is complete: mv rotation-{api}.requested rotation-{api}.begun. ",
    "If Omni did not get the request: rm rotation-{api}.requested, and run this again.' >&2; exit 1; }; ",
    "sleep 1; done ;; ",
    r#"*) printf '%s\n' "$text" >&2; exit 1 ;; esac; : >rotation-{api}.begun; fi)"#
);

/// Runs `kubectl rollout` for each workload whose Pod template refers to the Secret of a ServiceAccount of talos.dev. A
/// failed kubectl call or an incomplete answer ends it with an error.
macro_rules! talos_access {
    ($rollout:literal) => {
        concat!(
            r#"(answer() { text=$(kubectl "$@") && case "$text" in "<"*">") text=${text#<}; text=${text%>} ;; *) false ;; esac; }; "#,
            r#"answer get customresourcedefinitions -o 'jsonpath=<{.items[*].metadata.name}>' || exit 1; "#,
            r#"case " $text " in *" serviceaccounts.talos.dev "*) ;; *) exit 0 ;; esac; "#,
            r#"answer get serviceaccounts.talos.dev -A -o 'jsonpath=<{range .items[*]}{.metadata.namespace}/{.metadata.name} {end}>' || exit 1; "#,
            r#"for account in $text; do namespace=${account%/*}; "#,
            r#"answer -n $namespace get deployments,daemonsets,statefulsets -o 'jsonpath=<{range .items[*]}{.kind}/{.metadata.name} {end}>' || exit 1; "#,
            r#"for one in $text; do template=$(kubectl -n $namespace get $one -o yaml) && [ -n "$template" ] || exit 1; "#,
            r#"if printf '%s\n' "$template" | grep -Eq "(secretName|name): ${account#*/}\$"; then "#,
            $rollout,
            " || exit 1; fi; done; done)"
        )
    };
}
const TALOS_ACCESS_RESTART: &str = talos_access!("kubectl -n $namespace rollout restart $one");
const TALOS_ACCESS_STATUS: &str = talos_access!("kubectl -n $namespace rollout status --timeout=5m $one");

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
            words: "Omni reports that the cluster is ready",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "one-rotation",
            phase: 1,
            title: "Check that no other rotation is in progress",
            text: "Only one rotation can be in progress at a time. If the other CA is being rotated, wait until that is complete",
            gate: r#"omnictl cluster -n {cluster} secret rotate status --wait=false | grep -Eq 'no ongoing secret rotation|rotation for "{component}"'"#,
            words: "Omni reports no rotation, or only that of {component}",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "begin",
            phase: 1,
            title: "Start the rotation in Omni",
            text: "Omni generates the new CA and has every machine accept it. From here on it goes through all three phases without a stop. The command asks for the status first, records its request in the file rotation-{api}.requested before it sends it, and returns when Omni reports the rotation as in progress; the file rotation-{api}.begun records that. A second run, also after an interruption, starts no other rotation",
            run: BEGIN,
            gate: "test -e rotation-{api}.begun",
            words: "Omni reported that the rotation of {component} was in progress",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "follow",
            phase: 2,
            title: "Follow Omni through the switch",
            text: "Machine by machine, the new CA becomes the issuing CA, and the old one stays accepted. The Omni UI shows the same under Secret Rotation on the cluster's overview: the CA, the status, and the machine that Omni waits for",
            gate: r#"test -e rotation-{api}.begun && omnictl cluster -n {cluster} secret rotate status --wait=false | grep -Eq '\("(ROTATE|POST_ROTATE)"\)|no ongoing secret rotation'"#,
            words: "Omni reports ROTATE or POST_ROTATE, or that no rotation is in progress any more; ask again until it does",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "complete",
            phase: 3,
            title: "Wait until Omni has dropped the old CA",
            text: "By itself the command waits five minutes, which is short for many machines",
            run: "omnictl cluster -n {cluster} secret rotate status --wait-timeout 1h",
            gate: "test -e rotation-{api}.begun && omnictl cluster -n {cluster} secret rotate status --wait=false | grep -q 'no ongoing secret rotation'",
            words: "the rotation was started, and Omni reports that none is in progress any more",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "talosconfigs",
            phase: 3,
            authority: Some(AuthorityId::Talos),
            performer: Performer::People,
            title: "Renew talosconfigs that go past Omni",
            text: "Those that go through Omni hold nothing of the CA and stay as they are. Each break-glass talosconfig has to be fetched again; old ones are refused, whoever holds them. Fetch one only where it is needed: it gives the cluster the label tainted-by-break-glass until both CAs are rotated again",
            run: "(umask 077 && omnictl talosconfig --cluster {cluster} --break-glass --merge=false --force talosconfig.break-glass)",
            gate: r#"talosctl --talosconfig talosconfig.break-glass --nodes "${AIRLOCK_CONTROL_PLANE%% *}" version"#,
            words: "a control-plane machine answers (name them in AIRLOCK_CONTROL_PLANE)",
        },
        ManagedStep {
            id: "talos-pods",
            phase: 3,
            authority: Some(AuthorityId::Talos),
            title: "Restart Pods that use Talos API access",
            text: "Each ServiceAccount of talos.dev has a Secret of the same name with a talosconfig. Talos writes the new CA into it within a minute or two; Pods read it only at their start. The command restarts the Deployments, DaemonSets and StatefulSets whose Pod templates name such a Secret; restart Jobs and Pods without a controller yourself",
            run: TALOS_ACCESS_RESTART,
            gate: TALOS_ACCESS_STATUS,
            words: "every workload that uses such a Secret has rolled out",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "kubeconfigs",
            phase: 3,
            authority: Some(AuthorityId::Cluster),
            performer: Performer::People,
            title: "Renew kubeconfigs that go past Omni",
            text: "Those that go through Omni hold nothing of the CA and stay as they are. Each break-glass kubeconfig has to be fetched again; old ones are refused, whoever holds them. Fetch one only where it is needed: it gives the cluster the label tainted-by-break-glass until both CAs are rotated again",
            run: "(umask 077 && omnictl kubeconfig --cluster {cluster} --break-glass --merge=false --force kubeconfig.break-glass)",
            gate: "kubectl --kubeconfig kubeconfig.break-glass get --raw /readyz",
            words: "the API server answers",
        },
        ManagedStep {
            id: "pods",
            phase: 3,
            authority: Some(AuthorityId::Cluster),
            title: "Restart Pods that read their CA only at startup",
            text: "Omni does not restart them, and those that have not read the new CA no longer reach the API server",
            run: "for namespace in $(kubectl get namespaces -o name | cut -d/ -f2); do for one in $(kubectl -n $namespace get deployment,daemonset,statefulset -o name); do kubectl -n $namespace rollout restart $one || exit 1; done; done",
            gate: "for namespace in $(kubectl get namespaces -o name | cut -d/ -f2); do for one in $(kubectl -n $namespace get deployment,daemonset,statefulset -o name); do kubectl -n $namespace rollout status --timeout=5m $one || exit 1; done; done",
            words: "every Deployment, DaemonSet and StatefulSet has rolled out",
            ..ManagedStep::BLANK
        },
        ManagedStep {
            id: "after-care",
            phase: 3,
            title: "Take new backups and end the freeze",
            text: "Take an etcd backup, and lock again what was locked. A cluster that was imported keeps the label tainted-by-importing until both CAs have been rotated in Omni (`omnictl get clusterstatus {cluster} -o yaml` shows its labels): rotate the other CA as well",
            gate: "omnictl cluster status {cluster} --wait 5m",
            words: "Omni reports that the cluster is ready",
            ..ManagedStep::BLANK
        },
    ],
};
