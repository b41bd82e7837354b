#!/bin/sh
# Generates what Airlock generates for one control-plane node (two CAs, three leaf certificates, four kubeconfigs), one
# certificate after the other, as in a typical OpenSSL script (kubernetes.io: "Generate Certificates Manually").
#
#   tests/bench/openssl.sh ALGORITHM FOLDER     ALGORITHM: rsa-2048, rsa-4096 or ecdsa-p256; FOLDER must not exist
#   tests/bench/openssl.sh --keys ALGORITHM FOLDER     only the nine keys
set -eu
umask 077
only_keys=
if [ "$1" = --keys ]; then
    only_keys=yes
    shift
fi
algorithm=$1
mkdir "$2"
cd "$2"

key() {
    case $algorithm in
        rsa-2048) openssl genrsa -traditional -out "$1.key" 2048 ;;
        rsa-4096) openssl genrsa -traditional -out "$1.key" 4096 ;;
        ecdsa-p256) openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" ;;
        *) echo "there is no $algorithm here" >&2 && exit 2 ;;
    esac
}

if [ "$only_keys" ]; then
    for name in ca front-proxy-ca apiserver apiserver-kubelet-client front-proxy-client admin super-admin controller-manager scheduler; do
        key "$name"
    done
    exit
fi

# authority NAME SUBJECT
authority() {
    key "$1"
    openssl req -x509 -new -sha256 -key "$1.key" -days 3650 -subj "$2" -out "$1.crt" \
        -addext keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign
}

# leaf NAME SUBJECT AUTHORITY USAGE [NAMES]
leaf() {
    key "$1"
    openssl req -new -sha256 -key "$1.key" -subj "$2" -out "$1.csr"
    {
        echo "basicConstraints=critical,CA:FALSE"
        echo "keyUsage=critical,digitalSignature,keyEncipherment"
        echo "extendedKeyUsage=$4"
        echo "authorityKeyIdentifier=keyid"
        [ -z "${5:-}" ] || echo "subjectAltName=$5"
    } >"$1.ext"
    openssl x509 -req -sha256 -in "$1.csr" -CA "$3.crt" -CAkey "$3.key" -CAcreateserial -days 365 -extfile "$1.ext" -out "$1.crt" 2>/dev/null
    rm "$1.csr" "$1.ext"
}

# kubeconfig NAME USER SUBJECT
kubeconfig() {
    leaf "$1" "$3" ca clientAuth
    cat >"$1.conf" <<END
apiVersion: v1
kind: Config
clusters:
- name: kubernetes
  cluster:
    certificate-authority-data: $(base64 -w0 <ca.crt)
    server: https://192.0.2.11:6443
contexts:
- name: $2@kubernetes
  context:
    cluster: kubernetes
    user: $2
current-context: $2@kubernetes
users:
- name: $2
  user:
    client-certificate-data: $(base64 -w0 <"$1.crt")
    client-key-data: $(base64 -w0 <"$1.key")
END
    rm "$1.crt" "$1.key"
}

authority ca /CN=kubernetes
authority front-proxy-ca /CN=front-proxy-ca
leaf apiserver /CN=kube-apiserver ca serverAuth \
    DNS:cp1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:192.0.2.11
leaf apiserver-kubelet-client /O=kubeadm:cluster-admins/CN=kube-apiserver-kubelet-client ca clientAuth
leaf front-proxy-client /CN=front-proxy-client front-proxy-ca clientAuth
kubeconfig admin kubernetes-admin /O=kubeadm:cluster-admins/CN=kubernetes-admin
kubeconfig super-admin kubernetes-super-admin /O=system:masters/CN=kubernetes-super-admin
kubeconfig controller-manager system:kube-controller-manager /CN=system:kube-controller-manager
kubeconfig scheduler system:kube-scheduler /CN=system:kube-scheduler
