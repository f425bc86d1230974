#!/usr/bin/env python3
"""Measures what it costs to record a run.

    Tests/Benchmarks/Records/cost.py COLONNADE DATA --preset PRESET [--batch N] [--steps N] [--every N] [--pairs 4] [--set KEY=VALUE …]

Trains the same steps in pairs: once with all off that can be off (no norms, no traced steps, nobody who reads figures), once with
norms and a traced step every N steps (`--every`) and a reader that asks for the Prometheus text every second. Which of a pair goes
first alternates. Prints the seconds of a step of each run, the ratio of each pair, and the median ratio; the same of the processor
seconds of the run's processes, which others on the machine change less.

The line of each step, its record in the index, the status and the digests cannot be turned off: `colonnade bench log` measures the writing
alone, and its share of a step is printed too. Run it on a machine that does nothing else.
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
options.add_argument("--warm", type=int, default=2, help="first steps that do not count")
options.add_argument("--every", type=int, default=100)
options.add_argument("--pairs", type=int, default=4)
options.add_argument("--set", nargs="*", default=[], dest="settings")
options = options.parse_args()
colonnade = str(pathlib.Path(options.colonnade).resolve())
runs = tempfile.mkdtemp(prefix="colonnade-cost-")

OFF = ["--norms-every", "0", "--trace-every", "0"]
ON = ["--norms-every", str(options.every), "--trace-every", str(options.every), "--metrics-listen", "127.0.0.1:0"]


def poll(process):
    """Reads what the run says to its end, and asks for its figures once they have an address. Returns the last line."""
    text = ""
    for text in process.stdout:
        if "Prometheus at " not in text:
            continue
        address = text.split()[-1]

        def ask():
            while process.returncode is None:
                try:
                    urllib.request.urlopen(address, timeout=5).read()
                    asked.append(1)
                except OSError:
                    pass
                time.sleep(1)

        threading.Thread(target=ask, daemon=True).start()
    return text


def train(arguments):
    """The mean seconds of a step, after those that warm up, and the processor seconds of all processes of the run."""
    shutil.rmtree(pathlib.Path(runs, "run"), ignore_errors=True)
    process = subprocess.Popen(
        [colonnade, "train", "--preset", options.preset, "--data", options.data, "--workers", options.workers, "--threads", options.threads,
         "--steps", str(options.steps), "--runs", runs, "--name", "run", *arguments, "--set", f"batch={options.batch}", "checkpoint.every=0",
         "validation.every=1000000000", "optimizer.learning_rate=0.001", *options.settings],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = poll(process)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"the run ended with {process.returncode}: {said}")
    lines = [json.loads(text) for text in open(pathlib.Path(runs, "run", "metrics.jsonl"))]
    times = [line["seconds"] for line in lines if line["kind"] == "step"][options.warm:]
    return sum(times) / len(times), usage.ru_utime + usage.ru_stime


ratios, processor, plain, asked = [], [], [], []
try:
    for pair in range(options.pairs):
        found = {}
        for name, arguments in (("off", OFF), ("on", ON))[:: 1 if pair % 2 == 0 else -1]:
            found[name] = train(arguments)
        (off, off_processor), (on, on_processor) = found["off"], found["on"]
        plain.append(off)
        ratios.append(on / off)
        processor.append(on_processor / off_processor)
        print(f"off {off * 1e3:.3f} ms, on {on * 1e3:.3f} ms, ratio {ratios[-1]:.4f}, of processor seconds {processor[-1]:.4f}", flush=True)
    lines = json.loads(subprocess.run([colonnade, "bench", "log", "--json"], check=True, capture_output=True).stdout)
    line = next(line["microseconds"] for line in lines if line["line"] == "step")
    step = statistics.median(plain)
    print(f"\n{options.preset}, batch {options.batch}, {options.workers} workers × {options.threads} threads, {options.steps} steps, "
          f"norms and a trace every {options.every}; figures were asked for {len(asked)} times")
    print(f"a step {step * 1e3:.2f} ms; on against off, median of {options.pairs} pairs: {statistics.median(ratios):.4f} "
          f"({min(ratios):.4f} to {max(ratios):.4f}), of the run's processor seconds {statistics.median(processor):.4f}")
    print(f"the line of a step {line:.1f} µs: {100 * line / step / 1e6:.3f} % of a step")
finally:
    shutil.rmtree(runs)
