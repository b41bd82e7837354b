# The kubelet's own client certificate, and certificates that kubeadm renews on the node.

current=$pki/kubelet-client-current.pem
saved=$kubelet_state/before-renewal

presents_new() {
  kubelet_certificate
  issued_by "$new_ca" "$pem"
}

# A kubelet that still presents a certificate of the old CA is locked out in phase 3, forty seconds later.
renewed_first() {
  case $action in
    verify | check) presents_new || fail "this kubelet still presents a certificate of the old CA: complete phase 2 first; nothing was changed" ;;
  esac
}

# The kubelet renews only after this phase's other files are in place: control-plane components must accept and sign.
node_part_first() {
  # An interrupted renewal has changed kubelet.conf; it began after this check.
  { [ "$action" = verify ] && [ ! -e "$saved/complete" ]; } || return 0
  action=check
  node
  action=verify
  [ "$missing" = no ] || fail "run apply.sh without the word kubelet first; nothing was changed"
}

# The user's credential in a kubeconfig becomes the kubelet's own file.
with_files() { # KUBECONFIG OUTPUT
  run_to "$2" sed -e "s|^\\( *\\)client-certificate\\(-data\\)\\{0,1\\}:.*|\\1client-certificate: $current|" \
    -e "s|^\\( *\\)client-key\\(-data\\)\\{0,1\\}:.*|\\1client-key: $current|" "$1"
}

# The user's credential in a kubeconfig becomes this PEM file's content.
with_data() { # KUBECONFIG PEM OUTPUT
  ask base64 -w0 "$2"
  # Written by the shell itself: a key in an argument could be read in the list of processes.
  write_file "$saved/credential.sed" "s|^\\( *\\)client-certificate\\(-data\\)\\{0,1\\}:.*|\\1client-certificate-data: $output|
s|^\\( *\\)client-key\\(-data\\)\\{0,1\\}:.*|\\1client-key-data: $output|
"
  run_to "$3" sed -f "$saved/credential.sed" "$1"
  run rm -f -- "$saved/credential.sed"
}

# Afterwards kubelet.conf is as the package has it; where the package does not have it, it names the kubelet's own file.
settle_kubelet_conf() {
  if [ "$unseen" = yes ]; then
    with_files "$saved/kubelet.conf" "$saved/settled.conf"
  else
    run cp -a -- "$saved/kubelet.conf" "$saved/settled.conf"
  fi
  hash_of "$saved/settled.conf"
  wanted=$hash
  hash_of "$kubelet_conf"
  [ "$hash" = "$wanted" ] || move_in "$saved/settled.conf" 600 "$kubelet_conf"
  run rm -f -- "$saved/settled.conf"
}

# Keeps what the kubelet has now; complete once the file "complete" exists.
save_kubelet() { # PEM that is not the kubelet's own
  [ ! -e "$saved/complete" ] || return 0
  run rm -rf -- "$saved"
  make_folder "$saved/pki"
  for pem_file in "$pki"/kubelet-client-*.pem; do
    [ ! -e "$pem_file" ] || [ "$pem_file" = "$1" ] || run cp -a -- "$pem_file" "$saved/pki/"
  done
  [ ! -s "$current" ] || run cp -L -- "$current" "$saved/current.pem"
  run cp -a -- "$kubelet_conf" "$saved/kubelet.conf"
  flush "$saved/kubelet.conf"
  write_file "$saved/complete" ''
}

