# shellcheck shell=sh
# The tenant's etcd, at the address in the Deployment's flags. `cargo xtask lab up` replaces @NAMES@.
cd /root/datastore || exit 1
exec etcd --data-dir /var/lib/etcd --listen-client-urls "https://127.0.0.1:22379,https://@ADDRESS@:22379" \
  --advertise-client-urls https://127.0.0.1:22379 --listen-peer-urls http://127.0.0.1:22380 --client-cert-auth \
  --trusted-ca-file ca.crt --cert-file etcd.crt --key-file etcd.key --logger zap --log-level warn
