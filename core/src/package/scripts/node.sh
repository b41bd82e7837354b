# The steps of a node: which files change, in which order, and what restarts.
#
# Every change is verified before the first one is made, backed up, written to a dot file in the same folder and renamed.
# A second run changes nothing; an interrupted run can be repeated. State: /etc/kubernetes/.airlock; log: /var/lib/airlock.
#
# AIRLOCK_RESTART_KUBELET  the command that restarts the kubelet (systemctl restart kubelet)
# AIRLOCK_KUBELET_LOG      the kubelet's log, for verify, where it is not in the journal
# AIRLOCK_TIMEOUT          how long each wait may take, in seconds (300)

usage() {
  cat <<END
usage: apply.sh [backup | kubelet] [--dry-run | --check | --undo | --status] [--node NAME] [--restarted POD]…
       apply.sh verify [--check] [--node NAME] [--exclude PATTERN]…

Carries out phase $phase of $package on this machine ($holder).

  backup           only the backup, where this phase begins with one: an archive of this node's configuration and keys,
                   and a snapshot of etcd that is verified by restoring it
  kubelet          only the kubelet's own client certificate; after this phase's apply.sh without it
  verify           reads the logs of this node's static Pods and kubelet, prints the TLS errors since the phase began, and waits
                   until there was none for two minutes and everything has run for two minutes; with --check it does not wait
  check-ready      the same as --dry-run
  --dry-run        verifies everything that a run verifies, lists what it would change and restart; changes nothing
  --check          exit status 0 if this phase is complete here, otherwise what is missing
  --undo           restores every file of this phase and restarts what read it
  --dry-run --undo lists what --undo would restore; changes nothing
  --status         where this machine stands, and the log of all runs
  --node NAME      this machine is the node NAME, whatever its kubelet's certificate says
  --restarted POD  you have restarted this static Pod yourself
  --etcd-backed-up WHERE
                   you have taken a snapshot of etcd and restored it yourself; WHERE says where it is
  --exclude PATTERN verify: not the static Pod that matches this shell pattern, such as 'haproxy', nor errors of a component
                   with a peer (COMPONENT/PEER), such as 'kubelet/192.0.2.7'
  --help           this text
END
}

wrong_usage() { # TEXT
  printf '%s\n' "$1" >&2
  usage >&2
  exit 2
}

state=/etc/kubernetes/.airlock/$package
kubelet_state=/var/lib/kubelet/.airlock/$package
journal=/var/lib/airlock
pki=/var/lib/kubelet/pki
etc=/etc/kubernetes
kubelet_conf=$etc/kubelet.conf
manifests=$etc/manifests
limit=${AIRLOCK_TIMEOUT:-300}
part=${only_part:-node}
excluded=
action=apply
node_name=
given_name=
by_hand=
etcd_elsewhere=
would_change=no
seen_by=
before=

set_action() { # ACTION
  case $action-$1 in
    apply-*) action=$1 ;;
    "$1-$1") ;;
    dry-run-undo | undo-dry-run) action=dry-undo ;;
    *) wrong_usage "--$action and --$1 exclude each other" ;;
  esac
}

while [ "$#" -gt 0 ]; do
  case $1 in
    backup | kubelet | verify) part=$1 ;;
    check-ready | --dry-run) set_action dry-run ;;
    --check) set_action check ;;
    --undo) set_action undo ;;
    status | --status) set_action status ;;
    --node | --restarted | --etcd-backed-up | --exclude)
      { [ "$#" -ge 2 ] && [ -n "$2" ]; } || wrong_usage "$1 needs a value"
      case $1 in
        --node) given_name=$2 ;;
        --restarted) by_hand="$by_hand $2" ;;
        --etcd-backed-up) etcd_elsewhere=$2 ;;
        --exclude)
          excluded="$excluded$2
"
          ;;
      esac
      shift
      ;;
    help | --help | -h) usage && exit 0 ;;
    *) wrong_usage "unknown word: $1" ;;
  esac
  shift
done

[ "$part" = "${only_part:-$part}" ] || wrong_usage "this script only reads logs: apply.sh verify"
case $part-$action in
  backup-undo | backup-dry-undo) wrong_usage 'a backup is not undone' ;;
  verify-check) ;;
  verify-apply) action=await ;;
  verify-*) wrong_usage 'verify takes --check, --node and --exclude' ;;
