# The steps for a management cluster of Cluster API.

# On the way back, the opposite.
wanted_of() { # true|false
  wanted=$1
  case $action in
    undo | dry-undo) [ "$1" = true ] && wanted=false || wanted=true ;;
  esac
}

# The Cluster's pause, as $value: a missing field means false; a missing Cluster or a refused request is no answer. $is_own:
# step pause paused it, or its owner lets step resume end the pause, which is $is_handed_over.
read_paused() { # NAMESPACE CLUSTER
  need_value '{.spec.paused}{"|"}{.metadata.annotations}' -n "$1" get cluster.cluster.x-k8s.io "$2"
  is_own=no
  is_handed_over=no
  case ${value#*|} in *'"airlock/paused":'*) is_own=yes ;; esac
  case ${value#*|} in *'"airlock/paused":"owner"'*) is_handed_over=yes ;; esac
  value=${value%%|*}
  [ -n "$value" ] || value=false
}

# A pause that is not this package's is not ended. With ROLLS_OUT, steps that follow need controllers that act.
pause() { # NAMESPACE CLUSTER true|false ROLLS_OUT
  wanted_of "$3"
  case $action in
    list) return 0 ;;
    verify) can patch clusters.cluster.x-k8s.io "$1" ;;
  esac
  read_paused "$1" "$2"
  if [ "$value-$is_own" = true-no ]; then
    paused_by_owner "$1" "$2" "$4"
    return 0
  fi
  # Step pause changed nothing where its owner had paused it.
  case $action-$3-$is_handed_over in
    undo-true-yes | dry-undo-true-yes)
      say "Cluster $1/$2 stays paused: this package did not pause it"
      return 0
      ;;
  esac
  if [ "$action-$3-$4" = verify-true-yes ]; then
    # Between phases, RUNBOOK.md resumes all but the control plane: its annotation has the value airlock.
    owners_act "$1" "$2" airlock
  fi
  # Where somebody else ended the pause, the annotation is left to be removed.
  case $wanted-$value-$is_own-$action in
    true-true-yes-* | false-false-no-* | false-false-yes-check) return 0 ;;
  esac
  case $action in
    verify) return 0 ;;
    check) not_ready "Cluster $1/$2 does not have paused=$wanted" ;;
    dry-run | dry-undo) say "would set paused=$wanted on Cluster $1/$2" ;;
    *)
      mark=null
      [ "$wanted" = false ] || mark="\"$package\""
      change -n "$1" patch cluster.cluster.x-k8s.io "$2" --type merge -p "{\"metadata\":{\"annotations\":{\"airlock/paused\":$mark}},\"spec\":{\"paused\":$wanted}}"
      read_paused "$1" "$2"
      [ "$value" = "$wanted" ] || fail "Cluster $1/$2 has paused=$value after kubectl patch"
      say "set paused=$wanted on Cluster $1/$2"
      ;;
  esac
}

paused_by_owner() { # NAMESPACE CLUSTER ROLLS_OUT
  if [ "$3" = no ]; then
    case $action in
      verify | check) return 0 ;;
    esac
    say "Cluster $1/$2 stays paused: this package did not pause it"
    return 0
  fi
  reason="Cluster $1/$2 is paused, and this package did not pause it: Cluster API rolls no machine out, so phase 3 cannot be completed. Let step resume end the pause (kubectl -n $1 annotate cluster.cluster.x-k8s.io $2 airlock/paused=owner), or end it yourself now"
  case $action in
    verify | apply) fail "$reason; nothing was changed" ;;
    check) not_ready "$reason" ;;
    undo | dry-undo) say "Cluster $1/$2 stays paused: this package did not pause it" ;;
  esac
}

