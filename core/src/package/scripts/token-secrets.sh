# Secrets with a service account's token: kube-controller-manager writes its CA file into each of them as ca.crt
# (kubernetes/kubernetes: pkg/controller/serviceaccount/tokens_controller.go), in its own time.

# Does ca.crt of every such Secret hold the certificates that are expected, in their order?
token_secrets_hold() {
  read_value '{range .items[*]}{.metadata.namespace}{"/"}{.metadata.name}{"|"}{.metadata.deletionTimestamp}{"|"}{.data.ca\.crt}{"|"}{.immutable}{"\n"}{end}' \
    get secrets -A --field-selector type=kubernetes.io/service-account-token || return 1
  while IFS='|' read -r token_secret deleted data is_immutable; do
    # One that is being deleted gets nothing any more.
    { [ -n "$token_secret" ] && [ -z "$deleted" ]; } || continue
    [ -n "$data" ] || {
      reason="the Secret $token_secret has no ca.crt"
      return 1
    }
    decode "$data"
    is_expected "$output" "ca.crt of the Secret $token_secret" || {
      reason="ca.crt of the Secret $token_secret has other CAs"
      # The API server refuses every change of its data.
      [ "$is_immutable" != true ] || reason="the Secret $token_secret is immutable, so kube-controller-manager cannot update its ca.crt: delete it and create it again without immutable, which replaces its token"
      return 1
    }
  done <<END
$value
END
}
