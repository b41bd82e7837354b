package main

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"
)

// oneCase is a line of `pki cases`: who presents what to whom.
type oneCase struct {
	Name      string `json:"name"`
	Presented string `json:"presented"`
	Key       string `json:"key"`
	Roots     string `json:"roots"`
	Usage     string `json:"usage"`
	DNSName   string `json:"dnsName"`
	Time      int64  `json:"time"`
}

// scene collects cases. Its authorities have P-256 keys, since those sign fast.
type scene struct {
	found []oneCase
	drawn int
}

// cases are chains with one thing wrong or odd in each. What comes of them is not said here: the referees say it.
func cases() []oneCase {
	s := &scene{}
	s.authorities()
	s.names()
	s.leaves()
	s.times()
	s.algorithms()
	s.extensions()
	s.keyIDs()
	s.paths()
	s.hosts()
	s.verifiers()
	return s.found
}

// key gives another one each time, until there are none left.
func (s *scene) key() key {
	s.drawn++
	return keyOf(p256, s.drawn%poolSize)
}

const host = "api.example.com"

// ca makes an authority with changes to what kubeadm would make.
func (s *scene) ca(name string, changes ...func(*request)) entity {
	return s.below(nil, name, changes...)
}

// below makes one that another has signed.
func (s *scene) below(signer *entity, name string, changes ...func(*request)) entity {
	own := s.key()
	wanted := request{
		subject: named(name), serial: int64(s.drawn), authority: true,
		usage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, keyID: keyID(own),
	}
	if signer != nil {
		wanted.authorityKeyID = signer.SubjectKeyId
	}
	for _, change := range changes {
		change(&wanted)
	}
	return sign(wanted, own, signer)
}

// leaf makes one for both purposes and one host, with changes.
func (s *scene) leaf(signer entity, changes ...func(*request)) entity {
	return s.leafOf(s.key(), &signer, changes...)
}

func (s *scene) leafOf(own key, signer *entity, changes ...func(*request)) entity {
	s.drawn++
	wanted := request{
		subject: named("leaf"), serial: int64(s.drawn), usage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		extended: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}, names: []string{host},
		keyID: keyID(own),
	}
	if signer != nil {
		wanted.authorityKeyID = signer.SubjectKeyId
	}
	for _, change := range changes {
		change(&wanted)
	}
	return sign(wanted, own, signer)
}

// ask adds a case for a client and one for a server.
func (s *scene) ask(name string, roots, presented []entity) {
	s.askAt(name, now, host, roots, presented)
}

func (s *scene) askAt(name string, at time.Time, host string, roots, presented []entity) {
	for _, usage := range []string{"client", "server"} {
		one := oneCase{
			Name: name + ", " + usage, Presented: pems(presented), Key: presented[0].key.pem(), Roots: pems(roots), Usage: usage, Time: at.Unix(),
		}
		if usage == "server" {
			one.DNSName = host
		}
		s.found = append(s.found, one)
	}
}

// askHost adds a case for a server only.
func (s *scene) askHost(name, host string, roots, presented []entity) {
	s.found = append(s.found, oneCase{
		Name: name + " for " + host, Presented: pems(presented), Key: presented[0].key.pem(), Roots: pems(roots),
		Usage: "server", DNSName: host, Time: now.Unix(),
	})
}

func pems(chain []entity) string {
	text := ""
	for _, one := range chain {
		text += one.pem()
	}
	return text
}

func list(entities ...entity) []entity { return entities }

// sorted goes through a table in the order of its names, so that each run draws the same keys.
func sorted[V any](table map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, name := range slices.Sorted(maps.Keys(table)) {
			if !yield(name, table[name]) {
				return
			}
		}
	}
}

// Changes to requests.
func noKeyIDs(r *request) { r.keyID, r.authorityKeyID = nil, nil }
func noSAN(r *request)    { r.names, r.addresses = nil, nil }
func extension(oid asn1.ObjectIdentifier, critical bool, value []byte) func(*request) {
	return func(r *request) {
		r.more = append(r.more, pkix.Extension{Id: oid, Critical: critical, Value: value})
	}
}
func withUsage(usage x509.KeyUsage) func(*request) { return func(r *request) { r.usage = usage } }
func extended(usages ...x509.ExtKeyUsage) func(*request) {
	return func(r *request) { r.extended = usages }
}
func limited(pathLen int) func(*request) {
	return func(r *request) { r.limited, r.pathLen = true, pathLen }
}
func noAuthority(r *request)   { r.authority = false }
func denied(r *request)        { r.authority, r.notAuthority = false, true }
func sha1WithRSA(r *request)   { r.algorithm = x509.SHA1WithRSA }
func sha1WithECDSA(r *request) { r.algorithm = x509.ECDSAWithSHA1 }
func valid(from, to int) func(*request) {
	return func(r *request) { r.notBefore, r.notAfter = now.AddDate(0, 0, from), now.AddDate(0, 0, to) }
}

