package main

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"time"

	"k8s.io/client-go/tools/clientcmd"
)

// readCertificate takes the first PEM block, whatever follows (internal/crypto: ParseCertificateBytes).
func readCertificate(content []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	return x509.ParseCertificate(block.Bytes)
}

// readKey goes by the header of the first PEM block (ParsePrivateKeyBytes); releases before 26.7.5-edge know no PKCS#8.
func readKey(content []byte, pkcs8 bool) (crypto.Signer, error) {
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	switch {
	case block.Type == "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	case block.Type == "PRIVATE KEY" && pkcs8:
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, errors.New("a PKCS#8 key that does not sign")
		}
		return signer, nil
	}
	return x509.ParsePKCS1PrivateKey(block.Bytes)
}

// expiryThreshold is the operator's --certificate-expiration-deadline.
const expiryThreshold = 24 * time.Hour

// isPair says whether the first certificate is alive and has this key (IsValidCertificateKeyPairBytes).
func isPair(certificate, key []byte, now time.Time, pkcs8 bool) bool {
	read, err := readCertificate(certificate)
	if err != nil {
		return false
	}
	signer, err := readKey(key, pkcs8)
	if err != nil {
		return false
	}
	if !read.NotAfter.After(now.Add(expiryThreshold)) || !read.NotBefore.Before(now) {
		return false
	}
	public, ok := read.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(signer.Public())
}

// isLeaf says whether a leaf hangs on the first certificate of the authority's file, for this use and these names; more
// names do no harm (VerifyCertificate, CheckCertificateNamesAndIPs).
func isLeaf(leaf, authority []byte, usage x509.ExtKeyUsage, names []string, now time.Time) bool {
	read, err := readCertificate(leaf)
	if err != nil {
		return false
	}
	root, err := readCertificate(authority)
	if err != nil {
		return false
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	_, err = read.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{usage}, CurrentTime: now})
	if err != nil {
		return false
	}
	for _, name := range names {
		if read.VerifyHostname(name) != nil {
			return false
		}
	}
	return true
}

// isKubeconfig says whether every cluster entry has the whole file of the authority, byte for byte, and every user a pair
// that is alive (kubeadm.IsKubeconfigCAValid, IsKubeconfigValid).
func isKubeconfig(content, authority []byte, now time.Time, pkcs8 bool) bool {
	config, err := clientcmd.Load(content)
	if err != nil {
		return false
	}
	for _, cluster := range config.Clusters {
		if !bytes.Equal(cluster.CertificateAuthorityData, authority) {
			return false
		}
	}
	for _, user := range config.AuthInfos {
		if !isPair(user.ClientCertificateData, user.ClientKeyData, now, pkcs8) {
			return false
		}
	}
	return len(config.Clusters) > 0
}
