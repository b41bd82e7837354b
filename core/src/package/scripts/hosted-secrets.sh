# Secrets of a control plane that its operator creates again when they are deleted.

# Has the operator created the Secret, and is it not the one that was deleted?
is_created_again() { # NAMESPACE SECRET UID
  read_value '{.metadata.uid}' -n "$1" get secret "$2" || return 1
  reason="Secret $1/$2 is being deleted"
  [ -n "$value" ] && [ "$value" != "$3" ]
}

# Deletes a Secret and waits until the operator has created it again; one that is missing was deleted by an interrupted run.
recreate_secret() { # NAMESPACE SECRET
  deleted=absent
  if read_value '{.metadata.uid}' -n "$1" get secret "$2"; then
    deleted=$value
    [ -n "$deleted" ] || fail "kubectl get secret $2: it has no UID"
    change -n "$1" delete secret "$2" --ignore-not-found --wait=false
  else
    case $? in 3) ;; *) fail "$reason" ;; esac
  fi
  wait_until "the operator has created Secret $1/$2 again" is_created_again "$1" "$2" "$deleted"
  say "the operator has created Secret $1/$2 again"
}

# The digits of a time such as 2026-11-22T00:20:53Z, as $digits: they compare as numbers.
digits_of() { # TIME
  digits=$(printf %s "$1" | tr -cd 0-9 2>"$scratch/errors") || fail_command "$?" tr
  [ "${#digits}" -eq 14 ] || fail "unexpected time '$1'"
}

# Does the kubeconfig that the operator keeps have the present CA and the certificate of the other Secret? The operator and
# kubectl write both as base64 without line breaks.
left_behind_is_current() { # NAMESPACE NAME
  read_value '{.data.ca\.crt}' -n "$1" get secret "$2-ca" || return 1
  authority=$value
  leaf=
  for entry in $left_behind; do
    secret=$2-${entry%%/*}
    data=${entry#*/}
    read_value "{.data.${data%.*}\\.${data##*.}}" -n "$1" get secret "$secret" || return 1
    case $data in
      *.crt)
        leaf=$value
        continue
        ;;
    esac
    decode "$value"
    reason="the kubeconfig in Secret $1/$secret has another CA"
    case $output in *"certificate-authority-data: $authority"*) ;; *) return 1 ;; esac
    reason="the kubeconfig in Secret $1/$secret has another client certificate"
    case $output in *"client-certificate-data: $leaf"*) ;; *) return 1 ;; esac
  done
}

# Pods that were created before a Secret may have read its predecessor at their start. Both times are the API server's.
pods_are_newer() { # NAMESPACE NAME SECRET
  read_value '{.metadata.creationTimestamp}' -n "$1" get secret "$3" || return 1
  digits_of "$value"
  created=$digits
  read_value '{range .items[*]}{.metadata.name}={.metadata.creationTimestamp}{"\n"}{end}' \
    -n "$1" get pods -l "$name_label=$2" --field-selector status.phase!=Failed,status.phase!=Succeeded || return 1
  [ -n "$value" ] || {
    reason="Deployment $1/$2 has no Pods"
    return 1
  }
  for pod in $value; do
    digits_of "${pod#*=}"
    [ "$digits" -ge "$created" ] || {
      reason="Pod ${pod%%=*} was created before Secret $3"
      return 1
    }
  done
}

# The operator rolls the control plane out only for Secrets whose sums are labels of the Pods.
roll_out_for() { # NAMESPACE NAME SECRET
  pods_are_newer "$1" "$2" "$3" || recreate_secret "$1" "$2-$rolls_out"
  wait_until "every Pod was created after Secret $3" pods_are_newer "$1" "$2" "$3"
  wait_until 'the control plane is rolled out' is_rolled_out "$1" "$2"
}

# Secrets that the operator keeps when the CA changes, and creates again when they are deleted: the certificate first, since
# the kubeconfig embeds it.
recreate_left_behind() { # NAMESPACE NAME
  last=$2-${left_behind##* }
  last=${last%%/*}
  case $action in
    list) return 0 ;;
    verify)
      can delete secrets "$1"
      can list pods "$1"
      return 0
      ;;
    dry-run | dry-undo)
      for entry in $left_behind; do
        say "would delete Secret $1/$2-${entry%%/*} if it is of another CA; the operator creates it again"
      done
      return 0
      ;;
    check)
      left_behind_is_current "$1" "$2" || {
        not_ready "$reason"
        return 0
      }
      pods_are_newer "$1" "$2" "$last" || not_ready "$reason"
      return 0
      ;;
    undo)
      # The operator first issues what it issues by itself.
      wait_until 'the operator has issued everything under the CA' holds_present_secrets "$1" "$2"
      wait_until 'the control plane is rolled out' is_rolled_out "$1" "$2"
      ;;
  esac
  if ! left_behind_is_current "$1" "$2"; then
    for entry in $left_behind; do
      recreate_secret "$1" "$2-${entry%%/*}"
    done
    wait_until "$last has the present CA and certificate" left_behind_is_current "$1" "$2"
  fi
  roll_out_for "$1" "$2" "$last"
}