// authorities: who may sign, and who did.
func (s *scene) authorities() {
	cluster, other, frontProxy := s.ca("kubernetes"), s.ca("kubernetes 2"), s.ca("front-proxy-ca")
	s.ask("as it should be", list(cluster), list(s.leaf(cluster)))
	s.ask("signed by an authority of another name", list(cluster), list(s.leaf(other)))
	s.ask("signed by the cluster's CA, read with the front proxy's", list(frontProxy), list(s.leaf(cluster)))
	s.ask("signed by the front proxy's CA, read with the cluster's", list(cluster), list(s.leaf(frontProxy)))
	s.ask("nobody is trusted", nil, list(s.leaf(cluster)))
	s.ask("both are trusted, signed by the second", list(cluster, other), list(s.leaf(other)))
	claims := s.leafOf(s.key(), &other, func(r *request) { r.issuer, r.authorityKeyID = cluster.RawSubject, cluster.SubjectKeyId })
	s.ask("claims the cluster's CA and is signed by another", list(cluster, other), list(claims))

	for name, change := range sorted(map[string]func(*request){
		"without keyCertSign":                   withUsage(x509.KeyUsageDigitalSignature),
		"without keyUsage":                      withUsage(0),
		"with CA:FALSE":                         denied,
		"without basicConstraints":              noAuthority,
		"without basicConstraints and keyUsage": func(r *request) { noAuthority(r); r.usage = 0 },
		"for servers":                           extended(x509.ExtKeyUsageServerAuth),
		"for clients":                           extended(x509.ExtKeyUsageClientAuth),
		"for anything":                          extended(x509.ExtKeyUsageAny),
		"for code":                              extended(x509.ExtKeyUsageCodeSigning),
		"with serial 0":                         func(r *request) { r.serial = 0 },
	}) {
		root := s.ca("kubernetes", change)
		s.ask("an anchor "+name, list(root), list(s.leaf(root)))
		above := s.ca("root")
		intermediate := s.below(&above, "intermediate", change)
		s.ask("an intermediate "+name, list(above), list(s.leaf(intermediate), intermediate))
		// Of one name, and only the second has signed.
		good := s.ca("kubernetes", noKeyIDs)
		bad := s.ca("kubernetes", noKeyIDs, change)
		s.ask("in front of the right one an anchor "+name, list(bad, good), list(s.leaf(good)))
		s.ask("behind the wrong one an anchor "+name, list(good, bad), list(s.leaf(bad)))
	}
}

// names: of issuers, which Go compares as bytes and OpenSSL in canonical form.
func (s *scene) names() {
	root := s.ca("kubernetes ca")
	for name, issuer := range sorted(map[string][]byte{
		"in another string type": namedUTF8("kubernetes ca"),
		"in upper case":          named("KUBERNETES CA"),
		"with two spaces":        named("kubernetes  ca"),
		"with spaces around":     namedUTF8("  kubernetes ca "),
		"with a tab":             namedUTF8("kubernetes\tca"),
		"with an organization":   named("kubernetes ca", "example"),
		"empty":                  named(""),
	}) {
		s.ask("the issuer's name is written "+name, list(root), list(s.leaf(root, func(r *request) { r.issuer = issuer })))
	}
	for name, subject := range sorted(map[string][]byte{
		"in another string type": namedUTF8("kubernetes ca"),
		"in capitals":            named("Kubernetes CA"),
	}) {
		old := s.ca("kubernetes ca", noKeyIDs)
		successor := s.ca("x", noKeyIDs, func(r *request) { r.subject = subject })
		s.ask("a successor of that name "+name+" behind", list(old, successor), list(s.leaf(old)))
		s.ask("a successor of that name "+name+" in front", list(successor, old), list(s.leaf(old)))
		s.ask("signed by a successor of that name "+name, list(old, successor), list(s.leaf(successor)))
	}
	umlaut := s.ca("x", func(r *request) { r.subject = namedUTF8("Büro CA") })
	s.ask("a name beyond ASCII in capitals", list(umlaut), list(s.leaf(umlaut, func(r *request) { r.issuer = namedUTF8("BÜRO CA") })))
	s.ask("a name beyond ASCII, its ASCII in capitals", list(umlaut), list(s.leaf(umlaut, func(r *request) { r.issuer = namedUTF8("BüRO CA") })))
}

