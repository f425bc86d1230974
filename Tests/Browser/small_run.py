"""Writes a run whose figures are unusual, and checks that the pages show them as they are: one step, three classes, replicas, a huge loss, an
end in the second of the start, and events with and without a step."""

import json
import pathlib

from values import row

NAME, CLASSES = "browser-small", 3
EVENTS = [
    ("joined", "worker 0 on a host", {"role": "worker", "rank": "0"}, "–"), ("started", "training from step 1 to 1", {"step": "1"}, "1"),
    ("verdict", "worker 1 has not been heard of since step 9", {}, "–"), ("checkpoint", "checkpoint of step 1", {"path": "p", "step": "1"}, "1"),
    # As an older release wrote it.
    ("checkpoint", "checkpoint of step 0", {"path": "p"}, "0"),
]


def write(model, runs):
    """Writes the run. What does not matter in its run.json is that of another run."""
    folder = pathlib.Path(runs, NAME)
    folder.mkdir(parents=True)
    record = json.loads(pathlib.Path(model, "run.json").read_text())
    record.update(name=NAME, steps=1, state="finished", preset="cifar10", dataset="/data/three-classes", workers=4, replicas=2, ended=record["started"])
    record["configuration"]["network"]["layers"][-1]["inner_product"]["outputs"] = CLASSES
    record["plan"]["columns"] = [[0], [1], [0], [1]]
    worker = next(one for one in record["processes"] if one["role"] == "worker")
    record["processes"] = [{**worker, "rank": rank} for rank in range(4)]
    (folder / "run.json").write_text(json.dumps(record))
    lines = [
        {"kind": "step", "step": 1, "epoch": 0, "loss": 156837422716084551680.0, "learning_rate": 0.01, "images_per_second": 500.0, "seconds": 0.03, "digest": "0" * 16},
        {"kind": "validation", "step": 1, "epoch": 0, "loss": 1.1, "top1_error": 0.5, "top5_error": 0.0},
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    events = [{"kind": kind, "message": message, "time": f"2026-01-01T00:00:{number:02}.000Z", **facts} for number, (kind, message, facts, _) in enumerate(EVENTS)]
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))


def wrong_in_list(page):
    """Returns the cells of the list of runs that are not as they should be."""
    page.go("/", "tbody tr")
    expected = {"loss": "1.568e20", "took": "under 1\u00a0s", "network": "cifar10", "data set": "three-classes", "workers": "4", "error": "50.00\u00a0%"}
    shown = row(page, NAME)
    return [f"{name}: {shown.get(name)!r} instead of {text!r}" for name, text in expected.items() if shown.get(name) != text]


def wrong_in_sections(page):
    """Returns what the run's own pages show wrongly."""
    wrong = []
    page.go(f"/run/{NAME}/events", "tbody tr")
    rows = page.js("return [...[...document.querySelectorAll('main table')].at(-1).querySelectorAll('tbody tr')].map((one) => [...one.children].map((cell) => cell.textContent))")
    shown = [(cells[2], cells[3], cells[1]) for cells in reversed(rows)]
    if shown != [(kind, message, step) for kind, message, _, step in EVENTS]:
        wrong.append(f"events {shown}")
    page.go(f"/run/{NAME}/workers", "tbody tr")
    chips = page.js("return [...document.querySelectorAll('tbody tr')].map((one) => [...one.querySelectorAll('.chip')].map((chip) => chip.lastChild.textContent).join())")
    if chips[:4] != ["0", "1", "0", "1"]:
        wrong.append(f"columns of the workers {chips}")
    page.go(f"/run/{NAME}/curves", ".chart .legend")
    text = page.text(".charts")
    if "top-1" not in text or "top-5" in text:
        wrong.append("a top-5 error of three classes")
    page.go(f"/run/{NAME}/settings", "tbody tr")
    if row_of_settings(page, "preset") != "cifar10":
        wrong.append("no preset in the settings")
    return wrong


def row_of_settings(page, name):
    return page.js("return [...document.querySelectorAll('main tbody tr')].find((one) => one.children[0].textContent === arguments[0])?.children[1].textContent", name)
