package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"sort"
	"syscall"
	"time"
)

// verify: does Go accept the certificate for this usage at this time, trusting these roots?
func verify(line []byte) (any, error) {
	var question struct {
		// Roots is the PEM text of what is trusted; Certificate that of the leaf, intermediates behind it.
		Roots, Certificate string
		// Usage is server or client.
		Usage string
		// DNSName is the host, name or address, that a client connected to; empty for none.
		DNSName string
		// Time in unix seconds.
		Time int64
	}
	if err := json.Unmarshal(line, &question); err != nil {
		return nil, err
	}
	usage, known := map[string]x509.ExtKeyUsage{"server": x509.ExtKeyUsageServerAuth, "client": x509.ExtKeyUsageClientAuth}[question.Usage]
	if !known {
		return nil, fmt.Errorf("usage %q is neither server nor client", question.Usage)
	}
	var answer struct {
		// OK, or Go's words.
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	err := func() error {
		roots, err := pool(question.Roots)
		if err != nil {
			return err
		}
		chain, err := certificates(question.Certificate)
		if err != nil {
			return err
		}
		if len(chain) == 0 {
			return fmt.Errorf("no certificate in the PEM text")
		}
		intermediates := x509.NewCertPool()
		for _, certificate := range chain[1:] {
			intermediates.AddCert(certificate)
		}
		_, err = chain[0].Verify(x509.VerifyOptions{
			Roots: roots, Intermediates: intermediates, DNSName: question.DNSName,
			CurrentTime: time.Unix(question.Time, 0), KeyUsages: []x509.ExtKeyUsage{usage},
		})
		return err
	}()
	if answer.OK = err == nil; err != nil {
		answer.Error = err.Error()
	}
	return answer, nil
}

// identity: in what do two certificates differ, as Go sees them?
func identity(line []byte) (any, error) {
	var question struct{ Old, New string }
	if err := json.Unmarshal(line, &question); err != nil {
		return nil, err
	}
	before, err := first(question.Old)
	if err != nil {
		return nil, fmt.Errorf("old: %w", err)
	}
	after, err := first(question.New)
	if err != nil {
		return nil, fmt.Errorf("new: %w", err)
	}
	differ := map[string]bool{
		"version":          before.Version != after.Version,
		"serial":           before.SerialNumber.Cmp(after.SerialNumber) != 0,
		"issuer":           !bytes.Equal(before.RawIssuer, after.RawIssuer),
		"notBefore":        !before.NotBefore.Equal(after.NotBefore),
		"notAfter":         !before.NotAfter.Equal(after.NotAfter),
		"subject":          !bytes.Equal(before.RawSubject, after.RawSubject),
		"publicKey":        !bytes.Equal(before.RawSubjectPublicKeyInfo, after.RawSubjectPublicKeyInfo),
		"keyUsage":         before.KeyUsage != after.KeyUsage,
		"extendedKeyUsage": !slices.Equal(before.ExtKeyUsage, after.ExtKeyUsage) || !slices.EqualFunc(before.UnknownExtKeyUsage, after.UnknownExtKeyUsage, asn1.ObjectIdentifier.Equal),
		"alternativeNames": !slices.Equal(before.DNSNames, after.DNSNames) || !slices.EqualFunc(before.IPAddresses, after.IPAddresses, net.IP.Equal) ||
			!slices.Equal(before.EmailAddresses, after.EmailAddresses) || len(before.URIs) != len(after.URIs),
		"authority":      before.IsCA != after.IsCA || before.BasicConstraintsValid != after.BasicConstraintsValid || before.MaxPathLen != after.MaxPathLen,
		"subjectKeyId":   !bytes.Equal(before.SubjectKeyId, after.SubjectKeyId),
		"authorityKeyId": !bytes.Equal(before.AuthorityKeyId, after.AuthorityKeyId),
		"signature":      before.SignatureAlgorithm != after.SignatureAlgorithm,
	}
	var answer struct {
		// Differences names the fields that are not equal, sorted.
		Differences []string `json:"differences"`
		// Extensions names the object identifiers of those extensions whose bytes, criticality or place differ.
		Extensions []string `json:"extensions"`
		// Serial of the new certificate in decimal; its length in bits; is it positive?
		Serial         string `json:"serial"`
		SerialBits     int    `json:"serialBits"`
		SerialPositive bool   `json:"serialPositive"`
	}
	answer.Differences, answer.Extensions = []string{}, []string{}
	for field, differs := range differ {
		if differs {
			answer.Differences = append(answer.Differences, field)
		}
	}
	sort.Strings(answer.Differences)
	for i := range max(len(before.Extensions), len(after.Extensions)) {
		switch {
		case i >= len(before.Extensions):
			answer.Extensions = append(answer.Extensions, after.Extensions[i].Id.String())
		case i >= len(after.Extensions):
			answer.Extensions = append(answer.Extensions, before.Extensions[i].Id.String())
		default:
			a, b := before.Extensions[i], after.Extensions[i]
			if !a.Id.Equal(b.Id) || a.Critical != b.Critical || !bytes.Equal(a.Value, b.Value) {
				answer.Extensions = append(answer.Extensions, b.Id.String())
			}
		}
	}
	answer.Serial, answer.SerialBits, answer.SerialPositive = after.SerialNumber.String(), after.SerialNumber.BitLen(), after.SerialNumber.Sign() > 0
	return answer, nil
}

// party is one end of a connection: what it presents, with its key, and whom it trusts; PEM texts.
type party struct{ Certificate, Key, Roots string }

// connection gives both ends of a stream that buffers, as one through the network does: each end may speak and leave.
func connection() (here, there net.Conn, err error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, nil, err
	}
	ends := [2]net.Conn{}
	for i, descriptor := range pair {
		file := os.NewFile(uintptr(descriptor), "socketpair")
		ends[i], err = net.FileConn(file)
		file.Close()
		if err != nil {
			return nil, nil, err
		}
	}
	return ends[0], ends[1], nil
}

