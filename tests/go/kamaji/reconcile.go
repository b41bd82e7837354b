package main

import (
	"bytes"
	"crypto/md5"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"time"
)

// tenant is a control plane as its operator sees it.
type tenant struct {
	name, namespace string
	// endpoint is where clients reach the API server, host and port; names are what its certificate has to have.
	endpoint string
	names    []string
	port     int
	paused   bool
	// pkcs8 says whether the release reads such keys.
	pkcs8 bool
	// secrets are the data of each Secret, by its component.
	secrets map[string]map[string][]byte
	// written is the sum of each kubeconfig Secret as the operator last left it, with the CA of that time: its status.
	written map[string]string
}

// change is something that the operator did, and to which Secret.
type change struct {
	Secret string `json:"secret"`
	// What is overwritten, copied, issued or written.
	What string `json:"what"`
}

// What a change can be.
const (
	overwritten = "overwritten with a CA of its own"
	copied      = "tls.crt and tls.key copied from the CA"
	issued      = "issued anew"
	written     = "written anew"
	made        = "made"
)

type leafRow struct {
	component, base     string
	authority, fileBase string
	subject             pkix.Name
	usage               x509.ExtKeyUsage
	names               bool
}

var leafRows = []leafRow{
	{"api-server-certificate", "apiserver", "ca", "ca", pkix.Name{CommonName: "kube-apiserver"}, x509.ExtKeyUsageServerAuth, true},
	{"api-server-kubelet-client-certificate", "apiserver-kubelet-client", "ca", "ca",
		pkix.Name{CommonName: "kube-apiserver-kubelet-client", Organization: []string{"kubeadm:cluster-admins"}}, x509.ExtKeyUsageClientAuth, false},
	{"front-proxy-client-certificate", "front-proxy-client", "front-proxy-ca-certificate", "front-proxy-ca",
		pkix.Name{CommonName: "front-proxy-client"}, x509.ExtKeyUsageClientAuth, false},
}

type kubeconfigRow struct {
	component string
	files     []kubeconfigFile
}

type kubeconfigFile struct {
	key     string
	subject pkix.Name
	server  func(*tenant) string
}

func public(t *tenant) string { return "https://" + t.endpoint }
func local(t *tenant) string  { return fmt.Sprintf("https://127.0.0.1:%d", t.port) }
func internal(t *tenant) string {
	return fmt.Sprintf("https://%s.%s.svc:%d", t.name, t.namespace, t.port)
}

var (
	admin      = pkix.Name{CommonName: "kubernetes-admin", Organization: []string{"kubeadm:cluster-admins"}}
	superAdmin = pkix.Name{CommonName: "kubernetes-super-admin", Organization: []string{"system:masters"}}
)

var kubeconfigRows = []kubeconfigRow{
	{"admin-kubeconfig", []kubeconfigFile{
		{"admin.conf", admin, public}, {"admin.svc", admin, internal},
		{"super-admin.conf", superAdmin, public}, {"super-admin.svc", superAdmin, internal},
	}},
	{"controller-manager-kubeconfig", []kubeconfigFile{
		{"controller-manager.conf", pkix.Name{CommonName: "system:kube-controller-manager"}, local},
	}},
	{"scheduler-kubeconfig", []kubeconfigFile{{"scheduler.conf", pkix.Name{CommonName: "system:kube-scheduler"}, local}}},
}

// reconcile goes over everything once and gives what it did; a tenant that is paused is left alone.
func (t *tenant) reconcile(now time.Time) ([]change, error) {
	if t.paused {
		return nil, nil
	}
	var changes []change
	note := func(component, what string) {
		changes = append(changes, change{fmt.Sprintf("%s-%s", t.name, component), what})
	}
	for component, base := range map[string]string{"ca": "ca", "front-proxy-ca-certificate": "front-proxy-ca"} {
		done, err := t.authority(component, base, now)
		if err != nil {
			return nil, err
		}
		if done != "" {
			note(component, done)
		}
	}
	ca := t.secrets["ca"]
	if !bytes.Equal(ca["tls.crt"], ca["ca.crt"]) && len(ca["tls.crt"]) == 0 {
		ca["tls.crt"], ca["tls.key"] = ca["ca.crt"], ca["ca.key"]
		note("ca", copied)
	}
	if _, known := t.secrets["sa-certificate"]; !known {
		if err := t.serviceAccount(); err != nil {
			return nil, err
		}
		note("sa-certificate", made)
	}
	for _, row := range leafRows {
		done, err := t.leaf(&row, now)
		if err != nil {
			return nil, err
		}
		if done {
			note(row.component, issued)
		}
	}
	for _, row := range kubeconfigRows {
		done, err := t.kubeconfigs(&row, now)
		if err != nil {
			return nil, err
		}
		if done {
			note(row.component, written)
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return bytes.Compare([]byte(a.Secret), []byte(b.Secret)) })
	return changes, nil
}

