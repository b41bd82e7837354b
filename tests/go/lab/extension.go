package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	admission "k8s.io/api/admission/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/authentication/request/headerrequest"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	extensionGroup = "/apis/lab.airlock.example/v1"
	// seenByWebhook is how a client knows that the webhook was asked.
	seenByWebhook = "seen by the lab's webhook"
)

// runExtension serves an API group behind the aggregator, and a validating webhook.
//
// It trusts whoever kube-apiserver's ConfigMap extension-apiserver-authentication says, through the same
// code as every extension API server that is built with k8s.io/apiserver, and follows that object. Each answer
// ends its connection, so that each call of an apiserver is a handshake.
func runExtension(arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("lab extension ADDRESS FOLDER (with tls.crt and tls.key)")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	const namespace, name = meta.NamespaceSystem, "extension-apiserver-authentication"
	authorities, err := dynamiccertificates.NewDynamicCAFromConfigMapController(
		"front-proxy", namespace, name, "requestheader-client-ca-file", client)
	if err != nil {
		return err
	}
	headers := headerrequest.NewRequestHeaderAuthRequestController(name, namespace, client,
		"requestheader-username-headers", "requestheader-uid-headers", "requestheader-group-headers",
		"requestheader-extra-headers-prefix", "requestheader-allowed-names")
	go authorities.Run(ctx, 1)
	go headers.Run(ctx, 1)
	// Whoever listens is asked: not before the front proxy can be told from others.
	known := func(context.Context) (bool, error) {
		_, known := authorities.VerifyOptions()
		return known && len(headers.AllowedClientNames()) > 0, nil
	}
	if err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, known); err != nil {
		return fmt.Errorf("the front proxy's CA is not known: %w", err)
	}

	serving := func(*tls.ClientHelloInfo) (*tls.Config, error) {
		certificate, err := tls.LoadX509KeyPair(arguments[1]+"/tls.crt", arguments[1]+"/tls.key")
		if err != nil {
			return nil, err
		}
		config := &tls.Config{Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequestClientCert}
		if options, known := authorities.VerifyOptions(); known {
			config.ClientCAs = options.Roots
		}
		return config, nil
	}
	listener, err := listenShared(ctx, arguments[0])
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc(extensionGroup, func(writer http.ResponseWriter, request *http.Request) {
		resource := meta.APIResource{Name: "names", SingularName: "name", Kind: "Name", Verbs: meta.Verbs{"get"}}
		answer(writer, &meta.APIResourceList{
			TypeMeta:     meta.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"},
			GroupVersion: "lab.airlock.example/v1",
			APIResources: []meta.APIResource{resource},
		})
	})
	mux.HandleFunc(extensionGroup+"/names", func(writer http.ResponseWriter, request *http.Request) {
		if err := frontProxy(request, authorities, headers.AllowedClientNames()); err != nil {
			log.Print(err)
			http.Error(writer, err.Error(), http.StatusUnauthorized)
			return
		}
		answer(writer, map[string]string{
			"apiVersion": "lab.airlock.example/v1", "kind": "Name", "name": request.Header.Get("X-Remote-User"),
		})
	})
	mux.HandleFunc("/validate", validate)
	mux.HandleFunc("/healthz", func(writer http.ResponseWriter, _ *http.Request) { fmt.Fprintln(writer, "ok") })
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		TLSNextProto:      make(map[string]func(*http.Server, *tls.Conn, http.Handler)),
	}
	server.SetKeepAlivesEnabled(false)
	answered := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(answered)
		last, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = server.Shutdown(last)
	})
	err = server.Serve(tls.NewListener(listener, &tls.Config{GetConfigForClient: serving}))
	if errors.Is(err, http.ErrServerClosed) {
		// Serve comes back as soon as it is told to end: whoever is being answered still gets the answer.
		<-answered
		return nil
	}
	return err
}

// listenShared listens where another one may still listen: while a Deployment rolls, both answer.
func listenShared(ctx context.Context, address string) (net.Listener, error) {
	shared := net.ListenConfig{Control: func(_, _ string, socket syscall.RawConn) error {
		var failure error
		err := socket.Control(func(descriptor uintptr) {
			failure = unix.SetsockoptInt(int(descriptor), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		})
		return errors.Join(err, failure)
	}}
	return shared.Listen(ctx, "tcp", address)
}

// frontProxy tells an apiserver from anybody else.
func frontProxy(request *http.Request, authorities dynamiccertificates.CAContentProvider, names []string) error {
	if len(request.TLS.PeerCertificates) == 0 {
		return errors.New("no client certificate")
	}
	options, known := authorities.VerifyOptions()
	if !known {
		return errors.New("the front proxy's CA is not known")
	}
	options.Intermediates = x509.NewCertPool()
	for _, certificate := range request.TLS.PeerCertificates[1:] {
		options.Intermediates.AddCert(certificate)
	}
	certificate := request.TLS.PeerCertificates[0]
	if _, err := certificate.Verify(options); err != nil {
		return err
	}
	if len(names) > 0 && !slices.Contains(names, certificate.Subject.CommonName) {
		return fmt.Errorf("%q is not a front proxy", certificate.Subject.CommonName)
	}
	return nil
}

// validate allows everything and says so.
func validate(writer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(io.LimitReader(request.Body, 1<<20))
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	var review admission.AdmissionReview
	if err := json.Unmarshal(body, &review); err != nil || review.Request == nil {
		http.Error(writer, "not an AdmissionReview", http.StatusBadRequest)
		return
	}
	review.Response = &admission.AdmissionResponse{
		UID: review.Request.UID, Allowed: true, Warnings: []string{seenByWebhook},
	}
	review.Request = nil
	answer(writer, &review)
}

func answer(writer http.ResponseWriter, value any) {
	writer.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(writer).Encode(value); err != nil {
		log.Print(err)
	}
}
