# What follows is the same in every script for objects.
#
# It runs wherever kubectl reaches the cluster (KUBECONFIG), needs no root and keeps no state: what has
# been done is seen in the cluster itself. Run twice, it changes nothing the second time.
#
#   apply.sh [STEP] [--dry-run | --check | --undo]
#
# Without STEP it takes every step of this phase, in order.
# AIRLOCK_TIMEOUT  how long to wait for each effect, in seconds (300)

set -eu
umask 077
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck disable=SC2034 # not every phase looks at other folders
root=$(CDPATH='' cd -- "$here/../.." && pwd)
limit=${AIRLOCK_TIMEOUT:-300}

only=
action=apply
for argument; do
  case $argument in
    --dry-run) action=dry-run ;;
    --check) action=check ;;
    --undo) action=undo ;;
    -*)
      echo "usage: apply.sh [STEP] [--dry-run | --check | --undo]" >&2
      exit 2
      ;;
    *) only=$argument ;;
  esac
done

# What counts is what the cluster shows.
await() { # WHAT COMMAND…
  meaning=$1
  shift
  case $action in
    check) "$@" || unmet "$meaning" ;;
    apply)
      wait_until "$meaning" "$@"
      came_true "$meaning"
      ;;
  esac
}

value_sum() { # KIND NAMESPACE NAME KEY
  kubectl -n "$2" get "$1" "$3" -o "jsonpath={.data.$4}" 2>/dev/null | sha256sum | cut -d' ' -f1
}

object_is() { # KIND NAMESPACE NAME KEY SUM
  [ "$(value_sum "$1" "$2" "$3" "$4")" = "$5" ]
}

# An object becomes the package's. SUM is the SHA-256 of the value under KEY as the cluster shows it; BEFORE is
# what an undo applies, - where nothing was given.
object() { # FILE BEFORE KIND NAMESPACE NAME KEY SUM
  file=$1
  before=$2
  shift 2
  case $action in
    check) object_is "$@" || unmet "$1 $2/$3 is not this phase's" ;;
    dry-run) object_is "$@" || say "would apply $file" ;;
    undo)
      if [ "$before" != - ]; then
        kubectl apply --server-side --force-conflicts --field-manager=airlock -f "$here/$before" >/dev/null
        say "put $1 $2/$3 back"
      else
        say "$1 $2/$3 was not given, so it cannot be put back"
      fi
      ;;
    apply)
      if ! object_is "$@"; then
        changed=yes
        kubectl apply --server-side --force-conflicts --field-manager=airlock -f "$here/$file" >/dev/null
        say "applied $file"
      fi
      ;;
  esac
}

# The bootstrap signer has signed the present text for every token that may sign.
cluster_info_is_signed() {
  tokens=$(kubectl -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token -o 'jsonpath={range .items[*]}{.data.token-id}{"/"}{.data.usage-bootstrap-signing}{"\n"}{end}') || return 1
  for token in $tokens; do
    # "true" in base64
    [ "${token#*/}" = dHJ1ZQ== ] || continue
    id=$(printf %s "${token%%/*}" | base64 -d)
    [ -n "$(kubectl -n kube-public get configmap cluster-info -o "jsonpath={.data.jws-kubeconfig-$id}")" ] || return 1
  done
}

# kube-controller-manager publishes its own file byte for byte: equality proves that the one that leads has it.
# The certificates of a bundle, one to a line, in their order; a tool that appends one may have appended it twice.
anchors() {
  tr -d ' \t\r' | sed -n '/^-----BEGINCERTIFICATE-----$/,/^-----END/p' | sed 's/^-----END.*/|/' | tr -d '\n' | tr '|' '\n' | uniq
}

published() { # FILE
  wanted=$(anchors <"$1")
  namespaces=$(kubectl get namespaces -o 'jsonpath={.items[*].metadata.name}') || return 1
  [ -n "$namespaces" ] || return 1
  for namespace in $namespaces; do
    # A namespace on its way out is given nothing any more.
    [ -z "$(kubectl get namespace "$namespace" -o 'jsonpath={.metadata.deletionTimestamp}')" ] || continue
    shown=$(kubectl -n "$namespace" get configmap kube-root-ca.crt -o 'jsonpath={.data.ca\.crt}' 2>/dev/null) || return 1
    [ "$(printf '%s\n' "$shown" | anchors)" = "$wanted" ] || return 1
  done
}

