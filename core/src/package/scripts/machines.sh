# The steps for machines that are made from configurations.
#
# AIRLOCK_CONTROL_PLANE  the addresses of the control-plane machines, with spaces between them
# AIRLOCK_WORKERS        those of the workers; empty where there are none
#
# Machines are patched one after the other; the next one is not touched before this one has taken its patch.

# The addresses of a role, as $list.
addresses() { # ROLE
  case $1 in
    control-plane)
      list=${AIRLOCK_CONTROL_PLANE?set it to the addresses of the control-plane machines}
      [ -n "$list" ] || fail 'AIRLOCK_CONTROL_PLANE is empty: set it to the addresses of the control-plane machines'
      ;;
    workers) list=${AIRLOCK_WORKERS?set it to the addresses of the workers, to nothing if there are none} ;;
  esac
  IFS=' ,	
'
  # shellcheck disable=SC2086 # addresses
  set -- $list
  IFS=' 	
'
  list=$*
}

# Calls talosctl with a talosconfig of this package, - for the person's own: 0 answered ($output), 5 failed ($reason).
call_talosctl() { # CONFIG ARGUMENT…
  config=$1
  shift
  reason=
  if [ "$config" != - ]; then
    set -- --talosconfig "$root/$config" --context "$talos_context" "$@"
  fi
  if output=$(talosctl "$@" 2>"$scratch/errors"); then
    [ -n "$output" ] && return 0
    reason="talosctl $*: empty answer"
    return 5
  fi
  read_errors
  reason="talosctl $*: ${reason:-no message}"
  return 5
}

# The machine itself accepts this talosconfig, and its owner trusts what the machine presents. talosctl prints its own
# version before it asks the machine.
machine_answers() { # MACHINE CONFIG
  call_talosctl "$2" --endpoints "$1" --nodes "$1" version || return 1
  case $output in *Server:*Tag:*) return 0 ;; esac
  reason="talosctl version of $1: incomplete answer '$output'"
  return 1
}

# Only an alert from the machine proves that it refuses the credential; a connection that fails proves nothing.
machine_refuses() { # MACHINE CONFIG
  if machine_answers "$1" "$2"; then
    reason="$1 still accepts $2"
    return 1
  fi
  case $reason in *'remote error: tls: '*) return 0 ;; esac
  return 1
}

in_url() { # ADDRESS
  case $1 in
    *:*) url=[$1] ;;
    *) url=$1 ;;
  esac
}

api_answers() { # MACHINE KUBECONFIG
  in_url "$1"
  call_kubectl --kubeconfig "$root/$2" --context "$kube_context" --server "https://$url:$api_port" get --raw /readyz || return 1
  [ "$output" = ok ] || {
    reason="kubectl get --raw /readyz of $1: incomplete answer '$output'"
    return 1
  }
}

api_refuses() { # MACHINE KUBECONFIG
  if api_answers "$1" "$2"; then
    reason="the API server of $1 still accepts $2"
    return 1
  fi
  case $reason in *'You must be logged in'* | *Unauthorized*) return 0 ;; esac
  return 1
}

# The machine's configuration, as $text.
configuration() { # MACHINE
  call_talosctl "$talosconfig" --nodes "$1" get machineconfig -o yaml || return 1
  text=$output
  case $text in
    *metadata:*spec:*) return 0 ;;
  esac
  reason="talosctl get machineconfig of $1: incomplete answer"
  return 1
}

holds() { # MACHINE TEXT
  configuration "$1" || return 1
  reason="the configuration of $1 does not have the expected CAs"
  case $text in *"$2"*) return 0 ;; esac
  return 1
}

lacks() { # MACHINE TEXT
  configuration "$1" || return 1
  reason="the configuration of $1 still has the other CA"
  case $text in *"$2"*) return 1 ;; esac
}

# The first text comes before the second.
leads() { # MACHINE 'TEXT TEXT'
  configuration "$1" || return 1
  reason="the configuration of $1 does not have the expected order of CAs"
  case ${text%%"${2##* }"*} in
    "$text") return 1 ;;
    *"${2%% *}"*) return 0 ;;
  esac
  return 1
}

is_through() { # MACHINE (CHECK VALUE)…
  machine=$1
  shift
  while [ "$#" -gt 0 ]; do
    "$1" "$machine" "$2" || return 1
    shift 2
  done
}

patch() { # MACHINE FILE OPTION…
  machine=$1
  file=$2
  [ -s "$file" ] || fail "$file does not exist; unpack the package again"
  shift 2
  reason=
  set -- --nodes "$machine" patch machineconfig --mode no-reboot --patch "@$file" "$@"
  [ "$talosconfig" = - ] || set -- --talosconfig "$root/$talosconfig" --context "$talos_context" "$@"
  run talosctl "$@"
}

# UNDO is - where there is no way back: the old CA's key was not provided.
machines() { # ROLE PATCH UNDO (CHECK VALUE)…
  addresses "$1"
  forth=$root/$2
  back=$3
  shift 3
  case $action in
    list | dry-undo) return 0 ;;
    verify) verify_machines && return 0 ;;
  esac
  for machine in $list; do
    case $action in
      check) is_through "$machine" "$@" || not_ready "$machine is not through this step: $reason" ;;
      dry-run) is_through "$machine" "$@" || patch "$machine" "$forth" --dry-run ;;
      undo)
        [ "$back" != - ] || fail "the old CA's private key was not provided, so this cannot be undone"
        patch "$machine" "$root/$back"
        say "patched $machine back"
        ;;
      apply)
        is_through "$machine" "$@" && continue
        changed=yes
        patch "$machine" "$forth"
        wait_until "$machine has taken its patch" is_through "$machine" "$@"
        say "patched $machine"
        ;;
    esac
  done
}

