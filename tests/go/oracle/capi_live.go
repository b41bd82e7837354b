package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	bootstrap "sigs.k8s.io/cluster-api/api/bootstrap/kubeadm/v1beta2"
	clusters "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/util/certs"
	"sigs.k8s.io/cluster-api/util/kubeconfig"
	"sigs.k8s.io/cluster-api/util/secret"
)

// livePatience is what one request to a real cluster may take.
const livePatience = 15 * time.Second

// liveFlags are what every command for a real management cluster is told.
type liveFlags struct {
	*flag.FlagSet
	kubeconfig, cluster, namespace *string
}

func newLiveFlags(command string) liveFlags {
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	return liveFlags{
		FlagSet:    flags,
		kubeconfig: flags.String("kubeconfig", "", "of the management cluster"),
		cluster:    flags.String("cluster", "", "name of the Cluster"),
		namespace:  flags.String("namespace", "", "namespace of the Cluster"),
	}
}

func (f liveFlags) name() client.ObjectKey {
	return client.ObjectKey{Namespace: *f.namespace, Name: *f.cluster}
}

func (f liveFlags) client() (client.Client, error) {
	config, err := clientcmd.BuildConfigFromFlags("", *f.kubeconfig)
	if err != nil {
		return nil, err
	}
	return client.New(config, client.Options{})
}

// capiCreate makes a Cluster's Secrets in a real management cluster, from a cluster's own authorities; the Cluster owns
// them, so that no controller takes them for orphans.
func capiCreate(args []string) error {
	flags := newLiveFlags("capi-create")
	pki := flags.String("pki", "", "folder laid out as kubeadm's pki")
	endpoint := flags.String("endpoint", "", "host and port of the cluster's API server")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx := context.Background()
	management, err := flags.client()
	if err != nil {
		return err
	}
	cluster := new(unstructured.Unstructured)
	cluster.SetAPIVersion(clusters.GroupVersion.String())
	cluster.SetKind("Cluster")
	if err := management.Get(ctx, flags.name(), cluster); err != nil {
		return err
	}
	owner := meta.OwnerReference{
		APIVersion: cluster.GetAPIVersion(), Kind: cluster.GetKind(), Name: cluster.GetName(), UID: cluster.GetUID(),
		Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true),
	}
	for _, certificate := range secret.NewCertificatesForInitialControlPlane(&bootstrap.ClusterConfiguration{}) {
		if certificate.KeyPair, err = read(*pki, certificate); err != nil {
			return err
		}
		object := certificate.AsSecret(flags.name(), owner)
		object.OwnerReferences = []meta.OwnerReference{owner}
		if err := management.Create(ctx, object); err != nil {
			return err
		}
	}
	return kubeconfig.CreateSecretWithOwner(ctx, management, flags.name(), *endpoint, owner)
}

// capiFiles lays out what a machine that joins the control plane gets from a Cluster's Secrets, as the kubeadm bootstrap
// provider writes it (reconcilers/kubeadmconfig), and tells the pins that it is given for discovery.
func capiFiles(args []string) error {
	flags := newLiveFlags("capi-files")
	out := flags.String("out", "", "folder that stands for the machine's root")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx := context.Background()
	management, err := flags.client()
	if err != nil {
		return err
	}
	certificates := secret.NewControlPlaneJoinCerts(&bootstrap.ClusterConfiguration{})
	if err := certificates.Lookup(ctx, management, flags.name()); err != nil {
		return err
	}
	if err := certificates.EnsureAllExist(); err != nil {
		return err
	}
	for _, file := range certificates.AsFiles() {
		mode, err := strconv.ParseUint(file.Permissions, 8, 32)
		if err != nil {
			return err
		}
		path := filepath.Join(*out, file.Path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(file.Content), os.FileMode(mode)); err != nil {
			return err
		}
	}
	hashes, err := certificates.GetByPurpose(secret.ClusterCA).Hashes()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(hashes)
}

// capiRegenerate writes what RegenerateSecret makes of <cluster>-kubeconfig now, and who answers to it.
func capiRegenerate(args []string) error {
	flags := newLiveFlags("capi-regenerate")
	keep := flags.Bool("keep", false, "leave the new kubeconfig in the Secret; otherwise the server only pretends")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx := context.Background()
	management, err := flags.client()
	if err != nil {
		return err
	}
	if !*keep {
		management = client.NewDryRunClient(management)
	}
	object, err := secret.Get(ctx, management, flags.name(), secret.Kubeconfig)
	if err != nil {
		return err
	}
	ca, err := secret.Get(ctx, management, flags.name(), secret.ClusterCA)
	if err != nil {
		return err
	}
	if err := kubeconfig.RegenerateSecret(ctx, management, object); err != nil {
		return err
	}
	answer := struct {
		// Authorities are the pins of the certificates in its CA data.
		Authorities []string `json:"authorities"`
		// SignedBy are the places in -ca, from 1, of the certificates that signed the credential.
		SignedBy []int `json:"signedBy"`
		// Refusals are the servers that do not answer, and why.
		Refusals []string `json:"refusals"`
	}{SignedBy: []int{}, Refusals: []string{}}
	data := object.Data[secret.KubeconfigDataName]
	config, err := clientcmd.Load(data)
	if err != nil {
		return err
	}
	cluster, named := config.Clusters[*flags.cluster]
	if !named {
		return fmt.Errorf("no cluster entry is named %q", *flags.cluster)
	}
	trusted := &secret.Certificate{Purpose: secret.ClusterCA, KeyPair: &certs.KeyPair{Cert: cluster.CertificateAuthorityData}}
	if answer.Authorities, err = trusted.Hashes(); err != nil {
		return err
	}
	credential, err := current(config)
	if err != nil {
		return err
	}
	known, err := certificatesOf(string(ca.Data[secret.TLSCrtDataName]))
	if err != nil {
		return err
	}
	for i, authority := range known {
		if credential.CheckSignatureFrom(authority.certificate) == nil {
			answer.SignedBy = append(answer.SignedBy, i+1)
		}
	}
	for _, server := range flags.Args() {
		if err := asks(ctx, data, server); err != nil {
			answer.Refusals = append(answer.Refusals, fmt.Sprintf("%s: %v", server, err))
		}
	}
	return json.NewEncoder(os.Stdout).Encode(answer)
}

// asks lists the nodes with a kubeconfig, over a connection of its own.
func asks(ctx context.Context, data []byte, server string) error {
	config, err := clientcmd.RESTConfigFromKubeConfig(data)
	if err != nil {
		return err
	}
	config.Host, config.Timeout = server, livePatience
	fresh, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	defer fresh.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/api/v1/nodes", nil)
	if err != nil {
		return err
	}
	response, err := fresh.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s", response.Status)
	}
	return nil
}
