# The steps for objects of a cluster.
#
# They run wherever kubectl reaches the cluster (KUBECONFIG), need no root and keep no state: what is done is seen in the
# cluster itself. A second run changes nothing; an interrupted run can be repeated.
#
# AIRLOCK_TIMEOUT  how long each wait may take, in seconds (300)

usage() {
  cat <<END
usage: apply.sh [STEP] [--dry-run | --check | --undo | --list] [--namespace NAME]… [--exclude PATTERN]… [--disrupt PATTERN]… [--batch N] [--pause SECONDS] [--remove NODE]…

Carries out STEP of phase $phase of $package ($holder); without STEP, every step of the phase in order.

  check-ready         the same as --dry-run
  --dry-run           verifies what a run verifies, permissions included, and lists what it would change; changes nothing
  --check             exit status 0 if the step is complete, otherwise what is missing
  --undo              reverses the step
  --dry-run --undo    lists what --undo would change; changes nothing
Where the step restarts workloads:
  --list              lists them, and Pods that have to be restarted by hand; changes nothing
  --disrupt PATTERN   restart workloads also while the PodDisruptionBudget NAMESPACE/NAME that matches this shell pattern
                      allows fewer disruptions than their roll-out takes
  --namespace NAME    only those in these namespaces
  --exclude PATTERN   not NAMESPACE/Kind/NAME that matches this shell pattern, such as 'prod/*', '*/StatefulSet/*' or '*/Job/*'
  --batch N           restart N at a time and wait for their roll-out before the next N (10)
  --pause SECONDS     wait so long after each batch (0)
Where the step reads logs (verify, verify-control-plane, verify-machines):
  --namespace NAME    verify: also those of the Pods in these namespaces
  --exclude PATTERN   not the logs whose name matches this shell pattern, or their errors with a peer (LOG/PEER); a log is
                      NAMESPACE/Pod/NAME, NAMESPACE/Pod/NAME/CONTAINER (verify-control-plane) or MACHINE/SERVICE (verify-machines)
Where the step replaces workers:
  --remove NODE       drain this worker, wait until its machine is off, and delete its Node
  --help              this text
END
}

wrong_usage() { # TEXT
  printf '%s\n' "$1" >&2
  usage >&2
  exit 2
}

limit=${AIRLOCK_TIMEOUT:-300}
only=
action=apply
wanted=
namespaces=
excluded=
disrupted=
removed=
batch=10
pause=0

set_action() { # ACTION
  case $action-$1 in
    apply-*) action=$1 ;;
    "$1-$1") ;;
    dry-run-undo | undo-dry-run) action=dry-undo ;;
    *) wrong_usage "--$action and --$1 exclude each other" ;;
  esac
}

is_number() { # TEXT
  case $1 in '' | *[!0-9]*) return 1 ;; esac
}

while [ "$#" -gt 0 ]; do
  case $1 in
    check-ready | --dry-run) set_action dry-run ;;
    --check) set_action check ;;
    --undo) set_action undo ;;
    --list) set_action list ;;
    --namespace | --exclude | --disrupt | --batch | --pause | --remove)
      [ "$#" -ge 2 ] || wrong_usage "$1 needs a value"
      case $1 in
        --namespace) namespaces="$namespaces $2 " ;;
        --exclude)
          excluded="$excluded$2
"
          ;;
        --disrupt)
          disrupted="$disrupted$2
"
          ;;
        --remove) removed="$removed $2" ;;
        --batch) batch=$2 ;;
        --pause) pause=$2 ;;
      esac
      shift
      ;;
    help | --help | -h) usage && exit 0 ;;
    -*) wrong_usage "unknown option: $1" ;;
    *) only=$1 ;;
  esac
  shift
done
{ is_number "$batch" && [ "$batch" -gt 0 ]; } || wrong_usage '--batch needs a number above 0'
is_number "$pause" || wrong_usage '--pause needs a number of seconds'

at_exit() {
  status=$?
  trap - EXIT HUP INT TERM
  set +e
  remove_scratch
  exit "$status"
}

# Is the text one of the lines? LINES begins with a line break.
has_line() { # LINES LINE
  case $1 in
    *"
$2
"*) return 0 ;;
  esac
  return 1
}

