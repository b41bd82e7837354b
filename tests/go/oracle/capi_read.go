package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	core "k8s.io/api/core/v1"
	apiyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	bootstrap "sigs.k8s.io/cluster-api/api/bootstrap/kubeadm/v1beta2"
	"sigs.k8s.io/cluster-api/util/certs"
	"sigs.k8s.io/cluster-api/util/kubeconfig"
	"sigs.k8s.io/cluster-api/util/secret"
)

// kubeconfigAnswer is what Cluster API and client-go make of a kubeconfig.
type kubeconfigAnswer struct {
	// Error is why it cannot be used; empty if it can.
	Error string `json:"error"`
	// Server of the cluster entry that is named like the Cluster.
	Server string `json:"server"`
	// Authorities are the pins of the certificates in its CA data, in their order.
	Authorities []string `json:"authorities"`
	// CommonName and Organizations of the credential of the current context.
	CommonName    string   `json:"commonName"`
	Organizations []string `json:"organizations"`
	// SignedBy are the pins of those certificates of the cluster's -ca Secret that signed the credential.
	SignedBy []string `json:"signedBy"`
}

// capiRead: what do Cluster API's own functions say of these Secrets?
func capiRead(line []byte) (any, error) {
	var question struct {
		// Files with Secrets, in YAML or JSON.
		Files []string
		// Cluster is its name, Namespace where it lives.
		Cluster, Namespace string
	}
	if err := json.Unmarshal(line, &question); err != nil {
		return nil, err
	}
	ctx := context.Background()
	builder := fake.NewClientBuilder()
	for _, file := range question.Files {
		objects, err := secrets(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, object := range objects {
			// Server-side apply sends no resourceVersion; the fake client wants none either.
			object.ResourceVersion = ""
			builder = builder.WithObjects(object)
		}
	}
	management := builder.Build()
	name := client.ObjectKey{Namespace: question.Namespace, Name: question.Cluster}

	type certificateAnswer struct {
		// Present: there is such a Secret, with data.
		Present bool `json:"present"`
		// Error of reading the first certificate or the key as Cluster API reads them.
		Error string `json:"error"`
		// Subject of the first certificate; empty for service account keys.
		Subject string `json:"subject"`
		// Hashes are the discovery pins that a joining machine gets.
		Hashes []string `json:"hashes"`
		// CanSign: key and certificate belong together, tried by signing.
		CanSign bool `json:"canSign"`
		// Files that a machine gets, by path.
		Files []string `json:"files"`
	}
	var answer struct {
		// EnsureAllExist is its error; empty if all are there.
		EnsureAllExist string `json:"ensureAllExist"`
		// Certificates by purpose: ca, etcd, proxy, sa.
		Certificates map[string]certificateAnswer `json:"certificates"`
		// Kubeconfig as it is, and as RegenerateSecret makes it from the -ca Secret.
		Kubeconfig  kubeconfigAnswer `json:"kubeconfig"`
		Regenerated kubeconfigAnswer `json:"regenerated"`
		// NeedsRotation is what NeedsClientCertRotation says with half a year left, as the control plane's controller asks.
		NeedsRotation bool `json:"needsRotation"`
	}
	certificates := secret.NewCertificatesForInitialControlPlane(&bootstrap.ClusterConfiguration{})
	if err := certificates.Lookup(ctx, management, name); err != nil {
		return nil, err
	}
	if err := certificates.EnsureAllExist(); err != nil {
		answer.EnsureAllExist = err.Error()
	}
	answer.Certificates = map[string]certificateAnswer{}
	for _, certificate := range certificates {
		one := certificateAnswer{Present: certificate.KeyPair != nil, Hashes: []string{}, Files: []string{}}
		if one.Present {
			for _, file := range certificate.AsFiles() {
				one.Files = append(one.Files, file.Path)
			}
			if err := func() error {
				key, err := certs.DecodePrivateKeyPEM(certificate.KeyPair.Key)
				if err != nil || certificate.Purpose == secret.ServiceAccount {
					return err
				}
				authority, err := certs.DecodeCertPEM(certificate.KeyPair.Cert)
				if err != nil {
					return err
				}
				one.Subject = authority.Subject.String()
				if one.Hashes, err = certificate.Hashes(); err != nil {
					return err
				}
				_, err = kubeconfig.New(question.Cluster, "https://any.example", authority, key)
				one.CanSign = err == nil
				return err
			}(); err != nil {
				one.Error = err.Error()
			}
		}
		answer.Certificates[string(certificate.Purpose)] = one
	}

	authorities := ""
	if ca := certificates.GetByPurpose(secret.ClusterCA); ca.KeyPair != nil {
		authorities = string(ca.KeyPair.Cert)
	}
	object, err := secret.Get(ctx, management, name, secret.Kubeconfig)
	if err != nil {
		answer.Kubeconfig.Error = err.Error()
		return answer, nil
	}
	answer.Kubeconfig = readKubeconfig(ctx, management, name, authorities)
	if answer.NeedsRotation, err = kubeconfig.NeedsClientCertRotation(object, 365*24*time.Hour/2); err != nil {
		answer.Kubeconfig.Error = err.Error()
	}
	if err := kubeconfig.RegenerateSecret(ctx, management, object); err != nil {
		answer.Regenerated.Error = err.Error()
		return answer, nil
	}
	answer.Regenerated = readKubeconfig(ctx, management, name, authorities)
	return answer, nil
}

// readKubeconfig fetches the cluster's kubeconfig and looks at it as client-go does.
func readKubeconfig(ctx context.Context, management client.Client, name client.ObjectKey, authorities string) (answer kubeconfigAnswer) {
	answer.Authorities, answer.Organizations, answer.SignedBy = []string{}, []string{}, []string{}
	err := func() error {
		data, err := kubeconfig.FromSecret(ctx, management, name)
		if err != nil {
			return err
		}
		config, err := clientcmd.Load(data)
		if err != nil {
			return err
		}
		if err := clientcmd.Validate(*config); err != nil {
			return err
		}
		cluster, named := config.Clusters[name.Name]
		if !named {
			return fmt.Errorf("no cluster entry is named %q", name.Name)
		}
		answer.Server = cluster.Server
		trusted := &secret.Certificate{Purpose: secret.ClusterCA, KeyPair: &certs.KeyPair{Cert: cluster.CertificateAuthorityData}}
		if answer.Authorities, err = trusted.Hashes(); err != nil {
			return err
		}
		credential, err := current(config)
		if err != nil {
			return err
		}
		answer.CommonName, answer.Organizations = credential.Subject.CommonName, append(answer.Organizations, credential.Subject.Organization...)
		known, err := certificatesOf(authorities)
		if err != nil {
			return err
		}
		for _, authority := range known {
			if credential.CheckSignatureFrom(authority.certificate) == nil {
				answer.SignedBy = append(answer.SignedBy, authority.pin)
			}
		}
		return nil
	}()
	if err != nil {
		answer.Error = err.Error()
	}
	return answer
}

// current is the client certificate of the current context.
func current(config *clientcmdapi.Config) (*x509.Certificate, error) {
	chosen, known := config.Contexts[config.CurrentContext]
	if !known {
		return nil, fmt.Errorf("no context is named %q", config.CurrentContext)
	}
	user, known := config.AuthInfos[chosen.AuthInfo]
	if !known {
		return nil, fmt.Errorf("no user is named %q", chosen.AuthInfo)
	}
	return certs.DecodeCertPEM(user.ClientCertificateData)
}

type pinned struct {
	certificate *x509.Certificate
	pin         string
}

// certificatesOf pairs each certificate with Cluster API's hash of it.
func certificatesOf(text string) ([]pinned, error) {
	found, err := certificates(text)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	hashes, err := (&secret.Certificate{KeyPair: &certs.KeyPair{Cert: []byte(text)}}).Hashes()
	if err != nil {
		return nil, err
	}
	all := make([]pinned, len(found))
	for i := range found {
		all[i] = pinned{found[i], hashes[i]}
	}
	return all, nil
}

// secrets reads every Secret of a file.
func secrets(file string) ([]*core.Secret, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var found []*core.Secret
	documents := apiyaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	for {
		object := &core.Secret{}
		switch err := documents.Decode(object); {
		case errors.Is(err, io.EOF):
			return found, nil
		case err != nil:
			return nil, err
		case object.Kind == "Secret":
			found = append(found, object)
		}
	}
}
