package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// runMachine is the first process of a machine: it builds the machine's root, waits for the network,
// starts the services and then collects whatever process ends without a parent.
func runMachine(arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("lab machine CONFIG NAME")
	}
	config, err := readConfig(arguments[0])
	if err != nil {
		return err
	}
	machine, err := config.machine(arguments[1])
	if err != nil {
		return err
	}
	plugged := os.NewFile(3, "network")
	if err := config.enterRoot(machine); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(machine.Name)); err != nil {
		return err
	}
	if _, err := plugged.Read(make([]byte, 1)); err != nil {
		return fmt.Errorf("the network did not come: %w", err)
	}
	plugged.Close()
	if err := machine.connect(); err != nil {
		return err
	}
	if err := os.Setenv("PATH", searchPath); err != nil {
		return err
	}
	// The services find the lab's description in the machine's own root.
	const configCopy = "/run/lab.json"
	bytes, err := json.Marshal(config)
	if err != nil {
		return err
	}
	if err := os.WriteFile(configCopy, bytes, 0o600); err != nil {
		return err
	}
	serve := exec.Command(filepath.Join(toolsFolder, "lab"), "serve", configCopy, machine.Name)
	serve.Env = []string{"PATH=" + searchPath, "HOME=/root", "LANG=C.UTF-8"}
	serve.Stdout, serve.Stderr, serve.Dir = os.Stdout, os.Stderr, "/"
	if err := serve.Start(); err != nil {
		return err
	}
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if pid == serve.Process.Pid {
			return fmt.Errorf("the services ended: %v", status)
		}
	}
}

// connect brings the machine's addresses up. There is no router: whatever is not found on this network is nowhere.
func (m *Machine) connect() error {
	if err := ip("link set lo up", "link set eth0 up"); err != nil {
		return err
	}
	// Connections that a listener has not accepted when it closes go to the next one on the same address (Linux 5.14).
	const migrate = "/proc/sys/net/ipv4/tcp_migrate_req"
	if err := os.WriteFile(migrate, []byte("1"), 0o644); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	families := make(map[string]bool)
	for _, address := range m.Addresses {
		family, command := "-4", "addr add "+address+"/32 dev eth0"
		if strings.Contains(address, ":") {
			// Nobody else has the address: it need not be asked for first.
			family, command = "-6", "addr add "+address+"/128 dev eth0 nodad"
		}
		if err := ip(command); err != nil {
			return err
		}
		if !families[family] {
			families[family] = true
			if err := ip(family + " route add default dev eth0"); err != nil {
				return err
			}
		}
	}
	return nil
}

// What a machine sees of the one below: programs and libraries, read-only.
var programFolders = []string{"bin", "sbin", "lib", "lib32", "lib64", "libx32"}

// sharedSettings are taken over from the machine below where they exist: names, trust and libraries.
var sharedSettings = []string{
	"alternatives", "ca-certificates", "group", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime",
	"nsswitch.conf", "os-release", "passwd", "protocols", "services", "ssl",
}

// enterRoot makes a root file system and moves into it. Whatever is written to goes to folders of this lab.
func (c *Config) enterRoot(machine *Machine) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mounts cannot be made private: %w", err)
	}
	root := c.private(machine, "root-mount")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("lab", root, "tmpfs", 0, "mode=0755,size=16m"); err != nil {
		return fmt.Errorf("no root file system: %w", err)
	}
	tree := mountTree{root: root}
	tree.programs()
	tree.bind("/dev", "dev", false)
	tree.bind("/sys", "sys", false)
	tree.bind(c.Tools, strings.TrimPrefix(toolsFolder, "/"), true)
	// What it may write, kept on disk.
	for _, folder := range []string{"etc", "home", "root", "run", "tmp", "var", "usr-local", "libexec-kubernetes"} {
		tree.attempt(os.MkdirAll(c.private(machine, folder), 0o755))
		target := strings.NewReplacer("usr-local", "usr/local", "libexec-kubernetes", "usr/libexec/kubernetes").Replace(folder)
		tree.bind(c.private(machine, folder), target, false)
	}
	tree.attempt(os.Chmod(filepath.Join(root, "tmp"), 0o1777))
	for _, folder := range []string{"mnt", "opt", "proc", "srv", "usr/local/bin", "usr/local/sbin", "var/lib/etcd", "var/log/pods", "var/log/containers", "var/tmp"} {
		tree.attempt(os.MkdirAll(filepath.Join(root, folder), 0o755))
	}
	for _, name := range sharedSettings {
		if _, err := os.Lstat("/etc/" + name); err == nil {
			tree.bind("/etc/"+name, "etc/"+name, true)
		}
	}
	for _, folder := range nodeFolders {
		tree.attempt(os.MkdirAll(filepath.Join(c.Directory, "nodes", machine.Name, folder), 0o755))
		tree.bind(filepath.Join(c.Directory, "nodes", machine.Name, folder), folder, false)
	}
	tree.write("etc/hosts", c.Hosts)
	tree.write("etc/hostname", machine.Name+"\n")
	tree.write("etc/machine-id", machineID(machine.Name)+"\n")
	tree.write("etc/resolv.conf", "")
	tree.commands()
	if tree.err != nil {
		return tree.err
	}
	if err := unix.Mount("proc", filepath.Join(root, "proc"), "proc", 0, ""); err != nil {
		return fmt.Errorf("no /proc: %w", err)
	}
	if err := c.shieldKernel(machine, root); err != nil {
		return err
	}
	// The lab's own folder is not there in the new root: what a machine reads of it was copied or mounted.
	return pivot(root)
}

