#!/usr/bin/env bash
# Repeats the paper's experiments (docs/experiments.md): all of them, or those that are named. See --help.
set -euo pipefail
exec python3 "$(dirname "$0")/experiments/train.py" "$@"
