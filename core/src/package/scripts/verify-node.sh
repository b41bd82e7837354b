# Logs of a node: static Pods (files below /var/log/pods, else crictl) and the kubelet (journal, else its file).
#
# AIRLOCK_KUBELET_LOG  the kubelet's log where it is not in the journal

pod_logs=/var/log/pods

# apply.sh verify: reads nothing but logs, changes nothing.
verify_part() {
  for tool in awk cat date id mktemp sed stat; do
    command -v "$tool" >/dev/null 2>&1 || fail "$tool is not installed on this machine"
  done
  ask id -u
  [ "$output" = 0 ] || fail 'run this as root'
  find_node_name
  [ -n "$node_name" ] || fail "sed finds no node name in the kubelet's client certificate or in $kubelet_conf: run this again with --node NAME"
  [ "$kind" != node ] || [ "$node_name" = "$holder" ] ||
    fail "this machine is the node $node_name, and this folder is for $holder; if it is $holder, run this again with --node $holder"
  if [ "$kind" != workers ]; then
    for name in $components; do
      [ -e "$manifests/$name.yaml" ] || fail "$manifests/$name.yaml does not exist: is this a control-plane node?"
    done
  fi
  find_beginning
  verify_logs read_node
}

# When this phase began on this machine, by the log of runs; what was undone does not count. Where a tool of the platform's
# changes the machine: when it wrote a file last.
find_beginning() {
  began=
  if [ -e "$journal/$package/log" ]; then
    run awk -F '\t' -v "phase=$phase" '$4 == phase { if (first == "") first = $1; if ($6 == "end" && $7 == "undo") first = "" } END { print "<" first ">" }' "$journal/$package/log"
    case $output in
      '<'*'>') ;;
      *) fail "awk $journal/$package/log: empty answer" ;;
    esac
    output=${output#<}
    began=${output%>}
  fi
  if [ -n "$began" ]; then
    seconds_of "$began"
    began=$seconds
    return 0
  fi
  for file in $tool_writes; do
    [ -e "$file" ] || continue
    ask stat -L -c %Y "$file"
    [ "$output" -le "${began:-0}" ] || began=$output
  done
  [ -z "$began" ] || return 0
  # A node that joined meanwhile, or that had nothing to change.
  reads_last_hour
  say "no run of phase $phase on this machine: reading the last hour of its logs"
}

read_node() {
  for manifest in "$manifests"/*.yaml; do
    [ -e "$manifest" ] || continue
    name=${manifest##*/}
    read_static_pod "${name%.yaml}"
  done
  read_kubelet
}

