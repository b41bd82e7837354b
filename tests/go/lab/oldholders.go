package main

import (
	"context"
	"crypto/tls"
	"path/filepath"
)

// oldCredentials are clients' from before the rotation, and one that the old CA's key has just signed.
func (r *recorder) oldCredentials() (map[string]*tls.Certificate, error) {
	found := make(map[string]*tls.Certificate)
	for _, node := range r.named(beforeRollOut) {
		admin, err := readNodeKubeconfig(filepath.Join(r.config.Before, node.Name), "/etc/kubernetes/admin.conf")
		if err != nil {
			return nil, err
		}
		found["the old admin.conf of "+node.Name] = admin.certificate
	}
	for _, node := range r.config.Nodes {
		path := inTree(filepath.Join(r.config.Before, node.Name), kubeletCredential)
		if pair, err := tls.LoadX509KeyPair(path, path); err == nil {
			found["the old credential of the kubelet on "+node.Name] = &pair
		}
	}
	made, err := issue(r.oldAuthorities(), "ca", "client")
	found["whoever holds the old CA's key"] = made
	return found, err
}

// eachOld meets servers with every old credential.
func (r *recorder) eachOld(edge string, meet func(client string, certificate *tls.Certificate)) {
	credentials, err := r.oldCredentials()
	if err != nil {
		r.note(edge, "whoever holds what the old CA signed", "nobody", "go", err)
		return
	}
	for client, certificate := range credentials {
		meet(client, certificate)
	}
}

func oldClientApiserver(ctx context.Context, r *recorder, edge, _ string) {
	r.eachOld(edge, func(client string, certificate *tls.Certificate) {
		apiserverRow(ctx, r, edge, client, &held{identity: identity{certificate: certificate}})
	})
}

func oldClientKubelet(ctx context.Context, r *recorder, edge, _ string) {
	r.eachOld(edge, func(client string, certificate *tls.Certificate) { r.kubelets(ctx, edge, client, certificate) })
}

// oldClientExtension meets a server that trusts what extension API servers are told about clients' certificates.
func oldClientExtension(ctx context.Context, r *recorder, edge, _ string) {
	const path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
	const server = "an extension API server with client-ca-file"
	told, err := r.configMap(ctx, path, "client-ca-file")
	if err != nil {
		r.note(edge, "whoever holds what the old CA signed", server, "go", err)
		return
	}
	own, err := issue(r.oldAuthorities(), "ca", servedName)
	if err != nil {
		r.note(edge, "whoever holds what the old CA signed", server, "go", err)
		return
	}
	r.eachOld(edge, func(client string, certificate *tls.Certificate) {
		r.note(edge, client, server, "go", between(own, certificate, told, ""))
		r.note(edge, client, server, "openssl", r.openssl(certificate.Certificate, told, ""))
	})
}

func oldFrontProxyExtension(ctx context.Context, r *recorder, edge, _ string) {
	for _, node := range r.named(beforeRollOut) {
		path := filepath.Join(r.config.Before, node.Name, r.config.Certificates, "front-proxy-client")
		if pair, err := tls.LoadX509KeyPair(path+".crt", path+".key"); err != nil {
			r.note(edge, "the old front proxy of "+node.Name, "nobody", "go", err)
		} else {
			r.extension(ctx, edge, "the old front proxy of "+node.Name, &pair)
		}
	}
	made, err := issue(r.oldAuthorities(), "front-proxy-ca", "client")
	if err != nil {
		r.note(edge, "whoever holds the old front-proxy CA's key", "nobody", "go", err)
		return
	}
	r.extension(ctx, edge, "whoever holds the old front-proxy CA's key", made)
}
