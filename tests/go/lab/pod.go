package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
)

// podPause is the time between two requests of the client in a pod.
const podPause = time.Second

// runPodClient asks the cluster from within a pod, with the files that the kubelet keeps there, and notes every
// answer in a file: a line for each request.
func runPodClient(path string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	// Like most programs in pods, it trusts all its life whom it was told to trust when it started.
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	trust, err := os.ReadFile(config.TLSClientConfig.CAFile)
	if err != nil {
		return err
	}
	if len(trust) == 0 {
		return errors.New("the pod was given no trust")
	}
	if err := replaceFile(strings.TrimSuffix(path, filepath.Ext(path))+".crt", trust, 0o644); err != nil {
		return err
	}
	for {
		began := time.Now()
		entry := map[string]any{"time": float64(began.UnixMilli()) / 1000, "error": ""}
		if err := askFromPod(ctx, trust); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			entry["error"] = err.Error()
		}
		if err := json.NewEncoder(file).Encode(entry); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(podPause):
		}
	}
}

// askFromPod takes the token anew each time, since the kubelet renews it.
func askFromPod(ctx context.Context, trust []byte) error {
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return (&identity{trust: trust, token: config.BearerToken}).get(limited, config.Host, rootConfigMap, nil)
}
