"""A stand-in for StarlingX' `dcmanager`: one strategy for several subclouds, with the tables that the documentation of
"Kubernetes Root CA Certificate Update for Distributed Cloud Orchestration" prints (tests/starlingx/dcmanager.txt).

The refusals, states and messages are those of starlingx/distcloud-client (dcmanagerclient/commands/v1/sw_update_manager.py)
and starlingx/distcloud (dcmanager/orchestrator/orchestrator_manager.py). The state is in $STANDIN/state.json, each change is
logged to $STANDIN/log. Whoever sets up a test may write there before:

  subclouds   a line "name group management availability kube-rootca_sync_status" for each (default: three, see SUBCLOUDS)
  fails       names of subclouds whose update fails, once
  other       the state of a strategy of another type, which exists
  description of every subcloud
  release     2021 (as documented), 2024 (no --force), 2026 (no --cert-file, stage as a word, errors on stderr)
"""

import argparse
import json
import os
import sys

FOLDER = os.environ["STANDIN"]
STATE = os.path.join(FOLDER, "state.json")
SUBCLOUDS = "subcloud1 1 managed online out-of-sync\nsubcloud2 1 managed online in-sync\nsubcloud3 edge managed online out-of-sync\n"
STARTED = ["kube rootca update pre check", "creating vim kube rootca update strategy", "applying vim kube rootca update strategy"]
FINAL = ["complete", "failed", "aborted"]
TYPE = "kube-rootca-update"


def read(name, default=""):
    path = os.path.join(FOLDER, name)
    return open(path).read() if os.path.exists(path) else default


RELEASE = int(read("release", "2021"))


def table(columns, rows):
    rows = [[str(cell).split("\n") for cell in row] for row in rows]
    lines = [[(cell[at] if at < len(cell) else "") for cell in row] for row in rows for at in range(max(map(len, row)))]
    widths = [max(len(line[at]) for line in [columns, *lines]) for at in range(len(columns))]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    show = lambda line: "|" + "|".join(f" {cell.ljust(width)} " for cell, width in zip(line, widths)) + "|"
    print("\n".join([rule, show(columns), rule, *map(show, lines), rule]))


def refuse(words):
    """Old clients print the reason to stdout, and a sentence about it to stderr."""
    if RELEASE < 2024:
        print(words)
        sys.exit("Unable to do this")
    sys.exit(words)


def log():
    with open(os.path.join(FOLDER, "log"), "a") as file:
        file.write(" ".join(sys.argv[1:]) + "\n")


def save(state):
    with open(STATE, "w") as file:
        json.dump(state, file)


def show(strategy, between="T"):
    time = lambda at: at and at.replace("T", between)
    fields = [
        ("strategy type", TYPE),
        ("subcloud apply type", strategy["apply"]),
        ("max parallel subclouds", strategy["parallel"]),
        ("stop on failure", strategy["stop"]),
        ("state", strategy["state"]),
        ("created_at", time(strategy["created"])),
        ("updated_at", time(strategy["updated"])),
    ]
    table(["Field", "Value"], fields)


def progress(state, looks_at_steps):
    """What was begun is one state further by the time that somebody looks at the steps again."""
    strategy, steps = state["strategy"], state["steps"]
    if not strategy:
        return
    if strategy["state"] == "deleting":
        state["strategy"], state["steps"] = None, []
        return
    if not looks_at_steps:
        return
    if strategy["state"] in ["initial", *FINAL] and not any(step["state"] in STARTED for step in steps):
        return
    # What is in progress comes to its end, also after an abort: then nothing else is begun.
    for step in steps:
        if step["state"] not in STARTED:
            continue
        at = STARTED.index(step["state"])
        if at + 1 < len(STARTED):
            step["state"], step["details"] = STARTED[at + 1], "apply phase is 0% complete"
        elif step["cloud"] in state["fails"]:
            state["fails"].remove(step["cloud"])
            step["state"] = "failed"
            step["details"] = "VIM strategy apply failed: kube-rootca-update-host-trust-both-cas timed out\non controller-0"
            step["finished"] = "2021-10-26 14:50:46.404736"
            if strategy["stop"]:
                strategy["state"] = "failed"
        else:
            step["state"], step["details"], step["finished"] = "complete", "", "2021-10-26 14:50:46.404736"
            state["subclouds"][step["cloud"]]["sync"] = "auditing"
    if strategy["state"] == "abort requested":
        for step in steps:
            if step["state"] == "initial":
                step["state"] = "aborted"
        strategy["state"] = "aborting"
    if strategy["state"] == "applying":
        running = sum(step["state"] in STARTED for step in steps)
        for step in steps:
            if step["state"] == "initial" and running < (strategy["parallel"] or 2):
                running += 1
                step["state"], step["started"], step["stage"] = STARTED[0], "2021-10-26 14:37:46.404736", 2
    if strategy["state"] in ["applying", "aborting"] and all(step["state"] in FINAL for step in steps):
        reached = [step["state"] for step in steps]
        strategy["state"] = "failed" if "failed" in reached else "aborted" if "aborted" in reached else "complete"


