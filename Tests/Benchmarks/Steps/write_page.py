#!/usr/bin/env python3
"""Writes docs/performance.md from the measurements of Tests/Benchmarks/Steps/run.sh: medians over rounds.

    write_page.py MEASUREMENTS PAGE

Paragraphs of the page between the markers of kept_paragraphs.py were written by hand and stay.
"""

import datetime
import json
import pathlib
import statistics
import sys

from kept_paragraphs import kept, with_kept

folder, page = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
# Read first, so that an error in the markers loses nothing.
by_hand = kept(page.read_text()) if page.exists() else {}


def rounds(name):
    return [json.loads(file.read_text()) for file in sorted(folder.glob(f"{name}.[0-9]*.json"))]


def median(name, key="images_per_second"):
    return statistics.median(entry[key] for entry in rounds(name))


def ratio(one, other, key="images_per_second"):
    """Returns the median of the rounds' ratios; both sides of a ratio were measured in the same minutes."""
    pairs = zip(rounds(one), rounds(other))
    return statistics.median(a[key] / b["images_per_second"] for a, b in pairs)


def ratio_of(one, other, key):
    return statistics.median(a["images_per_second"] / b[key] for a, b in zip(rounds(one), rounds(other)))


def hosts():
    """Returns the section on two hosts compared with one; empty if they could not be set up."""
    rows = []
    for precision in ("fp32", "bf16"):
        file = folder / f"hosts-{precision}.json"
        if file.exists() and file.stat().st_size:
            run = json.loads(file.read_text())
            rows.append(
                f"| {precision} | {run['one_host']:.1f} | {run['two_hosts']:.1f} | {run['ratio']:.2f} | "
                f"{run['link_bytes_per_step'] / 1e6:.0f} MB | {'yes' if run['same_bits'] else 'NO'} |")
    if not rows:
        return []
    return [
        "## Two hosts", "",
        "Two network namespaces joined by a link of 1 Gbit/s (tbf), a worker and a store shard on each, compared with one host "
        "(`Tests/Benchmarks/Steps/two-hosts.sh`; target 0.90). The link's bytes are those of both directions and include the one checkpoint "
        "at the end, averaged over the steps.", "",
        "| | one host, images/s | two hosts | ratio | over the link, per step | same bits |", "|---|---|---|---|---|---|", *rows, ""]


def gib(entries):
    return max(entry["peak_bytes"] for entry in entries) / 2**30


ours = rounds("ours")
first = ours[0]
kernels_ratio = statistics.median(
    a["kernel_images_per_second"] / b["kernel_images_per_second"] for a, b in zip(ours, rounds("single")))
word = "round" if len(ours) == 1 else "rounds"
lines = [
    "# Performance", "",
    f"Written by `deploy/benchmark.sh` on {datetime.date.today()}: {first['cpu']}, {first['instruction_set']}, two cores, "
    f"PyTorch {rounds('torch-eager')[0]['torch']}, oneDNN 2.6; medians over {len(ours)} {word}. Absolute figures of one "
    "machine say little; ratios, measured within one run, say more.", "",
    "## A full training step of `alexnet`, batch 128, fp32", "",
    "Two workers of one thread, LRN, dropout, all augmentation, updates by the store. PyTorch trains on one generated batch, without "
    "augmentation.", "",
    "| | images/s | Colonnade's ratio to it | target |", "|---|---|---|---|",
    f"| Colonnade | {median('ours'):.1f} | | |",
    f"| its kernels alone, unfused, direct convolutions, both columns at once | {median('ours', 'kernel_images_per_second'):.1f} "
    f"| {median('ours', 'efficiency'):.2f} | 0.92 |",
    f"| PyTorch, one process, two threads, eager | {median('torch-eager'):.1f} | {ratio('ours', 'torch-eager'):.1f} | 2.6 |",
    f"| the same, torch.compile | {median('torch-compiled'):.1f} | {ratio('ours', 'torch-compiled'):.2f} | 1.75 |",
    f"| PyTorch, two gloo processes of one thread | {median('torch-gloo'):.1f} | {ratio('ours', 'torch-gloo'):.1f} | 3.8 |",
    f"| Colonnade, one worker of one thread for both columns | {median('single'):.1f} | {ratio('ours', 'single'):.2f}, over "
    f"the kernels' own {kernels_ratio:.2f}: {ratio('ours', 'single') / kernels_ratio:.2f} | 0.97 |", "",
    "With one worker, the second core is free for the store's update, the loader and the exchange; with two workers, these share the "
    "workers' cores.", "",
    f"The ratio to two gloo processes is limited to {ratio('ours', 'torch-gloo'):.1f} (target 3.8) by the 5×5 convolution of conv2, over a third of "
    "the step, for which oneDNN has only the direct algorithm. The kernels alone, with Winograd for 3×3, take as long as the step.", "",
    f"Waiting for other processes takes {100 * median('ours', 'wait_share'):.1f} % of the workers' time (target 3 %), waiting for images "
    f"{100 * median('ours', 'data_wait_share'):.1f} %. Memory: worker {gib(first['workers']):.2f} GiB (target 1.2), store "
    f"{gib(first['stores']):.2f} GiB (target 1.3).", "",
    f"The time from the command to the end of the first step is {median('first', 'seconds'):.1f} s more than a step (target 3 s)."
    if rounds("first") else "", "",
    "## bf16", "",
    "Weights in kernels, activations and exchanges have 16 bits; sums, weight gradients, master weights, momentum, logits and "
    "softmax keep 32. Normalization computes in 32 bits and stores its denominators for the backward pass in 16, as oneDNN's "
    "kernel does.", "",
    "| | images/s | Colonnade's ratio to it | target |", "|---|---|---|---|",
    f"| Colonnade, bf16 | {median('bf16'):.1f} | | |",
    f"| its kernels alone, unfused | {median('bf16', 'kernel_images_per_second'):.1f} | {median('bf16', 'efficiency'):.2f} | |",
    f"| PyTorch, bf16 autocast, two threads | {median('torch-bf16'):.1f} | {ratio('bf16', 'torch-bf16'):.1f} | 4.3 |",
    f"| Colonnade, fp32 | {median('ours'):.1f} | {ratio('bf16', 'ours'):.2f} | 1.7 |",
    f"| Colonnade's fp32 kernels without Winograd, which 16-bit kernels do not have | "
    f"{median('ours', 'kernel_images_per_second'):.1f} | {ratio_of('bf16', 'ours', 'kernel_images_per_second'):.2f} | |", "",
    "The gain over this release's fp32 is smaller than over fp32 without Winograd convolutions, for which oneDNN has no "
    "16-bit kernels. [experiments.md](experiments.md) shows that networks train equally well.", "",
    f"Waiting for other processes: {100 * median('bf16', 'wait_share'):.1f} %. Memory: worker "
    f"{gib(rounds('bf16')[0]['workers']):.2f} GiB, store {gib(rounds('bf16')[0]['stores']):.2f} GiB.", "",
    "## The store's update", "",
    f"`bench update`: {median('update', 'update_gigabytes_per_second'):.1f} GB/s on one thread for values, momentum, gradient and "
    f"digest, which is {median('update', 'share'):.2f} of streaming (STREAM's triad), "
    f"{median('update', 'stream_gigabytes_per_second'):.1f} GB/s (target 0.70). A worker and its store share the memory; no parameter crosses a "
    "socket.",
    "", *hosts(), "## Where the time of a step goes", "", "| | share of the step |", "|---|---|",
]
kinds = {"compute": "computing", "exchange_wait": "waiting for other workers", "store_wait": "waiting for the store",
         "data_wait": "waiting for images", "send": "sending", "other": "between steps"}
