//! Static Pods in the style of real ones.

use super::{Tree, all};

const MANIFESTS: &str = "/etc/kubernetes/manifests";

fn readers(manifest: &str) -> Vec<String> {
    readers_with(manifest, &[])
}

fn readers_with(manifest: &str, files: &[(&str, &str)]) -> Vec<String> {
    let tree = Tree::of(files).with(&format!("{MANIFESTS}/x.yaml"), manifest);
    all(&tree.readers())
}

/// kubernetes/kubeadm: docs/ha-considerations.md, "HAProxy" as a static Pod.
#[test]
fn haproxy_and_its_configuration() {
    let manifest = "apiVersion: v1
kind: Pod
metadata:
  name: haproxy
  namespace: kube-system
spec:
  containers:
  - image: haproxy:2.8
    name: haproxy
    livenessProbe:
      httpGet: {host: localhost, path: /healthz, port: 8443, scheme: HTTPS}
    volumeMounts:
    - mountPath: /usr/local/etc/haproxy/haproxy.cfg
      name: haproxyconf
      readOnly: true
    - mountPath: /certs
      name: certs
  hostNetwork: true
  volumes:
  - hostPath: {path: /etc/haproxy/haproxy.cfg, type: FileOrCreate}
    name: haproxyconf
  - hostPath: {path: /etc/kubernetes/pki, type: Directory}
    name: certs
";
    let config = "global\n    log stdout format raw local0\nbackend apiserver\n    option httpchk GET /healthz\n    \
                  # ca-file /certs/old.crt\n    server cp1 10.0.0.1:6443 check check-ssl verify required ca-file /certs/ca.crt\n";
    assert_eq!(
        readers_with(manifest, &[("/etc/haproxy/haproxy.cfg", config)]),
        [
            "haproxy/haproxy: folder /certs /etc/kubernetes/pki",
            "haproxy/haproxy: file /usr/local/etc/haproxy/haproxy.cfg /etc/haproxy/haproxy.cfg",
            "haproxy/haproxy: /etc/haproxy/haproxy.cfg#line 6 /etc/kubernetes/pki/ca.crt",
        ]
    );
}

/// kubernetes/kubeadm: docs/ha-considerations.md, "keepalived" as a static Pod.
#[test]
fn keepalived_checks_with_a_script() {
    let manifest = "apiVersion: v1
kind: Pod
metadata: {name: keepalived, namespace: kube-system}
spec:
  containers:
  - image: osixia/keepalived:2.0.20
    name: keepalived
    resources: {}
    volumeMounts:
    - {mountPath: /usr/local/etc/keepalived/keepalived.conf, name: config}
    - {mountPath: /etc/keepalived/check_apiserver.sh, name: check}
  volumes:
  - {hostPath: {path: /etc/keepalived/keepalived.conf}, name: config}
  - {hostPath: {path: /etc/keepalived/check_apiserver.sh}, name: check}
";
    let files = [
        (
            "/etc/keepalived/keepalived.conf",
            "vrrp_script check {\n  script \"/etc/keepalived/check_apiserver.sh\"\n}\n",
        ),
        ("/etc/keepalived/check_apiserver.sh", "#!/bin/sh\ncurl -sfk https://localhost:6443/healthz -o /dev/null\n"),
    ];
    assert_eq!(
        readers_with(manifest, &files),
        [
            "keepalived/keepalived: file /etc/keepalived/check_apiserver.sh /etc/keepalived/check_apiserver.sh",
            "keepalived/keepalived: file /usr/local/etc/keepalived/keepalived.conf /etc/keepalived/keepalived.conf",
            "keepalived/keepalived: /etc/keepalived/keepalived.conf#line 2 /etc/keepalived/check_apiserver.sh",
        ]
    );
}

