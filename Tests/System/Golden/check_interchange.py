"""Compares Colonnade's predictions with other programs' of the same network.

    pip install torch==2.13.0+cpu safetensors numpy onnxruntime pillow
    python check_interchange.py onnx COLONNADE CHECKPOINT DATASET
    python check_interchange.py torchvision|caffe COLONNADE SCRATCH

The first runs the checkpoint's ONNX export in onnxruntime; the others convert a made state of torchvision's or Caffe's
AlexNet with deploy/convert-alexnet.py, import it, and run it in PyTorch. The exit code is 0 when all probabilities agree
to 1e-4, 1 when they do not, 77 when a package is missing.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from PIL import Image
    if sys.argv[1] == "onnx":
        import onnxruntime
    else:
        import safetensors.numpy
        import torch
        import torch.nn.functional as F
except ImportError as error:
    print(error)
    sys.exit(77)

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]


def predictions(colonnade, checkpoint, images, scratch, names):
    """Colonnade's probabilities of images, C×H×W bytes, in the order of names."""
    files = []
    for index, image in enumerate(images):
        files.append(f"{scratch}/{index}.png")
        Image.fromarray(image.transpose(1, 2, 0).squeeze()).save(files[-1])
    command = [colonnade, "predict", "--checkpoint", checkpoint, "--json", "--top", str(len(names)), *files]
    entries = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    found = [{p["label"]: p["probability"] for p in entry["predictions"]} for entry in entries]
    return np.array([[row[name] for name in names] for row in found])


def center(images, side):
    offset = (images.shape[2] - side) // 2
    return images[:, :, offset:offset + side, offset:offset + side].astype(np.float32)


def check(ours, theirs):
    error = np.abs(ours - theirs).max()
    print(f"largest difference {error:.1e}, largest probability {theirs.max():.2f}")
    return 0 if error < 1e-4 else 1


def onnx(colonnade, checkpoint, dataset):
    with tempfile.TemporaryDirectory() as scratch:
        model = f"{scratch}/model.onnx"
        subprocess.run([colonnade, "export", "--checkpoint", checkpoint, "--format", "onnx", model], check=True)
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        manifest = json.loads(pathlib.Path(dataset, "dataset.json").read_text())
        shape = (-1, manifest["channels"], manifest["height"], manifest["width"])
        images = np.fromfile(f"{dataset}/validation.records", np.uint8).reshape(shape)[:8]
        side = session.get_inputs()[0].shape[2]
        theirs = session.run(["probabilities"], {"image": center(images, side)})[0]
        return check(predictions(colonnade, checkpoint, images, scratch, manifest["classes"]), theirs)


def state(style, random):
    """Made values, of a spread at which probabilities differ, under the names of the other program."""
    sizes = ([(64, 3, 11), (192, 64, 5), (384, 192, 3), (256, 384, 3), (256, 256, 3)] if style == "torchvision" else
             [(96, 3, 11), (256, 48, 5), (384, 256, 3), (384, 192, 3), (256, 192, 3)])
    shapes = [(o, i, k, k) for o, i, k in sizes] + [(64, 9216), (48, 64), (7, 48)]
    names = ([f"features.{i}" for i in (0, 3, 6, 8, 10)] + [f"classifier.{i}" for i in (1, 4, 6)]
             if style == "torchvision" else [f"conv{i}" for i in range(1, 6)] + ["fc6", "fc7", "fc8"])
    made = {}
    for name, shape in zip(names, shapes):
        inputs = np.prod(shape[1:]) * (64.0 ** 2 if style == "caffe" and shape[1] == 3 else 1)
        made[f"{name}.weight"] = (random.standard_normal(shape) * np.sqrt(2 / inputs)).astype(np.float32)
        made[f"{name}.bias"] = (0.1 * random.standard_normal(shape[0])).astype(np.float32)
    return made, names


def forward(style, made, names, images):
    """The other program's network, written a second time."""
    t = {name: torch.from_numpy(value) for name, value in made.items()}
    if style == "torchvision":
        x = torch.from_numpy(center(images, 224)) / 255
        x = (x - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    else:
        x = torch.from_numpy(np.ascontiguousarray(center(images, 227)[:, ::-1]))
        x = x - torch.tensor([104.00698793, 116.66876762, 122.67891434])[:, None, None]
    for index, name in enumerate(names[:5]):
        groups = 2 if style == "caffe" and index in (1, 3, 4) else 1
        padding = [2 if style == "torchvision" else 0, 2, 1, 1, 1][index]
        x = F.relu(F.conv2d(x, t[f"{name}.weight"], t[f"{name}.bias"], 4 if index == 0 else 1, padding, groups=groups))
        if style == "caffe" and index < 2:
            x = F.local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=1.0)
        if index in (0, 1, 4):
            x = F.max_pool2d(x, 3, 2)
    x = x.flatten(1)
    for index, name in enumerate(names[5:]):
        x = F.linear(x, t[f"{name}.weight"], t[f"{name}.bias"])
        x = F.relu(x) if index < 2 else x
    return F.softmax(x, 1).numpy()


def converted(style, colonnade, scratch):
    random = np.random.default_rng(2012)
    made, names = state(style, random)
    scratch = pathlib.Path(scratch)
    safetensors.numpy.save_file(made, scratch / "state.safetensors")
    tensors, network = scratch / "converted.safetensors", scratch / "network.yaml"
    script = REPOSITORY / "deploy" / "convert-alexnet.py"
    subprocess.run([sys.executable, script, style, scratch / "state.safetensors", tensors, network], check=True)
    checkpoint = str(scratch / "checkpoint")
    subprocess.run([colonnade, "import", "--config", network, tensors, checkpoint], check=True, stdout=subprocess.DEVNULL)
    images = random.integers(0, 256, (4, 3, 8, 8), dtype=np.uint8).repeat(32, 2).repeat(32, 3)
    ours = predictions(colonnade, checkpoint, images, scratch, [f"class {i}" for i in range(7)])
    # Caffe normalizes across both columns; ours stay within one, as the paper's.
    return ours, forward(style, made, names, images)


if __name__ == "__main__":
    if sys.argv[1] == "onnx":
        sys.exit(onnx(*sys.argv[2:]))
    sys.exit(check(*converted(*sys.argv[1:])))
