#!/bin/sh
# Creates all files in this folder with OpenSSL 3.0. Usage:  sh make.sh
# The private keys are published test keys and protect nothing.
# certificates.tsv and keys.tsv contain the values that the tests expect, as reported by OpenSSL.
set -eu
cd "$(dirname "$0")"
rm -f ./*.crt ./*.key ./*.der ./*.tsv
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
days=36500

# --- private keys in every encoding -----------------------------------------------------------------------------
openssl genrsa -traditional -out rsa2048-pkcs1.key 2048
openssl pkcs8 -topk8 -nocrypt -in rsa2048-pkcs1.key -out rsa2048-pkcs8.key
openssl genrsa -traditional -out rsa1024.key 1024
openssl genrsa -traditional -out rsa512.key 512
openssl genrsa -traditional -primes 3 -out rsa2048-three-primes.key 2048
for curve in prime256v1 secp384r1 secp521r1 secp256k1; do
    openssl ecparam -name $curve -genkey -noout -out $curve-sec1.key
    openssl pkcs8 -topk8 -nocrypt -in $curve-sec1.key -out $curve-pkcs8.key
done
for curve in prime256v1 secp384r1; do
    openssl ec -in $curve-sec1.key -no_public -out $curve-sec1-no-public.key
    openssl ec -in $curve-sec1.key -no_public | openssl pkcs8 -topk8 -nocrypt -out $curve-pkcs8-no-public.key
    # Neither public key nor curve: only version and octets.
    scalar=$(openssl ec -in $curve-sec1.key -outform der | openssl asn1parse -inform der |
        sed -n 's/.*\[HEX DUMP\]://p' | head -n 1)
    printf 'asn1=SEQUENCE:key\n[key]\nversion=INTEGER:1\nkey=FORMAT:HEX,OCTETSTRING:%s\n' "$scalar" >"$work/bare.cnf"
    openssl asn1parse -genconf "$work/bare.cnf" -noout -out "$work/bare.der"
    { echo '-----BEGIN EC PRIVATE KEY-----'; openssl base64 -in "$work/bare.der"; echo '-----END EC PRIVATE KEY-----'; } \
        >$curve-sec1-bare.key
done
openssl ec -in prime256v1-sec1.key -param_enc explicit | openssl pkcs8 -topk8 -nocrypt -out prime256v1-explicit.key
openssl genpkey -algorithm ed25519 -out ed25519.key
openssl genpkey -algorithm ed448 -out ed448.key
openssl genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:2048 -out rsa2048-pss.key
openssl pkcs8 -topk8 -in prime256v1-sec1.key -passout pass:secret -out encrypted-pkcs8.key
openssl ec -in prime256v1-sec1.key -aes256 -passout pass:secret -out encrypted-sec1.key

# --- certificates --------------------------------------------------------------------------------------------------
cat >"$work/ca.cnf" <<'CNF'
[req]
distinguished_name = dn
prompt = no
[dn]
CN = kubernetes
[capi]
keyUsage = critical, digitalSignature, keyEncipherment, keyCertSign
basicConstraints = critical, CA:TRUE, pathlen:0
subjectKeyIdentifier = hash
[ca]
keyUsage = critical, digitalSignature, keyEncipherment, keyCertSign
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
subjectAltName = DNS:kubernetes
[no-ski]
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = none
authorityKeyIdentifier = none
[no-sign]
keyUsage = critical, digitalSignature
basicConstraints = critical, CA:TRUE
[full-aki]
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = clientAuth
authorityKeyIdentifier = keyid:always, issuer:always
[leaf]
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth
basicConstraints = critical, CA:FALSE
authorityKeyIdentifier = keyid
subjectAltName = DNS:kubernetes, DNS:*.example.org, IP:10.96.0.1, IP:fd00::1
[v1]
CNF
ca() { # file key section serial [options]
    file=$1 key=$2 section=$3 serial=$4
    shift 4
    openssl req -x509 -config "$work/ca.cnf" -extensions "$section" -key "$key" -set_serial "$serial" \
        -days $days "$@" -out "$file"
}
# Cluster API's three: one name, one serial number, three keys.
openssl ecparam -name prime256v1 -genkey -noout -out capi-etcd.key
openssl ecparam -name prime256v1 -genkey -noout -out capi-proxy.key
ca capi-cluster.crt prime256v1-sec1.key capi 0
ca capi-etcd.crt capi-etcd.key capi 0
ca capi-proxy.crt capi-proxy.key capi 0

ca ca-rsa.crt rsa2048-pkcs1.key ca 0x1122334455667788
ca ca-p384.crt secp384r1-sec1.key ca 1 -sha384
ca ca-p256-sha512.crt prime256v1-sec1.key ca 2 -sha512
ca ca-ed25519.crt ed25519.key ca 3
ca ca-p521.crt secp521r1-sec1.key ca 4
ca ca-secp256k1.crt secp256k1-sec1.key ca 5
ca ca-ed448.crt ed448.key ca 6
ca ca-no-ski.crt capi-proxy.key no-ski 7
ca ca-no-sign.crt capi-proxy.key no-sign 8
ca ca-sha1.crt rsa2048-pkcs1.key ca 9 -sha1
ca ca-sha384.crt rsa2048-pkcs1.key ca 10 -sha384
ca ca-sha512.crt rsa2048-pkcs1.key ca 11 -sha512
ca ca-md5.crt rsa2048-pkcs1.key ca 12 -md5
ca ca-pss.crt rsa2048-pkcs1.key ca 13 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest
ca ca-pss-salt.crt rsa2048-pkcs1.key ca 14 -sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20
ca ca-pss-key.crt rsa2048-pss.key ca 15
ca ca-rsa1024.crt rsa1024.key ca 16
ca ca-rsa512.crt rsa512.key ca 17
ca ca-p256-sha1.crt prime256v1-sec1.key ca 18 -sha1
openssl x509 -in ca-rsa.crt -signkey rsa2048-pkcs1.key -clrext -days $days -out ca-no-extensions.crt
ca serial-negative.crt prime256v1-sec1.key ca -5
ca serial-long.crt prime256v1-sec1.key ca 0x80112233445566778899aabbccddeeff00112233445566778899
# Generating this key takes minutes. An existing one can be passed in; the key is not kept.
[ -n "${RSA16384:-}" ] || openssl genrsa -out "${RSA16384:=$work/rsa16384.key}" 16384
ca ca-rsa16384.crt "$RSA16384" ca 19

leaf() { # file key config section subject-config [options]
    file=$1 key=$2 section=$3 config=$4
    shift 4
    openssl req -new -utf8 -config "$config" -key "$key" -out "$work/leaf.csr"
    openssl x509 -req -in "$work/leaf.csr" -extfile "$config" -extensions "$section" -days $days "$@" -out "$file" 2>/dev/null
}
leaf leaf-full-aki.crt prime256v1-sec1.key full-aki "$work/ca.cnf" -CA ca-rsa.crt -CAkey rsa2048-pkcs1.key -set_serial 20
leaf leaf-by-etcd.crt prime256v1-sec1.key leaf "$work/ca.cnf" -CA capi-etcd.crt -CAkey capi-etcd.key -set_serial 21

# Names and extensions that a careless copy changes. The first string mask chooses PrintableString, T61String or
# BMPString by the characters of each value, the second PrintableString or UTF8String.
odd() { # string mask
    cat <<CNF
[req]
distinguished_name = dn
prompt = no
string_mask = $1
[dn]
0.C = DE
1.O = system:masters
2.O = second_group
3.OU = a, b+c
4.+OU = "d;e"
5.CN = one\\ntwo
6.emailAddress = who@example.org
7.DC = example
8.L = ünïcode
9.ST = 北京
10.CN = system:node:n1
[odd]
subjectAltName = critical, DNS:a.example.org, email:who@example.org, URI:spiffe://example.org/x, IP:192.0.2.1, RID:1.2.3.4, otherName:1.3.6.1.4.1.311.20.2.3;UTF8:who, dirName:dir
subjectKeyIdentifier = 0102030405
keyUsage = digitalSignature, nonRepudiation, dataEncipherment, keyAgreement, cRLSign, decipherOnly
extendedKeyUsage = critical, clientAuth, codeSigning, 2.25.329800735698586629295641978511506172918
authorityKeyIdentifier = keyid
1.2.3.4.5.6 = critical, DER:0c0161
certificatePolicies = 1.2.3.4, 1.3.6.1.4.1.99999.1
1.2.3.4.5.7 = ASN1:SEQUENCE:dir
[dir]
CN = IA5:inside
CNF
}
odd default >"$work/odd.cnf"
leaf leaf-odd.crt secp384r1-sec1.key odd "$work/odd.cnf" -CA ca-rsa.crt -CAkey rsa2048-pkcs1.key -set_serial 0xff
odd MASK:0x2002 | sed 's/^\[odd\]/&\n2.25.329800735698586629295641978511506172918 = DER:0500/' >"$work/odd.cnf"
leaf leaf-odd-utf8.crt secp384r1-sec1.key odd "$work/odd.cnf" -CA ca-rsa.crt -CAkey rsa2048-pkcs1.key -set_serial 22
sed -i '/^\(2.25\|subjectAltName\)/d; s/^\(extendedKeyUsage.*\), 2.25.*/\1/' "$work/odd.cnf"
leaf leaf-odd-plain.crt secp384r1-sec1.key odd "$work/odd.cnf" -CA ca-rsa.crt -CAkey rsa2048-pkcs1.key -set_serial 23
printf '[req]\ndistinguished_name=dn\nprompt=no\n[dn]\n[san]\nsubjectAltName=critical,DNS:only.example.org\n' >"$work/empty.cnf"
openssl req -new -config "$work/ca.cnf" -subj / -key prime256v1-sec1.key -out "$work/empty.csr"
openssl x509 -req -in "$work/empty.csr" -extfile "$work/empty.cnf" -extensions san -days $days -set_serial 24 \
    -CA ca-rsa.crt -CAkey rsa2048-pkcs1.key -out leaf-empty-subject.crt