# Reads fields: 0 answered ($value), 3 not found, 4 refused, 5 failed.
read_value() { # JSONPATH KUBECTL ARGUMENT…
  template=$1
  shift
  read_framed "jsonpath=<$template>" "$@"
}

# Reads what a template prints between "<" and ">". The frame tells an empty answer from a missing one.
read_framed() { # TEMPLATE KUBECTL ARGUMENT…
  template=$1
  shift
  call_kubectl "$@" -o "$template" || return "$?"
  case $output in
    '<'*'>')
      value=${output#<}
      value=${value%>}
      ;;
    *)
      reason="kubectl $*: incomplete answer '$output'"
      return 5
      ;;
  esac
}

# Reads fields that a decision depends on.
need_value() { # JSONPATH KUBECTL ARGUMENT…
  read_value "$@" || fail "$reason"
}

# Changes something; kubectl confirms each change in words.
change() { # KUBECTL ARGUMENT…
  changed=yes
  call_kubectl "$@" || fail "$reason"
  [ -n "$output" ] || fail "kubectl $*: empty answer"
}

# May this person do what the step does?
can() { # VERB RESOURCE [NAMESPACE]
  call_kubectl auth can-i "$1" "$2" ${3:+-n "$3"} || {
    # It answers "no" with exit status 1, and a warning for some resources; without an answer nothing is known.
    case $output in
      no | 'no '*) fail "no permission to $1 $2${3:+ in namespace $3}: $reason ($output)" ;;
    esac
    fail "it cannot be checked whether you may $1 $2${3:+ in namespace $3}: $reason"
  }
  [ "$output" = yes ] || fail "no permission to $1 $2${3:+ in namespace $3}: kubectl auth can-i answered '$output'"
}

# What counts is what the cluster shows.
await() { # WHAT COMMAND…
  meaning=$1
  shift
  reason=
  case $action in
    check) "$@" || not_ready "$meaning${reason:+ ($reason)}" ;;
    apply)
      wait_until "$meaning" "$@"
      reached "$meaning"
      ;;
  esac
}

# SHA-256 of the value as the cluster shows it, as $hash; "absent" where the object or the key does not exist.
value_hash() { # KIND NAMESPACE NAME KEY
  hash=absent
  read_value "{.data.$4}" -n "$2" get "$1" "$3" || return "$?"
  [ -n "$value" ] || return 3
  hash_text "$value"
}

object_is() { # KIND NAMESPACE NAME KEY SUM…
  value_hash "$1" "$2" "$3" "$4" || {
    [ -n "$reason" ] || reason="$1 $2/$3 has no ${4}"
    return 1
  }
  reason="$1 $2/$3 has another value"
  shift 4
  among "$hash" "$@"
}

# Who wrote the object last, for messages.
managers() { # KIND NAMESPACE NAME
  read_value '{range .metadata.managedFields[*]}{.manager}{" "}{end}' -n "$2" get "$1" "$3" || value=unknown
}

apply_file() { # FILE
  change apply --server-side --force-conflicts --field-manager=airlock -f "$1"
}

# An object becomes the package's. SUM is the SHA-256 of the value under KEY as the cluster shows it, OLD those values that
# this package was made for ("any" where it does not know). BEFORE is what an undo applies, - where there is none.
object() { # FILE BEFORE KIND NAMESPACE NAME KEY SUM OLD…
  file=$1
  before=$2
  kind=$3
  namespace=$4
  name=$5
  key=$6
  sum=$7
  shift 7
  what="$kind $namespace/$name"
  case $action in
    verify) can patch "${kind}s" "$namespace" ;;
    list) return 0 ;;
  esac
  if value_hash "$kind" "$namespace" "$name" "$key"; then :; else
    case $? in 3) ;; *) fail "$reason" ;; esac
  fi
  case $action in
    check) [ "$hash" = "$sum" ] || not_ready "$what is not this phase's" ;;
    verify) [ "$hash" = "$sum" ] || expected_object "$@" ;;
    dry-run) [ "$hash" = "$sum" ] || say "would apply $file" ;;
    undo | dry-undo) undo_object "$@" ;;
    apply)
      [ "$hash" != "$sum" ] || return 0
      expected_object "$@"
      write_object "$here/$file"
      object_is "$kind" "$namespace" "$name" "$key" "$sum" || fail "after kubectl apply -f $here/$file: $reason"
      say "applied $file"
      ;;
  esac
}