esac
work=$state/phase-$phase
[ "$part" != kubelet ] || work=$kubelet_state/phase-$phase

# Whatever ends the script: no manifest stays outside the kubelet's folder, and the log has the result.
at_exit() {
  status=$?
  trap - EXIT HUP INT TERM
  set +e
  case $action in
    apply | undo)
      unpark || status=1
      [ "${locked:-no}" = no ] || record end "$action" - - "exit status $status"
      ;;
  esac
  unlock
  remove_scratch
  exit "$status"
}

make_folder() { # FOLDER
  [ -d "$1" ] || run mkdir -p -- "$1"
}

write_file() { # FILE TEXT
  { printf '%s' "$2" >"$1"; } 2>"$scratch/errors" || fail_command "$?" "write $1"
}

# A line of the log: time (UTC), user, package, phase, part, action, object, SHA-256 before and after, result.
record() { # ACTION OBJECT BEFORE AFTER RESULT
  now_utc=$(date -u +%Y-%m-%dT%H:%M:%SZ) || now_utc=unknown-time
  { printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$now_utc" "${SUDO_USER:-${USER:-${LOGNAME:-uid $(id -u)}}}" "$package" "$phase" "$part" "$@" >>"$journal/$package/log"; } 2>/dev/null ||
    printf '%s: FAILED: %s cannot be written\n' "$holder" "$journal/$package/log" >&2
}

# One run at a time on a node, of any package. The lock ends with the process, also where it is killed.
lock() {
  make_folder "$journal/$package"
  if command -v flock >/dev/null 2>&1; then
    { : >>"$journal/lock"; } 2>"$scratch/errors" || fail_command "$?" "write $journal/lock"
    exec 9>>"$journal/lock"
    # The children of a run that was killed keep the lock until they have ended, too.
    tries=10
    until flock -n 9 2>"$scratch/errors"; do
      tries=$((tries - 1))
      [ "$tries" -gt 0 ] || {
        read_errors
        fail "another run of an apply.sh is active on this machine, or flock failed: $(cat "$journal/lock" 2>/dev/null) ${reason:-}; wait until it ends"
      }
      pause_between
    done
    printf 'process %s' "$$" >"$journal/lock" || fail "$journal/lock cannot be written"
  else
    lock_folder
  fi
  locked=yes
}

lock_folder() {
  if ! mkdir -- "$journal/lock.d" 2>/dev/null; then
    owner=$(cat "$journal/lock.d/pid" 2>/dev/null) || owner=
    # The process and its start, so that a number that is used again does not count.
    if [ -n "$owner" ] && instance "${owner%%.*}" && [ "$owner" = "${owner%%.*}.$started" ]; then
      fail "another run of an apply.sh is active on this machine (process ${owner%%.*}); wait until it ends"
    fi
    run rm -rf -- "$journal/lock.d"
    run mkdir -- "$journal/lock.d"
  fi
  instance "$$" || fail "/proc/$$/stat cannot be read"
  write_file "$journal/lock.d/pid" "$$.$started"
  lock_is_folder=yes
}

unlock() {
  [ "${lock_is_folder:-no}" = no ] || rm -rf -- "$journal/lock.d"
}

# The first certificate of a PEM text, as hexadecimal digits in $hex.
certificate_hex() { # TEXT
  hex=
  rest=${1#*-----BEGIN CERTIFICATE-----}
  [ "$rest" != "$1" ] || return 0
  base64=$(printf %s "${rest%%-----END*}" | tr -d ' \r\n' 2>"$scratch/errors") || fail_command "$?" tr
  [ -n "$base64" ] || fail 'tr: empty answer'
  printf %s "$base64" | base64 -d >"$scratch/certificate" 2>"$scratch/errors" || fail_command "$?" base64 -d
  [ -s "$scratch/certificate" ] || fail 'base64 -d: empty answer'
  ask od -An -v -tx1 "$scratch/certificate"
  # shellcheck disable=SC2086 # bytes
  set -- $output
  IFS=
  hex=$*
  IFS=' 	
'
  base64=${base64%%=*}
  # Three bytes, six digits, from four characters; one or two bytes from the last two or three.
  bytes=$((${#base64} * 3 / 4))
  [ "${#hex}" -eq $((bytes * 2)) ] || fail 'od or base64 -d: incomplete answer'
}

# The name in the kubelet's client certificate, as $node_name; empty where there is none.
find_node_name() {
  [ -z "$node_name" ] || return 0
  node_name=$given_name
  [ -z "$node_name" ] || return 0
  kubelet_certificate
  certificate_hex "$pem"
  # "system:node:" after its length
  start=${hex%%73797374656d3a6e6f64653a*}
  if [ -n "$hex" ] && [ "$start" != "$hex" ]; then
    length=${start#"${start%??}"}
    rest=${hex#*73797374656d3a6e6f64653a}
    length=$((0x$length - 12))
    while [ "$length" -gt 0 ]; do
      digits=${rest%"${rest#??}"}
      rest=${rest#??}
      length=$((length - 1))
      # shellcheck disable=SC2059 # the format is the character
      node_name=$node_name$(printf "\\$(printf %o "0x$digits")")
    done
  elif [ -e "$kubelet_conf" ]; then
    run sed -n 's/^ *user: *system:node://p' "$kubelet_conf"
    node_name=${output%%
*}
  fi
}

# What the kubelet presents, as $pem: its own file, or what kubelet.conf embeds.
kubelet_certificate() {
  if [ -s "$pki/kubelet-client-current.pem" ]; then
    run sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' "$pki/kubelet-client-current.pem"
    pem=$output
  else
    embedded_certificate "$kubelet_conf"
  fi
}

# The client certificate that a kubeconfig embeds, as $pem.
embedded_certificate() { # KUBECONFIG
  pem=
  [ -e "$1" ] || return 0
  run sed -n '/^ *client-certificate-data:/{s/^ *client-certificate-data: *//;s/["'\'']//g;p;q;}' "$1"
  [ -z "$output" ] || decode "$output"
  pem=$output
}

# Is it signed by the CA with these marks: its issuer's name and, where it has one, its authority key identifier?
issued_by() { # MARKS PEM
  certificate_hex "$2"
  for mark in $1; do
    case $hex in *"$mark"*) return 0 ;; esac
  done
  return 1
}

# Everything that a run needs, before it changes anything.
preflight() {
  for tool in base64 cat chmod chown cp date df find id mkdir mktemp mv od readlink rm rmdir sed sha256sum sleep sort stat sync tr $needs; do
    command -v "$tool" >/dev/null 2>&1 || fail "$tool is not installed on this machine; nothing was changed"
  done
  ask id -u
  [ "$output" = 0 ] || fail 'run this as root; nothing was changed'
  [ -e "$kubelet_conf" ] || fail "$kubelet_conf does not exist: this machine is not a node of the cluster; nothing was changed"
  find_node_name
  [ -n "$node_name" ] || fail "the kubelet's client certificate does not show this node's name: run this again with --node NAME; nothing was changed"
  case $kind in
    node) [ "$node_name" = "$holder" ] || fail "this machine is the node $node_name, and this folder is for $holder; if it is $holder, run this again with --node $holder; nothing was changed" ;;
    workers)
      { [ ! -e "$manifests/kube-controller-manager.yaml" ] && [ ! -e "$manifests/kube-apiserver.yaml" ]; } ||
        fail "this machine is a control-plane node: its script is in the folder control-plane; nothing was changed"
      ;;
  esac
  for folder in "$etc" /var/lib/kubelet; do
    { [ -d "$folder" ] && [ -w "$folder" ]; } || fail "$folder cannot be written; nothing was changed"
    ask df -Pk "$folder"
    # shellcheck disable=SC2086 # columns
    set -- ${output##*
}
    case ${4:-} in
      '' | *[!0-9]*) fail "df -Pk $folder: unexpected answer '$output'" ;;
    esac
    [ "$4" -ge 10240 ] || fail "$folder has $4 KiB free, 10240 are needed; nothing was changed"
  done
  ask date +%s
  { [ "$output" -ge "$valid_from" ] && [ "$output" -lt "$valid_until" ]; } ||
    fail "this machine's clock ($output s since 1970) is outside the validity of the new certificates ($valid_from to $valid_until); nothing was changed"
  # What an interrupted run left half-done may keep the API server from being ready.
  if [ -n "$own_api" ] && [ ! -e "$work/pending" ]; then
    answers --kubeconfig "$own_api" || fail "this node's API server is not ready: $reason; nothing was changed"
  fi
}

# What must restart after the first change must restart even if this run is interrupted after it. A change also makes
# earlier restarts insufficient.
begin() {
  changed=yes
  make_folder "$work/backup"
  for marker in "$work"/restarted-*; do
    [ ! -e "$marker" ] || run rm -f -- "$marker"
  done
  [ -e "$work/pending" ] || write_file "$work/pending" apply
}

# A link stays a link: its target changes.
resolve() { # FILE
  real=$1
  [ -L "$1" ] || return 0
  ask readlink -f -- "$1"
  real=$output
  [ -e "$real" ] || fail "$1 is a link to $real, which does not exist"
}

# The list comes first: it may name a file that has no copy yet, and never lacks one that has.
back_up() { # TARGET
  copy=$work/backup$1
  [ ! -e "$copy" ] && [ ! -L "$copy" ] && [ ! -e "$copy.absent" ] || return 0
  { printf '%s\n' "$1" >>"$work/list"; } 2>"$scratch/errors" || fail_command "$?" "write $work/list"
  make_folder "${copy%/*}"
  if [ -e "$1" ] || [ -L "$1" ]; then
    [ "${2:-}" = link ] || resolve "$1"
    [ "${2:-}" != link ] || real=$1
    run cp -a -- "$real" "$copy.part"
    run mv -f -- "$copy.part" "$copy"
  else
    write_file "$copy.absent" ''
  fi
}

# What a new file takes owner, mode and labels from: the file of its kind in the same folder.
find_model() { # FILE
  case $1 in
    */kubelet-client-*.pem) model=$pki/kubelet-client-current.pem ;;
    *.crt) model=${1%/*}/ca.crt ;;
    *.key) model=${1%/*}/ca.key ;;
    *.yaml) model=$manifests/kube-apiserver.yaml ;;
    *) model= ;;
  esac
  [ -n "$model" ] && [ -e "$model" ]
}

flush() { # PATH
  # Without support for a single file, everything is written.
  sync "$1" 2>/dev/null || sync || fail "sync $1 failed"
}

# Owner, mode, labels and other attributes stay as they are; MODE is for a new file without a model.
move_in() { # FILE MODE TARGET
  resolve "$3"
  make_folder "${real%/*}"
  beside=${real%/*}/.${real##*/}.airlock
  run rm -f -- "$beside"
  if [ -e "$real" ]; then
    run cp -a -- "$real" "$beside"
  elif find_model "$real"; then
    run cp -aL -- "$model" "$beside"
  else
    write_file "$beside" ''
    run chmod "$2" "$beside"
    ask stat -c %u:%g "${real%/*}"
    run chown "$output" "$beside"
  fi
  { cat -- "$1" >"$beside"; } 2>"$scratch/errors" || fail_command "$?" "cat $1 >$beside"
  hash_of "$1"
  expected_hash=$hash
  hash_of "$beside"
  [ "$hash" = "$expected_hash" ] || fail "cat $1 >$beside: the copy is not complete"
  flush "$beside"
  run mv -f -- "$beside" "$real"
  flush "${real%/*}"
}

# A file becomes the package's.
put() { # TARGET MODE NEW OLD…
  target=$1
  file_mode=$2
  new=$3
  shift 3
  hash_of "$target"
  now=$hash
  [ "$now" != "$new" ] || return 0
  case $action in
    undo) return 0 ;;
    check) not_ready "$target is not this phase's"; return 0 ;;
    verify)
      among "$now" "$@" || fail "$target is not the file that this package was made for (SHA-256 $now); nothing was changed"
      hash_of "$here$target"
      [ "$hash" = "$new" ] || fail "$here$target is damaged (SHA-256 $hash); unpack the package again; nothing was changed"
      return 0
      ;;
    dry-run) would "write $target"; return 0 ;;
  esac
  begin
  back_up "$target"
  move_in "$here$target" "$file_mode" "$target"
  record write "$target" "$now" "$new" ok
  say "wrote $target"
}

