package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// restartPause is what init waits before it starts a service that ended by itself.
	restartPause = time.Second
	// stopPatience is how long a service may take to stop before it is killed.
	stopPatience = 30 * time.Second
)

// runServe runs a machine's services and, where it has one, its container runtime.
func runServe(arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("lab serve CONFIG NAME")
	}
	config, err := readConfig(arguments[0])
	if err != nil {
		return err
	}
	machine, err := config.machine(arguments[1])
	if err != nil {
		return err
	}
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	failed := make(chan error, 2)
	if machine.Containers {
		listener, err := listen(runtimeSocket)
		if err != nil {
			return err
		}
		go func() { failed <- serveRuntime(listener) }()
	}
	listener, err := listen(controlSocket)
	if err != nil {
		return err
	}
	services := make(map[string]*service)
	for _, description := range machine.Services {
		services[description.Name] = &service{Service: description}
		if description.Start {
			services[description.Name].start()
		}
	}
	go func() { failed <- control(listener, services) }()
	return <-failed
}

// listen opens a socket; one that a machine before this left behind is in the way.
func listen(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return net.Listen("unix", path)
}

// service is a program that is started again when it ends.
type service struct {
	Service

	mutex   sync.Mutex
	running chan struct{} // closed when the keeper has ended; nil while stopped
	stop    chan struct{} // closed to stop it
	pid     int
}

func (s *service) start() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.running != nil {
		return
	}
	s.running, s.stop = make(chan struct{}), make(chan struct{})
	go s.keep(s.running, s.stop)
}

func (s *service) halt() {
	s.mutex.Lock()
	running, stop := s.running, s.stop
	s.running = nil
	s.mutex.Unlock()
	if running != nil {
		close(stop)
		<-running
	}
}

func (s *service) state() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch {
	case s.running == nil:
		return "inactive"
	case s.pid == 0:
		return "activating"
	default:
		return "active"
	}
}

// keep runs the program until it is told to stop.
func (s *service) keep(running, stop chan struct{}) {
	defer close(running)
	for {
		if err := s.once(stop); err != nil {
			log.Printf("%s: %v", s.Name, err)
		}
		select {
		case <-stop:
			return
		case <-time.After(restartPause):
		}
	}
}

// once runs the program to its end or until it is told to stop.
func (s *service) once(stop chan struct{}) error {
	output, err := os.OpenFile("/var/log/"+s.Name+".log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer output.Close()
	command := exec.Command("/bin/sh", "-c", s.Command)
	command.Stdout, command.Stderr, command.Dir = output, output, "/"
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return err
	}
	s.note(command.Process.Pid)
	defer s.note(0)
	event(s.Name, "started", command.Process.Pid)
	defer event(s.Name, "ended", command.Process.Pid)
	done := make(chan error, 1)
	go func() { done <- command.Wait() }()
	select {
	case err := <-done:
		return err
	case <-stop:
	}
	_ = syscall.Kill(-command.Process.Pid, syscall.SIGTERM)
	select {
	case <-done:
	case <-time.After(stopPatience):
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		<-done
	}
	return nil
}

// note keeps the process that runs.
func (s *service) note(pid int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.pid = pid
}

var events sync.Mutex

// event notes when a service or container started and ended, for those who count.
func event(name, what string, pid int) {
	events.Lock()
	defer events.Unlock()
	file, err := os.OpenFile("/var/log/events.jsonl", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		log.Print(err)
		return
	}
	defer file.Close()
	entry := map[string]any{"time": float64(time.Now().UnixMilli()) / 1000, "name": name, "event": what, "pid": pid}
	if err := json.NewEncoder(file).Encode(entry); err != nil {
		log.Print(err)
	}
}

// control answers systemctl.
func control(listener net.Listener, services map[string]*service) error {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer connection.Close()
			line, err := bufio.NewReader(connection).ReadString('\n')
			if err != nil {
				return
			}
			code, text := command(strings.Fields(line), services)
			fmt.Fprintf(connection, "%d\n%s", code, text)
		}()
	}
}

// command does what systemctl was asked for and gives its exit status and output.
func command(words []string, services map[string]*service) (int, string) {
	names := slices.DeleteFunc(slices.Clone(words), func(word string) bool { return strings.HasPrefix(word, "-") })
	if len(names) == 0 {
		return 1, "systemctl: say what to do\n"
	}
	verb, names := names[0], names[1:]
	if verb == "daemon-reload" {
		return 0, ""
	}
	if len(names) == 0 {
		return 1, "systemctl " + verb + ": of which service?\n"
	}
	quiet := slices.Contains(words, "-q") || slices.Contains(words, "--quiet")
	for _, name := range names {
		unit, known := services[strings.TrimSuffix(name, ".service")]
		if !known {
			// The words and the status of the real one.
			return 4, "Unit " + name + ".service could not be found.\n"
		}
		switch verb {
		case "enable", "disable":
		case "is-enabled":
			return 0, "enabled\n"
		case "start":
			unit.start()
		case "stop":
			unit.halt()
		case "restart":
			unit.halt()
			unit.start()
		case "is-active", "status":
			state := unit.state()
			code := 0
			if state != "active" {
				code = 3
			}
			if verb == "status" {
				return code, fmt.Sprintf("%s.service\n     Loaded: loaded\n     Active: %s\n", unit.Name, state)
			}
			if quiet {
				return code, ""
			}
			return code, state + "\n"
		default:
			return 1, "systemctl " + verb + " is not known in the lab\n"
		}
	}
	return 0, ""
}

// runSystemctl asks init.
func runSystemctl(arguments []string) error {
	connection, err := net.Dial("unix", controlSocket)
	if err != nil {
		return err
	}
	defer connection.Close()
	if _, err := fmt.Fprintln(connection, strings.Join(arguments, " ")); err != nil {
		return err
	}
	reader := bufio.NewReader(connection)
	var code int
	if _, err := fmt.Fscanln(reader, &code); err != nil {
		return fmt.Errorf("init gave no answer: %w", err)
	}
	if _, err := reader.WriteTo(os.Stdout); err != nil {
		return err
	}
	os.Exit(code)
	return nil
}

// machineID is stable and different for each machine.
func machineID(name string) string {
	digest := sha256.Sum256([]byte(name))
	return hex.EncodeToString(digest[:16])
}
