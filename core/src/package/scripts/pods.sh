# Restarts of static Pods and systemd units.
#
#   restart_pod_of NAME [PROGRAM]   NAME.yaml in the kubelet's manifests folder; PROGRAM is the base name of the
#                                   container's command, where it is known
#   restart_unit NAME               a systemd unit
#   restart_kubelet                 the kubelet (AIRLOCK_RESTART_KUBELET where it is not a systemd unit)
#
# A running instance is identified in one of three ways, $seen_by:
#   crictl   the containers of the Pod of this name, as the kubelet labels them
#   cgroup   the processes in the Pod's cgroup: its UID is the manifest's hash, and /var/log/pods/NAMESPACE_POD_UID is its
#            log folder (kubernetes/kubernetes: pkg/kubelet/kuberuntime/helpers.go, BuildPodLogsDirectory)
#   process  the processes in this network namespace whose argv[0] has the base name PROGRAM, with a flag of the manifest

# Names and namespace of the manifest's Pod.
read_pod() { # NAME
  pod_manifest=$manifests/$1.yaml
  [ -e "$pod_manifest" ] || pod_manifest=$state/parked-$1.yaml
  [ -e "$pod_manifest" ] || fail "$manifests/$1.yaml does not exist, so its static Pod cannot be restarted; where the manifest has another name in that folder, rename it"
  read_names "$1"
}

# The same of $pod_manifest, whatever its name.
read_names() { # NAME, where the manifest has none
  run sed -n '/^metadata:/,/^[^ ]/s/^  name: *//p' "$pod_manifest"
  pod=${output%%[!A-Za-z0-9.-]*}
  run sed -n '/^metadata:/,/^[^ ]/s/^  namespace: *//p' "$pod_manifest"
  pod_namespace=${output%%[!A-Za-z0-9.-]*}
  [ -n "$pod" ] || pod=$1
  [ -n "$pod_namespace" ] || pod_namespace=kube-system
  find_node_name
}

# The running instances, as $instances, sorted by the order in which they are found.
see() { # NAME PROGRAM
  instances=
  case $seen_by in
    crictl) see_containers ;;
    cgroup) see_cgroups ;;
    process) see_processes "$2" ;;
  esac
  # One line, one space between two.
  # shellcheck disable=SC2086
  set -- $instances
  instances=$*
}

# Which way shows the Pod? The first one that does is used for the whole restart.
choose_way() { # NAME PROGRAM
  for seen_by in crictl cgroup process; do
    see "$1" "$2"
    [ -z "$instances" ] || return 0
  done
  seen_by=
  return 1
}

see_containers() { # [CONTAINER]
  [ -n "$node_name" ] && command -v crictl >/dev/null 2>&1 || return 0
  instances=$(crictl ps --quiet --label "io.kubernetes.pod.name=$pod-$node_name" --label "io.kubernetes.pod.namespace=$pod_namespace" ${1:+--label "io.kubernetes.container.name=$1"} 2>"$scratch/errors" 9>&-) || {
    read_errors
    reason="crictl ps: $reason"
    instances=
    # It was there when the restart began: that it does not answer now is no proof of anything.
    [ "${before:-}" = '' ] || instances=unknown
  }
}

