package main

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"net"
)

// hosts and what certificates say for them.
func (s *scene) hosts() {
	root := s.ca("kubernetes")
	hosts := func(names ...string) func(*request) {
		return func(r *request) {
			noSAN(r)
			for _, name := range names {
				if address := net.ParseIP(name); address != nil {
					r.addresses = append(r.addresses, address)
				} else {
					r.names = append(r.names, name)
				}
			}
		}
	}
	for _, pair := range []struct{ named, asked string }{
		{"api.example.com", "other.example.com"}, {"api.example.com", "API.Example.COM"}, {"API.Example.COM", "api.example.com"},
		{"api.example.com", "api.example.com."}, {"api.example.com.", "api.example.com"}, {"api.example.com.", "api.example.com."},
		{"*.example.com", "api.example.com"}, {"*.example.com", "a.b.example.com"}, {"*.example.com", "example.com"},
		{"*.example.com", ".example.com"}, {"*.example", "api.example"}, {"*", "api"}, {"*", "localhost"}, {"*.svc.cluster.local", "kubernetes.default.svc.cluster.local"},
		{"*.default.svc", "kubernetes.default.svc"}, {"a*.example.com", "api.example.com"}, {"*i.example.com", "api.example.com"}, {"api.*.com", "api.example.com"},
		{"*.*.example.com", "a.b.example.com"}, {"*.example.com", "xn--bcher-kva.example.com"}, {"xn--bcher-kva.example.com", "xn--bcher-kva.example.com"},
		{"*.xn--bcher-kva.example", "api.xn--bcher-kva.example"}, {"*.example.com", "*.example.com"}, {"under_score.example.com", "under_score.example.com"},
		{"*.example.com", "under_score.example.com"}, {"kubernetes", "kubernetes"}, {"*.example.com", "-a.example.com"}, {"*.example.com", "a-.example.com"},
		{"xn--bcher-kva.example.com", "bücher.example.com"}, {"*.EXAMPLE.com", "api.example.com"}, {"*.-example.com", "api.-example.com"},
		{"192.0.2.1", "192.0.2.1"}, {"192.0.2.1", "192.0.2.2"}, {"192.0.2.1", "::ffff:192.0.2.1"}, {"2001:db8::1", "2001:db8::1"},
		{"2001:db8::1", "[2001:db8::1]"}, {"2001:db8::1", "2001:0db8:0:0:0:0:0:1"}, {"2001:db8::1", "2001:db8::2"}, {"192.0.2.1", "api.example.com"},
	} {
		s.askHost("named "+pair.named, pair.asked, list(root), list(s.leaf(root, hosts(pair.named))))
		// The same as a common name, where there is no other name, and beside an address.
		common := func(r *request) { r.subject = named(pair.named) }
		s.askHost("called "+pair.named, pair.asked, list(root), list(s.leaf(root, noSAN, common)))
		s.askHost("called "+pair.named+", with an address", pair.asked, list(root), list(s.leaf(root, hosts("198.51.100.1"), common)))
	}
	text := func(r *request) { noSAN(r); r.names = []string{"192.0.2.1"} }
	s.askHost("an address as a DNS name", "192.0.2.1", list(root), list(s.leaf(root, text)))
	mapped := extension(asn1.ObjectIdentifier{2, 5, 29, 17}, false, must(asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 7, Bytes: net.ParseIP("192.0.2.1").To16()}})))
	s.askHost("an IPv4 address in sixteen octets", "192.0.2.1", list(root), list(s.leaf(root, noSAN, mapped)))
	s.askHost("an IPv4 address in sixteen octets", "::ffff:192.0.2.1", list(root), list(s.leaf(root, noSAN, mapped)))
	umlaut := extension(asn1.ObjectIdentifier{2, 5, 29, 17}, false, must(asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 2, Bytes: []byte("bücher.example.com")}})))
	s.askHost("a name that is not ASCII", "xn--bcher-kva.example.com", list(root), list(s.leaf(root, noSAN, umlaut)))
	s.askHost("a name that is not ASCII", "bücher.example.com", list(root), list(s.leaf(root, noSAN, umlaut)))
	s.askHost("no host asked for", "", list(root), list(s.leaf(root, noSAN)))
	two := s.leaf(root, func(r *request) {
		r.subject = must(asn1.Marshal(pkix.RDNSequence{{{Type: oidCommonName, Value: "first.example.com"}}, {{Type: oidCommonName, Value: "last.example.com"}}}))
	}, noSAN)
	s.askHost("two common names", "first.example.com", list(root), list(two))
	s.askHost("two common names", "last.example.com", list(root), list(two))
}
