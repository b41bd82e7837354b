#!/bin/sh
# The input of a bench run: what a single control-plane node of a new cluster holds, made by kubeadm.
# kubelet.conf names the files in which the kubelet keeps its own credential, as `kubeadm init phase kubelet-finalize` leaves it:
# a credential inside would be one more than the other contenders make.
#
# Makes FOLDER/cp1, FOLDER/cp1.tar and FOLDER/brought.
#
#   tests/bench/cluster.sh KUBEADM ALGORITHM FOLDER     ALGORITHM as kubeadm's encryptionAlgorithm has it
set -eu
umask 077
kubeadm=$1 algorithm=$2 folder=$3

rm -rf "$folder"
mkdir -p "$folder/cp1/etc/kubernetes"
cat >"$folder/kubeadm.yaml" <<END
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint:
  advertiseAddress: 192.0.2.11
nodeRegistration:
  name: cp1
  criSocket: unix:///run/containerd/containerd.sock
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.3
encryptionAlgorithm: $algorithm
END

phase() {
    "$kubeadm" --rootfs "$folder/cp1" init phase "$@" --config /kubeadm.yaml >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
}
# kubeadm changes its root to the node's tree, so that every path means the node's own; that takes root's rights.
cp "$folder/kubeadm.yaml" "$folder/cp1/"
phase certs all
for kubeconfig in admin super-admin controller-manager scheduler kubelet; do
    phase kubeconfig "$kubeconfig"
done
phase control-plane all
current=/var/lib/kubelet/pki/kubelet-client-current.pem
sed -i -e "s|client-certificate-data: .*|client-certificate: $current|" -e "s|client-key-data: .*|client-key: $current|" \
    "$folder/cp1/etc/kubernetes/kubelet.conf"
rm -r "$folder/cp1/kubeadm.yaml" "$folder/cp1/etc/kubernetes/tmp" 2>/dev/null || true
rm "$folder/log" "$folder/kubeadm.yaml"

# New authorities, made beforehand: with them and with kept keys a run makes no key, which leaves what is not key generation.
case $algorithm in
    RSA-*) set -- -newkey "rsa:${algorithm#RSA-}" ;;
    ECDSA-P256) set -- -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 ;;
    *) echo "there is no $algorithm here" >&2 && exit 2 ;;
esac
mkdir "$folder/brought"
for authority in ca front-proxy-ca; do
    openssl req -x509 -new -nodes -sha256 -days 3650 -subj "/CN=brought-$authority" "$@" \
        -addext keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign \
        -keyout "$folder/brought/$authority.key" -out "$folder/brought/$authority.crt" 2>/dev/null
done
# As the page is given it.
tar -C "$folder" -cf "$folder/cp1.tar" cp1
