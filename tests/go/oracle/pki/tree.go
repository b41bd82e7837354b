package main

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
)

// cluster is a line of `pki trees`.
type cluster struct {
	Name string `json:"name"`
	// Time of its clock, in unix seconds.
	Time  int64  `json:"time"`
	Files []file `json:"files"`
	// Request is the rotation to ask for, in the words of `RotationRequest`.
	Request map[string]any `json:"request"`
}

type file struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

// builder collects the files of one cluster.
type builder struct {
	shape
	files []file
	// drawn counts the keys of each kind that are in use; serial the certificates.
	drawn  map[kind]int
	serial int64
}

func (b *builder) add(path, text string) {
	b.files = append(b.files, file{b.name + "/" + path, text})
}

// The numbers of the keys that authorities have; leaves draw theirs from firstLeafKey on.
const (
	clusterKey = iota
	frontProxyKey
	etcdKey
	successorKey
	enterpriseKey
	firstLeafKey
)

// draw gives a key for a leaf, another one each time until the first half of the pool is used up.
func (b *builder) draw(kind kind) key {
	number := firstLeafKey + b.drawn[kind]%(poolSize/2-firstLeafKey)
	b.drawn[kind]++
	return keyOf(kind, number)
}

// authority makes a self-signed one.
func (b *builder) authority(commonName string, own key) entity {
	wanted := request{
		subject: named(commonName), serial: 0, authority: true,
		usage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		keyID: b.keyID(own, true),
	}
	if b.naming == "capi" {
		wanted.subject, wanted.limited = named("kubernetes"), true
	} else if commonName == "kubernetes" {
		wanted.names = []string{"kubernetes"}
	}
	return sign(wanted, own, nil)
}

// leaf makes one with a key of its own.
func (b *builder) leaf(signer entity, subject []byte, usage x509.ExtKeyUsage, hosts ...string) entity {
	own := b.draw(b.leafKind())
	b.serial++
	wanted := request{
		subject: subject, serial: 1<<40 + b.serial, extended: []x509.ExtKeyUsage{usage},
		usage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		keyID: b.keyID(own, false), authorityKeyID: b.authorityKeyID(&signer),
	}
	for _, host := range hosts {
		if address := net.ParseIP(host); address != nil {
			wanted.addresses = append(wanted.addresses, address)
		} else {
			wanted.names = append(wanted.names, host)
		}
	}
	return sign(wanted, own, &signer)
}

// tree makes a cluster as kubeadm lays it out.
func tree(shape shape) cluster {
	b := &builder{shape: shape, drawn: map[kind]int{}}
	kind := shape.authorityKind()
	ca := b.authority("kubernetes", keyOf(kind, clusterKey))
	frontProxy := b.authority("front-proxy-ca", keyOf(kind, frontProxyKey))
	etcd := b.authority("etcd-ca", keyOf(kind, etcdKey))
	serviceAccount := b.draw(rsa2048)
	b.add("cluster/cluster-info.yaml", clusterInfo(b.kubeconfig(ca, "", entity{}, "")))
	for i := range shape.nodes {
		node := fmt.Sprintf("cp%d", i+1)
		b.controlPlane(node, fmt.Sprintf("192.0.2.%d", i+11), i == 0, ca, frontProxy, etcd, serviceAccount)
	}
	b.kubelet("worker1", "192.0.2.21", ca)
	b.add("worker1/etc/kubernetes/pki/ca.crt", ca.pem())
	alice := b.leaf(ca, named("alice", "developers"), x509.ExtKeyUsageClientAuth)
	b.add("clients/alice.conf", b.kubeconfig(ca, "alice", alice, ""))
	return cluster{shape.name, now.Unix(), b.files, b.request(ca)}
}

