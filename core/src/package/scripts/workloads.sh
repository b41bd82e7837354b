# Restarts of workloads: client-go before 1.36 reads its CA once, when the process starts.

# 2026-11-22T02:13:41Z as the number 20261122021341, in $number; 0 where there is none.
time_number() { # TIME
  number=0
  case $1 in
    [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]Z) ;;
    *) return 0 ;;
  esac
  IFS=-T:Z
  # shellcheck disable=SC2086 # its parts
  set -- $1
  IFS=' 	
'
  number=$1$2$3$4$5$6
}

# When kube-root-ca.crt changed last in each namespace, as $changes: a line "NAMESPACE NUMBER " each.
read_changes() {
  need_value '{range .items[*]}{.metadata.namespace}{"|"}{.metadata.creationTimestamp}{"|"}{.metadata.managedFields[*].time}{"\n"}{end}' \
    get configmaps -A --field-selector metadata.name=kube-root-ca.crt
  changes='
'
  while IFS='|' read -r namespace created times; do
    [ -n "$namespace" ] || continue
    latest=0
    for time in $created $times; do
      time_number "$time"
      [ "$number" -le "$latest" ] || latest=$number
    done
    changes="$changes$namespace $latest
"
  done <<END
$value
END
}

# Which workload a Pod belongs to, as $owner: Kind/NAME; a Pod without a controller is one of its own. Mirror Pods belong to
# their Node, and are restarted there (kubernetes/kubernetes: pkg/kubelet/pod/mirror_client.go): status 1.
owner_of() { # NAMESPACE POD OWNER-KIND OWNER-NAME POD-TEMPLATE-HASH
  case $3 in
    Node) return 1 ;;
    '') owner=Pod/$2 ;;
    ReplicaSet)
      owner=ReplicaSet/$4
      # That of a Deployment has the hash of its Pod template in its name; Pods of other controllers have no such label.
      if [ -n "$5" ] && is_known "$1" "Deployment/${4%-"$5"}"; then
        owner=Deployment/${4%-"$5"}
      fi
      ;;
    *) owner=$3/$4 ;;
  esac
}

# Which workloads have Pods from before that change: those of $known as $old, all others that were asked for as $others, a line
# "NAMESPACE|Kind/NAME" each.
read_pods() {
  read_changes
  need_value '{range .items[*]}{.metadata.namespace}{"|"}{.metadata.name}{"|"}{.metadata.creationTimestamp}{"|"}{.metadata.ownerReferences[0].kind}{"|"}{.metadata.ownerReferences[0].name}{"|"}{.metadata.labels.pod-template-hash}{"|"}{.status.phase}{"\n"}{end}' get pods -A
  old='
'
  others='
'
  while IFS='|' read -r namespace pod created owner_kind owner_name template_hash pod_phase; do
    [ -n "$pod" ] || continue
    case $pod_phase in Succeeded | Failed) continue ;; esac
    rest=${changes#*
"$namespace" }
    [ "$rest" != "$changes" ] || continue
    changed_at=${rest%%
*}
    time_number "$created"
    # Times have seconds: the same second may be before the change.
    [ "$number" -le "$changed_at" ] || continue
    owner_of "$namespace" "$pod" "$owner_kind" "$owner_name" "$template_hash" || continue
    if is_known "$namespace" "$owner"; then
      old="$old$namespace|$owner
"
      continue
    fi
    is_chosen "$namespace" "$owner" || continue
    has_line "$others" "$namespace|$owner" || others="$others$namespace|$owner
"
  done <<END
$value
END
}

# Is it one of the Deployments, DaemonSets and StatefulSets of the cluster?
is_known() { # NAMESPACE Kind/NAME
  has_line "$known" "$1|$2"
}

# Every workload, as $known, and each that was asked for, as $workloads: a line "NAMESPACE|Kind/NAME|STRATEGY|MARK|TAKES" each.
read_workloads() {
  need_value '{range .items[*]}{.metadata.namespace}{"|"}{.kind}{"/"}{.metadata.name}{"|"}{.spec.updateStrategy.type}{.spec.strategy.type}{"|"}{.spec.template.metadata.annotations.airlock/phase}{"|"}{.spec.replicas}{.status.desiredNumberScheduled}{"|"}{.spec.strategy.rollingUpdate.maxUnavailable}{.spec.updateStrategy.rollingUpdate.maxUnavailable}{"|"}{.spec.strategy.rollingUpdate.maxSurge}{.spec.updateStrategy.rollingUpdate.maxSurge}{"|"}{.spec.paused}{"|"}{.spec.updateStrategy.rollingUpdate.partition}{"\n"}{end}' \
    get deployments,daemonsets,statefulsets -A
  workloads=
  known='
'
  while IFS='|' read -r namespace workload strategy mark replicas unavailable surge paused partition; do
    [ -n "$workload" ] || continue
    known="$known$namespace|$workload
"
    is_chosen "$namespace" "$workload" || continue
    take_strategy "$strategy" "$paused" "$partition"
    roll_out_takes "$workload" "$strategy" "$replicas" "$unavailable" "$surge"
    workloads="$workloads$namespace|$workload|$strategy|$mark|$takes
"
  done <<END
$value
END
}

