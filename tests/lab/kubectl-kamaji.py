"""A kubectl for a management cluster with one tenant, and what Kamaji's operator does there between two calls.

Usage: kubectl-kamaji.py FOLDER ARGUMENTS…

FOLDER holds `state.json`: the Secrets, the Deployment's template and its Pods. `KAMAJI_RELEASE` says what the operator does
when the CA changes (clastix/kamaji, internal/resources/konnectivity): before 25.10 it keeps konnectivity's Secrets as long as
they are there (certificate_resource.go and kubeconfig_resource.go of 1.0.0 compare their checksum with its status alone).
It creates every Secret again that is missing, and rolls the Deployment out when a Secret changes whose sum is a label of the
Pods (internal/builders/controlplane/deployment.go, deploymentTemplateLabels). Certificates are made by OpenSSL.

KAMAJI_FAULT=dead: the operator does not run. KAMAJI_FAULT=no-operator: nor is there a Lease or a Pod of it.
KAMAJI_FAULT=stuck: it runs and does nothing. KAMAJI_FAULT=no-lease: it runs without leader election. KAMAJI_FAULT=other-ca: it issues certificates of another CA. KAMAJI_FAULT=short:
certificates that end earlier than the ones before. KAMAJI_FAULT=lost-N: the N-th call that changes something does it, and
its answer is lost.
"""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time

folder, arguments = sys.argv[1], sys.argv[2:]
fault = os.environ.get("KAMAJI_FAULT", "")
keeps = os.environ.get("KAMAJI_RELEASE", "26.8.2-edge") in ("v1.0.0",)
TENANT, NAMESPACE = "alpha", "tenants"

# Component: keys of its data, the CA that signs, the subject; `summed` where its sum is a label of the Pods.
X509 = {
    "api-server-certificate": ("apiserver", "ca", "/CN=kube-apiserver", True),
    "api-server-kubelet-client-certificate": ("apiserver-kubelet-client", "ca", "/CN=kube-apiserver-kubelet-client", True),
    "front-proxy-client-certificate": ("front-proxy-client", "front-proxy-ca-certificate", "/CN=front-proxy-client", True),
    "konnectivity-certificate": ("tls", "ca", "/O=system:masters/CN=system:konnectivity-server", False),
    "datastore-certificate": ("server", "datastore", "/O=system:masters/CN=alpha", True),
}
KUBECONFIGS = {
    "admin-kubeconfig": (["admin.conf", "admin.svc", "super-admin.conf", "super-admin.svc"], False),
    "controller-manager-kubeconfig": (["controller-manager.conf"], True),
    "konnectivity-kubeconfig": (["konnectivity-server.conf"], False),
    "scheduler-kubeconfig": (["scheduler.conf"], True),
}
EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
AUTHORITIES = {"ca": "ca", "front-proxy-ca-certificate": "front-proxy-ca"}


def openssl(*options, stdin=b""):
    return subprocess.run(["openssl", *options], input=stdin, check=True, capture_output=True).stdout


def load():
    with open(os.path.join(folder, "state.json"), encoding="utf-8") as file:
        return json.load(file)


def store():
    with open(os.path.join(folder, "state.json"), "w", encoding="utf-8") as file:
        json.dump(state, file)


def tick():
    state["clock"] += 1
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(state["clock"]))


def refuse(message, reason=""):
    print(f"Error from server{reason and f' ({reason})'}: {message}", file=sys.stderr)
    sys.exit(1)


def encode(content):
    return base64.b64encode(content).decode()


def put(component, data, kind=None):
    label = {"x509": X509, "kubeconfig": KUBECONFIGS}
    lifecycle = next((name for name, all in label.items() if component in all), None)
    name = f"{TENANT}-{component}"
    present = state["secrets"].get(name)
    labels = {"kamaji.clastix.io/name": TENANT, "kamaji.clastix.io/component": component}
    if lifecycle:
        labels["kamaji.clastix.io/certificate_lifecycle_controller"] = lifecycle
    metadata = present["metadata"] if present else {"uid": f"uid-{state['clock']}-{name}", "creationTimestamp": tick()}
    metadata.update(name=name, labels=labels, resourceVersion=str(state["clock"]), managedFields=[{"manager": kind or "kamaji"}])
    state["secrets"][name] = {"metadata": metadata, "data": data}


