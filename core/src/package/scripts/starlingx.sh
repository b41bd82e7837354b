#!/bin/sh
# Airlock: starts the phases of a Kubernetes root CA update with `system`, and waits for their end.
# On the active controller, after `source /etc/platform/openrc`:
#
#   sh starlingx.sh start FILE | host NAME PHASE | workers PHASE | pods PHASE | complete    [--check]
#
# PHASE is trust-both-cas, update-certs or trust-new-ca. A second run changes nothing; an interrupted run can be repeated.
# With --check the exit status is 0 only if `system` says that it is done.
#
# AIRLOCK_TIMEOUT  how long each wait may take, in seconds (3600)
# AIRLOCK_CA_FILE  the cluster CA of this controller (/etc/kubernetes/pki/ca.crt)
set -euf
umask 077
LC_ALL=C
export LC_ALL
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

usage() {
  sed -n '2,/^set -euf/{/^set/d;s/^# \{0,1\}//;p;}' "$0"
}

fail() {
  printf 'starlingx: FAILED: %s\n' "$*" >&2
  exit 1
}

not_ready() {
  printf 'starlingx: NOT READY: %s\n' "$*" >&2
  exit 1
}

say() {
  printf 'starlingx: %s\n' "$*"
}

read_errors() {
  reason=
  while IFS= read -r text || [ -n "$text" ]; do
    reason="$reason${reason:+; }$text"
  done <"$scratch/errors"
}

# Calls system; its failure ends the script with its message. Its answer becomes $output.
call_system() { # ARGUMENT…
  output=$(system "$@" 2>"$scratch/errors") || {
    status=$?
    read_errors
    fail "system $*: ${reason:-no message}${output:+ ($output)} (exit status $status)"
  }
}

# A table of system: whole, or nothing is read from it. Its rows become $rows, their columns between "|" without spaces.
read_table() { # ARGUMENT…
  call_system "$@"
  rows=
  rules=0
  while IFS= read -r text; do
    case $text in
      +-*-+) rules=$((rules + 1)) ;;
      '|'*'|')
        [ "$rules" -ge 2 ] || continue
        old_ifs=$IFS
        IFS=' 	'
        # shellcheck disable=SC2086 # words
        set -- $text
        rows="$rows$*
"
        IFS=$old_ifs
        ;;
      '') ;;
      *) fail "system: unexpected answer '$text'" ;;
    esac
  done <<END
$output
END
  [ -z "$output" ] || [ "$rules" -eq 3 ] || fail "system: incomplete answer '$output'"
}

# The state of the update, as $update; empty where there is none. An empty answer counts only if system answers otherwise.
read_update() {
  read_table kube-rootca-update-show
  update=
  if [ -z "$output" ]; then
    read_table host-list
    [ -n "$rows" ] || fail 'system host-list: empty answer'
    return 0
  fi
  update=$rows
}

# Is this word in the rows? Patterns of the shell.
has_word() { # ROWS PATTERN…
  text=$1
  shift
  for word in $text; do
    for pattern; do
      # shellcheck disable=SC2254 # a pattern
      case $word in $pattern) return 0 ;; esac
    done
  done
  return 1
}

# What a host's state is once it is through a phase, or later.
host_through() { # PHASE
  case $1 in
    trust-both-cas) through='updated-host-trust-both-cas updat*-host-update-certs* updat*-host-trust-new-ca*' ;;
    update-certs) through='updated-host-update-certs updat*-host-trust-new-ca*' ;;
    trust-new-ca) through='updated-host-trust-new-ca' ;;
    *) fail "there is no phase $1" ;;
  esac
}

# What the update's state is once pods are through a phase, or later.
pods_through() { # PHASE
  case $1 in
    trust-both-cas)
      through='updated-pods-trust-both-cas updat*-host-update-certs* updat*-host-trust-new-ca* updat*-pods-trust-new-ca* update-completed'
      ;;
    trust-new-ca) through='updated-pods-trust-new-ca update-completed' ;;
    *) fail "pods have no phase $1" ;;
  esac
}

# The row of a host, as $row.
read_host() { # NAME
  read_table kube-rootca-host-update-list
  [ -n "$rows" ] || fail 'system kube-rootca-host-update-list: empty answer'
  row=
  while IFS= read -r text; do
    case $text in "| $1 |"*) row=$text ;; esac
  done <<END
$rows
END
  [ -n "$row" ] || fail "system knows no host $1 (system kube-rootca-host-update-list)"
}

read_pods() {
  read_update
  row=$update
}

await() { # WHAT FAILED READ…
  what=$1
  failed=$2
  shift 2
  left=${AIRLOCK_TIMEOUT:-3600}
  while :; do
    "$@"
    ! is_through || break
    ! has_word "$row" "$failed" || fail "system shows $failed: look at its alarms and at the host's /var/log/puppet, then run this again"
    left=$((left - 5))
    [ "$left" -gt 0 ] || fail "time-out, not reached: $what; system shows: ${row:-no update}"
    sleep "${AIRLOCK_PAUSE:-5}" || fail 'sleep failed'
  done
  say "$what"
}