# A control plane or MachineDeployment that is paused itself is not rolled out (cluster-api: util/annotations, `HasPaused`).
owners_act() { # NAMESPACE CLUSTER [ACCEPTED]
  for owner in kubeadmcontrolplanes.controlplane.cluster.x-k8s.io machinedeployments.cluster.x-k8s.io; do
    managed "$owner" "$1" "$2" '{.metadata.name}{"|"}{.spec.paused}{"|"}{.metadata.annotations}'
    while IFS='|' read -r name paused annotations <&3; do
      [ -n "$name" ] || continue
      remedy=
      case $annotations in
        *"\"cluster.x-k8s.io/paused\":\"${3:-|}\""*) ;;
        *'"cluster.x-k8s.io/paused":'*) remedy="annotate $owner $name cluster.x-k8s.io/paused-" ;;
      esac
      [ "$paused" != true ] || remedy="patch $owner $name --type merge -p '{\"spec\":{\"paused\":false}}'"
      [ -z "$remedy" ] || fail "$owner $1/$name is paused, so Cluster API rolls none of its machines out. Resume it (kubectl -n $1 $remedy), then run this again; nothing was changed"
    done 3<<END
$value
END
  done
}

# Fields of every object of a kind that belongs to the Cluster, a line each, as $value; none where the management cluster
# does not have the kind.
managed() { # PLURAL.GROUP NAMESPACE CLUSTER FIELDS
  read_value "{range .items[*]}$4{\"\\n\"}{end}" -n "$2" get "$1" -l "cluster.x-k8s.io/cluster-name=$3" && return 0
  case $reason in
    # What kubectl says of a kind that the API server does not have.
    *"the server doesn't have a resource type"*) value= ;;
    *) fail "$reason" ;;
  esac
}

# One that was paused before has another value, and stays paused.
health_checks() { # NAMESPACE CLUSTER true|false
  wanted_of "$3"
  case $action in
    list) return 0 ;;
    verify)
      can patch machinehealthchecks.cluster.x-k8s.io "$1"
      return 0
      ;;
  esac
  managed machinehealthchecks.cluster.x-k8s.io "$1" "$2" '{.metadata.name}{" "}{.metadata.annotations}'
  while read -r name annotations <&3; do
    [ -n "$name" ] || continue
    case $wanted-$annotations in
      false-*'"cluster.x-k8s.io/paused":"airlock"'*) annotation=null ;;
      false-* | *'"cluster.x-k8s.io/paused":'*) continue ;;
      *) annotation='"airlock"' ;;
    esac
    case $action in
      check) not_ready "MachineHealthCheck $1/$name does not have paused=$wanted" ;;
      dry-run | dry-undo) say "would set paused=$wanted on MachineHealthCheck $1/$name" ;;
      *)
        change -n "$1" patch machinehealthchecks.cluster.x-k8s.io "$name" --type merge -p "{\"metadata\":{\"annotations\":{\"cluster.x-k8s.io/paused\":$annotation}}}"
        say "set paused=$wanted on MachineHealthCheck $1/$name"
        ;;
    esac
  done 3<<END
$value
END
}

# The public key pins of objects that machines are created from, as lists in JSON.
pin() { # KIND NAMESPACE NAME POINTER BEFORE AFTER
  kind=$1
  namespace=$2
  name=$3
  pointer=$4
  from=$5
  to=$6
  case $action in
    list) return 0 ;;
    undo | dry-undo)
      from=$6
      to=$5
      ;;
    verify) can patch "$kind" "$namespace" ;;
  esac
  fields=$(printf %s "$pointer" | tr / . 2>"$scratch/errors") || fail_command "$?" tr / .
  [ -n "$fields" ] || fail 'tr: empty answer'
  need_value "{$fields}" -n "$namespace" get "$kind" "$name"
  [ "$value" != "$to" ] || return 0
  case $action in
    check) not_ready "$kind $namespace/$name does not have the new CA's pin" ;;
    verify) expected_pins ;;
    dry-run | dry-undo) say "would set caCertHashes of $kind $namespace/$name" ;;
    *)
      expected_pins
      change -n "$namespace" patch "$kind" "$name" --type json -p "[{\"op\":\"replace\",\"path\":\"$pointer\",\"value\":$to}]"
      say "set caCertHashes of $kind $namespace/$name"
      ;;
  esac
}

