#!/usr/bin/env python3
"""Kills workers, stores and coordinators of small runs, one or several at once, at random times, and compares each run with one without kills.

    Tests/Faults/kills.py COLONNADE DATA [--kills 200] [--seed 1] [--steps 300]

Prints one line of JSON: kills by role, the runs that ended with the bits of the run without kills, how often a run went back to a
checkpoint, and by role the seconds from a kill to the next committed step. Every second run has its store in the coordinator's process. A seed repeats the choice of processes and times. DATA is a packed data set of 32×32 images.
"""

import argparse
import collections
import datetime
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import tempfile
import time

options = argparse.ArgumentParser()
options.add_argument("colonnade")
options.add_argument("data")
options.add_argument("--kills", type=int, default=200)
options.add_argument("--seed", type=int, default=1)
options.add_argument("--steps", type=int, default=300)
options = options.parse_args()
colonnade = os.path.abspath(options.colonnade)
draw = random.Random(options.seed)


def start(runs, name, store="process"):
    return subprocess.Popen(
        [colonnade, "train", "--preset", "cifar10", "--data", options.data, "--steps", str(options.steps), "--runs", runs, "--name",
         name, "--store", store, "--restarts", "20", "--set", "batch=16", "optimizer.learning_rate=0.001",
         "checkpoint.every=0", "validation.every=0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def steps(run):
    """Returns the digests of the committed steps by step number, and checks that each step has one line."""
    try:
        text = pathlib.Path(run, "metrics.jsonl").read_text()
    except FileNotFoundError:
        return {}
    found = {}
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if entry["kind"] == "step":
            assert entry["step"] not in found, f"step {entry['step']} has two lines"
            found[entry["step"]] = entry["digest"]
    return found


def children(parent):
    """Returns the processes of a run by role."""
    found = {}
    for process in subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True).stdout.split():
        try:
            words = pathlib.Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if len(words) > 1:
            found.setdefault(words[1].decode(), []).append(int(process))
    return found


def begun(run):
    """Returns the events after which steps are trained: the start, a restart from a checkpoint, or the replacement of a worker."""
    try:
        lines = pathlib.Path(run, "events.jsonl").read_text().splitlines()
    except FileNotFoundError:
        return []
    return [line for line in lines if '"kind":"started"' in line or '"kind":"recovered"' in line and '"attempt"' in line]


def went_back(run):
    """Returns how often a run was restarted from a checkpoint."""
    return pathlib.Path(run, "events.jsonl").read_text().count('"source":"checkpoint"')


def victims(alive):
    """Returns what is killed at once, and its name."""
    workers, stores, coordinators = (alive.get(role, []) for role in ("worker", "store", "coordinator"))
    choices = {"worker": workers[:1], "coordinator": coordinators, "workers": workers, "coordinator+worker": coordinators + workers[:1],
               "everything": workers + stores + coordinators}
    if stores:
        choices |= {"store": stores, "store+worker": stores + workers[:1], "coordinator+store": coordinators + stores}
    draw.shuffle(workers)
    role = draw.choice(sorted(choices))
    return role, choices[role]


def times_begun(run):
    return len(begun(run))


def begun_at(run):
    time_of_day = json.loads(begun(run)[-1])["time"].replace("Z", "+00:00")
    return datetime.datetime.fromisoformat(time_of_day).timestamp()


with tempfile.TemporaryDirectory() as runs:
    whole = start(runs, "whole")
    assert whole.wait() == 0
    expected = steps(f"{runs}/whole")
    killed, resumed, same, ended, back = collections.Counter(), collections.defaultdict(list), 0, 0, 0
    while sum(killed.values()) < options.kills:
        run = f"{runs}/run-{ended}"
        process = start(runs, f"run-{ended}", ["process", "embedded"][ended % 2])
        while process.poll() is None and sum(killed.values()) < options.kills:
            time.sleep(draw.uniform(0.05, 3))
            role, processes = victims(children(process.pid))
            if process.poll() is not None or not processes:
                continue
            before, moment = times_begun(run), time.time()
            for victim in processes:
                try:
                    os.kill(victim, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                killed[role] += 1
            # Wait until another step is committed or the run ends.
            while process.poll() is None and time.time() < moment + 60:
                if times_begun(run) > before and os.path.getmtime(f"{run}/metrics.jsonl") > begun_at(run):
                    resumed[role].append(time.time() - moment)
                    break
                time.sleep(0.01)
        code = process.wait()
        ended += 1
        same += code == 0 and steps(run) == expected
        back += went_back(run)
    left = subprocess.run(["pgrep", "-f", runs], capture_output=True, text=True).stdout.split()
    print(json.dumps({
        "kills": dict(killed), "runs": ended, "runs_with_the_same_bits": same, "went_back_to_a_checkpoint": back,
        "processes_left": len(left),
        "seconds_to_resume": {role: {"median": round(statistics.median(times), 2), "longest": round(max(times), 2), "measured": len(times)}
                              for role, times in resumed.items()}}))