// controlPlane adds the files of one control-plane node.
func (b *builder) controlPlane(node, address string, first bool, ca, frontProxy, etcd entity, serviceAccount key) {
	server, client := x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth
	pki := node + "/etc/kubernetes/pki/"
	pair := func(name string, certificate entity, more ...entity) {
		text := certificate.pem()
		for _, one := range more {
			text += one.pem()
		}
		b.add(pki+name+".crt", text)
		b.add(pki+name+".key", certificate.key.pem())
	}
	pair("ca", ca)
	pair("front-proxy-ca", frontProxy)
	pair("etcd/ca", etcd)
	b.add(pki+"sa.key", serviceAccount.pem())
	b.add(pki+"sa.pub", block("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(serviceAccount.Public()))))

	_, host := b.endpoint()
	hosts := []string{node, "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "10.96.0.1", address, host}
	serving := b.leaf(ca, named("kube-apiserver"), server, hosts...)
	if b.chained {
		pair("apiserver", serving, ca)
	} else {
		pair("apiserver", serving)
	}
	pair("apiserver-kubelet-client", b.leaf(ca, named("kube-apiserver-kubelet-client", "kubeadm:cluster-admins"), client))
	pair("front-proxy-client", b.leaf(frontProxy, named("front-proxy-client"), client))
	pair("apiserver-etcd-client", b.leaf(etcd, named("kube-apiserver-etcd-client"), client))
	pair("etcd/server", b.leaf(etcd, named(node), server, node, address, "127.0.0.1"))
	pair("etcd/peer", b.leaf(etcd, named(node), server, node, address))
	pair("etcd/healthcheck-client", b.leaf(etcd, named("kube-etcd-healthcheck-client"), client))

	confs := []struct{ file, user, group string }{
		{"admin", "kubernetes-admin", "kubeadm:cluster-admins"},
		{"controller-manager", "system:kube-controller-manager", ""},
		{"scheduler", "system:kube-scheduler", ""},
	}
	if first {
		confs = append(confs, struct{ file, user, group string }{"super-admin", "kubernetes-super-admin", "system:masters"})
	}
	for _, conf := range confs {
		var groups []string
		if conf.group != "" {
			groups = []string{conf.group}
		}
		text := b.kubeconfig(ca, conf.user, b.leaf(ca, named(conf.user, groups...), client), "")
		b.add(node+"/etc/kubernetes/"+conf.file+".conf", text)
	}
	manifests := manifests(address)
	for _, name := range slices.Sorted(maps.Keys(manifests)) {
		b.add(node+"/etc/kubernetes/manifests/"+name+".yaml", manifests[name])
	}
	b.kubelet(node, address, ca)
}

// kubelet adds what a kubelet holds; its serving certificate signs itself.
func (b *builder) kubelet(node, address string, ca entity) {
	current := "/var/lib/kubelet/pki/kubelet-client-current.pem"
	client := b.leaf(ca, named("system:node:"+node, "system:nodes"), x509.ExtKeyUsageClientAuth)
	b.add(node+current, client.pem()+client.key.pem())
	b.add(node+"/etc/kubernetes/kubelet.conf", b.kubeconfig(ca, "system:node:"+node, entity{}, current))
	b.add(node+"/var/lib/kubelet/config.yaml", kubeletConfig)
	b.add(node+"/var/lib/kubelet/kubeadm-flags.env", "KUBELET_KUBEADM_ARGS=\"--hostname-override="+node+"\"\n")
	serving := sign(request{
		subject: named(node + "@1700000000"), serial: 2, extended: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		usage: x509.KeyUsageDigitalSignature, names: []string{node}, addresses: []net.IP{net.ParseIP(address)},
	}, b.draw(p256), nil)
	b.add(node+"/var/lib/kubelet/pki/kubelet.crt", serving.pem())
	b.add(node+"/var/lib/kubelet/pki/kubelet.key", serving.key.pem())
}

// kubeconfig of a user with this credential, or with the one in a file; without a user for cluster-info.
func (b *builder) kubeconfig(ca entity, user string, credential entity, path string) string {
	host, _ := b.endpoint()
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	text := "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: " + encode(ca.pem()) +
		"\n    server: https://" + host + ":6443\n"
	if user == "" {
		return text + "  name: \"\"\ncontexts: null\ncurrent-context: \"\"\nkind: Config\nusers: null\n"
	}
	context := user + "@kubernetes"
	text += "  name: kubernetes\ncontexts:\n- context:\n    cluster: kubernetes\n    user: " + user + "\n  name: " + context +
		"\ncurrent-context: " + context + "\nkind: Config\nusers:\n- name: " + user + "\n  user:\n"
	if path != "" {
		return text + "    client-certificate: " + path + "\n    client-key: " + path + "\n"
	}
	return text + "    client-certificate-data: " + encode(credential.pem()) + "\n    client-key-data: " + encode(credential.key.pem()) + "\n"
}

// clusterInfo is the object that joining nodes read.
func clusterInfo(kubeconfig string) string {
	indented := "    " + strings.ReplaceAll(strings.TrimSuffix(kubeconfig, "\n"), "\n", "\n    ")
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cluster-info\n  namespace: kube-public\ndata:\n  kubeconfig: |\n" + indented + "\n"
}
