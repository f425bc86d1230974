#!/usr/bin/env python3
"""Trains layouts on one host and over several, and compares the measurements with the predictions of `colonnade plan`.

    Tests/Benchmarks/Scaling/layouts.py COLONNADE --cifar DIR [--photographs DIR] [--rounds N] [--only TEXT] [--json FILE]

Hosts are network namespaces joined by a bridge, each with a link of limited rate. They need root; without it, layouts over several
hosts are skipped. All hosts share this machine's cores, so if there are more workers than cores, hosts are planned as slower ones.
Kernels are measured immediately before each layout's runs, under the same conditions. Prints a table. All layouts of a network must
end with the same digest.
"""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from hosts import Hosts, permitted, run

# Name, data set, options, layouts (workers, replicas, hosts, rate of a link) and steps. The layouts of one network train the same bits.
LAYOUTS = [
    ("cifar10, 2 columns", "cifar", "--preset cifar10", [(1, 1, 1, ""), (2, 1, 1, ""), (2, 1, 2, "1gbit"), (2, 1, 2, "200mbit")], 150),
    ("cifar10, batch 16", "cifar", "--preset cifar10 --set batch=16", [(1, 1, 1, ""), (2, 1, 1, ""), (2, 1, 2, "1gbit")], 600),
    # Three workers have two columns, one and one.
    ("cifar10, 4 columns", "cifar", "--preset cifar10 --columns 4",
     [(1, 1, 1, ""), (2, 1, 1, ""), (3, 1, 1, ""), (4, 1, 1, ""), (2, 1, 2, "1gbit"), (4, 1, 4, "1gbit")], 100),
    ("cifar10, 2 columns, 2 slices", "cifar", "--preset cifar10 --set slices=2",
     [(1, 1, 1, ""), (2, 2, 1, ""), (2, 2, 2, "1gbit"), (2, 2, 2, "200mbit"), (4, 2, 4, "1gbit")], 100),
    ("cifar10, 2 columns, 2 slices, exchange in 16 bits", "cifar", "--preset cifar10 --set slices=2 exchange.activations=bf16 exchange.gradients=bf16",
     [(2, 1, 1, ""), (2, 1, 2, "200mbit"), (2, 2, 2, "200mbit")], 100),
    ("alexnet", "photographs", "--preset alexnet", [(1, 1, 1, ""), (2, 1, 1, ""), (2, 1, 2, "1gbit"), (2, 1, 2, "500mbit")], 12),
    ("alexnet, bf16", "photographs", "--preset alexnet --set precision=bf16", [(2, 1, 1, ""), (2, 1, 2, "1gbit")], 14),
]
QUIET = ["--set", "validation.every=0", "checkpoint.every=0", "schedule.kind=drops"]
RATES = {"1gbit": "1Gbit/s", "500mbit": "500Mbit/s", "200mbit": "200Mbit/s"}


def steps_of(directory):
    lines = [json.loads(line) for line in open(directory / "metrics.jsonl")]
    steps = [line for line in lines if line["kind"] == "step"]
    rate = statistics.median(line["images_per_second"] for line in steps if line["step"] > 2)
    work = [line for line in json.load(open(directory / "run.json"))["work"] if line["role"] == "worker"]
    total = sum(line["seconds"] for line in work)
    return rate, steps[-1]["digest"], sum(line["exchange_wait"] for line in work) / total, max(line["peak_bytes"] for line in work)


def train(colonnade, data, options, layout, steps, scratch):
    workers, replicas, hosts, rate = layout
    common = ["--data", data, "--steps", steps, "--workers", workers, "--replicas", replicas, "--runs", scratch, "--name", "run", *options, *QUIET]
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(open(scratch / "log", "w"))
        output = {"stdout": log, "stderr": log}
        if hosts == 1:
            failed = subprocess.run([colonnade, "train", *map(str, common)], **output).returncode
        else:
            network = Hosts([rate] * hosts)
            stack.callback(network.remove)
            address = f"{network.address(0)}:7070"
            coordinator = network.start(0, colonnade, "coordinator", "--insecure", "--listen", address, *common, **output)
            peers = [network.start(i % hosts, colonnade, "worker", "--insecure", "--coordinator", address, **output) for i in range(workers)]
            failed = coordinator.wait()
            for peer in peers:
                peer.wait()
        if failed:
            sys.exit((scratch / "log").read_text())
    return steps_of(scratch / "run")


