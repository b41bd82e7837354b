"""A kubectl for one namespace of Secrets, with the API server's rules for immutable ones.

Usage: kubectl-immutable.py FOLDER ARGUMENTS…

Secrets are files `<namespace>-<name>` in FOLDER, as YAML with `resourceVersion` in the first line. The rules are those of
kubernetes/kubernetes: pkg/apis/core/validation, ValidateSecretUpdate, and of DeleteOptions.preconditions.
FAULT=conflict changes the Secret after it was read; FAULT=create refuses to create one.
"""

import json
import os
import re
import sys

folder, arguments = sys.argv[1], sys.argv[2:]
fault = os.environ.get("FAULT", "")


def path(namespace, name):
    return os.path.join(folder, f"{namespace}-{name}")


def load(namespace, name):
    try:
        with open(path(namespace, name), encoding="utf-8") as file:
            version, text = file.read().split("\n", 1)
            return int(version), text
    except FileNotFoundError:
        return None, None


def store(namespace, name, version, text):
    with open(path(namespace, name), "w", encoding="utf-8") as file:
        file.write(f"{version}\n{text}")


def refuse(message, reason=""):
    print(f"Error from server{reason and f' ({reason})'}: {message}", file=sys.stderr)
    sys.exit(1)


def data(text):
    return re.findall(r"^  ([\w.-]+\.(?:crt|key)|value): (\S+)$", text, re.M)


with open(os.path.join(folder, "calls"), "a", encoding="utf-8") as calls:
    calls.write(" ".join(arguments) + "\n")

namespace = "default"
arguments = [argument for argument in arguments if not argument.startswith("--request-timeout=")]
if arguments[:1] == ["-n"]:
    namespace, arguments = arguments[1], arguments[2:]
verb = arguments[0]
if verb == "get":
    kind, name = arguments[1:3]
    form = arguments[arguments.index("-o") + 1]
    version, text = load(namespace, name)
    if version is None:
        if "--ignore-not-found" in arguments:
            sys.exit(0)
        refuse(f'secrets "{name}" not found', reason="NotFound")
    if form == "yaml":
        print(text, end="")
        if fault == "conflict":
            store(namespace, name, version + 1, text)
    elif form == "jsonpath={.metadata.resourceVersion}":
        print(version, end="")
    elif "managedFields" in form:
        print("<kubectl >", end="")
    else:
        key = re.fullmatch(r"jsonpath=<\{\.data\.(.*)\}>", form).group(1).replace("\\.", ".")
        print("<" + dict(data(text)).get(key, "") + ">", end="")
elif verb == "auth":
    print("yes")
elif verb == "delete":
    namespace, name = re.fullmatch(
        r"/api/v1/namespaces/([^/]+)/secrets/([^/]+)", arguments[arguments.index("--raw") + 1]
    ).groups()
    with open(arguments[arguments.index("-f") + 1], encoding="utf-8") as file:
        options = json.load(file)
    version, _ = load(namespace, name)
    if options["preconditions"]["resourceVersion"] != str(version):
        refuse("the ResourceVersion in the precondition does not match", reason="Conflict")
    os.remove(path(namespace, name))
    print('{"kind":"Status","status":"Success"}')
elif verb == "apply":
    with open(arguments[arguments.index("-f") + 1], encoding="utf-8") as file:
        text = file.read()
    name = re.search(r"^  name: (\S+)$", text, re.M).group(1)
    version, present = load(namespace, name)
    if present is None and fault == "create":
        refuse("internal error")
    if present is not None and re.search(r"^immutable: true$", present, re.M):
        if data(present) != data(text) or not re.search(r"^immutable: true$", text, re.M):
            refuse(f'Secret "{name}" is invalid: data: Forbidden: field is immutable when `immutable` is set')
    store(namespace, name, (version or 0) + 1, text)
    print(f"secret/{name} serverside-applied")
else:
    refuse(f"unknown command {verb}")
