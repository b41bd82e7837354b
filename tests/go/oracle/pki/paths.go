package main

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
)

// paths from a leaf to an anchor that are longer, or not what they seem.
func (s *scene) paths() {
	root := s.ca("root")
	one := s.below(&root, "one")
	two := s.below(&one, "two")
	leaf := s.leaf(two)
	stranger := s.ca("stranger")
	s.ask("two intermediates", list(root), list(leaf, one, two))
	s.ask("two intermediates, the other way round", list(root), list(leaf, two, one))
	s.ask("two intermediates and the root", list(root), list(leaf, two, one, root))
	s.ask("two intermediates and a stranger", list(root), list(leaf, stranger, two, one))
	s.ask("an intermediate is missing", list(root), list(leaf, two))
	s.ask("both intermediates are missing", list(root), list(leaf))
	s.ask("the missing intermediate is trusted as well", list(root, one), list(leaf, two))
	s.ask("both missing intermediates are trusted as well", list(root, two, one), list(leaf))
	s.ask("an intermediate is the only anchor", list(one), list(leaf, two))
	s.ask("the last intermediate is the only anchor", list(two), list(leaf))
	s.ask("the last intermediate is the only anchor, the rest is presented", list(two), list(leaf, two, one, root))
	s.ask("an intermediate is an anchor, the root is presented", list(one), list(leaf, two, one, root))
	s.ask("an intermediate is an anchor beside a stranger", list(stranger, one), list(leaf, two))

	for most := range 3 {
		limit := s.ca("root", limited(most))
		below := s.below(&limit, "one")
		lower := s.below(&below, "two")
		s.ask(fmt.Sprintf("pathlen:%d, no intermediate", most), list(limit), list(s.leaf(limit)))
		s.ask(fmt.Sprintf("pathlen:%d, one intermediate", most), list(limit), list(s.leaf(below), below))
		s.ask(fmt.Sprintf("pathlen:%d, two intermediates", most), list(limit), list(s.leaf(lower), lower, below))
		middle := s.below(&root, "one", limited(most))
		lower = s.below(&middle, "two")
		s.ask(fmt.Sprintf("an intermediate with pathlen:%d above another", most), list(root), list(s.leaf(lower), lower, middle))
		s.ask(fmt.Sprintf("an intermediate with pathlen:%d", most), list(root), list(s.leaf(middle), middle))
		// Of one name with its signer: RFC 5280 does not count it.
		namesake := s.below(&limit, "root")
		s.ask(fmt.Sprintf("pathlen:%d, a self-issued intermediate", most), list(limit), list(s.leaf(namesake), namesake))
	}
	for _, length := range []int{4, 5, 6, 9} {
		chain := []entity{}
		signer := root
		for i := range length {
			signer = s.below(&signer, fmt.Sprintf("number %d", i))
			chain = append([]entity{signer}, chain...)
		}
		s.ask(fmt.Sprintf("%d intermediates", length), list(root), append(list(s.leaf(signer)), chain...))
	}

	// One authority certified twice: by itself, and by another.
	own := s.key()
	certified := func(signer *entity) entity {
		wanted := request{subject: named("new"), serial: 5, authority: true, usage: x509.KeyUsageCertSign, keyID: keyID(own)}
		if signer != nil {
			wanted.authorityKeyID = signer.SubjectKeyId
		}
		return sign(wanted, own, signer)
	}
	new, cross := certified(nil), certified(&root)
	leaf = s.leaf(new)
	s.ask("cross-signed, the old trusted", list(root), list(leaf, cross))
	s.ask("cross-signed, the new trusted", list(new), list(leaf, cross))
	s.ask("cross-signed, the cross-certificate trusted", list(cross), list(leaf))
	s.ask("cross-signed, the cross-certificate and the old trusted", list(cross, root), list(leaf))
	s.ask("cross-signed, the cross-certificate in front of the new", list(cross, new), list(leaf))
	s.ask("cross-signed, the cross-certificate behind the new", list(new, cross), list(leaf))
	s.ask("cross-signed, old and new trusted", list(root, new), list(leaf, cross))
	s.ask("cross-signed, the old trusted, the new presented in front", list(root), list(leaf, new, cross))
	s.ask("cross-signed, the old trusted, the new presented behind", list(root), list(leaf, cross, new))

	// Two intermediates of one name, and only one has signed.
	for name, change := range sorted(map[string]func(*request){"with ids": func(*request) {}, "without ids": noKeyIDs}) {
		right, wrong := s.below(&root, "twin", change), s.below(&root, "twin", change)
		leaf := s.leaf(right, func(r *request) { r.authorityKeyID = right.SubjectKeyId })
		s.ask("twin intermediates "+name+", the right one first", list(root), list(leaf, right, wrong))
		s.ask("twin intermediates "+name+", the right one last", list(root), list(leaf, wrong, right))
		anchor := s.ca("twin", change)
		s.ask("a twin of the intermediate is an anchor, "+name, list(anchor, root), list(leaf, right))
		s.ask("a twin of the intermediate is an anchor behind, "+name, list(root, anchor), list(leaf, right))
		anchored := s.leaf(anchor, func(r *request) { r.authorityKeyID = anchor.SubjectKeyId })
		s.ask("a twin of the anchor is presented, "+name, list(anchor, root), list(anchored, wrong))
	}
}

