// Command lab is everything in Airlock's lab that is not Kubernetes itself.
//
// A lab is a set of machines on this machine: each has its own network, mounts, processes and hostname
// (namespaces), a root of its own, and this program as its init. Real kubelets run real kubeadm clusters
// on them. Nothing that a lab sends leaves it: its network has no way out.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const usage = `lab switch CONFIG     starts the machines of a lab and stays until it is killed
lab machine CONFIG NAME    the first process of a machine (started by "switch")
lab serve CONFIG NAME      a machine's services and container runtime (started by "machine")
lab container              a container's first process (started by "serve")
lab systemctl …            what systemctl is on a machine
lab extension …            an API server behind the aggregator, and a webhook
lab load-clients …         clients that open a new connection for every request
lab handshakes CONFIG      makes every handshake that a package predicts, once`

var commands = map[string]func(arguments []string) error{
	"container":    runContainer,
	"extension":    runExtension,
	"load-clients": runLoadClients,
	"handshakes":   runHandshakes,
	"machine":      runMachine,
	"serve":        runServe,
	"switch":       runSwitch,
	"systemctl":    runSystemctl,
}

func main() {
	arguments := os.Args[1:]
	name := filepath.Base(os.Args[0])
	if name != "systemctl" {
		if len(arguments) == 0 {
			fail(fmt.Errorf("say what to do\n\n%s", usage))
		}
		name, arguments = arguments[0], arguments[1:]
	}
	command, known := commands[name]
	if !known {
		fail(fmt.Errorf("there is no %q\n\n%s", name, usage))
	}
	if err := command(arguments); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "error:", err)
	os.Exit(1)
}
