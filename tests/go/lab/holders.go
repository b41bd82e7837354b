package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/clientcmd"
	api "k8s.io/client-go/tools/clientcmd/api"
)

const kubeletCredential = "/var/lib/kubelet/pki/kubelet-client-current.pem"

// held is what a client has: an identity, and where it goes with it.
type held struct {
	identity
	host string
}

// remembered is what a process read when it started.
type remembered struct {
	// Process tells it from every other: its number and when it started.
	Process     string `json:"process"`
	Trust       []byte `json:"trust"`
	Certificate []byte `json:"certificate"`
	Key         []byte `json:"key"`
	Host        string `json:"host"`
}

// What reads its kubeconfig once, at its start.
var readsAtStart = map[string]string{
	"kube-controller-manager": "/etc/kubernetes/controller-manager.conf",
	"kube-scheduler":          "/etc/kubernetes/scheduler.conf",
	"kubelet":                 "/etc/kubernetes/kubelet.conf",
}

// inTree is a node's file; links on the node are followed within its tree.
func inTree(tree, path string) string {
	full := filepath.Join(tree, path)
	if target, err := os.Readlink(full); err == nil && filepath.IsAbs(target) {
		return filepath.Join(tree, target)
	}
	return full
}

func (r *recorder) tree(node string) string { return filepath.Join(r.config.Trees, node) }

// readNodeKubeconfig reads a kubeconfig with the files of its node.
func readNodeKubeconfig(tree, path string) (*held, error) {
	bytes, err := os.ReadFile(inTree(tree, path))
	if err != nil {
		return nil, err
	}
	return parseKubeconfig(bytes, tree)
}

func parseKubeconfig(bytes []byte, tree string) (*held, error) {
	config, err := clientcmd.Load(bytes)
	if err != nil {
		return nil, err
	}
	current := config.Contexts[config.CurrentContext]
	if current == nil {
		return nil, errors.New("the kubeconfig has no current context")
	}
	cluster, user := config.Clusters[current.Cluster], config.AuthInfos[current.AuthInfo]
	if cluster == nil {
		return nil, errors.New("the kubeconfig names no cluster")
	}
	if user == nil {
		user = new(api.AuthInfo)
	}
	var failure error
	data := func(embedded []byte, path string) []byte {
		if len(embedded) > 0 || path == "" {
			return embedded
		}
		read, err := os.ReadFile(inTree(tree, path))
		failure = errors.Join(failure, err)
		return read
	}
	made, err := newHeld(
		data(cluster.CertificateAuthorityData, cluster.CertificateAuthority),
		data(user.ClientCertificateData, user.ClientCertificate), data(user.ClientKeyData, user.ClientKey),
		hostOf(cluster.Server))
	return made, errors.Join(failure, err)
}

// clusterOf is the only cluster of a kubeconfig.
func clusterOf(text []byte) (*api.Cluster, error) {
	config, err := clientcmd.Load(text)
	if err != nil {
		return nil, err
	}
	for _, cluster := range config.Clusters {
		return cluster, nil
	}
	return nil, errors.New("the kubeconfig names no cluster")
}

func hostOf(server string) string {
	parsed, err := url.Parse(server)
	if err != nil {
		return ""
	}
	return parsed.Hostname()
}

