package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// rows make the handshakes of each row of the table of edges, for the holder that an edge names.
var rows = map[string]func(ctx context.Context, r *recorder, edge, holder string){
	"admin-apiserver":              kubeconfigRow("/etc/kubernetes/admin.conf", apiserverRow),
	"super-admin-apiserver":        kubeconfigRow("/etc/kubernetes/super-admin.conf", apiserverRow),
	"controller-manager-apiserver": componentRow("kube-controller-manager", apiserverRow),
	"scheduler-apiserver":          componentRow("kube-scheduler", apiserverRow),
	"kubelet-apiserver":            componentRow("kubelet", apiserverRow),
	"apiserver-kubelet":            apiserverKubelet,
	"aggregator-extension":         aggregatorExtension,
	"pods-apiserver":               podsRow(apiserverRow),
	"joining-apiserver":            joiningRow(apiserverRow),
	"requester-apiserver":          requesterApiserver,
	"management-apiserver":         managementRow(apiserverRow),
	"given-clients-apiserver":      givenRow(apiserverRow),
	"other-clients-apiserver":      othersRow(apiserverRow),
	"apiserver-webhook":            apiserverWebhook,
	"old-client-apiserver":         oldClientApiserver,
	"old-client-kubelet":           oldClientKubelet,
	"old-client-extension":         oldClientExtension,
	"old-front-proxy-extension":    oldFrontProxyExtension,
	"admin-impostor":               kubeconfigRow("/etc/kubernetes/admin.conf", impostorRow),
	"controller-manager-impostor":  componentRow("kube-controller-manager", impostorRow),
	"scheduler-impostor":           componentRow("kube-scheduler", impostorRow),
	"kubelet-impostor":             componentRow("kubelet", impostorRow),
	"pods-impostor":                podsRow(impostorRow),
	"joining-impostor":             joiningRow(impostorRow),
	"management-impostor":          managementRow(impostorRow),
	"given-clients-impostor":       givenRow(impostorRow),
	"other-clients-impostor":       othersRow(impostorRow),
	"webhook-impostor":             webhookImpostor,
}

// meeting is what a client does with what it has: meet the real servers, or somebody with the old CA's key.
type meeting func(ctx context.Context, r *recorder, edge, client string, who *held)

// authenticated is a path that API servers answer with 401 where somebody is not whom they say they are.
const authenticated = "/api/v1/namespaces/default"

// apiserverRow meets every API server that goes by the name that the client goes to.
func apiserverRow(ctx context.Context, r *recorder, edge, client string, who *held) {
	nodes := r.controlPlanes()
	own := func(node handshakeNode) bool { return node.Address == who.host }
	for _, node := range nodes {
		if slices.ContainsFunc(nodes, own) && !own(node) {
			continue
		}
		server := "kube-apiserver on " + node.Name
		to := target{address: net.JoinHostPort(node.Address, "6443"), path: authenticated}
		presented, err := connect(ctx, to, who.host, &who.identity)
		r.note(edge, client, server, "go", err)
		if who.trust != nil && presented != nil {
			r.note(edge, client, server, "openssl", r.openssl(raw(presented), who.trust, who.host))
		}
		if who.certificate != nil {
			r.judgedByFile(edge, client, server, node, who.certificate)
		}
	}
}

// judgedByFile is OpenSSL's word on a client, as a server would have it that trusts a node's ca.crt.
func (r *recorder) judgedByFile(edge, client, server string, node handshakeNode, certificate *tls.Certificate) {
	trust, err := os.ReadFile(inTree(r.tree(node.Name), r.config.Certificates+"/ca.crt"))
	if err == nil {
		err = r.openssl(certificate.Certificate, trust, "")
	}
	r.note(edge, client, server+", its ca.crt", "openssl", err)
}

// impostorRow meets a server with a certificate for that name that the old CA's key has signed.
func impostorRow(_ context.Context, r *recorder, edge, client string, who *held) {
	r.impostor(edge, client, who.trust, who.host)
}

func (r *recorder) impostor(edge, client string, trust []byte, host string) {
	const server = "an impostor with the old CA's key"
	made, err := issue(r.oldAuthorities(), "ca", host)
	if err != nil {
		r.note(edge, client, server, "go", err)
		return
	}
	r.note(edge, client, server, "go", between(made, nil, trust, host))
	r.note(edge, client, server, "openssl", r.openssl(made.Certificate, trust, host))
}

