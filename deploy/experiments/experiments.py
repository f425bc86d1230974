"""The paper's experiments as a table: what is trained, and for how long. Steps are of 128 pictures; 391 are a pass over CIFAR-10, 31.25
over the photographs. Every run is one `colonnade train`; what is asked of its checkpoints afterwards is in measure.py."""

PASS = 391
PLAIN = "--preset cifar10-four-layer-plain --threads 2"
TANH = "--preset cifar10-four-layer-tanh --threads 2"
# Rates that are tried for the comparison of activations, for weights; biases learn twice as fast.
RATES = ["0.001", "0.003", "0.01", "0.03"]
RATES_WITHOUT_NORMALIZATION = ["0.0003", "0.001", "0.003", "0.01", "0.03"]
SEEDS = [1, 2, 3]
TWO = "--workers 2 --threads 1"
CIFAR10 = f"--preset cifar10 {TWO}"
ALEXNET = f"--preset alexnet {TWO} --set initialization=he data.scale=0.015625"


def run(name, options, passes, *settings, data="cifar", checkpoints=5, keep=1, steps_of_pass=PASS):
    """One run: its name, train's options, its length in passes, and after how many a checkpoint is made; each pass is validated."""
    words = [f"validation.every={round(steps_of_pass)}", f"checkpoint.every={round(checkpoints * steps_of_pass)}", f"checkpoint.keep={keep}", *settings]
    # One --set takes all settings.
    head, _, own = options.partition(" --set ")
    return {"name": name, "data": data, "steps": round(passes * steps_of_pass), "options": [*head.split(), "--set", *own.split(), *words]}


EXPERIMENTS = {
    # §3.1: passes to 25 % training error. The rates are searched first; measure.py names the best of each.
    "activations-search": [
        run(f"search-{kind}-{rate}", options, 3, "schedule.kind=drops", f"optimizer.learning_rate={rate}")
        for kind, options in (("relu", PLAIN), ("tanh", TANH)) for rate in RATES
    ],
    "activations": [
        run("relu", PLAIN, 12, "schedule.kind=drops", "optimizer.learning_rate={relu}", checkpoints=1, keep=0),
        run("tanh", TANH, 40, "schedule.kind=drops", "optimizer.learning_rate={tanh}", checkpoints=1, keep=0),
    ],
    # §3.3, §3.4 and §3.2 in small: the same budget for each.
    "bf16": [
        run(f"{precision}-{seed}", CIFAR10, 10, f"seed={seed}", f"precision={precision}")
        for seed in SEEDS for precision in ("fp32", "bf16")
    ],
    # The runs of fp32 above are the nets that these are set beside.
    "normalization": [run(f"no-lrn-{seed}", f"--config no-lrn.yaml {TWO}", 10, f"seed={seed}") for seed in SEEDS],
    # Its rate was chosen with normalization, which scales activations: without it the net has one of its own.
    "normalization-search": [
        run(f"search-no-lrn-{rate}", f"--config no-lrn.yaml {TWO}", 3, f"optimizer.learning_rate={rate}") for rate in RATES_WITHOUT_NORMALIZATION
    ],
    "normalization-own-rate": [
        run(f"no-lrn-own-rate-{seed}", f"--config no-lrn.yaml {TWO}", 10, f"seed={seed}", "optimizer.learning_rate={no-lrn}") for seed in SEEDS
    ],
    "pooling": [run(f"plain-pooling-{seed}", f"--config plain-pooling.yaml {TWO}", 10, f"seed={seed}") for seed in SEEDS],
    "columns": [run(f"one-column-{seed}", "--config one-column.yaml --threads 2", 10, f"seed={seed}") for seed in SEEDS],
    "photographs": [
        run(name, ALEXNET, 24, *settings, data="photographs", checkpoints=4, steps_of_pass=31.25)
        for name, settings in (
            ("whole-recipe", []), ("no-colour", ["augmentation.color=off"]), ("no-mirrors", ["augmentation.mirror=off"]),
            ("no-dropout", ["dropout=0"]),
        )
    ],
    # Two hours in parts of under one: the queue is stopped and begun again.
    "best": [run("best", "--preset cifar10-four-layer --threads 2", 56, "schedule.kind=drops", "schedule.drops=[18768,20332]", checkpoints=1, keep=4)],
}
# Cheap ones first.
ORDER = ["bf16", "activations-search", "normalization", "pooling", "columns", "activations", "normalization-search", "normalization-own-rate", "photographs", "best"]
