"""Replays a training run in PyTorch float32 and compares every loss and the final weights.

    pip install torch==2.13.0+cpu safetensors numpy --extra-index-url https://download.pytorch.org/whl/cpu
    python check_run.py --checkpoint RUN/checkpoints/step-00000000 --batches batch-*.safetensors \\
        --final RUN/checkpoints/step-00000010 --metrics RUN/metrics.jsonl

The run has to have dropout off. The batches are files with `images` and `labels` of one step, or of several steps
stacked, in the order of the steps. The network is the one in the checkpoint's state.json. The exit code is 0 when everything agrees, 1 when a loss or a tensor differs by more
than the tolerance (of its norm) or is missing, 2 when the comparison could not be made.

With --float64 PyTorch replays the run in float64 as well. A loss or a tensor then agrees too where it is no further from
the float64 result than four times what PyTorch's own float32 is: some networks double rounding errors with every step.

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

from reference_network import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Network

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


class Replay:
    """A network with its momentum, in float32 or float64."""

    def __init__(self, checkpoint, settings, double=False):
        self.network, self.settings = Network(read_network(checkpoint)), settings
        load_parameters(self.network, load_file(checkpoint / "model.safetensors"))
        if double:
            self.network.double()
        self.momentum = {name: torch.zeros_like(w) for name, w in self.network.named_parameters()}

    def step(self, images, labels):
        dtype = next(self.network.parameters()).dtype
        loss = self.network.backpropagate(images.to(dtype), labels)[1]
        self.network.update(
            self.momentum, self.settings.learning_rate, self.settings.momentum, self.settings.weight_decay)
        return loss

    def parameters(self):
        return {name: w.detach().double() for name, w in self.network.named_parameters()}


def compare_losses(replay, exact, batches, losses, settings):
    failures, replayed = [], 0
    print(f"{'step':>6} {'run':>12} {'PyTorch':>12} {'relative':>10}")
    for step, (images, labels) in enumerate(batches, 1):
        expected = replay.step(images, labels)
        own = 0.0
        if exact:
            truth = exact.step(images, labels)
            own, expected = relative(abs(expected - truth), abs(truth)), truth
        replayed = step
        if step not in losses:
            failures.append(f"step {step} is not in the metrics")
            continue
        error = relative(abs(losses[step] - expected), abs(expected))
        passed = within(error, max(settings.tolerance, 4 * own))
        print(f"{step:6} {losses[step]:12.6f} {expected:12.6f} {error:10.1e}{'' if passed else '  <-- differs'}", flush=True)
        if not passed:
            failures.append(f"the loss of step {step}")
    if replayed == 0:
        raise CannotCompare("there are no batches")
    failures += [f"step {step} has no batch" for step in sorted(losses) if step > replayed]
    return failures


def compare_weights(reference, exact, initial, final, tolerance):
    failures = [f"{name} is not a parameter" for name in sorted(final.keys() - reference.keys())]
    print(f"{'tensor':<16} {'relative':>10} {'change':>10}{'PyTorch f32' if exact else '':>12}")
    for name, expected in reference.items():
        start, own = initial[name].double(), 0.0
        if exact:
            truth = exact[name]
            own, expected = relative((expected - truth).norm().item(), truth.norm().item()), truth
        if name not in final or final[name].shape != expected.shape:
            failures.append(f"{name} is missing or has another shape")
            continue
        difference = (final[name].double() - expected).norm().item()
        error = relative(difference, expected.norm().item())
        change = relative(difference, (expected - start).norm().item())
        passed = within(error, max(tolerance, 4 * own))
        print(f"{name:<16} {error:10.1e} {change:10.1e}{f'  {own:10.1e}' if exact else ''}{'' if passed else '  <-- differs'}")
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
    parser.add_argument("--float64", action="store_true", help="compare with a replay in float64")
    settings = parser.parse_args()

    initial = load_file(settings.checkpoint / "model.safetensors")
    replay = Replay(settings.checkpoint, settings)
    exact = Replay(settings.checkpoint, settings, double=True) if settings.float64 else None

    failures = compare_losses(
        replay, exact, read_batches(settings.batches), read_losses(settings.metrics), settings)
    failures += compare_weights(
        replay.parameters(), exact and exact.parameters(), initial, load_file(settings.final / "model.safetensors"),
        settings.tolerance)
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
