#!/usr/bin/env python3
"""Prints the results of the experiments' runs as tables, and plots their curves. Unfinished runs are skipped with a message.

    deploy/experiments.sh measure [--out DIR] [--cifar DIR] [--photographs DIR] [--figures DIR] [NAME …]

`colonnade evaluate` computes the errors of checkpoints. They are kept in DIR/evaluations.json, so that nothing is evaluated twice.
"""
import argparse
import array
import base64
import json
import os
import pathlib
import re
import statistics
import struct
import subprocess
import sys

from experiments import EXPERIMENTS, PASS, SEARCHES, SEEDS

HERE = pathlib.Path(__file__).resolve().parent
TRAINING_ERROR = 0.25


class Runs:
    def __init__(self, arguments):
        self.arguments = arguments
        self.place = pathlib.Path(arguments.out).resolve() / "runs"
        self.known_path = pathlib.Path(arguments.out).resolve() / "evaluations.json"
        self.known = json.loads(self.known_path.read_text()) if self.known_path.exists() else {}

    def record(self, name):
        path = self.place / name / "run.json"
        return json.loads(path.read_text()) if path.exists() else None

    def is_finished(self, *names):
        missing = [name for name in names if (self.record(name) or {"state": ""})["state"] != "finished"]
        if missing:
            print(f"not finished: {', '.join(missing)}\n")
        return not missing

    def lines(self, name, kind):
        lines = map(json.loads, open(self.place / name / "metrics.jsonl"))
        return [line for line in lines if line["kind"] == kind]

    def error(self, name):
        """Returns the top-1 error of a run's last validation."""
        return self.lines(name, "validation")[-1]["top1_error"]

    def checkpoints(self, name):
        """Returns the steps of the checkpoints that were kept."""
        return sorted(int(path.name.split("-")[1]) for path in (self.place / name / "checkpoints").glob("step-*"))

    def last(self, name):
        return self.place / name / "checkpoints" / f"step-{self.checkpoints(name)[-1]:08}"

    def evaluate(self, checkpoints, data, split="validation", crops=1):
        """Returns the top-1 error of the averaged predictions of checkpoints, each given as run and step."""
        paths = [f"{name}/checkpoints/step-{step:08}" for name, step in checkpoints]
        # The run's identifier is part of the key, because a run may be trained again under the same name.
        own = [self.record(name)["run"] for name, _ in checkpoints]
        key = f"{' '.join(paths)} {' '.join(own)} {split} {crops}"
        if key not in self.known:
            words = [self.arguments.colonnade, "evaluate", "--data", getattr(self.arguments, data), "--split", split, "--crops", crops, "--threads", os.cpu_count(), "--json"]
            for path in paths:
                words += ["--checkpoint", self.place / path]
            result = subprocess.run(list(map(str, words)), capture_output=True, text=True)
            if result.returncode:
                sys.exit(result.stderr.strip().splitlines()[-1])
            self.known[key] = json.loads(result.stdout)["top1_error"]
            self.known_path.write_text(json.dumps(self.known, indent=1) + "\n")
        return self.known[key]

    def plot(self, figure, names, of, title):
        """Plots the runs' curves with `colonnade runs plot`."""
        if self.arguments.figures:
            out = pathlib.Path(self.arguments.figures) / f"{figure}.svg"
            words = [self.arguments.colonnade, "runs", "plot", *names, "--runs", self.place, "--of", of, "--title", title, "--out", out]
            subprocess.run(list(map(str, words)), check=True, stdout=subprocess.DEVNULL)


def percent(value):
    return f"{100 * value:.1f}"


def searches(runs, kinds):
    """Prints the losses by which the rates were chosen."""
    for kind in kinds:
        losses = {}
        for rate in SEARCHES[kind][1]:
            name = f"search-{kind}-{rate}"
            if (runs.record(name) or {"state": ""})["state"] == "failed":
                losses[rate] = float("inf")
            elif runs.is_finished(name):
                losses[rate] = statistics.mean([line["loss"] for line in runs.lines(name, "step")][-100:])
        words = ["diverged" if loss == float("inf") else f"**{loss:.3f}**" if loss == min(losses.values()) else f"{loss:.3f}" for loss in losses.values()]
        print(f"| rate | {' | '.join(losses)} |\n|---|{'---|' * len(losses)}\n| {kind}: mean loss of the last 100 steps | {' | '.join(words)} |\n")