// leaves: what they say of themselves.
func (s *scene) leaves() {
	root := s.ca("kubernetes")
	all := map[string]func(*request){
		"for servers":          extended(x509.ExtKeyUsageServerAuth),
		"for clients":          extended(x509.ExtKeyUsageClientAuth),
		"for anything":         extended(x509.ExtKeyUsageAny),
		"for code":             extended(x509.ExtKeyUsageCodeSigning),
		"for no named purpose": extended(),
		"for Microsoft's server gated cryptography": extended(x509.ExtKeyUsageMicrosoftServerGatedCrypto),
		"for Netscape's server gated cryptography":  extended(x509.ExtKeyUsageNetscapeServerGatedCrypto),
		"with CA:FALSE":     denied,
		"with CA:TRUE":      func(r *request) { r.authority = true },
		"without a subject": func(r *request) { r.subject = named("") },
		"with serial 0":     func(r *request) { r.serial = 0 },
		"without names":     noSAN,
	}
	// Without digitalSignature OpenSSL's TLS 1.2 refuses ECDSA keys by another rule than the certificate's purpose.
	for name, usage := range sorted(map[string]x509.KeyUsage{
		"no keyUsage": 0, "keyEncipherment": x509.KeyUsageKeyEncipherment, "keyAgreement": x509.KeyUsageKeyAgreement,
		"keyCertSign": x509.KeyUsageCertSign, "dataEncipherment": x509.KeyUsageDataEncipherment, "digitalSignature": x509.KeyUsageDigitalSignature,
		"contentCommitment": x509.KeyUsageContentCommitment,
	}) {
		s.ask("a leaf with "+name, list(root), list(s.leafOf(keyOf(rsa2048, 1), &root, withUsage(usage))))
	}
	for name, change := range sorted(all) {
		s.ask("a leaf "+name, list(root), list(s.leaf(root, change)))
	}
	alone := s.leafOf(s.key(), nil)
	s.ask("a leaf that signs itself and is trusted", list(alone), list(alone))
	s.ask("a leaf that signs itself and is not trusted", list(root), list(alone))
	mimic := s.leafOf(s.key(), nil, func(r *request) { r.subject = root.RawSubject })
	s.ask("a leaf that signs itself in the authority's name", list(root), list(mimic))
	own := s.ca("kubernetes", func(r *request) { r.names = []string{host} })
	s.ask("the authority itself", list(own), list(own))
	wrong := s.leafOf(s.key(), nil, extended(x509.ExtKeyUsageCodeSigning))
	s.ask("a leaf that signs itself, is trusted, and is for code", list(wrong), list(wrong))
	old := s.leafOf(s.key(), nil, valid(-9, -1))
	s.ask("a leaf that signs itself, is trusted, and has expired", list(old), list(old))
	pinned := s.leaf(root)
	s.ask("a leaf that is itself trusted, its authority is not", list(pinned), list(pinned))
	s.ask("a leaf that is itself trusted, and its authority", list(pinned, root), list(pinned))
}

