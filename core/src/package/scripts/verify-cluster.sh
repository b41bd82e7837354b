# Logs that kubectl shows: kube-proxy, CoreDNS, extension API servers and webhooks, and Pods of --namespace.
#
# Pods of which nothing is read: --exclude NAMESPACE/Pod/NAME; an address that is known to fail: NAMESPACE/Pod/NAME/ADDRESS.

verify_cluster() { # BEGINNING: "published" where kube-root-ca.crt changes in each phase, - where not
  reads_pods '' || return 0
  [ "$1" != published ] || begins_with kube-system configmap kube-root-ca.crt
  by_hand_said=no
  verify_logs read_pods_of_cluster
}

# Is this a run that reads logs of Pods? The permissions for it are checked before.
reads_pods() { # NAMESPACE, empty for all
  case $action in
    check | apply) ;;
    verify)
      can list pods "$1"
      can get pods "$1"
      return 1
      ;;
    *) return 1 ;;
  esac
  reads_last_hour
}

# The phase began when this object changed last: an earlier step of the phase changes it, or waits for its change.
begins_with() { # NAMESPACE KIND NAME
  need_value '{.metadata.creationTimestamp}{range .metadata.managedFields[*]}{" "}{.time}{end}' -n "$1" get "$2" "$3"
  changed_at=
  latest=0
  for time in $value; do
    time_number "$time"
    [ "$number" -le "$latest" ] || {
      latest=$number
      changed_at=$time
    }
  done
  [ -n "$changed_at" ] || fail "kubectl get $2 $3: no time in the answer '$value'"
  seconds_of "$changed_at"
  began=$seconds
}

# Each Pod once, as what it is found first.
add_pod() { # NAMESPACE NAME COMPONENT
  ! is_excluded "$1/Pod/$2" || return 0
  case "
$pods" in
    *"
$1|$2|"*) ;;
    *)
      pods="$pods$1|$2|$3
"
      ;;
  esac
}

add_pods() { # NAMESPACE COMPONENT KUBECTL ARGUMENT…
  pod_place=$1
  pod_component=$2
  shift 2
  need_value '{range .items[*]}{.metadata.name}{"|"}{.status.phase}{"|"}{.metadata.ownerReferences[0].kind}{"\n"}{end}' -n "$pod_place" get pods "$@"
  while IFS='|' read -r pod state owner_kind; do
    [ -n "$pod" ] || continue
    case $state-$owner_kind in
      # It has ended and does not run again.
      Succeeded-* | Failed-Job) ;;
      Failed-*) pod_has_failed "$pod_place" "$pod" ;;
      *) add_pod "$pod_place" "$pod" "$pod_component" ;;
    esac
  done <<END
$value
END
}

# A Pod that never runs again, though its controller may have replaced it.
pod_has_failed() { # NAMESPACE NAME
  is_excluded "$1/Pod/$2" ||
    not_running "$1/Pod/$2" "its phase is Failed, so that it never runs again: see why (kubectl -n $1 describe pod $2), then delete it"
}

# The Pods behind a Service; without any, its log is somewhere else.
add_service() { # NAMESPACE NAME COMPONENT
  need_value '{range .items[*].endpoints[*]}{.targetRef.kind}{"|"}{.targetRef.name}{"\n"}{end}' -n "$1" get endpointslices.discovery.k8s.io -l "kubernetes.io/service-name=$2"
  has_pods=no
  while IFS='|' read -r target_kind pod; do
    [ "$target_kind" = Pod ] || continue
    has_pods=yes
    add_pod "$1" "$pod" "$3"
  done <<END
$value
END
  [ "$has_pods" = no ] || return 0
  # A Service without a selector stands for a server outside the cluster (kubernetes.io: Service, "Services without selectors").
  if read_value '{.spec.selector}' -n "$1" get service "$2"; then
    [ -z "$value" ] || {
      is_excluded "$1/Service/$2" ||
        not_running "$1/Service/$2" "no Pod of the $3 runs: see why (kubectl -n $1 get pods)"
      return 0
    }
  else
    [ "$?" = 3 ] || fail "$reason"
  fi
  by_hand "the Service $1/$2 ($3) has no Pods"
}

by_hand() { # TEXT
  case $hand in
    *"$1
"*) ;;
    *)
      hand="$hand$1
"
      ;;
  esac
}

# Services and URLs that configurations name, as lines "NAMESPACE|NAME|URL".
add_servers() { # COMPONENT
  while IFS='|' read -r server_namespace server_name url; do
    if [ -n "$server_name" ]; then
      add_service "$server_namespace" "$server_name" "$1"
    elif [ -n "$url" ]; then
      by_hand "the $1 at $url is outside the cluster"
    fi
  done <<END
$value
END
}

