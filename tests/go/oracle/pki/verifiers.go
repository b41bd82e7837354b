package main

import (
	"crypto"
	"crypto/md5"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net"
)

// oidNameConstraints (RFC 5280, 4.2.1.10).
var oidNameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}

// verifiers: chains that one verifier accepts and another refuses.
func (s *scene) verifiers() {
	for name, change := range sorted(map[string]func(*request){
		"without key usage, key identifier and critical basicConstraints": func(r *request) { r.usage, r.keyID = 0, nil; softConstraints(r) },
		"without subjectKeyIdentifier":                                    func(r *request) { r.keyID = nil },
		"with authorityKeyIdentifier":                                     func(r *request) { r.authorityKeyID = r.keyID },
		"whose basicConstraints are not critical":                         softConstraints,
		"with a path length and without keyUsage":                         func(r *request) { limited(0)(r); r.usage = 0 },
		"with a path length and without keyCertSign":                      func(r *request) { limited(0)(r); r.usage = x509.KeyUsageDigitalSignature },
		"without a subject":                                               func(r *request) { r.subject = named("") },
		"with names":                                                      func(r *request) { r.names = []string{"ca.example.com"} },
	}) {
		root := s.ca("kubernetes", change)
		s.ask("an anchor "+name, list(root), list(s.leaf(root)))
		above := s.ca("root")
		intermediate := s.below(&above, "intermediate", change)
		s.ask("an intermediate "+name, list(above), list(s.leaf(intermediate), intermediate))
	}
	root := s.ca("kubernetes")
	for name, change := range sorted(map[string]func(*request){
		"without authorityKeyIdentifier": func(r *request) { r.authorityKeyID = nil },
		"without subjectKeyIdentifier":   func(r *request) { r.keyID = nil },
		"without key identifiers":        noKeyIDs,
		"without a subject, its names critical": func(r *request) {
			r.subject = named("")
			noSAN(r)
			value := must(asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 2, Bytes: []byte(host)}}))
			extension(asn1.ObjectIdentifier{2, 5, 29, 17}, true, value)(r)
		},
		"with a path length, but CA:FALSE": func(r *request) { denied(r); limited(0)(r) },
		"with cRLSign":                     withUsage(x509.KeyUsageDigitalSignature | x509.KeyUsageCRLSign),
	}) {
		s.ask("a leaf "+name, list(root), list(s.leaf(root, change)))
	}
	s.odd(root)
	s.nameConstraints()
}

// odd certificates that Go's CreateCertificate refuses to make, and keys that few use.
func (s *scene) odd(root entity) {
	signer := keyOf(rsa2048, 4)
	authority := sign(request{subject: named("rsa"), serial: 5, authority: true, usage: x509.KeyUsageCertSign, keyID: keyID(signer)}, signer, nil)
	leaf := s.leaf(authority)
	weak := patched(leaf.Raw, signer, crypto.MD5)
	s.ask("a leaf signed with MD5", list(authority), list(entity{&x509.Certificate{Raw: weak}, leaf.key}))
	selfMD5 := patched(authority.Raw, signer, crypto.MD5)
	s.ask("an anchor that signs itself with MD5", list(entity{&x509.Certificate{Raw: selfMD5}, signer}), list(leaf))
	first := versionOne(authority.Raw, signer)
	s.ask("an anchor of version 1", list(entity{&x509.Certificate{Raw: first}, signer}), list(leaf))
	below := sign(request{subject: named("below"), serial: 6, authority: true, usage: x509.KeyUsageCertSign}, keyOf(rsa2048, 5), &authority)
	firstBelow := versionOne(below.Raw, signer)
	s.ask("an intermediate of version 1", list(authority), list(s.leaf(below), entity{&x509.Certificate{Raw: firstBelow}, below.key}))
	negative := patched(leaf.Raw, signer, crypto.SHA256)
	s.ask("a leaf with a negative serial number", list(authority), list(entity{&x509.Certificate{Raw: negative}, leaf.key}))
	negativeCA := patched(authority.Raw, signer, crypto.SHA256)
	s.ask("an anchor with a negative serial number", list(entity{&x509.Certificate{Raw: negativeCA}, signer}), list(leaf))

	for _, kind := range []kind{p521, ed25519Kind} {
		own := keyOf(kind, 0)
		anchor := sign(request{subject: named(string(kind)), serial: 7, authority: true, usage: x509.KeyUsageCertSign, keyID: keyID(own)}, own, nil)
		s.ask("an anchor with a key of type "+string(kind), list(anchor), list(s.leaf(anchor)))
		s.ask("a leaf with a key of type "+string(kind), list(root), list(s.leafOf(keyOf(kind, 1), &root)))
	}
}

