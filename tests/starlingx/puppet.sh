#!/bin/sh
# Does what StarlingX' puppet does on a host in a phase of a root CA update, on a copy of the host's tree. Follows
# starlingx/stx-puppet: modules/platform/manifests/kubernetes.pp, with openssl, kubectl and sed.
#
#   sh puppet.sh TREE controller|worker trust-both-cas|update-certs|trust-new-ca CA.crt CA.key
#
# Restarts are left out, because nothing runs from the tree. KUBECTL is the path of kubectl.
set -eu
tree=$1
personality=$2
phase=$3
ca=$4
key=$5
kubernetes=$tree/etc/kubernetes
pki=$kubernetes/pki
kubelet=$tree/var/lib/kubelet/pki
kubectl=${KUBECTL:-kubectl}

# Sets every kubeconfig's CA data to the current ca.crt.
trust() { # FILE…
  for file; do
    [ -f "$kubernetes/$file" ] || continue
    name=$("$kubectl" --kubeconfig "$kubernetes/$file" config view -o 'jsonpath={.clusters[0].name}')
    "$kubectl" --kubeconfig "$kubernetes/$file" config set-cluster "$name" --certificate-authority "$pki/ca.crt" --embed-certs >/dev/null
  done
}

# Issues a certificate with the same identity from the new CA.
again() { # OLD KEY NEW
  openssl x509 -x509toreq -copy_extensions copyall -in "$1" -signkey "$2" -out "$3.csr" 2>/dev/null
  openssl x509 -req -in "$3.csr" -CA "$ca" -CAkey "$key" -days 365 -copy_extensions copyall -out "$3" 2>/dev/null
  rm "$3.csr"
}

credential() { # FILE
  [ -f "$kubernetes/$1" ] || return 0
  for part in certificate key; do
    "$kubectl" --kubeconfig "$kubernetes/$1" config view --raw -o "jsonpath={.users[0].user.client-$part-data}" | base64 -d >"$tree/old.$part"
  done
  again "$tree/old.certificate" "$tree/old.key" "$tree/new.certificate"
  user=$("$kubectl" --kubeconfig "$kubernetes/$1" config view -o 'jsonpath={.users[0].name}')
  "$kubectl" --kubeconfig "$kubernetes/$1" config set-credentials "$user" --client-certificate "$tree/new.certificate" --client-key "$tree/old.key" --embed-certs >/dev/null
  rm "$tree"/old.* "$tree"/new.*
}

sign_with() { # NAME
  sed -i "s|\(--cluster-signing-cert-file=\).*|\1/etc/kubernetes/pki/$1.crt|; s|\(--cluster-signing-key-file=\).*|\1/etc/kubernetes/pki/$1.key|" \
    "$kubernetes/manifests/kube-controller-manager.yaml"
}

case $phase in
  trust-both-cas)
    cp "$ca" "$pki/ca_new.crt"
    cp "$key" "$pki/ca_new.key"
    cat "$ca" >>"$pki/ca.crt"
    if [ "$personality" = controller ]; then
      trust admin.conf super-admin.conf scheduler.conf controller-manager.conf
      sign_with ca_new
    fi
    trust kubelet.conf
    ;;
  update-certs)
    if [ "$personality" = controller ]; then
      for file in admin.conf super-admin.conf scheduler.conf controller-manager.conf; do
        credential "$file"
      done
      for leaf in apiserver apiserver-kubelet-client; do
        again "$pki/$leaf.crt" "$pki/$leaf.key" "$pki/$leaf.new"
        mv "$pki/$leaf.new" "$pki/$leaf.crt"
      done
      # The new CA comes first, because cert-mon reads only the first certificate.
      openssl x509 -in "$pki/ca.crt" >"$pki/old.crt"
      cat "$ca" "$pki/old.crt" >"$pki/ca.crt"
      rm "$pki/old.crt"
      trust admin.conf
    fi
    current=$kubelet/kubelet-client-current.pem
    # The symbolic link's target is a path on the host.
    old=$kubelet/$(basename "$(readlink "$current")")
    openssl pkey -in "$old" -out "$tree/kubelet.key"
    again "$old" "$tree/kubelet.key" "$tree/kubelet.crt"
    cat "$tree/kubelet.crt" "$tree/kubelet.key" >"$kubelet/kubelet-client-cert-with-key.pem"
    rm "$tree/kubelet.crt" "$tree/kubelet.key"
    ln -sfn /var/lib/kubelet/pki/kubelet-client-cert-with-key.pem "$current"
    ;;
  trust-new-ca)
    mv "$pki/ca_new.crt" "$pki/ca.crt"
    if [ "$personality" = controller ]; then
      mv "$pki/ca_new.key" "$pki/ca.key"
      trust admin.conf super-admin.conf scheduler.conf controller-manager.conf
      sign_with ca
    else
      rm "$pki/ca_new.key"
    fi
    trust kubelet.conf
    ;;
esac
