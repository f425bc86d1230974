#!/usr/bin/env python3
"""Injects one fault into each of many small runs. Checks that the culprit is named in time, and that the bits are those of a run
without faults.

    Tests/Faults/faults.py COLONNADE DATA [--faults 100] [--seed 1] [--first 0]

Faults: a frame that is dropped (with and without a gap in the sequence numbers), cut, sent with a flipped bit, or sent twice; a
connection that is blocked for seconds or for ever; a process that is stopped, killed or hung; a clock that jumps; a disk that is
full, or that becomes read-only as ext4 does after an error (both need root).
Runs have two and four workers alternately. A seed repeats everything. Prints a line for each run, and one of JSON at the end. DATA
is a packed data set of 32×32 images.
"""

import argparse
import collections
import datetime
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import tempfile
import threading
import time

options = argparse.ArgumentParser()
options.add_argument("colonnade")
options.add_argument("data")
options.add_argument("--faults", type=int, default=100)
options.add_argument("--seed", type=int, default=1)
options.add_argument("--first", type=int, default=0, help="the number of the first fault, to repeat a later part")
options = options.parse_args()
colonnade = os.path.abspath(options.colonnade)
STEPS = 80


def train_with_errors(runs, name, workers, runs_on=None, fault=None):
    """Returns a run's exit code and its standard error."""
    environment = dict(os.environ)
    if fault:
        environment["COLONNADE_FAULTS"] = json.dumps([fault])
    try:
        ended = subprocess.run(
            [colonnade, "train", "--preset", "cifar10", "--columns", str(workers), "--workers", str(workers), "--data", options.data,
             "--steps", str(STEPS), "--runs", runs_on or runs, "--name", name, "--store", "process", "--set", "batch=16",
             "optimizer.learning_rate=0.001", "checkpoint.every=20", "validation.every=40"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment, timeout=180)
        return ended.returncode, ended.stderr
    except subprocess.TimeoutExpired:
        return "never ended", ""


def train(runs, name, workers, fault=None):
    return train_with_errors(runs, name, workers, fault=fault)[0]


def lines(path):
    try:
        return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]
    except FileNotFoundError:
        return []


def digests(run):
    return [(line["step"], line["digest"]) for line in lines(f"{run}/metrics.jsonl") if line["kind"] == "step"]


def seconds(event):
    return datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()


def injected(run):
    """Returns the time of the fault from the log of the process in which it happened."""
    for log in pathlib.Path(run, "logs").glob("*.log"):
        found = re.search(r"injected fault: \S+ at ([0-9.]+)", log.read_text(errors="replace"))
        if found:
            return float(found[1])
    return None


