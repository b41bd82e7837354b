# New leaves of the CAs that are on the node, by its own kubeadm.

# Has kubeadm renew these names on a copy of the node's files, which is $stage: nothing reads an incomplete result. The caller
# takes from it what is right, and removes $stage and $work/kubeadm.log.
renew_copy() { # NAME…
  begin
  stage=$work/stage
  run rm -rf -- "$stage"
  make_folder "$stage"
  run cp -aL -- "$etc/pki" "$etc"/*.conf "$stage/"
  # It reads the cluster's configuration for each name, which it cannot with the kubeconfig that it has reduced.
  run cp -a -- "$etc/admin.conf" "$stage/.reader.conf"
  # shellcheck disable=SC2016 # the other shell expands it
  unshare --mount sh -euc 'mount --make-rprivate /
    mount --bind "$1" "$2"
    etc=$2
    shift 2
    for name; do kubeadm certs renew "$name" --kubeconfig "$etc/.reader.conf"; done' sh "$stage" "$etc" "$@" >"$work/kubeadm.log" 2>&1 9>&- || {
    status=$?
    run tail -n 3 "$work/kubeadm.log"
    fail "kubeadm certs renew, under unshare --mount: $output (exit status $status)"
  }
  run sed -n '/Falling back to default/p' "$work/kubeadm.log"
  [ -z "$output" ] || fail "kubeadm could not read the cluster's configuration with $etc/admin.conf: $output"
}

# The certificate of a leaf in FOLDER, laid out as /etc/kubernetes, as $pem.
read_leaf() { # PATH FOLDER
  case $1 in
    *.conf) embedded_certificate "$2/$1" ;;
    *) ask cat -- "$2/$1" && pem=$output ;;
  esac
  [ -n "$pem" ] || fail "$2/$1 has no certificate"
}

# Is it issued by the CA with this mark? Where the CA is not known, it counts.
has_issuer() { # MARK PATH FOLDER
  [ -n "$1" ] || return 0
  read_leaf "$2" "$3"
  issued_by "$1" "$pem"
}

# The end of a certificate as $end, YYMMDDhhmmss; empty where it is after 2049 (RFC 5280, section 4.1.2.5: UTCTime before).
end_of() { # PEM
  certificate_hex "$1"
  end=
  # The sequence of two UTCTimes, each of thirteen characters: digits and Z.
  case $hex in *301e170d??????????????????????????170d3?3?3?3?3?3?3?3?3?3?3?3?*) ;; *) return 0 ;; esac
  rest=${hex#*301e170d??????????????????????????170d}
  while [ "${#end}" -lt 12 ]; do
    end=$end${rest#3}
    end=${end%"${rest#??}"}
    rest=${rest#??}
  done
}

# kubeadm works on a copy, as in a rotation: nothing reads an incomplete result, and the CA data of a kubeconfig stays as it
# is, where kubeadm reduces it to the first CA. The key is moved in before its certificate.
renew_leaves() { # 'NAME PATH MARK'…
  due=
  for entry; do
    # shellcheck disable=SC2086 # fields
    set -- $entry
    if [ ! -e "$etc/$2" ]; then
      [ "$1" != apiserver ] || fail "$etc/$2 does not exist: is this a control-plane node of kubeadm?"
      continue
    fi
    # The state is the package's own.
    [ -e "$work/renewed-$1" ] || due="$due$entry
"
  done
  [ -n "$due" ] || return 0
  case $action in
    check)
      not_ready "not renewed yet: $(names_of_due)"
      return 0
      ;;
    verify)
      verify_renewal
      return 0
      ;;
    dry-run)
      would "have kubeadm renew $(names_of_due)"
      return 0
      ;;
  esac
  # shellcheck disable=SC2046 # several names
  renew_copy $(names_of_due)
  while IFS= read -r entry; do
    # shellcheck disable=SC2086 # fields
    [ -z "$entry" ] || take_renewed $entry
  done <<END
$due
END
  run rm -rf -- "$stage" "$work/kubeadm.log"
}

names_of_due() {
  while IFS= read -r entry; do
    [ -z "$entry" ] || printf '%s ' "${entry%% *}"
  done <<END
$due
END
}

# kubeadm would issue with the CA of the node what another CA has issued.
verify_renewal() {
  [ -e "$etc/admin.conf" ] || fail "$etc/admin.conf does not exist, with which kubeadm reads the cluster's configuration; nothing was changed"
  while IFS= read -r entry; do
    [ -n "$entry" ] || continue
    # shellcheck disable=SC2086 # fields
    set -- $entry
    has_issuer "${3:-}" "$2" "$etc" || fail "$etc/$2 is not issued by the CA that this package was made for; nothing was changed"
  done <<END
$due
END
}

# One leaf out of the copy; kubeadm exits with 0 where it could not renew.
take_renewed() { # NAME PATH [MARK]
  has_issuer "${3:-}" "$2" "$stage" || fail "kubeadm certs renew $1: the certificate is not issued by the same CA"
  hash_of "$stage/$2"
  renewed_hash=$hash
  read_leaf "$2" "$etc"
  end_of "$pem"
  previous_end=$end
  read_leaf "$2" "$stage"
  end_of "$pem"
  if [ -n "$end" ] && [ -n "$previous_end" ] && [ "$end" -le "$previous_end" ]; then
    run tail -n 3 "$work/kubeadm.log"
    fail "kubeadm certs renew $1: the certificate ends no later than the previous one (see certificateValidityPeriod in kubeadm's configuration): $output"
  fi
  case $2 in
    *.conf)
      # Of a kubeconfig that names a file, kubeadm has made one that embeds the CA.
      ca_data "$etc/$2"
      if [ -n "$data" ]; then
        run_to "$stage/.$1" sed "s|^\( *certificate-authority-data: *\).*|\1$data|" "$stage/$2"
      else
        run cp -- "$stage/$2" "$stage/.$1"
      fi
      back_up "$etc/$2"
      move_in "$stage/.$1" 600 "$etc/$2"
      ;;
    *)
      back_up "$etc/${2%.crt}.key"
      back_up "$etc/$2"
      move_in "$stage/${2%.crt}.key" 600 "$etc/${2%.crt}.key"
      move_in "$stage/$2" 644 "$etc/$2"
      ;;
  esac
  write_file "$work/renewed-$1" ''
  record renew "$1" - "$renewed_hash" ok
  say "renewed $1"
}