func (r *recorder) oldAuthorities() string {
	return filepath.Join(r.config.Before, r.controlPlanes()[0].Name, r.config.Certificates)
}

func kubeconfigRow(path string, meet meeting) func(context.Context, *recorder, string, string) {
	return func(ctx context.Context, r *recorder, edge, holder string) {
		nodes := r.named(holder)
		for _, node := range nodes {
			who, err := readNodeKubeconfig(r.tree(node.Name), path)
			if len(nodes) > 1 && errors.Is(err, os.ErrNotExist) {
				// Not every node has a super-admin.conf.
				continue
			}
			r.meet(ctx, edge, filepath.Base(path)+" of "+node.Name, who, err, meet)
		}
	}
}

func (r *recorder) meet(ctx context.Context, edge, client string, who *held, err error, meet meeting) {
	if err != nil {
		r.note(edge, client, "nobody", "go", err)
		return
	}
	meet(ctx, r, edge, client, who)
}

// componentRow is a program with what it read at its start and, where that is something else by now, with its file.
func componentRow(program string, meet meeting) func(context.Context, *recorder, string, string) {
	return func(ctx context.Context, r *recorder, edge, holder string) {
		for _, node := range r.named(holder) {
			client := program + " on " + node.Name
			tree := r.tree(node.Name)
			filed, err := readNodeKubeconfig(tree, readsAtStart[program])
			if err == nil && program == "kubelet" {
				// It follows the certificate that it renews by itself.
				pair, failure := tls.LoadX509KeyPair(inTree(tree, kubeletCredential), inTree(tree, kubeletCredential))
				if failure == nil {
					filed.certificate = &pair
				}
			}
			if err != nil {
				r.note(edge, client, "nobody", "go", err)
				continue
			}
			running, err := r.asRunning(node.Name, program)
			if err != nil {
				r.note(edge, client, "nobody", "go", err)
				continue
			}
			if running != nil {
				if program == "kubelet" {
					running.certificate = filed.certificate
				}
				meet(ctx, r, edge, client, running)
			}
			if running == nil || !same(running, filed) {
				meet(ctx, r, edge, client+", once it starts again", filed)
			}
		}
	}
}

func same(a, b *held) bool {
	if string(a.trust) != string(b.trust) || (a.certificate == nil) != (b.certificate == nil) {
		return false
	}
	return a.certificate == nil || slices.EqualFunc(a.certificate.Certificate, b.certificate.Certificate, slices.Equal)
}

// eachApiserver gives the client certificate that each holder's API server has under a name.
func (r *recorder) eachApiserver(edge, holder, name string, meet func(node handshakeNode, client string, pair *tls.Certificate)) {
	for _, node := range r.named(holder) {
		path := filepath.Join(r.tree(node.Name), r.config.Certificates, name)
		client := "kube-apiserver on " + node.Name
		if pair, err := tls.LoadX509KeyPair(path+".crt", path+".key"); err != nil {
			r.note(edge, client, "nobody", "go", err)
		} else {
			meet(node, client, &pair)
		}
	}
}

func apiserverKubelet(ctx context.Context, r *recorder, edge, holder string) {
	r.eachApiserver(edge, holder, "apiserver-kubelet-client", func(_ handshakeNode, client string, pair *tls.Certificate) {
		r.kubelets(ctx, edge, client, pair)
	})
}

// kubelets are met by a client that takes any server: a kubelet's serving certificate is its own.
func (r *recorder) kubelets(ctx context.Context, edge, client string, certificate *tls.Certificate) {
	for _, node := range r.config.Nodes {
		to := target{address: net.JoinHostPort(node.Address, "10250"), path: "/healthz"}
		_, err := connect(ctx, to, "", &identity{certificate: certificate})
		r.note(edge, client, "kubelet on "+node.Name, "go", err)
		r.judgedByFile(edge, client, "kubelet on "+node.Name, node, certificate)
	}
}