# Is the host, or are pods, through the phase in $through?
is_through() {
  # shellcheck disable=SC2086 # patterns
  has_word "$row" $through
}

# Is an update active that has its new CA?
has_new_ca() {
  has_word "$update" update-new-rootca-cert-uploaded update-new-rootca-cert-generated 'updat*-host-*' 'updat*-pods-*'
}

start() { # FILE
  read_update
  ! has_new_ca || return 0
  if [ "$check" = yes ]; then
    has_word "$update" update-completed || not_ready 'no update is active that has a new CA'
    return 0
  fi
  [ -r "$1" ] || fail "$1 does not exist: run this from the root of the package"
  has_word "$update" update-started || call_system kube-rootca-update-start
  call_system kube-rootca-update-upload-cert "$1"
  read_update
  has_new_ca || fail 'system has not accepted the new CA: where this release has no upload, see RUNBOOK.md'
  say 'system has accepted the new CA'
}

host() { # NAME PHASE
  read_host "$1"
  host_through "$2"
  ! is_through || return 0
  [ "$check" = no ] || not_ready "$1 is not through $2"
  has_word "$row" "updating-host-$2" || call_system kube-rootca-host-update "$1" --phase "$2"
  await "$1 is through $2" "updating-host-$2-failed" read_host "$1"
}

pods() { # PHASE
  pods_through "$1"
  read_pods
  ! is_through || return 0
  [ "$check" = no ] || not_ready "pods are not through $1"
  has_word "$row" "updating-pods-$1" || call_system kube-rootca-pods-update --phase "$1"
  await "pods are through $1" "updating-pods-$1-failed" read_pods
}

# The only certificate of a PEM file, without white space, as $certificate; empty where there are several.
read_certificate() { # FILE
  certificate=
  [ -r "$1" ] || fail "$1 does not exist"
  inside=no
  while IFS= read -r text || [ -n "$text" ]; do
    case $text in
      *'BEGIN CERTIFICATE'*)
        [ -z "$certificate" ] || {
          certificate=
          return 0
        }
        inside=yes
        ;;
      *'END CERTIFICATE'*) inside=no ;;
      *) [ "$inside" = no ] || certificate=$certificate$text ;;
    esac
  done <"$1"
}

# A release may show no update any more once it is complete: then this controller trusts the new CA alone.
is_complete() {
  ! has_word "$update" update-completed || return 0
  [ -z "$update" ] || return 1
  read_certificate "$here/1-trust-both/cluster/rootca.pem"
  new=$certificate
  read_certificate "${AIRLOCK_CA_FILE:-/etc/kubernetes/pki/ca.crt}"
  [ -n "$new" ] && [ "$certificate" = "$new" ]
}

finish() {
  read_update
  if is_complete; then
    return 0
  fi
  [ "$check" = no ] || not_ready 'the update is not complete'
  has_new_ca || fail "no update is active that could be completed (state: ${update:-none})"
  call_system kube-rootca-update-complete
  read_update
  is_complete || fail "the update is not complete after system kube-rootca-update-complete (state: ${update:-none})"
  say 'the update is complete'
}

# The names of workers are read once: each is asked for again by its name.
all_workers() { # PHASE
  read_table kube-rootca-host-update-list
  [ -n "$rows" ] || fail 'system kube-rootca-host-update-list: empty answer'
  list=$rows
  while IFS=' ' read -r _ name _ personality _ <&3; do
    [ "$personality" != worker ] || host "$name" "$1"
  done 3<<END
$list
END
}

check=no
verb=${1:-}
[ "$#" -eq 0 ] || shift
for argument; do
  shift
  case $argument in
    --check) check=yes ;;
    --help | -h) verb=help ;;
    *) set -- "$@" "$argument" ;;
  esac
done
case $verb in help | --help | -h) usage && exit 0 ;; esac

command -v system >/dev/null 2>&1 || fail 'there is no command system here: run this on the active controller'
[ -n "${OS_AUTH_URL:-}" ] || fail 'run "source /etc/platform/openrc" first'
scratch=$(mktemp -d "${TMPDIR:-/tmp}/airlock.XXXXXX") || fail 'mktemp -d failed: no temporary folder'
[ -d "$scratch" ] || fail 'mktemp -d: empty answer'
trap 'status=$?; rm -rf -- "$scratch"; exit "$status"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

case $verb:$# in
  start:1) start "$1" ;;
  host:2) host "$1" "$2" ;;
  pods:1) pods "$1" ;;
  complete:0) finish ;;
  workers:1) all_workers "$1" ;;
  *)
    usage >&2
    exit 2
    ;;
esac
