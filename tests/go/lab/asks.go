package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	certificates "k8s.io/api/certificates/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	jws "k8s.io/cluster-bootstrap/token/jws"
)

// askAsManagement does what Cluster API's controllers do: it reads <cluster>-kubeconfig anew and uses it.
func askAsManagement(ctx context.Context, asker *identity, server, path string) error {
	var object core.Secret
	if err := asker.get(ctx, server, path, &object); err != nil {
		return fmt.Errorf("the Secret cannot be read: %w", err)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(object.Data["value"])
	if err != nil {
		return err
	}
	manager, err := identityOf(config)
	if err != nil {
		return err
	}
	return manager.get(ctx, server, "/api/v1/nodes", nil)
}

// askWebhook has an object checked that is never stored.
func askWebhook(ctx context.Context, asker *identity, server string) error {
	object := &core.ConfigMap{ObjectMeta: meta.ObjectMeta{
		GenerateName: "checked-", Labels: map[string]string{"lab.airlock.example/checked": "true"},
	}}
	answer, err := asker.do(ctx, http.MethodPost, server+labNamespace+"/configmaps?dryRun=All", object)
	if err != nil {
		return err
	}
	if !strings.Contains(strings.Join(answer.header.Values("Warning"), " "), seenByWebhook) {
		return errors.New("the webhook was not asked")
	}
	return nil
}

// signCertificate asks for a client certificate for alice, approves it and waits for it; it also gives the request's URL.
func signCertificate(ctx context.Context, asker *identity, server string) (*identity, string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, "", err
	}
	subject := pkix.Name{CommonName: "alice", Organization: []string{"lab:people"}}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject}, key)
	if err != nil {
		return nil, "", err
	}
	const path = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
	object := &certificates.CertificateSigningRequest{
		ObjectMeta: meta.ObjectMeta{GenerateName: "lab-"},
		Spec: certificates.CertificateSigningRequestSpec{
			Request:    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request}),
			SignerName: certificates.KubeAPIServerClientSignerName,
			Usages:     []certificates.KeyUsage{certificates.UsageDigitalSignature, certificates.UsageClientAuth},
		},
	}
	if err := asker.send(ctx, http.MethodPost, server+path, object, object); err != nil {
		return nil, "", err
	}
	name := server + path + "/" + object.Name
	object.Status.Conditions = []certificates.CertificateSigningRequestCondition{{
		Type: certificates.CertificateApproved, Status: core.ConditionTrue, Reason: "Lab",
	}}
	if err := asker.send(ctx, http.MethodPut, name+"/approval", object, object); err != nil {
		return nil, "", err
	}
	const unsigned = "no certificate was signed"
	for len(object.Status.Certificate) == 0 {
		if err := pause(ctx, unsigned); err != nil {
			return nil, "", err
		}
		if err := asker.send(ctx, http.MethodGet, name, nil, object); ctx.Err() != nil {
			return nil, "", fmt.Errorf("%s: %w", unsigned, ctx.Err())
		} else if err != nil {
			return nil, "", err
		}
	}
	block, _ := pem.Decode(object.Status.Certificate)
	if block == nil {
		return nil, "", errors.New("what was signed is no certificate")
	}
	return &identity{certificate: &tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: key}}, name, nil
}

// askCertificate has a client certificate signed and presents it to every server.
func askCertificate(ctx context.Context, asker *identity, server string, config *loadConfig) error {
	signed, name, err := signCertificate(ctx, asker, server)
	if err != nil {
		return err
	}
	signed.trust = asker.trust
	for _, each := range config.serverNames() {
		if err := signed.get(ctx, config.Servers[each], labNamespace, nil); err != nil {
			return fmt.Errorf("the certificate that was signed, at %s: %w", each, err)
		}
	}
	return asker.send(ctx, http.MethodDelete, name, nil, nil)
}

// discover does what `kubeadm join` does first: cluster-info without trust, its signature, its pins, then with that trust.
func (c *phaseClients) discover(ctx context.Context, server string) error {
	id, secret, _ := strings.Cut(bootstrapToken, ".")
	for {
		var insecure core.ConfigMap
		if err := new(identity).get(ctx, server, clusterInfo, &insecure); err != nil {
			return err
		}
		text, signature := insecure.Data["kubeconfig"], insecure.Data["jws-kubeconfig-"+id]
		if !jws.DetachedTokenIsValid(signature, text, id, secret) {
			// The bootstrap signer follows a change of the text; kubeadm asks again, too.
			if err := pause(ctx, "cluster-info is not signed"); err != nil {
				return err
			}
			continue
		}
		config, err := clientcmd.Load([]byte(text))
		if err != nil {
			return err
		}
		for _, cluster := range config.Clusters {
			pins := pinsOf(cluster.CertificateAuthorityData)
			for _, expected := range c.pins {
				if !slices.Contains(pins, expected) {
					return fmt.Errorf("cluster-info has %v and not %s", pins, expected)
				}
			}
			return (&identity{trust: cluster.CertificateAuthorityData}).get(ctx, server, clusterInfo, nil)
		}
		return errors.New("cluster-info names no cluster")
	}
}

// pause waits a little before the next look.
func pause(ctx context.Context, why string) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", why, ctx.Err())
	case <-time.After(500 * time.Millisecond):
		return nil
	}
}
