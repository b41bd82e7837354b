package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	authentication "k8s.io/api/authentication/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	labNamespace  = "/api/v1/namespaces/lab"
	rootConfigMap = labNamespace + "/configmaps/kube-root-ca.crt"
	clusterInfo   = "/api/v1/namespaces/kube-public/configmaps/cluster-info"
	// slowPause is how often the slow clients ask: certificates and discovery.
	slowPause = 10 * time.Second
	// slowPatience is how long a certificate or a signed cluster-info may take.
	slowPatience = 120 * time.Second
	// bootstrapToken is the lab's (`cargo xtask lab up`).
	bootstrapToken = "abcdef.0123456789abcdef"
)

// identity is what a client presents and whom it trusts.
type identity struct {
	trust       []byte
	certificate *tls.Certificate
	token       string
}

// phaseClients are the clients that there are in one phase.
type phaseClients struct {
	phase int
	// last and present are those with the kubeconfig of the phase before and of this one.
	last, present *identity
	// token is a ServiceAccount's; its trust is kube-root-ca.crt as it was when the phase began.
	token *identity
	// pins of the CAs that a joining node may expect in this phase.
	pins []string

	slow      sync.Mutex
	slowAfter map[string]time.Time
}

// enter reads what the clients of a phase have.
func (r *loadRun) enter(ctx context.Context, phase int) (*phaseClients, error) {
	clients := &phaseClients{phase: phase, slowAfter: make(map[string]time.Time)}
	for number, which := range map[int]**identity{phase - 1: &clients.last, phase: &clients.present} {
		// There is nothing before phase 0 and nothing new after phase 3.
		if number < 0 || number > 3 {
			continue
		}
		read, err := readKubeconfig(filepath.Join(r.config.Folder, strconv.Itoa(number)+".conf"))
		if err != nil {
			return nil, err
		}
		*which = read
	}
	for _, number := range pinnedIn(phase) {
		pin, err := r.pin(number)
		if err != nil {
			return nil, err
		}
		clients.pins = append(clients.pins, pin)
	}
	asker := clients.newest()
	server := r.config.Servers[r.config.serverNames()[0]]
	token := ""
	if r.clients != nil {
		token = r.clients.token.token
	} else {
		var err error
		if token, err = serviceAccountToken(ctx, asker, server); err != nil {
			return nil, err
		}
	}
	trust, err := publishedTrust(ctx, asker, server)
	if err != nil {
		return nil, err
	}
	clients.token = &identity{trust: trust, token: token}
	return clients, nil
}

// pinnedIn says whose CAs a joining node may have been told to expect: those that cluster-info has from the
// beginning of the phase to its end, by the phases whose kubeconfigs name them first.
func pinnedIn(phase int) []int {
	switch phase {
	case 0, 1:
		return []int{0}
	case 2:
		return []int{0, 3}
	default:
		return []int{3}
	}
}

// newest is the client with the newest kubeconfig there is.
func (c *phaseClients) newest() *identity {
	if c.present != nil {
		return c.present
	}
	return c.last
}

func readKubeconfig(path string) (*identity, error) {
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	read, err := identityOf(config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return read, nil
}

func identityOf(config *rest.Config) (*identity, error) {
	if err := rest.LoadTLSFiles(config); err != nil {
		return nil, err
	}
	certificate, err := tls.X509KeyPair(config.CertData, config.KeyData)
	if err != nil {
		return nil, err
	}
	return &identity{trust: config.CAData, certificate: &certificate}, nil
}

// pin is the pin of the CA that a phase's kubeconfig names first.
func (r *loadRun) pin(phase int) (string, error) {
	read, err := readKubeconfig(filepath.Join(r.config.Folder, strconv.Itoa(phase)+".conf"))
	if err != nil {
		return "", err
	}
	pins := pinsOf(read.trust)
	if len(pins) == 0 {
		return "", fmt.Errorf("the kubeconfig of phase %d trusts nobody", phase)
	}
	return pins[0], nil
}

// pinsOf are the pins of the certificates in a PEM, as kubeadm computes them.
func pinsOf(bundle []byte) []string {
	var pins []string
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
			digest := sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
			pins = append(pins, "sha256:"+hex.EncodeToString(digest[:]))
		}
	}
	return pins
}

