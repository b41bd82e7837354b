package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// handshakesConfig is what `cargo xtask lab run` tells about the cluster at the end of a step.
type handshakesConfig struct {
	// Step is the step that was carried out last, and Phase its phase; "today" and 0 before the first.
	Step  string `json:"step"`
	Phase int    `json:"phase"`
	// Edges are the ids that the package's manifest predicts: the table's row, a slash, and who connects.
	Edges []string `json:"edges"`
	// Trees has `<node>/etc/kubernetes` and `<node>/var/lib/kubelet` of every node, as they are now.
	Trees string `json:"trees"`
	// Before has the same as it was before the first step, with the old authorities' keys.
	Before string `json:"before"`
	// Certificates is kubeadm's certificatesDir.
	Certificates string `json:"certificates"`
	// Memory has what is remembered from one call to the next: what processes read when they started.
	Memory string          `json:"memory"`
	Nodes  []handshakeNode `json:"nodes"`
	// Pods matches the files in which running pods have written down whom they trust.
	Pods string `json:"pods"`
	// Extension is where the extension API server and webhook answers.
	Extension string `json:"extension"`
	// Management is the path of Cluster API's <cluster>-kubeconfig; empty where there is no management cluster.
	Management string `json:"management"`
	// Given is the kubeconfig that a person holds now.
	Given string `json:"given"`
	// OthersTrust and OthersRenewed are what people hold whose kubeconfigs were not given: a bundle's file, and
	// whether they have replaced their credential.
	OthersTrust   string `json:"othersTrust"`
	OthersRenewed bool   `json:"othersRenewed"`
	// NewAuthority is the file of the new CA alone.
	NewAuthority string `json:"newAuthority"`
	// Patience is how many seconds a certificate may take to be signed.
	Patience int `json:"patience"`
	// Out is where the records go.
	Out string `json:"out"`
}

// handshakeNode is a machine with a kubelet.
type handshakeNode struct {
	Name         string `json:"name"`
	Address      string `json:"address"`
	ControlPlane bool   `json:"controlPlane"`
	// Rolled: Cluster API's roll-out made it.
	Rolled bool `json:"rolled"`
	// Pid is the machine's first process.
	Pid int `json:"pid"`
}

// What came of a handshake.
const (
	accepted = "accepted"
	// refused: one end did not take the other's certificate.
	refused = "refused"
	// failed: there was nothing to decide about, such as a server that does not answer.
	failed = "failed"
)

// record is one handshake, or what OpenSSL says to the same certificates.
type record struct {
	Step   string `json:"step"`
	Edge   string `json:"edge"`
	Client string `json:"client"`
	Server string `json:"server"`
	// Reader is who judged: "go" or "openssl".
	Reader  string `json:"reader"`
	Outcome string `json:"outcome"`
	Message string `json:"message"`
}

// recorder makes the handshakes of one moment.
type recorder struct {
	config handshakesConfig
	// asker is an administrator, and asks the URL of an API server that knows it.
	asker  *identity
	asks   string
	memory map[string]remembered
	// judged are OpenSSL's answers, since many ends hold the same.
	judged sync.Map

	mutex   sync.Mutex
	records []record
}

// runHandshakes really makes every handshake that a package predicts, with what the holders have at that moment.
// It runs in the admin machine's network and sees every machine's files and processes.
func runHandshakes(arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("lab handshakes CONFIG")
	}
	bytes, err := os.ReadFile(arguments[0])
	if err != nil {
		return err
	}
	recorder := new(recorder)
	if err := json.Unmarshal(bytes, &recorder.config); err != nil {
		return fmt.Errorf("%s: %w", arguments[0], err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := recorder.remember(); err != nil {
		return err
	}
	if err := recorder.findAsker(ctx); err != nil && len(recorder.config.Edges) > 0 {
		return err
	}
	if err := recorder.renewOthers(ctx); err != nil {
		return err
	}
	var all sync.WaitGroup
	slots := make(chan struct{}, 6)
	for _, edge := range recorder.config.Edges {
		row, holder, _ := strings.Cut(edge, "/")
		handshakes, known := rows[row]
		if !known {
			return fmt.Errorf("nobody here knows how to make the handshakes of %s", edge)
		}
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			handshakes(ctx, recorder, edge, holder)
		})
	}
	all.Wait()
	place := make(map[string]int)
	for index, edge := range recorder.config.Edges {
		place[edge] = index
	}
	slices.SortStableFunc(recorder.records, func(a, b record) int {
		return cmp.Or(place[a.Edge]-place[b.Edge], cmp.Compare(a.Client, b.Client), cmp.Compare(a.Server, b.Server),
			cmp.Compare(a.Reader, b.Reader))
	})
	bytes, err = json.MarshalIndent(recorder.records, "", " ")
	if err != nil {
		return err
	}
	return replaceFile(recorder.config.Out, append(bytes, '\n'), 0o600)
}

// note keeps what came of a handshake.
func (r *recorder) note(edge, client, server, reader string, err error) {
	made := record{Step: r.config.Step, Edge: edge, Client: client, Server: server, Reader: reader, Outcome: accepted}
	if err != nil {
		made.Outcome, made.Message = failed, err.Error()
		if refusal := new(refusal); errors.As(err, &refusal) {
			made.Outcome = refused
		}
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.records = append(r.records, made)
}

// controlPlanes are the nodes with an API server.
func (r *recorder) controlPlanes() []handshakeNode {
	return slices.DeleteFunc(slices.Clone(r.config.Nodes), func(node handshakeNode) bool { return !node.ControlPlane })
}

// beforeRollOut are the control-plane nodes that the rotation began with.
const beforeRollOut = "control-plane nodes"

// groups are the holders that stand for several nodes.
var groups = map[string]func(node handshakeNode) bool{
	"workers":                  func(node handshakeNode) bool { return !node.ControlPlane },
	beforeRollOut:              func(node handshakeNode) bool { return node.ControlPlane && !node.Rolled },
	"machines of the roll-out": func(node handshakeNode) bool { return node.ControlPlane && node.Rolled },
}

// named are the nodes that an edge's holder stands for.
func (r *recorder) named(holder string) []handshakeNode {
	return slices.DeleteFunc(slices.Clone(r.config.Nodes), func(node handshakeNode) bool {
		stands := groups[holder]
		return node.Name != holder && (stands == nil || !stands(node))
	})
}
