#!/usr/bin/env bash
# Measures training steps of Colonnade and of PyTorch alternately and writes docs/performance.md.
#   deploy/benchmark.sh [--quick]
# COLONNADE_PYTHON is a Python with torch; by default, one is installed in .build. DATA is a packed data set of 256×256 images; by
# default, generated images are used. ROUNDS is the number of repetitions (3). Close other programs that compute: the figures that
# matter are ratios within one run.
set -euo pipefail
cd "$(dirname "$0")/../../.."

rounds="${ROUNDS:-3}"
steps=8
[ "${1:-}" = --quick ] && { rounds=1; steps=4; }

deploy/dependencies.sh
swift build -c release --product colonnade
colonnade="$PWD/.build/release/colonnade"
python="${COLONNADE_PYTHON:-}"
if [ -z "$python" ]; then
    python="$PWD/.build/benchmark-python/bin/python"
    if [ ! -x "$python" ]; then
        python3 -m venv .build/benchmark-python
        "$python" -m pip install -q torch==2.13.0+cpu numpy --extra-index-url https://download.pytorch.org/whl/cpu
    fi
fi
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
data=()
[ -n "${DATA:-}" ] && data=(--data "$DATA")

"$colonnade" plan --preset alexnet --json >"$scratch/alexnet.json"
"$colonnade" plan --preset cifar10 --json >"$scratch/cifar10.json"
for round in $(seq "$rounds"); do
    echo "round $round of $rounds"
    "$colonnade" bench step --preset alexnet --workers 2 --threads 1 --steps "$steps" "${data[@]}" --json >"$scratch/ours.$round.json"
    "$colonnade" bench step --preset alexnet --workers 1 --threads 1 --steps "$steps" "${data[@]}" --json >"$scratch/single.$round.json"
    "$colonnade" bench step --preset alexnet --workers 2 --threads 1 --precision bf16 --steps "$steps" "${data[@]}" --json >"$scratch/bf16.$round.json"
    "$colonnade" bench update --json >"$scratch/update.$round.json"
    "$colonnade" bench step --preset cifar10 --workers 2 --threads 1 --steps 200 --json >"$scratch/small.$round.json"
    # The time from the command to the end of the first step, less the time of a step.
    "$python" - "$colonnade" "$scratch/first.$round.json" "${data[@]}" <<'PYTHON'
import json, statistics, subprocess, sys, tempfile, time
colonnade, out, data = sys.argv[1], sys.argv[2], sys.argv[3:]
beyond = []
for _ in range(3):
    with tempfile.TemporaryDirectory() as folder:
        if not data:
            break
        start = time.time()
        subprocess.run(
            [colonnade, "train", "--preset", "alexnet", *data, "--steps", "2", "--trace-every", "1", "--runs", folder, "--name",
             "first", "--set", "validation.every=0", "schedule.kind=drops", "checkpoint.every=0"], check=True, capture_output=True)
        lines = [json.loads(line) for line in open(f"{folder}/first/timeline.jsonl")]
        begin = min(line["origin"] for line in lines if line["step"] == 1 and line["role"] == "worker") / 1e9
        first, second = [json.loads(line)["seconds"] for line in open(f"{folder}/first/metrics.jsonl")]
        beyond.append(begin - start + first - second)
if beyond:
    json.dump({"seconds": statistics.median(beyond)}, open(out, "w"))
PYTHON
    step() { "$python" Tests/Benchmarks/Steps/torch_step.py "$scratch/$1.json" "${@:3}" >"$scratch/torch-$2.$round.json" 2>"$scratch/errors" || { cat "$scratch/errors" >&2; exit 1; }; }
    step alexnet eager --steps 3
    step alexnet gloo --processes 2 --threads 1 --steps 3
    step cifar10 small --steps 60
    step alexnet compiled --compile --steps 3
    step alexnet bf16 --bf16 --steps 3
done
if [ "${1:-}" != --quick ]; then
    for batch in 32 64 128 256 512; do
        "$colonnade" bench step --preset cifar10 --batch $batch --workers 2 --steps 60 --json >"$scratch/curve-batch-$batch.json"
    done
    for columns in 1 2 4 8; do
        "$colonnade" bench step --preset cifar10 --columns $columns --workers 1 --steps 60 --json >"$scratch/curve-columns-$columns.json"
    done
    for size in 32 64 96 128 160 192 224; do
        sed "s/SIZE/$size/g" Tests/Benchmarks/Steps/sizes.yaml >"$scratch/size.yaml"
        "$colonnade" bench step --config "$scratch/size.yaml" --workers 2 --steps 8 --json >"$scratch/curve-size-$size.json"
    done
fi
# Two hosts need a packed data set and permission to create network namespaces.
if [ ${#data[@]} -gt 0 ] && ip netns add colonnade-probe 2>/dev/null; then
    ip netns delete colonnade-probe
    for precision in fp32 bf16; do
        Tests/Benchmarks/Steps/two-hosts.sh "$colonnade" "$DATA" --preset alexnet --set precision=$precision >"$scratch/hosts-$precision.json"
    done
fi
"$python" Tests/Benchmarks/Steps/write_page.py "$scratch" docs/performance.md
echo "wrote docs/performance.md"
