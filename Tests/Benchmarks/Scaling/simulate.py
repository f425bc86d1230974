#!/usr/bin/env python3
"""Measures scaling beyond this machine: workers wait for modelled accelerators, but connections, stores and coordinator are real.

    Tests/Benchmarks/Scaling/simulate.py COLONNADE [--scenario NAME …] [--workers N …] [--batch N] [--set SETTING …] [--json FILE]
    Tests/Benchmarks/Scaling/simulate.py COLONNADE --coordinator

Hosts are network namespaces (needs root). Time is dilated: kernels and links are slowed by the same factor, so that this machine's
bandwidth does not limit the result. The factor is chosen for each run and printed. Every worker processes `--batch` images per step;
two columns form a replica. Predictions are those of `colonnade plan` for the same device and hosts. Latencies are this machine's, so
in dilated time they are smaller by the factor.

--coordinator measures the share of a core that the coordinator uses while 16 workers train a small network at the pace that
this machine reaches.
"""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

from hosts import Hosts, permitted, run

# Name: device, accelerators per host, bytes per second of a host's link in each direction and between its accelerators, images per
# worker, settings.
SCENARIOS = {
    # Each accelerator has a PCIe 2.0 slot, as in the paper's machine, and is therefore simulated as a host.
    "gtx580": ("gtx580", 1, 6e9, 6e9, 128, []),
    "10gbit": ("gtx580", 2, 1.25e9, 6e9, 128, []),
    "100gbit": ("a100", 2, 12.5e9, 100e9, 512, ["precision=bf16"]),
}
WORKERS = [1, 2, 4, 8, 16]
PUBLISHED = {2: 1.95, 4: 3.74, 8: 6.25}
# The most GB/s that this machine has to move: averaged over a step, and at once.
AVERAGE, PEAK = 0.3, 1.2
# The table's columns. Measured and predicted images/s are those that the run's lines and `plan --json` call images_per_second.
COLUMNS = {
    "scenario": lambda row: row["scenario"], "images per worker": lambda row: f"{row['batch']}", "workers": lambda row: f"{row['workers']}",
    "replicas": lambda row: f"{row['replicas']}", "hosts": lambda row: f"{row['hosts']}", "dilation": lambda row: f"{row['dilation']:.0f}",
    "images/s": lambda row: f"{row['images_per_second']:.0f}", "predicted images/s": lambda row: f"{row['predicted_images_per_second']:.0f}",
    "error of the prediction": lambda row: f"{100 * row['error']:+.1f} %", "speedup": lambda row: f"{row['speedup']:.2f}",
    "fraction of ideal": lambda row: f"{row['speedup'] / row['workers']:.2f}", "predicted speedup": lambda row: f"{row['predicted_speedup']:.2f}",
    "published": lambda row: f"{row['published'] or '–'}", "machine busy": lambda row: f"{100 * row['busy']:.0f} %",
}
QUIET = ["validation.every=0", "checkpoint.every=0", "schedule.kind=drops"]


