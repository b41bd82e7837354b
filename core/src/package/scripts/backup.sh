# The backup of a control-plane node, before phase 1: an archive of its configuration and keys, and a snapshot of etcd.
#
# It lies in /var/lib/airlock/PACKAGE/backup-NODE, readable by root only: node.tar, etcd.snapshot (or etcd.elsewhere, which
# says where the snapshot is) and SHA256SUMS, which is written last. Nothing restores it automatically; RUNBOOK.md says how.
#
# Each member is asked for its own snapshot: one snapshot restores the whole cluster, and a lost disk must not take the only
# one. etcd's tools are called on this machine, or in the container of etcd's Pod, which shares its data directory.

# What belongs to every node's configuration beside /etc/kubernetes, where it exists.
backup_paths="/var/lib/kubelet/pki /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env
/var/lib/kubelet/instance-config.yaml /etc/systemd/system/kubelet.service /etc/systemd/system/kubelet.service.d
/usr/lib/systemd/system/kubelet.service.d /etc/default/kubelet /etc/sysconfig/kubelet"

# KiB that etcd needs beside a restored database: it reserves two segments of its log of 64 MiB
# (etcd: server/storage/wal/wal.go, SegmentSizeBytes).
restored_log=131072

# Is everything there and unchanged? $reason says what is not.
backup_is_complete() {
  reason="$backup does not exist"
  [ -d "$backup" ] || return 1
  reason="$backup/SHA256SUMS does not exist or is empty"
  [ -s "$backup/SHA256SUMS" ] || return 1
  saved=
  while read -r sum name; do
    hash_of "$backup/$name"
    [ "$hash" = "$sum" ] || {
      reason="$backup/$name is missing or damaged (SHA-256 $hash instead of $sum)"
      return 1
    }
    saved="$saved $name"
  done <"$backup/SHA256SUMS"
  case $saved in
    ' node.tar etcd.snapshot' | ' node.tar etcd.elsewhere') return 0 ;;
  esac
  reason="$backup/SHA256SUMS is incomplete (it lists:$saved)"
  return 1
}

find_backup() {
  find_node_name
  backup=$journal/$package/backup-$node_name
}

# Nothing of this phase changes on a node without a backup. Once the phase has begun, the backup may be moved elsewhere.
backed_up() {
  { [ "$action" = verify ] && [ ! -e "$work/list" ] && [ ! -e "$work/pending" ]; } || return 0
  find_backup
  backup_is_complete || fail "there is no backup of this node ($reason): run apply.sh backup first; nothing was changed"
}

# The value of a flag in etcd's or the API server's manifest, as $value.
etcd_flag() { # FLAG
  run sed -n "/^ *- --$1=/{s|^ *- --$1=||;s/[\"']//g;p;q;}" "$etcd_manifest"
  value=$output
}

need_etcd_flag() { # FLAG
  etcd_flag "$1"
  [ -n "$value" ] || fail "sed finds no --$1 in $etcd_manifest, so etcd cannot be asked for a snapshot; $by_hand_backup"
}

# Where etcd is: a member on this node, as a static Pod, or outside, as the API server's flags say.
find_etcd() {
  by_hand_backup="take a snapshot yourself and say where it is (--etcd-backed-up, see --help); nothing was changed"
  etcd_manifest=$manifests/etcd.yaml
  etcd_data=
  if [ -e "$etcd_manifest" ]; then
    set -- advertise-client-urls trusted-ca-file cert-file key-file
    need_etcd_flag data-dir
    etcd_data=$value
  else
    etcd_manifest=$manifests/kube-apiserver.yaml
    [ -e "$etcd_manifest" ] || fail "neither $manifests/etcd.yaml nor $etcd_manifest exists; $by_hand_backup"
    set -- etcd-servers etcd-cafile etcd-certfile etcd-keyfile
  fi
  need_etcd_flag "$1"
  # A snapshot is one member's.
  etcd_endpoint=${value%%,*}
  need_etcd_flag "$2"
  etcd_ca=$value
  need_etcd_flag "$3"
  etcd_certificate=$value
  need_etcd_flag "$4"
  etcd_key=$value
}

