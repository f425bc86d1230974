"""The network of the golden files: one with every kind of layer."""

CLASSES = 7


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
