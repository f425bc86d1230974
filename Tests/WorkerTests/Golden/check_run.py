"""Replays a training run in PyTorch float32 and compares every loss and the final weights.

    pip install torch==2.13.0+cpu safetensors numpy --extra-index-url https://download.pytorch.org/whl/cpu
    python check_run.py --checkpoint RUN/checkpoints/step-00000000 --batches batch-*.safetensors \\
        --final RUN/checkpoints/step-00000010 --metrics RUN/metrics.jsonl

The run has to have dropout off. The batches are files with `images` and `labels` of one step, or of several steps
stacked, in the order of the steps. The network is the one in the checkpoint's state.json. The exit code is 0 when everything agrees, 1 when a loss or a tensor differs by more
than the tolerance (of its norm) or is missing, 2 when the comparison could not be made.

The column `change` is the difference relative to how far training moved the tensor: it is not judged, but tells a
faithful replay from a short run whose weights hardly moved.
"""

import argparse
import json
import math
import pathlib
import sys

sys.dont_write_bytecode = True  # Beside this script lie resources of the tests.

import torch
from safetensors.torch import load_file

from generate import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Network

class CannotCompare(Exception):
    """Something about the files or options makes a comparison meaningless."""


def read_network(checkpoint):
    state = json.loads((checkpoint / "state.json").read_text())
    return state["configuration"]["network"]


def load_parameters(network, tensors):
    expected = {name: tuple(w.shape) for name, w in network.named_parameters()}
    found = {name: tuple(value.shape) for name, value in tensors.items()}
    if expected != found:
        wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        listed = "; ".join(f"{name} is {found.get(name)}, not {expected.get(name)}" for name in wrong)
        raise CannotCompare(f"the checkpoint is not of this network: {listed}")
    network.load_state_dict(tensors)


def read_batches(files):
    for file in files:
        tensors = load_file(file)
        images, labels = tensors["images"].float(), tensors["labels"].long()
        if images.dim() == 4:
            images, labels = images.unsqueeze(0), labels.unsqueeze(0)
        if images.dim() != 5 or images.shape[:2] != labels.shape:
            raise CannotCompare(f"{file} has images {tuple(images.shape)} and labels {tuple(labels.shape)}")
        yield from zip(images, labels)


def read_losses(file):
    losses = {}
    for line in pathlib.Path(file).read_text().splitlines():
        entry = json.loads(line)
        if entry.get("kind") == "step":
            if entry["step"] in losses:
                raise CannotCompare(f"{file} has step {entry['step']} twice")
            losses[entry["step"]] = entry["loss"]
    return losses


def relative(difference, reference):
    return difference / reference if reference > 0 else (0.0 if difference == 0 else math.inf)


def within(error, tolerance):
    return error <= tolerance  # False for NaN.


def compare_losses(network, momentum, batches, losses, settings):
    failures, replayed = [], 0
    print(f"{'step':>6} {'run':>12} {'PyTorch':>12} {'relative':>10}")
    for step, (images, labels) in enumerate(batches, 1):
        expected = network.backpropagate(images, labels)[1]
        network.update(momentum, settings.learning_rate, settings.momentum, settings.weight_decay)
        replayed = step
        if step not in losses:
            failures.append(f"step {step} is not in the metrics")
            continue
        error = relative(abs(losses[step] - expected), abs(expected))
        passed = within(error, settings.tolerance)
        print(f"{step:6} {losses[step]:12.6f} {expected:12.6f} {error:10.1e}{'' if passed else '  <-- differs'}", flush=True)
        if not passed:
            failures.append(f"the loss of step {step}")
    if replayed == 0:
        raise CannotCompare("there are no batches")
    failures += [f"step {step} has no batch" for step in sorted(losses) if step > replayed]
    return failures


def compare_weights(reference, initial, final, tolerance):
    failures = [f"{name} is not a parameter" for name in sorted(final.keys() - reference.keys())]
    print(f"{'tensor':<16} {'relative':>10} {'change':>10}")
    for name, expected in reference.items():
        expected, start = expected.double(), initial[name].double()
        if name not in final or final[name].shape != expected.shape:
            failures.append(f"{name} is missing or has another shape")
            continue
        difference = (final[name].double() - expected).norm().item()
        error = relative(difference, expected.norm().item())
        change = relative(difference, (expected - start).norm().item())
        passed = within(error, tolerance)
        print(f"{name:<16} {error:10.1e} {change:10.1e}{'' if passed else '  <-- differs'}")
        if not passed:
            failures.append(name)
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", required=True, type=pathlib.Path, help="directory of the run's step 0")
    parser.add_argument("--batches", required=True, nargs="+", type=pathlib.Path)
    parser.add_argument("--final", required=True, type=pathlib.Path, help="directory of the run's last step")
    parser.add_argument("--metrics", required=True, type=pathlib.Path)
    parser.add_argument("--learning-rate", type=float, default=LEARNING_RATE)
    parser.add_argument("--momentum", type=float, default=MOMENTUM)
    parser.add_argument("--weight-decay", type=float, default=WEIGHT_DECAY)
    parser.add_argument("--tolerance", type=float, default=1e-3)
    settings = parser.parse_args()

    initial = load_file(settings.checkpoint / "model.safetensors")
    network = Network(read_network(settings.checkpoint))
    load_parameters(network, initial)
    momentum = {name: torch.zeros_like(w) for name, w in network.named_parameters()}

    failures = compare_losses(
        network, momentum, read_batches(settings.batches), read_losses(settings.metrics), settings)
    reference = {name: w.detach() for name, w in network.named_parameters()}
    failures += compare_weights(
        reference, initial, load_file(settings.final / "model.safetensors"), settings.tolerance)
    if failures:
        print(f"differs: {'; '.join(failures)}", file=sys.stderr)
        return 1
    print("the run agrees with PyTorch")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotCompare as error:
        print(f"cannot compare: {error}", file=sys.stderr)
        sys.exit(2)
    except Exception as error:  # A traceback's exit code is that of a difference.
        print(f"cannot compare: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(2)