# A tool of etcd's, on this machine or in the container of etcd's Pod. Its standard output becomes $output.
etcd_tool() { # COMMAND ARGUMENT…
  case $etcd_way in
    host) output=$("$@" 2>"$scratch/errors" 9>&-) ;;
    crictl) output=$(crictl exec "$etcd_container" "$@" 2>"$scratch/errors" 9>&-) ;;
    kubectl) output=$(kubectl --kubeconfig "$etc/admin.conf" -n kube-system exec "etcd-$node_name" -c etcd -- "$@" 2>"$scratch/errors" 9>&-) ;;
  esac
}

etcdctl_call() { # ARGUMENT…
  etcd_tool etcdctl "--endpoints=$etcd_endpoint" "--cacert=$etcd_ca" "--cert=$etcd_certificate" "--key=$etcd_key" "$@" ||
    fail_command "$?" etcdctl "$@"
}

# Which tool restores, as $etcd_restorer: etcdutl since 3.5, etcdctl until 3.5.
find_restorer() {
  etcd_restorer=etcdutl
  ! etcd_tool etcdutl version || return 0
  read_errors
  reason="etcdutl: ${reason:-no message}"
  etcd_restorer=etcdctl
  etcd_tool etcdctl version || return 1
  case $output in
    *'etcdctl version: 3.'[0-5].*) return 0 ;;
  esac
  return 1
}

find_etcd_container() {
  output=$(crictl ps --quiet --name '^etcd$' --label "io.kubernetes.pod.name=etcd-$node_name" --label io.kubernetes.pod.namespace=kube-system 2>"$scratch/errors" 9>&-) || {
    read_errors
    reason="crictl ps: ${reason:-no message}"
    return 1
  }
  etcd_container=${output%%
*}
  reason="crictl ps: no container of the Pod etcd-$node_name"
  [ -n "$etcd_container" ]
}

choose_etcd_tools() {
  tried=
  etcd_way=host
  if command -v etcdctl >/dev/null 2>&1; then
    ! find_restorer || return 0
    tried="on this machine, $reason"
  fi
  if [ -n "$etcd_data" ]; then
    etcd_way=crictl
    if command -v crictl >/dev/null 2>&1; then
      find_etcd_container && find_restorer && return 0
      tried="$tried${tried:+; }with crictl, $reason"
    fi
    etcd_way=kubectl
    if command -v kubectl >/dev/null 2>&1 && [ -e "$etc/admin.conf" ]; then
      ! find_restorer || return 0
      tried="$tried${tried:+; }with kubectl exec, $reason"
    fi
  fi
  fail "no snapshot of etcd can be taken from here (${tried:-etcdctl is not installed on this machine}). Install etcdctl and etcdutl here, or, where they are installed, run
  etcdctl --endpoints=$etcd_endpoint --cacert=$etcd_ca --cert=$etcd_certificate --key=$etcd_key snapshot save etcd.snapshot
  etcdutl snapshot restore etcd.snapshot --data-dir restored && rm -r restored
and run this again with --etcd-backed-up 'WHERE THE SNAPSHOT IS'; nothing was changed"
}

# Size of the database in KiB, as $etcd_size.
measure_etcd() {
  etcdctl_call endpoint status --write-out=fields
  etcd_size=
  while IFS= read -r text; do
    case $text in
      '"DBSize" : '*) etcd_size=${text#'"DBSize" : '} ;;
    esac
  done <<END
$output
END
  case $etcd_size in
    '' | *[!0-9]*) fail "etcdctl endpoint status: unexpected answer '$output'; nothing was changed" ;;
  esac
  etcd_size=$((etcd_size / 1024 + 1))
}

