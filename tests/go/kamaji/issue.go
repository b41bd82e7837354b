package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math"
	"math/big"
	"net"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// The lifetimes and the backdating of kubeadm, whose code the operator has (cmd/kubeadm/app/constants).
const (
	authorityLife = 87600 * time.Hour
	leafLife      = 8760 * time.Hour
	backdate      = 5 * time.Minute
)

// pair is a certificate and its key, in PEM.
type pair struct{ certificate, key []byte }

func newKey() (*rsa.PrivateKey, []byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, err
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return key, pem.EncodeToMemory(block), nil
}

func serial() (*big.Int, error) { return rand.Int(rand.Reader, big.NewInt(math.MaxInt64)) }

func encode(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// newAuthority makes a CA as kubeadm does.
func newAuthority(name string, now time.Time) (*pair, error) {
	key, text, err := newKey()
	if err != nil {
		return nil, err
	}
	number, err := serial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: number, Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(authorityLife),
		KeyUsage:              x509.KeyUsageKeyEncipherment | x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &pair{encode(der), text}, nil
}

// issue makes a leaf under the first certificate of an authority's file.
func issue(authority *pair, subject pkix.Name, usage x509.ExtKeyUsage, names []string, now time.Time) (*pair, error) {
	parent, err := readCertificate(authority.certificate)
	if err != nil {
		return nil, err
	}
	signer, err := readKey(authority.key, true)
	if err != nil {
		return nil, err
	}
	key, text, err := newKey()
	if err != nil {
		return nil, err
	}
	number, err := serial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: number, Subject: subject, NotBefore: now.Add(-backdate), NotAfter: now.Add(leafLife),
		KeyUsage:    x509.KeyUsageKeyEncipherment | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{usage}, BasicConstraintsValid: true,
	}
	for _, name := range names {
		if address := net.ParseIP(name); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, crypto.PublicKey(key.Public()), signer)
	if err != nil {
		return nil, err
	}
	return &pair{encode(der), text}, nil
}

// kubeconfig writes one as kubeadm does: the CA data is the first certificate of the file, and no other.
func kubeconfig(authority *pair, cluster, server string, subject pkix.Name, now time.Time) ([]byte, error) {
	credential, err := issue(authority, subject, x509.ExtKeyUsageClientAuth, nil, now)
	if err != nil {
		return nil, err
	}
	first, err := readCertificate(authority.certificate)
	if err != nil {
		return nil, err
	}
	config, context := api.NewConfig(), fmt.Sprintf("%s@%s", subject.CommonName, cluster)
	config.Clusters[cluster] = &api.Cluster{Server: server, CertificateAuthorityData: encode(first.Raw)}
	config.AuthInfos[subject.CommonName] = &api.AuthInfo{
		ClientCertificateData: credential.certificate, ClientKeyData: credential.key,
	}
	config.Contexts[context] = &api.Context{Cluster: cluster, AuthInfo: subject.CommonName}
	config.CurrentContext = context
	return clientcmd.Write(*config)
}
