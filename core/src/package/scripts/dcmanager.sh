#!/bin/sh
# Airlock: calls `dcmanager` for a Kubernetes root CA update of subclouds, one step at a time, and checks its answers.
# On the active controller of the system controller, after `source /etc/platform/openrc`:
#
#   sh dcmanager.sh ready | create | steps [OPTION…] [SUBCLOUD]    [--check]
#   sh dcmanager.sh none | apply | follow | delete | in-sync | abort    [--check]
#
# OPTION and SUBCLOUD are those of `dcmanager kube-rootca-update-strategy create`. A second run changes nothing; an
# interrupted run can be repeated. With --check nothing changes, and the exit status is 0 only if dcmanager confirms that
# the step is done. dcmanager.record holds which strategy this package created, and what became of it.
#
# AIRLOCK_TIMEOUT    how long each wait may take, in seconds (86400)
# AIRLOCK_LEAVE_OUT  names of subclouds that are unmanaged or offline and stay so, with spaces between them
# AIRLOCK_STATE      the folder of dcmanager.record (the package's)
set -euf
umask 077
LC_ALL=C
# No question, whatever CLI_CONFIRMATIONS was; no table that is wrapped to a terminal's width.
CLI_CONFIRMATIONS=disabled
export LC_ALL CLI_CONFIRMATIONS
unset CLIFF_FIT_WIDTH CLIFF_MAX_TERM_WIDTH
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
record=${AIRLOCK_STATE:-$here}/dcmanager.record

usage() {
  sed -n '2,/^set -euf/{/^set/d;s/^# \{0,1\}//;p;}' "$0"
}

fail() {
  printf 'dcmanager: FAILED: %s\n' "$*" >&2
  exit 1
}

not_ready() {
  printf 'dcmanager: NOT READY: %s\n' "$*" >&2
  exit 1
}

say() {
  printf 'dcmanager: %s\n' "$*"
}

# Calls dcmanager: its answer becomes $output; if it fails, its messages become $reason. Old clients write them to stdout.
ask() { # ARGUMENT…
  reason=
  status=0
  output=$(dcmanager "$@" 2>"$scratch/errors") || status=$?
  [ "$status" -ne 0 ] || return 0
  while IFS= read -r text || [ -n "$text" ]; do
    reason="$reason${reason:+; }$text"
  done <"$scratch/errors"
  reason="dcmanager $*: ${reason:-no message}${output:+ ($output)} (exit status $status)"
  return 1
}

# The cells of a table's line, as $cells: one a line, without the spaces around them. Their number is $count.
split() { # LINE
  rest=${1#|}
  cells=
  count=0
  while [ -n "$rest" ]; do
    cell=${rest%%|*}
    rest=${rest#*|}
    cell=${cell#"${cell%%[! ]*}"}
    cells="$cells${cell%"${cell##*[! ]}"}
"
    count=$((count + 1))
  done
}

# A table of dcmanager, in $output: complete, or the script ends. Its header becomes $header, its rows $rows.
parse_table() { # COMMAND
  header=
  rows=
  rules=0
  while IFS= read -r text; do
    case $rules:$text in
      [012]:+-*-+) rules=$((rules + 1)) ;;
      1:'|'*'|') header=$text ;;
      2:'|'*'|')
        rows="$rows$text
"
        ;;
      *) fail "dcmanager $1: unexpected answer '$text'" ;;
    esac
  done <<END
$output
END
  case $rules:$header in
    3:?*) ;;
    *) fail "dcmanager $1: incomplete answer '$output'" ;;
  esac
}

