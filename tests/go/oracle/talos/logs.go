package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// What services of a machine log when nothing is wrong, each in its format: apid and trustd by Go's log package with its
// file (internal/app/{apid,trustd}/main.go), the kubelet by component-base in JSON, etcd by zap in JSON, the controllers of
// machined by zap's console encoder with colours (pkg/logging/zap.go).
var services = map[string]string{
	"apid":               "2026/11/22 01:10:00.123456 main.go:27: started",
	"trustd":             "2026/11/22 01:10:00.123456 main.go:27: started",
	"kubelet":            `{"ts":1795309800000.5,"caller":"server/server.go:1","msg":"Started kubelet","v":0}`,
	"etcd":               `{"level":"info","ts":"2026-11-22T01:10:00.123456Z","caller":"etcdmain/etcd.go:73","msg":"Running: "}`,
	"controller-runtime": "2026-11-22T01:10:00.123Z \x1b[34mINFO\x1b[0m controller starting {\"component\": \"controller-runtime\"}",
}

const container = `2026-11-22T01:10:00.567825192Z stderr F I1122 01:10:00.567737       1 server.go:138] "Started"`

// logs prints a log as talosctl does: the machine's name before each line (siderolabs/talos: cmd/talosctl/cmd/talos/logs.go).
// The file ADDRESS.log.NAME, where there is one, holds the lines; ADDRESS.error.NAME what the machine answers instead, which
// older releases print to standard error with the exit status 0.
func logs(node, name string, kubernetes bool, out io.Writer) error {
	text := services[name]
	if kubernetes {
		text = container
		if strings.Count(name, ":") != 2 {
			return fmt.Errorf("error from node %s: rpc error: code = Unknown desc = container %q not found", node, name)
		}
		name = strings.Split(name, ":")[1]
	}
	if text == "" {
		return fmt.Errorf("error from node %s: rpc error: code = Unknown desc = log %q was not registered", node, name)
	}
	if held, err := os.ReadFile(filepath.Join(folder(), node+".error."+name)); err == nil {
		_, err := fmt.Fprintf(os.Stderr, "ERROR: %s\n", held)
		return err
	}
	if held, err := os.ReadFile(filepath.Join(folder(), node+".log."+name)); err == nil {
		text = strings.TrimSuffix(string(held), "\n")
	}
	if text == "" {
		return nil
	}
	for _, line := range strings.Split(text, "\n") {
		if _, err := fmt.Fprintf(out, "%s: %s\n", node, line); err != nil {
			return err
		}
	}
	return nil
}

// containers prints what the documentation shows (docs.siderolabs.com, "Logging"): sandboxes, and containers in them. The
// file ADDRESS.containers, where there is one, holds the rows.
func containers(node string, out io.Writer) error {
	if held, err := os.ReadFile(filepath.Join(folder(), node+".containers")); err == nil {
		_, err := out.Write(held)
		return err
	}
	_, err := fmt.Fprintln(out, "NODE         NAMESPACE   ID   IMAGE   PID    STATUS")
	for _, name := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
		pod := "kube-system/" + name + "-cp"
		_, err = fmt.Fprintf(out, "%[1]s   k8s.io      %[2]s   registry.k8s.io/pause:3.10   1311   SANDBOX_READY\n"+
			"%[1]s   k8s.io      └─ %[2]s:%[3]s:0c4a43ee5dcd   registry.k8s.io/%[3]s:v1.36.3   0   CONTAINER_EXITED\n"+
			"%[1]s   k8s.io      └─ %[2]s:%[3]s:ad5e8ddc7e7f   registry.k8s.io/%[3]s:v1.36.3   1379   CONTAINER_RUNNING\n", node, pod, name)
	}
	return err
}

// list prints the services of a machine as talosctl does (siderolabs/talos: cmd/talosctl/cmd/talos/service.go). The file
// ADDRESS.state.NAME, where there is one, holds the state and since when.
func list(node string, out io.Writer) error {
	_, err := fmt.Fprintln(out, "NODE         SERVICE      STATE     HEALTH   LAST CHANGE   LAST EVENT")
	for _, name := range []string{"apid", "containerd", "etcd", "kubelet", "machined", "trustd"} {
		state := "Running   OK       1h2m3s ago    Health check successful"
		if held, err := os.ReadFile(filepath.Join(folder(), node+".state."+name)); err == nil {
			state = strings.TrimSpace(string(held))
		}
		_, err = fmt.Fprintf(out, "%s     %s         %s\n", node, name, state)
	}
	return err
}