# An instance is a process and its start: numbers of processes are used again.
instance() { # PID
  { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  # shellcheck disable=SC2086 # fields
  set -- "$1" ${stat##*) }
  # Field 22 of proc_pid_stat(5); the second one here is field 3. A zombie no longer runs.
  [ "$2" != Z ] || return 1
  shift 20
  started=$1
}

see_cgroups() {
  [ -n "$node_name" ] || return 0
  for process in /proc/[0-9]*; do
    { read_cgroup "$process/cgroup"; } 2>/dev/null || continue
    uid=${cgroup##*/pod}
    [ "$uid" != "$cgroup" ] || uid=${cgroup##*-pod}
    [ "$uid" != "$cgroup" ] || continue
    uid=${uid%%[!0-9a-f]*}
    # The UID of a Pod from a file is a hash of 32 digits without a dash.
    { [ "${#uid}" -eq 32 ] && [ -d "/var/log/pods/${pod_namespace}_$pod-${node_name}_$uid" ]; } || continue
    instance "${process#/proc/}" || continue
    instances="$instances ${process#/proc/}.$started"
  done
}

# The first line that names a Pod.
read_cgroup() { # FILE
  cgroup=
  while IFS= read -r text; do
    case $text in
      *[/-]pod[0-9a-f]*) cgroup=$text && return 0 ;;
    esac
  done <"$1"
  return 1
}

see_processes() { # PROGRAM
  [ -n "$1" ] || return 0
  for process in /proc/[0-9]*; do
    # The kernel's name has at most 15 characters: it only saves time here.
    { IFS= read -r comm <"$process/comm"; } 2>/dev/null || continue
    case $1 in "$comm"*) ;; *) continue ;; esac
    network=$(readlink "$process/ns/net" 2>"$scratch/errors") || {
      # A process that is ending has no namespaces any more; it is readlink that fails if it cannot read this one either.
      ask readlink /proc/self/ns/net
      continue
    }
    [ "$network" = "$own_network" ] || continue
    { words=$(tr '\0' '\n' <"$process/cmdline" 2>"$scratch/errors"); } 2>/dev/null || {
      code=$?
      ! instance "${process#/proc/}" || fail_command "$code" tr '\0' '\n' "$process/cmdline"
      continue
    }
    program=${words%%
*}
    [ "${program##*/}" = "$1" ] || continue
    has_flag_of_manifest || continue
    instance "${process#/proc/}" || continue
    instances="$instances ${process#/proc/}.$started"
  done
}

# A process of the same program may be another Pod's or a person's: one of the manifest's flags must be its own.
has_flag_of_manifest() {
  [ -n "${flags:-}" ] || return 0
  for flag in $flags; do
    case "
$words
" in
      *"
$flag
"*) return 0 ;;
    esac
  done
  return 1
}

# The flags of the manifest that have a value, as $flags.
read_flags() { # NAME
  run sed -n "s/^ *- *[\"']\\{0,1\\}\\(--[a-z0-9-]*=[^\"' ]*\\)[\"']\\{0,1\\} *\$/\\1/p" "$pod_manifest"
  flags=$output
}

have_stopped() { # NAME PROGRAM BEFORE
  see "$1" "$2"
  for one in $3; do
    case " $instances " in *" $one "* | *' unknown '*) return 1 ;; esac
  done
}

# New instances, the same ones for two seconds.
run_again() { # NAME PROGRAM BEFORE
  have_stopped "$@" || return 1
  [ -n "$instances" ] && [ "$instances" != unknown ] || return 1
  now=$instances
  pause_between
  pause_between
  see "$1" "$2"
  [ "$instances" = "$now" ]
}

cannot_be_seen() { # NAME
  fail "no running container or process of the static Pod $1 can be identified on this node (no crictl, no cgroup of the Pod${reason:+; $reason}). Restart it: move $manifests/$1.yaml out of the folder, wait until its containers are gone, move it back, wait until it runs. Then run this again with --restarted $1"
}

restart_pod() { # NAME PROGRAM
  before=
  reason=
  flags=
  read_pod "$1"
  [ -z "$2" ] || read_flags "$1"
  if ! choose_way "$1" "$2"; then
    # It has stopped, or it cannot be seen. If it starts now, it starts with the new files.
    [ -n "$2" ] || cannot_be_seen "$1"
    wait_until "the static Pod $1 runs" choose_way "$1" "$2"
    return 0
  fi
  before=$instances
  make_folder "$state"
  run mv -f -- "$manifests/$1.yaml" "$state/parked-$1.yaml"
  wait_until "the static Pod $1 has stopped" have_stopped "$1" "$2" "$before"
  run mv -f -- "$state/parked-$1.yaml" "$manifests/$1.yaml"
  wait_until "the static Pod $1 runs again" run_again "$1" "$2" "$before"
  before=
}