write_object() { # FILE
  if [ "${immutable:-no}" = yes ]; then
    replace_secret "$1"
  else
    apply_file "$1"
  fi
}

# Nothing that this package does not know is overwritten.
expected_object() { # OLD…
  among "$hash" "$@" && return 0
  managers "$kind" "$namespace" "$name"
  fail "$what is not what this package was made for ($key has SHA-256 $hash; written by: $value); nothing was changed"
}

undo_object() { # OLD…
  if [ "$before" = - ]; then
    say "$what was not provided, so it cannot be restored"
    return 0
  fi
  # An immutable Secret that is missing was deleted, and not created again.
  case ${immutable:-no}-$hash in
    yes-absent) ;;
    *) case " $* " in *" $hash "*) return 0 ;; esac ;;
  esac
  among "$hash" "$sum" absent || {
    managers "$kind" "$namespace" "$name"
    fail "$what is neither this phase's nor the one before ($key has SHA-256 $hash; written by: $value); nothing was changed"
  }
  if [ "$action" = dry-undo ]; then
    say "would restore $what"
    return 0
  fi
  write_object "$here/$before"
  value_hash "$kind" "$namespace" "$name" "$key" || fail "after kubectl apply -f $here/$before: $reason"
  among "$hash" "$@" || fail "after kubectl apply -f $here/$before: $what has another value (SHA-256 $hash)"
  say "restored $what"
}

# The bootstrap signer has signed the present text for every token that may sign.
cluster_info_is_signed() {
  read_value '{range .items[*]}{.data.token-id}{"/"}{.data.usage-bootstrap-signing}{"\n"}{end}' \
    -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token || return 1
  for token in $value; do
    # "true" in base64
    [ "${token#*/}" = dHJ1ZQ== ] || continue
    decode "${token%%/*}"
    token_id=$output
    read_value "{.data.jws-kubeconfig-$token_id}" -n kube-public get configmap cluster-info || return 1
    [ -n "$value" ] || {
      reason="cluster-info is not signed for token $token_id"
      return 1
    }
  done
}

# The certificates of a bundle, one a line, in their order, as $bundle; one that is appended twice counts once.
certificates() { # TEXT
  bundle=
  rest=$1
  last=
  while :; do
    case $rest in *'-----BEGIN CERTIFICATE-----'*) ;; *) return 0 ;; esac
    rest=${rest#*-----BEGIN CERTIFICATE-----}
    one=$(printf %s "${rest%%-----END*}" | tr -d ' \t\r\n' 2>"$scratch/errors") || fail_command "$?" tr
    [ -n "$one" ] || fail 'tr: empty answer'
    [ "$one" = "$last" ] || bundle="$bundle$one
"
    last=$one
  done
}

# Are the certificates of the text, in their order, those of the file? Where control-plane nodes hold foreign CAs as well, the
# text is one of the bundles with these sums instead.
is_expected() { # TEXT WHAT
  if [ -n "$expected_sums" ]; then
    hash_unwrapped "$1" "$2"
    # shellcheck disable=SC2086 # sums
    among "$hash" $expected_sums
    return
  fi
  certificates "$1"
  [ "$bundle" = "$expected_bundle" ]
}

# kube-controller-manager publishes its own file byte for byte: equality proves that the one that leads has it.
published() { # FILE [SUM…]
  ask cat -- "$1"
  certificates "$output"
  [ -n "$bundle" ] || fail "$1 has no certificate"
  expected_bundle=$bundle
  shift
  expected_sums=$*
  read_value '{range .items[*]}{.metadata.name}{"|"}{.metadata.deletionTimestamp}{"\n"}{end}' get namespaces || return 1
  [ -n "$value" ] || {
    reason='kubectl get namespaces: empty answer'
    return 1
  }
  for namespace in $value; do
    # A namespace that is being deleted gets nothing any more.
    case $namespace in
      *'|') namespace=${namespace%|} ;;
      *) continue ;;
    esac
    read_value '{.data.ca\.crt}' -n "$namespace" get configmap kube-root-ca.crt || return 1
    is_expected "$value" "kube-root-ca.crt in $namespace" || {
      reason="kube-root-ca.crt in $namespace has other CAs"
      return 1
    }
  done
  token_secrets_hold
}

