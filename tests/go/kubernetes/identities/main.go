// Command identities says what Kubernetes makes of a client certificate, and of a request for one: a line of JSON for
// each line of PEM (with its line feeds written as \n, as a JSON string).
//
// The user comes from the authenticator of kube-apiserver, the node from the identifier that the node authorizer goes by,
// the verdict on a request from the signer for kubelets and from the admission plugin that restricts subjects.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"slices"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/authentication/user"
	clientx509 "k8s.io/apiserver/pkg/authentication/request/x509"
	"k8s.io/kubernetes/pkg/apis/certificates"
	"k8s.io/kubernetes/pkg/auth/nodeidentifier"
)

type answer struct {
	User   string   `json:"user"`
	Groups []string `json:"groups"`
	Node   string   `json:"node"`
	// KubeletClient is empty if the signer for kubelets takes the request, otherwise its objection.
	KubeletClient string `json:"kubeletClient"`
	// Restricted is true if no signer of client certificates is asked at all.
	Restricted bool `json:"restricted"`
	// Signed is true if the request was signed by its own key.
	Signed bool `json:"signed"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "identities:", err)
		os.Exit(1)
	}
}

func run() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var text string
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			return err
		}
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return fmt.Errorf("no PEM block")
		}
		judge := map[string]func([]byte) (*answer, error){"CERTIFICATE": certificate, "CERTIFICATE REQUEST": request}[block.Type]
		if judge == nil {
			return fmt.Errorf("%s is neither a certificate nor a request", block.Type)
		}
		said, err := judge(block.Bytes)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
			return err
		}
	}
	return lines.Err()
}

func certificate(der []byte) (*answer, error) {
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	response, ok, err := clientx509.CommonNameUserConversion.User([]*x509.Certificate{leaf})
	if err != nil {
		return nil, err
	}
	if !ok {
		return &answer{}, nil
	}
	info := response.User
	node, _ := nodeidentifier.NewDefaultNodeIdentifier().NodeIdentity(info)
	return &answer{User: info.GetName(), Groups: info.GetGroups(), Node: node}, nil
}

func request(der []byte) (*answer, error) {
	asked, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, err
	}
	usages := sets.NewString(string(certificates.UsageDigitalSignature), string(certificates.UsageClientAuth))
	said := &answer{
		User:       asked.Subject.CommonName,
		Groups:     asked.Subject.Organization,
		Restricted: slices.Contains(asked.Subject.Organization, user.SystemPrivilegedGroup),
		Signed:     asked.CheckSignature() == nil,
	}
	if err := certificates.ValidateKubeletClientCSR(asked, usages); err != nil {
		said.KubeletClient = err.Error()
	}
	return said, nil
}