# The value of a field in a table of fields and values, as $value; the script ends if the field is missing.
field() { # NAME COMMAND
  value=
  found=no
  while IFS= read -r text; do
    label=${text#|}
    label=${label%%|*}
    label=${label#"${label%%[! ]*}"}
    [ "${label%"${label##*[! ]}"}" = "$1" ] || continue
    value=${text#|*|}
    value=${value%|}
    value=${value#"${value%%[! ]*}"}
    value=${value%"${value##*[! ]}"}
    found=yes
  done <<END
$rows
END
  [ "$found" = yes ] || fail "dcmanager $2: the answer has no field $1"
}

# The number of a column, as $column; the script ends if it is missing.
find_column() { # NAME COMMAND
  split "$header"
  width=$count
  column=0
  found=no
  while IFS= read -r cell; do
    [ "$found" = yes ] || column=$((column + 1))
    [ "$cell" != "$1" ] || found=yes
  done <<END
$cells
END
  [ "$found" = yes ] || fail "dcmanager $2: the answer has no column $1"
}

# Cell number N of a row, as $value.
cell_of() { # ROW N COMMAND
  split "$1"
  [ "$count" -eq "$width" ] || fail "dcmanager $3: unexpected row '$1'"
  at=0
  while IFS= read -r cell; do
    at=$((at + 1))
    [ "$at" -ne "$2" ] || value=$cell
  done <<END
$cells
END
}

# The kube-rootca-update strategy: $state and $created; both empty only where dcmanager says that there is none.
read_strategy() {
  state=
  created=
  if ! ask kube-rootca-update-strategy show; then
    case $reason in
      *'Strategy of type'*'not found'* | *'Strategy not found'*) return 0 ;;
    esac
    fail "$reason"
  fi
  read_strategy_table show
}

read_strategy_table() { # COMMAND
  parse_table "kube-rootca-update-strategy $1"
  field 'strategy type' "kube-rootca-update-strategy $1"
  [ "$value" = kube-rootca-update ] || fail "dcmanager kube-rootca-update-strategy $1: unexpected strategy type '$value'"
  field state "kube-rootca-update-strategy $1"
  state=$value
  field created_at "kube-rootca-update-strategy $1"
  # Some answers have a T between day and time, others a space.
  created=${value%%[ T]*}T${value#*[ T]}
  case $state:$created in
    :* | *:*None* | *:T) fail "dcmanager kube-rootca-update-strategy $1: incomplete answer '$output'" ;;
  esac
}

# The steps of whatever strategy exists: $steps has a line SUBCLOUD|STATE|DETAILS for each; empty where there is none.
read_steps() {
  steps=
  ask strategy-step list || fail "$reason"
  parse_table 'strategy-step list'
  find_column cloud 'strategy-step list'
  cloud_at=$column
  find_column state 'strategy-step list'
  state_at=$column
  find_column details 'strategy-step list'
  details_at=$column
  [ -n "$rows" ] || fail "dcmanager strategy-step list: incomplete answer '$output'"
  while IFS= read -r row; do
    [ -n "$row" ] || continue
    cell_of "$row" "$cloud_at" 'strategy-step list'
    cloud=$value
    cell_of "$row" "$state_at" 'strategy-step list'
    step=$value
    cell_of "$row" "$details_at" 'strategy-step list'
    case $cloud in
      '<none>') continue ;;
      # The next line of the details before.
      '') steps="${steps%
} $value
" ;;
      *)
        [ -n "$step" ] || fail "dcmanager strategy-step list: incomplete row '$row'"
        steps="$steps$cloud|$step|$value
"
        ;;
    esac
  done <<END
$rows
END
}

# What the record holds: $recorded, the last strategy that was created here; $intended, was a creation begun without an
# answer; $complete, was a strategy complete; $deleted, was the last one deleted; $updated, the subclouds that were updated.
read_record() {
  recorded=
  intended=no
  complete=no
  deleted=no
  updated=
  [ -e "$record" ] || return 0
  [ -r "$record" ] || fail "$record cannot be read"
  while IFS=' ' read -r word rest; do
    case $word in
      creating) intended=yes ;;
      created)
        recorded=$rest
        intended=no
        deleted=no
        ;;
      complete) complete=yes ;;
      deleted) deleted=yes ;;
      updated) case " $updated " in *" $rest "*) ;; *) updated="$updated${updated:+ }$rest" ;; esac ;;
      '') ;;
      *) fail "$record: unexpected line '$word $rest'" ;;
    esac
  done <"$record"
}

write_record() { # WORD…
  printf '%s\n' "$*" >>"$record" || fail "$record cannot be written"
}

# Is the update over? Then no step is repeated.
is_over() {
  read_record
  [ "$complete" = yes ]
}