def options(words):
    parser = argparse.ArgumentParser(prog="dcmanager kube-rootca-update-strategy create")
    parser.add_argument("--subcloud-apply-type", choices=["parallel", "serial"])
    parser.add_argument("--max-parallel-subclouds", type=int)
    parser.add_argument("--stop-on-failure", action="store_true")
    parser.add_argument("--group")
    parser.add_argument("--subject")
    parser.add_argument("--expiry-date")
    if RELEASE < 2026:
        parser.add_argument("--cert-file")
    if RELEASE != 2024:
        parser.add_argument("--force", action="store_true")
    parser.add_argument("cloud_name", nargs="?")
    return parser if words is None else parser.parse_args(words)


def create(state, words):
    given = vars(options(words))
    if given["group"]:
        if given["cloud_name"]:
            refuse("The cloud_name and group options are mutually exclusive.")
        if given["subcloud_apply_type"]:
            refuse("The --subcloud-apply-type is not supported when --group option is applied.")
        if given["max_parallel_subclouds"]:
            refuse("The --max-parallel-subclouds options is not supported when --group option is applied.")
    if state["strategy"]:
        refuse(f"Unable to create strategy of type '{TYPE}': Bad strategy request: Strategy of type: '{TYPE}' already exists")
    if read("other"):
        refuse(f"Unable to create strategy of type '{TYPE}': Bad strategy request: Strategy of type: 'kubernetes' already exists")
    if given.get("cert_file") and (given["subject"] or given["expiry_date"]):
        refuse("Invalid extra args. <cert-file> cannot be specified along with <subject> or <expiry-date>.")
    if given["cloud_name"] and given["cloud_name"] not in state["subclouds"]:
        refuse(f"Subcloud {given['cloud_name']} does not exist")
    force = given.get("force")
    chosen = []
    for name, one in state["subclouds"].items():
        if given["cloud_name"] not in [None, name] or given["group"] not in [None, one["group"]]:
            continue
        if [one["management"], one["availability"]] != ["managed", "online"]:
            continue
        if one["sync"] == "unknown":
            refuse("kube-rootca sync status is unknown for one or more subclouds")
        if force or one["sync"] != "in-sync":
            chosen.append(name)
    if not chosen:
        refuse("Strategy has no steps to apply")
    state["strategies"] += 1
    parallel = 1 if given["subcloud_apply_type"] == "serial" else given["max_parallel_subclouds"]
    state["strategy"] = {
        "apply": given["subcloud_apply_type"],
        "parallel": parallel,
        "stop": given["stop_on_failure"],
        "state": "initial",
        "created": f"2021-10-26T14:{34 + state['strategies']}:50.675988",
        "updated": None,
    }
    step = {"stage": 1, "state": "initial", "details": "", "started": None, "finished": None}
    state["steps"] = [{"cloud": name, **step} for name in chosen]
    show(state["strategy"])


def strategy(state, verb, words):
    if words and words != ["--yes"]:
        sys.exit(f"dcmanager kube-rootca-update-strategy {verb}: error: unrecognized arguments: {words}")
    now = state["strategy"]
    if not now:
        refuse(f"Strategy of type '{TYPE}' not found")
    allowed = {"apply": ["initial"], "abort": ["applying"], "delete": ["initial", *FINAL]}
    if verb != "show":
        if now["state"] not in allowed[verb]:
            past = {"apply": "applied", "abort": "aborted", "delete": "deleted"}[verb]
            refuse(f"Unable to {verb} strategy of type '{TYPE}': Strategy in state {now['state']} cannot be {past}")
        now["state"] = {"apply": "applying", "abort": "abort requested", "delete": "deleting"}[verb]
        now["updated"] = "2021-10-26T14:37:36.865776"
        log()
    show(now, " " if verb == "show" else "T")


