package main

import "strings"

// manifests of a node's static Pods, as far as they say where keys and certificates lie
// (kubernetes/kubernetes: cmd/kubeadm/app/phases/controlplane).
func manifests(address string) map[string]string {
	return map[string]string{
		"kube-apiserver": pod("kube-apiserver", "/etc/kubernetes/pki",
			"--advertise-address="+address,
			"--authorization-mode=Node,RBAC",
			"--client-ca-file=/etc/kubernetes/pki/ca.crt",
			"--enable-bootstrap-token-auth=true",
			"--etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt",
			"--etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt",
			"--etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key",
			"--etcd-servers=https://127.0.0.1:2379",
			"--kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt",
			"--kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key",
			"--proxy-client-cert-file=/etc/kubernetes/pki/front-proxy-client.crt",
			"--proxy-client-key-file=/etc/kubernetes/pki/front-proxy-client.key",
			"--requestheader-allowed-names=front-proxy-client",
			"--requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt",
			"--secure-port=6443",
			"--service-account-key-file=/etc/kubernetes/pki/sa.pub",
			"--service-account-signing-key-file=/etc/kubernetes/pki/sa.key",
			"--service-cluster-ip-range=10.96.0.0/12",
			"--tls-cert-file=/etc/kubernetes/pki/apiserver.crt",
			"--tls-private-key-file=/etc/kubernetes/pki/apiserver.key"),
		"kube-controller-manager": pod("kube-controller-manager", "/etc/kubernetes/pki",
			"--authentication-kubeconfig=/etc/kubernetes/controller-manager.conf",
			"--authorization-kubeconfig=/etc/kubernetes/controller-manager.conf",
			"--bind-address=127.0.0.1",
			"--client-ca-file=/etc/kubernetes/pki/ca.crt",
			"--cluster-name=kubernetes",
			"--cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt",
			"--cluster-signing-key-file=/etc/kubernetes/pki/ca.key",
			"--controllers=*,bootstrapsigner,tokencleaner",
			"--kubeconfig=/etc/kubernetes/controller-manager.conf",
			"--leader-elect=true",
			"--requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt",
			"--root-ca-file=/etc/kubernetes/pki/ca.crt",
			"--service-account-private-key-file=/etc/kubernetes/pki/sa.key",
			"--use-service-account-credentials=true"),
		"kube-scheduler": pod("kube-scheduler", "/etc/kubernetes/scheduler.conf",
			"--authentication-kubeconfig=/etc/kubernetes/scheduler.conf",
			"--authorization-kubeconfig=/etc/kubernetes/scheduler.conf",
			"--bind-address=127.0.0.1",
			"--kubeconfig=/etc/kubernetes/scheduler.conf",
			"--leader-elect=true"),
		"etcd": pod("etcd", "/etc/kubernetes/pki/etcd",
			"--cert-file=/etc/kubernetes/pki/etcd/server.crt",
			"--client-cert-auth=true",
			"--data-dir=/var/lib/etcd",
			"--key-file=/etc/kubernetes/pki/etcd/server.key",
			"--peer-cert-file=/etc/kubernetes/pki/etcd/peer.crt",
			"--peer-client-cert-auth=true",
			"--peer-key-file=/etc/kubernetes/pki/etcd/peer.key",
			"--peer-trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
			"--trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt"),
	}
}

func pod(name, mount string, flags ...string) string {
	command := "    - " + name + "\n    - " + strings.Join(flags, "\n    - ")
	return strings.NewReplacer("NAME", name, "COMMAND", command, "MOUNT", mount).Replace(`apiVersion: v1
kind: Pod
metadata:
  labels:
    component: NAME
    tier: control-plane
  name: NAME
  namespace: kube-system
spec:
  containers:
  - command:
COMMAND
    image: registry.k8s.io/NAME:v1.36.3
    name: NAME
    volumeMounts:
    - mountPath: MOUNT
      name: files
      readOnly: true
  hostNetwork: true
  volumes:
  - hostPath:
      path: MOUNT
      type: DirectoryOrCreate
    name: files
status: {}
`)
}

const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
authentication:
  anonymous:
    enabled: false
  webhook:
    enabled: true
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
authorization:
  mode: Webhook
cgroupDriver: systemd
clusterDNS:
- 10.96.0.10
clusterDomain: cluster.local
kind: KubeletConfiguration
rotateCertificates: true
staticPodPath: /etc/kubernetes/manifests
`
