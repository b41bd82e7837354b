package main

import "crypto/x509"

// request is the rotation to ask for, in the words of Airlock's `RotationRequest`; adds what is brought along.
func (b *builder) request(old entity) map[string]any {
	cluster := map[string]any{}
	switch b.successor {
	case "made":
		// Old and new keys of another kind meet, and sometimes keys are kept.
		if b.number%4 == 1 {
			cluster["keyAlgorithm"] = p256
		}
	case "made-named":
		cluster["commonName"] = "Büro – Kubernetes 2"
	default:
		b.bring(old)
		cluster["brought"] = map[string]string{"certificate": b.name + "/brought/ca.crt", "key": b.name + "/brought/ca.key"}
	}
	made := map[string]any{"authorities": map[string]any{"cluster": cluster}}
	if b.number%11 == 2 {
		made["keepKeys"] = true
	}
	if b.number%13 == 4 {
		made["kubeletCertificates"] = "mint"
	}
	return made
}

// bring makes the authority that takes over, elsewhere.
func (b *builder) bring(old entity) {
	chosen := b.authorityKind()
	if b.number%4 == 2 {
		// Some are of another kind than the old one.
		chosen = map[bool]kind{true: p384, false: rsa2048}[chosen == rsa2048]
	}
	own := keyOf(chosen, successorKey)
	wanted := request{
		subject: named("kubernetes 2026"), serial: 0x2026, authority: true, limited: b.number%2 == 1,
		usage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign, keyID: keyID(own),
	}
	switch b.successor {
	case "brought-same-name":
		wanted.subject = old.RawSubject
	case "brought-utf8-name":
		wanted.subject = namedUTF8(old.Subject.CommonName)
	}
	if b.successor != "brought-intermediate" {
		made := sign(wanted, own, nil)
		b.add("brought/ca.crt", made.pem())
		b.add("brought/ca.key", own.pem())
		return
	}
	rootKey := keyOf(chosen, enterpriseKey)
	root := sign(request{
		subject: named("Enterprise Root", "Example"), serial: 1, authority: true, usage: x509.KeyUsageCertSign, keyID: keyID(rootKey),
	}, rootKey, nil)
	wanted.authorityKeyID = root.SubjectKeyId
	made := sign(wanted, own, &root)
	text := made.pem()
	if b.number%2 == 0 {
		text += root.pem()
	}
	b.add("brought/ca.crt", text)
	b.add("brought/ca.key", own.pem())
}