def system(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def run_on_bad_disk(kind, draw, runs, name, workers):
    """Trains a run whose disk fills up or becomes read-only, repairs the disk, and resumes the run. Returns whether the run's error
    named the cause, the exit code after resuming, the digests, and the run's directory."""
    mount, image = f"{runs}/disk-{name}", f"{runs}/disk-{name}.image"
    os.mkdir(mount)
    run = f"{mount}/{name}"
    # A flush that is in progress when the disk fails gets an input/output error.
    messages = {"disk": ["No space left"], "read-only": ["Read-only file system", "Input/output error"]}[kind]
    if kind == "disk":
        system("mount", "-t", "tmpfs", "-o", f"size={draw.randint(3000, 16000)}k", "none", mount)
    else:
        with open(image, "wb") as file:
            file.truncate(400 << 20)
        system("mkfs.ext4", "-q", image)
        system("mount", "-o", "loop,errors=remount-ro", image, mount)
        device = os.path.basename(subprocess.run(["findmnt", "-no", "SOURCE", mount], capture_output=True, text=True).stdout.strip())
        step = draw.randint(1, STEPS - 10)

        def fail():
            until = time.time() + 120
            while time.time() < until:
                if len(lines(f"{run}/metrics.jsonl")) >= step:
                    pathlib.Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("1")
                    return
                time.sleep(0.002)
        threading.Thread(target=fail, daemon=True).start()
    code, errors = train_with_errors(runs, name, workers, mount)
    is_named = any(message in errors for message in messages)
    if kind == "disk":
        system("mount", "-o", "remount,size=400m", mount)
    else:
        # The file system is repaired, as at boot.
        system("umount", mount)
        subprocess.run(["e2fsck", "-fy", image], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        system("mount", "-o", "loop", image, mount)
    if os.path.isdir(f"{run}/checkpoints") and os.listdir(f"{run}/checkpoints"):
        code = subprocess.run([colonnade, "train", "--resume", run, "--store", "process"], capture_output=True).returncode
    else:
        # The first checkpoint did not fit, so there is nothing to resume from, and the run failed.
        assert code != 0
        code = train(runs, f"{name}-again", workers)
        run = f"{runs}/{name}-again"
    found = digests(run)
    subprocess.run(["umount", "-l", mount])
    return is_named, code, found, run


def choose(draw, number):
    workers = [2, 4][number % 2]
    kinds = ["drop", "lose", "cut", "flip", "duplicate", "delay", "half-open", "stop", "kill", "hang", "short delay", "clock", "disk", "read-only"]
    kind = kinds[number % len(kinds)]
    rank = draw.randrange(workers)
    place = draw.choice(["slab", "slab", "push", "control", "value"])
    if kind in ("disk", "read-only"):
        return workers, kind, None
    process = "store-0" if place == "value" else f"worker-{rank}"
    number = {"slab": draw.randint(30, 250), "push": draw.randint(20, 500), "control": draw.randint(10, 60), "value": draw.randint(60, 800)}[place]
    fault = {"process": process, "kind": {"short delay": "delay"}.get(kind, kind), "frame": place, "number": number, "attempt": 0}
    if kind in ("delay", "hang"):
        fault["seconds"] = 30
    if kind == "short delay":
        fault["seconds"] = 1.5
    if kind == "clock":
        fault["seconds"] = draw.choice([-86400, 3600])
    return workers, kind, fault


def judge(kind, fault, run):
    """Returns whether the culprit was named, after how many seconds, and the deadline if the fault was detected by one."""
    events = lines(f"{run}/events.jsonl")
    findings = [event for event in events if event["kind"] in ("lost", "verdict", "link-lost", "failed")]
    if kind in ("short delay", "clock"):
        return not findings, None, None
    if not findings:
        return False, None, None
    first = findings[0]
    culprit = fault["process"].replace("-", " ")
    moment = injected(run)
    took = seconds(first) - moment if moment else None
    deadline = float(first["deadline"]) if "deadline" in first else None
    return culprit in first["message"], took, deadline


with tempfile.TemporaryDirectory() as runs:
    expected = {}
    for workers in (2, 4):
        assert train(runs, f"whole-{workers}", workers) == 0
        expected[workers] = digests(f"{runs}/whole-{workers}")
        assert len(expected[workers]) == STEPS
    tried, named, same, late, bad = collections.Counter(), 0, 0, 0, []
    took, beyond = [], []
    for number in range(options.faults):
        draw = random.Random(f"{options.seed} {number}")
        workers, kind, fault = choose(draw, number)
        if number < options.first:
            continue
        run, name = f"{runs}/run-{number}", f"run-{number}"
        if kind in ("disk", "read-only"):
            is_named, code, found, run = run_on_bad_disk(kind, draw, runs, name, workers)
            duration = deadline = None
            is_same = code == 0 and found == expected[workers]
        else:
            code = train(runs, name, workers, fault)
            is_named, duration, deadline = judge(kind, fault, run)
            is_same = code == 0 and digests(run) == expected[workers]
        tried[kind] += 1
        named += is_named
        same += is_same
        if duration is not None and deadline is not None:
            took.append(duration)
            beyond.append(duration / deadline)
            late += duration > 2 * deadline
        print(number, workers, kind, fault and f"{fault['process']} {fault['frame']} {fault['number']}", "named" if is_named else "NOT NAMED",
              "same bits" if is_same else f"OTHER BITS ({code})", duration and round(duration, 2), flush=True)
        if not (is_named and is_same):
            bad.append(number)
            for event in lines(f"{run}/events.jsonl")[-8:]:
                print("   ", event["kind"], event["message"][:240], flush=True)
    left = subprocess.run(["pgrep", "-f", runs], capture_output=True, text=True).stdout.split()
    print(json.dumps({
        "faults": dict(tried), "total": sum(tried.values()), "culprit_named": named, "same_bits": same, "failed": bad, "processes_left": len(left),
        "judged_by_deadline": len(took), "later_than_twice_the_deadline": late,
        "seconds": {"median": round(statistics.median(took), 2), "longest": round(max(took), 2)} if took else None,
        "of_the_deadline": round(max(beyond), 2) if beyond else None}))
