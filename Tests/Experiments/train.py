#!/usr/bin/env python3
"""Trains the paper's experiments, one run after the other. Interrupted runs are continued, and finished ones are not changed.

    deploy/experiments.sh [--out DIR] [--cifar DIR] [--photographs DIR] [--list] [NAME …]

Runs and results are written to DIR (experiments). A file named "pause" in DIR stops the series before the next run.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

from experiments import EXPERIMENTS, ORDER, SEARCHES

HERE = pathlib.Path(__file__).resolve().parent


def metrics(run):
    return [json.loads(line) for line in open(run / "metrics.jsonl")]


def rate_of(runs, kind):
    """Returns the rate of a search with the smallest training loss, averaged over the last hundred steps; None if no run is finished."""
    def loss(rate):
        path = runs / f"search-{kind}-{rate}"
        if not path.exists() or json.load(open(path / "run.json"))["state"] != "finished":
            return float("inf")
        losses = [line["loss"] for line in metrics(path) if line["kind"] == "step"][-100:]
        return sum(losses) / len(losses)
    best = min(SEARCHES[kind][1], key=loss)
    return best if loss(best) < float("inf") else None


def train(colonnade, run, runs, data):
    """Trains a run. Returns whether it is finished or has diverged."""
    options = []
    for word in run["options"]:
        for kind in SEARCHES:
            if word == f"optimizer.learning_rate={{{kind}}}":
                rate = rate_of(runs, kind)
                if rate is None:
                    print(f"{run['name']} needs a learning rate: train the experiment {SEARCHES[kind][0]} first")
                    return False
                word = f"optimizer.learning_rate={rate}"
        options.append(str(HERE / word) if word.endswith(".yaml") else word)
    record = runs / run["name"] / "run.json"
    if record.exists() and json.load(open(record))["state"] in ("finished", "failed"):
        # A run that diverged is also a result.
        return True
    words = [colonnade, "train", "--data", data, "--runs", runs, "--name", run["name"], "--steps", run["steps"], "--resume-if-begun", *options]
    started = time.time()
    with open(runs.parent / f"{run['name']}.log", "a") as log:
        code = subprocess.run(list(map(str, words)), stdout=log, stderr=log).returncode
    print(f"{run['name']}: exit code {code}, {(time.time() - started) / 60:.1f} min", flush=True)
    return code == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="experiments (default: all)")
    parser.add_argument("--colonnade", default=os.environ.get("COLONNADE", str(HERE.parent.parent / ".build/release/colonnade")))
    parser.add_argument("--out", default="experiments")
    parser.add_argument("--cifar", default="data/cifar")
    parser.add_argument("--photographs", default="data/photographs")
    parser.add_argument("--list", action="store_true", help="print the runs without training them")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in EXPERIMENTS]:
        sys.exit(f"there is no experiment {unknown[0]}: there are {', '.join(ORDER)}")
    names = arguments.names or ORDER
    if arguments.list:
        for name in names:
            for run in EXPERIMENTS[name]:
                print(f"{name:20} {run['name']:20} {run['steps']:6} steps  {' '.join(run['options'])}")
        return
    runs = pathlib.Path(arguments.out).resolve() / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    for name in names:
        for run in EXPERIMENTS[name]:
            data = getattr(arguments, run["data"])
            if not os.path.isdir(data):
                print(f"{run['name']} is skipped: there is no packed data set {data}")
                continue
            if (runs.parent / "pause").exists():
                sys.exit(f"paused before {run['name']}: remove {runs.parent / 'pause'} and start again")
            train(arguments.colonnade, run, runs, data)


main()
