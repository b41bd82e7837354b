# shellcheck shell=sh
# extension.sh FOLDER
# Issues a serving certificate for the extension API server, with the CA that signs on this control-plane node.
# `cargo xtask lab up` replaces @NAMES@.
set -eu
folder=${1:?which folder?}
mkdir -p "$folder"
cd "$folder"
pki=@CERTIFICATES@
# The first certificate in ca.crt belongs to ca.key.
openssl x509 -in "$pki/ca.crt" -out ca.crt
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=extension.lab.svc -keyout tls.key -out tls.csr 2>/dev/null
printf 'subjectAltName=DNS:extension.lab.svc\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n' >tls.ext
openssl x509 -req -in tls.csr -CA ca.crt -CAkey "$pki/ca.key" -CAcreateserial -CAserial ca.srl -days 365 -extfile tls.ext -out tls.crt 2>/dev/null