# Whoever trusts the new CA alone is answered.
served() { # FILE
  kubectl --request-timeout=10s --certificate-authority "$1" get --raw=/readyz >/dev/null 2>&1
}

nodes_are_ready() {
  states=$(kubectl get nodes -o 'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}') || return 1
  [ -n "$states" ] || return 1
  for state in $states; do
    [ "$state" = True ] || return 1
  done
}

# Everything that was started from a template: the annotation that kubectl writes starts it anew once.
workloads() {
  kubectl get deployments,daemonsets,statefulsets -A -o 'jsonpath={range .items[*]}{.metadata.namespace}{" "}{.kind}{"/"}{.metadata.name}{" "}{.spec.template.metadata.annotations.airlock/phase}{"\n"}{end}'
}

# The annotation of a template: a JSON string, or null for none.
annotate() { # NAMESPACE NAME VALUE
  kubectl -n "$1" patch "$2" --type merge -p "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"airlock/phase\":$3}}}}}" >/dev/null
  say "restarted $2 in $1"
}

restart_workloads() { # BEFORE: the phase that an undo goes back to, - for none
  list=$(workloads)
  printf '%s\n' "$list" | while read -r namespace name done_phase; do
    [ -n "$name" ] || continue
    if [ "$action" = undo ]; then
      case $done_phase in
        "$package-$1") ;;
        "$package"-*)
          before=null
          [ "$1" = - ] || before="\"$package-$1\""
          annotate "$namespace" "$name" "$before"
          ;;
      esac
      continue
    fi
    [ "$done_phase" != "$package-$phase" ] || continue
    case $action in
      check) exit 1 ;;
      dry-run) say "would restart $name in $namespace" ;;
      apply) annotate "$namespace" "$name" "\"$package-$phase\"" ;;
    esac
  done || unmet "some workload has not been restarted in this phase"
  [ "$action" != dry-run ] || return 0
  rolled_out "$list"
}

rolled_out() { # LIST of workloads
  # A gate looks; only the step itself waits.
  patience=$limit
  [ "$action" != check ] || patience=5
  printf '%s\n' "$1" | while read -r namespace name _; do
    [ -n "$name" ] || continue
    # Pods that are replaced by hand (OnDelete) have no roll-out to wait for.
    strategy=$(kubectl -n "$namespace" get "$name" -o 'jsonpath={.spec.updateStrategy.type}')
    [ "$strategy" != OnDelete ] || {
      say "delete the pods of $name in $namespace one by one; it replaces them only then"
      continue
    }
    kubectl -n "$namespace" rollout status "$name" --timeout="${patience}s" >/dev/null || exit 1
  done || unmet "some workload is not ready again"
}

# Before phase 2 is undone, pods that knew the new CA alone must know the old one again: API servers will serve its
# certificates. Everything is restarted, since what was made in phase 3 bears no mark.
trust_old_again() { # FILE: phase 2's bundle
  [ "$action" = undo ] || return 0
  wait_until "kube-root-ca.crt holds both CAs in every namespace" published "$1"
  list=$(workloads)
  printf '%s\n' "$list" | while read -r namespace name done_phase; do
    [ -n "$name" ] || continue
    [ "$done_phase" != "$package-$phase" ] || continue
    annotate "$namespace" "$name" "\"$package-$phase\""
  done
  rolled_out "$list"
}

authentication_holds_all() { # KEY FILE
  held=$(kubectl -n kube-system get configmap extension-apiserver-authentication -o "jsonpath={.data.$1}") || return 1
  [ "$(printf '%s\n' "$held" | sed -n '/BEGIN CERTIFICATE/p' | wc -l)" -ge "$(sed -n '/BEGIN CERTIFICATE/p' "$2" | wc -l)" ]
}

# Likewise extension API servers: the aggregator will present the old front-proxy CA's certificate.
extensions_trust_old_again() { # FILE: phase 2's front-proxy bundle
  [ "$action" = undo ] || return 0
  wait_until "extension API servers are told both front-proxy CAs" authentication_holds_all requestheader-client-ca-file "$1"
}

