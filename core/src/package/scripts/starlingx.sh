#!/bin/sh
# Airlock: tells `system` the next phase of a Kubernetes root CA update, and waits for what comes of it.
# On the active controller, after `source /etc/platform/openrc`:
#
#   sh starlingx.sh start FILE | host NAME PHASE | workers PHASE | pods PHASE | complete    [--check]
#
# PHASE is trust-both-cas, update-certs or trust-new-ca. Run twice, it does nothing the second time; cut short, it can be run
# again. With --check it only says whether that is done.
set -eu
LC_ALL=C
export LC_ALL

stop() {
  printf 'starlingx: stopped: %s\n' "$*" >&2
  exit 1
}

say() {
  printf 'starlingx: %s\n' "$*"
}

# The words of a table, one to a line.
words() {
  tr '|' ' ' | tr -s ' ' '\n'
}

# Is one of these words there? An extended regular expression.
update_says() {
  system kube-rootca-update-show | words | grep -Eqx -- "$1"
}

# What a host's state is once it is through a phase, and on its way beyond.
host_through() { # PHASE
  case $1 in
    trust-both-cas) echo 'updated-host-trust-both-cas|updat(ing|ed)-host-(update-certs|trust-new-ca)(-failed)?' ;;
    update-certs) echo 'updated-host-update-certs|updat(ing|ed)-host-trust-new-ca(-failed)?' ;;
    trust-new-ca) echo 'updated-host-trust-new-ca' ;;
    *) stop "there is no phase $1" ;;
  esac
}

# What the update's state is once pods are through a phase.
pods_through() { # PHASE
  case $1 in
    trust-both-cas)
      echo 'updated-pods-trust-both-cas|updat(ing|ed)-(host-update-certs|host-trust-new-ca|pods-trust-new-ca)(-failed)?|update-completed'
      ;;
    trust-new-ca) echo 'updated-pods-trust-new-ca|update-completed' ;;
    *) stop "pods have no phase $1" ;;
  esac
}

# The line of a host.
host_line() { # NAME
  system kube-rootca-host-update-list | grep -E "^\| *$1 *\|"
}

host_says() { # NAME WORD
  host_line "$1" | words | grep -Eqx -- "$2"
}

workers() {
  system kube-rootca-host-update-list | sed -n 's/^| *\([^ |]*\) *| *worker *|.*/\1/p'
}

await() { # WHAT DONE FAILED COMMAND…
  what=$1
  finished=$2
  failed=$3
  shift 3
  tries=${AIRLOCK_TIMEOUT:-3600}
  until "$@" "$finished"; do
    if "$@" "$failed"; then
      stop "the tool says $failed: look at its alarms and at the host's /var/log/puppet, then run this again"
    fi
    tries=$((tries - 5))
    [ "$tries" -gt 0 ] || stop "this has not come true: $what"
    sleep "${AIRLOCK_PAUSE:-5}"
  done
  say "$what"
}

# Is an update under way that has its new CA?
has_new_ca() {
  update_says 'update-new-rootca-cert-(uploaded|generated)|updat(ing|ed)-(host|pods)-.*'
}

start() { # FILE
  ! has_new_ca || return 0
  if [ "$check" = yes ]; then
    update_says update-completed || stop 'no update is under way that has a new CA'
    return 0
  fi
  [ -r "$1" ] || stop "$1 is not here: run this from the root of the package"
  update_says update-started || system kube-rootca-update-start
  system kube-rootca-update-upload-cert "$1"
  has_new_ca || stop 'the tool has not taken the new CA: where this release has no upload, see RUNBOOK.md'
  say 'the tool has taken the new CA up'
}

host() { # NAME PHASE
  [ -n "$(host_line "$1")" ] || stop "the tool knows no host $1 (system kube-rootca-host-update-list)"
  through=$(host_through "$2")
  ! host_says "$1" "$through" || return 0
  [ "$check" = no ] || stop "$1 is not through $2"
  host_says "$1" "updating-host-$2" || system kube-rootca-host-update "$1" --phase "$2"
  await "$1 is through $2" "$through" "updating-host-$2-failed" host_says "$1"
}

pods() { # PHASE
  through=$(pods_through "$1")
  ! update_says "$through" || return 0
  [ "$check" = no ] || stop "pods are not through $1"
  update_says "updating-pods-$1" || system kube-rootca-pods-update --phase "$1"
  await "pods are through $1" "$through" "updating-pods-$1-failed" update_says
}

# A release may show no update any more once it is complete.
finish() {
  has_new_ca || return 0
  [ "$check" = no ] || stop 'the update is not complete'
  system kube-rootca-update-complete
  say 'the update is complete'
}

check=no
verb=${1:-}
[ "$#" -eq 0 ] || shift
for argument; do
  shift
  if [ "$argument" = --check ]; then
    check=yes
  else
    set -- "$@" "$argument"
  fi
done

command -v system >/dev/null 2>&1 || stop 'there is no tool called system here: run this on the active controller'
[ -n "${OS_AUTH_URL:-}" ] || stop 'run "source /etc/platform/openrc" first'

case $verb:$# in
  start:1) start "$1" ;;
  host:2) host "$1" "$2" ;;
  pods:1) pods "$1" ;;
  complete:0) finish ;;
  workers:1)
    for name in $(workers); do
      host "$name" "$1"
    done
    ;;
  *) stop 'say what to do: start FILE | host NAME PHASE | workers PHASE | pods PHASE | complete' ;;
esac