# What replaces Pods of a workload, as $strategy; "paused" and "partition N" besides the strategies of Kubernetes (kubernetes.io:
# Deployments, "Pausing and Resuming a rollout"; StatefulSets, "Partitioned rolling updates").
take_strategy() { # STRATEGY PAUSED PARTITION
  strategy=$1
  case ${3:-0} in
    0) ;;
    *) strategy="partition $3" ;;
  esac
  [ "$2" != true ] || strategy=paused
}

# How a workload replaces its Pods, as $strategy, and an annotation of its Pod template, as $mark.
read_strategy() { # NAMESPACE Kind/NAME ANNOTATION
  need_value '{.spec.updateStrategy.type}{"|"}{.spec.template.metadata.annotations.'"$3"'}{"|"}{.spec.paused}{"|"}{.spec.updateStrategy.rollingUpdate.partition}' -n "$1" get "$2"
  IFS='|' read -r strategy mark paused partition <<END
$value
END
  take_strategy "$strategy" "$paused" "$partition"
}

# Does a change of the Pod template leave Pods of the workload as they are? $manual says why, and what to do.
is_by_hand() { # NAMESPACE Kind/NAME STRATEGY
  case $3 in
    OnDelete) manual='its strategy OnDelete replaces them only then' ;;
    paused) manual="it is paused, so a roll-out does not begin; or resume it: kubectl -n $1 rollout resume $2" ;;
    'partition '*) manual="its $3 keeps a roll-out from Pods with a lower number" ;;
    *) return 1 ;;
  esac
  manual="delete the Pods of $2 in $1 one by one: $manual"
}

# A number of Pods, or a percentage of TOTAL, as $share; ROUND is 0 for down and 99 for up.
share_of() { # NUMBER|PERCENT% TOTAL ROUND
  is_number "${1%\%}" || fail "kubectl get deployments,daemonsets,statefulsets: '$1' is not a number of Pods"
  case $1 in
    *%) share=$(((${1%\%} * $2 + $3) / 100)) ;;
    *) share=$1 ;;
  esac
}

