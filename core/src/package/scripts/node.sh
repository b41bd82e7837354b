# What follows is the same in every script for a node.
#
# It checks what it brings and what it finds, backs up, writes beside under a dot name and renames,
# restarts only what has to be, and waits until the change has taken effect. Run twice, it does
# nothing the second time; killed anywhere, it can be run again.
#
#   apply.sh [kubelet] [--dry-run | --check | --undo]
#
# AIRLOCK_RESTART_KUBELET  the command that restarts the kubelet (systemctl restart kubelet)
# AIRLOCK_TIMEOUT          how long to wait for each effect, in seconds (300)

set -eu
umask 077
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck disable=SC2034 # not every script looks at other folders
root=$(CDPATH='' cd -- "$here/$up" && pwd)
state=/etc/kubernetes/.airlock/$package
kubelet_state=/var/lib/kubelet/.airlock/$package
pki=/var/lib/kubelet/pki
etc=/etc/kubernetes
kubelet_conf=$etc/kubelet.conf
manifests=$etc/manifests
limit=${AIRLOCK_TIMEOUT:-300}
own_network=$(readlink /proc/self/ns/net)

part=node
action=apply
for argument; do
  case $argument in
    kubelet) part=kubelet ;;
    --dry-run) action=dry-run ;;
    --check) action=check ;;
    --undo) action=undo ;;
    *)
      echo "usage: apply.sh [kubelet] [--dry-run | --check | --undo]" >&2
      exit 2
      ;;
  esac
done

work=$state/phase-$phase
[ "$part" = node ] || work=$kubelet_state/phase-$phase

sum() {
  if [ -e "$1" ]; then
    sha256sum <"$1" | cut -d' ' -f1
  else
    echo absent
  fi
}

# PEM and base64 mean the same however they are wrapped.
sum_unwrapped() {
  tr -d ' \t\r\n' | sha256sum | cut -d' ' -f1
}

among() { # FOUND EXPECTED…
  found=$1
  shift
  for expected; do
    case $expected in
      any | "$found") return 0 ;;
    esac
  done
  return 1
}

# A component's processes on this node: those in its network.
pids() { # NAME
  name=$(printf '%.15s' "$1")
  for process in /proc/[0-9]*; do
    comm=
    read -r comm 2>/dev/null <"$process/comm" || continue
    [ "$comm" = "$name" ] || continue
    [ "$(readlink "$process/ns/net" 2>/dev/null)" = "$own_network" ] || continue
    echo "${process#/proc/}"
  done
}

gone() { # PID…
  for pid; do
    [ ! -d "/proc/$pid" ] || return 1
  done
}

# Exactly one process that was not there before, alive for a moment.
replaced() { # NAME PID…
  name_wanted=$1
  shift
  gone "$@" || return 1
  first=$(pids "$name_wanted")
  case $first in
    '' | *[!0-9]*) return 1 ;;
  esac
  sleep 2
  [ "$first" = "$(pids "$name_wanted")" ]
}

runs_with_flag() { # NAME FLAG
  for pid in $(pids "$1"); do
    case " $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") " in
      *" $2 "*) return 0 ;;
    esac
  done
  return 1
}

# Something is about to change: what has to restart afterwards has to restart even if this run is cut short.
begin() {
  changed=yes
  mkdir -p "$work/backup"
  : >"$work/pending"
}

# The list comes first: it may name a file that has no copy yet, and never lacks one that has.
back_up() { # TARGET
  copy=$work/backup$1
  [ ! -e "$copy" ] && [ ! -e "$copy.absent" ] || return 0
  printf '%s\n' "$1" >>"$work/list"
  mkdir -p "$(dirname -- "$copy")"
  if [ -e "$1" ]; then
    cp -p -- "$1" "$copy.part"
    mv -f -- "$copy.part" "$copy"
  else
    : >"$copy.absent"
  fi
}

move_in() { # FILE MODE TARGET
  beside=$(dirname -- "$3")/.$(basename -- "$3").airlock
  mkdir -p "$(dirname -- "$3")"
  cp -- "$1" "$beside"
  chmod "$2" "$beside"
  chown 0:0 "$beside"
  mv -f -- "$beside" "$3"
}