would() { # TEXT
  would_change=yes
  say "would $1"
}

# A manifest that the package was not made from: only this flag changes.
put_flag() { # NAME FLAG OLD NEW
  manifest=$manifests/$1.yaml
  flag=$2
  old=$3
  new=$4
  [ -e "$manifest" ] || fail "$manifest does not exist: is this a control-plane node of kubeadm?"
  run sed -n "/^ *- --$flag=/{s|^ *- --$flag=||;s/[\"']//g;p;q;}" "$manifest"
  now=$output
  # Without a key on the node there is nothing to sign with, and nothing to change.
  [ -n "$now" ] || return 0
  if [ "$now" = "$new" ]; then
    await_flag "$1" "--$flag=$new"
    return 0
  fi
  case $action in
    check) not_ready "$manifest does not have --$flag=$new"; return 0 ;;
    verify)
      [ "$now" = "$old" ] || fail "$manifest has --$flag=$now instead of $old; nothing was changed"
      return 0
      ;;
    dry-run) would "set --$flag=$new in $manifest"; return 0 ;;
  esac
  begin
  back_up "$manifest"
  hash_of "$manifest"
  before_hash=$hash
  run_to "$work/manifest" sed "s|--$flag=$old|--$flag=$new|" "$manifest"
  move_in "$work/manifest" 600 "$manifest"
  run rm -f -- "$work/manifest"
  record write "$manifest" "$before_hash" "$hash" ok
  say "set --$flag=$new in $manifest"
  await_flag "$1" "--$flag=$new"
}

