# Logs of a tenant's control plane: of each container in the Pods of its Deployment.
#
# Pods or containers of which nothing is read: --exclude NAMESPACE/Pod/NAME/CONTAINER; an address that is known to fail:
# NAMESPACE/Pod/NAME/CONTAINER/ADDRESS.

# The containers without which it is no control plane.
tenant_containers='kube-apiserver kube-controller-manager kube-scheduler'

verify_tenant_logs() { # NAMESPACE NAME BEGINNING: "changed" where this phase changes the Secret of the CA, - where not
  reads_pods "$1" || return 0
  [ "$3" != changed ] || begins_with "$1" secret "$2-ca"
  tenant_namespace=$1
  tenant=$2
  verify_logs read_tenant_pods
}

read_tenant_pods() {
  need_value '{range .items[*]}{.metadata.name}{"|"}{.status.phase}{"|"}{range .spec.containers[*]}{.name}{" "}{end}{"\n"}{end}' \
    -n "$tenant_namespace" get pods -l "$name_label=$tenant"
  tenant_pods=$value
  has_pods=no
  while IFS='|' read -r pod state containers <&3; do
    [ -n "$pod" ] || continue
    case $state in
      Running) has_pods=yes ;;
      # It has ended and does not run again.
      Succeeded) continue ;;
      # One that was evicted, for example.
      Failed)
        pod_has_failed "$tenant_namespace" "$pod"
        continue
        ;;
      *) fail "kubectl get pods: $tenant_namespace/Pod/$pod is $state instead of Running" ;;
    esac
    for container in $tenant_containers; do
      case " $containers" in
        *" $container "*) ;;
        *) fail "kubectl get pods: $tenant_namespace/Pod/$pod has no container $container" ;;
      esac
    done
    states=
    for container in $containers; do
      ! is_excluded "$tenant_namespace/Pod/$pod/$container" || continue
      [ -n "$states" ] || read_states "$tenant_namespace" "$pod" || fail "$reason"
      read_log_of_pod "$tenant_namespace" "$pod" "$container" "$container"
    done
  done 3<<END
$tenant_pods
END
  [ "$has_pods" = yes ] || fail "kubectl get pods: the Deployment $tenant_namespace/$tenant has no Pod that runs"
}
