#!/usr/bin/env python3
"""Generates two runs of very many steps, and measures how long it takes to open them.

    Tests/Benchmarks/Records/million-steps.py [--steps 1000000] [--repeats 5] [--directory DIR] [--only-make] [COLONNADE]

Writes two runs in the format of docs/run-log.md, `long` and `other`, which differ in their last step. Times every command that reads
a run's metrics, with the index and without it, when the index must first be built (`--first` repetitions). Prints a table of medians
in seconds. A million steps need half a gigabyte of disk. The directory is removed at the end unless it is given with --directory.
"""

import argparse
import json
import math
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request

LAYERS = ["conv1", "conv2", "conv3", "fc4", "fc5", "fc6"]
TENSORS = [f"{layer}.{part}" for layer in LAYERS for part in ("weight", "bias")]

options = argparse.ArgumentParser()
options.add_argument("colonnade", nargs="?", default=".build/release/colonnade")
options.add_argument("--steps", type=int, default=1_000_000)
options.add_argument("--repeats", type=int, default=5)
options.add_argument("--first", type=int, default=3)
options.add_argument("--directory")
options.add_argument("--only-make", action="store_true")
options = options.parse_args()


def line(document):
    """Returns a line in the program's form: sorted keys, no spaces."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n"


def make(directory, changed):
    """Writes a finished run. If it is `changed`, its last step has a different digest."""
    directory.mkdir(parents=True)
    record = {
        "name": directory.name, "run": "00000000000000aa", "state": "finished", "started": "2026-01-01T00:00:00Z",
        "ended": "2026-01-02T00:00:00Z", "steps": options.steps, "dataset": "/none", "dataset_fingerprint": "0" * 16,
        "images_per_epoch": 50_000, "workers": 2, "processes": [], "configuration": {"network": {}, "recipe": {"seed": 1}},
    }
    (directory / "run.json").write_text(json.dumps(record, indent=2, sort_keys=True))
    (directory / "events.jsonl").write_text(
        line({"time": "2026-01-01T00:00:00.000Z", "kind": "started", "message": f"training from step 1 to {options.steps}"}))
    draw = random.Random(1)
    with open(directory / "metrics.jsonl", "w", buffering=1 << 20) as file:
        for step in range(1, options.steps + 1):
            seconds = 0.03 * (1 + 0.1 * draw.random())
            digest = draw.getrandbits(64) ^ (changed and step == options.steps)
            loss = 2.3 * math.exp(-3 * step / options.steps) + 0.2 * draw.random()
            rate = 0.01 * 0.1 ** (3 * step // options.steps)
            common = {"step": step, "epoch": step * 128 // 50_000}
            file.write(line({
                "kind": "step", **common, "loss": loss, "learning_rate": rate, "images_per_second": 128 / seconds,
                "seconds": seconds, "digest": f"{digest:016x}"}))
            if step % 100 == 0:
                norms = [[draw.random() for _ in TENSORS] for _ in range(2)]
                file.write(line({"kind": "norms", "step": step, "tensors": TENSORS, "weight": norms[0], "update": norms[1]}))
            if step % 1000 == 0:
                error = 0.9 * math.exp(-2 * step / options.steps)
                file.write(line({"kind": "validation", **common, "loss": loss, "top1_error": error, "top5_error": error / 4}))


runs = pathlib.Path(options.directory or tempfile.mkdtemp(prefix="colonnade-long-"))
for name, changed in (("long", False), ("other", True)):
    if not (runs / name).exists():
        make(runs / name, changed)
if options.only_make:
    raise SystemExit

colonnade = os.path.abspath(options.colonnade)


def command(*arguments):
    subprocess.run([colonnade, *arguments, "--runs", str(runs)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


dashboard = subprocess.Popen(
    [colonnade, "dashboard", "--runs", str(runs), "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
address = dashboard.stdout.readline().split()[-1]


def get(path):
    return urllib.request.urlopen(address + path).read()


MEASURED = {
    "`runs list` (both)": lambda: command("runs", "list"),
    "`runs show`": lambda: command("runs", "show", "long"),
    "`runs show --json`": lambda: command("runs", "show", "long", "--json"),
    "`runs tail`": lambda: command("runs", "tail", "long"),
    "`runs compare` (both)": lambda: command("runs", "compare", "long", "other"),
    "`runs diverge` (both), the last step differs": lambda: command("runs", "diverge", "long", "other"),
    "`runs report`, curves alone": lambda: command("runs", "report", "long"),
    "dashboard: `/api/runs/NAME/metrics`": lambda: get("api/runs/long/metrics"),
    "dashboard: `/api/runs/NAME/norms`": lambda: get("api/runs/long/norms"),
}


def median(action, repeats, before=lambda: None):
    times = []
    for _ in range(repeats):
        before()
        start = time.monotonic()
        action()
        times.append(time.monotonic() - start)
    return statistics.median(times)


def forget():
    for name in ("long", "other"):
        (runs / name / "metrics.index").unlink(missing_ok=True)


try:
    print(f"{options.steps:,} steps, {(runs / 'long/metrics.jsonl').stat().st_size / 1e6:.0f} MB of lines a run; medians in seconds\n")
    print("| | with the index | the first time |\n|---|---|---|")
    for name, action in MEASURED.items():
        first = median(action, options.first, forget)
        print(f"| {name} | {median(action, options.repeats):.2f} | {first:.1f} |", flush=True)
finally:
    dashboard.terminate()
    dashboard.wait()
    if not options.directory:
        shutil.rmtree(runs)