// newHeld makes an identity of PEM; without a certificate it is one that presents none.
func newHeld(trust, certificate, key []byte, host string) (*held, error) {
	made := &held{identity: identity{trust: trust}, host: host}
	if len(certificate) == 0 {
		return made, nil
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	made.certificate = &pair
	return made, nil
}

// remember notes what the processes that are new since the last call must have read.
func (r *recorder) remember() error {
	path := filepath.Join(r.config.Memory, "processes.json")
	r.memory = make(map[string]remembered)
	if bytes, err := os.ReadFile(path); err == nil {
		if err := json.Unmarshal(bytes, &r.memory); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	running, err := r.processes()
	if err != nil {
		return err
	}
	for name, process := range running {
		if r.memory[name].Process == process {
			continue
		}
		node, program, _ := strings.Cut(name, "/")
		tree := r.tree(node)
		bytes, err := os.ReadFile(inTree(tree, readsAtStart[program]))
		if err != nil {
			return err
		}
		read, err := parseKubeconfig(bytes, tree)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		kept := remembered{Process: process, Trust: read.trust, Host: read.host}
		if read.certificate != nil {
			kept.Certificate, kept.Key = pemOf(read.certificate)
		}
		r.memory[name] = kept
	}
	bytes, err := json.Marshal(r.memory)
	if err != nil {
		return err
	}
	return replaceFile(path, bytes, 0o600)
}

// processes are those that read a kubeconfig at their start, by node and program.
func (r *recorder) processes() (map[string]string, error) {
	nodes := make(map[string]string)
	for _, node := range r.config.Nodes {
		network, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", node.Pid))
		if err != nil {
			return nil, err
		}
		nodes[network] = node.Name
	}
	entries, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	found := make(map[string]string)
	for _, entry := range entries {
		// A process may end while it is looked at.
		command, err := os.ReadFile(entry + "/cmdline")
		if err != nil {
			continue
		}
		program, _, _ := strings.Cut(string(command), "\x00")
		program = filepath.Base(program)
		if readsAtStart[program] == "" {
			continue
		}
		network, err := os.Readlink(entry + "/ns/net")
		status, failure := os.ReadFile(entry + "/stat")
		if err != nil || failure != nil || nodes[network] == "" {
			continue
		}
		fields := strings.Fields(string(status[strings.LastIndex(string(status), ")")+1:]))
		found[nodes[network]+"/"+program] = filepath.Base(entry) + " " + fields[19]
	}
	return found, nil
}

// asRunning is what a component has in memory; nil where it does not run.
func (r *recorder) asRunning(node, program string) (*held, error) {
	kept, known := r.memory[node+"/"+program]
	if !known {
		return nil, nil
	}
	return newHeld(kept.Trust, kept.Certificate, kept.Key, kept.Host)
}

// findAsker takes an administrator whom an API server knows; whom it trusts itself does not matter here.
func (r *recorder) findAsker(ctx context.Context) error {
	var last error
	for _, node := range r.controlPlanes() {
		for _, tree := range []string{r.tree(node.Name), filepath.Join(r.config.Before, node.Name)} {
			admin, err := readNodeKubeconfig(tree, "/etc/kubernetes/admin.conf")
			if err != nil {
				last = err
				continue
			}
			asker := &identity{certificate: admin.certificate}
			limited, cancel := context.WithTimeout(ctx, 5*time.Second)
			err = asker.get(limited, r.url(node), clusterInfo, nil)
			cancel()
			if err == nil {
				r.asker, r.asks = asker, r.url(node)
				return nil
			}
			last = err
		}
	}
	return fmt.Errorf("no API server knows its administrator: %w", last)
}

func (r *recorder) url(node handshakeNode) string {
	return "https://" + net.JoinHostPort(node.Address, "6443")
}

// configMap gives a value of an object as it is now.
func (r *recorder) configMap(ctx context.Context, path, key string) ([]byte, error) {
	var object core.ConfigMap
	if err := r.asker.get(ctx, r.asks, path, &object); err != nil {
		return nil, err
	}
	return []byte(object.Data[key]), nil
}

// sign has a client certificate signed by whoever leads now.
func (r *recorder) sign(ctx context.Context) (*identity, error) {
	limited, cancel := context.WithTimeout(ctx, time.Duration(r.config.Patience)*time.Second)
	defer cancel()
	signed, name, err := signCertificate(limited, r.asker, r.asks)
	if err != nil {
		return nil, err
	}
	_, err = r.asker.do(ctx, http.MethodDelete, name, nil)
	return signed, err
}

// renewOthers gives those whose kubeconfigs nobody saw a credential that is signed when they are told to replace theirs.
func (r *recorder) renewOthers(ctx context.Context) error {
	path := filepath.Join(r.config.Memory, "others.pem")
	if _, err := os.Stat(path); err == nil || !r.config.OthersRenewed {
		return nil
	}
	signed, err := r.sign(ctx)
	if err != nil {
		return fmt.Errorf("people cannot replace their credentials: %w", err)
	}
	certificate, key := pemOf(signed.certificate)
	return os.WriteFile(path, append(certificate, key...), 0o600)
}
