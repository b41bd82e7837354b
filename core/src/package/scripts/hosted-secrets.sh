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

# The operator's Leases, as $value: a line "NAMESPACE|HOLDER|LAST RENEWAL" each.
read_leases() {
  read_value '{range .items[*]}{.metadata.namespace}{"|"}{.spec.holderIdentity}{"|"}{.spec.renewTime}{"\n"}{end}' \
    get leases.coordination.k8s.io -A --field-selector "metadata.name=$operator_lease" || fail "$reason; nothing was changed"
}

# Does an operator run? It renews a Lease every few seconds while it leads; what counts is that the Lease changes, whatever
# this machine's clock says. Without a Lease (--leader-elect=false), a Pod that is ready counts.
operator_acts() {
  read_leases
  leases=$value
  if [ -z "$leases" ]; then
    operator_pod_is_ready
    return 0
  fi
  left=${AIRLOCK_TIMEOUT:-300}
  [ "$left" -le 30 ] || left=30
  while [ "$left" -gt 0 ]; do
    left=$((left - 1))
    pause_between
    read_leases
    [ "$value" = "$leases" ] || return 0
  done
  fail "no operator runs in the management cluster: nothing renews the Lease $operator_lease (namespace, holder, last renewal: $leases). Start the operator first: nothing else creates a deleted Secret again; nothing was changed"
}

operator_pod_is_ready() {
  read_value '{range .items[*]}{range .spec.containers[*]}{.image}{" "}{end}{"|"}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' \
    get pods -A --field-selector status.phase=Running || fail "$reason; nothing was changed"
  while IFS= read -r text; do
    case $text in *"$operator_image"[:@]*'|True') return 0 ;; esac
  done <<END
$value
END
  fail "no operator runs in the management cluster: there is no Lease $operator_lease, and no Pod of $operator_image is ready. Start the operator first: nothing else creates a deleted Secret again; nothing was changed"
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
      operator_acts
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

# Renewal: certificates of the CA that is there. The operator issues them, so it must run, and ca.crt must be one certificate.
renewal_first() { # NAMESPACE NAME
  entries=
  case $action in list | undo | dry-undo) return 0 ;; esac
  if [ "$action" = verify ]; then
    command -v openssl >/dev/null 2>&1 || fail 'openssl is not installed on this machine; nothing was changed'
    can delete secrets "$1"
    can list pods "$1"
  fi
  read_pause "$1" "$2"
  [ "$paused" = no ] || fail "the operator is paused for $1/$2: resume it first; nothing was changed"
  holds_one_certificate "$1" "$2" || fail "ca.crt of Secret $1/$2-ca has $count certificates: a rotation is under way; nothing was changed"
}

# Nothing is renewed under another CA than that of today.
same_authority() { # NAMESPACE SECRET KEY SUM
  case $action in list | undo | dry-undo) return 0 ;; esac
  if value_hash secret "$1" "$2" "$3"; then :; else
    # A certificate's own Secret may have been deleted by an interrupted run.
    case $? in 3) return 0 ;; *) fail "$reason" ;; esac
  fi
  [ "$hash" = "$4" ] || fail "Secret $1/$2 has another CA than the one that this package was made for: make a new package"
}

# A certificate of the step before, and the SHA-256 of the previous one: a kubeconfig may embed it. Where one run takes both
# steps, it is looked at when the first one is complete.
renewed_before() { # NAMESPACE SECRET KEY SUM
  case $action in
    apply) ;;
    verify) [ -n "$only" ] || return 0 ;;
    *) return 0 ;;
  esac
  if value_hash secret "$1" "$2" "$3"; then :; else
    case $? in 3) ;; *) fail "$reason" ;; esac
  fi
  case $hash in
    absent | "$4") fail "the certificate in Secret $1/$2 is not renewed yet, and a kubeconfig may contain it: complete step certificates first; nothing was changed" ;;
  esac
}