# Ends the script if a strategy exists that this package did not create.
only_ours() {
  read_strategy
  if [ -n "$state" ]; then
    [ "$created" = "$recorded" ] || "$1" "a kube-rootca-update strategy exists (state: $state, created at $created) that this package did not create. Only one strategy can exist at a time: wait until it is complete, then delete it (dcmanager kube-rootca-update-strategy delete). If this package created it on another controller, copy dcmanager.record from there"
    return 0
  fi
  read_steps
  [ -z "$steps" ] || "$1" "a strategy of another type exists (dcmanager strategy-step list shows '${steps%%
*}'). Only one strategy can exist at a time: wait until it is complete, then delete it"
}

# This package's strategy must exist.
our_strategy() {
  only_ours fail
  [ -n "$state" ] || fail 'the strategy does not exist: create it first (sh dcmanager.sh create …)'
}

# Reads the options of create: $target (all, group or subcloud), $of (its name), $force and $file.
read_options() { # OPTION…
  target=all
  of=
  force=no
  file=
  while [ "$#" -gt 0 ]; do
    case $1 in
      --force) force=yes ;;
      --stop-on-failure) ;;
      --group | --cert-file | --subject | --expiry-date | --subcloud-apply-type | --max-parallel-subclouds)
        [ "$#" -ge 2 ] || fail "$1 needs a value"
        case $1 in
          --group)
            target=group
            of=$2
            ;;
          --cert-file) file=$2 ;;
        esac
        shift
        ;;
      -*) fail "unknown option $1" ;;
      *)
        target=subcloud
        of=$1
        ;;
    esac
    shift
  done
}

# The names of the subclouds that the options select, as $names: one a line.
select_subclouds() {
  names=
  case $target in
    subcloud)
      names=$of
      return 0
      ;;
    group) set -- subcloud-group list-subclouds "$of" ;;
    all) set -- subcloud list ;;
  esac
  ask "$@" || fail "$reason"
  parse_table "$*"
  find_column name "$*"
  name_at=$column
  while IFS= read -r row; do
    [ -n "$row" ] || continue
    cell_of "$row" "$name_at" "$*"
    case $value in
      '<none>' | '') ;;
      *) names="$names$value
" ;;
    esac
  done <<END
$rows
END
  [ -n "$names" ] || fail "dcmanager $*: no subcloud"
}

# One subcloud: $management, $availability and $sync.
read_subcloud() { # NAME
  ask subcloud show "$1" || fail "$reason"
  parse_table "subcloud show $1"
  field name "subcloud show $1"
  [ "$value" = "$1" ] || fail "dcmanager subcloud show $1: unexpected answer for '$value'"
  field management "subcloud show $1"
  management=$value
  field availability "subcloud show $1"
  availability=$value
  field kube-rootca_sync_status "subcloud show $1"
  sync=$value
}

is_left_out() { # NAME
  case " ${AIRLOCK_LEAVE_OUT:-} " in *" $1 "*) return 0 ;; esac
  return 1
}

# The subclouds that dcmanager will update, as $expected: names with spaces between them. Each that it would skip or that
# makes it refuse the strategy is a line in $obstacles.
expect_subclouds() {
  select_subclouds
  expected=
  obstacles=
  while IFS= read -r name <&3; do
    [ -n "$name" ] || continue
    read_subcloud "$name"
    case $management:$availability:$sync:$force in
      managed:online:out-of-sync:* | managed:online:in-sync:yes) expected="$expected${expected:+ }$name" ;;
      managed:online:in-sync:no)
        [ "$target" != subcloud ] || obstacles="$name is in-sync, and dcmanager would not update it without --force
"
        ;;
      managed:online:*)
        obstacles="$obstacles$name: kube-rootca_sync_status is $sync; dcmanager creates no strategy until its audit knows it
"
        ;;
      *)
        is_left_out "$name" && [ "$target" != subcloud ] && continue
        obstacles="$obstacles$name is $management and $availability; dcmanager would leave it out. Repair it, or name it in AIRLOCK_LEAVE_OUT
"
        ;;
    esac
  done 3<<END
$names
END
  [ -n "$obstacles" ] || [ -n "$expected" ] || obstacles='every subcloud is in-sync, and dcmanager updates those only with --force
'
}