func aggregatorExtension(ctx context.Context, r *recorder, edge, holder string) {
	r.eachApiserver(edge, holder, "front-proxy-client", func(node handshakeNode, client string, pair *tls.Certificate) {
		r.extension(ctx, edge, client, pair)
		// And as the running API server does it itself.
		err := r.asker.get(ctx, r.url(node), extensionGroup+"/names", nil)
		if err != nil {
			err = &refusal{err}
		}
		r.note(edge, client+", asked for it", "the extension API server", "go", err)
	})
}

// extension is met as the aggregator meets it.
func (r *recorder) extension(ctx context.Context, edge, client string, certificate *tls.Certificate) {
	to := target{address: r.config.Extension, path: extensionGroup + "/names", header: http.Header{"X-Remote-User": {"lab"}}}
	_, err := connect(ctx, to, "", &identity{certificate: certificate})
	r.note(edge, client, "the extension API server", "go", err)
	const object = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
	told, err := r.configMap(ctx, object, "requestheader-client-ca-file")
	if err == nil {
		err = r.openssl(certificate.Certificate, told, "")
	}
	r.note(edge, client, "extension-apiserver-authentication", "openssl", err)
}

// inPods is the name by which pods go to the API server.
const inPods = "kubernetes.default.svc"

func podsRow(meet meeting) func(context.Context, *recorder, string, string) {
	return func(ctx context.Context, r *recorder, edge, _ string) {
		told, err := r.configMap(ctx, rootConfigMap, "ca.crt")
		r.meet(ctx, edge, "a pod that starts now", &held{identity{trust: told}, inPods}, err, meet)
		running, err := filepath.Glob(r.config.Pods)
		if err == nil && len(running) == 0 {
			err = errors.New("no pod has written down whom it trusts")
		}
		if err != nil {
			r.note(edge, "a pod that runs", "nobody", "go", err)
		}
		for _, path := range running {
			trust, err := os.ReadFile(path)
			name := strings.TrimSuffix(filepath.Base(path), ".crt")
			r.meet(ctx, edge, "the running pod "+name, &held{identity{trust: trust}, inPods}, err, meet)
		}
	}
}

// joiningRow does what `kubeadm join` does: the CA whose pin it was given has to be among those that it is told.
func joiningRow(meet meeting) func(context.Context, *recorder, string, string) {
	return func(ctx context.Context, r *recorder, edge, _ string) {
		text, err := r.configMap(ctx, clusterInfo, "kubeconfig")
		var config *held
		if err == nil {
			config, err = parseJoining(text)
		}
		if err != nil {
			r.note(edge, "a node that joins", "nobody", "go", err)
			return
		}
		if strings.HasPrefix(edge, "joining-impostor/") {
			meet(ctx, r, edge, "a node that joins", config)
			return
		}
		pins := pinsOf(config.trust)
		for which, path := range r.pinned() {
			authority, err := os.ReadFile(path)
			if err == nil && !slices.Contains(pins, pinsOf(authority)[0]) {
				err = &refusal{fmt.Errorf("cluster-info lacks the %s", which)}
			}
			r.note(edge, "a node that joins with the pin of the "+which, "cluster-info", "go", err)
		}
		meet(ctx, r, edge, "a node that joins", config)
	}
}

// pinned are the CAs whose pins people may give to machines that join.
func (r *recorder) pinned() map[string]string {
	pinned := make(map[string]string)
	if r.config.Phase <= 2 {
		pinned["old CA"] = filepath.Join(r.oldAuthorities(), "ca.crt")
	}
	if r.config.Phase >= 2 {
		pinned["new CA"] = r.config.NewAuthority
	}
	return pinned
}

// requesterApiserver has a certificate signed and uses it at every API server.
func requesterApiserver(ctx context.Context, r *recorder, edge, _ string) {
	signed, err := r.sign(ctx)
	if err != nil {
		r.note(edge, "whoever has a certificate signed", "kube-controller-manager", "go", err)
		return
	}
	issuer := "somebody unreadable"
	if certificate, err := x509.ParseCertificate(signed.certificate.Certificate[0]); err == nil {
		issuer = certificate.Issuer.CommonName
	}
	apiserverRow(ctx, r, edge, "whoever has a certificate signed, now by "+issuer, &held{identity: *signed})
}
