#!/usr/bin/env python3
"""Converts torchvision's or Caffe's AlexNet into a safetensors file and a network that `colonnade import` takes.

    pip install torch safetensors numpy --extra-index-url https://download.pytorch.org/whl/cpu
    deploy/convert-alexnet.py torchvision alexnet-owt-7be5be79.pth alexnet.safetensors alexnet.yaml
    deploy/convert-alexnet.py caffe bvlc_alexnet.npz alexnet.safetensors alexnet.yaml [--mean imagenet_mean.npy]
    colonnade import --config alexnet.yaml alexnet.safetensors CHECKPOINT [--data DATASET]

A state is a .pth or .pt file of PyTorch, a .safetensors file or a .npz file. Caffe's blobs are named conv1.weight,
conv1.bias … fc8.bias, as converters of .caffemodel files name them. Both networks differ from the paper's: torchvision's
has no normalization and one column; Caffe's has an input of 227×227 without padding and another normalization constant.
Both scale dropout in training instead of at test, so the converted networks have no dropout.
"""

import argparse
import pathlib
import sys

import numpy as np

TORCHVISION = {
    "features.0": "conv1", "features.3": "conv2", "features.6": "conv3", "features.8": "conv4", "features.10": "conv5",
    "classifier.1": "fc6", "classifier.4": "fc7", "classifier.6": "fc8",
}
# torchvision subtracts MEAN from pixels in [0, 1] and divides by DEVIATION.
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
# Caffe's mean pixel, blue first.
CAFFE_MEAN = np.array([104.00698793, 116.66876762, 122.67891434])
STORED = 256


def read(path):
    if path.suffix in (".pth", ".pt"):
        import torch
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {name: value.float().numpy() for name, value in state.get("state_dict", state).items()}
    if path.suffix == ".safetensors":
        from safetensors.numpy import load_file
        return load_file(path)
    return dict(np.load(path))


def mean_image(channels):
    """Returns a mean image of one colour (CHW)."""
    return np.broadcast_to(np.asarray(channels, np.float32)[:, None, None], (3, STORED, STORED))


def torchvision(state, _):
    tensors = {}
    for theirs, ours in TORCHVISION.items():
        for kind in ("weight", "bias"):
            tensors[f"{ours}.{kind}"] = state[f"{theirs}.{kind}"]
    # Colonnade's input is 0-255 less the mean, so the kernels of conv1 include the division.
    tensors["conv1.weight"] = tensors["conv1.weight"] / (255 * DEVIATION)[None, :, None, None]
    tensors["mean"] = mean_image(255 * MEAN)
    return tensors


def caffe(state, mean):
    tensors = {}
    for layer in ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"):
        for kind in ("weight", "bias"):
            tensors[f"{layer}.{kind}"] = state[f"{layer}.{kind}"]
        if layer.startswith("fc"):
            tensors[f"{layer}.weight"] = tensors[f"{layer}.weight"].reshape(tensors[f"{layer}.bias"].size, -1)
        tensors[f"{layer}.bias"] = tensors[f"{layer}.bias"].reshape(-1)
    # Caffe's first channel is blue, Colonnade's is red.
    tensors["conv1.weight"] = tensors["conv1.weight"][:, ::-1]
    tensors["mean"] = np.load(mean)[::-1] if mean else mean_image(CAFFE_MEAN[::-1])
    return tensors


def network(style, tensors):
    """Returns the network as YAML, with the sizes of the tensors."""
    outputs = {name: len(tensors[f"{name}.bias"]) for name in
               ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")}
    columns = 1 if style == "torchvision" else 2
    side, padding = (224, 2) if style == "torchvision" else (227, 0)
    normalization = "" if style == "torchvision" else "normalization: {size: 5, k: 1, alpha: 2e-5, beta: 0.75}, "
    pool = "max_pooling: {size: 3, stride: 2}"
    lines = [
        f"# AlexNet as {style} has it.", "network:", f"  input: {{channels: 3, height: {side}, width: {side}}}",
        f"  columns: {columns}", "  layers:",
        f"    - {{name: conv1, convolution: {{kernels: {outputs['conv1']}, size: 11, stride: 4, padding: {padding}}}, "
        f"then: [relu, {normalization}{pool}]}}",
        f"    - {{name: conv2, convolution: {{kernels: {outputs['conv2']}, size: 5, padding: 2}}, "
        f"then: [relu, {normalization}{pool}]}}",
        f"    - {{name: conv3, convolution: {{kernels: {outputs['conv3']}, size: 3, padding: 1}}, reads: all, then: [relu]}}",
        f"    - {{name: conv4, convolution: {{kernels: {outputs['conv4']}, size: 3, padding: 1}}, then: [relu]}}",
        f"    - {{name: conv5, convolution: {{kernels: {outputs['conv5']}, size: 3, padding: 1}}, then: [relu, {pool}]}}",
        f"    - {{name: fc6, inner_product: {{outputs: {outputs['fc6']}}}, then: [relu]}}",
        f"    - {{name: fc7, inner_product: {{outputs: {outputs['fc7']}}}, then: [relu]}}",
        f"    - {{name: fc8, inner_product: {{outputs: {outputs['fc8']}}}}}",
    ]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("style", choices=["torchvision", "caffe"])
    parser.add_argument("state", type=pathlib.Path)
    parser.add_argument("tensors", type=pathlib.Path, help="the safetensors file to write")
    parser.add_argument("network", type=pathlib.Path, help="the YAML file to write")
    parser.add_argument("--mean", help="Caffe's mean image, 3x256x256, blue first")
    settings = parser.parse_args()
    try:
        tensors = {"torchvision": torchvision, "caffe": caffe}[settings.style](read(settings.state), settings.mean)
    except KeyError as error:
        sys.exit(f"{settings.state} has no {error.args[0]}: it is not {settings.style}'s AlexNet")
    from safetensors.numpy import save_file
    save_file({name: np.ascontiguousarray(value, np.float32) for name, value in tensors.items()}, settings.tensors)
    settings.network.write_text(network(settings.style, tensors))


if __name__ == "__main__":
    main()
