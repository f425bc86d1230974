"""The tables of the experiments over photographs."""

import json
import statistics
import subprocess
import sys

from experiment_runs import percent
from experiments import EXPERIMENTS
from first_layer import kernels, moved


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
