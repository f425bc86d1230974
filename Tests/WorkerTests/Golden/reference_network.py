"""The network that a specification stands for, as a PyTorch module, and the paper's update of its parameters.

generate.py makes golden files of it, and check_run.py replays runs in it.
"""

import torch
import torch.nn.functional as F

LEARNING_RATE, MOMENTUM, WEIGHT_DECAY = 0.01, 0.9, 0.0005


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
        """How near each image comes to a tie of a ReLU or a maximum."""
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
