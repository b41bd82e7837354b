"""What StarlingX' conductor and API make of a new root CA, written from the facts and not from Airlock's code.

    sysinv.py upload FILE     takes the one-file PEM apart as kube-rootca-update-upload-cert does
    sysinv.py subject         a line of JSON for each subject, as a JSON string, on standard input
    sysinv.py expiry          likewise for [date, now]; now in seconds since 1970, UTC

Rules: starlingx/config, sysinv/api/controllers/v1/kube_rootca_update.py (`get_subject`, `_calculate_duration`) and
sysinv/conductor/manager.py (`save_kubernetes_rootca_cert`): the first certificate of the file, a private key in PKCS#8 or
PKCS#1, valid now, for 24 hours in all and 24 hours from now, basicConstraints with CA:TRUE.
"""

import datetime
import json
import re
import sys

from cryptography import x509
from cryptography.hazmat.backends import default_backend
from cryptography.hazmat.primitives import serialization

UTC = datetime.timezone.utc
CERTIFICATE = rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----"
KEY = rb"-----BEGIN (?:RSA )?PRIVATE KEY-----.*?-----END (?:RSA )?PRIVATE KEY-----"


def moment(certificate, name):
    """UTC, whichever release of the library is there."""
    aware = getattr(certificate, f"{name}_utc", None)
    return aware or getattr(certificate, name).replace(tzinfo=UTC)


def upload(pem, now):
    """The first certificate and the key of a file, or why it is refused."""
    certificate = re.search(CERTIFICATE, pem, re.DOTALL)
    key = re.search(KEY, pem, re.DOTALL)
    if not certificate or not key:
        return {"error": "a certificate or a private key is missing"}
    certificate = x509.load_pem_x509_certificate(certificate.group(), default_backend())
    key = serialization.load_pem_private_key(key.group(), password=None, backend=default_backend())
    start, end = moment(certificate, "not_valid_before"), moment(certificate, "not_valid_after")
    day = datetime.timedelta(hours=24)
    if not start <= now <= end:
        return {"error": "not valid now"}
    if end - start < day or end - now < day:
        return {"error": "valid for less than 24 hours"}
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return {"error": "no basicConstraints"}
    if not constraints.value.ca:
        return {"error": "not a CA"}
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    pair = [
        public.public_bytes(serialization.Encoding.DER, spki)
        for public in (certificate.public_key(), key.public_key())
    ]
    return {
        "error": "",
        "subject": [[attribute.oid.dotted_string, attribute.value] for attribute in certificate.subject],
        "issuer": certificate.issuer == certificate.subject,
        "notAfter": int(end.timestamp()),
        "matches": pair[0] == pair[1],
        "pem": certificate.public_bytes(serialization.Encoding.PEM).decode(),
    }


def subject(text):
    """The parameters of a subject, or why it is refused."""
    supported = ["C", "OU", "O", "ST", "CN", "L"]
    found = {}
    for pair in re.findall(r"([^=]+=[^=]+)(?:\s|$)", text):
        key, value = pair.split("=")
        found[key] = value
    if not all(key in supported for key in found):
        return {"error": "not supported"}
    if "CN" not in found:
        return {"error": "no CN"}
    return {"error": "", "subject": found}


def expiry(text, now):
    """The hours that a CA lives, or why its end is refused."""
    try:
        date = datetime.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return {"error": "no date"}
    hours = (date - now).days * 24 + 24
    return {"error": "too soon"} if hours <= 24 else {"error": "", "hours": hours}


def main():
    verb, *rest = sys.argv[1:]
    at = lambda seconds: datetime.datetime.fromtimestamp(seconds, UTC)
    if verb == "upload":
        with open(rest[0], "rb") as file:
            print(json.dumps(upload(file.read(), at(int(rest[1])))))
        return
    for line in sys.stdin:
        value = json.loads(line)
        print(json.dumps(subject(value) if verb == "subject" else expiry(value[0], at(value[1]))))


main()