read_pods_of_cluster() {
  pods=
  hand=
  add_pods kube-system pod -l 'k8s-app in (kube-proxy,kube-dns,konnectivity-agent)'
  need_value '{range .items[*]}{.spec.service.namespace}{"|"}{.spec.service.name}{"\n"}{end}' get apiservices.apiregistration.k8s.io
  add_servers extension
  for configurations in validatingwebhookconfigurations mutatingwebhookconfigurations; do
    need_value '{range .items[*].webhooks[*]}{.clientConfig.service.namespace}{"|"}{.clientConfig.service.name}{"|"}{.clientConfig.url}{"\n"}{end}' get "$configurations.admissionregistration.k8s.io"
    add_servers webhook
  done
  need_value '{range .items[*]}{.spec.conversion.webhook.clientConfig.service.namespace}{"|"}{.spec.conversion.webhook.clientConfig.service.name}{"|"}{.spec.conversion.webhook.clientConfig.url}{"\n"}{end}' \
    get customresourcedefinitions.apiextensions.k8s.io
  add_servers webhook
  for place in $namespaces; do
    add_pods "$place" pod
  done
  if [ "$by_hand_said" = no ]; then
    by_hand_said=yes
    while IFS= read -r text; do
      [ -z "$text" ] || say "read this log yourself: $text"
    done <<END
$hand
END
  fi
  while IFS='|' read -r place pod component <&3; do
    [ -z "$pod" ] || read_pod_log "$place" "$pod" "$component"
  done 3<<END
$pods
END
}

read_pod_log() { # NAMESPACE NAME COMPONENT
  read_states "$1" "$2" || {
    # A Pod that has been replaced meanwhile.
    case $? in 3) return 0 ;; *) fail "$reason" ;; esac
  }
  read_log_of_pod "$@"
}

# The containers that are to run all the time, a line NAME each, then what the kubelet reports of containers:
# "|NAME|RUNNING SINCE|WHY NOT|ENDED". Init containers with restartPolicy Always run all the time (kubernetes.io: Sidecar
# Containers).
container_states='{range .spec.initContainers[?(@.restartPolicy=="Always")]}{.name}{"\n"}{end}{range .spec.containers[*]}{.name}{"\n"}{end}{range .status.initContainerStatuses[*]}{"|"}{.name}{"|"}{.state.running.startedAt}{"|"}{.state.waiting.reason}{.state.terminated.reason}{"|"}{.state.terminated.finishedAt}{.lastState.terminated.finishedAt}{"\n"}{end}{range .status.containerStatuses[*]}{"|"}{.name}{"|"}{.state.running.startedAt}{"|"}{.state.waiting.reason}{.state.terminated.reason}{"|"}{.state.terminated.finishedAt}{.lastState.terminated.finishedAt}{"\n"}{end}'

# What $container_states prints for a Pod, as $states.
read_states() { # NAMESPACE NAME
  read_value "$container_states" -n "$1" get pod "$2" || return "$?"
  states=$value
}

# Every container of $states runs, and has run for two minutes; $runs says whether all run, $has_log whether one has ever run.
see_that_containers_run() { # SOURCE CONTAINER, empty for all
  runs=yes
  has_log=no
  named=no
  while IFS='|' read -r name other; do
    { [ -n "$name" ] && [ -z "$other" ]; } || continue
    [ "${2:-$name}" = "$name" ] || continue
    named=yes
    row=${states#*"
|$name|"}
    [ "$row" != "$states" ] || row='|not started|'
    IFS='|' read -r since why_not ended _ <<END
$row
END
    if [ -n "$since" ]; then
      has_log=yes
      seconds_of "$since"
      covers "$1" "$seconds"
    else
      runs=no
      [ -z "$ended" ] || has_log=yes
      not_running "$1" "container $name: ${why_not:-its status has no reason}"
    fi
  done <<END
$states
END
  [ "$named" = yes ] || fail "kubectl get pod: incomplete answer: $1 has no container"
}

# The log of one container of a Pod, or of all of them; $states is that of the Pod.
read_log_of_pod() { # NAMESPACE NAME COMPONENT [CONTAINER]
  source=$1/Pod/$2${4:+/$4}
  option=--all-containers
  [ -z "${4:-}" ] || option=--container=$4
  what="kubectl -n $1 logs $2${4:+ $option}"
  see_that_containers_run "$source" "${4:-}"
  [ "$has_log" = yes ] || return 0
  age=$((now - began))
  [ "$age" -ge 600 ] || age=600
  silent=no
  for lines in "--since=${age}s" --tail=1; do
    { kubectl --request-timeout=60s -n "$1" logs "$2" "$option" --timestamps "$lines" >"$scratch/kubectl-logs" 9>&-; } 2>"$scratch/errors" || {
      status=$?
      # kubectl shows no log of a container that has not started yet.
      [ "$runs" = yes ] || return 0
      fail_command "$status" "$what"
    }
    [ ! -s "$scratch/kubectl-logs" ] || break
    silent=yes
  done
  [ -s "$scratch/kubectl-logs" ] || {
    [ "$runs" = yes ] || return 0
    fail "$what: empty answer; if it writes no log, leave it out with --exclude '$source'"
  }
  scan "$source" "$3" "$scratch/kubectl-logs"
  [ "$silent" = no ] || [ "$newest" -lt "$((now - age))" ] || fail "$what: empty answer, though it has later lines"
  read_sources="$read_sources $source"
}