#[test]
fn a_cloud_controller_manager_with_everything_in_variables() {
    let manifest = "apiVersion: v1
kind: Pod
metadata: {name: ccm, namespace: kube-system}
spec:
  securityContext: {runAsUser: 1000}
  initContainers:
  - name: wait
    image: curl
    command: [/bin/sh, -c, 'until curl --cacert /pki/ca.crt https://10.0.0.1:6443/readyz; do sleep 1; done']
    volumeMounts: [{mountPath: /pki, name: kubernetes, subPath: pki}]
  containers:
  - name: ccm
    image: ccm
    command: [/bin/cloud-controller-manager, --cloud-provider=openstack, --kubeconfig=$(DIR)/$(NAME).conf]
    args: [--client-ca-file, /k/pki/front-proxy-ca.crt, --cloud-config=/etc/config/cloud.conf, --cert-dir=/tmp]
    env:
    - {name: DIR, value: /k}
    - {name: NAME, value: ccm}
    - {name: KUBECONFIG, value: '$(DIR)/a.conf:/k/b.conf'}
    - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    livenessProbe: {exec: {command: [curl, --cacert, $(DIR)/pki/ca.crt, 'https://localhost:10258/healthz']}}
    lifecycle: {preStop: {exec: {command: [cat, $(DIR)/x]}}}
    volumeMounts:
    - {mountPath: /k/, name: kubernetes, readOnly: true}
    - {mountPath: /k/secrets, name: secrets}
    - {mountPath: /etc/config/cloud.conf, name: kubernetes, subPath: cloud-config}
    - {mountPath: /logs, name: kubernetes, subPathExpr: $(POD)/log}
  volumes:
  - {name: kubernetes, hostPath: {path: /etc/kubernetes/, type: Directory}}
  - {name: secrets, secret: {secretName: x}}
";
    assert_eq!(
        readers_with(
            manifest,
            &[("/etc/kubernetes/cloud-config", "[Global]\nca-file=/k/secrets/ca.crt\nkey=/k/key\n")]
        ),
        [
            "ccm/ccm: --client-ca-file /etc/kubernetes/pki/front-proxy-ca.crt",
            "ccm/ccm: --cloud-config /etc/kubernetes/cloud-config",
            "ccm/ccm: --kubeconfig /etc/kubernetes/ccm.conf",
            "ccm/ccm: $DIR /etc/kubernetes",
            "ccm/ccm: $KUBECONFIG /etc/kubernetes/a.conf",
            "ccm/ccm: $KUBECONFIG /etc/kubernetes/b.conf",
            "ccm/ccm: livenessProbe --cacert /etc/kubernetes/pki/ca.crt",
            "ccm/ccm: folder /k /etc/kubernetes",
            "ccm/ccm: folder /logs /etc/kubernetes",
            "ccm/ccm: file /etc/config/cloud.conf /etc/kubernetes/cloud-config",
            "ccm/ccm: /etc/kubernetes/cloud-config#line 3 /etc/kubernetes/key",
            "ccm/wait: --cacert /etc/kubernetes/pki/ca.crt",
            "ccm/wait: folder /pki /etc/kubernetes/pki",
        ]
    );
}

/// `cert,key:names` as k8s.io/component-base: cli/flag/namedcertkey_flag.go reads it.
#[test]
fn pairs_of_certificate_and_key() {
    let manifest = "kind: Pod
metadata: {name: a}
spec:
  containers:
  - name: kube-apiserver
    command: [kube-apiserver, '--tls-sni-cert-key=/p/a.crt,/p/a.key:*.example.com,api', --tls-sni-cert-key, '/p/b.crt,/p/b.key', '--etcd-servers=https://a/p,unix:///p/x.sock']
    volumeMounts: [{mountPath: /p, name: p}]
  volumes: [{name: p, hostPath: {path: /etc/pki}}]
";
    assert_eq!(
        readers(manifest),
        [
            "a/kube-apiserver: --tls-sni-cert-key /etc/pki/a.crt",
            "a/kube-apiserver: --tls-sni-cert-key /etc/pki/a.key",
            "a/kube-apiserver: --tls-sni-cert-key /etc/pki/b.crt",
            "a/kube-apiserver: --tls-sni-cert-key /etc/pki/b.key",
            "a/kube-apiserver: folder /p /etc/pki",
        ]
    );
}

#[test]
fn what_the_kubelet_does_not_run_reads_nothing() {
    let pod = "kind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: a, command: [a, --b=/c/d], \
               volumeMounts: [{mountPath: /c, name: c}]}]\n  volumes: [{name: c, hostPath: {path: /c}}]\n";
    for path in ["/etc/kubernetes/manifests/.x.yaml", "/etc/kubernetes/manifests/old/x.yaml", "/root/x.yaml"] {
        assert_eq!(all(&Tree::of(&[(path, pod)]).readers()), Vec::<String>::new(), "{path}");
    }
    let backup = Tree::of(&[("/etc/kubernetes/manifests/x.bak", pod)]);
    assert_eq!(all(&backup.readers()), ["a/a: --b /c/d", "a/a: folder /c /c"], "the kubelet runs any file there");
}