authentication_holds() { # KEY FILE
  held=$(kubectl -n kube-system get configmap extension-apiserver-authentication -o "jsonpath={.data.$1}") || return 1
  case $held in
    *"$(cat "$2")"*) return 0 ;;
  esac
  return 1
}

# A union that never forgets an unexpired CA: an API server writes it anew.
forget_old() { # KEY SUM
  case $action in undo) return 0 ;; esac
  if object_is configmap kube-system extension-apiserver-authentication "$1" "$2"; then
    return 0
  fi
  case $action in
    check) unmet "extension-apiserver-authentication still holds the old CA" ;;
    dry-run) say "would delete extension-apiserver-authentication once" ;;
    apply)
      kubectl -n kube-system delete configmap extension-apiserver-authentication --ignore-not-found >/dev/null
      wait_until "extension-apiserver-authentication holds the new CA alone" \
        object_is configmap kube-system extension-apiserver-authentication "$1" "$2"
      say "extension-apiserver-authentication holds the new CA alone"
      ;;
  esac
}

# kubeadm would hand the old CA to a control-plane node that joins.
forget_uploaded_certificates() {
  uploaded=$(kubectl -n kube-system get secret kubeadm-certs --ignore-not-found -o name)
  [ -n "$uploaded" ] || return 0
  case $action in
    check) unmet "the Secret kube-system/kubeadm-certs is still there" ;;
    dry-run) say "would delete the Secret kube-system/kubeadm-certs" ;;
    apply)
      kubectl -n kube-system delete secret kubeadm-certs --ignore-not-found >/dev/null
      say "deleted the Secret kube-system/kubeadm-certs"
      ;;
  esac
}

paused_is() { # NAMESPACE CLUSTER true|false
  [ "$(kubectl -n "$1" get cluster.cluster.x-k8s.io "$2" -o 'jsonpath={.spec.paused}')" = "$3" ] || {
    # Absent means false.
    [ "$3" = false ] && [ -z "$(kubectl -n "$1" get cluster.cluster.x-k8s.io "$2" -o 'jsonpath={.spec.paused}')" ]
  }
}

pause() { # NAMESPACE CLUSTER true|false
  wanted=$3
  if [ "$action" = undo ]; then
    [ "$3" = true ] && wanted=false || wanted=true
  fi
  if paused_is "$1" "$2" "$wanted"; then
    return 0
  fi
  case $action in
    check) unmet "Cluster $1/$2 has paused=$wanted" ;;
    dry-run) say "would set paused=$wanted on Cluster $1/$2" ;;
    *)
      kubectl -n "$1" patch cluster.cluster.x-k8s.io "$2" --type merge -p "{\"spec\":{\"paused\":$wanted}}" >/dev/null
      say "set paused=$wanted on Cluster $1/$2"
      ;;
  esac
}

# Fields of every object of a kind that belongs to the Cluster, a line each; none where the management cluster does not
# know the kind.
managed() { # PLURAL.GROUP NAMESPACE CLUSTER FIELDS
  kinds=$(kubectl api-resources --api-group="${1#*.}" -o name) || return 1
  printf '%s\n' "$kinds" | grep -qx "$1" || return 0
  kubectl -n "$2" get "$1" -l "cluster.x-k8s.io/cluster-name=$3" -o "jsonpath={range .items[*]}$4{\"\\n\"}{end}"
}

# Whoever was paused before bears another mark, and stays paused.
health_checks() { # NAMESPACE CLUSTER true|false
  wanted=$3
  if [ "$action" = undo ]; then
    [ "$3" = true ] && wanted=false || wanted=true
  fi
  list=$(managed machinehealthchecks.cluster.x-k8s.io "$1" "$2" '{.metadata.name}{" "}{.metadata.annotations}')
  printf '%s\n' "$list" | while read -r name annotations; do
    [ -n "$name" ] || continue
    case $wanted-$annotations in
      false-*'"cluster.x-k8s.io/paused":"airlock"'*) value=null ;;
      false-* | *'"cluster.x-k8s.io/paused":'*) continue ;;
      *) value='"airlock"' ;;
    esac
    case $action in
      check) exit 1 ;;
      dry-run) say "would set paused=$wanted on MachineHealthCheck $1/$name" ;;
      *)
        kubectl -n "$1" patch machinehealthchecks.cluster.x-k8s.io "$name" --type merge -p "{\"metadata\":{\"annotations\":{\"cluster.x-k8s.io/paused\":$value}}}" >/dev/null
        say "set paused=$wanted on MachineHealthCheck $1/$name"
        ;;
    esac
  done || unmet "a MachineHealthCheck of $1/$2 does not have paused=$wanted"
}

