#!/usr/bin/env bash
# Trains the fashion preset on Fashion-MNIST with a coordinator and two workers over TCP, and prints the result.
set -euo pipefail
cd "$(dirname "$0")/.."

deploy/dependencies.sh
swift build -c release --product colonnade
colonnade=$(swift build -c release --show-bin-path)/colonnade

data=${COLONNADE_DEMO_DATA:-.build/demo/fashion-mnist}
# If an earlier release packed the default data set, it is packed again. A data set that the user named is not replaced.
if [ -z "${COLONNADE_DEMO_DATA:-}" ] && ! "$colonnade" data describe "$data" >/dev/null 2>&1; then rm -rf "$data"; fi
if [ ! -e "$data/dataset.json" ]; then
    mkdir -p "$(dirname "$data")"
    "$colonnade" data import --format mnist /usr/share/datasets/fashion-mnist "$data"
fi

runs=${COLONNADE_DEMO_RUNS:-runs}
name=demo-$(date +%Y%m%d-%H%M%S)
"$colonnade" train --preset fashion --data "$data" --epochs 5 --workers 2 \
    --set optimizer.learning_rate=0.02 --set "schedule.drops=[1800]" --runs "$runs" --name "$name" "$@"

echo
echo "evaluated from the last checkpoint:"
"$colonnade" evaluate --checkpoint "$(printf '%s\n' "$runs/$name"/checkpoints/step-* | tail -n 1)" --data "$data"
