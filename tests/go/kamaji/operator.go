package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"
)

// operatorConfig is what `cargo xtask lab up --tenant` tells.
type operatorConfig struct {
	// Kubeconfig of the management cluster.
	Kubeconfig string `json:"kubeconfig"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	// Endpoint is host and port of the tenant; Names are what its certificate has to have.
	Endpoint string   `json:"endpoint"`
	Names    []string `json:"names"`
	Port     int      `json:"port"`
	// Deployment is a file with one that a real operator made.
	Deployment string `json:"deployment"`
}

const (
	group       = "kamaji.clastix.io"
	pause       = group + "/paused"
	checksum    = group + "/checksum"
	lookAgain   = 300 * time.Millisecond
	askPatience = 10 * time.Second
)

var resource = schema.GroupVersionResource{Group: group, Version: "v1alpha1", Resource: "tenantcontrolplanes"}

// operator stands in for the real one, for one tenant: what it does with Secrets is reconcile; what it does with the
// Deployment are the arguments and labels that a real one was seen to give it. What it wrote last it keeps in mind only.
type operator struct {
	operatorConfig
	client  kubernetes.Interface
	objects dynamic.Interface
	base    apps.Deployment
	written map[string]string
}

func runOperator(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("kamaji operator CONFIG")
	}
	text, err := os.ReadFile(arguments[0])
	if err != nil {
		return err
	}
	o := &operator{written: make(map[string]string)}
	if err := json.Unmarshal(text, &o.operatorConfig); err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", o.Kubeconfig)
	if err != nil {
		return err
	}
	if o.client, err = kubernetes.NewForConfig(config); err != nil {
		return err
	}
	if o.objects, err = dynamic.NewForConfig(config); err != nil {
		return err
	}
	if text, err = os.ReadFile(o.Deployment); err != nil {
		return err
	}
	if err := yaml.Unmarshal(text, &o.base); err != nil {
		return err
	}
	for {
		ctx, cancel := context.WithTimeout(context.Background(), askPatience)
		if err := o.look(ctx); err != nil {
			log.Print(err)
		}
		cancel()
		time.Sleep(lookAgain)
	}
}

// look is one reconciliation: nothing at all where the tenant is paused.
func (o *operator) look(ctx context.Context) error {
	object, err := o.objects.Resource(resource).Namespace(o.Namespace).Get(ctx, o.Name, meta.GetOptions{})
	if errors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, paused := object.GetAnnotations()[pause]; paused {
		return nil
	}
	list, err := o.client.CoreV1().Secrets(o.Namespace).List(ctx, meta.ListOptions{})
	if err != nil {
		return err
	}
	t := &tenant{
		name: o.Name, namespace: o.Namespace, endpoint: o.Endpoint, names: o.Names, port: o.Port, pkcs8: true,
		secrets: make(map[string]map[string][]byte), written: o.written,
	}
	live := make(map[string]*core.Secret)
	for i := range list.Items {
		if component, own := strings.CutPrefix(list.Items[i].Name, o.Name+"-"); own {
			live[component] = &list.Items[i]
			t.secrets[component] = maps.Clone(list.Items[i].Data)
		}
	}
	changes, err := t.reconcile(time.Now())
	if err != nil {
		return err
	}
	for _, done := range changes {
		log.Printf("%s: %s", done.Secret, done.What)
	}
	for _, component := range slices.Sorted(maps.Keys(t.secrets)) {
		if err := o.keep(ctx, object, component, t.secrets[component], live[component]); err != nil {
			return err
		}
	}
	return o.deploy(ctx, object, t)
}

// keep writes a Secret that is not what it should be, unless somebody else wrote it meanwhile.
func (o *operator) keep(ctx context.Context, owner *unstructured.Unstructured, component string, data map[string][]byte, live *core.Secret) error {
	secrets := o.client.CoreV1().Secrets(o.Namespace)
	if live != nil && reflect.DeepEqual(live.Data, data) && len(live.OwnerReferences) > 0 {
		return nil
	}
	object := &core.Secret{ObjectMeta: meta.ObjectMeta{Name: o.Name + "-" + component, Namespace: o.Namespace}, Type: core.SecretTypeOpaque}
	if live != nil {
		object = live
	}
	object.Data = data
	object.Labels = map[string]string{
		group + "/project": "kamaji", group + "/name": o.Name, group + "/component": component,
	}
	object.Annotations = map[string]string{checksum: sumOf(data)}
	yes := true
	object.OwnerReferences = []meta.OwnerReference{{
		APIVersion: owner.GetAPIVersion(), Kind: owner.GetKind(), Name: owner.GetName(), UID: owner.GetUID(),
		Controller: &yes, BlockOwnerDeletion: &yes,
	}}
	var err error
	if live == nil {
		_, err = secrets.Create(ctx, object, meta.CreateOptions{})
	} else {
		_, err = secrets.Update(ctx, object, meta.UpdateOptions{})
	}
	return err
}

// mounted are the Secrets whose sums are labels of the Pods, which are replaced when one of them changes.
var mounted = map[string]string{
	"api-server-certificate": "api-server-certificate", "api-server-kubelet-client-certificate": "api-server-kubelet-client-certificate",
	"ca": "ca", "controller-manager-kubeconfig": "controller-manager-kubeconfig",
	"front-proxy-ca-certificate": "front-proxy-ca-certificate", "front-proxy-client-certificate": "front-proxy-client-certificate",
	"scheduler-kubeconfig": "scheduler-kubeconfig", "sa-certificate": "service-account",
}

// deploy gives the Deployment its arguments and labels; everything else in it stays what it is.
func (o *operator) deploy(ctx context.Context, tenantObject *unstructured.Unstructured, t *tenant) error {
	deployments := o.client.AppsV1().Deployments(o.Namespace)
	live, err := deployments.Get(ctx, o.Name, meta.GetOptions{})
	missing := errors.IsNotFound(err)
	if err != nil && !missing {
		return err
	}
	if missing {
		live = &apps.Deployment{ObjectMeta: meta.ObjectMeta{Name: o.Name, Namespace: o.Namespace, Labels: o.base.Labels}, Spec: *o.base.Spec.DeepCopy()}
		one := int32(1)
		live.Spec.Replicas = &one
		pods := &live.Spec.Template.Spec
		// The lab's Pods have their machine's network: two of them need two machines.
		pods.HostNetwork = true
		apart := core.PodAffinityTerm{LabelSelector: live.Spec.Selector, TopologyKey: core.LabelHostname}
		pods.Affinity = &core.Affinity{PodAntiAffinity: &core.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []core.PodAffinityTerm{apart},
		}}
	}
	wanted := live.DeepCopy()
	template := &wanted.Spec.Template
	for component, label := range mounted {
		template.Labels["component."+group+"/"+label] = sumOf(t.secrets[component])
	}
	for i := range template.Spec.Containers {
		container := &template.Spec.Containers[i]
		for _, base := range o.base.Spec.Template.Spec.Containers {
			if base.Name == container.Name {
				container.Args = withExtra(base.Args, extraArgs(tenantObject, container.Name), container.Name != "kube-apiserver")
			}
		}
	}
	if missing {
		_, err = deployments.Create(ctx, wanted, meta.CreateOptions{})
	} else if !reflect.DeepEqual(live, wanted) {
		log.Printf("Deployment %s: rolled out", o.Name)
		_, err = deployments.Update(ctx, wanted, meta.UpdateOptions{})
	}
	return err
}

// extraArgs are what the tenant's object says of a container.
func extraArgs(object *unstructured.Unstructured, container string) []string {
	field := map[string]string{
		"kube-apiserver": "apiServer", "kube-controller-manager": "controllerManager", "kube-scheduler": "scheduler",
	}[container]
	args, _, _ := unstructured.NestedStringSlice(object.Object, "spec", "controlPlane", "deployment", "extraArgs", field)
	return args
}

// withExtra adds arguments; one that is there already is overridden or wins (internal/builders/controlplane).
func withExtra(args, extra []string, override bool) []string {
	named := make(map[string]string)
	add := func(list []string, replace bool) {
		for _, argument := range list {
			name, _, _ := strings.Cut(argument, "=")
			if _, known := named[name]; !known || replace {
				named[name] = argument
			}
		}
	}
	add(args, true)
	add(extra, override)
	return slices.Sorted(maps.Values(named))
}