read_static_pod() { # NAME
  read_pod "$1"
  component=$1
  case $component in
    kube-apiserver | kube-controller-manager | kube-scheduler | etcd) ;;
    *) component=pod ;;
  esac
  first=
  has_older=no
  for log in "$pod_logs/${pod_namespace}_$pod-${node_name}_"*/*/*.log*; do
    [ -e "$log" ] || continue
    case $log in *.tmp) continue ;; esac
    ask stat -L -c %Y "$log"
    # A file that was written last before the phase, and before the two minutes, shows only that the log reaches back so far.
    if [ "$output" -lt "$began" ] && [ "$output" -lt "$((now - quiet))" ]; then
      has_older=yes
      continue
    fi
    read_file "$1" "$component" "$log"
  done
  if [ -z "$first" ] && [ "$has_older" = no ]; then
    read_containers "$1" "$component"
  fi
  [ "$has_older" = yes ] || covers "$1" "${first:--1}"
  read_sources="$read_sources $1"
}

# The kubelet compresses files that it has moved away.
read_file() { # SOURCE COMPONENT FILE
  case $3 in
    *.gz)
      run_to "$scratch/gzip" gzip -dc -- "$3"
      scan "$1" "$2" "$scratch/gzip"
      ;;
    *) scan "$1" "$2" "$3" ;;
  esac
  [ "$oldest" -lt 0 ] || [ "${first:-$oldest}" -lt "$oldest" ] || first=$oldest
}

read_containers() { # NAME COMPONENT
  command -v crictl >/dev/null 2>&1 || fail "$1: there is no log of the static Pod below $pod_logs, and crictl is not installed"
  run crictl ps --all --quiet --label "io.kubernetes.pod.name=$pod-$node_name" --label "io.kubernetes.pod.namespace=$pod_namespace"
  containers=$output
  [ -n "$containers" ] || fail "$1: crictl ps shows no container of the static Pod, and there is no log below $pod_logs"
  for container in $containers; do
    # It writes to both streams what the container wrote to each.
    { crictl logs --timestamps "$container" >"$scratch/crictl-logs" 2>&1 9>&-; } || {
      status=$?
      run tail -n 1 "$scratch/crictl-logs"
      fail "$1: crictl logs $container: $output (exit status $status)"
    }
    [ -s "$scratch/crictl-logs" ] || fail "$1: crictl logs $container: empty answer"
    read_file "$1" "$2" "$scratch/crictl-logs"
  done
}

read_kubelet() {
  first=
  journal_says=
  silent_since=-
  if [ -n "${AIRLOCK_KUBELET_LOG:-}" ]; then
    [ -e "$AIRLOCK_KUBELET_LOG" ] || fail "the log of the kubelet, $AIRLOCK_KUBELET_LOG, does not exist"
    kubelet_log=$AIRLOCK_KUBELET_LOG
  elif has_journal; then
    kubelet_log=$scratch/journalctl
  else
    kubelet_log=
    for log in /var/log/kubelet.log /var/log/kubelet/kubelet.log; do
      [ ! -e "$log" ] || kubelet_log=$log
    done
    [ -n "$kubelet_log" ] || fail "no log of the kubelet: $journal_says, and there is no /var/log/kubelet.log; set AIRLOCK_KUBELET_LOG to its file"
  fi
  read_file kubelet kubelet "$kubelet_log"
  last_line=$newest
  [ "$silent_since" = - ] || [ "$last_line" -lt "$silent_since" ] || fail 'journalctl --unit=kubelet: empty answer, though it has later lines'
  covers kubelet "${first:--1}"
  # A process always writes when it starts: a log that ends before is another one's.
  kubelet_start
  [ "$last_line" -ge "$((started_at - 5))" ] || fail "$kubelet_log ends $((started_at - last_line)) s before the kubelet started: it is not the log of the kubelet that runs"
  read_sources="$read_sources kubelet"
}

# The kubelet's lines since the phase began, or its last one, as $scratch/journalctl; $silent_since is set
# where that line is all.
has_journal() {
  command -v journalctl >/dev/null 2>&1 || {
    journal_says='journalctl is not installed'
    return 1
  }
  from=$began
  [ "$from" -lt "$((now - 600))" ] || from=$((now - 600))
  for lines in "--since=@$from" --lines=1; do
    { journalctl --unit=kubelet "$lines" --output=short-unix --no-pager --quiet >"$scratch/journalctl" 9>&-; } 2>"$scratch/errors" || {
      status=$?
      read_errors
      journal_says="journalctl --unit=kubelet: ${reason:-no message} (exit status $status)"
      return 1
    }
    [ ! -s "$scratch/journalctl" ] || return 0
    silent_since=$from
  done
  silent_since=-
  journal_says='journalctl --unit=kubelet: empty answer'
  return 1
}

# When the running kubelet started, as $started_at.
kubelet_start() {
  # It may be between two starts.
  tries=10
  until see_kubelet && [ -n "$instances" ]; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail 'no process of the kubelet runs on this machine, as far as readlink /proc/PID/ns/net shows'
    pause_between
  done
  # By its age: the time of day may have been set since the machine started.
  ask sed 's/[. ].*//' /proc/uptime
  uptime=$output
  started_at=0
  for one in $instances; do
    # Clock ticks since the machine started, of which Linux shows 100 a second.
    one=$((now - uptime + ${one#*.} / 100))
    [ "$one" -le "$started_at" ] || started_at=$one
  done
}
