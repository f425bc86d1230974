#!/usr/bin/env python3
"""Times full training steps of a network in PyTorch, on generated images, for comparison with Colonnade.

    colonnade plan --preset alexnet --json > network.json
    python torch_step.py network.json [--batch 128] [--threads 2] [--compile] [--bf16] [--processes 2] [--steps 5]

One process runs the network with grouped convolutions. With --processes, the columns are distributed over processes of
--threads threads each, which exchange activations with gloo's all_gather. Prints one line of JSON: the seconds and
images per second of the median step.
"""

import argparse
import json
import os
import statistics
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as multiprocessing
import torch.nn.functional as F
from torch import nn


class Gather(torch.autograd.Function):
    """Concatenates the channels of all processes. The backward pass sums the gradients of the own channels over all processes."""

    @staticmethod
    def forward(context, x):
        parts = [torch.empty_like(x) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, x.contiguous())
        return torch.cat(parts, 1)

    @staticmethod
    def backward(context, gradient):
        gradient = gradient.contiguous()
        dist.all_reduce(gradient)
        return gradient.chunk(dist.get_world_size(), 1)[dist.get_rank()].contiguous()


class Exchange(nn.Module):
    def forward(self, x):
        return Gather.apply(x)


def build(network, processes):
    """Returns the network as modules; with several processes, one process's share of each layer."""
    columns, side = network["columns"], network["input"]
    share = processes if processes > 1 else 1
    sample = torch.zeros(1, side["channels"], side["height"], side["width"])
    modules = []

    def add(module):
        nonlocal sample
        modules.append(module)
        if isinstance(module, Exchange):
            sample = torch.cat([sample] * share, 1)
        else:
            with torch.no_grad():
                sample = module(sample)

    for index, layer in enumerate(network["layers"]):
        reads_all = index > 0 and (layer.get("reads", "own" if "convolution" in layer else "all") == "all")
        if reads_all and share > 1:
            add(Exchange())
        if "convolution" in layer:
            sizes = layer["convolution"]
            groups = columns if share == 1 and index > 0 and not reads_all else 1
            add(nn.Conv2d(sample.shape[1], sizes["kernels"] // share, sizes["size"], sizes.get("stride", 1),
                          sizes.get("padding", 0), groups=groups))
        else:
            if sample.dim() > 2:
                add(nn.Flatten())
            add(nn.Linear(sample.shape[1], layer["inner_product"]["outputs"] // share))
        for stage in layer.get("then", []):
            if stage == "relu":
                add(nn.ReLU(inplace=True))
            elif stage == "tanh":
                add(nn.Tanh())
            elif "normalization" in stage:
                n = stage["normalization"]
                add(nn.LocalResponseNorm(n["size"], alpha=n["alpha"] * n["size"], beta=n["beta"], k=n["k"]))
            elif "max_pooling" in stage:
                add(nn.MaxPool2d(stage["max_pooling"]["size"], stage["max_pooling"]["stride"]))
            elif "dropout" in stage:
                add(nn.Dropout(stage["dropout"]))
    if share > 1:
        add(Exchange())
    return nn.Sequential(*modules)


def train(rank, settings, network):
    torch.set_num_threads(settings.threads)
    torch.manual_seed(rank)
    if settings.processes > 1:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(settings.port))
        dist.init_process_group("gloo", rank=rank, world_size=settings.processes)
    model = build(network, settings.processes)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9, weight_decay=5e-4)
    run = torch.compile(model) if settings.compile else model
    side, classes = network["input"], network["layers"][-1]["inner_product"]["outputs"]
    torch.manual_seed(0)
    images = torch.randn(settings.batch, side["channels"], side["height"], side["width"])
    labels = torch.randint(0, classes, (settings.batch,))
    times = []
    for _ in range(settings.steps + 2):
        start = time.perf_counter()
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=settings.bf16):
            logits = run(images)
        # Every process computes the whole loss, and the exchange sums their gradients.
        (F.cross_entropy(logits.float(), labels) / settings.processes).backward()
        optimizer.step()
        times.append(time.perf_counter() - start)
    if rank == 0:
        step = statistics.median(times[2:])
        print(json.dumps({"step_seconds": step, "images_per_second": settings.batch / step, "torch": torch.__version__}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--port", type=int, default=29511)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--bf16", action="store_true")
    settings = parser.parse_args()
    with open(settings.network) as file:
        network = json.load(file)["network"]
    if settings.processes > 1:
        multiprocessing.spawn(train, (settings, network), settings.processes)
    else:
        train(0, settings, network)


if __name__ == "__main__":
    main()
