"""The tables of the experiments over CIFAR-10: activations, networks, precisions, averaging, and the best network."""

import statistics

from experiment_runs import percent
from experiments import PASS, SEEDS
from rate_searches import searches

TRAINING_ERROR = 0.25


def passes_to_error(runs, name):
    """Returns the passes to 25 % training error, interpolated between the checkpoints before and after it, and the errors of these two
    checkpoints. Returns None if 25 % is not reached."""
    steps = [step for step in runs.checkpoints(name) if step % PASS == 0]
    low, high = 0, len(steps) - 1
    # A binary search, because near 25 % the error falls by more in each pass than it fluctuates.
    while high - low > 1:
        middle = (low + high) // 2
        if runs.evaluate([(name, steps[middle])], "cifar", "train") > TRAINING_ERROR:
            low = middle
        else:
            high = middle
    before, after = (runs.evaluate([(name, steps[i])], "cifar", "train") for i in (low, high))
    if after > TRAINING_ERROR:
        return None
    return steps[low] / PASS + (before - TRAINING_ERROR) / (before - after), before, after


def activations(runs):
    searches(runs, ["relu", "tanh", "relu-he", "tanh-he"])
    passes, drawn = {}, []
    print("| activation | passes to 25 % training error | training error after the pass before, and after |\n|---|---|---|")
    for name in ("relu", "tanh", "relu-he", "tanh-he"):
        if not runs.is_finished(name):
            continue
        drawn.append(name)
        found = passes_to_error(runs, name)
        if found is None:
            print(f"| {name} | not reached | |")
            continue
        passes[name], before, after = found
        print(f"| {name} | {passes[name]:.1f} | {percent(before)} %, {percent(after)} % |")
    print()
    for relu, tanh in (("relu", "tanh"), ("relu-he", "tanh-he")):
        if relu in passes and tanh in passes:
            print(f"{tanh} / {relu}: {passes[tanh] / passes[relu]:.1f} (the paper's: 6)\n")
    runs.plot("activations", drawn, "loss", "ReLU and tanh, CIFAR-10")


def seeds(runs, names, title):
    """Prints the errors of networks, given by the prefix of their runs, with three seeds each."""
    print("| network | seeds 1, 2, 3 | mean |\n|---|---|---|")
    drawn = []
    for prefix, words in names:
        own = [f"{prefix}-{seed}" for seed in SEEDS]
        if runs.is_finished(*own):
            errors = [runs.error(name) for name in own]
            print(f"| {words} | {', '.join(map(percent, errors))} % | {percent(statistics.mean(errors))} % |")
            drawn.append(own)
    print()
    # Only one seed of each network, to keep the plot readable.
    runs.plot(title, [own[0] for own in drawn], "error", "Ten passes over CIFAR-10, seed 1")


def networks(runs, names, title):
    searches(runs, ["no-lrn"])
    seeds(runs, names, title)


def precisions(runs):
    """Prints the speeds of pairs of runs that were trained one after the other."""
    print("| seed | fp32, images/s | bf16 | bf16 / fp32 |\n|---|---|---|---|")
    ratios = []
    for seed in SEEDS:
        own = [f"time-{precision}-{seed}" for precision in ("fp32", "bf16")]
        if runs.is_finished(*own):
            speeds = [statistics.median(line["images_per_second"] for line in runs.lines(name, "step")) for name in own]
            ratios.append(speeds[1] / speeds[0])
            print(f"| {seed} | {speeds[0]:.0f} | {speeds[1]:.0f} | {ratios[-1]:.2f} |")
    print(f"\nmedian {statistics.median(ratios):.2f}\n" if ratios else "")
    names = [f"{precision}-{seed}" for precision in ("fp32", "bf16") for seed in SEEDS]
    if runs.is_finished(*names):
        runs.plot("precisions", names, "error", "Ten passes over CIFAR-10, three seeds")


def averaging(runs):
    names = [f"fp32-{seed}" for seed in SEEDS]
    if not runs.is_finished(*names):
        return
    last = [(name, runs.checkpoints(name)[-1]) for name in names]
    alone = [runs.evaluate([one], "cifar") for one in last]
    print("| | top-1 error |\n|---|---|")
    print(f"| one network, seeds 1, 2, 3 | {', '.join(map(percent, alone))} %, mean {percent(statistics.mean(alone))} % |")
    print(f"| the three averaged | {percent(runs.evaluate(last, 'cifar'))} % |\n")


def best(runs):
    if runs.record("best") is None:
        return print("not started: best\n")
    print("| passes | top-1 error |\n|---|---|")
    for line in runs.lines("best", "validation"):
        if line["step"] % (10 * PASS) == 0:
            print(f"| {line['step'] / PASS:.0f} | {percent(line['top1_error'])} % |")
    print()
    if runs.is_finished("best"):
        last = [("best", runs.checkpoints("best")[-1])]
        print(f"the last checkpoint, on ten patches: {percent(runs.evaluate(last, 'cifar', crops=10))} %\n")
    runs.plot("best", ["best"], "error", "The four-layer network of the paper, CIFAR-10")
