#!/usr/bin/env bash
# Builds everything and runs all tests. Arguments go to `swift test`, such as --filter WireTests.
set -euo pipefail
cd "$(dirname "$0")/.."

deploy/dependencies.sh
# The release build: kernels and loops are tested as they run, and product and tests share one build.
swift build -c release --build-tests
swift test -c release --skip-build "$@"