// times, to the second.
func (s *scene) times() {
	root := s.ca("kubernetes", valid(-10, 10))
	for name, days := range sorted(map[string][2]int{"expired": {-9, -1}, "not yet valid": {1, 9}, "longer than its authority": {-20, 20}}) {
		leaf := s.leaf(root, valid(days[0], days[1]))
		s.ask("a leaf "+name, list(root), list(leaf))
		s.askAt("a leaf "+name+", eleven days later", now.AddDate(0, 0, 11), host, list(root), list(leaf))
		s.askAt("a leaf "+name+", eleven days ago", now.AddDate(0, 0, -11), host, list(root), list(leaf))
		anchor := s.ca("kubernetes", valid(days[0], days[1]))
		s.ask("an anchor "+name, list(anchor), list(s.leaf(anchor)))
		intermediate := s.below(&root, "intermediate", valid(days[0], days[1]))
		s.ask("an intermediate "+name, list(root), list(s.leaf(intermediate), intermediate))

		one, other := s.ca("kubernetes", noKeyIDs), s.ca("kubernetes", noKeyIDs, valid(days[0], days[1]))
		s.ask("of the right one's name and in front an anchor "+name, list(other, one), list(s.leaf(one)))
		s.ask("of the wrong one's name and behind an anchor "+name, list(one, other), list(s.leaf(other)))
	}
	leaf := s.leaf(root, valid(-9, 9))
	for name, at := range sorted(map[string]time.Time{
		"first second": leaf.NotBefore, "second before the first": leaf.NotBefore.Add(-time.Second),
		// Not the last second itself: to OpenSSL 3.0 it is one too late.
		"last second but one": leaf.NotAfter.Add(-time.Second), "second after the last": leaf.NotAfter.Add(time.Second),
	}) {
		s.askAt("a leaf in the "+name, at, host, list(root), list(leaf))
	}
	short, long := s.ca("kubernetes", noKeyIDs, valid(-9, -3)), s.ca("kubernetes", noKeyIDs, valid(-9, -1))
	s.ask("two expired anchors of one name, signed by the one that lived longer", list(short, long), list(s.leaf(long)))
	s.ask("two expired anchors of one name, signed by the other", list(short, long), list(s.leaf(short)))
	key := s.key()
	renewed := func(from, to int) entity {
		return sign(request{subject: named("renewed"), serial: int64(to + 100), authority: true, usage: x509.KeyUsageCertSign, keyID: keyID(key), notBefore: now.AddDate(0, 0, from), notAfter: now.AddDate(0, 0, to)}, key, nil)
	}
	before, after := renewed(-9, -1), renewed(-2, 9)
	s.ask("an authority renewed with its key, the old one in front", list(before, after), list(s.leaf(before)))
	s.ask("an authority renewed with its key, the old one behind", list(after, before), list(s.leaf(before)))
}

// algorithms of keys and signatures.
func (s *scene) algorithms() {
	strong, weak := keyOf(rsa2048, 2), keyOf(rsa1024, 0)
	authority := func(name string, own key, signer *entity, changes ...func(*request)) entity {
		wanted := request{subject: named(name), serial: 3, authority: true, usage: x509.KeyUsageCertSign, keyID: keyID(own)}
		for _, change := range changes {
			change(&wanted)
		}
		return sign(wanted, own, signer)
	}
	root := authority("kubernetes", strong, nil)
	s.ask("a leaf signed with SHA-1 and RSA", list(root), list(s.leaf(root, sha1WithRSA)))
	below := authority("intermediate", keyOf(rsa2048, 3), &root, sha1WithRSA)
	s.ask("an intermediate signed with SHA-1", list(root), list(s.leaf(below), below))
	sha1Root := authority("kubernetes", strong, nil, sha1WithRSA)
	s.ask("an anchor that signs itself with SHA-1", list(sha1Root), list(s.leaf(sha1Root)))
	ecdsa := s.ca("kubernetes", sha1WithECDSA)
	s.ask("an anchor that signs itself with SHA-1 and ECDSA", list(ecdsa), list(s.leaf(ecdsa)))
	s.ask("a leaf signed with SHA-1 and ECDSA", list(ecdsa), list(s.leaf(ecdsa, sha1WithECDSA)))
	for name, algorithm := range sorted(map[string]x509.SignatureAlgorithm{
		"SHA-384": x509.SHA384WithRSA, "SHA-512": x509.SHA512WithRSA, "RSA-PSS and SHA-256": x509.SHA256WithRSAPSS, "RSA-PSS and SHA-512": x509.SHA512WithRSAPSS,
	}) {
		if algorithm == x509.SHA256WithRSAPSS || algorithm == x509.SHA512WithRSAPSS {
			continue // salted: not the same each time
		}
		s.ask("a leaf signed with "+name, list(root), list(s.leaf(root, func(r *request) { r.algorithm = algorithm })))
	}
	for name, algorithm := range sorted(map[string]x509.SignatureAlgorithm{"SHA-384 by P-256": x509.ECDSAWithSHA384, "SHA-512 by P-256": x509.ECDSAWithSHA512}) {
		s.ask("a leaf signed with "+name, list(ecdsa), list(s.leaf(ecdsa, func(r *request) { r.algorithm = algorithm })))
	}

	s.ask("a leaf with a key of 1024 bits", list(root), list(s.leafOf(weak, &root)))
	weakRoot := authority("kubernetes", weak, nil)
	s.ask("an anchor with a key of 1024 bits", list(weakRoot), list(s.leaf(weakRoot)))
	weakBelow := authority("intermediate", weak, &root)
	s.ask("an intermediate with a key of 1024 bits", list(root), list(s.leaf(weakBelow), weakBelow))

	rsaOne, ecdsaOne := authority("one name", strong, nil, noKeyIDs), s.ca("one name", noKeyIDs)
	for name, roots := range sorted(map[string][]entity{"RSA first": list(rsaOne, ecdsaOne), "ECDSA first": list(ecdsaOne, rsaOne)}) {
		s.ask("an RSA and an ECDSA anchor of one name, "+name+", signed by RSA", roots, list(s.leaf(rsaOne)))
		s.ask("an RSA and an ECDSA anchor of one name, "+name+", signed by ECDSA", roots, list(s.leaf(ecdsaOne)))
	}
	p384Key := keyOf(p384, 9)
	p384One := sign(request{subject: named("one name"), serial: 4, authority: true, usage: x509.KeyUsageCertSign}, p384Key, nil)
	for name, roots := range sorted(map[string][]entity{"P-256 first": list(ecdsaOne, p384One), "P-384 first": list(p384One, ecdsaOne)}) {
		s.ask("a P-256 and a P-384 anchor of one name, "+name+", signed by P-384", roots, list(s.leaf(p384One)))
	}
}