take_away() { # TARGET
  [ -e "$1" ] || [ -L "$1" ] || return 0
  case $action in
    check) not_ready "$1 still exists" ;;
    dry-run) would "remove $1" ;;
    apply)
      begin
      back_up "$1" link
      hash_of "$1"
      run rm -f -- "$1"
      record remove "$1" "$hash" absent ok
      say "removed $1"
      ;;
  esac
}

await_flag() { # NAME FLAG
  case $action in
    check) runs_with_flag "$1" "$2" || not_ready "$1 does not run with $2" ;;
    apply)
      wait_until "$1 runs with $2" runs_with_flag "$1" "$2"
      reached "$1 runs with $2"
      ;;
  esac
}

# With two certificates in this file kube-controller-manager ends when it becomes leader, and not before.
signs_with_one() { # FILE
  case $action in check | apply) ;; *) return 0 ;; esac
  if [ ! -e "$1" ]; then
    [ "$action" = check ] || fail "$1 does not exist; kube-controller-manager signs with exactly one certificate"
    not_ready "$1 does not exist"
    return 0
  fi
  ask cat -- "$1"
  count_certificates "$output"
  [ "$count" -eq 1 ] || fail "$1 contains $count certificates; kube-controller-manager signs with exactly one"
}

# What an interrupted run was writing, keys among it.
sweep() {
  for rest in "$work/manifest" "$work/kubeconfig" "$work/kubeadm.log" "$work/stage" "$state"/.undone-* "$kubelet_state"/.undone-* \
    "$kubelet_state/before-renewal/embedded.conf" "$kubelet_state/before-renewal/settled.conf"; do
    [ ! -e "$rest" ] || run rm -rf -- "$rest"
  done
}

