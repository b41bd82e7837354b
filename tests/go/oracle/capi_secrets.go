package main

import (
	"context"
	"crypto/sha1"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/yaml"

	bootstrap "sigs.k8s.io/cluster-api/api/bootstrap/kubeadm/v1beta2"
	"sigs.k8s.io/cluster-api/util/certs"
	"sigs.k8s.io/cluster-api/util/kubeconfig"
	"sigs.k8s.io/cluster-api/util/secret"
)

// capiSecrets writes a cluster's Secrets as a management cluster holds them: made by Cluster API, and given what only an
// API server gives (uid, resourceVersion, creationTimestamp, managedFields).
func capiSecrets(args []string) error {
	flags := flag.NewFlagSet("capi-secrets", flag.ContinueOnError)
	cluster := flags.String("cluster", "", "name of the Cluster")
	pki := flags.String("pki", "", "take the authorities from this folder, laid out as kubeadm's pki, instead of making them")
	supplied := flags.Bool("supplied", false, "as a person supplies them: type kubernetes.io/tls or Opaque, no owner")
	algorithm := flags.String("algorithm", "", "encryptionAlgorithm of what is made")
	out := flags.String("out", "", "folder for the Secrets")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx := context.Background()
	name := client.ObjectKey{Namespace: "default", Name: *cluster}
	owner := meta.OwnerReference{
		APIVersion: "controlplane.cluster.x-k8s.io/v1beta2", Kind: "KubeadmControlPlane", Name: *cluster + "-control-plane",
		UID: uid("KubeadmControlPlane", *cluster), Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true),
	}
	management := fake.NewClientBuilder().Build()
	certificates := secret.NewCertificatesForInitialControlPlane(&bootstrap.ClusterConfiguration{
		EncryptionAlgorithm: bootstrap.EncryptionAlgorithmType(*algorithm),
	})
	if *pki != "" {
		for _, certificate := range certificates {
			pair, err := read(*pki, certificate)
			if err != nil {
				return err
			}
			certificate.KeyPair = pair
			object := certificate.AsSecret(name, owner)
			if *supplied {
				object.Type = core.SecretTypeTLS
				if certificate.Purpose == secret.ServiceAccount {
					object.Type = core.SecretTypeOpaque
				}
			} else {
				// The control plane's controller adopts Secrets of Cluster API's own type.
				object.OwnerReferences = []meta.OwnerReference{owner}
			}
			if err := management.Create(ctx, object); err != nil {
				return err
			}
		}
	} else if err := certificates.LookupOrGenerate(ctx, management, name, owner); err != nil {
		return err
	}
	options := kubeconfig.KeyEncryptionAlgorithm(bootstrap.EncryptionAlgorithmType(*algorithm))
	if err := kubeconfig.CreateSecretWithOwner(ctx, management, name, fmt.Sprintf("api.%s.example:6443", *cluster), owner, options); err != nil {
		return err
	}

	for i, purpose := range []secret.Purpose{secret.ClusterCA, secret.EtcdCA, secret.FrontProxyCA, secret.ServiceAccount, secret.Kubeconfig} {
		object, err := secret.Get(ctx, management, name, purpose)
		if err != nil {
			return err
		}
		if err := write(filepath.Join(*out, object.Name+".yaml"), object, 812+i); err != nil {
			return err
		}
	}
	return nil
}

// read takes a pair from a folder laid out as kubeadm's pki.
func read(pki string, certificate *secret.Certificate) (*certs.KeyPair, error) {
	relative := func(file string) string {
		below, _ := filepath.Rel(secret.DefaultCertificatesDir, file)
		return filepath.Join(pki, below)
	}
	cert, err := os.ReadFile(relative(certificate.CertFile))
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(relative(certificate.KeyFile))
	if err != nil {
		return nil, err
	}
	return &certs.KeyPair{Cert: cert, Key: key}, nil
}

// write shows the object as `kubectl get -o yaml --show-managed-fields` does.
func write(file string, object *core.Secret, version int) error {
	object.TypeMeta = meta.TypeMeta{APIVersion: "v1", Kind: "Secret"}
	object.UID = uid("Secret", object.Name)
	object.ResourceVersion = fmt.Sprint(version)
	object.CreationTimestamp = meta.NewTime(time.Now().UTC().Truncate(time.Second))
	manager := "manager"
	if len(object.OwnerReferences) == 0 {
		manager = "kubectl-create"
	}
	object.ManagedFields = []meta.ManagedFieldsEntry{{
		Manager: manager, Operation: meta.ManagedFieldsOperationUpdate, APIVersion: "v1", Time: &object.CreationTimestamp, FieldsType: "FieldsV1",
		FieldsV1: &meta.FieldsV1{Raw: []byte(`{"f:data":{".":{}},"f:metadata":{"f:labels":{".":{},"f:cluster.x-k8s.io/cluster-name":{}}},"f:type":{}}`)},
	}}
	bytes, err := yaml.Marshal(object)
	if err != nil {
		return err
	}
	return os.WriteFile(file, bytes, 0o600)
}

// uid is stable for a kind and name, so that fixtures made anew differ in keys alone.
func uid(kind, name string) types.UID {
	sum := sha1.Sum([]byte(kind + "/" + name))
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80 // RFC 9562, version 5
	return types.UID(fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]))
}
