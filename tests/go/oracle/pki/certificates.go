package main

import (
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"time"
)

// now is the clock of everything that is made here.
var now = time.Date(2026, time.November, 20, 12, 0, 0, 0, time.UTC)

// Object identifiers (RFC 5280, 4.2.1).
var (
	oidSubjectKeyID     = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidAuthorityKeyID   = asn1.ObjectIdentifier{2, 5, 29, 35}
	oidCommonName       = asn1.ObjectIdentifier{2, 5, 4, 3}
)

// request is a certificate that shall be made. What is left at its zero value is not in it.
type request struct {
	// subject in DER.
	subject []byte
	// issuer in DER; nil for the signer's own name.
	issuer []byte
	serial int64
	// notBefore and notAfter; zero for a day ago and a year from now, ten years for an authority.
	notBefore, notAfter time.Time
	usage               x509.KeyUsage
	extended            []x509.ExtKeyUsage
	names               []string
	addresses           []net.IP
	// authority: with basicConstraints that say so; limited: with at most pathLen authorities below.
	authority, limited bool
	pathLen            int
	// notAuthority: with basicConstraints that deny it.
	notAuthority bool
	// keyID of its own key, authorityKeyID of its signer's.
	keyID, authorityKeyID []byte
	// more extensions, as they shall be.
	more []pkix.Extension
	// algorithm of the signature; zero for the signer's usual one.
	algorithm x509.SignatureAlgorithm
}

// entity is a certificate and its key.
type entity struct {
	*x509.Certificate
	key key
}

// pem is the certificate.
func (e entity) pem() string { return block("CERTIFICATE", e.Raw) }

// sign makes a certificate for the key; signer nil for one that signs itself.
//
// Go's template for authorities always has a key identifier, and copies the signer's into what it signs: both are
// written here by hand, so that they can be left out and be wrong.
func sign(wanted request, own key, signer *entity) entity {
	template := &x509.Certificate{
		RawSubject: wanted.subject, SerialNumber: big.NewInt(wanted.serial), KeyUsage: wanted.usage,
		ExtKeyUsage: wanted.extended, DNSNames: wanted.names, IPAddresses: wanted.addresses,
		NotBefore: wanted.notBefore, NotAfter: wanted.notAfter,
		SignatureAlgorithm: wanted.algorithm,
	}
	if template.NotBefore.IsZero() {
		template.NotBefore = now.AddDate(0, 0, -1)
	}
	if template.NotAfter.IsZero() {
		years := 1
		if wanted.authority {
			years = 10
		}
		template.NotAfter = now.AddDate(years, 0, 0)
	}
	if wanted.authority || wanted.notAuthority {
		template.ExtraExtensions = append(template.ExtraExtensions, basicConstraints(wanted))
	}
	if wanted.keyID != nil {
		template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: oidSubjectKeyID, Value: must(asn1.Marshal(wanted.keyID))})
	}
	if wanted.authorityKeyID != nil {
		id := must(asn1.Marshal(struct {
			ID []byte `asn1:"tag:0"`
		}{wanted.authorityKeyID}))
		template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: oidAuthorityKeyID, Value: id})
	}
	template.ExtraExtensions = append(template.ExtraExtensions, wanted.more...)

	parent, signing := template, own
	if signer != nil {
		parent, signing = &x509.Certificate{RawSubject: signer.RawSubject, PublicKey: signer.PublicKey}, signer.key
	}
	if wanted.issuer != nil {
		parent = &x509.Certificate{RawSubject: wanted.issuer, PublicKey: signing.Public()}
	}
	der := must(x509.CreateCertificate(nil, template, parent, own.Public(), signing))
	made, err := x509.ParseCertificate(der)
	if err != nil {
		// Some shall be such that Go cannot read them.
		made = &x509.Certificate{Raw: der, RawSubject: wanted.subject, PublicKey: own.Public(), SubjectKeyId: wanted.keyID}
	}
	return entity{made, own}
}

func basicConstraints(wanted request) pkix.Extension {
	pathLen := -1
	if wanted.limited {
		pathLen = wanted.pathLen
	}
	value := must(asn1.Marshal(struct {
		Authority bool `asn1:"optional"`
		PathLen   int  `asn1:"optional,default:-1"`
	}{wanted.authority, pathLen}))
	return pkix.Extension{Id: oidBasicConstraints, Critical: true, Value: value}
}

// keyID as Go before 1.25, kubeadm and OpenSSL make it: SHA-1 of the key's bits (RFC 5280, 4.2.1.2, method 1).
func keyID(key key) []byte {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Bits      asn1.BitString
	}
	must(asn1.Unmarshal(must(x509.MarshalPKIXPublicKey(key.Public())), &info))
	sum := sha1.Sum(info.Bits.Bytes)
	return sum[:]
}

// named is a subject with groups and a common name, as kubeadm's.
func named(commonName string, groups ...string) []byte {
	return must(asn1.Marshal(pkix.Name{CommonName: commonName, Organization: groups}.ToRDNSequence()))
}

// namedUTF8 is a subject with a common name only, in the string type that OpenSSL's command line takes.
func namedUTF8(commonName string) []byte {
	value := asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(commonName)}
	return must(asn1.Marshal(pkix.RDNSequence{{{Type: oidCommonName, Value: value}}}))
}