# How many Pods a roll-out makes unavailable at once, as $takes (kubernetes/kubernetes:
# pkg/controller/deployment/util, ResolveFenceposts; pkg/controller/daemon/util, UnavailableCount; pkg/controller/statefulset).
roll_out_takes() { # Kind/NAME STRATEGY REPLICAS MAX_UNAVAILABLE MAX_SURGE
  total=${3:-1}
  is_number "$total" || fail "kubectl get deployments,daemonsets,statefulsets: '$3' is not a number of Pods"
  case $1-$2 in
    Deployment/*-Recreate) takes=$total && return 0 ;;
    Deployment/*)
      share_of "${5:-25%}" "$total" 99
      surge=$share
      share_of "${4:-25%}" "$total" 0
      ;;
    DaemonSet/*)
      share_of "${5:-0}" "$total" 99
      surge=$share
      share_of "${4:-1}" "$total" 99
      ;;
    *)
      surge=0
      share_of "${4:-1}" "$total" 0
      ;;
  esac
  takes=$share
  [ $((takes + surge)) -gt 0 ] || takes=1
}

# Reads fields with a Go template, otherwise as read_value.
need_template() { # TEMPLATE KUBECTL ARGUMENT…
  template=$1
  shift
  read_framed "go-template=<$template>" "$@" || fail "$reason"
}

# Which PodDisruptionBudget protects Pods of which workload, as $budgets: a line "NAMESPACE|Kind/NAME|BUDGET" each. A budget
# without a selector protects nothing, one with an empty selector every Pod of its namespace (policy/v1).
read_budgets() {
  # shellcheck disable=SC2016 # a Go template's variables
  need_template '{{range .items}}{{.metadata.namespace}}|{{.metadata.name}}|{{printf "%v" .spec.selector}}|{{with .spec.selector}}{{range $key, $value := .matchLabels}}{{$key}}={{$value}},{{end}}{{range .matchExpressions}}{{if eq .operator "Exists"}}{{.key}},{{else if eq .operator "DoesNotExist"}}!{{.key}},{{else}}{{.key}} {{if eq .operator "In"}}in{{else}}notin{{end}} ({{range $index, $value := .values}}{{if $index}},{{end}}{{$value}}{{end}}),{{end}}{{end}}{{end}}{{"\n"}}{{end}}' \
    get poddisruptionbudgets -A
  budgets='
'
  while IFS='|' read -r namespace budget selects selector <&4; do
    case $selects in map*) ;; *) continue ;; esac
    need_value '{range .items[*]}{.metadata.ownerReferences[0].kind}{"|"}{.metadata.ownerReferences[0].name}{"|"}{.metadata.labels.pod-template-hash}{"\n"}{end}' \
      -n "$namespace" get pods -l "${selector%,}"
    while IFS='|' read -r owner_kind owner_name template_hash; do
      { owner_of "$namespace" '' "$owner_kind" "$owner_name" "$template_hash" && is_known "$namespace" "$owner"; } || continue
      has_line "$budgets" "$namespace|$owner|$budget" || budgets="$budgets$namespace|$owner|$budget
"
    done <<END
$value
END
  done 4<<END
$value
END
}

# The budgets of a workload that have not been left out with --disrupt, as $own.
budgets_of() { # NAMESPACE Kind/NAME
  own=
  while IFS='|' read -r budget_namespace budget_workload budget; do
    [ "$budget_namespace|$budget_workload" = "$1|$2" ] || continue
    matches "$1/$budget" "$disrupted" || own="$own $budget"
  done <<END
$budgets
END
}

# Does the budget allow as many disruptions now as the roll-out takes?
budget_allows() { # NAMESPACE BUDGET TAKES
  read_value '{.status.disruptionsAllowed}' -n "$1" get poddisruptionbudget "$2" || return 1
  is_number "$value" || {
    reason="PodDisruptionBudget $1/$2 has no status.disruptionsAllowed"
    return 1
  }
  reason="PodDisruptionBudget $1/$2 allows $value"
  [ "$value" -ge "$3" ]
}

# A roll-out does not use the eviction API, so no budget holds it back: a workload is not restarted while a budget allows
# less than its roll-out takes, unless it is named with --disrupt.
check_budgets() {
  short=
  while IFS='|' read -r namespace workload strategy mark takes <&3; do
    { [ -n "$workload" ] && [ "$takes" -gt 0 ] && ! is_by_hand "$namespace" "$workload" "$strategy"; } || continue
    has_old_pods "$namespace" "$workload" || continue
    budgets_of "$namespace" "$workload"
    for budget in $own; do
      budget_allows "$namespace" "$budget" "$takes" && continue
      case $reason in
        'PodDisruptionBudget '*) ;;
        *) fail "$reason" ;;
      esac
      short="$short${short:+; }$reason, the roll-out of $workload takes $takes"
    done
  done 3<<END
$workloads
END
  [ -n "$short" ] || return 0
  case $action in
    list) say "$short" ;;
    *) fail "$short. No budget holds a roll-out back, since it does not use the eviction API. Wait until the Pods are healthy, leave the workload out (--exclude), or restart it nevertheless (--disrupt NAMESPACE/BUDGET); nothing was restarted" ;;
  esac
}

# Two workloads of the same budget are not in the same batch, and each one waits until its budgets allow its roll-out.
await_budgets() { # NAMESPACE Kind/NAME TAKES
  [ "$3" -gt 0 ] || return 0
  budgets_of "$1" "$2"
  for budget in $own; do
    case $batch_budgets in *" $1/$budget "*) end_batch ;; esac
  done
  for budget in $own; do
    wait_until "PodDisruptionBudget $1/$budget allows the $3 that the roll-out of $2 takes (--disrupt $1/$budget restarts it nevertheless)" \
      budget_allows "$1" "$budget" "$3"
    batch_budgets="$batch_budgets $1/$budget "
  done
}

is_chosen() { # NAMESPACE Kind/NAME
  case ${namespaces:- $1 } in *" $1 "*) ;; *) return 1 ;; esac
  ! is_excluded "$1/$2"
}

# Does it have Pods from before the change?
has_old_pods() { # NAMESPACE Kind/NAME
  has_line "$old" "$1|$2"
}

# The annotation of a Pod template starts its roll-out: a JSON string, or null for none.
annotate() { # NAMESPACE KIND/NAME VALUE
  change -n "$1" patch "$2" --type merge -p "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"airlock/phase\":$3}}}}}"
  say "restarted $2 in $1"
}

await_roll_out() { # NAMESPACE Kind/NAME
  run kubectl -n "$1" rollout status "$2" "--timeout=${limit}s"
  says_complete || fail "kubectl -n $1 rollout status $2: unexpected answer '$output'"
}

# What kubectl says of a Deployment, DaemonSet or StatefulSet (kubernetes/kubectl: pkg/polymorphichelpers/rollout_status.go).
says_complete() {
  case $output in
    *'successfully rolled out'* | *'roll out complete'* | *'rolling update complete'*) return 0 ;;
  esac
  reason="kubectl rollout status: unexpected answer '$output'"
  return 1
}

# A batch at a time: the next one waits for the roll-out of the one before.
in_batch=0
waiting=
batch_budgets=
batched() { # NAMESPACE Kind/NAME VALUE|- TAKES
  if [ "$3" != - ]; then
    await_budgets "$1" "$2" "$4"
    annotate "$1" "$2" "$3"
  fi
  waiting="$waiting$1|$2
"
  in_batch=$((in_batch + 1))
  [ "$in_batch" -lt "$batch" ] || end_batch
}

end_batch() {
  [ -n "$waiting" ] || return 0
  while IFS='|' read -r namespace workload; do
    [ -z "$workload" ] || await_roll_out "$namespace" "$workload"
  done <<END
$waiting
END
  waiting=
  in_batch=0
  batch_budgets=
  [ "$pause" -eq 0 ] || sleep "$pause" || fail "sleep $pause failed"
}

# Reports Pods that this step does not replace; $manual says what to do.
report_by_hand() { # NAMESPACE/Kind/NAME
  if [ "$action" = check ]; then
    not_ready "$manual (or leave it out: --exclude '$1')"
  else
    say "$manual"
  fi
}

# What is not restarted from here: Pods from before the change without a Deployment, DaemonSet or StatefulSet.
list_by_hand() {
  while IFS='|' read -r namespace owner; do
    [ -n "$owner" ] || continue
    case $owner in
      Pod/*) manual="restart this Pod by hand, it has no controller: $namespace/${owner#Pod/}" ;;
      Job/*) manual="wait until $owner in $namespace has ended, or delete it and create it again: its Pods are from before kube-root-ca.crt changed" ;;
      *) manual="restart the Pods of $owner in $namespace by hand, this step does not: they are from before kube-root-ca.crt changed" ;;
    esac
    report_by_hand "$namespace/$owner"
  done <<END
$others
END
}

# A roll-out that this phase began earlier is waited for. Pods that are still older than the change were restarted before
# kube-root-ca.crt had it, and are restarted once more.
restart_again() {
  read_pods
  again=
  while IFS='|' read -r namespace workload strategy _ takes <&3; do
    { [ -n "$workload" ] && ! is_by_hand "$namespace" "$workload" "$strategy"; } || continue
    has_old_pods "$namespace" "$workload" || continue
    [ -n "$again" ] || {
      ask date -u +%Y%m%d%H%M%S
      again=$output
    }
    batched "$namespace" "$workload" "\"$package-$phase-$again\"" "$takes"
  done 3<<END
$workloads
END
  end_batch
}

restart_workloads() { # BEFORE: the phase that an undo goes back to, - for none
  case $action in
    verify)
      can patch deployments.apps
      can patch daemonsets.apps
      can patch statefulsets.apps
      can list pods
      can list poddisruptionbudgets.policy
      return 0
      ;;
    undo | dry-undo)
      unmark_workloads "$1"
      return 0
      ;;
  esac
  begun=no
  read_workloads
  read_pods
  if [ "$action" != check ]; then
    read_budgets
    check_budgets
  fi
  while IFS='|' read -r namespace workload strategy mark takes <&3; do
    [ -n "$workload" ] || continue
    case $action-$mark in
      check-"$package-$phase" | check-"$package-$phase"-*)
        { call_kubectl -n "$namespace" rollout status "$workload" --timeout=5s && says_complete; } ||
          not_ready "$workload in $namespace is not rolled out ($reason)"
        ;;
    esac
    has_old_pods "$namespace" "$workload" || continue
    if is_by_hand "$namespace" "$workload" "$strategy"; then
      report_by_hand "$namespace/$workload"
      continue
    fi
    case $action in
      check) not_ready "$workload in $namespace has Pods from before kube-root-ca.crt changed" ;;
      dry-run | list) say "would restart $workload in $namespace" ;;
      apply)
        case $mark in
          "$package-$phase" | "$package-$phase"-*)
            begun=yes
            batched "$namespace" "$workload" - "$takes"
            ;;
          *) batched "$namespace" "$workload" "\"$package-$phase\"" "$takes" ;;
        esac
        ;;
    esac
  done 3<<END
$workloads
END
  end_batch
  [ "$begun" = no ] || restart_again
  list_by_hand
}

# How many Pods have the template of now, how many are ready, and how many there are to be.
reader_is_rolled_out() { # NAMESPACE Kind/NAME
  read_value '{.status.updatedNumberScheduled}{.status.updatedReplicas}{"|"}{.status.numberReady}{.status.readyReplicas}{"|"}{.status.desiredNumberScheduled}{.spec.replicas}{"|"}{.metadata.generation}{"|"}{.status.observedGeneration}' -n "$1" get "$2" || return 1
  IFS='|' read -r updated ready wanted generation observed <<END
$value
END
  reason="$2 in $1: ${updated:-0} of ${wanted:-0} Pods are new, ${ready:-0} are ready"
  [ "${updated:-0}" = "${wanted:-0}" ] && [ "${ready:-0}" = "${wanted:-0}" ] && [ "$generation" = "$observed" ]
}

# A workload that reads files of its nodes when it starts.
restart_reader() { # NAMESPACE Kind/NAME
  ! is_excluded "$1/$2" || return 0
  case $action in
    verify)
      can patch deployments.apps
      can patch daemonsets.apps
      can patch statefulsets.apps
      ;;
  esac
  read_strategy "$1" "$2" airlock/phase
  # Their Pods would start again with the template of before, so that nobody sees which ones have read the new files.
  case $strategy in
    paused) manual="$2 in $1 is paused, so a roll-out does not begin: resume it (kubectl -n $1 rollout resume $2)" ;;
    'partition '*) manual="$2 in $1 has the $strategy, which keeps a roll-out from Pods with a lower number: set it to 0" ;;
    *) manual= ;;
  esac
  [ -z "$manual" ] || case $action in
    check) ;;
    list) say "$manual" && return 0 ;;
    *) fail "$manual, or restart its Pods yourself and leave it out (--exclude '$1/$2')" ;;
  esac
  [ "$action" != verify ] || return 0
  wanted_mark=$package-$phase
  case $action in undo | dry-undo) wanted_mark=$package-$((phase - 1)) ;; esac
  case $action-$mark in
    undo-"$package-$phase" | dry-undo-"$package-$phase") ;;
    undo-* | dry-undo-*) return 0 ;;
    check-"$wanted_mark")
      reader_is_rolled_out "$1" "$2" || not_ready "$reason"
      return 0
      ;;
    check-*)
      not_ready "$2 in $1 has not been restarted in this phase"
      return 0
      ;;
  esac
  case $action in
    dry-run | list | dry-undo)
      [ "$mark" = "$wanted_mark" ] || say "would restart $2 in $1"
      return 0
      ;;
  esac
  [ "$mark" = "$wanted_mark" ] || annotate "$1" "$2" "\"$wanted_mark\""
  if is_by_hand "$1" "$2" "$strategy"; then
    reader_is_rolled_out "$1" "$2" || say "$manual"
  else
    await_roll_out "$1" "$2"
  fi
}

unmark_workloads() { # BEFORE
  read_workloads
  read_budgets
  while IFS='|' read -r namespace workload strategy mark takes <&3; do
    case $mark in
      "$package-$1" | "$package-$1"-*) continue ;;
      "$package"-*) ;;
      *) continue ;;
    esac
    value=null
    [ "$1" = - ] || value="\"$package-$1\""
    if [ "$action" = dry-undo ]; then
      say "would restart $workload in $namespace"
    elif is_by_hand "$namespace" "$workload" "$strategy"; then
      annotate "$namespace" "$workload" "$value"
      say "$manual"
    else
      batched "$namespace" "$workload" "$value" "$takes"
    fi
  done 3<<END
$workloads
END
  end_batch
}

# Before phase 2 is undone, Pods that trust only the new CA must trust the old one again: API servers will present its
# certificates. Everything restarts, since workloads of phase 3 have no annotation.
trust_old_again() { # FILE [SUM…]: phase 2's bundle
  [ "$action" = undo ] || return 0
  wait_until "kube-root-ca.crt has both CAs in every namespace" published "$@"
  read_workloads
  read_budgets
  while IFS='|' read -r namespace workload strategy mark takes <&3; do
    [ -n "$workload" ] || continue
    ! is_by_hand "$namespace" "$workload" "$strategy" || {
      say "$manual"
      continue
    }
    value="\"$package-$phase\""
    case $mark in "$package-$phase" | "$package-$phase"-*) value=- ;; esac
    batched "$namespace" "$workload" "$value" "$takes"
  done 3<<END
$workloads
END
  end_batch
}
