# shellcheck shell=sh
# Simulates the kubelet's static Pods: a process for each manifest, replaced when the manifest changes or reappears.
box=/run/machine
while :; do
  for name in $PODS; do
    [ "$name" != "${DEAD:-}" ] || continue
    manifest=/etc/kubernetes/manifests/$name.yaml
    [ ! -e "/etc/kubernetes/manifests/$name.yml" ] || manifest=/etc/kubernetes/manifests/$name.yml
    sum=
    [ ! -e "$manifest" ] || sum=$(cksum <"$manifest") || sum=
    read -r old 2>/dev/null <"$box/$name.sum" || old=
    [ "$sum" != "$old" ] || continue
    if [ -s "$box/$name.pid" ]; then
      read -r pid <"$box/$name.pid"
      kill -9 "$pid"
      # The process is a child of this shell: until `wait` reaps it, it would still appear as running.
      wait "$pid" || :
      : >"$box/$name.pid"
    fi
    if [ -n "$sum" ]; then
      # The process has the manifest's arguments and runs until it is killed.
      # shellcheck disable=SC2046 # several arguments
      "$box/$name" -c 'read -r x <>/run/machine/fifo' $(sed -n 's/^ *- \(--[a-z-]*=.*\)/\1/p' "$manifest") </dev/null >/dev/null 2>&1 &
      echo "$!" >"$box/$name.pid"
    fi
    echo "$sum" >"$box/$name.sum"
  done
  /bin/sleep 0.02
done
