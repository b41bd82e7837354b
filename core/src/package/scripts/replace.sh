# Workers are replaced by machines that join with the new CA, instead of being reconfigured.

# Workers as lines "NAME|CREATED|READY" in $value.
read_workers() {
  need_value '{range .items[*]}{.metadata.name}{"|"}{.metadata.creationTimestamp}{"|"}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' \
    get nodes -l '!node-role.kubernetes.io/control-plane,!node-role.kubernetes.io/master'
}

# When this phase's cluster-info was applied, as $joins_since: what joined before knows the old CA as well.
read_joins_since() {
  need_value '{.metadata.managedFields[?(@.manager=="airlock")].time}' -n kube-public get configmap cluster-info
  joins_since=0
  for time in $value; do
    time_number "$time"
    [ "$number" -le "$joins_since" ] || joins_since=$number
  done
  [ "$joins_since" -gt 0 ] || fail 'cluster-info was not written by this package: complete step cluster-info first'
}

# Workers that joined before, as $old_workers, and whether one that joined afterwards is Ready, as $has_new.
sort_workers() {
  read_joins_since
  read_workers
  old_workers=
  has_new=no
  while IFS='|' read -r name created ready; do
    [ -n "$name" ] || continue
    time_number "$created"
    [ "$number" -gt 0 ] || fail "node $name has no creationTimestamp"
    if [ "$number" -le "$joins_since" ]; then
      old_workers="$old_workers$name
"
    elif [ "$ready" = True ]; then
      has_new=yes
    fi
  done <<END
$value
END
}

is_old_worker() { # NAME
  has_line "
$old_workers" "$1"
}

# A kubelet that still runs would register its Node again, with the old CA.
machine_is_off() { # NAME
  if read_value '{.status.conditions[?(@.type=="Ready")].status}' get node "$1"; then :; else
    # The cloud provider may have deleted the Node with its machine.
    case $? in 3) return 0 ;; *) return 1 ;; esac
  fi
  reason="node $1 is still Ready"
  [ "$value" != True ]
}

# Is there a Node to remove? Fails where it must stay.
is_to_be_removed() { # NAME
  if read_value '{.metadata.name}' get node "$1"; then :; else
    case $? in
      3)
        [ "$action" = verify ] || say "there is no Node $1: an earlier run has removed it, or the name is misspelt"
        return 1
        ;;
      *) fail "$reason" ;;
    esac
  fi
  is_old_worker "$1" || fail "$1 is not a worker that joined before step cluster-info; nothing was removed"
  [ "$has_new" = yes ] || fail "no worker that joined after step cluster-info is Ready: add machines first; nothing was removed"
}

# The drain uses the eviction API: PodDisruptionBudgets hold it back.
remove_worker() { # NAME
  is_to_be_removed "$1" || return 0
  changed=yes
  run kubectl drain "$1" --ignore-daemonsets --delete-emptydir-data "--timeout=${limit}s"
  case $output in *drained*) ;; *) fail "kubectl drain $1: unexpected answer '$output'" ;; esac
  say "drained $1; delete its machine now, or run kubeadm reset on it"
  wait_until "the machine $1 is off (its Node is not Ready)" machine_is_off "$1"
  change delete node "$1" --ignore-not-found --wait=false --output=name
  say "deleted the Node $1"
}

replace_workers() {
  case $action in
    undo | dry-undo) return 0 ;;
    verify)
      can patch nodes
      can delete nodes
      can create pods/eviction
      [ -n "$removed" ] || return 0
      ;;
  esac
  sort_workers
  for one in $removed; do
    case $action in
      verify) is_to_be_removed "$one" || : ;;
      dry-run) ! is_to_be_removed "$one" || say "would drain $one, and delete its Node once its machine is off" ;;
      apply) remove_worker "$one" ;;
    esac
  done
  [ "$action" != verify ] || return 0
  [ -z "$removed" ] || sort_workers
  for one in $old_workers; do
    case $action in
      dry-run | list) say "would have $one replaced" ;;
      *) not_ready "worker $one joined before step cluster-info: add a machine for it, then remove it (--remove $one)" ;;
    esac
  done
}