# The node's own copy becomes the package's.
put() { # TARGET MODE NEW OLD…
  target=$1
  file_mode=$2
  new=$3
  shift 3
  now=$(sum "$target")
  if [ "$now" = "$new" ]; then
    return 0
  fi
  case $action in
    check) unmet "$target is not this phase's"; return 0 ;;
    verify)
      among "$now" "$@" || stop "$target is not what this package was made for (SHA-256 $now); nothing was changed"
      [ "$(sum "$here$target")" = "$new" ] || stop "$here$target is damaged; unpack the package again; nothing was changed"
      return 0
      ;;
    dry-run) say "would write $target"; return 0 ;;
  esac
  begin
  back_up "$target"
  move_in "$here$target" "$file_mode" "$target"
  say "wrote $target"
}

# A manifest that nobody has seen: only this flag changes.
put_flag() { # NAME FLAG OLD NEW
  manifest=$manifests/$1.yaml
  flag=$2
  old=$3
  new=$4
  [ -e "$manifest" ] || stop "$manifest is not there; is this a control-plane node of kubeadm's?"
  now=$(sed -n "s|^ *- --$flag=||p" "$manifest" | tr -d "\"'" | sed 1q)
  # Without a key on the node there is nothing to sign with, and nothing to change.
  [ -n "$now" ] || return 0
  if [ "$now" = "$new" ]; then
    await_flag "$1" "--$flag=$new"
    return 0
  fi
  case $action in
    check) unmet "$manifest does not say --$flag=$new"; return 0 ;;
    verify)
      [ "$now" = "$old" ] || stop "$manifest says --$flag=$now, not $old; nothing was changed"
      return 0
      ;;
    dry-run) say "would set --$flag=$new in $manifest"; return 0 ;;
  esac
  begin
  back_up "$manifest"
  sed "s|--$flag=$old|--$flag=$new|" "$manifest" >"$work/manifest"
  move_in "$work/manifest" "$(stat -c %a "$manifest")" "$manifest"
  rm -f -- "$work/manifest"
  say "set --$flag=$new in $manifest"
  await_flag "$1" "--$flag=$new"
}

take_away() { # TARGET
  [ -e "$1" ] || return 0
  case $action in
    check) unmet "$1 is still there" ;;
    dry-run) say "would remove $1" ;;
    apply)
      begin
      back_up "$1"
      rm -f -- "$1"
      say "removed $1"
      ;;
  esac
}

# A manifest is renamed into place under the kubelet's eyes: what counts is the process that runs.
await_flag() { # NAME FLAG
  case $action in
    check) runs_with_flag "$1" "$2" || unmet "$1 does not run with $2" ;;
    apply)
      wait_until "$1 runs with $2" runs_with_flag "$1" "$2"
      came_true "$1 runs with $2"
      ;;
  esac
}

# A bundle here kills the controller-manager in the moment when it becomes leader, and not before.
signs_with_one() { # FILE
  case $action in check | apply) ;; *) return 0 ;; esac
  count=$(sed -n '/-----BEGIN CERTIFICATE-----/p' "$1" 2>/dev/null | wc -l)
  [ "$count" -eq 1 ] || stop "$1 holds $count certificates; kube-controller-manager signs with exactly one"
}

restart_pod() { # NAME
  before=$(pids "$1")
  mkdir -p "$state"
  mv -f -- "$manifests/$1.yaml" "$state/parked-$1.yaml"
  # shellcheck disable=SC2086 # several pids
  wait_until "$1 has stopped" gone $before
  mv -f -- "$state/parked-$1.yaml" "$manifests/$1.yaml"
  # shellcheck disable=SC2086 # several pids
  wait_until "$1 runs again" replaced "$1" $before
}

restart_kubelet() {
  before=$(pids kubelet)
  sh -c "${AIRLOCK_RESTART_KUBELET:-systemctl restart kubelet}"
  # shellcheck disable=SC2086 # several pids
  wait_until "the kubelet runs again" replaced kubelet $before
  [ ! -d "$work" ] || : >"$work/restarted-kubelet"
}

# Whatever was parked when an earlier run was cut short goes back first.
unpark() {
  for parked in "$state"/parked-*.yaml; do
    [ -e "$parked" ] || continue
    name=$(basename -- "$parked" .yaml)
    mv -f -- "$parked" "$manifests/${name#parked-}.yaml"
  done
}

