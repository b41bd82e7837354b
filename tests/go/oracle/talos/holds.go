package main

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
)

// authority is what a machine holds of one of its two APIs, in the words of the fixtures' *.ca.json.
type authority struct {
	Issuing  string   `json:"issuing"`
	Key      string   `json:"key"`
	Accepted []string `json:"accepted"`

	issuing *x509.Certificate
	all     []*x509.Certificate
}

// machine is what a configuration makes a machine hold.
type machine struct {
	Worker     bool      `json:"worker"`
	Talos      authority `json:"talos"`
	Kubernetes authority `json:"kubernetes"`
}

func text(value any) string {
	found, _ := value.(string)
	return found
}

// decoded is the PEM that a value of the machine's own document holds.
func decoded(value any) ([]byte, error) {
	return base64.StdEncoding.DecodeString(text(value))
}

func certificate(data []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("no certificate in PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// privateKey reads a key as siderolabs/crypto does: by the header of the first block.
func privateKey(data []byte) (any, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("no key in PEM")
	}
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	case "ED25519 PRIVATE KEY", "PRIVATE KEY":
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	return nil, fmt.Errorf("unsupported key type %q", block.Type)
}

func belongs(certificate *x509.Certificate, key any) bool {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return false
	}
	own, err := x509.MarshalPKIXPublicKey(signer.Public())
	return err == nil && string(own) == string(certificate.RawSubjectPublicKeyInfo)
}

func (held *authority) issue(crt, key []byte) error {
	parsed, err := certificate(crt)
	if err != nil {
		return err
	}
	held.issuing = parsed
	held.Issuing = fingerprint(parsed)
	held.all = append(held.all, parsed)
	held.Key = "absent"
	if len(key) > 0 {
		parsedKey, err := privateKey(key)
		if err != nil {
			return err
		}
		held.Key = "another"
		if belongs(parsed, parsedKey) {
			held.Key = "matches"
		}
	}
	return nil
}

func (held *authority) accept(crt []byte) error {
	parsed, err := certificate(crt)
	if err != nil {
		return err
	}
	held.Accepted = append(held.Accepted, fingerprint(parsed))
	held.all = append(held.all, parsed)
	return nil
}

func fingerprint(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.Raw)
	return hex.EncodeToString(sum[:])
}

// fields reads `ca` and `acceptedCAs` of the machine's own document.
func (held *authority) fields(root object) error {
	if pair, there := root["ca"].(object); there {
		crt, err := decoded(pair["crt"])
		if err != nil {
			return err
		}
		key, err := decoded(pair["key"])
		if err != nil {
			return err
		}
		if err := held.issue(crt, key); err != nil {
			return err
		}
	}
	list, _ := root["acceptedCAs"].([]any)
	for _, item := range list {
		crt, err := decoded(item.(object)["crt"])
		if err != nil {
			return err
		}
		if err := held.accept(crt); err != nil {
			return err
		}
	}
	return nil
}

// read tells what a configuration makes a machine hold; it refuses what Talos refuses.
func read(configuration []object) (*machine, error) {
	held := &machine{}
	var root, own object
	for _, document := range configuration {
		switch {
		case document["machine"] != nil:
			root = document
		case document["kind"] == "KubeAPIServerCAConfig":
			own = document
		}
	}
	ofMachine, _ := root["machine"].(object)
	ofCluster, _ := root["cluster"].(object)
	held.Worker = ofMachine["type"] == "worker"
	if err := held.Talos.fields(ofMachine); err != nil {
		return nil, fmt.Errorf("machine: %w", err)
	}
	if own == nil {
		if err := held.Kubernetes.fields(ofCluster); err != nil {
			return nil, fmt.Errorf("cluster: %w", err)
		}
	} else {
		if ofCluster["ca"] != nil {
			return nil, fmt.Errorf("cluster.ca stands beside KubeAPIServerCAConfig")
		}
		if pair, there := own["issuingCA"].(object); there {
			if err := held.Kubernetes.issue([]byte(text(pair["cert"])), []byte(text(pair["key"]))); err != nil {
				return nil, err
			}
		}
		list, _ := own["acceptedCAs"].([]any)
		for _, item := range list {
			if err := held.Kubernetes.accept([]byte(text(item))); err != nil {
				return nil, err
			}
		}
	}
	for name, one := range map[string]authority{"talos": held.Talos, "kubernetes": held.Kubernetes} {
		if held.Worker && one.Key != "" && one.Key != "absent" {
			return nil, fmt.Errorf("%s: a worker has a CA's key", name)
		}
	}
	return held, nil
}

func holdsLine(line []byte) (any, error) {
	var question struct{ Configuration string }
	if err := json.Unmarshal(line, &question); err != nil {
		return nil, err
	}
	configuration, err := documents(question.Configuration)
	if err != nil {
		return nil, err
	}
	return read(configuration)
}
