#!/usr/bin/env bash
# Repeats the paper's experiments (docs/experiments.md): trains all of them, or those that are named; `measure` then asks the runs what
# the experiments want to know. See --help, and measure --help.
set -euo pipefail
here="$(dirname "$0")/../Tests/Experiments"
if [ "${1:-}" = measure ]; then
    shift
    exec python3 "$here/measure.py" "$@"
fi
exec python3 "$here/train.py" "$@"
