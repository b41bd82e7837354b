# shellcheck shell=sh
# Adds components that many clusters have. Runs on the first control-plane node after `kubeadm init`:
# - a static Pod that mounts admin.conf as a single file and reads it at its start, as kube-vip does;
# - a program that continuously sends requests to the cluster through that Pod, and records every response.
set -eu

cat >/etc/kubernetes/.vip.yaml <<'END'
apiVersion: v1
kind: Pod
metadata:
  name: vip
  namespace: kube-system
spec:
  hostNetwork: true
  containers:
  - name: vip
    image: lab
    command:
    - kubectl
    - --kubeconfig=/etc/kubernetes/admin.conf
    - proxy
    - --port=8009
    volumeMounts:
    - mountPath: /etc/kubernetes/admin.conf
      name: kubeconfig
      readOnly: true
  volumes:
  - hostPath:
      path: /etc/kubernetes/admin.conf
      type: File
    name: kubeconfig
END
# The manifest is written outside the folder that the kubelet watches, then moved atomically.
mv /etc/kubernetes/.vip.yaml /etc/kubernetes/manifests/vip.yaml

cat >/root/ask-vip.sh <<'END'
while :; do
  if answer=$(kubectl --server=http://127.0.0.1:8009 --request-timeout=10s get --raw=/readyz 2>&1); then
    echo ok
  else
    echo "$answer" | tr '\n' ' '
    echo
  fi >>/var/log/vip
  sleep 1
done
END
nohup setsid sh /root/ask-vip.sh >/dev/null 2>&1 </dev/null &