// jobs are everything that is asked in this phase, once: each client at each server.
func (c *phaseClients) jobs(config *loadConfig) []job {
	var jobs []job
	type client struct {
		name string
		*identity
	}
	var people []client
	if c.last != nil {
		people = append(people, client{"kubeconfig of the phase before", c.last})
	}
	if c.present != nil {
		people = append(people, client{"kubeconfig of the phase", c.present})
	}
	for index, name := range config.serverNames() {
		server := config.Servers[name]
		add := func(kind, node string, patience time.Duration, ask func(context.Context) error) {
			jobs = append(jobs, job{kind: kind, server: name, node: node, ask: ask, patience: patience})
		}
		for _, person := range people {
			add(person.name, "", 0, func(ctx context.Context) error {
				return person.get(ctx, server, labNamespace, nil)
			})
		}
		add("token, trust of the phase's beginning", "", 0, func(ctx context.Context) error {
			return c.token.get(ctx, server, rootConfigMap, nil)
		})
		add("token, trust as it is now", "", 0, func(ctx context.Context) error {
			trust, err := publishedTrust(ctx, c.token, server)
			if err != nil {
				return err
			}
			return (&identity{trust: trust, token: c.token.token}).get(ctx, server, rootConfigMap, nil)
		})
		person := people[index%len(people)]
		if !config.Plain {
			add("aggregated", "", 0, func(ctx context.Context) error {
				return person.get(ctx, server, extensionGroup+"/names", nil)
			})
			add("webhook", "", 0, func(ctx context.Context) error { return askWebhook(ctx, person.identity, server) })
		}
		for _, node := range config.Nodes {
			add("kubelet", node, 0, func(ctx context.Context) error {
				return person.get(ctx, server, "/api/v1/nodes/"+node+"/proxy/healthz", nil)
			})
		}
		if config.Management != "" {
			add("management", "", 0, func(ctx context.Context) error {
				return askAsManagement(ctx, person.identity, server, config.Management)
			})
		}
		if c.due("certificate at "+name, index) {
			add("certificate signed, then used", "", slowPatience, func(ctx context.Context) error {
				return askCertificate(ctx, c.newest(), server, config)
			})
		}
		if c.due("discovery at "+name, index) {
			add("discovery", "", slowPatience, func(ctx context.Context) error { return c.discover(ctx, server) })
		}
	}
	return jobs
}

// due says whether a slow client may ask again; at first one server after the other.
func (c *phaseClients) due(name string, index int) bool {
	c.slow.Lock()
	defer c.slow.Unlock()
	next, known := c.slowAfter[name]
	if !known {
		c.slowAfter[name] = time.Now().Add(time.Duration(index) * slowPause / 4)
		return false
	}
	if time.Now().Before(next) {
		return false
	}
	c.slowAfter[name] = time.Now().Add(slowPause)
	return true
}

// answerOf is what came back: the status is known to be good.
type answerOf struct {
	body   []byte
	header http.Header
}

// do makes one request over a connection of its own.
func (i *identity) do(ctx context.Context, method, url string, body any) (*answerOf, error) {
	config := &tls.Config{RootCAs: x509.NewCertPool()}
	if i.trust == nil {
		// Discovery: what comes back is checked by its signature and pins.
		config.InsecureSkipVerify = true
	} else if !config.RootCAs.AppendCertsFromPEM(i.trust) {
		return nil, errors.New("this client trusts nobody")
	}
	if i.certificate != nil {
		// Presented whatever the server asks for, so that a refusal is the server's.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return i.certificate, nil }
	}
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", "application/json")
	if i.token != "" {
		request.Header.Set("Authorization", "Bearer "+i.token)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	if err != nil {
		return nil, err
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return nil, fmt.Errorf("%s: %.300s", response.Status, bytes.TrimSpace(text))
	}
	return &answerOf{body: text, header: response.Header}, nil
}

func (i *identity) get(ctx context.Context, server, path string, into any) error {
	answer, err := i.do(ctx, http.MethodGet, server+path, nil)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(answer.body, into)
}

func (i *identity) send(ctx context.Context, method, url string, body, into any) error {
	answer, err := i.do(ctx, method, url, body)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(answer.body, into)
}

func serviceAccountToken(ctx context.Context, asker *identity, server string) (string, error) {
	seconds := int64(6 * time.Hour / time.Second)
	var request authentication.TokenRequest
	err := asker.send(ctx, http.MethodPost, server+labNamespace+"/serviceaccounts/client/token",
		&authentication.TokenRequest{Spec: authentication.TokenRequestSpec{ExpirationSeconds: &seconds}}, &request)
	return request.Status.Token, err
}

// publishedTrust is what a pod would be given now.
func publishedTrust(ctx context.Context, asker *identity, server string) ([]byte, error) {
	var object core.ConfigMap
	if err := asker.get(ctx, server, rootConfigMap, &object); err != nil {
		return nil, err
	}
	return []byte(object.Data["ca.crt"]), nil
}