// extensions that a reader may not know, on leaf, anchor and intermediate.
func (s *scene) extensions() {
	null := []byte{5, 0}
	sequence := []byte{0x30, 0}
	id := func(last ...int) asn1.ObjectIdentifier { return append(asn1.ObjectIdentifier{2, 5, 29}, last...) }
	points := must(asn1.Marshal([]struct {
		Point asn1.RawValue `asn1:"tag:0"`
	}{{asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: must(asn1.Marshal(asn1.RawValue{
		Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true,
		Bytes: must(asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte("http://example.com/crl")})),
	}))}}}))
	policies := must(asn1.Marshal([]struct{ ID asn1.ObjectIdentifier }{{asn1.ObjectIdentifier{2, 5, 29, 32, 0}}}))
	access := must(asn1.Marshal([]struct {
		Method   asn1.ObjectIdentifier
		Location asn1.RawValue
	}{{asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1}, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte("http://example.com/ocsp")}}}))
	mail := must(asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 1, Bytes: []byte("a@example.com")}}))
	directory := must(asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: named("someone")}}))
	mapping := must(asn1.Marshal([]struct{ A, B asn1.ObjectIdentifier }{{asn1.ObjectIdentifier{1, 2, 3}, asn1.ObjectIdentifier{1, 2, 4}}}))
	replace := func(change func(*request), more func(*request)) func(*request) {
		return func(r *request) { change(r); more(r) }
	}
	own := must(asn1.Marshal([]byte("key id")))
	authority := must(asn1.Marshal(struct {
		ID []byte `asn1:"tag:0"`
	}{[]byte("key id")}))
	for _, one := range []struct {
		name   string
		change func(*request)
	}{
		{"nobody knows", extension(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 32473, 1}, true, null)},
		{"nobody knows, not critical", extension(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 32473, 1}, false, null)},
		{"subjectKeyIdentifier, critical", replace(func(r *request) { r.keyID = nil }, extension(oidSubjectKeyID, true, own))},
		{"authorityKeyIdentifier, critical", replace(func(r *request) { r.authorityKeyID = nil }, extension(oidAuthorityKeyID, true, authority))},
		{"issuerAltName, critical", extension(id(18), true, mail)},
		{"privateKeyUsagePeriod, critical", extension(id(16), true, sequence)},
		{"cRLDistributionPoints, critical", extension(id(31), true, points)},
		{"certificatePolicies, critical", extension(id(32), true, policies)},
		{"policyMappings, critical", extension(id(33), true, mapping)},
		{"inhibitAnyPolicy, critical", extension(id(54), true, must(asn1.Marshal(3)))},
		{"freshestCRL, critical", extension(id(46), true, points)},
		{"authorityInfoAccess, critical", extension(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}, true, access)},
		{"authorityInfoAccess", extension(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}, false, access)},
		{"subjectAltName with a mail address, critical", replace(noSAN, extension(id(17), true, mail))},
		{"subjectAltName with a directory name, critical", replace(noSAN, extension(id(17), true, directory))},
		{"netscape-cert-type for clients", extension(asn1.ObjectIdentifier{2, 16, 840, 1, 113730, 1, 1}, false, []byte{3, 2, 7, 0x80})},
		{"netscape-cert-type for servers", extension(asn1.ObjectIdentifier{2, 16, 840, 1, 113730, 1, 1}, false, []byte{3, 2, 6, 0x40})},
		{"netscape-cert-type, critical", extension(asn1.ObjectIdentifier{2, 16, 840, 1, 113730, 1, 1}, true, []byte{3, 2, 6, 0xc0})},
		{"extendedKeyUsage, critical", replace(extended(), extension(id(37), true, must(asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 1}, {1, 3, 6, 1, 5, 5, 7, 3, 2}}))))},
		{"of a TLS feature", extension(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}, false, must(asn1.Marshal([]int{5})))},
	} {
		root := s.ca("kubernetes")
		s.ask("on the leaf an extension "+one.name, list(root), list(s.leaf(root, one.change)))
		anchor := s.ca("kubernetes", one.change)
		s.ask("on the anchor an extension "+one.name, list(anchor), list(s.leaf(anchor)))
		below := s.below(&root, "below", one.change)
		s.ask("on the intermediate an extension "+one.name, list(root), list(s.leaf(below), below))
	}
}
