// Command oracle answers the tests with code that is not Airlock's: Go's crypto/x509 and crypto/tls, which every
// Kubernetes component uses, and Cluster API's own functions. Each command but those with options reads one JSON object a line
// from its standard input and writes one a line.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
)

// commands, with the handler of one line of input.
var commands = map[string]func(line []byte) (any, error){
	"verify":    verify,
	"identity":  identity,
	"tls":       handshake,
	"judge":     judge,
	"pem":       readPem,
	"capi-read": capiRead,
}

// programs take options instead.
var programs = map[string]func(args []string) error{
	"capi-secrets":    capiSecrets,
	"capi-create":     capiCreate,
	"capi-files":      capiFiles,
	"capi-regenerate": capiRegenerate,
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("usage: oracle verify|identity|tls|judge|pem|capi-read <LINES, or oracle capi-secrets|capi-create|capi-files|capi-regenerate OPTIONS")
	}
	if whole, known := programs[args[0]]; known {
		return whole(args[1:])
	}
	command, known := commands[args[0]]
	if !known {
		return fmt.Errorf("%q is no command of oracle", args[0])
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	encoder := json.NewEncoder(out)
	for number := 1; lines.Scan(); number++ {
		answer, err := command(lines.Bytes())
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if err := encoder.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

// certificates parses every CERTIFICATE block.
func certificates(text string) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return found, nil
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		found = append(found, certificate)
	}
}

// pool makes the set of trusted authorities as client-go does, from PEM.
func pool(text string) (*x509.CertPool, error) {
	found, err := certificates(text)
	if err != nil {
		return nil, err
	}
	set := x509.NewCertPool()
	for _, certificate := range found {
		set.AddCert(certificate)
	}
	return set, nil
}

// first is the leaf of a PEM text.
func first(text string) (*x509.Certificate, error) {
	found, err := certificates(text)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no certificate in the PEM text")
	}
	return found[0], nil
}
