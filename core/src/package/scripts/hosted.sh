# The steps for a control plane that an operator keeps in Secrets and runs as a Deployment of the same name.

read_tenant() { # NAMESPACE NAME JSONPATH
  need_value "$3" -n "$1" get "$resource" "$2"
}

# The presence of the annotation counts, its value may be empty.
read_pause() { # NAMESPACE NAME; sets $paused
  read_tenant "$1" "$2" '{.metadata.name}{" "}{.metadata.annotations}'
  [ "${value%% *}" = "$2" ] || fail "kubectl get $resource $2: unexpected answer '$value'"
  paused=no
  case $value in *"\"$pause_annotation\""*) paused=yes ;; esac
}

# With more certificates the operator never finishes reconciling.
holds_one_certificate() { # NAMESPACE NAME
  need_value '{.data.ca\.crt}' -n "$1" get secret "$2-ca"
  decode "$value"
  count_certificates "$output"
  [ "$count" -eq 1 ]
}

put_pause() { # NAMESPACE NAME
  read_pause "$1" "$2"
  [ "$paused" = no ] || return 0
  change -n "$1" annotate "$resource" "$2" "$pause_annotation="
  read_pause "$1" "$2"
  [ "$paused" = yes ] || fail "$resource $1/$2 is not paused after kubectl annotate"
  say "paused the operator for $1/$2"
}

take_pause() { # NAMESPACE NAME
  read_pause "$1" "$2"
  [ "$paused" = yes ] || return 0
  holds_one_certificate "$1" "$2" || fail "ca.crt of Secret $1/$2-ca has $count certificates: with more than one the operator must stay paused"
  change -n "$1" annotate "$resource" "$2" "$pause_annotation-"
  read_pause "$1" "$2"
  [ "$paused" = no ] || fail "$resource $1/$2 is still paused after kubectl annotate"
  say "resumed the operator for $1/$2"
}

verify_tenant() { # NAMESPACE
  can patch "$resource" "$1"
}

pause_operator() { # NAMESPACE NAME
  case $action in
    list) return 0 ;;
    verify) verify_tenant "$1" ;;
    undo) take_pause "$1" "$2" ;;
    apply) put_pause "$1" "$2" ;;
    *)
      read_pause "$1" "$2"
      case $action-$paused in
        check-no) not_ready "the operator is not paused for $1/$2" ;;
        dry-run-no) say "would pause the operator for $1/$2" ;;
        dry-undo-yes) say "would resume the operator for $1/$2" ;;
      esac
      ;;
  esac
}

# The operator reconciles what changed meanwhile, and rolls it out.
resume_operator() { # NAMESPACE NAME
  case $action in
    list) return 0 ;;
    verify) verify_tenant "$1" && return 0 ;;
    undo) put_pause "$1" "$2" && return 0 ;;
    apply) take_pause "$1" "$2" ;;
    *)
      read_pause "$1" "$2"
      case $action-$paused in
        check-yes) not_ready "the operator is paused for $1/$2" ;;
        dry-run-yes) say "would resume the operator for $1/$2" ;;
        dry-undo-no) say "would pause the operator for $1/$2" ;;
      esac
      ;;
  esac
  await_reissued "$1" "$2"
}

# Fields of the Deployment's template: 0 answered ($value).
template() { # NAMESPACE NAME JSONPATH
  read_value "{.spec.template$3}" -n "$1" get deployment "$2"
}

# Pods of an older template are gone, those of the present one are ready.
is_rolled_out() { # NAMESPACE NAME
  read_value '{.metadata.generation} {.status.observedGeneration} {.spec.replicas} {.status.updatedReplicas} {.status.replicas} {.status.availableReplicas}' \
    -n "$1" get deployment "$2" || return 1
  reason="Deployment $1/$2 (generation, observed, replicas, updated, all, available): $value"
  # shellcheck disable=SC2086 # numbers
  set -- $value
  [ "$#" -eq 6 ] && [ "$2" -ge "$1" ] && [ "$3" -eq "$4" ] && [ "$3" -eq "$5" ] && [ "$3" -eq "$6" ]
}

# Every container that runs was started by a template whose Secrets are the present ones: the operator writes their sums
# into its labels.
holds_present_secrets() { # NAMESPACE NAME
  template "$1" "$2" '.metadata.labels' || return 1
  shown=$value
  call_kubectl -n "$1" get secret "$2-ca" -o 'go-template=<{{range .data}}{{.}}{{"\n"}}{{end}}>' || return 1
  case $output in
    '<'?*'>') ;;
    *)
      reason="kubectl get secret $2-ca: incomplete answer"
      return 1
      ;;
  esac
  data=${output#<}
  # The values follow one another without a separator.
  : >"$scratch/values"
  for value in ${data%>}; do
    printf %s "$value" | base64 -d >>"$scratch/values" 2>"$scratch/errors" || fail_command "$?" base64 -d
  done
  ask md5sum "$scratch/values"
  run_cleanup=$output
  rm -f -- "$scratch/values" || fail "rm $scratch/values failed"
  case $shown in *"\"${run_cleanup%% *}\""*) return 0 ;; esac
  reason='the template has the sum of older Secrets'
  return 1
}

