"""Golden files for the parity tests: what PyTorch computes for one network with every kind of layer.

    pip install torch==2.13.0+cpu safetensors numpy --extra-index-url https://download.pytorch.org/whl/cpu
    python generate.py

writes beside this script (F32, labels I64):

    every_layer.yaml                  the network, as a `network:` setting
    every_layer.safetensors           initial parameters by name; images, labels, logits, loss; the gradients of the
                                      mean cross-entropy, grad.conv1.weight ...
    every_layer_training.safetensors  ten steps from those parameters: images [10, 6, 3, 19, 19], labels, losses (each
                                      before its update), final parameters by name, momentum.conv1.weight ...
    lrn.safetensors                   x; y by the paper's formula; dy; dx
    update.safetensors                w, v, g; v1, w1 by the paper's update in float32

The network's figures are computed in float64 from parameters and images that float32 holds exactly, and rounded to
float32 once, when they are saved: the reference has no rounding errors of its own to allow for. (The float64 sums depend
a little on the machine, so a file made elsewhere may differ from the committed one in the last bit of some values.)
update.safetensors alone is float32 throughout: v1 = (0.9 v - (0.0005 eps) w) - eps g, w1 = w + v1, rounded after every
single operation.

An image for which any ReLU's input, or the distance of any pooling window's two largest values, is nearer to a tie than
MARGIN is drawn again, so that float32 has to choose the same branch at every step.
"""

import pathlib
import sys

sys.dont_write_bytecode = True  # Beside this script lie resources of the tests.

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

from every_layer import CLASSES, EVERY_LAYER, yaml
from reference_network import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Network

FOLDER = pathlib.Path(__file__).resolve().parent
SEED = 2012
BATCH, STEPS = 6, 10
# Of the root mean square of a ReLU's inputs, and of a window's maximum.
MARGIN = 1e-4


class Images:
    """Noise over a pattern of the class, about -60 to 60."""

    def __init__(self, generator):
        self.generator = generator
        self.patterns = generator.uniform(-40, 40, (CLASSES, 3, 19, 19))

    def batch(self, network):
        """Draws again what is near a tie for the network as it is."""
        images, labels = np.zeros((BATCH, 3, 19, 19), np.float32), np.zeros(BATCH, np.int64)
        for index in range(BATCH):
            safe = False
            while not safe:
                labels[index] = self.generator.integers(CLASSES)
                images[index] = self.patterns[labels[index]] + self.generator.uniform(-20, 20, (3, 19, 19))
                safe = network.margins(torch.from_numpy(images[index:index + 1]).double()).item() >= MARGIN
        assert network.margins(torch.from_numpy(images).double()).min() >= 0.99 * MARGIN
        return images, labels


def initialize(network, generator):
    """Normal draws by the layers' recipes, rounded to float32."""
    recipes = {spec["name"]: spec for spec in network.specification}
    with torch.no_grad():
        for name, w in network.named_parameters():
            owner, kind = name.split(".")
            recipe = recipes[owner]["weights" if kind == "weight" else "biases"]
            values = recipe.get("value", 0.0) + recipe["deviation"] * generator.standard_normal(tuple(w.shape))
            w.copy_(torch.from_numpy(values.astype(np.float32)))


def save(name, tensors):
    rounded = {
        key: np.ascontiguousarray(value, np.int64 if np.asarray(value).dtype == np.int64 else np.float32)
        for key, value in tensors.items()}
    assert all(np.isfinite(value).all() for value in rounded.values())
    save_file(rounded, FOLDER / name)
    (FOLDER / name).chmod(0o644)
    print(f"{name}: {len(rounded)} tensors, {(FOLDER / name).stat().st_size} bytes")


def every_layer(generator):
    network = Network(EVERY_LAYER).double()
    initialize(network, generator)
    source = Images(generator)

    images, labels = source.batch(network)
    logits, loss = network.backpropagate(torch.from_numpy(images).double(), torch.from_numpy(labels))
    gradients = {f"grad.{name}": w.grad.numpy() for name, w in network.named_parameters()}
    # At the border most weights of a locally connected layer read padding only.
    assert all(
        np.count_nonzero(g) > (0.2 if name.startswith("grad.local") else 0.5) * g.size for name, g in gradients.items())
    save("every_layer.safetensors", {
        **network.tensors(), **gradients,
        "images": images, "labels": labels, "logits": logits.numpy(), "loss": np.array([loss])})

    momentum = {name: torch.zeros_like(w) for name, w in network.named_parameters()}
    batches, losses = [], []
    for _ in range(STEPS):
        images, labels = source.batch(network)
        losses.append(network.backpropagate(torch.from_numpy(images).double(), torch.from_numpy(labels))[1])
        network.update(momentum)
        batches.append((images, labels))
    print("losses:", " ".join(f"{loss:.4f}" for loss in losses))
    save("every_layer_training.safetensors", {
        **network.tensors(), **{f"momentum.{name}": v.numpy() for name, v in momentum.items()},
        "images": np.stack([images for images, _ in batches]), "labels": np.stack([labels for _, labels in batches]),
        "losses": np.array(losses)})


def lrn(generator, size=5, k=2.0, alpha=0.01, beta=0.75):
    x = (10 * generator.standard_normal((2, 12, 3, 4))).astype(np.float32)
    dy = generator.standard_normal(x.shape).astype(np.float32)
    a = x.astype(np.float64)
    y = np.empty_like(a)
    for i in range(12):
        near = a[:, max(0, i - size // 2):min(11, i + size // 2) + 1]
        y[:, i] = a[:, i] / (k + alpha * np.square(near).sum(1)) ** beta
    leaf = torch.from_numpy(a).requires_grad_()
    by_torch = F.local_response_norm(leaf, size, alpha=alpha * size, beta=beta, k=k)
    assert np.allclose(by_torch.detach().numpy(), y, rtol=1e-12, atol=0)
    by_torch.backward(torch.from_numpy(dy).double())
    save("lrn.safetensors", {"x": x, "y": y, "dy": dy, "dx": leaf.grad.numpy()})


def update(generator):
    w, v, g = (scale * generator.standard_normal(100).astype(np.float32) for scale in map(np.float32, (1, 0.1, 2)))
    beta, decay, eps = np.float32(MOMENTUM), np.float32(WEIGHT_DECAY), np.float32(LEARNING_RATE)
    v1 = (beta * v - (decay * eps) * w) - eps * g
    w1 = w + v1
    assert all(value.dtype == np.float32 for value in (w, v, g, v1, w1))
    save("update.safetensors", {"w": w, "v": v, "g": g, "v1": v1, "w1": w1})


def main():
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    generator = np.random.default_rng(SEED)
    (FOLDER / "every_layer.yaml").write_text(yaml(EVERY_LAYER))
    every_layer(generator)
    lrn(generator)
    update(generator)


if __name__ == "__main__":
    main()
