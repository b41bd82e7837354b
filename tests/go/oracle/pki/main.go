// Command pki makes clusters' certificates that no kubeadm has made, with Go's crypto/x509, as JSON lines: the shapes
// that are met in the field, in combinations that no fixture has. The same each time, byte for byte.
//
//	pki trees                  private keys to rotate with, and every cluster: its files, and the rotation to ask for
//	pki cases                  chains with one thing wrong or odd in each, to be judged by themselves
//	pki lay NAME FOLDER        one cluster's files, written below a folder
//	pki idn NAME               the host name that Go's HTTP transport sends for one beyond ASCII
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pki:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	buffered := bufio.NewWriter(out)
	encoder := json.NewEncoder(buffered)
	switch {
	case len(args) == 1 && args[0] == "trees":
		if err := encoder.Encode(spare()); err != nil {
			return err
		}
		for _, made := range all(shapes()) {
			if err := encoder.Encode(made); err != nil {
				return err
			}
		}
	case len(args) == 1 && args[0] == "cases":
		for _, made := range cases() {
			if err := encoder.Encode(made); err != nil {
				return err
			}
		}
	case len(args) == 3 && args[0] == "lay":
		return lay(args[1], args[2])
	case len(args) == 2 && args[0] == "idn":
		sent, err := sentHost(args[1])
		if err != nil {
			return err
		}
		fmt.Fprintln(buffered, sent)
	default:
		return fmt.Errorf("usage: pki trees|cases, pki lay NAME FOLDER, or pki idn NAME")
	}
	return buffered.Flush()
}

// all makes every cluster, on all cores, in the order of the shapes.
func all(shapes []shape) []cluster {
	made := make([]cluster, len(shapes))
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for i := range next {
				made[i] = tree(shapes[i])
			}
		})
	}
	for i := range shapes {
		next <- i
	}
	close(next)
	workers.Wait()
	return made
}

// lay writes the files of one cluster.
func lay(name, folder string) error {
	for _, shape := range shapes() {
		if shape.name != name {
			continue
		}
		for _, file := range tree(shape).Files {
			path := filepath.Join(folder, file.Path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(path, []byte(file.Text), 0o600); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("no cluster is named %q: `pki trees` names them", name)
}

// must is for what only a mistake in this program can make fail.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