ready() { # OPTION…
  ! is_over || return 0
  read_options "$@"
  expect_subclouds
  [ -z "$obstacles" ] || not_ready "${obstacles%
}"
  [ "$check" = yes ] || say "dcmanager will update: $expected"
}

none() {
  read_record
  only_ours not_ready
  [ "$check" = no ] || return 0
  if [ -n "$state" ]; then
    say "only the strategy of this package exists (state: $state)"
  else
    say 'no strategy exists'
  fi
}

# What a subcloud would reject after hours is rejected here: one certificate and its key, unencrypted, PKCS#8 or RSA.
check_file() {
  [ -r "$file" ] || fail "$file does not exist or cannot be read"
  certificates=0
  keys=0
  while IFS= read -r text || [ -n "$text" ]; do
    case $text in
      '-----BEGIN CERTIFICATE-----'*) certificates=$((certificates + 1)) ;;
      '-----BEGIN PRIVATE KEY-----'* | '-----BEGIN RSA PRIVATE KEY-----'*) keys=$((keys + 1)) ;;
      '-----BEGIN EC PRIVATE KEY-----'*) fail "$file: StarlingX does not read EC PRIVATE KEY; convert the key to PKCS#8 (openssl pkcs8 -topk8 -nodes)" ;;
      *ENCRYPTED*) fail "$file: the private key is encrypted" ;;
    esac
  done <"$file"
  [ "$certificates:$keys" = 1:1 ] || fail "$file has $certificates certificates and $keys private keys; it needs one of each"
}

# Clients since 2026 have no --cert-file, some of 2024 no --force.
check_client() { # OPTION
  ask help kube-rootca-update-strategy create || fail "$reason"
  case $output in
    *"[$1"* | *"$1 "*) return 0 ;;
    *kube-rootca-update-strategy*--expiry-date*) fail "this release of dcmanager has no option $1 (dcmanager help kube-rootca-update-strategy create); leave it out" ;;
  esac
  fail "dcmanager help kube-rootca-update-strategy create: incomplete answer '$output'"
}

# After a failure or an abort, the strategy is created again for the rest: no subcloud is updated twice.
not_again() {
  [ -n "$updated" ] || return 0
  case $force:$target in
    yes:subcloud) return 0 ;;
    yes:*) fail "with --force dcmanager would update these again: $updated. Name the subcloud that is left" ;;
  esac
  for name in $updated; do
    read_subcloud "$name"
    [ "$sync" = in-sync ] || not_ready "$name is updated, but its kube-rootca_sync_status is still $sync, and dcmanager would update it again: run this again after dcmanager's audit"
  done
}

create() { # OPTION…
  ! is_over || return 0
  read_options "$@"
  if [ -n "$recorded" ] && [ "$deleted" = no ]; then
    only_ours fail
    [ -z "$state" ] || return 0
  fi
  [ "$check" = no ] || not_ready 'this package has not created a strategy'
  read_strategy
  if [ -n "$state" ] && [ "$intended" = yes ] && [ "$state" = initial ]; then
    # An earlier run ended before it had the answer; none had existed before it.
    write_record "created $created"
    say "the strategy exists (created at $created)"
    return 0
  fi
  recorded=
  only_ours fail
  not_again
  [ -z "$file" ] || check_file
  [ -z "$file" ] || check_client --cert-file
  [ "$force" = no ] || check_client --force
  write_record creating
  ask kube-rootca-update-strategy create "$@" || fail "$reason"
  read_strategy_table create
  read_strategy
  [ -n "$state" ] || fail 'dcmanager kube-rootca-update-strategy show: no strategy after it was created'
  write_record "created $created"
  say "created the strategy (state: $state, created at $created)"
}

has_step() { # SUBCLOUD
  case "
$steps" in
    *"
$1|"*) return 0 ;;
  esac
  return 1
}

verify() { # OPTION…
  ! is_over || return 0
  read_options "$@"
  our_strategy
  read_steps
  [ -n "$steps" ] || fail 'dcmanager strategy-step list: the strategy has no step'
  if [ "$state" = initial ]; then
    expect_subclouds
    for name in $expected; do
      has_step "$name" || not_ready "the strategy has no step for $name: delete the strategy, and create it again"
    done
    while IFS='|' read -r name _ <&3; do
      [ -z "$name" ] || case " $expected " in
        *" $name "*) ;;
        *) not_ready "the strategy has a step for $name, which the options do not select: delete the strategy, and create it again" ;;
      esac
    done 3<<END