// keyIDs where two authorities have one name.
func (s *scene) keyIDs() {
	one, two := s.ca("kubernetes"), s.ca("kubernetes")
	bareOne, bareTwo := s.ca("kubernetes", noKeyIDs), s.ca("kubernetes", noKeyIDs)
	names := []string{"first", "second"}
	for i, signer := range []entity{one, two} {
		right := s.leaf(signer)
		without := s.leaf(signer, noKeyIDs)
		wrong := s.leaf(signer, func(r *request) { r.authorityKeyID = list(two, one)[i].SubjectKeyId })
		unknown := s.leaf(signer, func(r *request) { r.authorityKeyID = []byte("nobody's") })
		for name, roots := range sorted(map[string][]entity{"both": list(one, two), "itself": list(signer), "the other": list(list(two, one)[i])}) {
			s.ask(fmt.Sprintf("one name, signed by the %s, %s trusted, right id", names[i], name), roots, list(right))
			s.ask(fmt.Sprintf("one name, signed by the %s, %s trusted, no id", names[i], name), roots, list(without))
			s.ask(fmt.Sprintf("one name, signed by the %s, %s trusted, id of the other", names[i], name), roots, list(wrong))
			s.ask(fmt.Sprintf("one name, signed by the %s, %s trusted, id of nobody", names[i], name), roots, list(unknown))
		}
		bare := []entity{bareOne, bareTwo}[i]
		s.ask(fmt.Sprintf("one name, authorities without ids, signed by the %s", names[i]), list(bareOne, bareTwo), list(s.leaf(bare)))
		s.ask(fmt.Sprintf("one name, authorities without ids, signed by the %s, with an id", names[i]), list(bareOne, bareTwo), list(s.leaf(bare, func(r *request) { r.authorityKeyID = keyID(bare.key) })))
		s.ask(fmt.Sprintf("one name, the first without an id, signed by the %s", names[i]), list(bareOne, two), list(s.leaf([]entity{bareOne, two}[i])))
	}
	// By issuer and serial number, as OpenSSL's `authorityKeyIdentifier = issuer` writes it.
	for name, serial := range sorted(map[string]int64{"right": one.SerialNumber.Int64(), "wrong": 99999}) {
		value := must(asn1.Marshal(struct {
			Issuer asn1.RawValue
			Serial int64 `asn1:"tag:2"`
		}{asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: must(asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: one.RawSubject}))}, serial}))
		leaf := s.leaf(one, func(r *request) { r.authorityKeyID = nil }, extension(oidAuthorityKeyID, false, value))
		s.ask("the issuer's serial number is "+name, list(one), list(leaf))
		s.ask("the issuer's serial number is "+name+", another of that name in front", list(two, one), list(leaf))
	}
	self := s.ca("kubernetes", func(r *request) { r.authorityKeyID = []byte("nobody's") })
	s.ask("an anchor whose authority id is not its own", list(self), list(s.leaf(self)))
}
