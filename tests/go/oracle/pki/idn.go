package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
)

// sentHost is the host name that Go's HTTP transport sends to a server and compares with its certificate.
func sentHost(name string) (string, error) {
	var sent string
	seen := errors.New("seen")
	server := &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		sent = hello.ServerName
		return nil, seen
	}}
	done := make(chan struct{})
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer close(done)
			defer here.Close()
			tls.Server(here, server).Handshake()
		}()
		return there, nil
	}}
	request, err := http.NewRequest(http.MethodGet, "https://"+name+"/", nil)
	if err != nil {
		return "", err
	}
	if _, err := transport.RoundTrip(request); err == nil {
		return "", errors.New("the server answered")
	}
	<-done
	if sent == "" {
		return "", errors.New("no host name was sent for " + name)
	}
	return sent, nil
}
