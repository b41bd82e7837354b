package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"runtime"
	"sync"
)

// kind is a type of key.
type kind string

const (
	rsa2048 kind = "rsa-2048"
	p256    kind = "ecdsa-p256"
	p384    kind = "ecdsa-p384"
	// For single cases.
	rsa1024 kind = "rsa-1024"
	p521    kind = "ecdsa-p521"
	// ed25519 is the package.
	ed25519Kind kind = "ed25519"
)

// poolSize is how many different keys of each kind there are: RSA keys are dear.
const poolSize = 32

// key signs the same way each time.
type key struct{ crypto.Signer }

// Sign ignores randomness: ECDSA then takes its nonces from key and message (RFC 6979).
func (k key) Sign(_ io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	return k.Signer.Sign(nil, digest, options)
}

// pem is the key as kubeadm writes it: PKCS #1 or SEC 1.
func (k key) pem() string {
	switch signer := k.Signer.(type) {
	case *rsa.PrivateKey:
		return block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(signer))
	case *ecdsa.PrivateKey:
		return block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(signer)))
	case ed25519.PrivateKey:
		return block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(signer)))
	}
	panic("a key of a kind that is not made here")
}

func block(label string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

// pool gives the same keys in every run; each is made when it is first asked for.
var pool = struct {
	sync.Mutex
	made map[string]func() key
}{made: map[string]func() key{}}

// keyOf is the key of that number.
func keyOf(kind kind, number int) key {
	name := fmt.Sprintf("%s %d", kind, number)
	pool.Lock()
	make, known := pool.made[name]
	if !known {
		make = sync.OnceValue(func() key { return newKey(kind, &stream{name: "airlock test key " + name}) })
		pool.made[name] = make
	}
	pool.Unlock()
	return make()
}

// spareKeys is the first line of `pki trees`: keys that no cluster holds, by their algorithm, in PEM.
type spareKeys struct {
	Keys map[kind][]string `json:"keys"`
}

// spare are the keys that a rotation may use: the second half of the pool.
func spare() spareKeys {
	found := spareKeys{map[kind][]string{}}
	for _, kind := range []kind{rsa2048, p256, p384} {
		texts := make([]string, poolSize/2)
		limit := make(chan struct{}, runtime.NumCPU())
		var makers sync.WaitGroup
		for i := range texts {
			makers.Go(func() {
				limit <- struct{}{}
				texts[i] = keyOf(kind, poolSize/2+i).pem()
				<-limit
			})
		}
		makers.Wait()
		found.Keys[kind] = texts
	}
	return found
}

func newKey(kind kind, random *stream) key {
	switch kind {
	case p256:
		return key{must(ecdsa.ParseRawPrivateKey(elliptic.P256(), random.bytes(32)))}
	case p384:
		// The order begins with 32 octets of ones.
		return key{must(ecdsa.ParseRawPrivateKey(elliptic.P384(), append(make([]byte, 1), random.bytes(47)...)))}
	case p521:
		return key{must(ecdsa.ParseRawPrivateKey(elliptic.P521(), append(make([]byte, 1), random.bytes(65)...)))}
	case ed25519Kind:
		return key{ed25519.NewKeyFromSeed(random.bytes(ed25519.SeedSize))}
	case rsa2048:
		return key{newRSA(2048, random)}
	case rsa1024:
		return key{newRSA(1024, random)}
	}
	panic("unknown kind of key " + kind)
}

// newRSA: Go's own generator takes no seed.
func newRSA(bits int, random *stream) *rsa.PrivateKey {
	one, exponent := big.NewInt(1), big.NewInt(65537)
	for {
		p, q := prime(bits/2, random), prime(bits/2, random)
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(exponent, phi)
		if d == nil || p.Cmp(q) == 0 {
			continue
		}
		made := &rsa.PrivateKey{
			PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: int(exponent.Int64())},
			D:         d, Primes: []*big.Int{p, q},
		}
		made.Precompute()
		if err := made.Validate(); err != nil {
			panic(err)
		}
		return made
	}
}

// prime is the first prime from a random place on whose two highest bits are set.
func prime(bits int, random *stream) *big.Int {
	start := new(big.Int).SetBytes(random.bytes(bits / 8))
	start.SetBit(start, bits-1, 1).SetBit(start, bits-2, 1).SetBit(start, 0, 1)
	var remainders []int64
	for _, small := range smallPrimes() {
		remainders = append(remainders, new(big.Int).Mod(start, big.NewInt(small)).Int64())
	}
next:
	for step := int64(0); ; step += 2 {
		for i, small := range smallPrimes() {
			if (remainders[i]+step)%small == 0 {
				continue next
			}
		}
		if candidate := new(big.Int).Add(start, big.NewInt(step)); candidate.ProbablyPrime(1) {
			return candidate
		}
	}
}

// smallPrimes but two, with which most candidates can be ruled out at once.
var smallPrimes = sync.OnceValue(func() []int64 {
	var found []int64
next:
	for candidate := int64(3); candidate < 1<<13; candidate += 2 {
		for _, prime := range found {
			if candidate%prime == 0 {
				continue next
			}
		}
		found = append(found, candidate)
	}
	return found
})

// stream is SHA-256 of a name and a counter, over and over: fine for test keys, and for nothing else.
type stream struct {
	name    string
	counter uint64
}

func (s *stream) bytes(length int) []byte {
	var made []byte
	for len(made) < length {
		s.counter++
		sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(s.name), s.counter))
		made = append(made, sum[:]...)
	}
	return made[:length]
}