$steps
END
  fi
  [ "$check" = yes ] || show_steps
}

show_steps() {
  while IFS='|' read -r cloud step details; do
    [ -z "$cloud" ] || say "$cloud: $step${details:+ ($details)}"
  done <<END
$steps
END
}

# The steps by what becomes of them: $waiting, $running, $done, $failed, $aborted; names with spaces between them.
sort_steps() {
  waiting=
  running=
  done=
  failed=
  aborted=
  while IFS='|' read -r cloud step details; do
    case $step in
      '') ;;
      initial) waiting="$waiting $cloud" ;;
      complete) done="$done $cloud" ;;
      failed) failed="$failed $cloud" ;;
      aborted) aborted="$aborted $cloud" ;;
      'kube rootca update pre check' | 'kube rootca update start' | 'kube rootca update upload cert' | 'creating vim kube rootca update strategy' | 'applying vim kube rootca update strategy')
        running="$running $cloud"
        ;;
      *) fail "dcmanager strategy-step list: unknown state '$step' of $cloud" ;;
    esac
  done <<END
$steps
END
}

# Remembers the subclouds that are updated: the strategy that says so is deleted later.
record_updated() {
  for name in $done; do
    case " $updated " in *" $name "*) ;; *)
      write_record "updated $name"
      updated="$updated $name"
      ;;
    esac
  done
}

report_failures() {
  while IFS='|' read -r cloud step details; do
    [ "$step" != failed ] || printf 'dcmanager: %s failed: %s. See: dcmanager strategy-step show %s; dcmanager subcloud errors %s; on %s: sw-manager kube-rootca-update-strategy show --details, system kube-rootca-update-show\n' "$cloud" "${details:-no details}" "$cloud" "$cloud" "$cloud" >&2
  done <<END
$steps
END
}

apply() {
  ! is_over || return 0
  our_strategy
  case $state in
    applying | complete) return 0 ;;
    initial) ;;
    *) fail "the strategy is $state; it can be applied only while it is initial" ;;
  esac
  [ "$check" = no ] || not_ready 'the strategy is not applied'
  ask kube-rootca-update-strategy apply || fail "$reason"
  read_strategy_table apply
  case $state in applying | complete) ;; *) fail "dcmanager kube-rootca-update-strategy apply: unexpected state '$state'" ;; esac
  say 'the strategy is applying'
}

pause() { # WHAT
  left=$((left - 10))
  [ "$left" -gt 0 ] || fail "time-out, not reached: $1; dcmanager shows the strategy as '$state' and: $steps"
  sleep "${AIRLOCK_PAUSE:-10}" || fail 'sleep failed'
}

follow() {
  ! is_over || return 0
  left=${AIRLOCK_TIMEOUT:-86400}
  shown=
  while :; do
    our_strategy
    read_steps
    sort_steps
    if [ "$check" = no ] && [ "$steps" != "$shown" ]; then
      show_steps
      shown=$steps
    fi
    case $state in
      complete)
        [ -n "$steps" ] || fail 'dcmanager strategy-step list: the strategy has no step'
        [ -n "$waiting$running$failed$aborted" ] || break
        ;;
      failed)
        if [ -z "$running" ]; then
          [ "$check" = yes ] || record_updated
          report_failures
          waiting=$waiting$aborted
          fail "the strategy failed on:$failed. Updated:${done:- none}. Not started:${waiting:- none}"
        fi
        ;;
      aborted)
        [ "$check" = yes ] || record_updated
        fail "the strategy was aborted. Updated:${done:- none}. Not started:${aborted:- none}. Delete it, and create it again for the rest"
        ;;
      initial) [ "$check" = yes ] || fail 'the strategy is not applied: sh dcmanager.sh apply' ;;
      applying | 'abort requested' | aborting) ;;
      *) fail "dcmanager kube-rootca-update-strategy show: unexpected state '$state'" ;;
    esac
    [ "$check" = no ] || not_ready "the strategy is $state, and these subclouds are not complete:$waiting$running$failed$aborted"
    pause 'every subcloud is complete'
  done
  [ "$check" = no ] || return 0
  record_updated
  write_record "complete $created"
  say "complete:$done"
}

