"""What the experiments' runs left on disk, and the errors of their checkpoints."""

import json
import os
import pathlib
import subprocess
import sys


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
