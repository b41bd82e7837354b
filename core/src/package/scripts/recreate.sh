# Immutable Secrets: the API server refuses every change of their data, so they are deleted and created again.

immutable() { # object FILE …
  immutable=yes
  case $action in verify) can delete secrets "$5" ;; esac
  "$@"
  immutable=no
}

# Deletes the Secret only in the state that was read: a change in between is a conflict, and nothing is deleted. A copy
# stays next to this script, in case the Secret cannot be created again.
replace_secret() { # FILE
  copy=$here/before-$name.yaml
  if call_kubectl -n "$namespace" get secret "$name" -o 'jsonpath={.metadata.resourceVersion}'; then
    version=$output
    [ -n "$version" ] || fail "kubectl get secret $namespace/$name: empty answer"
    run_to "$copy.new" kubectl -n "$namespace" get secret "$name" -o yaml
    run mv -f -- "$copy.new" "$copy"
    printf '{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"resourceVersion":"%s"}}\n' "$version" >"$scratch/delete.json"
    change delete --raw "/api/v1/namespaces/$namespace/secrets/$name" -f "$scratch/delete.json"
  else
    case $? in 3) ;; *) fail "$reason" ;; esac
  fi
  apply_file "$1"
}