restart() { # NAME
  [ -e "$work/pending" ] && [ ! -e "$work/restarted-$1" ] || return 0
  case $action in apply | undo) ;; *) return 0 ;; esac
  case $1 in
    kubelet) restart_kubelet ;;
    *) restart_pod "$1" ;;
  esac
  : >"$work/restarted-$1"
  say "restarted $1"
}

# What an earlier run was writing when it was cut short, keys among it.
sweep() {
  [ ! -d "$work" ] || rm -f -- "$work/manifest" "$work/ca-data.sed" "$work/kubeconfig" "$work/reversed" "$work/kubeadm.log"
  rm -rf -- "$work/stage"
  kept=$kubelet_state/before-renewal
  [ ! -d "$kept" ] || rm -f -- "$kept/credential.sed" "$kept/embedded.conf" "$kept/settled.conf"
}

finish() {
  sweep
  [ -d "$work" ] || return 0
  rm -f -- "$work"/restarted-* "$work/pending"
}

# Nothing stays behind once nothing is left to undo.
tidy() { # FOLDER
  rmdir -- "$1" 2>/dev/null || return 0
  rmdir -- "$(dirname -- "$1")" 2>/dev/null || return 0
}

answers() { # KUBECTL ARGUMENTS…
  kubectl --request-timeout=10s "$@" get --raw=/readyz >/dev/null 2>&1
}

await_answer() { # WHAT KUBECTL ARGUMENTS…
  meaning=$1
  shift
  case $action in
    check) answers "$@" || unmet "$meaning" ;;
    apply)
      wait_until "$meaning" answers "$@"
      came_true "$meaning"
      ;;
  esac
}

refuses() { # KUBECTL ARGUMENTS…
  ! answers "$@"
}

await_refusal() { # WHAT KUBECTL ARGUMENTS…
  meaning=$1
  shift
  case $action in
    check) refuses "$@" || unmet "$meaning" ;;
    apply)
      wait_until "$meaning" refuses "$@"
      came_true "$meaning"
      ;;
  esac
}

# Where there is no credential to try it with: an API server looks at its files at least once a minute.
has_settled() { # FILE
  [ "$(($(date +%s) - $(stat -c %Z "$1")))" -ge 75 ]
}

await_settled() { # FILE
  case $action in
    check) has_settled "$1" || unmet "$1 changed less than 75 seconds ago" ;;
    apply)
      wait_until "$1 has not changed for 75 seconds" has_settled "$1"
      came_true "$1 has not changed for 75 seconds"
      ;;
  esac
}

# Trust in a kubeconfig that nobody has seen: only the CA data changes, every other byte stays.
ca_data() { # KUBECONFIG
  sed -n 's/^ *certificate-authority-data: *//p' "$1"
}

with_ca_data() { # KUBECONFIG BUNDLE
  printf 's|^\\( *certificate-authority-data: *\\).*|\\1%s|\n' "$(base64 -w0 <"$2")" >"$work/ca-data.sed"
  sed -f "$work/ca-data.sed" "$1"
  rm -f -- "$work/ca-data.sed"
}

put_ca_data() { # KUBECONFIG BUNDLE OLD…
  kubeconfig=$1
  bundle=$2
  shift 2
  [ -e "$kubeconfig" ] || stop "$kubeconfig is not there; is this a node of the cluster?"
  data=$(ca_data "$kubeconfig")
  # A kubeconfig that names the file follows the file.
  [ -n "$data" ] || return 0
  [ "$(printf '%s\n' "$data" | wc -l)" -eq 1 ] || stop "$kubeconfig names several clusters, so nobody can tell here which is this one; nothing was changed"
  now=$(printf %s "$data" | tr -d "\"'" | base64 -d | sum_unwrapped)
  [ "$now" != "$(sum_unwrapped <"$bundle")" ] || return 0
  case $action in
    check) unmet "the CA data in $kubeconfig is not this phase's"; return 0 ;;
    verify)
      among "$now" "$@" || stop "the CA data in $kubeconfig is not what this package was made for; nothing was changed"
      return 0
      ;;
    dry-run) say "would change the CA data in $kubeconfig"; return 0 ;;
  esac
  begin
  back_up "$kubeconfig"
  with_ca_data "$kubeconfig" "$bundle" >"$work/kubeconfig"
  move_in "$work/kubeconfig" 600 "$kubeconfig"
  rm -f -- "$work/kubeconfig"
  say "changed the CA data in $kubeconfig"
}

