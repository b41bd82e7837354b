package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// refusal is an end that did not take the other's certificate.
type refusal struct{ error }

func (r *refusal) Unwrap() error { return r.error }

// handshakeTime is what one handshake with a question may take.
const handshakeTime = 10 * time.Second

// target is a server and a path there for whom only who is known gets another answer than 401.
type target struct {
	address, path string
	header        http.Header
}

// connect makes a new connection to a real server, as a client that goes to host, and asks who it is taken for.
// Without trust the client takes any server. It also gives what the server presented.
func connect(ctx context.Context, to target, host string, who *identity) ([]*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	var presented []*x509.Certificate
	config := &tls.Config{ServerName: host, InsecureSkipVerify: true}
	config.VerifyConnection = func(state tls.ConnectionState) error {
		presented = state.PeerCertificates
		if who.trust == nil {
			return nil
		}
		options := x509.VerifyOptions{Roots: x509.NewCertPool(), DNSName: host, Intermediates: x509.NewCertPool()}
		options.Roots.AppendCertsFromPEM(who.trust)
		for _, certificate := range presented[1:] {
			options.Intermediates.AddCert(certificate)
		}
		if _, err := presented[0].Verify(options); err != nil {
			return &refusal{err}
		}
		return nil
	}
	if who.certificate != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return who.certificate, nil }
	}
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", to.address)
	if err != nil {
		return nil, err
	}
	connection := tls.Client(raw, config)
	defer connection.Close()
	deadline, _ := ctx.Deadline()
	if err := connection.SetDeadline(deadline); err != nil {
		return nil, err
	}
	if err := connection.HandshakeContext(ctx); err != nil {
		return presented, err
	}
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialTLSContext:    func(context.Context, string, string) (net.Conn, error) { return connection, nil },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+to.address+to.path, nil)
	if err != nil {
		return presented, err
	}
	for name, values := range to.header {
		request.Header[name] = values
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return presented, err
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 300))
	if answer.StatusCode == http.StatusUnauthorized {
		return presented, &refusal{fmt.Errorf("%s: %s", answer.Status, bytes.TrimSpace(text))}
	}
	return presented, nil
}

// between makes a handshake of both ends here: a server that presents a certificate to a client, or a server that asks
// a client for one. Whoever has trust judges.
func between(server, client *tls.Certificate, trust []byte, host string) error {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(trust)
	serving := &tls.Config{Certificates: []tls.Certificate{*server}}
	asking := &tls.Config{ServerName: host, RootCAs: pool}
	if client != nil {
		serving.ClientCAs, serving.ClientAuth = pool, tls.RequireAndVerifyClientCert
		asking = &tls.Config{InsecureSkipVerify: true}
		asking.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return client, nil }
	}
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	for _, end := range []net.Conn{here, there} {
		if err := end.SetDeadline(time.Now().Add(handshakeTime)); err != nil {
			return err
		}
	}
	served := make(chan error, 1)
	go func() {
		connection := tls.Server(there, serving)
		err := connection.Handshake()
		if err == nil {
			_, err = connection.Write([]byte("."))
		}
		served <- err
	}()
	connection := tls.Client(here, asking)
	err := connection.Handshake()
	if err == nil {
		_, err = connection.Read(make([]byte, 1))
	}
	if client != nil {
		// The client has its answer before the server has judged.
		err = <-served
	}
	if judged := new(tls.CertificateVerificationError); errors.As(err, &judged) {
		return &refusal{judged.Err}
	}
	return err
}

// issue has a certificate signed by an authority whose key is known: for servers of that host, or for clients.
func issue(folder, name, host string) (*tls.Certificate, error) {
	authority, err := tls.LoadX509KeyPair(filepath.Join(folder, name+".crt"), filepath.Join(folder, name+".key"))
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	wanted := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "front-proxy-client"},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	if address := net.ParseIP(host); address != nil {
		wanted.IPAddresses = []net.IP{address}
	} else {
		wanted.DNSNames = []string{host}
	}
	made, err := x509.CreateCertificate(rand.Reader, wanted, authority.Leaf, key.Public(), authority.PrivateKey)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{made}, PrivateKey: key}, nil
}

// openssl asks OpenSSL for its word on a chain; a host, for a server's.
func (r *recorder) openssl(chain [][]byte, trust []byte, host string) error {
	if len(chain) == 0 {
		return errors.New("nothing was presented")
	}
	var presented, others bytes.Buffer
	for index, certificate := range chain {
		into := &presented
		if index > 0 {
			into = &others
		}
		if err := pem.Encode(into, &pem.Block{Type: "CERTIFICATE", Bytes: certificate}); err != nil {
			return err
		}
	}
	question := sha256.Sum256(bytes.Join([][]byte{presented.Bytes(), others.Bytes(), trust, []byte(host)}, []byte{0}))
	if known, asked := r.judged.Load(question); asked {
		answer, _ := known.(error)
		return answer
	}
	answer := askOpenSSL(presented.Bytes(), others.Bytes(), trust, host)
	r.judged.Store(question, answer)
	return answer
}

func askOpenSSL(presented, others, trust []byte, host string) error {
	folder, err := os.MkdirTemp("", "openssl")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	arguments := []string{"verify", "-no-CApath", "-no-CAstore", "-purpose", "sslclient"}
	if host != "" {
		arguments[4] = "sslserver"
		option := "-verify_hostname"
		if net.ParseIP(host) != nil {
			option = "-verify_ip"
		}
		arguments = append(arguments, option, host)
	}
	for option, text := range map[string][]byte{"-CAfile": trust, "-untrusted": others, "": presented} {
		path := filepath.Join(folder, "pem"+option)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return err
		}
		if option != "" && len(text) > 0 {
			arguments = append(arguments, option, path)
		}
	}
	output, err := exec.Command("openssl", append(arguments, filepath.Join(folder, "pem"))...).CombinedOutput()
	if ended := new(exec.ExitError); errors.As(err, &ended) {
		return &refusal{fmt.Errorf("%s", bytes.ReplaceAll(bytes.TrimSpace(output), []byte(folder), nil))}
	}
	return err
}

// pemOf is a certificate with its chain, and its key.
func pemOf(pair *tls.Certificate) ([]byte, []byte) {
	var certificates []byte
	for _, certificate := range pair.Certificate {
		certificates = append(certificates, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})...)
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		return certificates, nil
	}
	return certificates, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
}

func raw(certificates []*x509.Certificate) [][]byte {
	var chain [][]byte
	for _, certificate := range certificates {
		chain = append(chain, certificate.Raw)
	}
	return chain
}
