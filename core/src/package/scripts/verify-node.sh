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
      [ -e "$manifests/$name.yaml" ] || [ -e "$manifests/$name.yml" ] || [ -e "$manifests/$name.json" ] || fail "$manifests/$name.yaml does not exist: is this a control-plane node?"
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

# The kubelet takes every file whose name does not begin with a dot for a static Pod, whatever its extension
# (kubernetes/kubernetes: pkg/kubelet/config/file.go, extractFromDir).
read_node() {
  for manifest in "$manifests"/*; do
    [ -f "$manifest" ] || continue
    name=${manifest##*/}
    for extension in yaml yml json; do
      name=${name%."$extension"}
    done
    is_excluded "$name" || read_static_pod "$name" "$manifest"
  done
  read_kubelet
}

# The containers of a manifest in block style, as $pod_containers: a line "NAME PROGRAM" each. PROGRAM is the base name of
# the first word of `command`, or - where the image decides.
# shellcheck disable=SC2016 # awk's own variables
container_reader='
function clean(text) {
  sub(/ +#.*/, "", text)
  gsub(/[]["\047]/, "", text)
  sub(/,.*/, "", text)
  gsub(/^ +| +$/, "", text)
  return text
}
function program_of(text) {
  text = clean(text)
  sub(/.*\//, "", text)
  return text
}
function after_colon(text) {
  sub(/^[^:]*: */, "", text)
  return clean(text)
}
function print_container() {
  if (name != "") print name " " (program == "" ? "-" : program)
  name = program = ""
}
{
  sub(/\r$/, "")
  match($0, /^ */)
  depth = RLENGTH
  rest = substr($0, depth + 1)
}
rest == "" || rest ~ /^#/ { next }
!within {
  if (rest ~ /^containers: *$/) {
    within = 1
    key = depth
    item = fields = -1
  }
  next
}
depth < key || (depth == key && rest !~ /^- /) {
  within = 0
  next
}
item < 0 { item = depth }
depth == item && match(rest, /^- +/) {
  print_container()
  depth += RLENGTH
  fields = depth
  rest = substr(rest, RLENGTH + 1)
  wants = 0
}
wants && rest ~ /^- / { program = program_of(substr(rest, 3)) }
{ wants = 0 }
depth == fields && rest ~ /^name:/ { name = after_colon(rest) }
depth == fields && rest ~ /^command:/ {
  program = program_of(after_colon(rest))
  wants = program == ""
}
END {
  print_container()
  print "end"
}
'

read_manifest() { # NAME FILE
  pod_manifest=$2
  read_names "$1"
  read_flags "$1"
  run awk "$container_reader" "$pod_manifest"
  case $output in
    end) pod_containers= ;;
    *'
end') pod_containers=${output%end} ;;
    *) fail "awk $pod_manifest: incomplete answer '$output'" ;;
  esac
}

read_static_pod() { # NAME FILE
  read_manifest "$1" "$2"
  component=static-pod
  case $pod in
    cloud-controller-manager | *-cloud-controller-manager) component=cloud-controller-manager ;;
  esac
  case $1 in
    kube-apiserver | kube-controller-manager | kube-scheduler | etcd) component=$1 ;;
  esac
  see_that_it_runs "$1"
  first=
  ends=-1
  empty_log=
  has_older=no
  for log in "$pod_logs/${pod_namespace}_$pod-${node_name}_"*/*/*.log*; do
    [ -e "$log" ] || continue
    case $log in *.tmp) continue ;; esac
    [ -s "$log" ] || {
      empty_log=$log
      continue
    }
    ask stat -L -c %Y "$log"
    # A file that was written last before the phase, and before the two minutes, shows only that the log reaches back so far.
    if [ "$output" -lt "$began" ] && [ "$output" -lt "$((now - quiet))" ]; then
      has_older=yes
      [ "$output" -le "$ends" ] || ends=$output
      continue
    fi
    read_file "$1" "$component" "$log"
  done
  if [ -z "$first" ] && [ "$has_older" = no ]; then
    [ "$runs" = yes ] || return 0
    [ -z "$empty_log" ] ||
      fail "$1: its log $empty_log is empty, which proves nothing; if it writes no log, leave it out with --exclude '$1'"
    read_containers "$1" "$component"
  fi
  [ "$has_older" = yes ] || covers "$1" "${first:--1}"
  # A process always writes when it starts: a log that ends before is that of an earlier container.
  [ "$runs" = no ] || [ "$ends" -ge "$((pod_started_at - 5))" ] ||
    not_quiet "$quiet" "$1: its log ends $((pod_started_at - ends)) s before its container started, so it is not the log of the container that runs; if it writes no log, leave it out with --exclude '$1'"
  read_sources="$read_sources $1"
}

# Every container of a static Pod runs, and has run for two minutes; $runs says whether all run, $pod_started_at when the last
# one started. It runs where one of three ways shows it: crictl; the cgroup of the container whose log the kubelet has linked
# in /var/log/containers; a process of this program with a flag of the manifest.
see_that_it_runs() { # NAME
  runs=yes
  pod_started_at=0
  [ -n "$pod_containers" ] || {
    runs=no
    not_quiet "$quiet" "$1: whether its containers run is not known, since $pod_manifest does not list them in YAML's block style; see for yourself (crictl ps), then leave it out with --exclude '$1'"
  }
  while read -r container program <&4; do
    [ -n "$container" ] || continue
    reason=
    shown_by='crictl and the cgroups of containers'
    [ "$program" = - ] || shown_by="crictl, the cgroups of containers and processes named $program"
    container_start "$container" "$program" || {
      runs=no
      not_running "$1" "$shown_by show no running container $container${reason:+ ($reason)}: see the kubelet's log"
      continue
    }
    [ "$started_at" -le "$pod_started_at" ] || pod_started_at=$started_at
    not_quiet "$((quiet - now + started_at))" "$1: its container $container has run for $((now - started_at)) s; two minutes are needed"
  done 4<<END
$pod_containers
END
}

# Since when a container runs, in seconds since 1970, as $started_at.
container_start() { # NAME PROGRAM
  instances=
  see_containers "$1"
  id=${instances%%
*}
  [ -z "$id" ] || {
    run crictl inspect --output go-template --template '<{{.status.startedAt}}>' "$id"
    case $output in
      '<'*'>') ;;
      *) fail "crictl inspect $id: incomplete answer '$output'" ;;
    esac
    output=${output#<}
    seconds_of "${output%>}"
    started_at=$seconds
    return 0
  }
  instances=
  for link in /var/log/containers/"$pod-${node_name}_${pod_namespace}_$1-"*.log; do
    [ -L "$link" ] || continue
    id=${link%.log}
    see_container "${id##*-}"
  done
  if [ -n "$instances" ]; then
    start_of first
    return 0
  fi
  [ "$2" != - ] || return 1
  see_processes "$2"
  [ -n "$instances" ] || return 1
  start_of last
}

# The processes in the cgroup of a container, as $instances.
see_container() { # ID
  for process in /proc/[0-9]*; do
    { is_in_cgroup "$1" "$process/cgroup"; } 2>/dev/null || continue
    instance "${process#/proc/}" || continue
    instances="$instances ${process#/proc/}.$started"
  done
}

is_in_cgroup() { # ID FILE
  while IFS= read -r text; do
    case $text in *"$1"*) return 0 ;; esac
  done <"$2"
  return 1
}

# Reads one file of a log: $first becomes the time of the log's first line, $ends that of its last one. The kubelet compresses
# files that it has moved away.
read_file() { # SOURCE COMPONENT FILE
  case $3 in
    *.gz)
      run_to "$scratch/gzip" gzip -dc -- "$3"
      scan "$1" "$2" "$scratch/gzip"
      ;;
    *) scan "$1" "$2" "$3" ;;
  esac
  [ "$oldest" -lt 0 ] || [ "${first:-$oldest}" -lt "$oldest" ] || first=$oldest
  [ "$newest" -le "$ends" ] || ends=$newest
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
  ends=-1
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
  [ "$silent_since" = - ] || [ "$ends" -lt "$silent_since" ] || fail 'journalctl --unit=kubelet: empty answer, though it has later lines'
  covers kubelet "${first:--1}"
  # A process always writes when it starts: a log that ends before is another one's.
  kubelet_start
  [ "$ends" -ge "$((started_at - 5))" ] || fail "$kubelet_log ends $((started_at - ends)) s before the kubelet started: it is not the log of the kubelet that runs"
  not_quiet "$((quiet - now + started_at))" "kubelet: it has run for $((now - started_at)) s; two minutes are needed"
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
  start_of last
}

# When the first or the last of the processes in $instances started, in seconds since 1970, as $started_at.
start_of() { # first | last
  # By its age: the time of day may have been set since the machine started.
  ask sed 's/[. ].*//' /proc/uptime
  uptime=$output
  started_at=
  for one in $instances; do
    # Clock ticks since the machine started, of which Linux shows 100 a second.
    one=$((now - uptime + ${one#*.} / 100))
    case $1 in
      first) [ "$one" -ge "${started_at:-$one}" ] || started_at=$one ;;
      last) [ "$one" -le "${started_at:-$one}" ] || started_at=$one ;;
    esac
    started_at=${started_at:-$one}
  done
}
