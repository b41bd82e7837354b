# shellcheck shell=sh
# Does what the owner of a webhook and an APIService does if their caBundle is the cluster CA. Runs on a control-plane
# node. `cargo xtask lab run` replaces @NAMES@.
set -eu
kubectl() {
  command kubectl --kubeconfig /etc/kubernetes/admin.conf "$@"
}

bundle=$(base64 -w0 <"@BUNDLE@")
kubectl patch apiservice v1.lab.airlock.example --type merge -p "{\"spec\":{\"caBundle\":\"$bundle\"}}"
kubectl patch validatingwebhookconfiguration lab --type json \
  -p "[{\"op\":\"replace\",\"path\":\"/webhooks/0/clientConfig/caBundle\",\"value\":\"$bundle\"}]"

folder=/root/extension/@SERVED@
[ -s "$folder/tls.crt" ] || sh /root/extension.sh "$folder"
kubectl -n lab create secret tls extension --cert "$folder/tls.crt" --key "$folder/tls.key" --dry-run=client -o yaml |
  kubectl apply --server-side --force-conflicts --field-manager=lab -f -
