#!/bin/sh
# Generates with kubeadm what Airlock generates for one control-plane node: two CAs, three leaf certificates, four
# kubeconfigs. Runs only these phases: leaves out etcd's certificates, the service account keys and kubelet.conf.
#
#   tests/bench/kubeadm.sh KUBEADM ALGORITHM FOLDER     FOLDER must not exist
set -eu
umask 077
kubeadm=$1 algorithm=$2 folder=$3

mkdir "$folder"
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
certificatesDir: $folder/pki
END

for phase in ca front-proxy-ca apiserver apiserver-kubelet-client front-proxy-client; do
    "$kubeadm" init phase certs "$phase" --config "$folder/kubeadm.yaml" >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
done
for kubeconfig in admin super-admin controller-manager scheduler; do
    "$kubeadm" init phase kubeconfig "$kubeconfig" --kubeconfig-dir "$folder" --config "$folder/kubeadm.yaml" >"$folder/log" 2>&1 || {
        cat "$folder/log" >&2
        exit 1
    }
done
rm "$folder/log" "$folder/kubeadm.yaml"
