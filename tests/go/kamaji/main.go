// Command kamaji does with a tenant's Secrets what Kamaji's operator does: the readers' rules and reactions are written
// from what an operator of 26.8.2-edge was seen to do and from its source (clastix/kamaji: internal/crypto,
// internal/resources), in Go's own crypto/x509. Nothing in here is Airlock's.
package main

import (
	"fmt"
	"os"
)

const usage = `kamaji judge <LINES          what the operator would do with a tenant's Secrets, one JSON question a line
kamaji operator CONFIG       stands in for the operator in a management cluster of the lab`

var commands = map[string]func(arguments []string) error{
	"judge":    runJudge,
	"operator": runOperator,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "kamaji:", err)
		os.Exit(1)
	}
}
