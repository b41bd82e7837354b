package main

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Machines lie in the folder TALOS_MACHINES: ADDRESS.yaml is a machine's configuration, ADDRESS.handed that of the
// control-plane machine that signed for a worker when it was last asked. TALOS_TIME is the time in unix seconds.

func folder() string { return os.Getenv("TALOS_MACHINES") }

func load(name string) (*machine, []object, error) {
	data, err := os.ReadFile(filepath.Join(folder(), name))
	if err != nil {
		return nil, nil, fmt.Errorf("no machine answers: %w", err)
	}
	configuration, err := documents(string(data))
	if err != nil {
		return nil, nil, err
	}
	held, err := read(configuration)
	return held, configuration, err
}

func now() time.Time {
	seconds, _ := strconv.ParseInt(os.Getenv("TALOS_TIME"), 10, 64)
	return time.Unix(seconds, 0)
}

// controlPlane is the control-plane machine that workers ask.
func controlPlane() (string, error) {
	names, _ := filepath.Glob(filepath.Join(folder(), "*.yaml"))
	slices.Sort(names)
	for _, name := range names {
		held, _, err := load(filepath.Base(name))
		if err != nil {
			return "", err
		}
		if !held.Worker {
			return filepath.Base(name), nil
		}
	}
	return "", fmt.Errorf("there is no control plane")
}

// apid is what a machine's apid issues with and accepts: a worker's comes from the control plane.
func apid(address string) (*authority, error) {
	held, _, err := load(address + ".yaml")
	if err != nil {
		return nil, err
	}
	if held.Worker {
		if held, _, err = load(address + ".handed"); err != nil {
			return nil, err
		}
	}
	return &held.Talos, nil
}

// askTrustd has a worker's certificates renewed, if the worker accepts who serves trustd.
func askTrustd(address string) error {
	held, _, err := load(address + ".yaml")
	if err != nil || !held.Worker {
		return err
	}
	name, err := controlPlane()
	if err != nil {
		return err
	}
	signer, _, err := load(name)
	if err != nil {
		return err
	}
	for _, accepted := range held.Talos.all {
		if accepted.Equal(signer.Talos.issuing) {
			data, err := os.ReadFile(filepath.Join(folder(), name))
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(folder(), address+".handed"), data, 0o600)
		}
	}
	return nil
}

// client is whom somebody trusts and what they show.
type client struct {
	roots       []*x509.Certificate
	certificate *x509.Certificate
}

func newClient(roots, certificate, key string) (*client, error) {
	found := &client{}
	bundle, err := base64.StdEncoding.DecodeString(roots)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		found.roots = append(found.roots, root)
	}
	leaf, err := base64.StdEncoding.DecodeString(certificate)
	if err != nil {
		return nil, err
	}
	if found.certificate, err = first(leaf); err != nil {
		return nil, err
	}
	own, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return nil, err
	}
	parsed, err := privateKey(own)
	if err != nil {
		return nil, err
	}
	if !belongs(found.certificate, parsed) {
		return nil, fmt.Errorf("the client's key is another certificate's")
	}
	return found, nil
}

func first(data []byte) (*x509.Certificate, error) { return certificate(data) }

// trusts tells whether the client takes a server whose certificate this authority issued.
func (c *client) trusts(issuing *x509.Certificate) bool {
	return slices.ContainsFunc(c.roots, issuing.Equal)
}

