"""Golden files of other programs for the data set tests.

    pip install numpy scipy
    python generate.py

writes beside this script:

    meta.mat         a devkit's table of synsets as compressed by MATLAB: two classes, and a parent of them
    components.json  256 colours, and NumPy's eigenvalues and eigenvectors of their covariance
"""

import json
import pathlib

import numpy as np
import scipy.io

FOLDER = pathlib.Path(__file__).resolve().parent


def meta():
    names = ["ILSVRC2012_ID", "WNID", "words", "gloss", "num_children", "children", "wordnet_height", "num_train_images"]
    entries = [
        (1, "n02119789", "kit fox, Vulpes macrotis", "small grey fox", 0, [], 0, 1300),
        (2, "n01440764", "tench, Tinca tinca", "freshwater dace-like game fish", 0, [], 0, 1300),
        (1001, "n00001740", "entity", "that which is perceived", 2, [1, 2], 12, 0),
    ]
    synsets = np.array([(tuple(np.array(v, float) if isinstance(v, list) else v for v in e),) for e in entries], dtype=object)
    table = np.zeros((len(entries), 1), dtype=[(name, object) for name in names])
    for row, entry in enumerate(entries):
        for name, value in zip(names, entry):
            table[row, 0][name] = np.array(value, float) if isinstance(value, list) else value
    scipy.io.savemat(FOLDER / "meta.mat", {"synsets": table}, do_compression=True)


def components():
    generator = np.random.default_rng(2012)
    mixed = generator.normal(size=(256, 3)) @ np.array([[40, 30, 20], [0, 15, -10], [0, 0, 6]]) + 120
    colors = np.clip(np.rint(mixed), 0, 255).astype(int)
    covariance = np.cov(colors.T / 255.0, bias=True)
    values, vectors = np.linalg.eigh(covariance)
    order = np.argsort(values)[::-1]
    vectors = vectors[:, order]
    vectors *= np.sign(vectors[np.abs(vectors).argmax(0), range(3)])
    (FOLDER / "components.json").write_text(json.dumps(
        {"colors": colors.tolist(), "eigenvalues": values[order].tolist(), "eigenvectors": vectors.tolist()}) + "\n")


if __name__ == "__main__":
    meta()
    components()
