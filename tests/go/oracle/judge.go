package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"
)

// judge: a TLS handshake in which one end presents a certificate and the other decides; the answer is what it decided.
// The end that is judged trusts whomever it meets.
func judge(line []byte) (any, error) {
	var question struct {
		// Presented is the PEM text of the leaf and of what comes with it; Key that of its key.
		Presented, Key string
		// Roots is the PEM text of what the reader trusts.
		Roots string
		// Usage is what the certificate is presented as: server or client.
		Usage string
		// DNSName is the host, name or address, that the reader went to; empty for none.
		DNSName string
		// Time in unix seconds.
		Time int64
	}
	if err := json.Unmarshal(line, &question); err != nil {
		return nil, err
	}
	// What Go cannot read among them is left out, as client-go does.
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(question.Roots))
	// Not tls.X509KeyPair: what Go cannot read is sent all the same, and the reader says so.
	presented, err := presentation(question.Presented, question.Key)
	if err != nil {
		return nil, err
	}
	clock := func() time.Time { return time.Unix(question.Time, 0) }
	server, client := &tls.Config{Time: clock}, &tls.Config{Time: clock}
	var reader *tls.Config
	switch question.Usage {
	case "server":
		reader = client
		server.Certificates = []tls.Certificate{presented}
		client.RootCAs, client.ServerName = roots, question.DNSName
		if question.DNSName == "" {
			// A client without a name says that it verifies by itself; this does what it would do for one.
			client.InsecureSkipVerify = true
			client.VerifyConnection = func(state tls.ConnectionState) error {
				return verifyWithoutName(state.PeerCertificates, roots, clock())
			}
		}
	case "client":
		reader = server
		server.Certificates = []tls.Certificate{anyServer()}
		server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, roots
		client.InsecureSkipVerify = true
		// As client-go does: presented whatever authorities the server names.
		client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &presented, nil }
	default:
		return nil, fmt.Errorf("usage %q is neither server nor client", question.Usage)
	}

	serverErr, clientErr := shake(server, client)
	readerErr, otherErr := clientErr, serverErr
	if reader == server {
		readerErr, otherErr = serverErr, clientErr
	}
	var answer struct {
		// OK, or the reader's words.
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	if answer.OK = readerErr == nil && otherErr == nil; answer.OK {
		return answer, nil
	}
	if !isRefusal(readerErr) {
		return nil, fmt.Errorf("the handshake broke for another reason than the certificate: reader %v, other end %v", readerErr, otherErr)
	}
	answer.Error = readerErr.Error()
	return answer, nil
}

// shake makes the handshake, and gives what each end says of it.
func shake(server, client *tls.Config) (serverErr, clientErr error) {
	here, there, err := connection()
	if err != nil {
		return err, err
	}
	defer here.Close()
	defer there.Close()
	done := make(chan error)
	go func() {
		server := tls.Server(here, server)
		err := server.Handshake()
		if err == nil {
			_, err = server.Write([]byte("ok"))
		}
		done <- err
	}()
	reader := tls.Client(there, client)
	if clientErr = reader.Handshake(); clientErr == nil {
		// With TLS 1.3 a client learns of its refusal only when it reads.
		_, clientErr = reader.Read(make([]byte, 2))
	}
	return <-done, clientErr
}

// isRefusal tells a certificate that was not accepted, or that Go could not even read.
func isRefusal(err error) bool {
	var refused *tls.CertificateVerificationError
	return errors.As(err, &refused) || errors.Is(err, errWithoutName) ||
		err != nil && strings.HasPrefix(err.Error(), "tls: failed to parse")
}

// errWithoutName marks a refusal by verifyWithoutName.
var errWithoutName = errors.New("refused")

func verifyWithoutName(presented []*x509.Certificate, roots *x509.CertPool, now time.Time) error {
	intermediates := x509.NewCertPool()
	for _, certificate := range presented[1:] {
		intermediates.AddCert(certificate)
	}
	_, err := presented[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, CurrentTime: now})
	if err != nil {
		return fmt.Errorf("%w: %w", errWithoutName, err)
	}
	return nil
}

// presentation is a chain and the key of its leaf, not looked at.
func presentation(chain, key string) (tls.Certificate, error) {
	var made tls.Certificate
	for rest := []byte(chain); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		made.Certificate = append(made.Certificate, block.Bytes)
	}
	block, _ := pem.Decode([]byte(key))
	if block == nil || len(made.Certificate) == 0 {
		return made, errors.New("there is no certificate or no key")
	}
	var err error
	made.PrivateKey, err = privateKey(block)
	return made, err
}

func privateKey(block *pem.Block) (crypto.PrivateKey, error) {
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	}
	return x509.ParsePKCS8PrivateKey(block.Bytes)
}

// anyServer is a certificate for servers that only ask for one.
var anyServer = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})
