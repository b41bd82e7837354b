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

# The machine itself accepts this talosconfig, and its owner trusts what the machine presents.
machine_answers() { # MACHINE CONFIG
  call_talosctl "$2" --endpoints "$1" --nodes "$1" version
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
  [ -n "$output" ] || {
    reason="/readyz of $1: empty answer"
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
  if [ "$talosconfig" = - ]; then
    set -- --nodes "$machine" patch machineconfig --mode no-reboot --patch "@$file" "$@"
  else
    set -- --talosconfig "$root/$talosconfig" --context "$talos_context" --nodes "$machine" patch machineconfig --mode no-reboot --patch "@$file" "$@"
  fi
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
