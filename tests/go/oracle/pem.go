package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"

	"k8s.io/client-go/util/cert"
)

// readPem answers what each of Go's readers takes from the bytes of one file.
func readPem(line []byte) (any, error) {
	var question struct {
		// Text is the file; Key is a key that belongs to its first certificate, for tls.X509KeyPair.
		Text, Key []byte
	}
	if err := json.Unmarshal(line, &question); err != nil {
		return nil, err
	}
	type block struct {
		Label   string `json:"label"`
		Headers bool   `json:"headers"`
		Digest  string `json:"digest"`
	}
	var answer struct {
		// Blocks are those of encoding/pem.
		Blocks []block `json:"blocks"`
		// Pool is what x509.CertPool.AppendCertsFromPEM adds: a kubeconfig's trust (client-go, rest.TLSConfigFor).
		Pool []string `json:"pool"`
		// ClientGo is what client-go's cert.ParseCertsPEM reads, kube-apiserver's --client-ca-file; null if it fails.
		ClientGo []string `json:"clientGo"`
		// Pair is the chain that tls.X509KeyPair reads; null if it fails.
		Pair []string `json:"pair"`
		// Key says whether tls.X509KeyPair finds Key's twin in Text as well.
		Key bool `json:"key"`
	}
	for rest := question.Text; ; {
		var found *pem.Block
		if found, rest = pem.Decode(rest); found == nil {
			break
		}
		answer.Blocks = append(answer.Blocks, block{found.Type, len(found.Headers) > 0, digest(found.Bytes)})
	}
	answer.Pool = pooled(question.Text)
	if found, err := cert.ParseCertsPEM(question.Text); err == nil {
		for _, certificate := range found {
			answer.ClientGo = append(answer.ClientGo, digest(certificate.Raw))
		}
	}
	if pair, err := tls.X509KeyPair(question.Text, question.Key); err == nil {
		for _, der := range pair.Certificate {
			answer.Pair = append(answer.Pair, digest(der))
		}
	}
	if _, err := tls.X509KeyPair(question.Text, question.Text); err == nil {
		answer.Key = true
	}
	return answer, nil
}

// pooled is what AppendCertsFromPEM adds. A pool does not give its certificates back, so each block is asked for alone:
// the pool of a text equals that of the blocks that are in it.
func pooled(text []byte) []string {
	whole, single := x509.NewCertPool(), x509.NewCertPool()
	whole.AppendCertsFromPEM(text)
	var found []string
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		one := x509.NewCertPool()
		if one.AppendCertsFromPEM(pem.EncodeToMemory(block)) {
			single.AppendCertsFromPEM(pem.EncodeToMemory(block))
			found = append(found, digest(block.Bytes))
		}
	}
	if !whole.Equal(single) {
		return []string{"AppendCertsFromPEM reads other blocks than encoding/pem"}
	}
	return found
}

func digest(bytes []byte) string {
	sum := sha256.Sum256(bytes)
	return hex.EncodeToString(sum[:])
}