# One certificate: in SECRET under KEY, SUM and END of the previous one, and Secret, key and sum of its CA.
renewal_of() { # NAMESPACE SECRET KEY SUM END AUTHORITY KEY SUM
  entries="$entries$*
"
}

# Is the certificate another one, of the same CA, that ends later?
is_renewed() { # NAMESPACE SECRET KEY SUM END AUTHORITY KEY SUM
  entry_of="${3%%\\.*}.${3#*\\.} of Secret $1/$2"
  read_value "{.data.$3}" -n "$1" get secret "$2" || return 1
  [ -n "$value" ] || {
    reason="Secret $1/$2 has no ${3%%\\.*}.${3#*\\.}"
    return 1
  }
  hash_text "$value"
  reason="$entry_of is still the previous one"
  [ "$hash" != "$4" ] || return 1
  decode "$value"
  text=$output
  read_value "{.data.$7}" -n "$1" get secret "$6" || return 1
  authority=$value
  hash_text "$authority"
  reason="Secret $1/$6 has another CA"
  [ "$hash" = "$8" ] || return 1
  case $text in
    *-----BEGIN\ CERTIFICATE-----*) ;;
    *)
      reason="the kubeconfig $entry_of has another CA"
      case $text in *"certificate-authority-data: $authority"*) ;; *) return 1 ;; esac
      text=${text#*client-certificate-data: }
      decode "${text%%[!A-Za-z0-9+/=]*}"
      text=$output
      ;;
  esac
  decode "$authority"
  printf '%s\n' "$output" >"$scratch/authority.pem"
  printf '%s\n' "$text" >"$scratch/leaf.pem"
  reason="$entry_of is not issued by the CA in Secret $1/$6"
  openssl verify -CAfile "$scratch/authority.pem" "$scratch/leaf.pem" >"$scratch/verified" 2>&1 || return 1
  ask date +%s
  reason="$entry_of does not end later than the previous one"
  openssl x509 -noout -checkend "$(($5 - output))" -in "$scratch/leaf.pem" >"$scratch/verified" 2>&1
}

# What is left to be renewed, as $due: components of the selector's last term.
find_due() {
  due=
  while IFS= read -r entry; do
    [ -n "$entry" ] || continue
    # shellcheck disable=SC2086 # fields
    set -- $entry
    case " $due " in *" $2 "*) continue ;; esac
    is_renewed "$@" || {
      due="$due $2"
      say_reason=$reason
      [ "$action" != check ] || not_ready "$say_reason"
    }
  done <<END
$entries
END
}

is_everything_renewed() {
  find_due
  [ -z "$due" ] || {
    reason=$say_reason
    return 1
  }
}

# The operator creates again what is deleted. An interrupted run deletes only what is left.
renew_secrets() { # NAMESPACE NAME SELECTOR
  case $action in list | undo | dry-undo) return 0 ;; esac
  find_due
  [ -n "$due" ] || return 0
  if [ "$action" = verify ]; then
    operator_acts
    return 0
  fi
  components=
  for secret in $due; do
    components=$components${components:+,}${secret#"$2"-}
  done
  selector="${3% in (*} in ($components)"
  case $action in
    check) return 0 ;;
    dry-run)
      say "would delete the Secrets with the labels $selector; the operator creates them again"
      return 0
      ;;
  esac
  change -n "$1" delete secret -l "$selector"
  wait_until 'the operator has issued every certificate again' is_everything_renewed
  say "the operator has renewed $components"
}

# Pods take new files up when they start.
roll_out_after() { # NAMESPACE NAME SECRET
  case $action in
    list | undo | dry-undo | verify | dry-run) return 0 ;;
    check) pods_are_newer "$@" || not_ready "$reason" ;;
    apply)
      case " $left_behind " in
        *" ${3#"$2"-}/"*) roll_out_for "$@" ;;
        *)
          wait_until "every Pod was created after Secret $3" pods_are_newer "$@"
          wait_until 'the control plane is rolled out' is_rolled_out "$1" "$2"
          ;;
      esac
      ;;
  esac
}