// isAccepted tells whether a server that accepts these authorities takes the client.
func (c *client) isAccepted(accepted []*x509.Certificate) bool {
	pool := x509.NewCertPool()
	for _, one := range accepted {
		pool.AddCert(one)
	}
	_, err := c.certificate.Verify(x509.VerifyOptions{
		Roots: pool, CurrentTime: now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err == nil
}

// options takes --name value pairs out of arguments, wherever they stand; what is left is the command.
func options(args []string) (map[string]string, []string) {
	given, command := map[string]string{}, []string{}
	for at := 0; at < len(args); at++ {
		switch name := args[at]; {
		case name == "--dry-run" || name == "--raw" || name == "-A" || name == "--kubernetes":
			given[name] = "true"
		case strings.HasPrefix(name, "-") && strings.Contains(name, "="):
			name, value, _ := strings.Cut(name, "=")
			given[name] = value
		case strings.HasPrefix(name, "-") && at+1 < len(args):
			given[name] = args[at+1]
			at++
		default:
			command = append(command, name)
		}
	}
	return given, command
}

func talosctl(args []string, out io.Writer) error {
	given, command := options(args)
	file := given["--talosconfig"]
	if file == "" {
		file = os.Getenv("TALOSCONFIG")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	config, err := documents(string(data))
	if err != nil {
		return err
	}
	name := given["--context"]
	if name == "" {
		name = text(config[0]["context"])
	}
	context, there := config[0]["contexts"].(object)[name].(object)
	if !there {
		return fmt.Errorf("no context %q", name)
	}
	who, err := newClient(text(context["ca"]), text(context["crt"]), text(context["key"]))
	if err != nil {
		return err
	}
	node := given["--nodes"]
	endpoint := given["--endpoints"]
	if endpoint == "" {
		endpoint = strings.TrimSuffix(firstOf(controlPlane()), ".yaml")
	}
	server, err := apid(endpoint)
	if err != nil {
		return err
	}
	if !who.trusts(server.issuing) {
		return fmt.Errorf("rpc error: tls: failed to verify certificate: x509: certificate signed by unknown authority")
	}
	if !who.isAccepted(server.all) {
		return fmt.Errorf("rpc error: remote error: tls: bad certificate")
	}
	if node != endpoint {
		// The endpoint's apid goes on as itself.
		target, err := apid(node)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(server.all, target.issuing.Equal) || !slices.ContainsFunc(target.all, server.issuing.Equal) {
			return fmt.Errorf("rpc error: %s and %s do not accept one another", endpoint, node)
		}
	}
	if len(command) == 2 && command[0] == "logs" {
		return logs(node, command[1], given["--kubernetes"] == "true", out)
	}
	switch strings.Join(command, " ") {
	case "containers":
		if given["--kubernetes"] != "true" {
			return fmt.Errorf("talosctl containers without --kubernetes is not known here")
		}
		return containers(node, out)
	case "services":
		return list(node, out)
	case "version":
		// siderolabs/talos: cmd/talosctl/cmd/talos/version.go.
		_, err := fmt.Fprintf(out, "Client:\n\tTag:         v1.13.9\nServer:\n\tNODE:        %s\n\tTag:         v1.13.9\n", node)
		return err
	case "get machineconfig":
		data, err := os.ReadFile(filepath.Join(folder(), node+".yaml"))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "node: %s\nmetadata:\n    id: v1alpha1\n    updated: 2026-11-22T01:00:00Z\nspec: |\n    %s\n", node, strings.ReplaceAll(string(data), "\n", "\n    "))
		return err
	case "patch machineconfig":
		if given["--mode"] != "no-reboot" {
			return fmt.Errorf("this patch would reboot the machine")
		}
		return patchMachine(node, strings.TrimPrefix(given["--patch"], "@"), given["--dry-run"] == "true")
	}
	return fmt.Errorf("talosctl %v is not known here", command)
}

func firstOf(name string, _ error) string { return name }

func patchMachine(address, file string, dry bool) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	patch, err := documents(string(data))
	if err != nil {
		return err
	}
	_, configuration, err := load(address + ".yaml")
	if err != nil {
		return err
	}
	merged := merge(configuration, patch)
	if _, err := read(merged); err != nil || dry {
		return err
	}
	text, err := stream(merged)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder(), address+".yaml"), []byte(text), 0o600); err != nil {
		return err
	}
	return askTrustd(address)
}

