# shellcheck shell=sh
# Simulates a machine on which a step runs, in its own mount and PID namespace:
#
#   machine.sh TREE OUT PACKAGE COMMAND CHECK
#
# DEAD names a static Pod whose container does not run; LINKED one of NODE whose process has a container's cgroup.
# With FAULT (a folder with one wrapped command, see fault.sh), COMMAND first runs with that fault. Then COMMAND runs
# without the fault, then CHECK. OUT gets "codes" (exit statuses), "first", "second" and "check" (outputs), "files"
# (every file with its SHA-256, mode and owner) and "after" (the tree).
set -eu
tree=$1
out=$2
package=$3
command=$4
check=$5
mkdir -p "$out"
# Programs such as awk are symbolic links into /etc/alternatives.
cp -a /etc/passwd /etc/group /etc/alternatives "$out/"
mount -t tmpfs tmpfs /etc
mount -t tmpfs tmpfs /var/lib
mount -t tmpfs tmpfs /var/log
mount -t tmpfs tmpfs /run
cp -a "$out/passwd" "$out/group" "$out/alternatives" /etc/
mkdir -p /run/machine
for folder in etc/kubernetes etc/systemd var/lib/kubelet var/lib/airlock var/lib/standin; do
  [ ! -d "$tree/$folder" ] || cp -a "$tree/$folder" "/${folder%/*}/"
done
[ ! -d "$tree/var/log" ] || cp -a "$tree/var/log/." /var/log/
mkfifo /run/machine/fifo
PODS='etcd kube-apiserver kube-controller-manager kube-scheduler cloud-controller-manager'
export PODS
for name in kubelet $PODS; do
  cp /bin/dash "/run/machine/$name"
done
# Every process looks as if it had run so many seconds longer.
if [ -n "${RUNNING_FOR:-}" ]; then
  read -r uptime _ </proc/uptime
  echo "$((${uptime%.*} + RUNNING_FOR)).00 0.00" >/run/machine/uptime
  mount --bind /run/machine/uptime /proc/uptime
fi
if [ -d /etc/kubernetes/manifests ]; then
  sh "$MACHINE/kubelet.sh" 2>/dev/null &
  for name in $PODS; do
    [ "$name" != "${DEAD:-}" ] || continue
    [ -e "/etc/kubernetes/manifests/$name.yaml" ] || [ -e "/etc/kubernetes/manifests/$name.yml" ] || continue
    comm=
    until [ -s "/run/machine/$name.sum" ] && read -r pid <"/run/machine/$name.pid" && read -r comm <"/proc/$pid/comm" && [ "$comm" = "$(printf %.15s "$name")" ]; do
      /bin/sleep 0.01
    done
  done
fi
if [ -n "${LINKED:-}" ]; then
  # As a kubelet and a container runtime have it: a link with the container's ID, which is also the name of its cgroup.
  id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  mkdir -p /var/log/containers
  ln -s "/var/log/pods/$LINKED/0.log" "/var/log/containers/$LINKED-${NODE}_kube-system_$LINKED-$id.log"
  echo "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podabc.slice/cri-containerd-$id.scope" >/run/machine/cgroup
  read -r pid <"/run/machine/$LINKED.pid"
  mount --bind /run/machine/cgroup "/proc/$pid/cgroup"
fi
PATH=${OTHER_COMMANDS:+$OTHER_COMMANDS:}$MACHINE/bin:$PATH
export PATH
[ ! -e /etc/kubernetes/kubelet.conf ] || systemctl restart kubelet
cd "$package"

attempt() { # NAME COMMAND
  code=0
  # fault.sh reads the process id, because it may kill the process.
  sh -c 'echo "$$" >/run/machine/script; exec '"$2" >"$out/$1" 2>&1 </dev/null || code=$?
  printf '%s %s\n' "$1" "$code" >>"$out/codes"
}

: >"$out/codes"
if [ -n "${FAULT:-}" ]; then
  usual=$PATH
  PATH=$FAULT:$PATH
  attempt first "$command"
  PATH=$usual
  # A child of the killed process may still hold the lock for a moment.
  [ ! -e /var/lib/airlock/lock ] || flock /var/lib/airlock/lock true
fi
attempt second "$command"
attempt check "$check"
cd /
{
  find etc/kubernetes var/lib/kubelet ! -path '*/.airlock*' \( -type f -o -type l \) -printf '%m %U %G %l %p\n' 2>/dev/null | sort
  find etc/kubernetes var/lib/kubelet ! -path '*/.airlock*' -type f -exec sha256sum {} + 2>/dev/null | sort -k 2
  [ ! -d var/lib/standin ] || (cd var/lib/standin && find . -type f ! -name log -exec sha256sum {} + | sort -k 2)
} >"$out/files"
if [ -n "${KEEP:-}" ]; then
  for folder in etc/kubernetes etc/systemd var/lib/kubelet var/lib/airlock var/lib/standin; do
    [ -d "/$folder" ] || continue
    mkdir -p "$out/after/${folder%/*}"
    cp -a "/$folder" "$out/after/${folder%/*}/"
  done
  mkdir -p "$out/after/var/log"
  cp -a /var/log/. "$out/after/var/log/"
fi
