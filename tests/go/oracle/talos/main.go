// Command talos stands for what of Talos the tests need, written from what is known of it (see the facts beside the
// fixtures) and proved on the fixtures' own patches: how patches merge into machine configurations, what a machine
// then holds, and, called talosctl or kubectl, machines that take patches and answer whom they accept.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// commands, with the handler of one line of input.
var commands = map[string]func(line []byte) (any, error){
	"merge": mergeLine,
	"holds": holdsLine,
}

func main() {
	if err := run(filepath.Base(os.Args[0]), os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(name string, args []string, in io.Reader, out io.Writer) error {
	switch name {
	case "talosctl":
		return talosctl(args, out)
	case "kubectl":
		return kubectl(args, out)
	}
	if len(args) != 1 || commands[args[0]] == nil {
		return fmt.Errorf("usage: talos merge|holds <LINES")
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	encoder := json.NewEncoder(out)
	for number := 1; lines.Scan(); number++ {
		answer, err := commands[args[0]](lines.Bytes())
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if err := encoder.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}
