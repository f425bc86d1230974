#!/usr/bin/env python3
"""Prints the results of the experiments' runs as tables, and plots their curves. Unfinished runs are skipped with a message.

    deploy/experiments.sh measure [--out DIR] [--cifar DIR] [--photographs DIR] [--figures DIR] [NAME …]

`colonnade evaluate` computes the errors of checkpoints. They are kept in DIR/evaluations.json, so that nothing is evaluated twice.
"""

import argparse
import os
import pathlib

import cifar_results
import first_layer
import photograph_results
from experiment_runs import Runs

HERE = pathlib.Path(__file__).resolve().parent
NETWORKS = [
    ("fp32", "two columns, normalization, overlapping pooling"), ("bf16", "the same in bf16"), ("plain-pooling", "pooling without overlap"),
    ("one-column", "one column"), ("no-lrn", "without normalization"), ("no-lrn-own-rate", "without normalization, at its own best rate"),
]
MEASURES = {
    "activations": cifar_results.activations,
    "networks": lambda runs: cifar_results.networks(runs, NETWORKS, "networks"),
    "columns": first_layer.columns,
    "precisions": cifar_results.precisions,
    "averaging": cifar_results.averaging,
    "photographs": photograph_results.photographs,
    "best": cifar_results.best,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(MEASURES)} (default: all)", choices=[[], *MEASURES])
    parser.add_argument("--colonnade", default=os.environ.get("COLONNADE", str(HERE.parent.parent / ".build/release/colonnade")))
    parser.add_argument("--out", default="experiments")
    parser.add_argument("--cifar", default="data/cifar")
    parser.add_argument("--photographs", default="data/photographs")
    parser.add_argument("--figures", help="the folder for plots (default: none are drawn)")
    arguments = parser.parse_args()
    runs = Runs(arguments)
    for name in arguments.names or MEASURES:
        print(f"## {name}\n")
        MEASURES[name](runs)


if __name__ == "__main__":
    main()