workers = sorted({line["process"] for line in first["breakdown"] if line["process"].startswith("worker")})
for kind, name in kinds.items():
    share = [sum(l["share"] for l in first["breakdown"] if l["process"] == w and l["kind"] == kind) for w in workers]
    lines.append(f"| {name} | {100 * statistics.mean(share):.2f} % |")
lines += ["", f"The kernels of {workers[0]}, in a step and alone (milliseconds; `bench step` prints all):", "",
          "| kernel | in the step | alone | difference |", "|---|---|---|---|"]
for line in first["breakdown"]:
    if line["process"] == workers[0] and line["kind"] == "compute" and line["milliseconds"] > 20:
        alone = line.get("alone_milliseconds") or 0
        lines.append(f"| {line['name']} | {line['milliseconds']:.1f} | {alone:.1f} | {line['milliseconds'] - alone:.1f} |")
small, torch_small = median("small", "step_seconds"), median("torch-small", "step_seconds")
lines += ["", "## A small network", "",
          f"`cifar10`, batch 128: {1 / small:.1f} steps/s with two workers of one thread, {1 / torch_small:.1f} in one PyTorch "
          f"process with two threads; Colonnade is {ratio('small', 'torch-small'):.2f} times as fast (target 1.5).", ""]


def curve(title, name, values, unit):
    found = [(value, folder / f"curve-{name}-{value}.json") for value in values]
    found = [(value, json.loads(file.read_text())) for value, file in found if file.exists()]
    if not found:
        return []
    rows = ["", title, "", f"| {unit} | steps/s | images/s | fraction of the kernels alone |", "|---|---|---|---|"]
    return rows + [
        f"| {value} | {1 / entry['step_seconds']:.1f} | {entry['images_per_second']:.0f} | {entry['efficiency']:.2f} |"
        for value, entry in found]


batches = curve("By batch size, two workers:", "batch", [32, 64, 256, 512], "batch")
columns = curve("By number of columns, one worker:", "columns", [1, 2, 4, 8], "columns")
if columns:
    columns += ["", "With eight columns, a column of conv3 reads parts of 12 channels. These are computed in blocks of 16 into separate memory and "
                "then added, because for them oneDNN can accumulate into its output only with its reference loops."]
if batches or columns:
    lines += ["## Cost curves of `cifar10`"] + batches + columns + [""]
sizes = [(size, folder / f"curve-size-{size}.json") for size in (32, 64, 96, 128, 160, 192, 224)]
sizes = [(size, json.loads(file.read_text())) for size, file in sizes if file.exists()]
if sizes:
    lines += ["## Cost by image size", "", "One network (`Tests/Benchmarks/Steps/sizes.yaml`), batch 32, two workers.", "",
              "| side | steps/s | images/s | million pixels/s | fraction of the kernels alone |", "|---|---|---|---|---|"]
    lines += [
        f"| {size} | {1 / entry['step_seconds']:.1f} | {entry['images_per_second']:.0f} | "
        f"{entry['images_per_second'] * size * size / 1e6:.1f} | {entry['efficiency']:.2f} |" for size, entry in sizes] + [""]
page.write_text(with_kept("\n".join(lines), by_hand))
