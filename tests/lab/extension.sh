# shellcheck shell=sh
# A serving certificate of the cluster's CA for the extension API server, in a Secret; runs on a control-plane node.
set -eu
mkdir -p /root/extension
cd /root/extension
pki=/etc/kubernetes/pki
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=extension.lab.svc -keyout tls.key -out tls.csr 2>/dev/null
printf 'subjectAltName=DNS:extension.lab.svc\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n' >tls.ext
openssl x509 -req -in tls.csr -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial -CAserial ca.srl -days 365 -extfile tls.ext -out tls.crt 2>/dev/null
kubectl --kubeconfig /etc/kubernetes/admin.conf -n lab create secret tls extension --cert tls.crt --key tls.key
