#!/usr/bin/env bash
# Compares training steps of Colonnade with PyTorch's and writes docs/performance.md. Tests/Benchmarks/Steps/run.sh lists the
# environment variables.
#   deploy/benchmark.sh [--quick]
set -euo pipefail
exec "$(dirname "$0")/../Tests/Benchmarks/Steps/run.sh" "$@"
