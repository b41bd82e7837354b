# shellcheck shell=sh disable=SC1091,SC2086 # files and flags that are the node's
# The command with which init starts the kubelet: equivalent to kubeadm's drop-in for systemd (10-kubeadm.conf).
[ ! -f /var/lib/kubelet/kubeadm-flags.env ] || . /var/lib/kubelet/kubeadm-flags.env
[ ! -f /etc/default/kubelet ] || . /etc/default/kubelet
exec kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf \
    --config=/var/lib/kubelet/config.yaml ${KUBELET_KUBEADM_ARGS:-} ${KUBELET_EXTRA_ARGS:-}