finish() {
  sweep
  [ -d "$work" ] || return 0
  for marker in "$work"/restarted-* "$work/pending"; do
    [ ! -e "$marker" ] || run rm -f -- "$marker"
  done
}

# Nothing stays behind once there is nothing left to undo.
tidy() { # FOLDER
  rmdir -- "$1" 2>/dev/null || return 0
  rmdir -- "${1%/*}" 2>/dev/null || return 0
}

await_api() { # yes|no WHAT KUBECTL ARGUMENT…
  question=answers
  [ "$1" = yes ] || question=refuses
  meaning=$2
  shift 2
  case $action in
    check) "$question" "$@" || not_ready "$meaning: $reason" ;;
    apply)
      wait_until "$meaning" "$question" "$@"
      reached "$meaning"
      ;;
  esac
}

await_answer() { # WHAT KUBECTL ARGUMENT…
  await_api yes "$@"
}

await_refusal() { # WHAT KUBECTL ARGUMENT…
  await_api no "$@"
}

# Where there is no credential to test with: an API server reads its files at least once a minute.
has_settled() { # FILE
  ask stat -c %Z "$1"
  changed_at=$output
  ask date +%s
  [ "$((output - changed_at))" -ge 75 ]
}

await_settled() { # FILE
  case $action in
    check) has_settled "$1" || not_ready "$1 changed less than 75 seconds ago" ;;
    apply)
      wait_until "$1 unchanged for 75 seconds" has_settled "$1"
      reached "$1 unchanged for 75 seconds"
      ;;
  esac
}