def shape(workers, per_host):
    """Returns the numbers of replicas and hosts."""
    return max(1, workers // 2), -(-workers // per_host)


def settings(workers, batch, more):
    replicas = max(1, workers // 2)
    return ["--set", f"batch={batch * workers}", f"slices={replicas}", *more]


def plan(colonnade, scenario, workers, batch, more, scratch):
    device, per_host, link, peers, _, own = scenario
    replicas, hosts = shape(workers, per_host)
    lines = [f"defaults: {{workers: {per_host}, cores: {2 * per_host + 2}, bandwidth: {link * 8 / 1e9}Gbit/s, latency: 1us}}", "hosts:"]
    lines += [f"  - {{name: h{i}, ssh: h{i}}}" for i in range(hosts)]
    (scratch / "hosts.yaml").write_text("\n".join(lines) + "\n")
    words = ["plan", "--json", "--preset", "alexnet", "--device", device, "--hosts", scratch / "hosts.yaml", "--workers", workers, "--replicas", replicas]
    return json.loads(run(colonnade, *words, *settings(workers, batch, own + more)))


def dilation(scenario, workers, predicted, peak):
    """Returns the smallest factor at which neither the bytes of a step nor those of all links at once exceed the limits above."""
    _, per_host, link, peers, _, _ = scenario
    _, hosts = shape(workers, per_host)
    step = predicted["prediction"]["step_seconds"]
    crossing = sum(host["bytes_out_per_step"] for host in predicted["prediction"].get("links", []))
    within = sum(worker["bytes_sent_per_step"] for worker in predicted["workers"])
    at_once = hosts * link + (workers * peers if per_host > 1 and workers > 1 else 0)
    # A step takes at least three seconds, so that the time to wake a thread is negligible.
    return max((crossing + within) / AVERAGE / 1e9 / step, at_once / peak / 1e9 if workers > 1 else 1, 3 / step)


class Processes:
    """A coordinator on its own host, and `per_host` workers on each other host."""

    def __init__(self, stack, colonnade, hosts, per_host, workers, options, scratch):
        self.log = stack.enter_context(open(scratch / "log", "w"))
        output = {"stdout": self.log, "stderr": self.log}
        address = f"{hosts.address(len(hosts.names) - 1)}:7070"
        common = ["--insecure", "--join-timeout", 600, "--patience", 3600]
        self.coordinator = hosts.start(
            len(hosts.names) - 1, colonnade, "coordinator", "--listen", address, *common, "--workers", workers, "--runs", scratch, "--name", "run",
            *options, **output)
        self.workers = []
        stack.callback(self.end)
        for i in range(workers):
            self.workers.append(hosts.start(i // per_host, colonnade, "worker", "--insecure", "--coordinator", address, **output))
            # Workers join in order, so that the two workers of a replica share a host.
            while self.coordinator.poll() is None and f"worker {i} joined" not in (scratch / "log").read_text():
                time.sleep(0.05)

    def end(self):
        for process in [self.coordinator, *self.workers]:
            process.kill()
            process.wait()

    def wait(self, scratch):
        if self.coordinator.wait():
            sys.exit((scratch / "log").read_text())


def cpu_seconds(pid):
    """Returns a process's user and system time so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle_seconds():
    """Returns the idle time of all cores so far."""
    fields = pathlib.Path("/proc/stat").read_text().splitlines()[0].split()
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


def simulate(colonnade, scenario, workers, batch, more, steps, peak):
    """Returns the measured step in the device's seconds, the predicted images/s, the dilation, and the busy share of the machine."""
    device, per_host, link, peers, _, own = scenario
    replicas, count = shape(workers, per_host)
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        scratch = pathlib.Path(place)
        predicted = plan(colonnade, scenario, workers, batch, more, scratch)
        factor = dilation(scenario, workers, predicted, peak)

        def rate(bytes_per_second):
            return f"{max(1, round(bytes_per_second * 8 / factor / 1000))}kbit"
        # 20 ms of the fastest link, which is far less than a step.
        burst = f"{max(256, round(max(link, peers) / factor * 0.02 / 1000))}kb"
        hosts = Hosts([rate(link)] * count + [None], loopback=rate(peers), burst=burst)
        stack.callback(hosts.remove)
        options = ["--preset", "alexnet", "--replicas", replicas, "--steps", steps, "--device", f"simulated:{device},dilation={factor}"]
        options += settings(workers, batch, own + more + QUIET)
        idle, start = idle_seconds(), time.time()
        processes = Processes(stack, colonnade, hosts, per_host, workers, options, scratch)
        processes.wait(scratch)
        busy = 1 - (idle_seconds() - idle) / (time.time() - start) / os.cpu_count()
        lines = [json.loads(line) for line in open(scratch / "run" / "metrics.jsonl")]
        # The first steps do not wait for earlier ones.
        seconds = statistics.median(line["seconds"] for line in lines if line["kind"] == "step" and line["step"] > 2) / factor
        return seconds, predicted["prediction"]["images_per_second"], factor, busy


def coordinator(colonnade, seconds):
    """Prints the share of a core that the coordinator uses for 16 workers, and its processor time per step."""
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        scratch = pathlib.Path(place)
        hosts = Hosts([None] * 9)
        stack.callback(hosts.remove)
        options = ["--preset", "cifar10-four-layer", "--columns", 2, "--replicas", 8, "--steps", 100_000, "--set", "batch=64", "slices=8", *QUIET]
        (scratch / "slow.yaml").write_text("name: slow\nflops: 3e9\nmemory_bandwidth: 1e12\nlaunch: 0\npeer_bandwidth: 1e9\n")
        processes = Processes(stack, colonnade, hosts, 2, 16, [*options, "--device", f"simulated:{scratch / 'slow.yaml'}"], scratch)
        metrics = scratch / "run" / "metrics.jsonl"
        while processes.coordinator.poll() is None and (not metrics.exists() or len(metrics.read_text().splitlines()) < 20):
            time.sleep(0.5)
        if processes.coordinator.poll() is not None:
            sys.exit((scratch / "log").read_text())

        def state():
            return time.time(), cpu_seconds(processes.coordinator.pid), len(metrics.read_text().splitlines())
        before = state()
        time.sleep(seconds)
        after = state()
        wall, cpu, steps = (b - a for a, b in zip(before, after))
        print(f"16 workers in 8 replicas, {steps / wall:.1f} steps per second: the coordinator uses {100 * cpu / wall:.1f} % of a core, {1e3 * cpu / steps:.2f} ms per step")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("colonnade")
    parser.add_argument("--scenario", nargs="*", choices=list(SCENARIOS), default=list(SCENARIOS))
    parser.add_argument("--workers", nargs="*", type=int, default=WORKERS)
    parser.add_argument("--batch", type=int, help="images per worker and step (default: the scenario's)")
    parser.add_argument("--set", nargs="*", default=[], dest="more", metavar="SETTING")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--peak", type=float, default=PEAK, help=f"limit in GB/s of all links together (default: {PEAK})")
    parser.add_argument("--json")
    parser.add_argument("--coordinator", action="store_true")
    arguments = parser.parse_args()
    arguments.colonnade = os.path.abspath(arguments.colonnade)
    if not permitted():
        sys.exit("hosts are network namespaces: run this as root, with iproute2 installed")
    if arguments.coordinator:
        return coordinator(arguments.colonnade, 30)
    rows = []
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for name in arguments.scenario:
        scenario = SCENARIOS[name]
        batch = arguments.batch or scenario[4]
        one = None
        for workers in sorted({1, *arguments.workers}):
            seconds, expected, factor, busy = simulate(arguments.colonnade, scenario, workers, batch, arguments.more, arguments.steps, arguments.peak)
            rate = batch * workers / seconds
            one = one or (rate, expected)
            replicas, hosts = shape(workers, scenario[1])
            row = {
                "scenario": name, "batch": batch, "workers": workers, "replicas": replicas, "hosts": hosts, "dilation": factor,
                "images_per_second": rate, "predicted_images_per_second": expected, "speedup": rate / one[0], "predicted_speedup": expected / one[1], "error": expected / rate - 1,
                "published": PUBLISHED.get(workers), "busy": busy,
            }
            rows.append(row)
            print(f"| {' | '.join(text(row) for text in COLUMNS.values())} |", flush=True)
            if arguments.json:
                pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n")


main()
