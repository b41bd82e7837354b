
# What follows is the same in every script for machines that are made of configurations.
#
# AIRLOCK_CONTROL_PLANE  the addresses of the control-plane machines, with spaces between them
# AIRLOCK_WORKERS        those of the workers; empty where there are none
#
# Machines are patched one after the other; the next one is not touched before this one has taken its patch up.

addresses() { # ROLE
  case $1 in
    control-plane) printf '%s\n' "${AIRLOCK_CONTROL_PLANE?name the addresses of the control-plane machines in it}" ;;
    workers) printf '%s\n' "${AIRLOCK_WORKERS?name the addresses of the workers in it, nothing if there are none}" ;;
  esac
}

# A talosconfig of this package, - for the person's own.
talos() { # CONFIG ARGUMENT…
  config=$1
  shift
  if [ "$config" = - ]; then
    talosctl "$@"
  else
    talosctl --talosconfig "$root/$config" --context "$talos_context" "$@"
  fi
}

# The machine itself takes this talosconfig, and its owner takes the machine for what it says it is.
answers() { # MACHINE CONFIG
  talos "$2" --endpoints "$1" --nodes "$1" version >/dev/null 2>&1
}

refuses() { # MACHINE CONFIG
  ! answers "$1" "$2"
}

in_url() { # ADDRESS
  case $1 in
    *:*) printf '[%s]' "$1" ;;
    *) printf '%s' "$1" ;;
  esac
}

api() { # MACHINE KUBECONFIG
  kubectl --kubeconfig "$root/$2" --context "$kube_context" --server "https://$(in_url "$1"):$api_port" get --raw /readyz
}

api_answers() { # MACHINE KUBECONFIG
  api "$1" "$2" >/dev/null 2>&1
}

# A connection that fails says nothing.
api_refuses() { # MACHINE KUBECONFIG
  api "$1" "$2" 2>&1 | grep -q Unauthorized
}

configuration() { # MACHINE
  talos "$talosconfig" --nodes "$1" get machineconfig -o yaml 2>/dev/null
}

holds() { # MACHINE TEXT
  text=$(configuration "$1") || return 1
  printf '%s\n' "$text" | grep -qF -- "$2"
}

lacks() { # MACHINE TEXT
  text=$(configuration "$1") || return 1
  ! printf '%s\n' "$text" | grep -qF -- "$2"
}

# The one stands before the other.
leads() { # MACHINE 'TEXT TEXT'
  text=$(configuration "$1") || return 1
  first=$(printf '%s\n' "$text" | grep -nF -- "${2%% *}" | sed -n '1s/:.*//p')
  second=$(printf '%s\n' "$text" | grep -nF -- "${2##* }" | sed -n '1s/:.*//p')
  [ -n "$first" ] && [ -n "$second" ] && [ "$first" -lt "$second" ]
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
  shift 2
  talos "$talosconfig" --nodes "$machine" patch machineconfig --mode no-reboot --patch "@$file" "$@"
}

# UNDO is - where there is no way back: the old CA's key was not given.
machines() { # ROLE PATCH UNDO (CHECK VALUE)…
  list=$(addresses "$1")
  list=$(printf '%s' "$list" | tr , ' ')
  forth=$root/$2
  back=$3
  shift 3
  for machine in $list; do
    case $action in
      check) is_through "$machine" "$@" || unmet "$machine is not through this step" ;;
      dry-run) is_through "$machine" "$@" || patch "$machine" "$forth" --dry-run ;;
      undo)
        [ "$back" != - ] || stop "the old CA's private key was not given, so there is no way back"
        patch "$machine" "$root/$back"
        say "patched $machine back"
        ;;
      apply)
        is_through "$machine" "$@" && continue
        changed=yes
        patch "$machine" "$forth"
        wait_until "$machine has taken its patch up" is_through "$machine" "$@"
        say "patched $machine"
        ;;
    esac
  done
}