put_ca() { # BUNDLE TARGET SUM OLD…
  bundle=$1
  target=$2
  whole=$3
  shift 3
  now=absent
  [ ! -e "$target" ] || now=$(sum_unwrapped <"$target")
  [ "$now" != "$(sum_unwrapped <"$bundle")" ] || return 0
  case $action in
    check) unmet "$target is not this phase's"; return 0 ;;
    verify)
      among "$now" "$@" || stop "$target is not what this package was made for; nothing was changed"
      [ "$(sum "$bundle")" = "$whole" ] || stop "$bundle is damaged; unpack the package again; nothing was changed"
      return 0
      ;;
    dry-run) say "would write $target"; return 0 ;;
  esac
  begin
  back_up "$target"
  move_in "$bundle" 644 "$target"
  say "wrote $target"
}

# In a certificate stand its issuer's name and, where whoever signed wrote it, the identifier of the issuer's key.
issued_by() { # MARKS, in hexadecimal digits; on standard input: PEM
  bytes=$(sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' | sed '/-----/d' | base64 -d 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
  for mark in $1; do
    case $bytes in
      *"$mark"*) return 0 ;;
    esac
  done
  return 1
}

issued_by_new() { # on standard input: PEM
  issued_by "$new_ca"
}

# The client certificate that a kubeconfig embeds.
embedded_certificate() { # KUBECONFIG
  sed -n 's/^ *client-certificate-data: *//p' "$1" | sed 1q | tr -d "\"'" | base64 -d 2>/dev/null
}

# Is what kubeadm calls NAME signed by the CA with these marks? FOLDER is laid out as /etc/kubernetes.
is_of() { # MARKS NAME FOLDER
  case $2 in
    *.conf) embedded_certificate "$3/$2" | issued_by "$1" ;;
    *) issued_by "$1" <"$3/pki/$2.crt" ;;
  esac
}

