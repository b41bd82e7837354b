
# A control plane that an operator keeps in Secrets and runs as a Deployment of the same name.

tenant() { # NAMESPACE NAME JSONPATH
  kubectl -n "$1" get "$resource" "$2" -o "jsonpath=$3"
}

is_paused() { # NAMESPACE NAME
  # The annotation's presence counts, its value may be empty.
  case $(tenant "$1" "$2" '{.metadata.annotations}') in
    *"\"$pause\""*) return 0 ;;
  esac
  return 1
}

is_running() { # NAMESPACE NAME
  ! is_paused "$1" "$2"
}

# Under a bundle the operator never comes to an end.
holds_one_certificate() { # NAMESPACE NAME
  bundle=$(kubectl -n "$1" get secret "$2-ca" -o 'jsonpath={.data.ca\.crt}' | base64 -d) || return 1
  [ "$(printf '%s\n' "$bundle" | sed -n '/-----BEGIN CERTIFICATE-----/p' | wc -l)" -eq 1 ]
}

put_pause() { # NAMESPACE NAME
  is_running "$1" "$2" || return 0
  changed=yes
  kubectl -n "$1" annotate "$resource" "$2" "$pause=" >/dev/null
  say "paused the operator for $1/$2"
}

take_pause() { # NAMESPACE NAME
  is_paused "$1" "$2" || return 0
  holds_one_certificate "$1" "$2" || stop "ca.crt of Secret $1/$2-ca holds more than one certificate: under it the operator must stay paused"
  changed=yes
  kubectl -n "$1" annotate "$resource" "$2" "$pause-" >/dev/null
  say "let the operator go on for $1/$2"
}

pause_operator() { # NAMESPACE NAME
  case $action in
    check) is_paused "$1" "$2" || unmet "the operator is not paused for $1/$2" ;;
    dry-run) is_paused "$1" "$2" || say "would pause the operator for $1/$2" ;;
    undo) take_pause "$1" "$2" ;;
    apply) put_pause "$1" "$2" ;;
  esac
}

# The operator sees to what changed meanwhile, and rolls it out.
resume_operator() { # NAMESPACE NAME
  case $action in
    check) is_running "$1" "$2" || unmet "the operator is paused for $1/$2" ;;
    dry-run) is_running "$1" "$2" || say "would let the operator go on for $1/$2" ;;
    undo)
      put_pause "$1" "$2"
      return 0
      ;;
    apply) take_pause "$1" "$2" ;;
  esac
  await_reissued "$1" "$2"
}

template() { # NAMESPACE NAME JSONPATH
  kubectl -n "$1" get deployment "$2" -o "jsonpath={.spec.template$3}"
}

# Pods of an older template are gone, those of the present one are ready.
is_rolled_out() { # NAMESPACE NAME
  state=$(kubectl -n "$1" get deployment "$2" -o 'jsonpath={.metadata.generation} {.status.observedGeneration} {.spec.replicas} {.status.updatedReplicas} {.status.replicas} {.status.availableReplicas}') || return 1
  # shellcheck disable=SC2086 # numbers
  set -- $state
  [ "$#" -eq 6 ] && [ "$2" -ge "$1" ] && [ "$3" -eq "$4" ] && [ "$3" -eq "$5" ] && [ "$3" -eq "$6" ]
}

# Every container that runs was started by a template whose Secrets are those of now: the operator writes their sums
# into it.
holds_present_secrets() { # NAMESPACE NAME
  shown=$(template "$1" "$2" '.metadata.labels') || return 1
  data=$(kubectl -n "$1" get secret "$2-ca" -o 'go-template={{range .data}}{{.}}{{"\n"}}{{end}}') || return 1
  sum=$(for value in $data; do printf %s "$value" | base64 -d; done | md5sum | cut -d' ' -f1)
  case $shown in
    *"\"$sum\""*) return 0 ;;
  esac
  return 1
}

await_reissued() { # NAMESPACE NAME
  [ "$action" != undo ] || return 0
  await 'the operator has taken the CA up' holds_present_secrets "$1" "$2"
  await 'the control plane is rolled out' is_rolled_out "$1" "$2"
}

# Once in a phase, and once more where the phase is taken back.
roll_out_deployment() { # NAMESPACE NAME
  mark=$package-$phase
  [ "$action" != undo ] || mark=$mark-undone-$(kubectl -n "$1" get secret "$2-ca" -o 'jsonpath={.metadata.resourceVersion}')
  if [ "$(template "$1" "$2" '.metadata.annotations.airlock/phase')" != "$mark" ]; then
    case $action in
      check) unmet "Deployment $1/$2 has not been rolled out in this phase" ;;
      dry-run) say "would roll Deployment $1/$2 out" ;;
      *)
        changed=yes
        annotate "$1" "deployment/$2" "\"$mark\""
        ;;
    esac
  fi
  settled "$1" "$2"
}

# A kube-controller-manager publishes the file that it read when it began to lead.
roll_back_deployment() { # NAMESPACE NAME
  [ "$action" != undo ] || roll_out_deployment "$1" "$2"
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

extra_args() { # NAMESPACE NAME
  tenant "$1" "$2" "{range ${args_path}[*]}{@}{\"\\n\"}{end}"
}

# The tenant's own arguments of kube-controller-manager, without those that say what it signs from.
other_args() { # NAMESPACE NAME
  extra_args "$1" "$2" | while IFS= read -r argument; do
    [ -z "$argument" ] || is_signing "$argument" || printf '%s\n' "$argument"
  done
}

as_json() { # on standard input: one text a line
  sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&"/' | tr '\n' ',' | sed 's/,$//'
}

set_args() { # NAMESPACE NAME yes|no
  list=$(
    {
      other_args "$1" "$2"
      # shellcheck disable=SC2086 # several arguments
      [ "$3" = no ] || printf '%s\n' $signing_args
    } | as_json
  )
  value="[$list]"
  [ -n "$list" ] || value=null
  kubectl -n "$1" patch "$resource" "$2" --type merge -p "$args_open$value$args_close" >/dev/null
}

has_args() { # NAMESPACE NAME yes|no
  given=$(extra_args "$1" "$2") || return 1
  for argument in $signing_args; do
    found=no
    case "
$given
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
  line=$(template "$1" "$2" '.spec.containers[?(@.name=="kube-controller-manager")].args') || return 1
  [ -n "$line" ] || return 1
  for argument in $signing_args; do
    found=no
    case $line in
      *"\"$argument\""*) found=yes ;;
    esac
    [ "$found" = "$3" ] || return 1
  done
}

sign_apart() { # NAMESPACE NAME yes|no
  wanted=$3
  if [ "$action" = undo ]; then
    [ "$3" = yes ] && wanted=no || wanted=yes
  fi
  if ! has_args "$1" "$2" "$wanted"; then
    case $action in
      check) unmet "$1/$2 does not say yet what kube-controller-manager signs from" ;;
      dry-run) say "would change what kube-controller-manager of $1/$2 signs from" ;;
      *)
        changed=yes
        set_args "$1" "$2" "$wanted"
        say "changed what kube-controller-manager of $1/$2 signs from"
        ;;
    esac
  fi
  # A paused operator sees to it when it goes on.
  is_running "$1" "$2" || return 0
  [ "$action" != dry-run ] || return 0
  both_ways 'kube-controller-manager signs from what it was told to' runs_with_args "$1" "$2" "$wanted"
  settled "$1" "$2"
}