# The API server presents a certificate of the new CA to a client that trusts only that.
served() { # FILE
  answers --certificate-authority "$1"
}

nodes_are_ready() {
  read_value '{range .items[*]}{.metadata.name}{"|"}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' get nodes || return 1
  [ -n "$value" ] || {
    reason='there are no nodes'
    return 1
  }
  for node in $value; do
    case $node in
      *'|True') ;;
      *)
        reason="node ${node%%|*} is not Ready"
        return 1
        ;;
    esac
  done
}

authentication_holds_all() { # KEY FILE
  read_value "{.data.$1}" -n kube-system get configmap extension-apiserver-authentication || return 1
  count_certificates "$value"
  held=$count
  ask cat -- "$2"
  count_certificates "$output"
  reason="$1 has $held of $count certificates"
  [ "$held" -ge "$count" ]
}

# Before phase 2 is undone: the aggregator will present the old front-proxy CA's certificate.
extensions_trust_old_again() { # FILE: phase 2's front-proxy bundle
  [ "$action" = undo ] || return 0
  wait_until "extension API servers get both front-proxy CAs" authentication_holds_all requestheader-client-ca-file "$1"
}

authentication_holds() { # KEY FILE
  read_value "{.data.$1}" -n kube-system get configmap extension-apiserver-authentication || return 1
  ask cat -- "$2"
  case $value in *"$output"*) return 0 ;; esac
  reason="$1 of extension-apiserver-authentication does not have the new CA"
  return 1
}

# It accumulates CAs until they expire; an API server creates it again.
forget_old() { # KEY SUM…
  case $action in
    undo | dry-undo | list) return 0 ;;
    verify)
      can delete configmaps kube-system
      return 0
      ;;
  esac
  if value_hash configmap kube-system extension-apiserver-authentication "$1"; then :; else
    case $? in 3) ;; *) fail "$reason" ;; esac
  fi
  key=$1
  shift
  ! among "$hash" "$@" || return 0
  case $action in
    check) not_ready "extension-apiserver-authentication does not have the new CA alone" ;;
    dry-run) say "would delete extension-apiserver-authentication once" ;;
    apply)
      case $hash in
        absent) ;;
        *) change -n kube-system delete configmap extension-apiserver-authentication --ignore-not-found --wait=false ;;
      esac
      wait_until "extension-apiserver-authentication has only the new CA" \
        object_is configmap kube-system extension-apiserver-authentication "$key" "$@"
      say "extension-apiserver-authentication has only the new CA"
      ;;
  esac
}

# kubeadm would give the old CA to a control-plane node that joins.
forget_uploaded_certificates() {
  case $action in
    undo | dry-undo | list) return 0 ;;
    verify)
      can delete secrets kube-system
      return 0
      ;;
  esac
  if read_value '{.metadata.name}' -n kube-system get secret kubeadm-certs; then
    [ "$value" = kubeadm-certs ] || fail "kubectl get secret kubeadm-certs: unexpected answer '$value'"
  else
    case $? in 3) return 0 ;; *) fail "$reason" ;; esac
  fi
  case $action in
    check) not_ready "the Secret kube-system/kubeadm-certs still exists" ;;
    dry-run) say "would delete the Secret kube-system/kubeadm-certs" ;;
    apply)
      change -n kube-system delete secret kubeadm-certs
      say "deleted the Secret kube-system/kubeadm-certs"
      ;;
  esac
}

ran=no
step() { # ID COMMAND…
  id=$1
  shift
  if [ -z "$only" ] || [ "$only" = "$id" ]; then
    ran=yes
    "$@"
  fi
}

main() {
  trap at_exit EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  make_scratch
  command -v kubectl >/dev/null 2>&1 || fail 'kubectl is not installed on this machine'
  case $action in
    apply | dry-run)
      wanted_action=$action
      action=verify
      steps
      action=$wanted_action
      ;;
  esac
  steps
  [ "$ran" = yes ] || fail "there is no step $only in this phase"
  [ "$missing" = no ]
}
