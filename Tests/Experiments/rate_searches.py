"""The searches for the best learning rate."""

import statistics

from experiments import SEARCHES


def searches(runs, kinds):
    """Prints the losses by which the rates were chosen."""
    for kind in kinds:
        losses = {}
        for rate in SEARCHES[kind][1]:
            name = f"search-{kind}-{rate}"
            if (runs.record(name) or {"state": ""})["state"] == "failed":
                losses[rate] = float("inf")
            elif runs.is_finished(name):
                losses[rate] = statistics.mean([line["loss"] for line in runs.lines(name, "step")][-100:])
        words = ["diverged" if loss == float("inf") else f"**{loss:.3f}**" if loss == min(losses.values()) else f"{loss:.3f}" for loss in losses.values()]
        print(f"| rate | {' | '.join(losses)} |\n|---|{'---|' * len(losses)}\n| {kind}: mean loss of the last 100 steps | {' | '.join(words)} |\n")
