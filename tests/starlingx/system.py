"""A stand-in for StarlingX' `system`: the state machine of a root CA update, as sysinv/common/kubernetes.py and
sysinv/api/controllers/v1/kube_rootca_update.py have it, with the tables that cgtsclient prints.

What it is told is kept in $STANDIN/state.json and logged to $STANDIN/log; a host named in $STANDIN/fails fails once.
"""

import json
import os
import sys

FOLDER = os.environ["STANDIN"]
STATE = os.path.join(FOLDER, "state.json")
FAILS = os.path.join(FOLDER, "fails")
HOSTS = [("cp1", "controller"), ("cp2", "controller"), ("cp3", "controller"), ("worker1", "worker")]
AFTER = {
    "trust-both-cas": ["update-new-rootca-cert-uploaded", "updating-host-trust-both-cas", "updating-host-trust-both-cas-failed"],
    "update-certs": ["updated-pods-trust-both-cas", "updating-host-update-certs", "updating-host-update-certs-failed"],
    "trust-new-ca": ["updated-host-update-certs", "updating-host-trust-new-ca", "updating-host-trust-new-ca-failed"],
}


def table(columns, rows):
    widths = [max(len(str(row[at])) for row in [columns, *rows]) for at in range(len(columns))]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    line = lambda row: "|" + "|".join(f" {str(cell).ljust(width)} " for cell, width in zip(row, widths)) + "|"
    print("\n".join([rule, line(columns), rule, *map(line, rows), rule]))


def refuse(words):
    sys.exit(f"not allowed: {words}")


def told(state):
    with open(os.path.join(FOLDER, "log"), "a") as log:
        log.write(" ".join(sys.argv[1:]) + "\n")


def progress(state):
    """What was begun is done by the time that somebody looks again."""
    for host, at in state["hosts"].items():
        if not at.startswith("updating-") or at.endswith("-failed"):
            continue
        if os.path.exists(FAILS) and open(FAILS).read().strip() == host:
            os.remove(FAILS)
            state["hosts"][host] = state["update"] = at + "-failed"
            continue
        done = at.replace("updating", "updated")
        state["hosts"][host] = done
        if all(other == done for other in state["hosts"].values()):
            state["update"] = done
    if state["update"].startswith("updating-pods") and not state["update"].endswith("-failed"):
        state["update"] = state["update"].replace("updating", "updated")


def main():
    state = json.load(open(STATE)) if os.path.exists(STATE) else {"update": "", "hosts": {name: "" for name, _ in HOSTS}}
    verb, *rest = sys.argv[1:]
    progress(state)
    if verb == "kube-rootca-update-start":
        if state["update"] not in ["", "update-completed", "update-aborted"]:
            refuse("an update is in progress")
        state["update"] = "update-started"
        told(state)
    elif verb == "kube-rootca-update-upload-cert":
        if state["update"] != "update-started":
            refuse(state["update"])
        state["update"], state["pem"] = "update-new-rootca-cert-uploaded", open(rest[0]).read()
        told(state)
    elif verb == "kube-rootca-host-update":
        host, phase = rest[0], rest[rest.index("--phase") + 1]
        if state["update"] not in AFTER[phase] or any(
            at.startswith("updating-") and not at.endswith("-failed") for at in state["hosts"].values()
        ):
            refuse(f"{host} {phase} while {state['update']}, {state['hosts']}")
        state["update"] = state["hosts"][host] = f"updating-host-{phase}"
        told(state)
    elif verb == "kube-rootca-pods-update":
        phase = rest[rest.index("--phase") + 1]
        if state["update"] != f"updated-host-{phase}":
            refuse(state["update"])
        state["update"] = f"updating-pods-{phase}"
        told(state)
    elif verb == "kube-rootca-update-complete":
        if state["update"] != "updated-pods-trust-new-ca":
            refuse(state["update"])
        state["update"] = "update-completed"
        told(state)
    elif verb == "kube-rootca-update-show":
        if state["update"]:
            table(["uuid", "state", "from_rootca_cert", "to_rootca_cert"], [["1", state["update"], "d70-1", "d70-2"]])
    elif verb == "kube-rootca-host-update-list":
        rows = [[name, role, state["hosts"][name] or None, "d70-1", "d70-2"] for name, role in HOSTS]
        table(["hostname", "personality", "state", "effective_rootca_cert", "target_rootca_cert"], rows)
    elif verb == "host-list":
        table(["id", "hostname", "personality"], [[at + 1, name, role] for at, (name, role) in enumerate(HOSTS)])
    else:
        sys.exit(f"there is no {verb}")
    json.dump(state, open(STATE, "w"))


main()
