"""Replays a training run in PyTorch float32 and compares every loss and the final weights.

    pip install torch==2.13.0+cpu safetensors numpy pyyaml --extra-index-url https://download.pytorch.org/whl/cpu
    python check_run.py --checkpoint RUN/checkpoints/step-00000000 --network fashion --batches batch-*.safetensors \\
        --final RUN/checkpoints/step-00000010 --metrics RUN/metrics.jsonl

The run has to have dropout off. The batches are files with `images` and `labels` of one step, or of several steps
stacked, in the order of the steps. The network is every_layer, a preset's name, or a YAML file (which alone needs
pyyaml) with a `network:` mapping. The exit code is 0 when everything agrees, 1 when a loss or a tensor differs by more
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

from generate import EVERY_LAYER, LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Network, layer, normalization, pooling

DROPOUT = {"dropout": 0.5}


def convolution(kernels, size, stride=1, padding=0):
    return {"kernels": kernels, "size": size, "stride": stride, "padding": padding}


def alexnet(columns, kernels):
    return {"input": {"channels": 3, "height": 224, "width": 224}, "columns": columns, "layers": [
        layer("conv1", convolution(kernels[0], 11, 4, 2), "own", ["relu", normalization(), pooling()]),
        layer("conv2", convolution(kernels[1], 5, 1, 2), "own", ["relu", normalization(), pooling()], biases=1.0),
        layer("conv3", convolution(kernels[2], 3, 1, 1), "all", ["relu"]),
        layer("conv4", convolution(kernels[3], 3, 1, 1), "own", ["relu"], biases=1.0),
        layer("conv5", convolution(kernels[4], 3, 1, 1), "own", ["relu", pooling()], biases=1.0),
        layer("fc6", {"outputs": 4096}, "all", ["relu", DROPOUT], biases=1.0),
        layer("fc7", {"outputs": 4096}, "all", ["relu", DROPOUT], biases=1.0),
        layer("fc8", {"outputs": 1000}, "all"),
    ]}


def small(channels, side, kernels):
    return {"input": {"channels": channels, "height": side, "width": side}, "columns": 2, "layers": [
        layer("conv1", convolution(kernels[0], 5, 1, 2), "own", ["relu", normalization(), pooling()], weights=0.005),
        layer("conv2", convolution(kernels[1], 5, 1, 2), "own", ["relu", normalization(), pooling()], 0.05, 0.1),
        layer("conv3", convolution(kernels[2], 3, 1, 1), "all", ["relu"], 0.05),
        layer("conv4", convolution(kernels[3], 3, 1, 1), "own", ["relu", pooling()], 0.07, 0.1),
        layer("fc5", {"outputs": 256}, "all", ["relu", DROPOUT], 0.07, 0.1),
        layer("fc6", {"outputs": 10}, "all", weights=0.05),
    ]}


# As in Sources/Network/Presets.
NETWORKS = {
    "every_layer": EVERY_LAYER,
    "alexnet": alexnet(2, [96, 256, 384, 384, 256]),
    "alexnet-one-column": alexnet(1, [48, 128, 192, 192, 256]),
    "fashion": small(1, 28, [32, 64, 96, 64]),
    "cifar10": small(3, 32, [64, 96, 128, 96]),
}


class CannotCompare(Exception):
    """Something about the files or options makes a comparison meaningless."""


def read_network(name):
    if name in NETWORKS:
        return NETWORKS[name]
    if not pathlib.Path(name).is_file():
        raise CannotCompare(f"--network {name} is neither a YAML file nor one of {', '.join(NETWORKS)}")
    import yaml
    network = yaml.safe_load(pathlib.Path(name).read_text())["network"]
    return NETWORKS[network] if isinstance(network, str) else with_numbers(network)


def with_numbers(value):
    """PyYAML takes 1e-4, which has no point, for text."""
    if isinstance(value, dict):
        return {key: item if key == "name" else with_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_numbers(item) for item in value]
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def with_classes(network, tensors):
    """A preset's last layer has as many outputs as the data set has classes."""
    *rest, last = network["layers"]
    bias = tensors.get(f"{last['name']}.bias")
    if bias is None:
        return network
    return {**network, "layers": [*rest, {**last, "inner_product": {"outputs": bias.numel()}}]}


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
    parser.add_argument("--network", required=True, help=f"{', '.join(NETWORKS)} or a YAML file")
    parser.add_argument("--batches", required=True, nargs="+", type=pathlib.Path)
    parser.add_argument("--final", required=True, type=pathlib.Path, help="directory of the run's last step")
    parser.add_argument("--metrics", required=True, type=pathlib.Path)
    parser.add_argument("--learning-rate", type=float, default=LEARNING_RATE)
    parser.add_argument("--momentum", type=float, default=MOMENTUM)
    parser.add_argument("--weight-decay", type=float, default=WEIGHT_DECAY)
    parser.add_argument("--tolerance", type=float, default=1e-3)
    settings = parser.parse_args()

    initial = load_file(settings.checkpoint / "model.safetensors")
    network = Network(with_classes(read_network(settings.network), initial))
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
