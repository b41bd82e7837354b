package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// Config is a lab, as `cargo xtask lab up` writes it down.
type Config struct {
	// Directory holds everything of this lab: `nodes/<name>` and `private/<name>`.
	Directory string `json:"directory"`
	// Tools is the folder of the programs that every machine has in its PATH.
	Tools string `json:"tools"`
	// Hosts is every machine's /etc/hosts.
	Hosts    string    `json:"hosts"`
	Machines []Machine `json:"machines"`
}

// Machine is a host of the lab.
type Machine struct {
	Name string `json:"name"`
	// Addresses that the machine answers for; every other one is looked for on the lab's network.
	Addresses []string  `json:"addresses"`
	Services  []Service `json:"services"`
	// Containers says whether the machine runs containers.
	Containers bool `json:"containers"`
}

// Service is a program that init keeps running.
type Service struct {
	Name string `json:"name"`
	// Command for sh.
	Command string `json:"command"`
	// Start says whether it starts with the machine.
	Start bool `json:"start"`
}

// Where things lie on a machine.
const (
	toolsFolder   = "/opt/lab"
	controlSocket = "/run/lab.sock"
	runtimeSocket = "/run/cri.sock"
	searchPath    = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
)

// nodeFolders are kept under `nodes/<name>`, so that the node's trees can be read from outside.
var nodeFolders = []string{"etc/kubernetes", "var/lib/kubelet"}

func readConfig(path string) (*Config, error) {
	bytes, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	config := new(Config)
	if err := json.Unmarshal(bytes, config); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return config, nil
}

func (c *Config) machine(name string) (*Machine, error) {
	for i := range c.Machines {
		if c.Machines[i].Name == name {
			return &c.Machines[i], nil
		}
	}
	return nil, fmt.Errorf("the lab has no machine %q", name)
}
