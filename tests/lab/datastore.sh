# shellcheck shell=sh
# Creates a DataStore's CA, its server's certificate, and the tenant's client certificate. Runs on the tenant's host.
set -eu
mkdir -p /root/datastore
cd /root/datastore
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=datastore-etcd-ca -keyout ca.key -out ca.crt 2>/dev/null
issue() { # NAME SUBJECT EXTENSIONS
  openssl req -new -newkey rsa:2048 -nodes -subj "$2" -keyout "$1.key" -out "$1.csr" 2>/dev/null
  printf '%s\n' "$3" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile "$1.ext" -out "$1.crt" 2>/dev/null
}
issue etcd /CN=etcd 'subjectAltName=IP:127.0.0.1'
issue server /O=system:masters/CN=alpha 'extendedKeyUsage=clientAuth'
