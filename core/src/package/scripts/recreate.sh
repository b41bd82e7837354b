
# Immutable Secrets: the API server refuses every change of their data, so they are deleted and created again.

# The Secret is deleted only in the state that was read: a change in between is a conflict, and nothing is deleted.
# A copy of it is kept beside this script in case it cannot be created again.
replace_secret() { # FILE NAMESPACE NAME
  copy=$here/before-$3.yaml
  version=$(kubectl -n "$2" get secret "$3" --ignore-not-found -o 'jsonpath={.metadata.resourceVersion}') || stop "Secret $2/$3 cannot be read"
  if [ -n "$version" ]; then
    kubectl -n "$2" get secret "$3" -o yaml >"$copy.new" || stop "Secret $2/$3 cannot be read"
    mv "$copy.new" "$copy"
    printf '{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"resourceVersion":"%s"}}\n' "$version" |
      kubectl delete --raw "/api/v1/namespaces/$2/secrets/$3" -f - >/dev/null || stop "Secret $2/$3 has changed in the meantime, or cannot be deleted; run this step again"
  fi
  kubectl apply --server-side --force-conflicts --field-manager=airlock -f "$1" >/dev/null || stop "Secret $2/$3 was deleted and cannot be created; run this step again, or apply $copy without its resourceVersion and uid"
}

# As object, for an immutable Secret.
recreate() { # FILE BEFORE KIND NAMESPACE NAME KEY SUM
  file=$1
  before=$2
  shift 2
  case $action in
    check) object_is "$@" || unmet "$1 $2/$3 does not match this phase" ;;
    dry-run) object_is "$@" || say "would delete $1 $2/$3 and create it from $file" ;;
    undo)
      # Without a change, an apply is accepted.
      if ! kubectl apply --server-side --force-conflicts --field-manager=airlock -f "$here/$before" >/dev/null 2>&1; then
        replace_secret "$here/$before" "$2" "$3"
      fi
      say "put $1 $2/$3 back"
      ;;
    apply)
      if ! object_is "$@"; then
        changed=yes
        replace_secret "$here/$file" "$2" "$3"
        say "deleted $1 $2/$3 and created it from $file"
      fi
      ;;
  esac
}
