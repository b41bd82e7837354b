package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	apiyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// question: what would the operator do, if it ran now?
type question struct {
	// Tenant and Namespace name it.
	Tenant, Namespace string
	// Endpoint is host and port; Names are what the API server's certificate has to have.
	Endpoint string
	Names    []string
	// Before are the files with the Secrets as the operator last left them; empty where it has not seen the tenant.
	Before []string
	// Now are the files that were applied over them, in their order.
	Now []string
	// Pkcs8 says whether the release reads such keys; Paused whether it was told to leave the tenant alone.
	Pkcs8, Paused bool
	// Time in unix seconds.
	Time int64
}

// answer to it.
type answer struct {
	// Rounds are what it does, one reconciliation after the other, until there is nothing left.
	Rounds [][]change `json:"rounds"`
	// Loops says that it never comes to an end.
	Loops bool `json:"loops"`
	// Authority and FrontProxy are the subjects of the first certificates at the end.
	Authority  string `json:"authority"`
	FrontProxy string `json:"frontProxy"`
	// Labels says of each Secret given as the operator left it whether the sum in its annotation is that of its data.
	Sums map[string]bool `json:"sums"`
}

// mostRounds is where patience ends: the operator settles in two.
const mostRounds = 6

func runJudge([]string) error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	encoder := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		answer, err := asked.judge()
		if err != nil {
			return err
		}
		if err := encoder.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (q *question) judge() (*answer, error) {
	t := &tenant{
		name: q.Tenant, namespace: q.Namespace, endpoint: q.Endpoint, names: q.Names, port: 6443,
		paused: q.Paused, pkcs8: q.Pkcs8,
		secrets: make(map[string]map[string][]byte), written: make(map[string]string),
	}
	said := &answer{Rounds: [][]change{}, Sums: make(map[string]bool)}
	if err := t.load(q.Before, said.Sums); err != nil {
		return nil, err
	}
	for _, row := range kubeconfigRows {
		if t.secrets[row.component] != nil {
			t.written[row.component] = t.kubeconfigSum(row.component)
		}
	}
	if err := t.load(q.Now, nil); err != nil {
		return nil, err
	}
	now := time.Unix(q.Time, 0)
	for range mostRounds {
		changes, err := t.reconcile(now)
		if err != nil {
			return nil, err
		}
		if len(changes) == 0 {
			break
		}
		said.Rounds = append(said.Rounds, changes)
		now = now.Add(time.Second)
	}
	said.Loops = len(said.Rounds) == mostRounds
	for component, into := range map[string]*string{"ca": &said.Authority, "front-proxy-ca-certificate": &said.FrontProxy} {
		for _, key := range slices.Sorted(maps.Keys(t.secrets[component])) {
			if read, err := readCertificate(t.secrets[component][key]); err == nil && read.IsCA && !strings.HasPrefix(key, "tls") {
				*into = read.Subject.String()
			}
		}
	}
	return said, nil
}

// load takes the Secrets of the tenant out of files; data that is applied takes the place of what was there, key by key.
func (t *tenant) load(files []string, sums map[string]bool) error {
	for _, file := range files {
		secrets, err := readSecrets(file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, secret := range secrets {
			component, own := strings.CutPrefix(secret.Name, t.name+"-")
			if !own || secret.Namespace != t.namespace {
				continue
			}
			if t.secrets[component] == nil {
				t.secrets[component] = make(map[string][]byte)
			}
			maps.Copy(t.secrets[component], secret.Data)
			if sum := secret.Annotations["kamaji.clastix.io/checksum"]; sums != nil && sum != "" {
				sums[component] = sum == sumOf(secret.Data)
			}
		}
	}
	return nil
}

// readSecrets reads the Secrets of a file, one or several documents.
func readSecrets(file string) ([]core.Secret, error) {
	content, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	var found []core.Secret
	documents := apiyaml.NewYAMLReader(bufio.NewReader(content))
	for {
		document, err := documents.Read()
		if err != nil {
			return found, nil
		}
		var secret core.Secret
		if err := yaml.UnmarshalStrict(document, &secret); err != nil {
			return nil, err
		}
		if secret.Kind == "Secret" {
			found = append(found, secret)
		}
	}
}