// authority keeps a pair that fits, and overwrites every other.
func (t *tenant) authority(component, base string, now time.Time) (string, error) {
	held, known := t.secrets[component]
	certificate, key := base+".crt", base+".key"
	if known && isPair(held[certificate], held[key], now, t.pkcs8) {
		return "", nil
	}
	name := base
	if base == "ca" {
		name = "kubernetes"
	}
	fresh, err := newAuthority(name, now)
	if err != nil {
		return "", err
	}
	t.secrets[component] = map[string][]byte{certificate: fresh.certificate, key: fresh.key}
	if component == "ca" {
		t.secrets[component]["tls.crt"], t.secrets[component]["tls.key"] = fresh.certificate, fresh.key
	}
	if known {
		return overwritten, nil
	}
	return made, nil
}

func (t *tenant) serviceAccount() error {
	key, text, err := newKey()
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	t.secrets["sa-certificate"] = map[string][]byte{"sa.key": text, "sa.pub": public}
	return nil
}

func (t *tenant) pairOf(component, base string) *pair {
	held := t.secrets[component]
	return &pair{held[base+".crt"], held[base+".key"]}
}

// leaf keeps one that hangs on the first certificate of the authority's file, with its key and its names.
func (t *tenant) leaf(row *leafRow, now time.Time) (bool, error) {
	held := t.secrets[row.component]
	certificate, key := held[row.base+".crt"], held[row.base+".key"]
	authority := t.pairOf(row.authority, row.fileBase)
	var names []string
	if row.names {
		names = t.names
	}
	if isPair(certificate, key, now, t.pkcs8) && isLeaf(certificate, authority.certificate, row.usage, names, now) {
		return false, nil
	}
	fresh, err := issue(authority, row.subject, row.usage, names, now)
	if err != nil {
		return false, err
	}
	t.secrets[row.component] = map[string][]byte{row.base + ".crt": fresh.certificate, row.base + ".key": fresh.key}
	return true, nil
}

// kubeconfigs keeps those that are what the operator last wrote, under the same CA, and that have the whole file of it.
func (t *tenant) kubeconfigs(row *kubeconfigRow, now time.Time) (bool, error) {
	ca := t.secrets["ca"]["ca.crt"]
	held := t.secrets[row.component]
	accepted := held != nil && t.written[row.component] == t.kubeconfigSum(row.component)
	for _, file := range row.files {
		accepted = accepted && isKubeconfig(held[file.key], ca, now, t.pkcs8)
	}
	if accepted {
		return false, nil
	}
	fresh := make(map[string][]byte)
	for _, file := range row.files {
		text, err := kubeconfig(t.pairOf("ca", "ca"), t.name, file.server(t), file.subject, now)
		if err != nil {
			return false, err
		}
		fresh[file.key] = text
	}
	t.secrets[row.component] = fresh
	t.written[row.component] = t.kubeconfigSum(row.component)
	return true, nil
}

// kubeconfigSum is over the CA's certificate and key and the kubeconfigs: what the operator keeps in its status.
func (t *tenant) kubeconfigSum(component string) string {
	ca := t.secrets["ca"]
	return sumOf(map[string][]byte{"ca-cert": ca["ca.crt"], "ca-key": ca["ca.key"], "kubeconfig": []byte(sumOf(t.secrets[component]))})
}

// sumOf is MD5 over the values in the order of their keys: the operator's checksums and the labels of its Pods.
func sumOf(data map[string][]byte) string {
	sum := md5.New()
	for _, key := range slices.Sorted(maps.Keys(data)) {
		sum.Write(data[key])
	}
	return hex.EncodeToString(sum.Sum(nil))
}
