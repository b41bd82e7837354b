# The kubelet's serving certificate, which kube-apiserver verifies by --kubelet-certificate-authority.

serving=$pki/kubelet-server-current.pem
saved_serving=$kubelet_state/before-serving

# The certificates in a file, as $pem; empty where there are none.
certificates_in() { # FILE
  pem=
  [ -s "$1" ] || return 0
  run sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' "$1"
  pem=$output
}

# The file that the kubelet serves from, as $served, where it does not request its serving certificate; otherwise empty.
# Without a setting the kubelet serves from kubelet.crt (kubernetes/kubernetes: cmd/kubelet/app/server.go, InitializeTLS).
find_served() {
  served=
  [ ! -e "$saved_serving/complete" ] || return 0
  read_kubelet_settings
  kubelet_setting rotate-server-certificates serverTLSBootstrap
  case $output in
    true | True | TRUE | t | T | 1) return 0 ;;
  esac
  kubelet_setting tls-cert-file tlsCertFile
  served=$output
  if [ -n "$served" ]; then
    return 0
  fi
  # Without its configuration, the certificate that it requested tells.
  if [ ! -e "$kubelet_config" ] && [ -e "$serving" ]; then
    return 0
  fi
  kubelet_flag cert-dir
  served=${output:-$pki}/kubelet.crt
}

serves_new() {
  certificates_in "$serving"
  [ -n "$pem" ] && issued_by "$new_ca" "$pem"
}

# In phase 3, kube-apiserver rejects a kubelet that serves a certificate of the old CA.
serving_first() {
  case $action in verify | check) ;; *) return 0 ;; esac
  find_served
  certificates_in "${served:-$serving}"
  if [ -n "$pem" ] && issued_by "$old_ca" "$pem"; then
    fail "this kubelet still serves a certificate of the old CA (${served:-$serving}): complete phase 2 first; nothing was changed"
  fi
}

# Keeps the serving certificates that the kubelet requested; complete once the file "complete" exists.
save_serving() {
  [ ! -e "$saved_serving/complete" ] || return 0
  run rm -rf -- "$saved_serving"
  make_folder "$saved_serving/pki"
  for pem_file in "$pki"/kubelet-server-*.pem; do
    { [ ! -e "$pem_file" ] && [ ! -L "$pem_file" ]; } || run cp -a -- "$pem_file" "$saved_serving/pki/"
  done
  flush "$saved_serving"
  write_file "$saved_serving/complete" ''
}

remove_serving() {
  for pem_file in "$pki"/kubelet-server-*.pem; do
    { [ ! -e "$pem_file" ] && [ ! -L "$pem_file" ]; } || run rm -f -- "$pem_file"
  done
}

restore_serving() {
  remove_serving
  for pem_file in "$saved_serving"/pki/*; do
    { [ ! -e "$pem_file" ] && [ ! -L "$pem_file" ]; } || run cp -a -- "$pem_file" "$pki/"
  done
  run rm -f -- "$saved_serving/complete"
  run rm -rf -- "$saved_serving"
  tidy "$kubelet_state"
  restart_kubelet
  record restore "$serving" - - ok
}

undo_serving() {
  [ -e "$saved_serving/complete" ] || return 0
  restore_serving
  say "the kubelet has its old serving certificate again"
}

# Without kubelet-server-current.pem, the kubelet requests a serving certificate at its start. It serves none until the
# request is approved and signed.
renew_serving() {
  if [ "$action" = undo ]; then
    undo_serving
    return 0
  fi
  find_served
  if [ -n "$served" ]; then
    certificates_in "$served"
    if [ -n "$pem" ] && issued_by "$old_ca" "$pem"; then
      case $action in
        check) not_ready "the kubelet serves $served, which the old CA issued" ;;
        apply) fail "the kubelet serves $served, which the old CA issued, and this package has no new certificate for it: provide this node's files and make the package again, or replace the file yourself" ;;
      esac
    fi
    return 0
  fi
  if [ ! -e "$serving" ] && [ ! -e "$saved_serving/complete" ]; then
    return 0
  fi
  ! serves_new || return 0
  case $action in
    check) not_ready "the kubelet's serving certificate ($serving) is not signed by the new CA"; return 0 ;;
    verify) return 0 ;;
    dry-run) would "have the kubelet request a new serving certificate, and restart kubelet"; return 0 ;;
  esac
  changed=yes
  save_serving
  remove_serving
  restart_kubelet
  say "approve this node's request within $limit seconds: kubectl get certificatesigningrequests --field-selector spec.signerName=kubernetes.io/kubelet-serving, then kubectl certificate approve NAME"
  left=$limit
  until serves_new; do
    left=$((left - 1))
    if [ "$left" -le 0 ]; then
      restore_serving
      fail "no serving certificate of the new CA arrived within $limit seconds; was the request approved? The kubelet has its old one again"
    fi
    pause_between
  done
  record renew "$serving" - - ok
  say "the kubelet has a serving certificate of the new CA"
}