// nameConstraints on DNS names and addresses, on an anchor and on an intermediate.
func (s *scene) nameConstraints() {
	type subtree struct {
		Base asn1.RawValue
	}
	base := func(tag int, value []byte) subtree {
		return subtree{asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: tag == 4, Bytes: value}}
	}
	dns := func(name string) subtree { return base(2, []byte(name)) }
	network := func(text string) subtree {
		_, parsed, err := net.ParseCIDR(text)
		if err != nil {
			panic(err)
		}
		return base(7, append(append([]byte{}, parsed.IP...), parsed.Mask...))
	}
	constrained := func(critical bool, permitted, excluded []subtree) func(*request) {
		return extension(oidNameConstraints, critical, must(asn1.Marshal(struct {
			Permitted []subtree `asn1:"tag:0,optional,omitempty"`
			Excluded  []subtree `asn1:"tag:1,optional,omitempty"`
		}{permitted, excluded})))
	}
	trees := func(all ...subtree) []subtree { return all }
	address := func(r *request) { r.addresses = []net.IP{net.ParseIP("192.0.2.7").To4()} }
	wildcard := func(r *request) { r.names = []string{"*.example.com"} }
	for _, one := range []struct {
		name   string
		change func(*request)
		leaf   func(*request)
	}{
		{"permit the name's domain", constrained(true, trees(dns("example.com")), nil), nil},
		{"permit the name's domain, not critical", constrained(false, trees(dns("example.com")), nil), nil},
		{"permit what is below the name's domain", constrained(true, trees(dns(".example.com")), nil), nil},
		{"permit another domain", constrained(true, trees(dns("example.org")), nil), nil},
		{"permit another domain, not critical", constrained(false, trees(dns("example.org")), nil), nil},
		{"permit a domain with the same end", constrained(true, trees(dns("ample.com")), nil), nil},
		{"permit the name in capitals", constrained(true, trees(dns("API.EXAMPLE.COM")), nil), nil},
		{"permit every name", constrained(true, trees(dns("")), nil), nil},
		{"exclude every name", constrained(true, nil, trees(dns(""))), nil},
		{"exclude the name's domain", constrained(true, nil, trees(dns("example.com"))), nil},
		{"exclude another domain", constrained(true, nil, trees(dns("example.org"))), nil},
		{"permit a domain and exclude the name", constrained(true, trees(dns("example.com")), trees(dns("api.example.com"))), nil},
		{"permit the wildcard's domain", constrained(true, trees(dns("example.com")), nil), wildcard},
		{"exclude a name that the wildcard may stand for", constrained(true, nil, trees(dns("other.example.com"))), wildcard},
		{"permit the address", constrained(true, trees(network("192.0.2.0/24")), nil), address},
		{"permit another network", constrained(true, trees(network("198.51.100.0/24")), nil), address},
		{"permit a network of the other family", constrained(true, trees(network("2001:db8::/32")), nil), address},
		{"exclude the address", constrained(true, nil, trees(network("192.0.2.0/28"))), address},
		{"permit a network, and there is no address", constrained(true, trees(network("192.0.2.0/24")), nil), nil},
		{"permit a directory name", constrained(true, trees(base(4, named("leaf"))), nil), nil},
		{"permit a directory name, not critical", constrained(false, trees(base(4, named("leaf"))), nil), nil},
		{"permit a mail domain", constrained(true, trees(base(1, []byte("example.com"))), nil), nil},
		{"permit a URI's domain", constrained(true, trees(base(6, []byte("example.com"))), nil), nil},
	} {
		changes := []func(*request){}
		if one.leaf != nil {
			changes = append(changes, one.leaf)
		}
		anchor := s.ca("kubernetes", one.change)
		s.ask("name constraints of the anchor "+one.name, list(anchor), list(s.leaf(anchor, changes...)))
		above := s.ca("root")
		below := s.below(&above, "below", one.change)
		s.ask("name constraints of the intermediate "+one.name, list(above), list(s.leaf(below, changes...), below))
	}
}

// softConstraints: basicConstraints that are not critical.
func softConstraints(r *request) {
	r.authority = false
	extension(oidBasicConstraints, false, []byte{0x30, 3, 1, 1, 0xff})(r)
}

// certificate is the outer structure.
type certificate struct {
	TBS       asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

// tbs are the parts of what is signed.
func tbs(der []byte) []asn1.RawValue {
	var outer certificate
	must(asn1.Unmarshal(der, &outer))
	var parts []asn1.RawValue
	for rest := outer.TBS.Bytes; len(rest) > 0; {
		var part asn1.RawValue
		rest = must(asn1.Unmarshal(rest, &part))
		parts = append(parts, part)
	}
	return parts
}

// patched signs with MD5; or makes the serial number negative and signs with SHA-256. The signer has an RSA key.
func patched(der []byte, signer key, hash crypto.Hash) []byte {
	parts := tbs(der)
	identifier := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	if hash == crypto.MD5 {
		identifier = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 4}
	} else {
		parts[1] = asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagInteger, Bytes: []byte{0x85}}
	}
	parts[2] = asn1.RawValue{FullBytes: must(asn1.Marshal(pkix.AlgorithmIdentifier{Algorithm: identifier, Parameters: asn1.NullRawValue}))}
	return assembled(parts, signer, hash, identifier)
}

// versionOne drops version and extensions.
func versionOne(der []byte, signer key) []byte {
	parts := tbs(der)
	identifier := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	return assembled(parts[1:len(parts)-1], signer, crypto.SHA256, identifier)
}

func assembled(parts []asn1.RawValue, signer key, hash crypto.Hash, identifier asn1.ObjectIdentifier) []byte {
	signed := must(asn1.Marshal(parts))
	var digest []byte
	switch hash {
	case crypto.MD5:
		sum := md5.Sum(signed)
		digest = sum[:]
	default:
		sum := sha256.Sum256(signed)
		digest = sum[:]
	}
	signature := must(rsa.SignPKCS1v15(nil, signer.Signer.(*rsa.PrivateKey), hash, digest))
	return must(asn1.Marshal(certificate{
		asn1.RawValue{FullBytes: signed}, pkix.AlgorithmIdentifier{Algorithm: identifier, Parameters: asn1.NullRawValue},
		asn1.BitString{Bytes: signature, BitLength: len(signature) * 8},
	}))
}