restore_kubelet() {
  remove_pem_files
  # File by file: a copy of the folder would bring that folder's mode.
  for pem_file in "$saved"/pki/*; do
    { [ ! -e "$pem_file" ] && [ ! -L "$pem_file" ]; } || run cp -a -- "$pem_file" "$pki/"
  done
  move_in "$saved/kubelet.conf" 600 "$kubelet_conf"
  restart_kubelet
  record restore "$current" - - ok
}

remove_pem_files() {
  for pem_file in "$pki"/kubelet-client-*.pem; do
    { [ ! -e "$pem_file" ] && [ ! -L "$pem_file" ]; } || run rm -f -- "$pem_file"
  done
}

# A copy that is half removed must not be taken for a complete one.
forget_renewal() {
  run rm -f -- "$saved/complete"
  run rm -rf -- "$saved"
  tidy "$kubelet_state"
}

undo_kubelet() {
  [ ! -e "$kubelet_state/restarted" ] || run rm -f -- "$kubelet_state/restarted"
  if [ ! -e "$saved/complete" ]; then
    tidy "$kubelet_state"
    say "the kubelet has nothing to undo"
    return 0
  fi
  restore_kubelet
  forget_renewal
  say "the kubelet has its old certificate again"
}

has_new_certificate() {
  [ -s "$current" ] && presents_new
}

# The kubelet requests a certificate as itself: its present credential goes into kubelet.conf, its files are removed, and
# it renews at once. No key leaves the node.
renew_kubelet() {
  case $action in
    check)
      presents_new || not_ready "the kubelet's certificate is not signed by the new CA"
      return 0
      ;;
    undo) undo_kubelet && return 0 ;;
  esac
  if presents_new; then
    [ "$action" = apply ] || return 0
    if [ -e "$saved/complete" ]; then
      settle_kubelet_conf
    elif [ ! -s "$current" ]; then
      # kubelet.conf embeds the credential, and this phase has replaced it: one restart for these bytes.
      hash_of "$kubelet_conf"
      read_restarted
      [ "$restarted_for" != "$hash" ] || return 0
      wanted=$hash
      restart_kubelet
      make_folder "$kubelet_state"
      write_file "$kubelet_state/restarted" "$wanted"
    fi
    return 0
  fi
  case $action in
    verify)
      [ -s "$current" ] || [ -e "$saved/complete" ] || fail "$current does not exist, so the kubelet cannot renew its certificate; make the package with --kubelet-certs mint; nothing was changed"
      return 0
      ;;
    dry-run) would "have the kubelet renew its certificate, and restart kubelet"; return 0 ;;
  esac
  changed=yes
  save_kubelet ''
  with_data "$saved/kubelet.conf" "$saved/current.pem" "$saved/embedded.conf"
  move_in "$saved/embedded.conf" 600 "$kubelet_conf"
  run rm -f -- "$saved/embedded.conf"
  remove_pem_files
  restart_kubelet
  left=$limit
  until has_new_certificate; do
    left=$((left - 1))
    if [ "$left" -le 0 ]; then
      restore_kubelet
      forget_renewal
      fail "no certificate of the new CA arrived within $limit seconds; the kubelet has its old one again"
    fi
    pause_between
  done
  settle_kubelet_conf
  record renew "$current" - - ok
  say "the kubelet renewed its certificate under the new CA"
}

read_restarted() {
  restarted_for=
  [ ! -e "$kubelet_state/restarted" ] || IFS= read -r restarted_for <"$kubelet_state/restarted" || :
}

# Where the package has the kubelets' certificates: this node's must be among them.
minted_for() { # NODE…
  for one; do
    [ "$one" != "$node_name" ] || return 0
  done
  case $action in
    check) not_ready "the package has no certificate for the kubelet of $node_name" ;;
    *) presents_new || fail "the package has no certificate for the kubelet of $node_name (it has: $*); make it with --kubelet-certs renew, or give this worker's files too; nothing was changed" ;;
  esac
}

# Is this the node of that name? As its kubelet's certificate says, not as the host is called.
is_node() { # NODE
  [ "$1" = "$node_name" ]
}

# A certificate that came with the package: the link moves, then the kubelet restarts.
install_kubelet() { # FILE
  link=
  if [ -L "$current" ]; then
    ask readlink -- "$current"
    link=$output
  fi
  case $action in
    check) [ "$link" = "$pki/$1" ] || presents_new || not_ready "$current does not point to $1"; return 0 ;;
    verify) return 0 ;;
    undo) undo_kubelet && return 0 ;;
  esac
  [ "$link" != "$pki/$1" ] || [ -e "$work/pending" ] || return 0
  if [ "$action" = dry-run ]; then
    would "point $current to $1, and restart kubelet"
    return 0
  fi
  save_kubelet "$pki/$1"
  run ln -sfn -- "$pki/$1" "$pki/.kubelet-client-current.airlock"
  run mv -fT -- "$pki/.kubelet-client-current.airlock" "$current"
  flush "$pki"
  restart_kubelet
  [ ! -d "$work" ] || write_file "$work/restarted-kubelet" ''
  record link "$current" - - ok
  say "pointed $current to $1"
}

# Is what kubeadm calls NAME signed by the CA with these marks? FOLDER is laid out as /etc/kubernetes.
is_of() { # MARKS NAME FOLDER
  case $2 in
    *.conf) embedded_certificate "$3/$2" ;;
    *) ask cat -- "$3/pki/$2.crt" && pem=$output ;;
  esac
  issued_by "$1" "$pem"
}

# kubeadm signs with the first CA of ca.crt and the key beside it, on a copy of the node's files: nothing reads an incomplete
# result, or the kubeconfigs whose CA data kubeadm reduces to that CA. The key is moved in before its certificate.
renew_on_node() { # MARKS BUNDLE NAME…
  authority=$1
  bundle=$2
  shift 2
  due=
  for name; do
    case $name in
      *.conf) [ -e "$etc/$name" ] || continue ;;
      *) [ -e "$etc/pki/$name.crt" ] || fail "$etc/pki/$name.crt does not exist: is this a control-plane node of kubeadm?" ;;
    esac
    is_of "$authority" "$name" "$etc" || due="$due $name"
  done
  [ -n "$due" ] || return 0
  case $action in
    check) not_ready "not signed by the new CA yet:$due"; return 0 ;;
    verify)
      [ -e "$etc/admin.conf" ] || fail "$etc/admin.conf does not exist, with which kubeadm reads the cluster's configuration; nothing was changed"
      return 0
      ;;
    dry-run) would "have kubeadm renew$due"; return 0 ;;
  esac
  # shellcheck disable=SC2086 # several names
  renew_copy $due
  for name in $due; do
    is_of "$authority" "$name" "$stage" || fail "kubeadm certs renew $name: the certificate is not signed by the new CA"
    case $name in
      *.conf)
        with_ca_data "$stage/$name" "$bundle" "$stage/.$name"
        back_up "$etc/$name"
        move_in "$stage/.$name" 600 "$etc/$name"
        ;;
      *)
        back_up "$etc/pki/$name.key"
        back_up "$etc/pki/$name.crt"
        move_in "$stage/pki/$name.key" 600 "$etc/pki/$name.key"
        move_in "$stage/pki/$name.crt" 644 "$etc/pki/$name.crt"
        ;;
    esac
    record renew "$name" - "$hash" ok
    say "renewed $name"
  done
  run rm -rf -- "$stage" "$work/kubeadm.log"
}