def passes_to_error(runs, name):
    """Returns the passes to 25 % training error, interpolated between the checkpoints before and after it, and the errors of these two
    checkpoints. Returns None if 25 % is not reached."""
    steps = [step for step in runs.checkpoints(name) if step % PASS == 0]
    low, high = 0, len(steps) - 1
    # A binary search, because near 25 % the error falls by more in each pass than it fluctuates.
    while high - low > 1:
        middle = (low + high) // 2
        if runs.evaluate([(name, steps[middle])], "cifar", "train") > TRAINING_ERROR:
            low = middle
        else:
            high = middle
    before, after = (runs.evaluate([(name, steps[i])], "cifar", "train") for i in (low, high))
    if after > TRAINING_ERROR:
        return None
    return steps[low] / PASS + (before - TRAINING_ERROR) / (before - after), before, after


def activations(runs):
    searches(runs, ["relu", "tanh", "relu-he", "tanh-he"])
    passes, drawn = {}, []
    print("| activation | passes to 25 % training error | training error after the pass before, and after |\n|---|---|---|")
    for name in ("relu", "tanh", "relu-he", "tanh-he"):
        if not runs.is_finished(name):
            continue
        drawn.append(name)
        found = passes_to_error(runs, name)
        if found is None:
            print(f"| {name} | not reached | |")
            continue
        passes[name], before, after = found
        print(f"| {name} | {passes[name]:.1f} | {percent(before)} %, {percent(after)} % |")
    print()
    for relu, tanh in (("relu", "tanh"), ("relu-he", "tanh-he")):
        if relu in passes and tanh in passes:
            print(f"{tanh} / {relu}: {passes[tanh] / passes[relu]:.1f} (the paper's: 6)\n")
    runs.plot("activations", drawn, "loss", "ReLU and tanh, CIFAR-10")


def seeds(runs, names, title):
    """Prints the errors of networks, given by the prefix of their runs, with three seeds each."""
    print("| network | seeds 1, 2, 3 | mean |\n|---|---|---|")
    drawn = []
    for prefix, words in names:
        own = [f"{prefix}-{seed}" for seed in SEEDS]
        if runs.is_finished(*own):
            errors = [runs.error(name) for name in own]
            print(f"| {words} | {', '.join(map(percent, errors))} % | {percent(statistics.mean(errors))} % |")
            drawn.append(own)
    print()
    # Only one seed of each network, to keep the plot readable.
    runs.plot(title, [own[0] for own in drawn], "error", "Ten passes over CIFAR-10, seed 1")


def networks(runs, names, title):
    searches(runs, ["no-lrn"])
    seeds(runs, names, title)


def precisions(runs):
    """Prints the speeds of pairs of runs that were trained one after the other."""
    print("| seed | fp32, images/s | bf16 | bf16 / fp32 |\n|---|---|---|---|")
    ratios = []
    for seed in SEEDS:
        own = [f"time-{precision}-{seed}" for precision in ("fp32", "bf16")]
        if runs.is_finished(*own):
            speeds = [statistics.median(line["images_per_second"] for line in runs.lines(name, "step")) for name in own]
            ratios.append(speeds[1] / speeds[0])
            print(f"| {seed} | {speeds[0]:.0f} | {speeds[1]:.0f} | {ratios[-1]:.2f} |")
    print(f"\nmedian {statistics.median(ratios):.2f}\n" if ratios else "")
    names = [f"{precision}-{seed}" for precision in ("fp32", "bf16") for seed in SEEDS]
    if runs.is_finished(*names):
        runs.plot("precisions", names, "error", "Ten passes over CIFAR-10, three seeds")


def averaging(runs):
    names = [f"fp32-{seed}" for seed in SEEDS]
    if not runs.is_finished(*names):
        return
    last = [(name, runs.checkpoints(name)[-1]) for name in names]
    alone = [runs.evaluate([one], "cifar") for one in last]
    print("| | top-1 error |\n|---|---|")
    print(f"| one network, seeds 1, 2, 3 | {', '.join(map(percent, alone))} %, mean {percent(statistics.mean(alone))} % |")
    print(f"| the three averaged | {percent(runs.evaluate(last, 'cifar'))} % |\n")