abort() {
  read_record
  our_strategy
  if [ "$check" = no ]; then
    case $state in
      applying)
        ask kube-rootca-update-strategy abort || fail "$reason"
        read_strategy_table abort
        ;;
      initial) fail 'the strategy is not applied: delete it (sh dcmanager.sh delete)' ;;
    esac
  fi
  left=${AIRLOCK_TIMEOUT:-86400}
  while :; do
    read_steps
    sort_steps
    case $state in
      aborted | complete | failed) [ -n "$running" ] || break ;;
      applying | 'abort requested' | aborting) ;;
      *) fail "dcmanager kube-rootca-update-strategy show: unexpected state '$state'" ;;
    esac
    [ "$check" = no ] || not_ready "the strategy is $state; in progress:${running:- nothing}"
    pause 'the stage in progress is complete'
    our_strategy
  done
  [ "$check" = no ] || return 0
  record_updated
  report_failures
  say "the strategy is $state. Updated:${done:- none}. Not started:${aborted:- none}. Failed:${failed:- none}"
}

remove() {
  read_record
  if [ "$deleted" = no ]; then
    only_ours fail
  else
    read_strategy
  fi
  if [ "$check" = yes ]; then
    [ -z "$state" ] || [ "$created" != "$recorded" ] || not_ready "the strategy exists (state: $state)"
    [ "$complete" = yes ] || not_ready 'no strategy of this package was complete'
    return 0
  fi
  if [ -n "$state" ] && [ "$created" = "$recorded" ]; then
    left=${AIRLOCK_TIMEOUT:-86400}
    case $state in
      initial | complete | failed | aborted)
        ask kube-rootca-update-strategy delete || fail "$reason"
        read_strategy_table delete
        ;;
      deleting) ;;
      *) fail "the strategy is $state: wait until it ends (sh dcmanager.sh follow), or abort it (sh dcmanager.sh abort)" ;;
    esac
    while :; do
      read_strategy
      [ -n "$state" ] || break
      [ "$created" = "$recorded" ] || break
      [ "$state" = deleting ] || fail "dcmanager did not delete the strategy (state: $state)"
      steps=
      pause 'the strategy is deleted'
    done
    say 'deleted the strategy'
  fi
  [ -z "$recorded" ] || [ "$deleted" = yes ] || write_record "deleted $recorded"
}

in_sync() {
  read_record
  [ "$complete" = yes ] || not_ready 'no strategy of this package was complete'
  [ -n "$updated" ] || fail "$record names no subcloud that was updated"
  left=${AIRLOCK_TIMEOUT:-86400}
  for name in $updated; do
    while :; do
      read_subcloud "$name"
      [ "$sync" != in-sync ] || break
      [ "$check" = no ] || not_ready "$name: kube-rootca_sync_status is $sync"
      state=complete
      steps="$name: kube-rootca_sync_status is $sync"
      pause "$name is in-sync"
    done
    [ "$check" = yes ] || say "$name is in-sync"
  done
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

command -v dcmanager >/dev/null 2>&1 || fail 'there is no command dcmanager here: run this on the active controller of the system controller'
[ -n "${OS_AUTH_URL:-}" ] || fail 'run "source /etc/platform/openrc" first'
scratch=$(mktemp -d "${TMPDIR:-/tmp}/airlock.XXXXXX") || fail 'mktemp -d failed: no temporary folder'
[ -d "$scratch" ] || fail 'mktemp -d: empty answer'
trap 'status=$?; rm -rf -- "$scratch"; exit "$status"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

case $verb:$# in
  ready:*) ready "$@" ;;
  create:*) create "$@" ;;
  steps:*) verify "$@" ;;
  none:0) none ;;
  apply:0) apply ;;
  follow:0) follow ;;
  delete:0) remove ;;
  in-sync:0) in_sync ;;
  abort:0) abort ;;
  *)
    usage >&2
    exit 2
    ;;
esac
