"""The paper's experiments as a table: what is trained, and for how long. Steps are of 128 pictures; 391 are a pass over CIFAR-10, 31.25
over the photographs. Every run is one `colonnade train`; what is asked of its checkpoints afterwards is in measure.py."""

PASS = 391
PLAIN = "--preset cifar10-four-layer-plain --threads 2"
TANH = "--preset cifar10-four-layer-tanh --threads 2"
# He's initial values, and pictures of unit variance, which they count on.
HE = "initialization=he data.scale=0.015625"
# Rates that are searched, and by which experiment. They are those of weights; biases of the four-layer nets learn twice as fast.
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
    """One run: its name, train's options, its length in passes, and after how many a checkpoint is made; each pass is validated."""
    words = [f"validation.every={round(steps_of_pass)}", f"checkpoint.every={round(checkpoints * steps_of_pass)}", f"checkpoint.keep={keep}", *settings]
    # One --set takes all settings.
    head, _, own = options.partition(" --set ")
    return {"name": name, "data": data, "steps": round(passes * steps_of_pass), "options": [*head.split(), "--set", *own.split(), *words]}


def search(kind, options, passes, *settings):
    """Runs that differ in their rate; the best is the one with the smallest training loss at the end."""
    return [run(f"search-{kind}-{rate}", options, passes, f"optimizer.learning_rate={rate}", *settings) for rate in SEARCHES[kind][1]]


def activation(kind, options, passes, *settings):
    """At its best rate, with a checkpoint after every pass."""
    return run(kind, options, passes, "schedule.kind=drops", f"optimizer.learning_rate={{{kind}}}", *settings, checkpoints=1, keep=0)


EXPERIMENTS = {
    # §3.1: passes to 25 % training error. The rates are searched first; measure.py names the best of each.
    "activations-search": [
        *search("relu", PLAIN, 3, "schedule.kind=drops"), *search("tanh", TANH, 3, "schedule.kind=drops"),
    ],
    "activations": [activation("relu", PLAIN, 6), activation("tanh", TANH, 40)],
    # The same from other initial values.
    "activations-he-search": [
        *search("relu-he", PLAIN, 2, "schedule.kind=drops", *HE.split()), *search("tanh-he", TANH, 2, "schedule.kind=drops", *HE.split()),
    ],
    "activations-he": [activation("relu-he", PLAIN, 6, *HE.split()), activation("tanh-he", TANH, 6, *HE.split())],
    # §3.3, §3.4 and §3.2 in small: the same budget for each.
    "bf16": [
        run(f"{precision}-{seed}", CIFAR10, 10, f"seed={seed}", f"precision={precision}")
        for seed in SEEDS for precision in ("fp32", "bf16")
    ],
    # Their times, in turns, on a machine that does nothing else.
    "bf16-time": [
        run(f"time-{precision}-{seed}", CIFAR10, 1, f"seed={seed}", f"precision={precision}")
        for seed in SEEDS for precision in ("fp32", "bf16")
    ],
    # The runs of fp32 above are the nets that these are set beside.
    "normalization": [run(f"no-lrn-{seed}", f"--config no-lrn.yaml {TWO}", 10, f"seed={seed}") for seed in SEEDS],
    # Its rate was chosen with normalization, which scales activations: without it the net has one of its own.
    "normalization-search": search("no-lrn", f"--config no-lrn.yaml {TWO}", 3),
    "normalization-own-rate": [
        run(f"no-lrn-own-rate-{seed}", f"--config no-lrn.yaml {TWO}", 10, f"seed={seed}", "optimizer.learning_rate={no-lrn}") for seed in SEEDS
    ],
    "pooling": [run(f"plain-pooling-{seed}", f"--config plain-pooling.yaml {TWO}", 10, f"seed={seed}") for seed in SEEDS],
    "columns": [run(f"one-column-{seed}", "--config one-column.yaml --threads 2", 10, f"seed={seed}") for seed in SEEDS],
    # The whole recipe goes on after the others: its guesses and neighbours are looked at.
    "photographs": [
        run(name, f"{ALEXNET} {HE}", passes, *settings, data="photographs", checkpoints=4, keep=0, steps_of_pass=31.25)
        for name, passes, settings in (
            ("whole-recipe", 24, []), ("no-colour", 12, ["augmentation.color=off"]), ("no-mirrors", 12, ["augmentation.mirror=off"]),
            ("no-dropout", 12, ["dropout=0"]),
        )
    ],
    # The paper's initial values are slower at first, but leave conv1 to what training brings.
    "photographs-papers-values": [run("papers-values", ALEXNET, 24, data="photographs", checkpoints=4, keep=0, steps_of_pass=31.25)],
    # Two hours. The rate is lowered after 150 and 160 passes, as the authors' code does ten passes apart; every fifth pass is validated.
    "best": [
        run("best", "--preset cifar10-four-layer --threads 2", 170, "schedule.kind=drops", f"schedule.drops=[{150 * PASS},{160 * PASS}]",
            f"validation.every={5 * PASS}", checkpoints=1, keep=4)
    ],
}
# Cheap ones first.
ORDER = ["bf16", "bf16-time", "activations-search", "normalization", "pooling", "columns", "activations", "activations-he-search", "activations-he", "normalization-search", "normalization-own-rate", "photographs", "best", "photographs-papers-values"]