def photographs(runs):
    table = EXPERIMENTS["photographs"]
    # All runs are compared after as many steps as the shortest one has.
    common = min(run["steps"] for run in table)
    # Errors differ by several points between validations, so the mean of four is more reliable than the last one.
    print("| recipe | training loss, mean of the last 50 steps | mean of the last four validations | last step, centre | last step, ten patches |\n|---|---|---|---|---|")
    drawn = []
    for run in table:
        name = run["name"]
        if runs.is_finished(name):
            for step in sorted({common, run["steps"]}):
                errors = [runs.evaluate([(name, step)], "photographs", crops=crops) for crops in (1, 10)]
                loss = statistics.mean([line["loss"] for line in runs.lines(name, "step") if line["step"] <= step][-50:])
                every = [line["top1_error"] for line in runs.lines(name, "validation") if line["step"] <= step and line["step"] % 31 == 0]
                print(f"| {name}, {step} steps | {loss:.2f} | {percent(statistics.mean(every[-4:]))} % | {percent(errors[0])} % | {percent(errors[1])} % |")
            drawn.append(name)
    print()
    if drawn:
        runs.plot("photographs", drawn, "error", "Photographs of ten classes")
    if "whole-recipe" in drawn:
        learned(runs, "whole-recipe")
    if runs.is_finished("papers-values"):
        moved(runs, "papers-values")
        kernels(runs, "papers-values")