# Dates that only `openssl ca` can write.
touch "$work/index.txt"
cat >"$work/dates.cnf" <<CNF
[ca]
default_ca = d
[d]
database = $work/index.txt
new_certs_dir = $work
default_md = sha256
policy = p
unique_subject = no
rand_serial = yes
[p]
commonName = supplied
CNF
openssl req -new -config "$work/ca.cnf" -key prime256v1-sec1.key -out "$work/dates.csr"
dates() { # file start end
    openssl ca -batch -notext -config "$work/dates.cnf" -selfsign -keyfile prime256v1-sec1.key -in "$work/dates.csr" \
        -startdate "$2" -enddate "$3" -out "$1"
}
dates dates-1950-9999.crt 19500101000000Z 99991231235959Z
dates dates-1969-2049.crt 19691231235959Z 20491231235959Z
dates dates-2050.crt 20500101000000Z 20500101000001Z

# --- OpenSSL's descriptions of them -------------------------------------------------------------------------------
field() { openssl x509 -noout -in "$@" | sed 's/^[^=]*=//'; }
epoch() { TZ=UTC0 date -d "$1" +%s; }
{
    printf '# file\tsubject\tserial\tSHA-256\tpin\tfirst second\tlast second\tsubject key id\tauthority key id\n'
    for file in *.crt; do
        subject=$(openssl x509 -in "$file" -noout -subject -nameopt esc_2253,esc_ctrl,utf8,sep_comma_plus_space,sname)
        pin=$(openssl x509 -in "$file" -noout -pubkey | openssl pkey -pubin -outform der | sha256sum | cut -d ' ' -f 1)
        ski=$(openssl x509 -in "$file" -noout -ext subjectKeyIdentifier 2>/dev/null | sed -n '2s/[ :]//gp')
        aki=$(openssl x509 -in "$file" -noout -ext authorityKeyIdentifier 2>/dev/null | sed -n '2s/.*keyid:\|[ :]//gp')
        printf '%s\t%s\t%s\t%s\tsha256:%s\t%s\t%s\t%s\t%s\n' "$file" "${subject#subject=}" "$(field "$file" -serial)" \
            "$(field "$file" -fingerprint -sha256 | tr -d :)" "$pin" "$(epoch "$(field "$file" -startdate)")" \
            "$(epoch "$(field "$file" -enddate)")" "$ski" "$aki"
    done
} >certificates.tsv
{
    printf '# file\tpin\n'
    for file in *.key; do
        case $file in
            encrypted-*) continue ;;
            *-bare.key) readable=${file%-bare.key}.key ;; # OpenSSL itself wants the curve
            *) readable=$file ;;
        esac
        printf '%s\tsha256:%s\n' "$file" "$(openssl pkey -in "$readable" -pubout -outform der | sha256sum | cut -d ' ' -f 1)"
    done
} >keys.tsv
