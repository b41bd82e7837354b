#!/bin/bash
# Creates the trees of a large cluster from tests/fixtures/kubeadm/rsa-3. Each node has its own names and addresses in
# its certificates, kubeconfigs and manifests, issued by the fixture's CAs. All nodes share the fixture's keys, one for
# each purpose: generating thousands of keys would take longer than the measurement, and a run that keeps keys generates
# none for nodes.
#
#   tests/bench/trees.sh CONTROL_PLANES WORKERS FOLDER     FOLDER must not exist
set -euo pipefail
umask 077
control_planes=$1 workers=$2 folder=$3

fixture=$(cd "$(dirname "$0")/../fixtures/kubeadm/rsa-3" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$folder"
cp -r "$fixture/cluster" "$folder/"

authorities=$fixture/cp1/etc/kubernetes/pki
usage=keyUsage=critical,digitalSignature,keyEncipherment
plain=basicConstraints=critical,CA:FALSE
serial=1000

# public NAME FILE: writes the public key of a private key or of a kubeconfig
public() { openssl pkey -in "$2" -pubout -out "$scratch/$1.pub"; }
for name in apiserver apiserver-kubelet-client front-proxy-client apiserver-etcd-client etcd/server etcd/peer etcd/healthcheck-client; do
    public "${name#*/}" "$fixture/cp2/etc/kubernetes/pki/$name.key"
done
for name in admin controller-manager scheduler; do
    sed -n 's/ *client-key-data: //p' "$fixture/cp2/etc/kubernetes/$name.conf" | base64 -d >"$scratch/$name.key"
    public "$name" "$scratch/$name.key"
done
# The kubelet's key and certificate are in one file.
pems=("$fixture"/worker1/var/lib/kubelet/pki/kubelet-client-2*.pem)
openssl ec -in "${pems[0]}" -out "$scratch/kubelet.pem" 2>/dev/null
public kubelet "$scratch/kubelet.pem"

# sign FILE PUBLIC_KEY SUBJECT AUTHORITY USAGES [NAMES]
sign() {
    serial=$((serial + 1))
    printf '%s\n' "$plain" "$usage" "extendedKeyUsage=$5" authorityKeyIdentifier=keyid ${6:+"subjectAltName=$6"} >"$scratch/ext"
    openssl x509 -new -sha256 -force_pubkey "$scratch/$2.pub" -subj "$3" -CA "$authorities/$4.crt" -CAkey "$authorities/$4.key" \
        -set_serial "$serial" -days 3650 -extfile "$scratch/ext" -out "$1"
}

# kubelet NODE: its renewed client certificate, and its self-signed serving certificate with its own CA
kubelet() {
    local pki=$folder/$1/var/lib/kubelet/pki
    rm -f "$pki"/kubelet-client-*
    sign "$scratch/client.crt" kubelet "/O=system:nodes/CN=system:node:$1" ca clientAuth
    cat "$scratch/client.crt" "$scratch/kubelet.pem" >"$pki/kubelet-client-2026-11-22-02-13-37.pem"
    ln -s /var/lib/kubelet/pki/kubelet-client-2026-11-22-02-13-37.pem "$pki/kubelet-client-current.pem"
    # Airlock identifies these CAs by their keys, so each gets its own.
    openssl ecparam -name prime256v1 -genkey -noout -out "$scratch/own.key"
    printf '%s\n' basicConstraints=critical,CA:TRUE keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign subjectKeyIdentifier=hash >"$scratch/ext"
    openssl x509 -new -sha256 -key "$scratch/own.key" -subj "/CN=$1-ca@1795313617" -set_serial 2 -days 365 -extfile "$scratch/ext" -out "$scratch/own.crt"
    printf '%s\n' "$plain" "$usage" extendedKeyUsage=serverAuth authorityKeyIdentifier=keyid "subjectAltName=DNS:$1" >"$scratch/ext"
    public serving "$pki/kubelet.key"
    openssl x509 -new -sha256 -force_pubkey "$scratch/serving.pub" -subj "/CN=$1@1795313617" -CA "$scratch/own.crt" -CAkey "$scratch/own.key" \
        -set_serial 3 -days 365 -extfile "$scratch/ext" -out "$pki/kubelet.crt"
    cat "$scratch/own.crt" >>"$pki/kubelet.crt"
}

# control_plane NODE ADDRESS
control_plane() {
    local tree=$folder/$1 pki=$folder/$1/etc/kubernetes/pki name
    cp -r "$fixture/cp2" "$tree"
    sed -i "s/\bcp2\b/$1/g; s/192\.0\.2\.22/$2/g" "$tree"/etc/kubernetes/manifests/*.yaml "$tree"/etc/kubernetes/*.conf "$tree"/var/lib/kubelet/kubeadm-flags.env
    sign "$pki/apiserver.crt" apiserver /CN=kube-apiserver ca serverAuth \
        "DNS:api.rsa-3.example,DNS:$1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:$2"
    sign "$pki/apiserver-kubelet-client.crt" apiserver-kubelet-client /O=kubeadm:cluster-admins/CN=kube-apiserver-kubelet-client ca clientAuth
    sign "$pki/front-proxy-client.crt" front-proxy-client /CN=front-proxy-client front-proxy-ca clientAuth
    sign "$pki/apiserver-etcd-client.crt" apiserver-etcd-client /CN=kube-apiserver-etcd-client etcd/ca clientAuth
    sign "$pki/etcd/healthcheck-client.crt" healthcheck-client /CN=kube-etcd-healthcheck-client etcd/ca clientAuth
    for name in server peer; do
        sign "$pki/etcd/$name.crt" "$name" "/CN=$1" etcd/ca serverAuth,clientAuth "DNS:$1,DNS:localhost,IP:$2,IP:127.0.0.1"
    done
    for name in admin:/O=kubeadm:cluster-admins/CN=kubernetes-admin controller-manager:/CN=system:kube-controller-manager scheduler:/CN=system:kube-scheduler; do
        sign "$scratch/client.crt" "${name%%:*}" "${name#*:}" ca clientAuth
        sed -i "s|client-certificate-data: .*|client-certificate-data: $(base64 -w0 <"$scratch/client.crt")|" "$tree/etc/kubernetes/${name%%:*}.conf"
    done
    kubelet "$1"
}

for ((i = 1; i <= control_planes; i++)); do
    control_plane "cp$i" "10.1.$((i / 250)).$((i % 250 + 1))"
done
for ((i = 1; i <= workers; i++)); do
    cp -r "$fixture/worker1" "$folder/worker$i"
    sed -i "s/\bworker1\b/worker$i/g" "$folder/worker$i/var/lib/kubelet/kubeadm-flags.env"
    kubelet "worker$i"
done
