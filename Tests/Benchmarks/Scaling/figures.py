#!/usr/bin/env python3
"""Plots measurements of simulate.py and layouts.py: speedup over one accelerator, and predicted against measured speed. Needs
matplotlib.

    Tests/Benchmarks/Scaling/figures.py --simulated SIMULATE.json --layouts LAYOUTS.json --out DIR
"""
import argparse
import json
import pathlib

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "colonnade", "font.family": "sans-serif", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
import matplotlib.pyplot as plt  # noqa: E402

# Distinguishable with colour blindness (Okabe and Ito).
COLORS = {"gtx580": "#0072b2", "10gbit": "#b84f00", "100gbit": "#007a5a"}
NAMES = {"gtx580": "GTX 580, PCIe", "10gbit": "GTX 580, 10 Gbit/s", "100gbit": "A100, 100 Gbit/s"}


def save(figure, path):
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")


def scaling(rows, out):
    figure, axes = plt.subplots(figsize=(6, 4))
    top = max(row["workers"] for row in rows)
    axes.plot([1, top], [1, top], color="#888", linewidth=1, linestyle=":", label="ideal")
    for name in dict.fromkeys(row["scenario"] for row in rows):
        own = [row for row in rows if row["scenario"] == name]
        workers = [row["workers"] for row in own]
        batch = own[0]["batch"]
        axes.plot(workers, [row["speedup"] for row in own], color=COLORS[name], marker="o", label=f"{NAMES[name]}, {batch} images per worker")
        axes.plot(workers, [row["predicted_speedup"] for row in own], color=COLORS[name], linewidth=1, linestyle="--")
    published = sorted({(row["workers"], row["published"]) for row in rows if row["published"]})
    axes.plot(*zip(*published), color="#9a4d7f", marker="s", linestyle="none", label="published, 8 K20")
    axes.set(xscale="log", yscale="log", xlabel="accelerators", ylabel="speedup over one")
    ticks = sorted({row["workers"] for row in rows})
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ticks, [str(tick) for tick in ticks])
        axis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.legend(frameon=False)
    save(figure, out / "scaling.svg")


def predictions(rows, out):
    figure, axes = plt.subplots(figsize=(6, 4))
    reach = [min(row["measured"] for row in rows) * 0.8, max(row["measured"] for row in rows) * 1.25]
    axes.fill_between(reach, [0.9 * x for x in reach], [1.1 * x for x in reach], color="#888", alpha=0.2, label="within 10 %")
    for hosts, color, marker in ((1, "#0072b2", "o"), (2, "#b84f00", "s"), (4, "#007a5a", "^")):
        own = [row for row in rows if row["hosts"] == hosts]
        if own:
            axes.plot([row["measured"] for row in own], [row["predicted"] for row in own], color=color, marker=marker, linestyle="none",
                      label=f"{hosts} host{'s' if hosts > 1 else ''}")
    axes.set(xscale="log", yscale="log", xlabel="measured, images/s", ylabel="predicted, images/s")
    axes.legend(frameon=False)
    save(figure, out / "predictions.svg")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulated", type=pathlib.Path)
    parser.add_argument("--layouts", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    if arguments.simulated:
        scaling(json.loads(arguments.simulated.read_text()), arguments.out)
    if arguments.layouts:
        predictions(json.loads(arguments.layouts.read_text()), arguments.out)


main()
