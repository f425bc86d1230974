"""Reads a run's event file with TensorBoard and compares it with the run's own files.

    pip install tensorboard
    python check_tensorboard.py RUN EVENTS [POINTS]

RUN is the run's directory, EVENTS the one that `colonnade runs tensorboard` wrote to, POINTS what it was given as --points.
The exit code is 0 when all values agree, 1 when they do not, 77 when a package is missing.
"""

import json
import pathlib
import struct
import sys

try:
    import numpy as np
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError as error:
    print(error)
    sys.exit(77)

run, events = pathlib.Path(sys.argv[1]), sys.argv[2]
points = int(sys.argv[3]) if len(sys.argv) > 3 else None
problems = []


def expect(condition, sentence):
    if not condition:
        problems.append(sentence)


def curves():
    """What metrics.jsonl has: tag, then step, then value."""
    found = {}
    for line in (run / "metrics.jsonl").read_text().splitlines():
        line = json.loads(line)
        step = line["step"]
        if line["kind"] == "step":
            values = {f"train/{name}": line[name] for name in ("loss", "learning_rate", "images_per_second")}
        elif line["kind"] == "validation":
            values = {f"validation/{name}": line[name] for name in ("loss", "top1_error", "top5_error")}
        else:
            values = {f"{of}_norm/{name}": value for of in ("weight", "update") for name, value in zip(line["tensors"], line[of])}
        for tag, value in values.items():
            found.setdefault(tag, {})[step] = value
    return found


def tensors(path):
    content = path.read_bytes()
    size, = struct.unpack("<Q", content[:8])
    for name, entry in json.loads(content[8:8 + size]).items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            yield name, np.frombuffer(content[8 + size + start:8 + size + end], "<f4")


accumulator = EventAccumulator(events, size_guidance={"scalars": 0, "images": 0, "histograms": 0})
accumulator.Reload()
tags = accumulator.Tags()

expected = curves()
expect(set(tags["scalars"]) == set(expected), f"curves {sorted(tags['scalars'])}, expected {sorted(expected)}")
for tag in tags["scalars"]:
    values, scalars = expected.get(tag, {}), accumulator.Scalars(tag)
    steps = [scalar.step for scalar in scalars]
    expect(steps == sorted(set(steps)), f"{tag}: steps {steps} do not rise")
    if points is None:
        expect(steps == sorted(values), f"{tag}: steps {steps}, expected {sorted(values)}")
    else:
        expect(len(steps) <= points, f"{tag}: {len(steps)} points")
        expect(steps[0] == min(values) and steps[-1] == max(values), f"{tag}: from {steps[0]} to {steps[-1]}")
    for scalar in scalars:
        value = values.get(scalar.step)
        expect(value is not None and np.float32(value) == np.float32(scalar.value), f"{tag} {scalar.step}: {scalar.value}, expected {value}")

checkpoints = {int(path.name[5:]): path for path in sorted((run / "checkpoints").glob("step-*"))}
for step, path in checkpoints.items():
    for name, values in tensors(path / "model.safetensors"):
        tag = f"weights/{name}"
        found = [event.histogram_value for event in accumulator.Histograms(tag) if event.step == step] if tag in tags["histograms"] else []
        expect(len(found) == 1, f"{tag}: {len(found)} histograms of step {step}")
        for histogram in found:
            expect(histogram.num == values.size == sum(histogram.bucket), f"{tag}: {histogram.num} values, expected {values.size}")
            expect((histogram.min, histogram.max) == (values.min(), values.max()), f"{tag}: from {histogram.min} to {histogram.max}")
            expect(np.isclose(histogram.sum, values.sum(dtype="f8")), f"{tag}: the sum {histogram.sum}")
            expect(np.isclose(histogram.sum_squares, (values.astype("f8") ** 2).sum()), f"{tag}: the squares {histogram.sum_squares}")
            for limit, below in zip(histogram.bucket_limit[:-1], np.cumsum(histogram.bucket)):
                # A value at an edge may be counted on either side.
                least, most = (values < limit * (1 - np.sign(limit) * 1e-6)).sum(), (values <= limit * (1 + np.sign(limit) * 1e-6)).sum()
                expect(least <= below <= most, f"{tag}: {below} values below {limit}, expected {least} to {most}")
images = 0
for tag in tags["images"]:
    steps = [image.step for image in accumulator.Images(tag)]
    expect(steps == sorted(checkpoints), f"{tag}: images of steps {steps}, expected {sorted(checkpoints)}")
    for image in accumulator.Images(tag):
        data = image.encoded_image_string
        expect(data.startswith(b"\x89PNG\r\n\x1a\n"), f"{tag} is no PNG")
        expect(struct.unpack(">II", data[16:24]) == (image.width, image.height), f"{tag} has another size than its file")
        images += 1
expect(not checkpoints or images, "there are no images")

print("\n".join(problems) or f"{len(expected)} curves, {len(tags['histograms'])} tensors, {images} images agree")
sys.exit(1 if problems else 0)
