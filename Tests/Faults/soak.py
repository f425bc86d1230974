#!/usr/bin/env python3
"""Trains a small network for an hour with a fault every few seconds, beside a run without faults on the same machine.

    Tests/Faults/soak.py COLONNADE DATA [--minutes 60] [--seed 1]

Workers are killed, stopped for a second or permanently, or lose a connection (ss -K, if the system supports it). The memory,
descriptors and threads of coordinator and store are read before every fault. The second run counts false verdicts on a loaded
machine. Prints one line of JSON. DATA is a packed data set of 32×32 images.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

options = argparse.ArgumentParser()
options.add_argument("colonnade")
options.add_argument("data")
options.add_argument("--minutes", type=float, default=60)
options.add_argument("--seed", type=int, default=1)
options = options.parse_args()
colonnade = os.path.abspath(options.colonnade)
draw = random.Random(options.seed)


def start(runs, name, *more):
    return subprocess.Popen(
        [colonnade, "train", "--preset", "cifar10", "--data", options.data, "--steps", "10000000", "--runs", runs, "--name", name,
         "--store", "process", *more, "--set", "batch=16", "optimizer.learning_rate=0.001", "checkpoint.every=500", "checkpoint.keep=3",
         "validation.every=5000"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def children(parent):
    found = collections.defaultdict(list)
    for process in subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True).stdout.split():
        try:
            words = pathlib.Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
            found[words[1].decode()].append(int(process))
        except (OSError, IndexError):
            continue
    return found


def holdings(process):
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines() if ":\t" in line)
    links = [os.readlink(f"/proc/{process}/fd/{name}") for name in os.listdir(f"/proc/{process}/fd")]
    return {
        "memory_mb": round((int(status["RssAnon"].split()[0]) + int(status["RssShmem"].split()[0])) / 1024),
        "threads": int(status["Threads"]), "descriptors": len(links),
        "segments": sum("memfd:" in link for link in links)}


def events(run):
    try:
        return [json.loads(line) for line in pathlib.Path(run, "events.jsonl").read_text().splitlines()]
    except FileNotFoundError:
        return []


def last_step(run):
    tail = subprocess.run(["tail", "-n", "1", f"{run}/metrics.jsonl"], capture_output=True, text=True).stdout
    return json.loads(tail)["step"] if tail.strip() else 0


with tempfile.TemporaryDirectory() as runs:
    disturbed, quiet = start(runs, "disturbed", "--restarts", "1000"), start(runs, "quiet")
    time.sleep(10)
    end = time.time() + 60 * options.minutes
    faults, samples = collections.Counter(), collections.defaultdict(list)
    while time.time() < end and disturbed.poll() is None:
        time.sleep(draw.uniform(2, 6))
        alive = children(disturbed.pid)
        for role in ("coordinator", "store"):
            for process in alive[role]:
                try:
                    samples[role].append(holdings(process))
                except OSError:
                    pass
        if not alive["worker"]:
            continue
        victim, kind = draw.choice(alive["worker"]), draw.choices(["kill", "pause", "stop", "cut"], [5, 3, 1, 2])[0]
        try:
            if kind == "kill":
                os.kill(victim, signal.SIGKILL)
            elif kind == "pause":
                os.kill(victim, signal.SIGSTOP)
                time.sleep(1)
                os.kill(victim, signal.SIGCONT)
            elif kind == "stop":
                os.kill(victim, signal.SIGSTOP)
            else:
                sockets = subprocess.run(["ss", "-tnpH"], capture_output=True, text=True).stdout.splitlines()
                ports = [line.split()[3].rsplit(":", 1)[1] for line in sockets if f"pid={victim}," in line]
                if not ports or subprocess.run(["ss", "-K", "sport", "=", f":{draw.choice(ports)}"], capture_output=True).returncode:
                    continue
        except ProcessLookupError:
            continue
        faults[kind] += 1
    report = {"minutes": options.minutes, "faults": dict(faults), "ended_early": disturbed.poll() is not None}
    for role, list_ in samples.items():
        # Without the first tenth, during which buffers are allocated.
        steady = list_[len(list_) // 10:]
        report[role] = {name: [steady[0][name], steady[-1][name], max(sample[name] for sample in steady)] for name in steady[0]}
    report["steps"] = {name: last_step(f"{runs}/{name}") for name in ("disturbed", "quiet")}
    report["recoveries"] = sum(event["kind"] == "recovered" for event in events(f"{runs}/disturbed"))
    report["false_verdicts"] = [event["message"] for event in events(f"{runs}/quiet") if event["kind"] in ("verdict", "lost", "link-lost")]
    report["stragglers_reported"] = sum(event["kind"] == "straggler" for event in events(f"{runs}/quiet"))
    for process in (disturbed, quiet):
        process.send_signal(signal.SIGINT)
    report["codes"] = [process.wait(timeout=120) for process in (disturbed, quiet)]

    def digests(run):
        found = {}
        for line in open(f"{run}/metrics.jsonl"):
            entry = json.loads(line)
            if entry["kind"] == "step":
                assert entry["step"] not in found
                found[entry["step"]] = entry["digest"]
        return found
    one, other = digests(f"{runs}/disturbed"), digests(f"{runs}/quiet")
    both = min(len(one), len(other))
    report["steps_compared"], report["same_bits"] = both, all(one[step] == other[step] for step in range(1, both + 1))
    report["processes_left"] = len(subprocess.run(["pgrep", "-f", runs], capture_output=True, text=True).stdout.split())
    print(json.dumps(report))