await_reissued() { # NAMESPACE NAME
  await 'the operator has issued everything under the new CA' holds_present_secrets "$1" "$2"
  await 'the control plane is rolled out' is_rolled_out "$1" "$2"
}

# Once in a phase, and once more where the phase is undone.
roll_out_deployment() { # NAMESPACE NAME
  case $action in
    list) return 0 ;;
    verify)
      can patch deployments.apps "$1"
      return 0
      ;;
  esac
  mark=$package-$phase
  case $action in
    undo | dry-undo)
      need_value '{.metadata.resourceVersion}' -n "$1" get secret "$2-ca"
      mark=$mark-undone-$value
      ;;
  esac
  template "$1" "$2" '.metadata.annotations.airlock/phase' || fail "$reason"
  if [ "$value" != "$mark" ]; then
    case $action in
      check) not_ready "Deployment $1/$2 has not been rolled out in this phase" ;;
      dry-run | dry-undo) say "would roll out Deployment $1/$2" ;;
      *) annotate "$1" "deployment/$2" "\"$mark\"" ;;
    esac
  fi
  settled "$1" "$2"
}

# A kube-controller-manager publishes the file that it read when it became leader.
roll_back_deployment() { # NAMESPACE NAME
  case $action in undo | dry-undo) roll_out_deployment "$1" "$2" ;; esac
}

# Waits on the way back too.
both_ways() { # WHAT COMMAND…
  case $action in
    undo) wait_until "$@" ;;
    *) await "$@" ;;
  esac
}

settled() { # NAMESPACE NAME
  both_ways 'the control plane is rolled out' is_rolled_out "$1" "$2"
}

# The tenant's own arguments of kube-controller-manager, one a line, as $value.
read_args() { # NAMESPACE NAME
  read_tenant "$1" "$2" "{range ${args_path}[*]}{@}{\"\\n\"}{end}"
}

# A JSON string of a text without line breaks, as $json.
as_json() { # TEXT
  json=
  rest=$1
  while [ -n "$rest" ]; do
    head=${rest%%[\"\\]*}
    json=$json$head
    rest=${rest#"$head"}
    [ -n "$rest" ] || break
    json="$json\\${rest%"${rest#?}"}"
    rest=${rest#?}
  done
  json="\"$json\""
}

set_args() { # NAMESPACE NAME yes|no
  read_args "$1" "$2"
  list=
  while IFS= read -r argument; do
    { [ -n "$argument" ] && ! is_signing "$argument"; } || continue
    as_json "$argument"
    list="$list${list:+,}$json"
  done <<END
$value
END
  if [ "$3" = yes ]; then
    for argument in $signing_args; do
      as_json "$argument"
      list="$list${list:+,}$json"
    done
  fi
  arguments="[$list]"
  [ -n "$list" ] || arguments=null
  change -n "$1" patch "$resource" "$2" --type merge -p "$args_open$arguments$args_close"
}

has_args() { # NAMESPACE NAME yes|no
  read_args "$1" "$2"
  for argument in $signing_args; do
    found=no
    case "
$value
" in
      *"
$argument
"*) found=yes ;;
    esac
    [ "$found" = "$3" ] || return 1
  done
}

# What counts is the command line of the Pods.
runs_with_args() { # NAMESPACE NAME yes|no
  template "$1" "$2" '.spec.containers[?(@.name=="kube-controller-manager")].args' || return 1
  [ -n "$value" ] || {
    reason="Deployment $1/$2 has no arguments for kube-controller-manager"
    return 1
  }
  for argument in $signing_args; do
    found=no
    case $value in *"\"$argument\""*) found=yes ;; esac
    reason="$argument in its arguments: $found"
    [ "$found" = "$3" ] || return 1
  done
}

sign_apart() { # NAMESPACE NAME yes|no
  apart=$3
  case $action in
    list) return 0 ;;
    verify)
      verify_tenant "$1"
      return 0
      ;;
    undo | dry-undo) [ "$3" = yes ] && apart=no || apart=yes ;;
  esac
  if ! has_args "$1" "$2" "$apart"; then
    case $action in
      check) not_ready "$1/$2 does not say yet what kube-controller-manager signs with" ;;
      dry-run | dry-undo) say "would change what kube-controller-manager of $1/$2 signs with" ;;
      *)
        set_args "$1" "$2" "$apart"
        has_args "$1" "$2" "$apart" || fail "$resource $1/$2 has other arguments after kubectl patch"
        say "changed what kube-controller-manager of $1/$2 signs with"
        ;;
    esac
  fi
  case $action in dry-run | dry-undo) return 0 ;; esac
  # A paused operator reconciles it when it is resumed.
  read_pause "$1" "$2"
  [ "$paused" = no ] || return 0
  both_ways 'kube-controller-manager signs with what the tenant says' runs_with_args "$1" "$2" "$apart"
  settled "$1" "$2"
}
