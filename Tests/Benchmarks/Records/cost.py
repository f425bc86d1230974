#!/usr/bin/env python3
"""Measures what it costs to record a run.

    Tests/Benchmarks/Records/cost.py COLONNADE DATA --preset PRESET [--batch N] [--steps N] [--every N] [--pairs 4] [--set KEY=VALUE …]

Trains the same steps in pairs: once without everything that can be turned off (norms, traced steps, a reader of metrics), and once
with norms and a traced step every N steps (`--every`) and a reader that requests the Prometheus text every second. The order within
a pair alternates. Prints the seconds per step of each run, the ratio of each pair and the median ratio. The ratio of the processor
seconds of the run's processes is printed too, because other programs influence it less.

The line of each step, its record in the index, the status and the digests cannot be turned off. `colonnade bench log` measures the
cost of writing them, which is printed as a share of a step. Run this script on an otherwise idle machine.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

options = argparse.ArgumentParser()
options.add_argument("colonnade")
options.add_argument("data")
options.add_argument("--preset", required=True)
options.add_argument("--batch", type=int, default=128)
options.add_argument("--workers", default="2")
options.add_argument("--threads", default="1")
options.add_argument("--steps", type=int, default=12)
options.add_argument("--warm", type=int, default=2, help="number of first steps that are not measured")
options.add_argument("--every", type=int, default=100)
options.add_argument("--pairs", type=int, default=4)
options.add_argument("--set", nargs="*", default=[], dest="settings")
options = options.parse_args()
colonnade = str(pathlib.Path(options.colonnade).resolve())
runs = tempfile.mkdtemp(prefix="colonnade-cost-")

OFF = ["--norms-every", "0", "--trace-every", "0"]
ON = ["--norms-every", str(options.every), "--trace-every", str(options.every), "--metrics-listen", "127.0.0.1:0"]


def poll(process):
    """Reads the run's output to its end and, once the address of its metrics appears, requests them every second. Returns the last
    line."""
    text = ""
    for text in process.stdout:
        if "Prometheus at " not in text:
            continue
        address = text.split()[-1]

        def request():
            while process.returncode is None:
                try:
                    urllib.request.urlopen(address, timeout=5).read()
                    requests.append(1)
                except OSError:
                    pass
                time.sleep(1)

        threading.Thread(target=request, daemon=True).start()
    return text


def train(arguments):
    """Returns the mean seconds per step without the first steps, and the processor seconds of all processes of the run."""
    shutil.rmtree(pathlib.Path(runs, "run"), ignore_errors=True)
    process = subprocess.Popen(
        [colonnade, "train", "--preset", options.preset, "--data", options.data, "--workers", options.workers, "--threads", options.threads,
         "--steps", str(options.steps), "--runs", runs, "--name", "run", *arguments, "--set", f"batch={options.batch}", "checkpoint.every=0",
         "validation.every=1000000000", "optimizer.learning_rate=0.001", *options.settings],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    last_line = poll(process)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"the run ended with exit code {process.returncode}: {last_line}")
    lines = [json.loads(text) for text in open(pathlib.Path(runs, "run", "metrics.jsonl"))]
    times = [line["seconds"] for line in lines if line["kind"] == "step"][options.warm:]
    return sum(times) / len(times), usage.ru_utime + usage.ru_stime


ratios, processor, plain, requests = [], [], [], []
try:
    for pair in range(options.pairs):
        found = {}
        for name, arguments in (("off", OFF), ("on", ON))[:: 1 if pair % 2 == 0 else -1]:
            found[name] = train(arguments)
        (off, off_processor), (on, on_processor) = found["off"], found["on"]
        plain.append(off)
        ratios.append(on / off)
        processor.append(on_processor / off_processor)
        print(f"off {off * 1e3:.3f} ms, on {on * 1e3:.3f} ms, ratio {ratios[-1]:.4f}, ratio of processor seconds {processor[-1]:.4f}", flush=True)
    lines = json.loads(subprocess.run([colonnade, "bench", "log", "--json"], check=True, capture_output=True).stdout)
    line = next(line["microseconds"] for line in lines if line["line"] == "step")
    step = statistics.median(plain)
    print(f"\n{options.preset}, batch {options.batch}, {options.workers} workers × {options.threads} threads, {options.steps} steps, "
          f"norms and a traced step every {options.every} steps; metrics were requested {len(requests)} times")
    print(f"a step takes {step * 1e3:.2f} ms; time, on ÷ off, median of {options.pairs} pairs: {statistics.median(ratios):.4f} "
          f"({min(ratios):.4f} to {max(ratios):.4f}); processor seconds: {statistics.median(processor):.4f}")
    print(f"writing the line of a step takes {line:.1f} µs: {100 * line / step / 1e6:.3f} % of a step")
finally:
    shutil.rmtree(runs)
