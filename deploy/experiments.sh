#!/usr/bin/env bash
# Repeats the paper's experiments (docs/experiments.md). Without `measure` it trains all of them, or those named; with `measure` it
# computes the results from the runs.
#   deploy/experiments.sh [--help]
#   deploy/experiments.sh measure [--help]
set -euo pipefail
here="$(dirname "$0")/../Tests/Experiments"
if [ "${1:-}" = measure ]; then
    shift
    exec python3 "$here/measure.py" "$@"
fi
exec python3 "$here/train.py" "$@"
