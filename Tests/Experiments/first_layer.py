"""What the first layer's kernels have learned: how selective they are for colour, by column, and how far training has moved them."""

import array
import base64
import json
import pathlib
import re
import statistics
import struct
import subprocess

from experiment_runs import percent
from experiments import SEEDS


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
