package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// runSwitch starts every machine and connects them with a bridge.
//
// It is started in a network namespace of its own and lives as long as the lab: the machines are its
// children and are killed with it, and with a machine's first process everything on it.
func runSwitch(arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("lab switch CONFIG")
	}
	config, err := readConfig(arguments[0])
	if err != nil {
		return err
	}
	// The lab outlives the terminal that it was started from.
	if _, err := unix.Setsid(); err != nil {
		return fmt.Errorf("no session of its own: %w", err)
	}
	// The kernel ties "killed with its parent" to the thread that started the child.
	runtime.LockOSThread()
	if err := newNetwork(); err != nil {
		return err
	}
	pids := make(map[string]int)
	for i := range config.Machines {
		machine := &config.Machines[i]
		pid, err := startMachine(arguments[0], config, machine, i)
		if err != nil {
			return fmt.Errorf("%s: %w", machine.Name, err)
		}
		pids[machine.Name] = pid
	}
	bytes, err := json.Marshal(pids)
	if err != nil {
		return err
	}
	if err := replaceFile(filepath.Join(config.Directory, "machines.json"), bytes, 0o600); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, unix.SIGTERM, unix.SIGINT)
	<-stop
	return nil
}

// newNetwork leaves the network that the process was started in for one without any link to the world.
func newNetwork() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("no network namespace (root is needed): %w", err)
	}
	return ip("link add lab0 type bridge", "link set lo up", "link set lab0 up")
}

// ip runs commands of iproute2 in this thread's network namespace.
func ip(commands ...string) error {
	for _, command := range commands {
		output, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("ip %s: %w: %s", command, err, output)
		}
	}
	return nil
}

func startMachine(configPath string, config *Config, machine *Machine, index int) (int, error) {
	for _, folder := range []string{"etc", "log"} {
		if err := os.MkdirAll(config.private(machine, folder), 0o755); err != nil {
			return 0, err
		}
	}
	console, err := os.OpenFile(config.private(machine, "log/console.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 0, err
	}
	defer console.Close()
	// The machine waits until its end of the cable is there.
	plugged, plug, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer plugged.Close()
	defer plug.Close()

	command := exec.Command("/proc/self/exe", "machine", configPath, machine.Name)
	command.Stdout, command.Stderr = console, console
	command.ExtraFiles = []*os.File{plugged}
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS,
		Pdeathsig:  unix.SIGKILL,
		Setsid:     true,
	}
	if err := command.Start(); err != nil {
		return 0, err
	}
	port := "port" + strconv.Itoa(index)
	pid := command.Process.Pid
	err = ip(
		fmt.Sprintf("link add %s type veth peer name eth0 netns %d", port, pid),
		fmt.Sprintf("link set %s master lab0", port),
		fmt.Sprintf("link set %s up", port),
	)
	if err != nil {
		return 0, err
	}
	_, err = plug.WriteString("\n")
	return pid, err
}

// private is where what only this machine sees is kept.
func (c *Config) private(machine *Machine, path string) string {
	return filepath.Join(c.Directory, "private", machine.Name, path)
}

// replaceFile writes a file that nobody ever sees half written.
func replaceFile(path string, bytes []byte, mode os.FileMode) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, bytes, mode); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
