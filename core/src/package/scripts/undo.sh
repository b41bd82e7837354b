# Going back, the status, and which of all that this run is.

# Lines of a file in the opposite order, as $reversed.
reverse() { # FILE
  reversed=
  while IFS= read -r text; do
    reversed="$text
$reversed"
  done <"$1" || fail "$1 cannot be read"
}

# Files are restored in the opposite order, byte for byte, with owner, mode and labels.
undo_node() {
  next=$state/phase-$((phase + 1))
  [ ! -e "$next/list" ] || fail "undo phase $((phase + 1)) first"
  # A worker that joined in this phase may have a renewed certificate and no changed file.
  before_undo
  if [ ! -e "$work/list" ]; then
    # A removal that was interrupted is completed.
    run rm -rf -- "$state/.undone-$phase"
    tidy "$state"
    say "phase $phase has nothing to undo here"
    return 0
  fi
  # Restarts of an earlier run count for nothing: what they read is about to change.
  begin
  write_file "$work/pending" undo
  reverse "$work/list"
  while IFS= read -r target; do
    [ -z "$target" ] || restore "$target"
  done <<END
$reversed
END
  restarts
  # From one moment to the next there is nothing to undo; an interrupted removal is completed by the next run.
  run mv -f -- "$work" "$state/.undone-$phase"
  run rm -rf -- "$state/.undone-$phase"
  tidy "$state"
  say "phase $phase is undone here"
}

undo_kubelet_part() {
  kubelet
  [ ! -d "$work" ] || run mv -f -- "$work" "$kubelet_state/.undone-$phase"
  run rm -rf -- "$kubelet_state/.undone-$phase"
  tidy "$kubelet_state"
}

restore() { # TARGET
  copy=$work/backup$1
  hash_of "$1"
  before_hash=$hash
  if [ -e "$copy.absent" ]; then
    run rm -f -- "$1"
  elif [ -L "$copy" ]; then
    run cp -a -- "$copy" "${1%/*}/.${1##*/}.airlock"
    run mv -fT -- "${1%/*}/.${1##*/}.airlock" "$1"
  elif [ -e "$copy" ]; then
    resolve "$1"
    beside=${real%/*}/.${real##*/}.airlock
    run cp -a -- "$copy" "$beside"
    flush "$beside"
    run mv -f -- "$beside" "$real"
  else
    # Interrupted before there was a copy, and so before anything changed.
    return 0
  fi
  flush "${1%/*}"
  hash_of "$1"
  record restore "$1" "$before_hash" "$hash" ok
  say "restored $1"
}

dry_undo() {
  next=$state/phase-$((phase + 1))
  [ ! -e "$next/list" ] || fail "undo phase $((phase + 1)) first"
  [ ! -e "$saved/complete" ] || say "would give the kubelet its old certificate again, and restart it"
  [ ! -e "$saved_serving/complete" ] || say "would give the kubelet its old serving certificate again, and restart it"
  if [ "$part" = kubelet ] || [ ! -e "$work/list" ]; then
    [ "$part" = kubelet ] || say "phase $phase has nothing to undo here"
    return 0
  fi
  reverse "$work/list"
  while IFS= read -r target; do
    [ -z "$target" ] || say "would restore $target"
  done <<END
$reversed
END
  would_change=yes
  action=dry-run
  restarts
}

print_status() {
  for number in 1 2 3; do
    folder=$state/phase-$number
    if [ ! -e "$folder/list" ]; then
      say "phase $number: no file changed on this machine"
    elif [ -e "$folder/pending" ]; then
      say "phase $number: begun, not complete"
    else
      say "phase $number: complete"
    fi
  done
  for parked in "$state"/parked-*.yaml; do
    [ ! -e "$parked" ] || say "$parked is out of $manifests: run apply.sh of the phase that is not complete"
  done
  [ ! -e "$saved/complete" ] || say "the kubelet's certificate was renewed in phase 2; its old one is kept"
  for kept in "$journal/$package"/backup-*; do
    [ ! -e "$kept/SHA256SUMS" ] || say "backup: $kept"
  done
  if [ -e "$journal/$package/log" ]; then
    say "log of all runs: $journal/$package/log"
    run cat -- "$journal/$package/log"
    printf '%s\n' "$output"
  else
    say "no run has changed this machine"
  fi
}

# Pods that were restarted by the person.
accept_restarts() {
  for one in $by_hand; do
    [ -e "$work/pending" ] || continue
    write_file "$work/restarted-$one" ''
    record restart "$one" - - 'by hand'
  done
}

main() {
  trap at_exit EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  make_scratch
  ask readlink /proc/self/ns/net
  own_network=$output
  if [ "$part" = verify ]; then
    verify_part
    [ "$missing" = no ]
    return
  fi
  case $action in
    apply | undo)
      lock
      unpark || exit 1
      accept_restarts
      ;;
  esac
  case $action in
    apply | dry-run) preflight ;;
    check) find_node_name ;;
  esac
  case $action in
    status) print_status ;;
    undo) if [ "$part" = node ]; then undo_node; else undo_kubelet_part; fi ;;
    dry-undo) dry_undo ;;
    check) "$part" ;;
    apply | dry-run)
      wanted_action=$action
      action=verify
      "$part"
      action=$wanted_action
      "$part"
      ;;
  esac
  case $action-$part in
    apply-node) finish && say "phase $phase is complete here" ;;
    apply-backup) say "the backup of this node is complete: $backup" ;;
    apply-kubelet) finish && say "phase $phase is complete for the kubelet" ;;
    dry-run-*) say 'ready; nothing was changed' ;;
  esac
  [ "$missing" = no ]
}
