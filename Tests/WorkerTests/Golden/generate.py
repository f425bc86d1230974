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

The network's figures are computed in float64 from parameters and pictures that float32 holds exactly, and rounded to
float32 once, when they are saved: the reference has no rounding errors of its own to allow for. (The float64 sums depend
a little on the machine, so a file made elsewhere may differ from the committed one in the last bit of some values.)
update.safetensors alone is float32 throughout: v1 = (0.9 v - (0.0005 eps) w) - eps g, w1 = w + v1, rounded after every
single operation.

A picture for which any ReLU's input, or the distance of any pooling window's two largest values, is nearer to a tie than
MARGIN is drawn again, so that float32 has to choose the same branch at every step.

This file also holds, for check_run.py, the module that a network specification stands for, and the update.
"""

import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

FOLDER = pathlib.Path(__file__).resolve().parent
SEED = 2012
BATCH, STEPS, CLASSES = 6, 10, 7
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY = 0.01, 0.9, 0.0005
# Of the root mean square of a ReLU's inputs, and of a window's maximum.
MARGIN = 1e-4


def layer(name, operation, reads, then=(), weights=0.01, biases=0.0, bias_deviation=0.0):
    kind = "inner_product" if "outputs" in operation else "locally_connected" if name.startswith("local") else "convolution"
    recipes = {"weights": {"deviation": weights}, "biases": {"deviation": bias_deviation, "value": biases}}
    return {"name": name, kind: operation, "reads": reads, "then": list(then), **recipes}


def pooling(size=3, stride=2):
    return {"max_pooling": {"size": size, "stride": stride}}


def normalization(size=5, k=2.0, alpha=1e-4, beta=0.75):
    return {"normalization": {"size": size, "k": k, "alpha": alpha, "beta": beta}}


# Uneven on purpose: 12 channels in a column of conv2 are no whole block of 8; 7 classes are 4 and 3.
EVERY_LAYER = {
    "input": {"channels": 3, "height": 19, "width": 19},
    "columns": 2,
    "layers": [
        layer("conv1", {"kernels": 16, "size": 5, "stride": 2, "padding": 2}, "own",
              ["relu", normalization(alpha=0.02), pooling()], weights=0.02, biases=0.2, bias_deviation=0.3),
        layer("conv2", {"kernels": 24, "size": 3, "stride": 1, "padding": 1}, "own",
              ["tanh", normalization(alpha=0.02)], weights=0.1, biases=0.1, bias_deviation=0.2),
        layer("conv3", {"kernels": 32, "size": 3, "stride": 1, "padding": 1}, "all",
              ["relu", pooling(2, 2)], weights=0.15, biases=0.1, bias_deviation=0.2),
        layer("local4", {"kernels": 20, "size": 3, "stride": 1, "padding": 1}, "own",
              ["relu"], weights=0.15, biases=0.1, bias_deviation=0.2),
        layer("local5", {"kernels": 18, "size": 2, "stride": 1, "padding": 1}, "all",
              ["tanh"], weights=0.15, biases=0.1, bias_deviation=0.2),
        layer("fc6", {"outputs": 20}, "all", ["relu"], weights=0.1, biases=0.1, bias_deviation=0.2),
        layer("fc7", {"outputs": CLASSES}, "all", weights=0.15, biases=0.0, bias_deviation=0.2),
    ],
}


class LocallyConnected(torch.nn.Module):
    """A convolution with other kernels at every place: weight [out, in / groups, size * size, places], bias [out, places]."""

    def __init__(self, sample, kernels, size, stride, padding, groups):
        super().__init__()
        self.window = {"kernel_size": size, "stride": stride, "padding": padding}
        self.groups = groups
        height, width = ((extent + 2 * padding - size) // stride + 1 for extent in sample.shape[2:])
        self.output = (kernels, height, width)
        self.weight = torch.nn.Parameter(torch.zeros(kernels, sample.shape[1] // groups, size * size, height * width))
        self.bias = torch.nn.Parameter(torch.zeros(kernels, height * width))

    def forward(self, x):
        patches = F.unfold(x, **self.window).unflatten(1, (self.groups, -1, self.weight.shape[2]))
        kernels = self.weight.unflatten(0, (self.groups, -1))
        y = torch.einsum("ngikp,goikp->ngop", patches, kernels).flatten(1, 2) + self.bias
        return y.reshape(x.shape[0], *self.output)


class Network(torch.nn.Module):
    """The whole network of a specification, its columns as groups; dropout is off."""

    def __init__(self, specification):
        super().__init__()
        self.columns = specification.get("columns", 1)
        self.specification = specification["layers"]
        side = specification["input"]
        sample = torch.zeros(1, side["channels"], side["height"], side["width"])
        for index, spec in enumerate(self.specification):
            own = spec.get("reads", "own") == "own" and index > 0
            if "locally_connected" in spec:
                sizes = spec["locally_connected"]
                module = LocallyConnected(
                    sample, sizes["kernels"], sizes["size"], sizes.get("stride", 1), sizes.get("padding", 0),
                    self.columns if own else 1)
            elif "convolution" in spec:
                sizes = spec["convolution"]
                module = torch.nn.Conv2d(
                    sample.shape[1], sizes["kernels"], sizes["size"], sizes.get("stride", 1), sizes.get("padding", 0),
                    groups=self.columns if own else 1)
            else:
                module = torch.nn.Linear(sample[0].numel(), spec["inner_product"]["outputs"])
            self.add_module(spec["name"], module)
            with torch.no_grad():
                sample = self.apply_layer(spec, sample)

    def apply_layer(self, spec, x, margins=None):
        module = getattr(self, spec["name"])
        x = module(x.flatten(1) if "inner_product" in spec else x)
        for stage in spec.get("then", []):
            if stage == "relu":
                if margins is not None:
                    each = x.flatten(1)
                    margins.append(each.abs().amin(1) / each.square().mean(1).sqrt())
                x = F.relu(x)
            elif stage == "tanh":
                x = torch.tanh(x)
            elif "normalization" in stage:
                x = self.normalize(x, **stage["normalization"])
            elif "max_pooling" in stage:
                window = {"kernel_size": stage["max_pooling"].get("size", 3), "stride": stage["max_pooling"].get("stride", 2)}
                if margins is not None:
                    margins.append(self.pooling_margin(x, **window))
                x = F.max_pool2d(x, **window)
            elif "dropout" not in stage:
                raise ValueError(f"unknown stage {stage}")
        return x

    def normalize(self, x, size=5, k=2.0, alpha=1e-4, beta=0.75):
        """Every column by itself; PyTorch divides alpha by the size, and the paper does not."""
        columns = x.reshape(x.shape[0] * self.columns, -1, *x.shape[2:])
        return F.local_response_norm(columns, size, alpha=alpha * size, beta=beta, k=k).reshape(x.shape)

    @staticmethod
    def pooling_margin(x, kernel_size, stride):
        """The smallest distance of the two largest values of a window. A window whose maximum is 0 counts as safe:
        the ReLU before it passes no gradient, whichever of its zeros is chosen."""
        windows = F.unfold(x.flatten(0, 1).unsqueeze(1), kernel_size, stride=stride)
        first, second = windows.topk(2, dim=1).values.unbind(1)
        distance = torch.where(first == 0, torch.inf, (first - second) / first.abs())
        return distance.reshape(x.shape[0], -1).amin(1)

    def forward(self, x, margins=None):
        for spec in self.specification:
            x = self.apply_layer(spec, x, margins)
        return x

    def margins(self, x):
        """How near each picture comes to a tie of a ReLU or a maximum."""
        found = []
        with torch.no_grad():
            self(x, found)
        return torch.stack(found).amin(0)

    def backpropagate(self, images, labels):
        """The logits and the mean cross-entropy; the gradients are left in the parameters."""
        self.zero_grad()
        logits = self(images)
        loss = F.cross_entropy(logits, labels)
        loss.backward()
        return logits.detach(), loss.item()

    def update(self, momentum, rate=LEARNING_RATE, beta=MOMENTUM, weight_decay=WEIGHT_DECAY):
        """v <- 0.9 v - 0.0005 eps w - eps g; w <- w + v. Biases do not decay unless their layer says so."""
        recipes = {spec["name"]: spec for spec in self.specification}
        with torch.no_grad():
            for name, w in self.named_parameters():
                owner, kind = name.split(".")
                recipe = recipes[owner].get("weights" if kind == "weight" else "biases") or {}
                decay = recipe.get("decay")
                if decay is None:
                    decay = weight_decay if kind == "weight" else 0.0
                eps = rate * recipe.get("learning_rate", 1.0)
                v = momentum[name]
                v.copy_((beta * v - (decay * eps) * w) - eps * w.grad)
                w.add_(v)

    def tensors(self, prefix=""):
        return {prefix + name: w.detach().numpy() for name, w in self.named_parameters()}


class Pictures:
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
    pictures = Pictures(generator)

    images, labels = pictures.batch(network)
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
        images, labels = pictures.batch(network)
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


def yaml(specification):
    """The specification as a `network:` setting: every layer a block, its parts in flow style."""
    def flow(value):
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
        if isinstance(value, (list, tuple)):
            return "[" + ", ".join(map(flow, value)) + "]"
        return str(value)

    lines = ["# Written by generate.py.", "network:", f"  input: {flow(specification['input'])}",
             f"  columns: {specification['columns']}", "  layers:"]
    for spec in specification["layers"]:
        for key, value in spec.items():
            lines.append(f"    {'- ' if key == 'name' else '  '}{key}: {flow(value)}")
    return "\n".join(lines) + "\n"


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