# With the credential that this node had before phase 2; a machine that came later never had one.
await_old_refused() { # KUBECONFIG FILE
  old_credential=$state/phase-2/backup$1
  if [ -e "$old_credential" ]; then
    await_refusal 'its API server refuses credentials of the old CA' --kubeconfig "$old_credential"
  else
    await_settled "$2"
  fi
}

# The CA data of a kubeconfig, as $data; empty where it names a file.
ca_data() { # KUBECONFIG
  run sed -n 's/^ *certificate-authority-data: *//p' "$1"
  case $output in
    *'
'*) fail "$1 has several clusters, so that its CA data is ambiguous; nothing was changed" ;;
  esac
  data=$output
}

# The kubeconfig with another CA; every other byte stays.
with_ca_data() { # KUBECONFIG BUNDLE OUTPUT
  ask base64 -w0 "$2"
  run_to "$3" sed "s|^\\( *certificate-authority-data: *\\).*|\\1$output|" "$1"
}

put_ca_data() { # KUBECONFIG BUNDLE OLD…
  kubeconfig=$1
  bundle=$2
  shift 2
  [ -e "$kubeconfig" ] || fail "$kubeconfig does not exist: is this a node of the cluster?"
  ca_data "$kubeconfig"
  # A kubeconfig that names the file follows the file.
  [ -n "$data" ] || return 0
  ask cat -- "$bundle"
  hash_unwrapped "$output" "$bundle"
  wanted=$hash
  ask tr -d "\"'" <<END
$data
END
  decode "$output"
  hash_unwrapped "$output" "the CA data in $kubeconfig"
  [ "$hash" != "$wanted" ] || return 0
  case $action in
    check) not_ready "the CA data in $kubeconfig is not this phase's"; return 0 ;;
    verify)
      among "$hash" "$@" || fail "the CA data in $kubeconfig is not what this package was made for; nothing was changed"
      return 0
      ;;
    dry-run) would "change the CA data in $kubeconfig"; return 0 ;;
  esac
  begin
  back_up "$kubeconfig"
  hash_of "$kubeconfig"
  before_hash=$hash
  with_ca_data "$kubeconfig" "$bundle" "$work/kubeconfig"
  move_in "$work/kubeconfig" 600 "$kubeconfig"
  run rm -f -- "$work/kubeconfig"
  record write "$kubeconfig" "$before_hash" "$hash" ok
  say "changed the CA data in $kubeconfig"
}

put_ca() { # BUNDLE TARGET SUM OLD…
  bundle=$1
  target=$2
  whole=$3
  shift 3
  now=absent
  if [ -e "$target" ]; then
    ask cat -- "$target"
    hash_unwrapped "$output" "$target"
    now=$hash
  fi
  ask cat -- "$bundle"
  hash_unwrapped "$output" "$bundle"
  [ "$now" != "$hash" ] || return 0
  case $action in
    check) not_ready "$target is not this phase's"; return 0 ;;
    verify)
      among "$now" "$@" || fail "$target is not the file that this package was made for; nothing was changed"
      hash_of "$bundle"
      [ "$hash" = "$whole" ] || fail "$bundle is damaged (SHA-256 $hash); unpack the package again; nothing was changed"
      return 0
      ;;
    dry-run) would "write $target"; return 0 ;;
  esac
  begin
  back_up "$target"
  hash_of "$target"
  before_hash=$hash
  move_in "$bundle" 644 "$target"
  record write "$target" "$before_hash" "$whole" ok
  say "wrote $target"
}