def subcloud(state, name):
    if name not in state["subclouds"]:
        refuse("Subcloud not found")
    one = state["subclouds"][name]
    sync = "out-of-sync" if one["sync"] == "auditing" else one["sync"]
    fields = [
        ("id", list(state["subclouds"]).index(name) + 1),
        ("name", name),
        ("description", read("description", "Ottawa Site")),
        ("location", "YOW"),
        ("software_version", "nn.nn"),
        ("management", one["management"]),
        ("availability", one["availability"]),
        ("deploy_status", "complete"),
        ("management_subnet", "192.168.101.0/24"),
        ("management_start_ip", "192.168.101.2"),
        ("management_end_ip", "192.168.101.50"),
        ("management_gateway_ip", "192.168.101.1"),
        ("systemcontroller_gateway_ip", "192.168.204.101"),
        ("group_id", one["group"]),
        ("created_at", "2021-10-04 15:04:13.045076"),
        ("updated_at", "2021-10-25 21:16:23.713858"),
    ]
    status = {"kube-rootca": sync, "load": "not-available", "patching": "not-available", "software": "out-of-sync"}
    for endpoint in ["dc-cert", "firmware", "identity", "kubernetes", "kube-rootca", "load", "patching", "software", "platform"]:
        fields.append((endpoint + "_sync_status", status.get(endpoint, "in-sync")))
    table(["Field", "Value"], fields)
    if one["sync"] == "auditing":
        one["sync"] = "in-sync"


def rows(columns, rows):
    table(columns, rows or [["<none>"] * len(columns)])


def main():
    if os.path.exists(STATE):
        state = json.load(open(STATE))
    else:
        lines = [line.split() for line in read("subclouds", SUBCLOUDS).splitlines()]
        names = ["group", "management", "availability", "sync"]
        subclouds = {name: dict(zip(names, rest)) for name, *rest in lines}
        state = {"strategy": None, "steps": [], "strategies": 0, "subclouds": subclouds, "fails": read("fails").split()}
    words = sys.argv[1:]
    verb = " ".join(words[:2])
    if words[:1] == ["help"]:
        if words[1:] != ["kube-rootca-update-strategy", "create"]:
            sys.exit("not a command")
        return options(None).print_help()
    progress(state, verb == "strategy-step list")
    save(state)
    if verb == "kube-rootca-update-strategy create":
        create(state, words[2:])
        log()
    elif words[:1] == ["kube-rootca-update-strategy"] and words[1] in ["show", "apply", "abort", "delete"]:
        strategy(state, words[1], words[2:])
    elif verb == "strategy-step list":
        stages = {1: "Create", 2: "Apply", 3: "Complete"} if RELEASE >= 2026 else {}
        steps = [
            [step["cloud"], stages.get(step["stage"], step["stage"]), step["state"], step["details"], step["started"], step["finished"]]
            for step in state["steps"]
        ]
        if read("other"):
            steps = [["subcloud1", 1, read("other").strip(), "", None, None]]
        rows(["cloud", "stage", "state", "details", "started_at", "finished_at"], steps)
    elif verb == "subcloud show":
        subcloud(state, words[2])
    elif verb == "subcloud list":
        listed = [[at, name, one["management"], one["availability"], "complete", "out-of-sync"] for at, (name, one) in enumerate(state["subclouds"].items(), 1)]
        rows(["id", "name", "management", "availability", "deploy status", "sync"], listed)
    elif verb == "subcloud-group list-subclouds":
        listed = [[at, name, "a site", "YOW", one["management"]] for at, (name, one) in enumerate(state["subclouds"].items(), 1) if one["group"] == words[2]]
        rows(["id", "name", "description", "location", "management"], listed)
    else:
        sys.exit(f"dcmanager: {words} is not a dcmanager command. See 'dcmanager --help'.")
    save(state)


main()