def issue(component, subject, authority):
    """A pair in PEM, of the first certificate in the authority's Secret."""
    base = AUTHORITIES.get(authority)
    with tempfile.TemporaryDirectory() as scratch:
        at = lambda name: os.path.join(scratch, name)
        if fault != "other-ca" and authority == "datastore":
            held = state["datastore"]
            for end in ("crt", "key"):
                with open(at(end), "w", encoding="ascii") as file:
                    file.write(held[end])
        elif fault != "other-ca":
            held = state["secrets"][f"{TENANT}-{authority}"]["data"]
            for end in ("crt", "key"):
                with open(at(end), "wb") as file:
                    file.write(base64.b64decode(held[f"{base}.{end}"]))
        else:
            openssl("req", "-x509", *EC, "-nodes", "-subj", "/CN=another", "-days", "3650",
                    "-keyout", at("key"), "-out", at("crt"))
        openssl("req", "-new", *EC, "-nodes", "-subj", subject, "-keyout", at("leaf.key"), "-out", at("leaf.csr"))
        # Later than any of the fixtures', whatever the time is; these live for ten years (internal/crypto/crypto.go).
        lives_long = component in ("konnectivity-certificate", "datastore-certificate")
        until = state["until"] + (9 * 365 * 86400 if lives_long else 0)
        days = 1 if fault == "short" else (until - int(time.time())) // 86400 + 2
        openssl("x509", "-req", "-in", at("leaf.csr"), "-CA", at("crt"), "-CAkey", at("key"), "-set_serial", str(state["clock"]),
                "-days", str(days), "-out", at("leaf.crt"))
        with open(at("leaf.crt"), "rb") as certificate, open(at("leaf.key"), "rb") as key:
            return certificate.read(), key.read()


def create(component):
    ca = state["secrets"][f"{TENANT}-ca"]["data"]["ca.crt"]
    if component in X509:
        base, authority, subject, _ = X509[component]
        certificate, key = issue(component, subject, authority)
        data = {f"{base}.crt": encode(certificate), f"{base}.key": encode(key)}
        if authority == "datastore":
            data["ca.crt"] = encode(state["datastore"]["crt"].encode())
    else:
        pair = None
        if component == "konnectivity-kubeconfig":
            held = state["secrets"][f"{TENANT}-konnectivity-certificate"]["data"]
            pair = held["tls.crt"], held["tls.key"]
        pair = pair or [encode(one) for one in issue(component, f"/CN={component}", "ca")]
        # kubeadm writes the first certificate of the file alone.
        first = base64.b64decode(ca).split(b"-----END CERTIFICATE-----")[0] + b"-----END CERTIFICATE-----\n"
        text = (
            f"apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {encode(first)}\n    server: https://localhost:6443\n"
            f"  name: kubernetes\nkind: Config\nusers:\n- name: user\n  user:\n    client-certificate-data: {pair[0]}\n"
            f"    client-key-data: {pair[1]}\n"
        )
        data = {key: encode(text.encode()) for key in KUBECONFIGS[component][0]}
    put(component, data)
    state["of"][component] = ca


def reconcile():
    if fault in ("dead", "no-operator", "stuck") or state["paused"]:
        return
    ca = state["secrets"][f"{TENANT}-ca"]["data"]["ca.crt"]
    for component in [*X509, *KUBECONFIGS]:
        if component not in state["of"]:
            continue
        missing = f"{TENANT}-{component}" not in state["secrets"]
        follows = component != "datastore-certificate" and not (keeps and component.startswith("konnectivity"))
        if missing or (follows and state["of"][component] != ca):
            create(component)
    sums = {}
    for name, secret in state["secrets"].items():
        component = name.removeprefix(f"{TENANT}-")
        summed = component in AUTHORITIES or X509.get(component, (0, 0, 0, False))[3] or KUBECONFIGS.get(component, (0, False))[1]
        if summed:
            data = b"".join(base64.b64decode(secret["data"][key]) for key in sorted(secret["data"]))
            sums[f"component.kamaji.clastix.io/{component}"] = hashlib.md5(data).hexdigest()
    if sums != state["labels"]:
        state["labels"] = sums
        state["generation"] += 1
        state["pods"] = {f"{TENANT}-{state['generation']}-{number}": tick() for number in (1, 2)}


def selected(selector):
    terms = re.findall(r"([\w./-]+)\s*(=|in|notin)\s*(?:\(([^)]*)\)|([^,()]+))", selector)
    def fits(labels):
        for key, operator, many, one in terms:
            values = [value.strip() for value in (many or one).split(",")]
            if (labels.get(key) in values) == (operator == "notin"):
                return False
        return bool(terms)
    return [name for name, secret in sorted(state["secrets"].items()) if fits(secret["metadata"]["labels"])]


def value_of(item, path):
    for part in re.findall(r"\.((?:[^.\\\[]|\\.)+)|\[\*\]", path):
        if isinstance(item, list):
            item = item[0] if item else {}
        item = item.get(part.replace("\\.", "."), "") if part else item
    return item if isinstance(item, str) else json.dumps(item, separators=(",", ":")) if item != "" else ""