# Every machine answers before the first one is patched: otherwise a step ends half-way.
verify_machines() {
  for machine in $list; do
    configuration "$machine" || fail "$reason; nothing was changed"
  done
}

# Talos API access from Kubernetes: each ServiceAccount of talos.dev has a Secret of the same name with a talosconfig. Its
# controller writes the Secret again once the control plane issues with the new CA; Pods that read it only at their start
# are restarted (siderolabs/talos: internal/app/machined/pkg/controllers/kubeaccess/serviceaccount).

# The ServiceAccounts that have access, as $accounts: a line "NAMESPACE|NAME" each.
read_accounts() {
  accounts=
  need_value '{range .items[*]}{.metadata.name}{"\n"}{end}' get customresourcedefinitions.apiextensions.k8s.io
  has_line "
$value" serviceaccounts.talos.dev || return 0
  need_value '{range .items[*]}{.metadata.namespace}{"|"}{.metadata.name}{"|"}{.status.failureReason}{"\n"}{end}' get serviceaccounts.talos.dev -A
  while IFS='|' read -r namespace name refusal; do
    # Talos writes no Secret for one whose namespace or roles it does not allow.
    { [ -n "$name" ] && [ -z "$refusal" ]; } || continue
    accounts="$accounts$namespace|$name
"
  done <<END
$value
END
}

# Does each Secret hold the new CA?
access_has() { # BASE64 of the new CA's PEM
  while IFS='|' read -r namespace name <&3; do
    [ -n "$name" ] || continue
    read_value '{.data.config}' -n "$namespace" get secret "$name" || return 1
    [ -n "$value" ] || {
      reason="Secret $name in $namespace has no talosconfig"
      return 1
    }
    decode "$value"
    reason="the talosconfig of Secret $name in $namespace does not have the new CA"
    case $output in *"$1"*) ;; *) return 1 ;; esac
  done 3<<END
$accounts
END
}

# The workloads whose Pods use one of these Secrets, as $users: a line "NAMESPACE|Kind/NAME" each. Pods that no Deployment,
# DaemonSet or StatefulSet owns are in $bare.
read_users() {
  users='
'
  bare=
  need_value '{range .items[*]}{.metadata.namespace}{"|"}{.metadata.name}{"|"}{.metadata.ownerReferences[0].kind}{"|"}{.metadata.ownerReferences[0].name}{"|"}{.metadata.labels.pod-template-hash}{"|"}{.status.phase}{"| "}{.spec.volumes[*].secret.secretName}{" "}{.spec.volumes[*].projected.sources[*].secret.name}{" "}{.spec.containers[*].envFrom[*].secretRef.name}{" "}{.spec.containers[*].env[*].valueFrom.secretKeyRef.name}{" \n"}{end}' get pods -A
  while IFS='|' read -r namespace pod owner_kind owner_name template_hash pod_phase secrets; do
    [ -n "$pod" ] || continue
    case $pod_phase in Succeeded | Failed) continue ;; esac
    uses=no
    while IFS='|' read -r of name; do
      [ -n "$name" ] || continue
      [ "$of" = "$namespace" ] || continue
      case " $secrets " in *" $name "*) uses=yes ;; esac
    done <<ACCOUNTS
$accounts
ACCOUNTS
    [ "$uses" = yes ] || continue
    case $owner_kind in
      ReplicaSet) user="$namespace|Deployment/${owner_name%-"$template_hash"}" ;;
      DaemonSet | StatefulSet) user="$namespace|$owner_kind/$owner_name" ;;
      *)
        bare="$bare$namespace/$pod
"
        continue
        ;;
    esac
    has_line "$users" "$user" || users="$users$user
"
  done <<END
$value
END
}

# The mark is of its own: a restart for the Kubernetes CA may have been before the Secret had the new CA.
talos_access() { # BASE64 of the new CA's PEM
  case $action in
    verify)
      can list pods
      can patch deployments.apps
      can patch daemonsets.apps
      can patch statefulsets.apps
      return 0
      ;;
    undo | dry-undo) return 0 ;;
  esac
  read_accounts
  [ -n "$accounts" ] || return 0
  await 'the Secret of each ServiceAccount of talos.dev has the new CA' access_has "$1"
  read_users
  while IFS='|' read -r namespace workload <&3; do
    [ -n "$workload" ] || continue
    read_strategy "$namespace" "$workload" airlock/talos-access
    if is_by_hand "$namespace" "$workload" "$strategy"; then
      say "$manual"
      continue
    fi
    case $action:$mark in
      check:"$package")
        { call_kubectl -n "$namespace" rollout status "$workload" --timeout=5s && says_complete; } ||
          not_ready "$workload in $namespace is not rolled out ($reason)"
        ;;
      check:*) not_ready "$workload in $namespace uses Talos API access and has not restarted since its Secret has the new CA" ;;
      dry-run:"$package" | list:"$package") ;;
      dry-run:* | list:*) say "would restart $workload in $namespace" ;;
      apply:"$package") await_roll_out "$namespace" "$workload" ;;
      apply:*)
        change -n "$namespace" patch "$workload" --type merge -p "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"airlock/talos-access\":\"$package\"}}}}}"
        say "restarted $workload in $namespace"
        await_roll_out "$namespace" "$workload"
        ;;
    esac
  done 3<<END
$users
END
  while IFS= read -r pod; do
    [ -z "$pod" ] || say "restart this Pod by hand, it has no controller: $pod"
  done <<END
$bare
END
}
