package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// loadConfig is what `cargo xtask lab run` tells the clients.
type loadConfig struct {
	// Folder has a kubeconfig for each phase (0.conf to 3.conf, 0 being from before the rotation), and the control file `phase`.
	Folder string `json:"folder"`
	// Servers are the load balancer and every apiserver, by name.
	Servers map[string]string `json:"servers"`
	// Nodes whose kubelets are asked through the apiservers.
	Nodes []string `json:"nodes"`
	// Management is the path of Cluster API's <cluster>-kubeconfig; empty where there is no management cluster.
	Management string `json:"management"`
	// Plain says that there is no extension API server and no webhook.
	Plain bool `json:"plain"`
	// Rate is the number of requests a second, all clients together.
	Rate float64 `json:"rate"`
	// Seconds and Requests end the run even if nobody does.
	Seconds  int `json:"seconds"`
	Requests int `json:"requests"`
}

// What the control file may say beside a phase's number.
const stopWord = "stop"

// requestTimeout is what one request may take, connection included.
const requestTimeout = 15 * time.Second

// loadRun holds the state of a run: its clients, and the results of their requests.
type loadRun struct {
	config  loadConfig
	phase   int
	clients *phaseClients

	mutex    sync.Mutex
	counts   map[string]*requestCount
	failures []requestFailure
	inFlight sync.WaitGroup
	slots    chan struct{}
}

type requestCount struct {
	Succeeded int `json:"succeeded"`
	Failed    int `json:"failed"`
}

type requestFailure struct {
	Time    float64 `json:"time"`
	Phase   int     `json:"phase"`
	Kind    string  `json:"kind"`
	Server  string  `json:"server"`
	Node    string  `json:"node"`
	Message string  `json:"message"`
}

// runLoadClients asks the cluster again and again, each time over a connection of its own, until it is told to stop.
func runLoadClients(arguments []string) error {
	if len(arguments) == 2 && arguments[0] == "pod" {
		return runPodClient(arguments[1])
	}
	if len(arguments) != 1 {
		return errors.New("lab load-clients CONFIG | lab load-clients pod FILE")
	}
	bytes, err := os.ReadFile(arguments[0])
	if err != nil {
		return err
	}
	run := &loadRun{counts: make(map[string]*requestCount), slots: make(chan struct{}, 64), phase: -1}
	if err := json.Unmarshal(bytes, &run.config); err != nil {
		return fmt.Errorf("%s: %w", arguments[0], err)
	}
	if run.config.Rate <= 0 || run.config.Seconds <= 0 || run.config.Requests <= 0 {
		return errors.New("a run has a rate, and an end: seconds and requests")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(run.config.Seconds)*time.Second)
	defer cancel()
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	started := time.Now()
	reason := run.loop(ctx)
	run.inFlight.Wait()
	report := map[string]any{
		"started":  float64(started.UnixMilli()) / 1000,
		"ended":    float64(time.Now().UnixMilli()) / 1000,
		"because":  reason.Error(),
		"counts":   run.counts,
		"failures": run.failures,
	}
	bytes, err = json.MarshalIndent(report, "", " ")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(run.config.Folder, "report.json"), append(bytes, '\n'), 0o644)
}

// errTold is the end of a run that was told to end.
var errTold = errors.New("told to stop")

// loop follows the control file and asks at the run's rate; it gives why it ended.
func (r *loadRun) loop(ctx context.Context) error {
	ticker := time.NewTicker(time.Duration(float64(time.Second) / r.config.Rate))
	defer ticker.Stop()
	requests := 0
	for {
		if err := r.follow(ctx); err != nil {
			return err
		}
		// Each client asks each server once before any asks again.
		jobs := r.clients.jobs(&r.config)
		for _, job := range jobs {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-ticker.C:
			}
			if phase, err := r.wanted(); err != nil || phase != r.phase {
				break
			}
			if requests++; requests > r.config.Requests {
				return errors.New("the number of requests is used up")
			}
			r.start(ctx, job)
		}
	}
}

// wanted reads the control file.
func (r *loadRun) wanted() (int, error) {
	bytes, err := os.ReadFile(filepath.Join(r.config.Folder, "phase"))
	if err != nil {
		return 0, err
	}
	word := strings.TrimSpace(string(bytes))
	if word == stopWord {
		return 0, errTold
	}
	phase, err := strconv.Atoi(word)
	if err != nil {
		return 0, fmt.Errorf("the control file says %q", word)
	}
	return phase, nil
}

// follow changes the phase when the control file does: everything that was asked before is answered first.
func (r *loadRun) follow(ctx context.Context) error {
	phase, err := r.wanted()
	if err != nil {
		return err
	}
	if phase == r.phase {
		return nil
	}
	r.inFlight.Wait()
	clients, err := r.enter(ctx, phase)
	if err != nil {
		return fmt.Errorf("phase %d: %w", phase, err)
	}
	r.phase, r.clients = phase, clients
	return replaceFile(filepath.Join(r.config.Folder, "seen"), []byte(strconv.Itoa(phase)), 0o644)
}

// job is one request, or a few that belong together.
type job struct {
	kind, server, node string
	ask                func(context.Context) error
	// patience is the time for the whole; requestTimeout where it is zero.
	patience time.Duration
}

func (r *loadRun) start(ctx context.Context, job job) {
	r.slots <- struct{}{}
	r.inFlight.Add(1)
	phase := r.phase
	go func() {
		defer func() {
			<-r.slots
			r.inFlight.Done()
		}()
		patience := job.patience
		if patience == 0 {
			patience = requestTimeout
		}
		// A request that is under way when the run ends is still answered.
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		began := time.Now()
		r.note(job, phase, began, job.ask(limited))
	}()
}

func (r *loadRun) note(job job, phase int, began time.Time, err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	count := r.counts[job.kind]
	if count == nil {
		count = new(requestCount)
		r.counts[job.kind] = count
	}
	if err == nil {
		count.Succeeded++
		return
	}
	count.Failed++
	r.failures = append(r.failures, requestFailure{
		Time:    float64(began.UnixMilli()) / 1000,
		Phase:   phase,
		Kind:    job.kind,
		Server:  job.server,
		Node:    job.node,
		Message: err.Error(),
	})
}

// serverNames are the servers in a stable order.
func (c *loadConfig) serverNames() []string { return slices.Sorted(maps.Keys(c.Servers)) }