def jsonpath(template, item):
    ranged = re.fullmatch(r"(.*)\{range (\.[\w.]+)\[\*\]\}(.*)\{end\}(.*)", template)
    if ranged:
        before, path, inner, after = ranged.groups()
        items = item
        for part in path.strip(".").split("."):
            items = items.get(part, [])
        return before + "".join(jsonpath(inner, one) for one in items) + after
    out = lambda match: json.loads(match[1]) if match[1].startswith('"') else str(value_of(item, match[1]))
    return re.sub(r"\{([^}]*)\}", out, template)


def changed(words):
    state["changes"] += 1
    reconcile()
    store()
    if fault == f"lost-{state['changes']}":
        refuse("the connection was lost")
    print(words)


with open(os.path.join(folder, "calls"), "a", encoding="utf-8") as calls:
    calls.write(" ".join(arguments) + "\n")
state = load()
if "clock" not in state:
    state.update(clock=int(time.time()), generation=1, changes=0, labels={}, pods={})
    ca = state["secrets"][f"{TENANT}-ca"]["data"]["ca.crt"]
    names = [name.removeprefix(f"{TENANT}-") for name in state["secrets"]]
    state["of"] = {name: ca for name in names if name in X509 or name in KUBECONFIGS}
reconcile()
store()
namespace = ""
arguments = [argument for argument in arguments if not argument.startswith("--request-timeout=")]
if arguments[:1] == ["-n"]:
    namespace, arguments = arguments[1], arguments[2:]
verb = arguments[0]
if verb == "auth":
    print("yes")
elif verb == "get" and arguments[1] == "secret":
    name, form = arguments[2], arguments[arguments.index("-o") + 1]
    if name not in state["secrets"] or namespace != NAMESPACE:
        refuse(f'secrets "{name}" not found', "NotFound")
    secret = state["secrets"][name]
    if form.startswith("go-template="):
        print("<" + "".join(secret["data"][key] + "\n" for key in sorted(secret["data"])) + ">", end="")
    else:
        print(jsonpath(form.removeprefix("jsonpath="), secret), end="")
elif verb == "get" and arguments[1] == "leases.coordination.k8s.io":
    if fault != "dead":
        state["renewed"] = state.get("renewed", 0) + 1
        store()
    if fault in ("no-lease", "no-operator"):
        print("<>", end="")
    else:
        print(f"<kamaji-system|kamaji-1|2026-11-22T00:00:00.{state.get('renewed', 0):06}Z\n>", end="")
elif verb == "get" and "-A" in arguments:
    ready = "" if fault == "no-operator" else "docker.io/clastix/kamaji:26.8.2-edge |True\n"
    print(f"<docker.io/clastix/kamaji-etcd:1.0.0 |True\ndocker.io/clastix/kamaji:26.8.2-edge |False\n{ready}>", end="")
elif verb == "get":
    form = arguments[arguments.index("-o") + 1].removeprefix("jsonpath=")
    count = len(state["pods"])
    deployment = {
        "metadata": {"name": TENANT, "generation": str(state["generation"])},
        "spec": {"replicas": str(count), "template": {"metadata": {"labels": state["labels"]}}},
        "status": {"observedGeneration": str(state["generation"]), "updatedReplicas": str(count), "replicas": str(count), "availableReplicas": str(count)},
    }
    pods = {"items": [{"metadata": {"name": name, "creationTimestamp": created}} for name, created in state["pods"].items()]}
    annotations = {"kamaji.clastix.io/paused": ""} if state["paused"] else {}
    tenant = {"metadata": {"name": TENANT, "annotations": annotations}}
    of = {"deployment": deployment, "pods": pods, "tenantcontrolplanes.kamaji.clastix.io": tenant}
    print(jsonpath(form, of[arguments[1]]), end="")
elif verb == "delete":
    names = selected(arguments[arguments.index("-l") + 1]) if "-l" in arguments else [arguments[2]]
    for name in names:
        state["secrets"].pop(name, None)
    changed("\n".join(f'secret "{name}" deleted' for name in names))
elif verb == "apply":
    with open(arguments[arguments.index("-f") + 1], encoding="utf-8") as file:
        text = file.read()
    name = re.search(r"^  name: (\S+)$", text, re.M).group(1)
    block = re.search(r"^data:\n((?:  .*\n)+)", text, re.M).group(1)
    put(name.removeprefix(f"{TENANT}-"), dict(re.findall(r"^  ([\w.-]+): (\S+)$", block, re.M)), "airlock")
    changed(f"secret/{name} serverside-applied")
else:
    refuse(f"unknown command {verb} {arguments}")