# Free space where a path is or will be, in KiB, as $free.
free_space() { # PATH
  existing=$1
  while [ ! -d "$existing" ]; do
    existing=${existing%/*}
    existing=${existing:-/}
  done
  ask df -Pk "$existing"
  # shellcheck disable=SC2086 # columns
  set -- ${output##*
}
  free=${4:-}
  case $free in
    '' | *[!0-9]*) fail "df -Pk $existing: unexpected answer '$output'" ;;
  esac
}

need_space() { # FOLDER KIB
  free_space "$1"
  [ "$free" -ge "$2" ] || fail "the backup needs $2 KiB in $1, $free KiB are free; make room, then run this again; nothing was changed"
}

# What goes into the archive, relative to /, as $archived, and its size in KiB, as $archived_size.
find_archived() { # FILE…
  archived=
  for path in "$@" $backup_paths; do
    [ ! -e "$path" ] || archived="$archived${path#/}
"
  done
  archived=${archived%?}
  archived_size=0
  while IFS= read -r path; do
    ask du -sk "/$path"
    size=${output%%[!0-9]*}
    [ -n "$size" ] || fail "du -sk /$path: unexpected answer '$output'"
    archived_size=$((archived_size + size))
  done <<END
$archived
END
}

# GNU tar leaves folders out and compares an archive with the files. Others, such as BusyBox's, may do neither: then the
# archive is unpacked, and both trees are compared. What tar can do is tried before anything is written.
choose_tar() {
  tar_way=gnu
  case $(tar --version 2>/dev/null) in
    *'GNU tar'*) return 0 ;;
  esac
  tar_way=plain
  for tool in find sort; do
    command -v "$tool" >/dev/null 2>&1 || fail "tar on this machine is not GNU tar, and $tool, which is needed to check its archive, is not installed; install GNU tar; nothing was changed"
  done
  make_folder "$scratch/tar"
  write_file "$scratch/tried" tried
  {
    tar -cf "$scratch/tried.tar" -C "$scratch" tried 2>"$scratch/errors" &&
      tar -xpf "$scratch/tried.tar" -C "$scratch/tar" 2>"$scratch/errors"
  } || {
    read_errors
    fail "tar on this machine cannot write and read an archive (${reason%%;*}); install GNU tar; nothing was changed"
  }
  [ -s "$scratch/tar/tried" ] || fail 'tar on this machine cannot read what it wrote; install GNU tar; nothing was changed'
}

# Everything that a backup needs, before it begins.
prepare_backup() { # FILE…
  for tool in tar du; do
    command -v "$tool" >/dev/null 2>&1 || fail "$tool is not installed on this machine; nothing was changed"
  done
  choose_tar
  find_archived "$@"
  etcd_size=0
  if [ -z "$etcd_elsewhere" ]; then
    find_etcd
    choose_etcd_tools
    measure_etcd
  fi
  needed=$((archived_size + 2048))
  [ "$tar_way" = gnu ] || needed=$((needed + archived_size))
  [ -n "$etcd_elsewhere" ] || needed=$((needed + 2 * etcd_size + restored_log))
  need_space "$journal" "$needed"
  if [ -z "$etcd_elsewhere" ] && [ "$etcd_way" != host ]; then
    need_space "$etcd_data" "$((2 * etcd_size + restored_log))"
  fi
}

# The archive is compared with the files: what changed meanwhile, or was not written completely, is found.
archive_files() { # ARCHIVE
  if [ "$tar_way" = gnu ]; then
    write_file "$scratch/archived" "$archived
"
    run tar -cf "$1" -C / --exclude=etc/kubernetes/.airlock -T "$scratch/archived"
    run tar -df "$1" -C /
  else
    archive_plainly "$1"
  fi
  run chmod 600 "$1"
  flush "$1"
}

archive_plainly() { # ARCHIVE
  archive=$1
  # The members, as arguments: those of a folder in place of the folder that has a member to leave out.
  set --
  while IFS= read -r path; do
    if [ "$path" != etc/kubernetes ]; then
      set -- "$@" "$path"
      continue
    fi
    for member in /etc/kubernetes/* /etc/kubernetes/.[!.]* /etc/kubernetes/..?*; do
      { [ -e "$member" ] || [ -L "$member" ]; } || continue
      [ "$member" = /etc/kubernetes/.airlock ] || set -- "$@" "${member#/}"
    done
  done <<END
$archived
END
  run tar -cf "$archive" -C / "$@"
  unpacked=${archive%/*}/unpacked
  make_folder "$unpacked"
  run tar -xpf "$archive" -C "$unpacked"
  describe_tree / "$@"
  described=$output
  describe_tree "$unpacked" "$@"
  [ "$output" = "$described" ] ||
    fail "tar: $archive differs from the files, which changed meanwhile or were not written completely; run this again"
  run rm -rf -- "$unpacked"
}

# Mode, owner, name and link target of everything below these paths, and the SHA-256 of every file, as $output.
describe_tree() { # FOLDER PATH…
  folder=$1
  shift
  ask find_below "$folder" "$@"
  write_file "$scratch/described" "$output
"
  ask sort "$scratch/described"
}

find_below() { # FOLDER PATH…
  cd "$1" || return 1
  shift
  find "$@" -exec stat -c '%a %u %g %N' {} + && find "$@" -type f -exec sha256sum {} +
}

# The snapshot is restored into the data directory of a scratch member, which is removed.
save_snapshot() { # SNAPSHOT
  folder=${1%/*}
  [ "$etcd_way" = host ] || folder=$etcd_data
  snapshot=$folder/airlock.snapshot
  restored=$folder/airlock.restored
  run rm -rf -- "$snapshot" "$snapshot.part" "$restored"
  etcdctl_call snapshot save "$snapshot"
  [ -s "$snapshot" ] || fail "etcdctl snapshot save: $snapshot does not exist or is empty"
  etcd_tool "$etcd_restorer" snapshot restore "$snapshot" "--data-dir=$restored" ||
    fail_command "$?" "$etcd_restorer" snapshot restore "$snapshot"
  [ -s "$restored/member/snap/db" ] || fail "$etcd_restorer snapshot restore $snapshot: it made no database"
  run rm -rf -- "$restored"
  run mv -f -- "$snapshot" "$1"
  run chown 0:0 "$1"
  run chmod 600 "$1"
  flush "$1"
}

back_up_node() { # FILE…
  find_backup
  if [ "$action" = check ]; then
    backup_is_complete || not_ready "the backup of this node: $reason"
    return 0
  fi
  if [ -e "$backup" ]; then
    backup_is_complete || fail "$reason; an existing backup is never overwritten: move it elsewhere, then run this again"
    return 0
  fi
  if [ "$action" != apply ]; then
    prepare_backup "$@"
    [ "$action" = verify ] || would "make a backup in $backup ($needed KiB needed, $free KiB free)"
    return 0
  fi
  say "making a backup in $backup ($needed KiB needed, $free KiB free)"
  partial=$journal/$package/.backup-$node_name
  run rm -rf -- "$partial"
  make_folder "$partial"
  archive_files "$partial/node.tar"
  if [ -n "$etcd_elsewhere" ]; then
    etcd_file=etcd.elsewhere
    write_file "$partial/$etcd_file" "$etcd_elsewhere
"
  else
    etcd_file=etcd.snapshot
    save_snapshot "$partial/$etcd_file"
  fi
  sums=
  for name in node.tar "$etcd_file"; do
    hash_of "$partial/$name"
    sums="$sums$hash  $name
"
  done
  write_file "$partial/SHA256SUMS" "$sums"
  flush "$partial/SHA256SUMS"
  run mv -f -- "$partial" "$backup"
  flush "$journal/$package"
  record backup "$backup" - - ok
  say "made a backup; $etcd_file is part of it"
}
