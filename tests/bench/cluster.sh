#!/bin/sh
# Creates the input of a benchmark with kubeadm: the files of a single control-plane node of a new cluster. kubelet.conf
# refers to the files of the kubelet's credential, as after `kubeadm init phase kubelet-finalize`. An embedded
# credential would be one more to generate, which the other contenders do not do.
#
# Creates FOLDER/cp1, FOLDER/cp1.tar and FOLDER/brought.
#
#   tests/bench/cluster.sh KUBEADM ALGORITHM FOLDER     ALGORITHM: as in kubeadm's encryptionAlgorithm
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
# --rootfs makes kubeadm use the node's tree as its root folder (chroot), so that absolute paths are the node's. Needs
# root.
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

# Existing CAs to import. With them and with kept keys, a run generates no keys, which measures everything else.
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
# The archive for the page.
tar -C "$folder" -cf "$folder/cp1.tar" cp1
