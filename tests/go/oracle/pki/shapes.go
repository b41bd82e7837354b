package main

import (
	"bytes"
	"fmt"
)

// shape is what one cluster is like. Every combination of keys, successor, ids and naming is made once; the other
// choices go round among them.
type shape struct {
	name                         string
	number                       int
	keys, successor, ids, naming string
	hosts                        string
	nodes                        int
	// chained: the CA comes behind the API server's certificate, in one file.
	chained bool
}

// The choices.
var (
	// What authorities and leaves have for keys.
	keyChoices = []string{"rsa", "p256", "rsa-over-p256", "p256-over-rsa", "p384"}
	// Who takes over: one that Airlock makes, named after the old one or as is asked; or one brought along, with a name
	// of its own, the old one's, the old one's in another string type, or signed by an enterprise's root.
	successorChoices = []string{"made", "made-named", "brought", "brought-same-name", "brought-utf8-name", "brought-intermediate"}
	// Key ids: on authorities and leaves, on neither, on authorities alone; or of 32 random octets, as Talos makes them.
	idChoices = []string{"both", "none", "authority-only", "random"}
	// Names of the old authorities: kubeadm's, or Cluster API's, where all have one name, serial 0 and pathlen:0.
	namingChoices = []string{"kubeadm", "capi"}
	// How clients reach the cluster.
	hostChoices = []string{"ipv4", "name", "ipv6", "wildcard", "idn"}
)

// shapes are all clusters, in a fixed order.
func shapes() []shape {
	var found []shape
	for _, keys := range keyChoices {
		for _, successor := range successorChoices {
			for _, ids := range idChoices {
				for _, naming := range namingChoices {
					number := len(found)
					keys := keys
					if keys == "p384" && naming == "capi" {
						// Slow to verify: half of those with P-384 authorities have leaves of another kind, and fewer are made.
						if ids == "random" || ids == "authority-only" {
							continue
						}
						keys = "p384-over-rsa"
					}
					one := shape{number: number, keys: keys, successor: successor, ids: ids, naming: naming, nodes: 1}
					one.hosts = hostChoices[number%len(hostChoices)]
					if number%11 == 3 {
						one.nodes = 3
					}
					one.chained = number%3 == 0
					one.name = fmt.Sprintf("%03d-%s-%s-ids-%s-%s-%s-%d", number, keys, successor, ids, naming, one.hosts, one.nodes)
					found = append(found, one)
				}
			}
		}
	}
	return found
}

// authorityKind and leafKind are what `keys` means.
func (s shape) authorityKind() kind {
	return map[string]kind{"rsa": rsa2048, "p256": p256, "rsa-over-p256": rsa2048, "p256-over-rsa": p256, "p384": p384, "p384-over-rsa": p384}[s.keys]
}

func (s shape) leafKind() kind {
	return map[string]kind{"rsa": rsa2048, "p256": p256, "rsa-over-p256": p256, "p256-over-rsa": rsa2048, "p384": p384, "p384-over-rsa": rsa2048}[s.keys]
}

// keyID of an authority's or leaf's key, if this shape has them there.
func (s shape) keyID(key key, authority bool) []byte {
	switch {
	case s.ids == "random" && authority:
		return (&stream{name: "key id " + key.pem()}).bytes(32)
	case s.ids == "both", s.ids == "authority-only" && authority:
		return keyID(key)
	}
	return nil
}

// authorityKeyID of what the signer signs, if this shape has them on leaves.
func (s shape) authorityKeyID(signer *entity) []byte {
	if s.ids == "none" || s.ids == "authority-only" {
		return nil
	}
	return bytes.Clone(signer.SubjectKeyId)
}

// endpoint is the host in kubeconfigs, and what the API server's certificate says for it.
func (s shape) endpoint() (host, named string) {
	switch s.hosts {
	case "ipv4":
		return "192.0.2.10", "192.0.2.10"
	case "ipv6":
		return "[2001:db8::10]", "2001:db8::10"
	case "wildcard":
		return "api.cluster.example.com", "*.cluster.example.com"
	case "idn":
		return "xn--bcher-kva.example.com", "xn--bcher-kva.example.com"
	}
	return "api.cluster.example.com", "api.cluster.example.com"
}
