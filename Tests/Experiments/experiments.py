"""The paper's experiments as a table of runs and their lengths. A step has 128 images; a pass has 391 steps over CIFAR-10, and 31.25
over the photographs. Every run is one `colonnade train`. measure.py evaluates its checkpoints."""

PASS = 391
PLAIN = "--preset cifar10-four-layer-plain --threads 2"
TANH = "--preset cifar10-four-layer-tanh --threads 2"
# He's initial values, and images of unit variance, which these values assume.
HE = "initialization=he data.scale=0.015625"
# The learning rates that are compared, and the experiment that does it. They apply to weights; the biases of the four-layer networks
# learn twice as fast.
SEARCHES = {
    "relu": ("activations-search", ["0.001", "0.002", "0.003", "0.01", "0.03"]),
    "tanh": ("activations-search", ["0.001", "0.003", "0.01", "0.03"]),
    "relu-he": ("activations-he-search", ["0.001", "0.003", "0.01", "0.03"]),
    "tanh-he": ("activations-he-search", ["0.003", "0.01", "0.03"]),
    "no-lrn": ("normalization-search", ["0.0003", "0.001", "0.003", "0.01", "0.03"]),
}
SEEDS = [1, 2, 3]
TWO = "--workers 2 --threads 1"
CIFAR10 = f"--preset cifar10 {TWO}"
ALEXNET = f"--preset alexnet {TWO} --set precision=bf16"


def run(name, options, passes, *settings, data="cifar", checkpoints=5, keep=1, steps_of_pass=PASS):
    """Returns one run: its name, the options of `train` and its number of steps. A checkpoint is written after every `checkpoints`
    passes, and every pass ends with a validation."""
    words = [f"validation.every={round(steps_of_pass)}", f"checkpoint.every={round(checkpoints * steps_of_pass)}", f"checkpoint.keep={keep}", *settings]
    # All settings follow one --set.
    head, _, own = options.partition(" --set ")
    return {"name": name, "data": data, "steps": round(passes * steps_of_pass), "options": [*head.split(), "--set", *own.split(), *words]}


def search(kind, options, passes, *settings):
    """Returns runs that differ in their rate. The best rate is that of the smallest training loss at the end."""
    return [run(f"search-{kind}-{rate}", options, passes, f"optimizer.learning_rate={rate}", *settings) for rate in SEARCHES[kind][1]]


def activation(kind, options, passes, *settings):
    """Returns a run at the best rate, with a checkpoint after every pass."""
    return run(kind, options, passes, "schedule.kind=drops", f"optimizer.learning_rate={{{kind}}}", *settings, checkpoints=1, keep=0)


EXPERIMENTS = {
    # §3.1: passes to 25 % training error. The rates are searched first; train.py selects the best of each.
    "activations-search": [
        *search("relu", PLAIN, 3, "schedule.kind=drops"), *search("tanh", TANH, 3, "schedule.kind=drops"),
    ],
    "activations": [activation("relu", PLAIN, 6), activation("tanh", TANH, 40)],
    # The same with other initial values.
    "activations-he-search": [
        *search("relu-he", PLAIN, 2, "schedule.kind=drops", *HE.split()), *search("tanh-he", TANH, 2, "schedule.kind=drops", *HE.split()),
    ],
    "activations-he": [activation("relu-he", PLAIN, 6, *HE.split()), activation("tanh-he", TANH, 6, *HE.split())],
    # §3.3, §3.4 and §3.2 at a small scale, all with the same budget.
    "bf16": [
        run(f"{precision}-{seed}", CIFAR10, 10, f"seed={seed}", f"precision={precision}")
        for seed in SEEDS for precision in ("fp32", "bf16")
    ],
    # Their times, alternately, on an otherwise idle machine.
    "bf16-time": [
        run(f"time-{precision}-{seed}", CIFAR10, 1, f"seed={seed}", f"precision={precision}")
        for seed in SEEDS for precision in ("fp32", "bf16")
    ],
    # These are compared with the fp32 runs above.
    "normalization": [run(f"no-lrn-{seed}", f"--config no-lrn.yaml {TWO}", 10, f"seed={seed}") for seed in SEEDS],
    # The preset's rate was chosen with normalization, which scales activations. Without it, the network needs its own rate.
    "normalization-search": search("no-lrn", f"--config no-lrn.yaml {TWO}", 3),
    "normalization-own-rate": [
        run(f"no-lrn-own-rate-{seed}", f"--config no-lrn.yaml {TWO}", 10, f"seed={seed}", "optimizer.learning_rate={no-lrn}") for seed in SEEDS
    ],
    "pooling": [run(f"plain-pooling-{seed}", f"--config plain-pooling.yaml {TWO}", 10, f"seed={seed}") for seed in SEEDS],
    "columns": [run(f"one-column-{seed}", "--config one-column.yaml --threads 2", 10, f"seed={seed}") for seed in SEEDS],
    # The whole recipe trains longer than the others, because its guesses and nearest neighbours are shown.
    "photographs": [
        run(name, f"{ALEXNET} {HE}", passes, *settings, data="photographs", checkpoints=4, keep=0, steps_of_pass=31.25)
        for name, passes, settings in (
            ("whole-recipe", 24, []), ("no-colour", 12, ["augmentation.color=off"]), ("no-mirrors", 12, ["augmentation.mirror=off"]),
            ("no-dropout", 12, ["dropout=0"]),
        )
    ],
    # The paper's initial values are slower at first, but training dominates them in conv1.
    "photographs-papers-values": [run("papers-values", ALEXNET, 24, data="photographs", checkpoints=4, keep=0, steps_of_pass=31.25)],
    # Two hours. The rate is lowered after 150 and 160 passes, ten passes apart as in the authors' code. Every fifth pass ends with a
    # validation.
    "best": [
        run("best", "--preset cifar10-four-layer --threads 2", 170, "schedule.kind=drops", f"schedule.drops=[{150 * PASS},{160 * PASS}]",
            f"validation.every={5 * PASS}", checkpoints=1, keep=4)
    ],
}
# In this order, because the first ones are cheap.
ORDER = ["bf16", "bf16-time", "activations-search", "normalization", "pooling", "columns", "activations", "activations-he-search", "activations-he", "normalization-search", "normalization-own-rate", "photographs", "best", "photographs-papers-values"]
