package main

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"

	core "k8s.io/api/core/v1"
)

// managementRow reads <cluster>-kubeconfig as Cluster API's controllers do.
func managementRow(meet meeting) func(context.Context, *recorder, string, string) {
	return func(ctx context.Context, r *recorder, edge, _ string) {
		var object core.Secret
		err := r.asker.get(ctx, r.asks, r.config.Management, &object)
		var who *held
		if err == nil {
			who, err = parseKubeconfig(object.Data["value"], "")
		}
		r.meet(ctx, edge, "the management cluster", who, err, meet)
	}
}

// givenRow is a person whose kubeconfig was given.
func givenRow(meet meeting) func(context.Context, *recorder, string, string) {
	return func(ctx context.Context, r *recorder, edge, holder string) {
		bytes, err := os.ReadFile(r.config.Given)
		var who *held
		if err == nil {
			who, err = parseKubeconfig(bytes, "")
		}
		r.meet(ctx, edge, holder, who, err, meet)
	}
}

// othersRow is somebody whose kubeconfig nobody saw, and who does what the runbook asks of such people.
func othersRow(meet meeting) func(context.Context, *recorder, string, string) {
	return func(ctx context.Context, r *recorder, edge, _ string) {
		const client = "somebody whose kubeconfig was not given"
		first := r.controlPlanes()[0].Name
		who, err := readNodeKubeconfig(filepath.Join(r.config.Before, first), "/etc/kubernetes/admin.conf")
		if err == nil {
			who.trust, err = os.ReadFile(r.config.OthersTrust)
		}
		if path := filepath.Join(r.config.Memory, "others.pem"); err == nil && r.config.OthersRenewed {
			var pair tls.Certificate
			pair, err = tls.LoadX509KeyPair(path, path)
			who.certificate = &pair
		}
		r.meet(ctx, edge, client, who, err, meet)
	}
}

// parseJoining reads the kubeconfig in cluster-info, which has no context.
func parseJoining(text []byte) (*held, error) {
	config, err := clusterOf(text)
	if err != nil {
		return nil, err
	}
	return newHeld(config.CertificateAuthorityData, nil, nil, hostOf(config.Server))
}

// caBundle is what API servers verify a server of the lab's by, from the object that a holder stands for.
func (r *recorder) caBundle(ctx context.Context, holder string) ([]byte, error) {
	var webhook struct {
		Webhooks []struct{ ClientConfig struct{ CABundle string } }
	}
	var service struct{ Spec struct{ CABundle string } }
	text := ""
	if strings.Contains(holder, "APIService") {
		err := r.asker.get(ctx, r.asks, "/apis/apiregistration.k8s.io/v1/apiservices/v1.lab.airlock.example", &service)
		if err != nil {
			return nil, err
		}
		text = service.Spec.CABundle
	} else {
		const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/lab"
		if err := r.asker.get(ctx, r.asks, path, &webhook); err != nil {
			return nil, err
		}
		for _, each := range webhook.Webhooks {
			text = each.ClientConfig.CABundle
		}
	}
	return decoded(text)
}

// servedName is the name by which API servers call the lab's extension API server and webhook.
const servedName = "extension.lab.svc"

func apiserverWebhook(ctx context.Context, r *recorder, edge, holder string) {
	trust, err := r.caBundle(ctx, holder)
	if err != nil {
		r.note(edge, "API servers, by "+holder, "nobody", "go", err)
		return
	}
	to := target{address: r.config.Extension, path: "/healthz"}
	presented, err := connect(ctx, to, servedName, &identity{trust: trust})
	r.note(edge, "API servers, by "+holder, "what it names", "go", err)
	if presented != nil {
		r.note(edge, "API servers, by "+holder, "what it names", "openssl", r.openssl(raw(presented), trust, servedName))
	}
	// And as the running API servers do it themselves.
	for _, node := range r.controlPlanes() {
		err := askWebhook(ctx, r.asker, r.url(node))
		if err != nil {
			err = &refusal{err}
		}
		r.note(edge, "kube-apiserver on "+node.Name+", asked for it", "what it names", "go", err)
	}
}

func webhookImpostor(ctx context.Context, r *recorder, edge, holder string) {
	trust, err := r.caBundle(ctx, holder)
	if err != nil {
		r.note(edge, "API servers, by "+holder, "nobody", "go", err)
		return
	}
	r.impostor(edge, "API servers, by "+holder, trust, servedName)
}

// decoded is base64 in an object.
func decoded(text string) ([]byte, error) { return base64.StdEncoding.DecodeString(text) }