expected_pins() {
  [ "$value" = "$from" ] || {
    found=$value
    managers "$kind" "$namespace" "$name"
    fail "caCertHashes of $kind $namespace/$name is $found instead of $from (written by: $value); nothing was changed"
  }
}

# Machines that are older than the time in their owner are replaced: what `clusterctl alpha rollout restart` sets, in the
# field that the release has.
roll_out() { # NAMESPACE CLUSTER PLURAL.GROUP LABEL
  case $action in
    undo | dry-undo | list) return 0 ;;
    verify)
      can patch "$3" "$1"
      read_paused "$1" "$2"
      [ "$value" = false ] || fail "Cluster $1/$2 is paused, so Cluster API rolls no machine out: complete step resume first; nothing was changed"
      owners_act "$1" "$2"
      return 0
      ;;
  esac
  group=${3#*.}
  version=v1beta1
  field=.spec.rolloutAfter
  call_kubectl api-versions || fail "$reason"
  case "
$output
" in
    *"
$group/v1beta2
"*)
      version=v1beta2
      field=.spec.rollout.after
      ;;
    *"
$group/v1"*) ;;
    *"
v1
"*)
      # The answer is whole and does not have the group: there is nothing of this kind.
      return 0
      ;;
    *) fail "kubectl api-versions: incomplete answer '$output'" ;;
  esac
  managed "$3" "$1" "$2" "{.metadata.name}{\"|\"}{.metadata.annotations.airlock/rolled-out}{\"|\"}{.spec.replicas}{\"|\"}{$field}"
  owners=$value
  [ -n "$owners" ] || return 0
  ask date -u +%Y-%m-%dT%H:%M:%SZ
  now=$output
  pending=no
  while IFS='|' read -r name mark _ <&3; do
    { [ -n "$name" ] && [ "$mark" != "$package" ]; } || continue
    pending=yes
    case $action in
      check) not_ready "the roll-out of $3 $1/$name has not begun" ;;
      dry-run) say "would roll out $3 $1/$name" ;;
      apply)
        spec="\"rolloutAfter\":\"$now\""
        [ "$version" = v1beta1 ] || spec="\"rollout\":{\"after\":\"$now\"}"
        change -n "$1" patch "${3%%.*}.$version.$group" "$name" --type merge -p "{\"metadata\":{\"annotations\":{\"airlock/rolled-out\":\"$package\"}},\"spec\":{$spec}}"
        say "began the roll-out of $3 $1/$name"
        ;;
    esac
  done 3<<END
$owners
END
  # It takes as long as machines take: the check looks, the step does not wait.
  [ "$action-$pending" != check-no ] || rolled_out "$1" "$2" "$3" "$4"
}

rolled_out() { # NAMESPACE CLUSTER PLURAL.GROUP LABEL
  replicas=0
  after=0
  while IFS='|' read -r name _ count time; do
    [ -n "$name" ] || continue
    replicas=$((replicas + ${count:-1}))
    time_number "$time"
    [ "$number" -gt 0 ] || fail "$3 $1/$name has no time of its roll-out"
    [ "$number" -le "$after" ] || after=$number
  done <<END
$owners
END
  need_value '{range .items[*]}{.metadata.name}{"|"}{.metadata.creationTimestamp}{"|"}{.status.phase}{"\n"}{end}' \
    -n "$1" get machines.cluster.x-k8s.io -l "cluster.x-k8s.io/cluster-name=$2,$4"
  found=0
  while IFS='|' read -r name made machine_phase; do
    [ -n "$name" ] || continue
    found=$((found + 1))
    time_number "$made"
    { [ "$machine_phase" = Running ] && [ "$number" -ge "$after" ]; } ||
      not_ready "Machine $1/$name is older than the roll-out, or not Running (created $made, $machine_phase)"
  done <<END
$value
END
  [ "$found" -ge "$replicas" ] || not_ready "$3 has $found of $replicas machines"
}
