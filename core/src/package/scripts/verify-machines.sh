# Logs that talosctl shows: of the services of each machine, and of the containers of its static Pods.
#
# `talosctl logs` has no option for a time: whole logs are read, and lines from before the phase are left out by their time.
# A source of which nothing is read: --exclude MACHINE/NAME; an address that is known to fail: MACHINE/NAME/ADDRESS.
# (siderolabs/talos: cmd/talosctl/cmd/talos/logs.go and containers.go.)

verify_machine_logs() {
  case $action in
    check | apply) ;;
    verify)
      for role in control-plane workers; do
        addresses "$role"
        verify_machines
      done
      return 0
      ;;
    *) return 0 ;;
  esac
  command -v talosctl >/dev/null 2>&1 || fail 'talosctl is not installed on this machine'
  reads_last_hour
  find_first_patch
  verify_logs read_machines
}

# The phase began at the latest when the first machine took its last patch, which is when its configuration changed last.
find_first_patch() {
  first_patch=
  for role in control-plane workers; do
    addresses "$role"
    for machine in $list; do
      configuration "$machine" || fail "$reason"
      case $text in
        *'    updated: '*) ;;
        *) continue ;;
      esac
      time=${text#*'    updated: '}
      time=${time%%
*}
      seconds_of "$time"
      [ "${first_patch:-$seconds}" -lt "$seconds" ] || first_patch=$seconds
    done
  done
  if [ -n "$first_patch" ]; then
    began=$first_patch
  else
    say 'talosctl does not show when configurations changed: reading the last hour of the logs'
  fi
}

read_machines() {
  # Machines of Talos have no other time zone.
  zone=+0000
  for role in control-plane workers; do
    addresses "$role"
    for machine in $list; do
      call_talosctl "$talosconfig" --nodes "$machine" services || fail "$reason"
      service_rows=$output
      for service in apid kubelet; do
        see_service "$service"
        read_machine_log "$service" "$service" "$service"
      done
      # The controllers of machined, which ask trustd for certificates and the API server for their node.
      read_machine_log controller-runtime machined controller-runtime
      [ "$role" = control-plane ] || continue
      for service in etcd trustd; do
        see_service "$service"
        read_machine_log "$service" "$service" "$service"
      done
      read_machine_pods
    done
  done
}

# A service runs, and has for two minutes: NODE SERVICE STATE HEALTH LAST CHANGE ("3m2s ago") LAST EVENT (siderolabs/talos:
# cmd/talosctl/cmd/talos/service.go).
see_service() { # NAME
  ! is_excluded "$machine/$1" || return 0
  state=
  while read -r _ id of_service _ age _; do
    [ "$id" != "$1" ] || {
      state=$of_service
      since=$age
    }
  done <<END
$service_rows
END
  [ -n "$state" ] || fail "talosctl services: incomplete answer: $machine has no service $1"
  [ "$state" = Running ] || {
    not_running "$machine/$1" "its state is $state (talosctl services)"
    return 0
  }
  case $since in
    [0-9]s | [0-9][0-9]s | 1m[0-9]s | 1m[0-9][0-9]s)
      not_quiet "$quiet" "$machine/$1: its state changed $since ago; two minutes are needed"
      ;;
  esac
}

# Containers of static Pods, as `talosctl containers` lists them: NODE NAMESPACE └─ ID IMAGE PID STATUS. The ID is
# NAMESPACE/POD:CONTAINER, since Talos 1.2 with a part of the container's own.
read_machine_pods() {
  call_talosctl "$talosconfig" --nodes "$machine" containers --kubernetes || fail "$reason"
  rows=$output
  for component in kube-apiserver kube-controller-manager kube-scheduler; do
    has_container=no
    while read -r _ _ _ id _ _ state <&3; do
      [ "$state" = CONTAINER_RUNNING ] || continue
      case $id in
        "kube-system/$component-"*":$component" | "kube-system/$component-"*":$component:"*) ;;
        *) continue ;;
      esac
      has_container=yes
      read_machine_log "$component" "$component" --kubernetes "$id"
    done 3<<END
$rows
END
    [ "$has_container" = yes ] || fail "talosctl containers --kubernetes: no container of $component runs on $machine"
  done
}

read_machine_log() { # NAME COMPONENT TALOSCTL ARGUMENT…
  source=$machine/$1
  component=$2
  shift 2
  ! is_excluded "$source" || return 0
  set -- --nodes "$machine" logs "$@"
  [ "$talosconfig" = - ] || set -- --talosconfig "$root/$talosconfig" --context "$talos_context" "$@"
  { talosctl "$@" >"$scratch/talosctl-logs"; } 2>"$scratch/errors" || fail_command "$?" talosctl "$@"
  # Releases before 1.14 report a machine's error in words alone.
  read_errors
  case $reason in *ERROR:* | *'rpc error:'*) fail "talosctl $*: $reason" ;; esac
  [ -s "$scratch/talosctl-logs" ] || fail "talosctl $*: empty answer; if it writes no log, leave it out with --exclude '$source'"
  # Each line has the machine's name before it.
  run_to "$scratch/talosctl-lines" sed 's/^[^ ]*: //' "$scratch/talosctl-logs"
  scan "$source" "$component" "$scratch/talosctl-lines"
  covers "$source" "$oldest"
  read_sources="$read_sources $source"
}