def predict(colonnade, data, options, layout, scratch, measures):
    workers, replicas, hosts, rate = layout
    words = [colonnade, "plan", "--json", "--data", data, *options, "--workers", workers, "--replicas", replicas]
    cores = os.cpu_count()
    words += ["--side-by-side", min(workers, cores)]
    if hosts > 1:
        lines = [f"defaults: {{workers: {workers // hosts}, cores: 1, bandwidth: {RATES[rate]}, latency: 50us, speed: {min(1, cores / workers)}}}", "hosts:"]
        lines += [f"  - {{name: h{i}, ssh: h{i}}}" for i in range(hosts)]
        (scratch / "hosts.yaml").write_text("\n".join(lines) + "\n")
        words += ["--hosts", scratch / "hosts.yaml"]
    if measures:
        words.append("--measure")
    return json.loads(run(*words))["prediction"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("colonnade")
    parser.add_argument("--cifar")
    parser.add_argument("--photographs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    arguments.colonnade = os.path.abspath(arguments.colonnade)
    several = permitted()
    rows = []
    print("| network | workers | replicas | hosts | link | measured, images/s | predicted | error | waiting for others, measured | predicted | memory of a worker, measured | predicted | same bits |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    for name, data, options, layouts, steps in LAYOUTS:
        data, options = getattr(arguments, data), options.split()
        if not data or arguments.only not in name:
            continue
        first = None
        for layout in layouts:
            if layout[2] > 1 and not several:
                continue
            with tempfile.TemporaryDirectory() as place:
                # So that predictions use this script's measurements, not those of earlier runs.
                os.environ["XDG_CACHE_HOME"] = place
                rounds = []
                for number in range(arguments.rounds):
                    scratch = pathlib.Path(place) / str(number)
                    scratch.mkdir()
                    prediction = predict(arguments.colonnade, data, options, layout, scratch, True)
                    rounds.append((prediction, *train(arguments.colonnade, data, options, layout, steps, scratch)))
            digests = {digest for _, _, digest, _, _ in rounds}
            first = first or digests
            row = {
                "network": name, "workers": layout[0], "replicas": layout[1], "hosts": layout[2], "link": layout[3],
                "measured": statistics.median(rate for _, rate, *_ in rounds),
                "predicted": statistics.median(p["images_per_second"] for p, *_ in rounds),
                "error": statistics.median(p["images_per_second"] / rate - 1 for p, rate, *_ in rounds),
                "wait": statistics.median(wait for *_, wait, _ in rounds), "predicted_wait": statistics.median(p["exchange_wait"] for p, *_ in rounds),
                "bytes": max(size for *_, size in rounds), "predicted_bytes": max(w["own_bytes"] for w in rounds[0][0]["workers"]),
                "same_bits": digests == first and len(digests) == 1,
            }
            rows.append(row)
            if arguments.json:
                pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n")
            print(
                f"| {name} | {row['workers']} | {row['replicas']} | {row['hosts']} | {row['link'] or '–'} | {row['measured']:.1f} | {row['predicted']:.1f} "
                f"| {100 * row['error']:+.1f} % | {100 * row['wait']:.1f} % | {100 * row['predicted_wait']:.1f} % "
                f"| {row['bytes'] / 1e6:.0f} MB | {row['predicted_bytes'] / 1e6:.0f} MB | {'yes' if row['same_bits'] else 'NO'} |", flush=True)
    if rows:
        errors = sorted(abs(row["error"]) for row in rows)
        print(f"\n{len(rows)} layouts; median error {100 * statistics.median(errors):.1f} %, largest {100 * errors[-1]:.1f} %")
    if not all(row["same_bits"] for row in rows):
        sys.exit("layouts of the same network differ in their bits")


main()
