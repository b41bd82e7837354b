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

# The workloads that have Pods from before that change, as $old; Pods without a controller, as $bare.
read_pods() {
  read_changes
  need_value '{range .items[*]}{.metadata.namespace}{"|"}{.metadata.name}{"|"}{.metadata.creationTimestamp}{"|"}{.metadata.ownerReferences[0].kind}{"|"}{.metadata.ownerReferences[0].name}{"|"}{.metadata.labels.pod-template-hash}{"|"}{.status.phase}{"\n"}{end}' get pods -A
  old='
'
  bare=
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
    case $owner_kind in
      '') bare="$bare$namespace/$pod
" ;;
      ReplicaSet) old="$old$namespace|Deployment/${owner_name%-"$template_hash"}
" ;;
      DaemonSet | StatefulSet) old="$old$namespace|$owner_kind/$owner_name
" ;;
    esac
  done <<END
$value
END
}

# Every workload that was asked for, as $workloads: a line "NAMESPACE|Kind/NAME|STRATEGY|MARK" each.
read_workloads() {
  need_value '{range .items[*]}{.metadata.namespace}{"|"}{.kind}{"/"}{.metadata.name}{"|"}{.spec.updateStrategy.type}{"|"}{.spec.template.metadata.annotations.airlock/phase}{"\n"}{end}' \
    get deployments,daemonsets,statefulsets -A
  workloads=
  while IFS='|' read -r namespace workload strategy mark; do
    [ -n "$workload" ] || continue
    is_chosen "$namespace" "$workload" || continue
    workloads="$workloads$namespace|$workload|$strategy|$mark
"
  done <<END
$value
END
}

is_chosen() { # NAMESPACE Kind/NAME
  case ${namespaces:- $1 } in *" $1 "*) ;; *) return 1 ;; esac
  while IFS= read -r pattern; do
    [ -n "$pattern" ] || continue
    # shellcheck disable=SC2254 # a pattern
    case $1/$2 in $pattern) return 1 ;; esac
  done <<END
$excluded
END
}

# Does it have Pods from before the change?
has_old_pods() { # NAMESPACE Kind/NAME
  case $old in
    *"
$1|$2
"*) return 0 ;;
  esac
  return 1
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
batched() { # NAMESPACE Kind/NAME VALUE|-
  [ "$3" = - ] || annotate "$1" "$2" "$3"
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
  [ "$pause" -eq 0 ] || sleep "$pause" || fail "sleep $pause failed"
}

# What is not restarted from here.
list_by_hand() {
  while IFS= read -r pod; do
    [ -z "$pod" ] || say "restart this Pod by hand, it has no controller: $pod"
  done <<END
$bare
END
}

# A roll-out that this phase began earlier is waited for. Pods that are still older than the change were restarted before
# kube-root-ca.crt had it, and are restarted once more.
restart_again() {
  read_pods
  again=
  while IFS='|' read -r namespace workload strategy _ <&3; do
    { [ -n "$workload" ] && [ "$strategy" != OnDelete ]; } || continue
    has_old_pods "$namespace" "$workload" || continue
    [ -n "$again" ] || {
      ask date -u +%Y%m%d%H%M%S
      again=$output
    }
    batched "$namespace" "$workload" "\"$package-$phase-$again\""
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
  while IFS='|' read -r namespace workload strategy mark <&3; do
    [ -n "$workload" ] || continue
    case $action-$mark in
      check-"$package-$phase" | check-"$package-$phase"-*)
        { call_kubectl -n "$namespace" rollout status "$workload" --timeout=5s && says_complete; } ||
          not_ready "$workload in $namespace is not rolled out ($reason)"
        ;;
    esac
    has_old_pods "$namespace" "$workload" || continue
    if [ "$strategy" = OnDelete ]; then
      say "delete the Pods of $workload in $namespace one by one: its strategy OnDelete replaces them only then"
      continue
    fi
    case $action in
      check) not_ready "$workload in $namespace has Pods from before kube-root-ca.crt changed" ;;
      dry-run | list) say "would restart $workload in $namespace" ;;
      apply)
        case $mark in
          "$package-$phase" | "$package-$phase"-*)
            begun=yes
            batched "$namespace" "$workload" -
            ;;
          *) batched "$namespace" "$workload" "\"$package-$phase\"" ;;
        esac
        ;;
    esac
  done 3<<END
$workloads
END
  end_batch
  [ "$begun" = no ] || restart_again
  case $action in
    list | dry-run) list_by_hand ;;
    apply) [ "$changed" = no ] || list_by_hand ;;
  esac
}

# How many Pods have the template of now, and how many there are to be.
reader_is_rolled_out() { # NAMESPACE Kind/NAME
  read_value '{.status.updatedNumberScheduled}{.status.updatedReplicas}{"|"}{.status.desiredNumberScheduled}{.spec.replicas}{"|"}{.metadata.generation}{"|"}{.status.observedGeneration}' -n "$1" get "$2" || return 1
  IFS='|' read -r updated wanted generation observed <<END
$value
END
  reason="$2 in $1: ${updated:-0} of ${wanted:-0} Pods are new"
  [ "${updated:-0}" = "${wanted:-0}" ] && [ "$generation" = "$observed" ]
}

# A workload that reads files of its nodes when it starts.
restart_reader() { # NAMESPACE Kind/NAME
  case $action in
    verify)
      can patch deployments.apps
      can patch daemonsets.apps
      can patch statefulsets.apps
      return 0
      ;;
  esac
  need_value '{.spec.updateStrategy.type}{"|"}{.spec.template.metadata.annotations.airlock/phase}' -n "$1" get "$2"
  strategy=${value%%|*}
  mark=${value#*|}
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
  if [ "$strategy" = OnDelete ]; then
    reader_is_rolled_out "$1" "$2" || say "delete the Pods of $2 in $1 one by one: its strategy OnDelete replaces them only then"
  else
    await_roll_out "$1" "$2"
  fi
}

unmark_workloads() { # BEFORE
  read_workloads
  while IFS='|' read -r namespace workload strategy mark <&3; do
    case $mark in
      "$package-$1" | "$package-$1"-*) continue ;;
      "$package"-*) ;;
      *) continue ;;
    esac
    value=null
    [ "$1" = - ] || value="\"$package-$1\""
    if [ "$action" = dry-undo ]; then
      say "would restart $workload in $namespace"
    elif [ "$strategy" = OnDelete ]; then
      annotate "$namespace" "$workload" "$value"
    else
      batched "$namespace" "$workload" "$value"
    fi
  done 3<<END
$workloads
END
  end_batch
}

# Before phase 2 is undone, Pods that trust only the new CA must trust the old one again: API servers will present its
# certificates. Everything restarts, since workloads of phase 3 have no annotation.
trust_old_again() { # FILE: phase 2's bundle
  [ "$action" = undo ] || return 0
  wait_until "kube-root-ca.crt has both CAs in every namespace" published "$1"
  read_workloads
  while IFS='|' read -r namespace workload strategy mark <&3; do
    { [ -n "$workload" ] && [ "$strategy" != OnDelete ]; } || continue
    value="\"$package-$phase\""
    case $mark in "$package-$phase" | "$package-$phase"-*) value=- ;; esac
    batched "$namespace" "$workload" "$value"
  done 3<<END
$workloads
END
  end_batch
}