// kernelSettings are what a kubelet demands of the kernel (k8s.io/component-helpers/node/util/sysctl).
var kernelSettings = map[string]string{
	"kernel/keys/root_maxbytes": "25000000",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
}

// shieldKernel gives the machine settings of its own to look at: a kubelet would change the whole machine's.
func (c *Config) shieldKernel(machine *Machine, root string) error {
	for name, value := range kernelSettings {
		file := c.private(machine, filepath.Join("kernel", name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		target := filepath.Join(root, "proc/sys", name)
		if _, err := os.Stat(target); err != nil {
			continue
		}
		if err := bindMount(file, target, false); err != nil {
			return err
		}
	}
	return nil
}

// pivot makes root the root and forgets the old one.
func pivot(root string) error {
	if err := os.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("the root cannot be changed: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return err
	}
	return os.Chdir("/")
}

// mountTree collects a root; the first error stops the rest.
type mountTree struct {
	root string
	err  error
}

func (t *mountTree) attempt(err error) {
	if t.err == nil {
		t.err = err
	}
}

// bind shows a file or folder of this machine in the tree.
func (t *mountTree) bind(source, target string, readOnly bool) {
	if t.err != nil {
		return
	}
	t.err = bindMount(source, filepath.Join(t.root, target), readOnly)
}

func bindMount(source, target string, readOnly bool) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = os.MkdirAll(target, 0o755)
	} else if err = os.MkdirAll(filepath.Dir(target), 0o755); err == nil {
		var file *os.File
		file, err = os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err == nil {
			err = file.Close()
		} else if errors.Is(err, os.ErrExist) {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("%s cannot be mounted on %s: %w", source, target, err)
	}
	if !readOnly {
		return nil
	}
	if err := unix.Mount("", target, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		return fmt.Errorf("%s cannot be made read-only: %w", target, err)
	}
	return nil
}

// programs shows /usr without the places that a node writes to: /usr/local and /usr/libexec/kubernetes.
func (t *mountTree) programs() {
	t.entries("/usr", "usr", "local", "libexec")
	t.entries("/usr/libexec", "usr/libexec", "kubernetes")
	for _, folder := range programFolders {
		if target, err := os.Readlink("/" + folder); err == nil {
			t.attempt(os.Symlink(target, filepath.Join(t.root, folder)))
		} else if _, err := os.Stat("/" + folder); err == nil {
			t.bind("/"+folder, folder, true)
		}
	}
}

// entries binds what is in a folder, but for some names.
func (t *mountTree) entries(source, target string, except ...string) {
	entries, err := os.ReadDir(source)
	t.attempt(err)
	t.attempt(os.MkdirAll(filepath.Join(t.root, target), 0o755))
	skip := "/" + strings.Join(except, "/") + "/"
	for _, entry := range entries {
		path := filepath.Join(source, entry.Name())
		switch {
		case strings.Contains(skip, "/"+entry.Name()+"/"):
		case entry.Type()&os.ModeSymlink != 0:
			link, err := os.Readlink(path)
			t.attempt(err)
			t.attempt(os.Symlink(link, filepath.Join(t.root, target, entry.Name())))
		default:
			t.bind(path, filepath.Join(target, entry.Name()), true)
		}
	}
}

// commands puts the lab's programs into /usr/local/bin, systemctl among them.
func (t *mountTree) commands() {
	if t.err != nil {
		return
	}
	entries, err := os.ReadDir(filepath.Join(t.root, toolsFolder))
	t.attempt(err)
	link := func(program, name string) {
		path := filepath.Join(t.root, "usr/local/bin", name)
		if err := os.Symlink(filepath.Join(toolsFolder, program), path); !errors.Is(err, os.ErrExist) {
			t.attempt(err)
		}
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			link(entry.Name(), entry.Name())
		}
	}
	link("lab", "systemctl")
}

func (t *mountTree) write(path, text string) {
	if t.err == nil {
		t.err = os.WriteFile(filepath.Join(t.root, path), []byte(text), 0o644)
	}
}