# kubeadm signs with the first CA of ca.crt and the key beside it, on a copy of the node's files: what it is cut short in, and
# the kubeconfigs that it narrows to that CA, nobody reads. The key comes first, so that a new certificate has it beside it.
renew_on_node() { # MARKS BUNDLE NAME…
  authority=$1
  bundle=$2
  shift 2
  left=
  for name; do
    case $name in
      *.conf) [ -e "$etc/$name" ] || continue ;;
      *) [ -e "$etc/pki/$name.crt" ] || stop "$etc/pki/$name.crt is not there; is this a control-plane node of kubeadm's?" ;;
    esac
    is_of "$authority" "$name" "$etc" || left="$left $name"
  done
  [ -n "$left" ] || return 0
  case $action in
    check) unmet "not signed by the new CA yet:$left"; return 0 ;;
    verify)
      for program in kubeadm kubectl unshare; do
        command -v "$program" >/dev/null || stop "$program is not on this node, which makes its own certificates with kubeadm; nothing was changed"
      done
      [ -e "$etc/admin.conf" ] || stop "$etc/admin.conf is not there, with which kubeadm reads the cluster's configuration; nothing was changed"
      return 0
      ;;
    dry-run) say "would have kubeadm renew$left"; return 0 ;;
  esac
  begin
  stage=$work/stage
  rm -rf -- "$stage"
  mkdir -p "$stage"
  cp -aL -- "$etc/pki" "$etc"/*.conf "$stage/"
  # It reads the cluster's configuration each time, and could not any more with the one that it has narrowed.
  cp -p -- "$etc/admin.conf" "$stage/.reader.conf"
  # shellcheck disable=SC2016,SC2086 # the other shell expands it; several names
  unshare --mount sh -euc 'mount --make-rprivate /
    mount --bind "$1" "$2"
    etc=$2
    shift 2
    for name; do kubeadm certs renew "$name" --kubeconfig "$etc/.reader.conf"; done' sh "$stage" "$etc" $left >"$work/kubeadm.log" 2>&1 ||
    stop "kubeadm: $(tail -n 3 "$work/kubeadm.log")"
  ! grep -q 'Falling back to default' "$work/kubeadm.log" || stop "kubeadm could not read the cluster's configuration with $etc/admin.conf"
  for name in $left; do
    is_of "$authority" "$name" "$stage" || stop "kubeadm did not sign $name with the new CA"
    case $name in
      *.conf)
        with_ca_data "$stage/$name" "$bundle" >"$stage/.$name"
        back_up "$etc/$name"
        move_in "$stage/.$name" 600 "$etc/$name"
        ;;
      *)
        back_up "$etc/pki/$name.key"
        back_up "$etc/pki/$name.crt"
        move_in "$stage/pki/$name.key" 600 "$etc/pki/$name.key"
        move_in "$stage/pki/$name.crt" 644 "$etc/pki/$name.crt"
        ;;
    esac
    say "renewed $name"
  done
  rm -rf -- "$stage" "$work/kubeadm.log"
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

# What the kubelet presents: its own file, or what kubelet.conf embeds.
presents_new() {
  if [ -s "$pki/kubelet-client-current.pem" ]; then
    issued_by_new <"$pki/kubelet-client-current.pem"
  else
    embedded_certificate "$kubelet_conf" | issued_by_new
  fi
}

# A kubelet that still presents the old CA's certificate dies silently in phase 3, forty seconds later.
renewed_first() {
  case $action in verify | check) presents_new || stop "this kubelet still presents a certificate of the old CA: phase 2 comes first; nothing was changed" ;; esac
}

with_files() { # KUBECONFIG: the user's credential is the kubelet's own file
  sed -e "s|^\\( *\\)client-certificate\\(-data\\)\\{0,1\\}:.*|\\1client-certificate: $pki/kubelet-client-current.pem|" \
    -e "s|^\\( *\\)client-key\\(-data\\)\\{0,1\\}:.*|\\1client-key: $pki/kubelet-client-current.pem|" "$1"
}

with_data() { # KUBECONFIG PEM: the user's credential is embedded
  credential=$(base64 -w0 <"$2")
  # Written by the shell itself: as an argument, the key could be seen in the list of processes.
  printf 's|^\\( *\\)client-certificate\\(-data\\)\\{0,1\\}:.*|\\1client-certificate-data: %s|\ns|^\\( *\\)client-key\\(-data\\)\\{0,1\\}:.*|\\1client-key-data: %s|\n' \
    "$credential" "$credential" >"$saved/credential.sed"
  sed -f "$saved/credential.sed" "$1"
  rm -f -- "$saved/credential.sed"
}

# Afterwards kubelet.conf is as the package has it; where the package never saw it, it names the kubelet's own file.
settle_kubelet_conf() {
  if [ "$unseen" = yes ]; then
    with_files "$saved/kubelet.conf" >"$saved/settled.conf"
  else
    cp -- "$saved/kubelet.conf" "$saved/settled.conf"
  fi
  [ "$(sum "$saved/settled.conf")" = "$(sum "$kubelet_conf")" ] || move_in "$saved/settled.conf" 600 "$kubelet_conf"
  rm -f -- "$saved/settled.conf"
}

restore_kubelet() {
  rm -f -- "$pki"/kubelet-client-*.pem
  # File by file: a copy of the folder would bring that folder's mode.
  cp -a -- "$saved"/pki/* "$pki/"
  move_in "$saved/kubelet.conf" 600 "$kubelet_conf"
  restart_kubelet
}

# What is half gone must not be taken for a whole copy.
forget_renewal() {
  rm -f -- "$saved/complete"
  rm -rf -- "$saved"
  tidy "$kubelet_state"
}

# The kubelet asks for a certificate as itself: its present credential goes into kubelet.conf, its files
# go away, and it renews at once. No key leaves the node.
renew_kubelet() {
  current=$pki/kubelet-client-current.pem
  saved=$kubelet_state/before-renewal
  case $action in
    check)
      presents_new || unmet "the kubelet's certificate is not signed by the new CA"
      return 0
      ;;
    verify) return 0 ;;
    undo)
      if [ ! -e "$saved/complete" ]; then
        say "the kubelet has nothing to undo"
        return 0
      fi
      restore_kubelet
      forget_renewal
      say "the kubelet has its old certificate again"
      return 0
      ;;
  esac
  if presents_new; then
    if [ -e "$saved/complete" ]; then
      settle_kubelet_conf
    elif [ ! -s "$current" ] && [ ! -e "$kubelet_state/restarted" ] && [ "$action" = apply ]; then
      # kubelet.conf embeds the credential, and this phase has replaced it.
      mkdir -p "$kubelet_state"
      restart_kubelet
      : >"$kubelet_state/restarted"
    fi
    return 0
  fi
  if [ "$action" = dry-run ]; then
    say "would have the kubelet renew its certificate"
    return 0
  fi
  if [ ! -e "$saved/complete" ]; then
    [ -s "$current" ] || stop "$current is not there, so the kubelet cannot renew itself; make the package with --kubelet-certs mint"
    rm -rf -- "$saved"
    mkdir -p "$saved/pki"
    cp -a -- "$pki"/kubelet-client-*.pem "$saved/pki/"
    cp -L -- "$current" "$saved/current.pem"
    cp -p -- "$kubelet_conf" "$saved/kubelet.conf"
    : >"$saved/complete"
  fi
  with_data "$saved/kubelet.conf" "$saved/current.pem" >"$saved/embedded.conf"
  move_in "$saved/embedded.conf" 600 "$kubelet_conf"
  rm -f -- "$saved/embedded.conf" "$pki"/kubelet-client-*.pem
  restart_kubelet
  tries=$limit
  until [ -s "$current" ] && issued_by_new <"$current"; do
    tries=$((tries - 1))
    if [ "$tries" -le 0 ]; then
      restore_kubelet
      forget_renewal
      stop "no certificate of the new CA came within $limit seconds; the kubelet has its old one again"
    fi
    sleep 1
  done
  settle_kubelet_conf
  say "the kubelet renewed its certificate under the new CA"
}

# A certificate that came with the package: the link moves, then the kubelet restarts.
install_kubelet() { # FILE
  current=$pki/kubelet-client-current.pem
  saved=$kubelet_state/before-renewal
  case $action in
    check) [ "$(readlink "$current" 2>/dev/null)" = "$pki/$1" ] || unmet "$current does not point to $1"; return 0 ;;
    verify) return 0 ;;
    undo) renew_kubelet; return 0 ;;
  esac
  [ "$(readlink "$current" 2>/dev/null)" != "$pki/$1" ] || [ -e "$work/pending" ] || return 0
  if [ "$action" = dry-run ]; then
    say "would point $current to $1"
    return 0
  fi
  if [ ! -e "$saved/complete" ]; then
    rm -rf -- "$saved"
    mkdir -p "$saved/pki"
    for file in "$pki"/kubelet-client-*.pem; do
      [ ! -e "$file" ] || [ "$file" = "$pki/$1" ] || cp -a -- "$file" "$saved/pki/"
    done
    cp -p -- "$kubelet_conf" "$saved/kubelet.conf"
    : >"$saved/complete"
  fi
  ln -sfn -- "$pki/$1" "$pki/.kubelet-client-current.airlock"
  mv -fT -- "$pki/.kubelet-client-current.airlock" "$current"
  restart_kubelet
  say "pointed $current to $1"
}

# Files go back in the opposite order, byte for byte.
undo() {
  next=$state/phase-$((phase + 1))
  [ ! -e "$next/list" ] || stop "undo phase $((phase + 1)) first"
  # A worker that joined in this phase may have a renewed certificate and not one changed file.
  before_undo
  if [ ! -e "$work/list" ]; then
    say "phase $phase has nothing to undo here"
    return 0
  fi
  rm -f -- "$work"/restarted-*
  : >"$work/pending"
  tac "$work/list" >"$work/reversed"
  while IFS= read -r target; do
    copy=$work/backup$target
    if [ -e "$copy.absent" ]; then
      rm -f -- "$target"
    elif [ ! -e "$copy" ]; then
      # Cut short before there was a copy, and so before anything changed.
      continue
    else
      beside=$(dirname -- "$target")/.$(basename -- "$target").airlock
      cp -p -- "$copy" "$beside"
      mv -f -- "$beside" "$target"
    fi
    say "restored $target"
  done <"$work/reversed"
  restarts
  rm -f -- "$work/list"
  rm -rf -- "$work"
  tidy "$state"
}

missing=no
case $action in apply | undo) unpark ;; esac
case $part-$action in
  node-apply)
    action=verify
    node
    action=apply
    node
    finish
    say "phase $phase is done here"
    ;;
  node-undo) undo ;;
  node-*) node ;;
  kubelet-apply)
    action=verify
    kubelet
    action=apply
    kubelet
    finish
    say "phase $phase is done for the kubelet"
    ;;
  kubelet-*) kubelet ;;
esac
[ "$missing" = no ]
