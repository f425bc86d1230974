"""Writes a run with known figures, and checks that the pages show exactly these: compares the text of a page with the run's files.

The figures are chosen so that mistakes become visible. No two tensors, steps or validations have the same figure. The best validation
is not the first, not the last, and not among those that a chart of few points would keep. The last step is far from the mean.
"""

import json
import pathlib
import re

NAME = "browser-values"
STEPS, EVERY = 400, 20
TENSORS = ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc3.weight", "fc3.bias"]
ERRORS = [0.52, 0.471, 0.455, 0.402, 0.391, 0.353, 0.344, 0.333, 0.278, 0.322, 0.289, 0.301, 0.315, 0.307, 0.299, 0.318, 0.312, 0.308, 0.305, 0.321]


def write(model, runs):
    """Writes the run. Its run.json is that of another run, with different steps and outcome."""
    folder = pathlib.Path(runs, NAME)
    folder.mkdir(parents=True)
    record = json.loads(pathlib.Path(model, "run.json").read_text())
    record.update(name=NAME, steps=STEPS, state="finished")
    (folder / "run.json").write_text(json.dumps(record))
    lines = []
    for step in range(1, STEPS + 1):
        lines.append({"kind": "step", "step": step, "epoch": step // 100, "loss": 2.5 - 0.005 * step, "learning_rate": 0.01 if step <= 300 else 0.001,
                      "images_per_second": 500 + (step * 37) % 101, "seconds": 0.03, "digest": f"{step:016x}"})
        if step % EVERY == 0:
            error = ERRORS[step // EVERY - 1]
            lines.append({"kind": "validation", "step": step, "epoch": step // 100, "loss": 2 * error + 0.1, "top1_error": error, "top5_error": error / 8})
        if step % 100 == 0:
            lines.append({"kind": "norms", "step": step, "tensors": TENSORS, "weight": [7.83 * (i + 1) + step / 1000 for i in range(len(TENSORS))],
                          "update": [0.0021 * (i + 1) ** 2 + step / 1e6 for i in range(len(TENSORS))]})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "events.jsonl").write_text("")


def read(runs):
    """Returns the lines of the run's metrics by kind, in the file's order."""
    found = {}
    for line in pathlib.Path(runs, NAME, "metrics.jsonl").read_text().splitlines():
        line = json.loads(line)
        found.setdefault(line["kind"], []).append(line)
    return found


def differs(text, value):
    """Returns whether a printed number differs from `value` at its precision."""
    match = re.search(r"[-+]?[\d,]*\.?\d+(?:e-?\d+)?", text)
    if not match:
        return True
    digits = match[0].replace(",", "")
    mantissa, _, power = digits.partition("e")
    unit = 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))
    return abs(float(digits) - value) > 0.5001 * unit


def wrong_in_head(page, runs):
    """Returns the wrong figures in the head of the run's page."""
    lines = read(runs)
    steps, validations = lines["step"], lines["validation"]
    rates = sorted(step["images_per_second"] for step in steps)
    expected = {
        "step": steps[-1]["step"], "epoch": steps[-1]["epoch"], "loss": steps[-1]["loss"], "learning rate": steps[-1]["learning_rate"],
        "error": 100 * validations[-1]["top1_error"], "best error": 100 * min(one["top1_error"] for one in validations), "images/s": rates[len(rates) // 2],
    }
    page.go(f"/run/{NAME}/curves", ".plot path.line")
    shown = page.js("return Object.fromEntries([...document.querySelectorAll('.figures > div')].map((one) => [one.querySelector('dt').textContent, one.querySelector('dd').textContent]))")
    return [f"{name}: {shown.get(name)!r} instead of {value}" for name, value in expected.items() if differs(shown.get(name, ""), value)]


def wrong_in_list(page, runs):
    """Returns the wrong figures in the list of runs."""
    lines = read(runs)
    validations = [100 * one["top1_error"] for one in lines["validation"]]
    rates = sorted(step["images_per_second"] for step in lines["step"])
    expected = {"epoch": lines["step"][-1]["epoch"], "loss": lines["step"][-1]["loss"], "error": validations[-1], "best error": min(validations), "images/s": rates[len(rates) // 2]}
    page.go("/", "tbody tr")
    shown = row(page, NAME)
    return [f"{name}: {shown.get(name)!r} instead of {value}" for name, value in expected.items() if differs(shown.get(name, ""), value)]


def wrong_in_layers(page, runs):
    """Returns the figures on the page of layers that differ from the last line of norms."""
    last = read(runs)["norms"][-1]
    page.go(f"/run/{NAME}/layers", ".plot path.line")
    wrong = []
    shown = page.js("return [...document.querySelectorAll('main table')].at(-1).querySelectorAll('tbody tr').length")
    if shown != len(TENSORS):
        wrong.append(f"{shown} tensors instead of {len(TENSORS)}")
    for index, tensor in enumerate(last["tensors"]):
        weight, update = last["weight"][index], last["update"][index]
        cells = row(page, tensor)
        for title, value in {"weight norm": weight, "update norm": update, "ratio": update / weight}.items():
            if differs(cells.get(title, ""), value):
                wrong.append(f"{title} of {tensor}: {cells.get(title)!r} instead of {value}")
    lines = [int(one) for one in page.js("return [...document.querySelectorAll('.chart')].map((chart) => chart.querySelectorAll('path.line').length)")]
    if lines != [3, 3, 3]:
        wrong.append(f"curves of {lines} tensors instead of three weights in each chart")
    return wrong


def row(page, name):
    """Returns the cells of a row of the last table, by the titles of their columns. `name` is the text of one of its cells."""
    return page.js(
        "const table = [...document.querySelectorAll('main table')].at(-1);"
        "const titles = [...table.querySelectorAll('thead th')].map((one) => one.textContent);"
        "const row = [...table.querySelectorAll('tbody tr')].find((one) => [...one.children].some((cell) => cell.textContent === arguments[0]));"
        "return row ? Object.fromEntries([...row.children].map((cell, index) => [titles[index], cell.textContent])) : {}", name)
