package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// containerConfig is what a container's first process has to know; it reads it from its standard input.
type containerConfig struct {
	Root        string           `json:"root"`
	Arguments   []string         `json:"arguments"`
	Environment []string         `json:"environment"`
	Directory   string           `json:"directory"`
	Mounts      []containerMount `json:"mounts"`
	User        int64            `json:"user"`
	Group       int64            `json:"group"`
}

type containerMount struct {
	Source   string `json:"source"`
	Target   string `json:"target"`
	ReadOnly bool   `json:"readOnly"`
}

// What a container has of the machine, instead of an image.
var (
	imageFolders = []string{"bin", "dev", "lib", "lib32", "lib64", "libx32", "opt", "sbin", "sys", "usr"}
	imageFiles   = []string{"group", "hosts", "ld.so.cache", "nsswitch.conf", "os-release", "passwd", "resolv.conf", "ssl"}
)

// runContainer makes the container's root in the mount namespace that it was started in, mounts what the
// Pod asks for and becomes the Pod's program.
//
// The root is a file system of its own, as with any runtime: a file that is mounted into a container stays
// the file it was when the container started, even where the node has put another one in its place.
func runContainer([]string) error {
	var config containerConfig
	if err := json.NewDecoder(os.Stdin).Decode(&config); err != nil {
		return fmt.Errorf("no description of the container: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := unix.Mount("container", config.Root, "tmpfs", 0, "mode=0755,size=64m"); err != nil {
		return fmt.Errorf("no root file system: %w", err)
	}
	tree := mountTree{root: config.Root}
	for _, folder := range imageFolders {
		if target, err := os.Readlink("/" + folder); err == nil {
			tree.attempt(os.Symlink(target, filepath.Join(config.Root, folder)))
		} else if _, err := os.Stat("/" + folder); err == nil {
			tree.bind("/"+folder, folder, false)
		}
	}
	for _, folder := range []string{"etc", "proc", "root", "run", "tmp", "var"} {
		tree.attempt(os.MkdirAll(filepath.Join(config.Root, folder), 0o755))
	}
	tree.attempt(os.Chmod(filepath.Join(config.Root, "tmp"), 0o1777))
	for _, name := range imageFiles {
		if _, err := os.Stat("/etc/" + name); err == nil {
			tree.bind("/etc/"+name, "etc/"+name, true)
		}
	}
	tree.bind("/proc", "proc", false)
	for _, mount := range config.Mounts {
		tree.bind(mount.Source, mount.Target, mount.ReadOnly)
	}
	if tree.err != nil {
		return tree.err
	}
	if err := pivot(config.Root); err != nil {
		return err
	}
	return become(&config)
}

// become replaces this process by the container's program.
func become(config *containerConfig) error {
	if len(config.Arguments) == 0 {
		return errors.New("there are no images in the lab: a container needs a command")
	}
	if config.Directory != "" {
		if err := os.MkdirAll(config.Directory, 0o755); err != nil {
			return err
		}
		if err := os.Chdir(config.Directory); err != nil {
			return err
		}
	}
	os.Clearenv()
	for _, variable := range config.Environment {
		for i := range variable {
			if variable[i] == '=' {
				if err := os.Setenv(variable[:i], variable[i+1:]); err != nil {
					return err
				}
				break
			}
		}
	}
	program, err := exec.LookPath(config.Arguments[0])
	if err != nil {
		return err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	if err := unix.Dup3(int(null.Fd()), 0, 0); err != nil {
		return err
	}
	if config.Group != 0 {
		if err := unix.Setgid(int(config.Group)); err != nil {
			return err
		}
	}
	if config.User != 0 {
		if err := unix.Setuid(int(config.User)); err != nil {
			return err
		}
	}
	return unix.Exec(program, config.Arguments, os.Environ())
}