# The pins of whatever machines are made from, as lists in JSON.
pin() { # KIND NAMESPACE NAME POINTER BEFORE AFTER
  wanted=$6
  [ "$action" != undo ] || wanted=$5
  [ "$(kubectl -n "$2" get "$1" "$3" -o "jsonpath={$(printf %s "$4" | tr / .)}")" != "$wanted" ] || return 0
  case $action in
    check) unmet "$1 $2/$3 does not name the new CA's pin" ;;
    dry-run) say "would set caCertHashes of $1 $2/$3" ;;
    *)
      kubectl -n "$2" patch "$1" "$3" --type json -p "[{\"op\":\"replace\",\"path\":\"$4\",\"value\":$wanted}]" >/dev/null
      say "set caCertHashes of $1 $2/$3"
      ;;
  esac
}

# Machines are made anew that are older than the time in their owner: what `clusterctl alpha rollout restart` sets, under
# the name that the release knows it by.
roll_out() { # NAMESPACE CLUSTER PLURAL.GROUP LABEL
  [ "$action" != undo ] || return 0
  group=${3#*.}
  version=v1beta1
  field=.spec.rolloutAfter
  if kubectl api-versions | grep -qx "$group/v1beta2"; then
    version=v1beta2
    field=.spec.rollout.after
  fi
  list=$(managed "$3" "$1" "$2" "{.metadata.name}{\"|\"}{.metadata.annotations.airlock/rolled-out}{\"|\"}{.spec.replicas}{\"|\"}{$field}")
  [ -n "$list" ] || return 0
  now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  printf '%s\n' "$list" | while IFS='|' read -r name mark _; do
    [ "$mark" != "$package" ] || continue
    case $action in
      check) exit 1 ;;
      dry-run) say "would roll $3 $1/$name out" ;;
      apply)
        spec="\"rolloutAfter\":\"$now\""
        [ "$version" = v1beta1 ] || spec="\"rollout\":{\"after\":\"$now\"}"
        kubectl -n "$1" patch "${3%%.*}.$version.$group" "$name" --type merge -p "{\"metadata\":{\"annotations\":{\"airlock/rolled-out\":\"$package\"}},\"spec\":{$spec}}" >/dev/null
        say "rolls $3 $1/$name out"
        ;;
    esac
  done || {
    unmet "a roll-out of $3 has not begun"
    return 0
  }
  # It takes as long as machines take: the gate looks, nobody waits here.
  [ "$action" = check ] || return 0
  wanted=$(printf '%s\n' "$list" | while IFS='|' read -r _ _ replicas _; do echo "${replicas:-1}"; done | paste -sd+ -)
  after=$(printf '%s\n' "$list" | while IFS='|' read -r _ _ _ after; do echo "$after"; done | LC_ALL=C sort | tail -n 1)
  machines=$(kubectl -n "$1" get machines.cluster.x-k8s.io -l "cluster.x-k8s.io/cluster-name=$2,$4" -o 'jsonpath={range .items[*]}{.metadata.name}{" "}{.metadata.creationTimestamp}{" "}{.status.phase}{"\n"}{end}')
  [ "$(printf %s "$machines" | grep -c .)" -ge "$((wanted))" ] || unmet "there are fewer than $((wanted)) machines of $3"
  printf '%s\n' "$machines" | while read -r name made state; do
    [ -n "$name" ] || continue
    [ "$state" = Running ] && printf '%s\n%s\n' "$after" "$made" | LC_ALL=C sort -C || {
      say "waits for Machine $1/$name, made $made, $state"
      exit 1
    }
  done || unmet "a machine of $3 is older than the roll-out, or not Running"
}

missing=no
ran=no
step() { # ID COMMAND…
  id=$1
  shift
  if [ -z "$only" ] || [ "$only" = "$id" ]; then
    ran=yes
    "$@"
  fi
}

steps
[ "$ran" = yes ] || stop "there is no step $only in this phase"
[ "$missing" = no ]