def conv1(checkpoint, columns):
    """Returns the first layer's kernels by column; each has three planes: red, green and blue."""
    data = (checkpoint / "model.safetensors").read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    entry = json.loads(data[8:8 + length])["conv1.weight"]
    begin, end = (8 + length + offset for offset in entry["data_offsets"])
    values, count = array.array("f", data[begin:end]), entry["shape"][0]
    kernels = [values[i * len(values) // count:(i + 1) * len(values) // count] for i in range(count)]
    return [kernels[c * count // columns:(c + 1) * count // columns] for c in range(columns)]


def selectivity(kernel):
    """Returns a kernel's colour selectivity as `runs report` defines it: the share of its energy that differs between the channels."""
    area = len(kernel) // 3
    grey = sum((kernel[i] + kernel[i + area] + kernel[i + 2 * area]) ** 2 / 3 for i in range(area))
    return 1 - grey / sum(value * value for value in kernel)


def columns(runs):
    """Prints for every finished run of two columns whether the columns' first kernels differ in colour selectivity (§6.1)."""
    print("| run | colour selectivity of column 0, of column 1 | difference, in standard errors |\n|---|---|---|")
    distances = []
    for name in [f"{prefix}-{seed}" for prefix in ("fp32", "bf16", "plain-pooling", "no-lrn", "no-lrn-own-rate") for seed in SEEDS]:
        if not runs.is_finished(name):
            continue
        own = [[selectivity(kernel) for kernel in column] for column in conv1(runs.last(name), 2)]
        error = sum(statistics.variance(column) / len(column) for column in own) ** 0.5
        distances.append(abs(statistics.mean(own[0]) - statistics.mean(own[1])) / error)
        print(f"| {name} | {statistics.mean(own[0]):.2f}, {statistics.mean(own[1]):.2f} | {distances[-1]:.1f} |")
    # Equal columns would differ by 0.8 standard errors on average.
    print(f"\nmean difference: {statistics.mean(distances):.1f} standard errors; by chance it would be 0.8\n" if distances else "")
    if runs.is_finished("bf16-1"):
        kernels(runs, "bf16-1")


def moved(runs, name):
    """Prints how far training has moved the first kernels, and the colour selectivity of the change."""
    columns = zip(conv1(runs.place / name / "checkpoints/step-00000000", 2), conv1(runs.last(name), 2))
    print("| column | kernels of conv1 have moved by | colour selectivity of the change |\n|---|---|---|")
    for index, (first, last) in enumerate(columns):
        added = [[b - a for a, b in zip(*pair)] for pair in zip(first, last)]
        norms = [sum(v * v for kernel in kernels for v in kernel) ** 0.5 for kernels in (added, first)]
        print(f"| {index} | {percent(norms[0] / norms[1])} % of their initial norm | {statistics.mean(map(selectivity, added)):.2f} |")
    print()


def learned(runs, name, images=100):
    """Prints the first layer's kernels, guesses and nearest neighbours (§6.1). The page of `runs report` shows their images."""
    page = runs.place / name / "report.html"
    words = [runs.arguments.colonnade, "runs", "report", runs.place / name, "--data", runs.arguments.photographs, "--out", page, "--pictures", images, "--neighbors", images, "--json"]
    result = subprocess.run(list(map(str, words)), capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stderr.strip().splitlines()[-1])
    report = json.loads(result.stdout)
    print("| column | kernels of conv1 | mean colour selectivity | above 0.5 |\n|---|---|---|---|")
    for index, column in enumerate(report["kernels"]):
        print(f"| {index} | {column['kernels']} | {column['color_selectivity']:.2f} | {column['color_kernels']} |")
    print()
    moved(runs, name)
    print("| photograph of | best guesses and their probabilities |\n|---|---|")
    for judged in report["guesses"][:10]:
        words = [f"{guess['name']} {percent(guess['probability'])} %" for guess in judged["guesses"]]
        print(f"| {judged['label']} | {', '.join(words)} |")
    print("\n| photograph of | nearest training photographs and their distances |\n|---|---|")
    for found in report["neighbors"][:10]:
        words = [f"{one['label']} {one['distance']:.1f}" for one in found["nearest"]]
        print(f"| {found['label']} | {', '.join(words)} |")
    alike = [one["label"] == found["label"] for found in report["neighbors"] for one in found["nearest"]]
    print(f"\nof the six nearest photographs of {len(report['neighbors'])} photographs, {percent(statistics.mean(alike))} % have the same class (chance: 10 %)")
    print(f"the images are in {page}\n")


def kernels(runs, name, zoom=8):
    """Writes an image of the first layer's kernels, column by column, taken from the run's page."""
    if not runs.arguments.figures:
        return
    page = runs.place / name / "kernels.html"
    words = [runs.arguments.colonnade, "runs", "report", runs.place / name, "--pictures", 0, "--neighbors", 0, "--out", page, "--json"]
    report = json.loads(subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True).stdout)
    sheets = re.findall(r'<img class="kernels" src="data:image/png;base64,([^"]+)"', page.read_text())
    parts, top, widest = [], 0, 0
    for index, (sheet, column) in enumerate(zip(sheets, report["kernels"])):
        # A PNG file has its width and height at byte 16.
        width, height = (zoom * value for value in struct.unpack(">II", base64.b64decode(sheet)[16:24]))
        words = f"Column {index}: colour selectivity {column['color_selectivity']:.2f}; {column['color_kernels']} of {column['kernels']} kernels above 0.5"
        parts.append(f'<text x="{zoom}" y="{top + 18}">{words}</text>')
        parts.append(f'<image x="0" y="{top + 24}" width="{width}" height="{height}" href="data:image/png;base64,{sheet}"/>')
        top, widest = top + height + 36, max(widest, width)
    style = "text { font: 14px sans-serif } image { image-rendering: pixelated }"
    page = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {widest} {top}" width="{widest}" height="{top}"><style>{style}</style>'
    page += f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    (pathlib.Path(runs.arguments.figures) / f"kernels-{name}.svg").write_text(page)


def best(runs):
    if runs.record("best") is None:
        return print("not started: best\n")
    print("| passes | top-1 error |\n|---|---|")
    for line in runs.lines("best", "validation"):
        if line["step"] % (10 * PASS) == 0:
            print(f"| {line['step'] / PASS:.0f} | {percent(line['top1_error'])} % |")
    print()
    if runs.is_finished("best"):
        last = [("best", runs.checkpoints("best")[-1])]
        print(f"the last checkpoint, on ten patches: {percent(runs.evaluate(last, 'cifar', crops=10))} %\n")
    runs.plot("best", ["best"], "error", "The four-layer network of the paper, CIFAR-10")


MEASURES = {
    "activations": activations,
    "networks": lambda runs: networks(
        runs, [("fp32", "two columns, normalization, overlapping pooling"), ("bf16", "the same in bf16"), ("plain-pooling", "pooling without overlap"),
               ("one-column", "one column"), ("no-lrn", "without normalization"), ("no-lrn-own-rate", "without normalization, at its own best rate")],
        "networks"),
    "columns": columns,
    "precisions": precisions,
    "averaging": averaging,
    "photographs": photographs,
    "best": best,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(MEASURES)} (default: all)", choices=[[], *MEASURES])
    parser.add_argument("--colonnade", default=os.environ.get("COLONNADE", str(HERE.parent.parent / ".build/release/colonnade")))
    parser.add_argument("--out", default="experiments")
    parser.add_argument("--cifar", default="data/cifar")
    parser.add_argument("--photographs", default="data/photographs")
    parser.add_argument("--figures", help="the folder for plots (default: none are drawn)")
    arguments = parser.parse_args()
    runs = Runs(arguments)
    for name in arguments.names or MEASURES:
        print(f"## {name}\n")
        MEASURES[name](runs)


main()