// handshake: a real TLS handshake, the server asking for and verifying a client certificate as kube-apiserver does.
func handshake(line []byte) (any, error) {
	var question struct {
		Server, Client party
		// ServerName is the host that the client connects to.
		ServerName string
		// Time in unix seconds.
		Time int64
	}
	if err := json.Unmarshal(line, &question); err != nil {
		return nil, err
	}
	var answer struct {
		// OK, or the words of each end.
		OK     bool   `json:"ok"`
		Server string `json:"server"`
		Client string `json:"client"`
		// CommonName and Organizations of the client, as the server knows it from now on.
		CommonName    string   `json:"commonName"`
		Organizations []string `json:"organizations"`
	}
	answer.Organizations = []string{}
	clock := func() time.Time { return time.Unix(question.Time, 0) }
	server, client := &tls.Config{Time: clock, ClientAuth: tls.RequireAndVerifyClientCert}, &tls.Config{Time: clock, ServerName: question.ServerName}
	for _, end := range []struct {
		name   string
		party  party
		config *tls.Config
	}{{"server", question.Server, server}, {"client", question.Client, client}} {
		pair, err := tls.X509KeyPair([]byte(end.party.Certificate), []byte(end.party.Key))
		if err != nil {
			answer.Server = fmt.Sprintf("%s's pair: %v", end.name, err)
			return answer, nil
		}
		roots, err := pool(end.party.Roots)
		if err != nil {
			return nil, err
		}
		end.config.Certificates = []tls.Certificate{pair}
		end.config.RootCAs, end.config.ClientCAs = roots, roots
	}

	here, there, err := connection()
	if err != nil {
		return nil, err
	}
	serverSide, clientSide := tls.Server(here, server), tls.Client(there, client)
	done := make(chan error)
	go func() {
		err := serverSide.Handshake()
		if err == nil {
			_, err = serverSide.Write([]byte("ok"))
		}
		here.Close()
		done <- err
	}()
	clientErr := clientSide.Handshake()
	if clientErr == nil {
		// With TLS 1.3 a client learns of its refusal only when it reads.
		_, clientErr = clientSide.Read(make([]byte, 2))
	}
	there.Close()
	serverErr := <-done
	if answer.OK = serverErr == nil && clientErr == nil; answer.OK {
		subject := serverSide.ConnectionState().PeerCertificates[0].Subject
		answer.CommonName, answer.Organizations = subject.CommonName, append(answer.Organizations, subject.Organization...)
		return answer, nil
	}
	if serverErr != nil {
		answer.Server = serverErr.Error()
	}
	if clientErr != nil {
		answer.Client = clientErr.Error()
	}
	return answer, nil
}