func kubectl(args []string, out io.Writer) error {
	given, command := options(args)
	said := strings.Join(command, " ")
	switch {
	case given["--raw"] == "true" && said == "get /readyz":
		if err := readyz(given); err != nil {
			return err
		}
		_, err := fmt.Fprint(out, "ok")
		return err
	case strings.HasPrefix(said, "auth can-i"):
		_, err := fmt.Fprintln(out, "yes")
		return err
	case said == "get nodes":
		_, err := fmt.Fprint(out, "<one|True\n>")
		return err
	case said == "get namespaces":
		_, err := fmt.Fprint(out, "<default|\n>")
		return err
	case strings.HasPrefix(said, "get configmap kube-root-ca.crt") && strings.Contains(given["-o"], "managedFields"):
		_, err := fmt.Fprint(out, "<2026-11-22T00:00:00Z 2026-11-22T01:00:00Z>")
		return err
	case strings.HasPrefix(said, "get configmap kube-root-ca.crt"):
		// kube-controller-manager publishes what issues.
		name, err := controlPlane()
		if err != nil {
			return err
		}
		held, _, err := load(name)
		if err != nil {
			return err
		}
		shown := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: held.Kubernetes.issuing.Raw})
		_, err = fmt.Fprintf(out, "<%s>", shown)
		return err
	case strings.HasPrefix(said, "get customresourcedefinitions"):
		// Talos API access is enabled where a test says so, with the file "access".
		crds := "ciliumnodes.cilium.io\n"
		if hasAccess() {
			crds += "serviceaccounts.talos.dev\n"
		}
		_, err := fmt.Fprintf(out, "<%s>", crds)
		return err
	case said == "get serviceaccounts.talos.dev":
		_, err := fmt.Fprint(out, "<backup|etcd-backup|\ndefault|intruder|Namespace is not allowed: default\n>")
		return err
	case said == "get secret etcd-backup" && given["-n"] == "backup":
		return accessSecret(out)
	case said == "get pods" && strings.Contains(given["-o"], "secretName"):
		_, err := fmt.Fprint(out, "<backup|copier-abc-x|ReplicaSet|copier-abc|abc|Running| etcd-backup kube-root  \n"+
			"backup|other-x|DaemonSet|other||Running| etcd-backup-2   \n"+
			"backup|once|Job|once||Running| etcd-backup   \n"+
			"default|intruder|DaemonSet|intruder||Running| etcd-backup   \n>")
		return err
	case said == "get Deployment/copier" && given["-n"] == "backup":
		_, err := fmt.Fprintf(out, "<|%s>", readFile("marked"))
		return err
	case said == "patch Deployment/copier" && given["-n"] == "backup":
		_, mark, _ := strings.Cut(given["-p"], `"airlock/talos-access":"`)
		mark, _, _ = strings.Cut(mark, `"`)
		if err := os.WriteFile(filepath.Join(folder(), "marked"), []byte(mark), 0o600); err != nil {
			return err
		}
		_, err := fmt.Fprintln(out, "deployment.apps/copier patched")
		return err
	case said == "rollout status Deployment/copier" && given["-n"] == "backup":
		_, err := fmt.Fprintln(out, `deployment "copier" successfully rolled out`)
		return err
	case strings.HasPrefix(said, "get apiservices.") || strings.HasPrefix(said, "get validatingwebhook") || strings.HasPrefix(said, "get mutatingwebhook"):
		_, err := fmt.Fprint(out, "<>")
		return err
	case said == "get secrets" || said == "get poddisruptionbudgets" || said == "get deployments,daemonsets,statefulsets" || said == "get configmaps" || said == "get pods":
		// None: what frames the answer is there all the same.
		_, err := fmt.Fprint(out, "<>")
		return err
	}
	return fmt.Errorf("kubectl %v is not known here", command)
}

func readFile(name string) string {
	data, err := os.ReadFile(filepath.Join(folder(), name))
	if err != nil {
		return ""
	}
	return string(data)
}

func hasAccess() bool {
	_, err := os.Stat(filepath.Join(folder(), "access"))
	return err == nil
}

// accessSecret is the Secret that Talos writes for a ServiceAccount of talos.dev: its talosconfig has the CA that issues,
// and no other one (siderolabs/talos: kubeaccess/serviceaccount/crd_controller.go, generateTalosconfig).
func accessSecret(out io.Writer) error {
	name, err := controlPlane()
	if err != nil {
		return err
	}
	held, _, err := load(name)
	if err != nil {
		return err
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: held.Talos.issuing.Raw})
	config := fmt.Sprintf("context: default\ncontexts:\n    default:\n        endpoints:\n            - talos.default\n        ca: %s\n",
		base64.StdEncoding.EncodeToString(ca))
	_, err = fmt.Fprintf(out, "<%s>", base64.StdEncoding.EncodeToString([]byte(config)))
	return err
}

func readyz(given map[string]string) error {
	data, err := os.ReadFile(given["--kubeconfig"])
	if err != nil {
		return err
	}
	config, err := documents(string(data))
	if err != nil {
		return err
	}
	named := func(list, name, inner string) object {
		items, _ := config[0][list].([]any)
		for _, item := range items {
			if item := item.(object); item["name"] == name {
				return item[inner].(object)
			}
		}
		return object{}
	}
	context := named("contexts", given["--context"], "context")
	cluster := named("clusters", text(context["cluster"]), "cluster")
	user := named("users", text(context["user"]), "user")
	who, err := newClient(text(cluster["certificate-authority-data"]), text(user["client-certificate-data"]), text(user["client-key-data"]))
	if err != nil {
		return err
	}
	server, err := url.Parse(given["--server"])
	if err != nil {
		return err
	}
	held, _, err := load(server.Hostname() + ".yaml")
	if err != nil {
		return err
	}
	if !who.trusts(held.Kubernetes.issuing) {
		return fmt.Errorf("Unable to connect to the server: tls: failed to verify certificate")
	}
	if !who.isAccepted(held.Kubernetes.all) {
		return fmt.Errorf("error: You must be logged in to the server (Unauthorized)")
	}
	return nil
}