# Manifests that an interrupted run moved out of the folder go back first.
unpark() {
  for parked in "$state"/parked-*.yaml; do
    [ -e "$parked" ] || continue
    name=${parked##*/parked-}
    mv -f -- "$parked" "$manifests/$name" || {
      printf '%s: FAILED: %s could not be moved back to %s: move it yourself, or its Pod does not run\n' "$holder" "$parked" "$manifests/$name" >&2
      return 1
    }
    say "moved $name back to $manifests"
  done
}

see_kubelet() {
  instances=
  flags=
  see_processes kubelet
}

kubelet_runs_again() { # BEFORE
  see_kubelet
  [ -n "$instances" ] || return 1
  for one in $1; do
    case " $instances " in *" $one "*) return 1 ;; esac
  done
  now=$instances
  pause_between
  pause_between
  see_kubelet
  [ "$instances" = "$now" ]
}

restart_kubelet() {
  see_kubelet
  before=$instances
  command=${AIRLOCK_RESTART_KUBELET:-systemctl restart kubelet}
  sh -c "$command" >"$scratch/output" 2>"$scratch/errors" 9>&- || fail_command "$?" "$command"
  wait_until "the kubelet runs again after $command" kubelet_runs_again "$before"
  before=
}

unit_runs() { # NAME
  reason=
  systemctl is-active --quiet "$1" 2>"$scratch/errors" && return 0
  read_errors
  return 1
}

is_restarted() { # NAME
  [ -e "$work/restarted-$1" ]
}

# After a change this run or an interrupted one has made, and once.
restart_due() { # NAME
  case $action in
    verify) return 1 ;;
    check)
      [ ! -e "$work/pending" ] || is_restarted "$1" || not_ready "$1 has not restarted since a file that it reads changed"
      return 1
      ;;
    dry-run)
      [ "$would_change" = no ] || say "would restart $1"
      return 1
      ;;
  esac
  [ -e "$work/pending" ] && ! is_restarted "$1"
}

mark_restarted() { # NAME
  write_file "$work/restarted-$1" ''
  record restart "$1" - - ok
  say "restarted $1"
}

restart_pod_of() { # NAME [PROGRAM]
  case $action in verify) check_pod "$1" "${2:-}" ;; esac
  restart_due "$1" || return 0
  restart_pod "$1" "${2:-}"
  mark_restarted "$1"
}

# Before anything changes: what has to restart runs, and can be identified.
check_pod() { # NAME PROGRAM
  [ ! -e "$work/pending" ] && ! is_restarted "$1" || return 0
  before=
  flags=
  # A person restarts the Pod of a manifest that is there.
  read_pod "$1"
  case " $by_hand " in *" $1 "*) return 0 ;; esac
  [ -z "$2" ] || read_flags "$1"
  # It may be between two starts.
  left=10
  until choose_way "$1" "$2"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || cannot_be_seen "$1"
    pause_between
  done
}

restart_unit() { # NAME
  restart_due "$1" || return 0
  if [ "$1" = kubelet ]; then
    restart_kubelet
  else
    run systemctl restart "$1"
    wait_until "the unit $1 is active" unit_runs "$1"
    pause_between
    unit_runs "$1" || fail "systemctl is-active $1: ${reason:-not active}"
  fi
  mark_restarted "$1"
}

# A manifest that changes is taken up by the kubelet without a restart: what counts is the process that runs.
runs_with_flag() { # NAME FLAG
  flags=$2
  instances=
  see_processes "$1"
  [ -n "$instances" ] || {
    reason="no process $1 with $2"
    return 1
  }
}
