#!/usr/bin/env bash
# Builds everything and runs all tests, including the dashboard's in a browser, the checks of the deployment files and short fuzzing.
# Arguments, such as --filter ProtocolTests, are passed to `swift test`; then only `swift test` runs.
set -euo pipefail
cd "$(dirname "$0")/.."

# An ssh daemon for the tests of `launch`, network namespaces for the tests of several hosts, and the checker of the scripts.
deploy/dependencies.sh iproute2 openssh-server openssh-client shellcheck python3-venv
# The generated protobuf files ask to be ignored. `swift format --in-place` with the same arguments corrects most of what it reports.
[ $# -ne 0 ] || swift format lint --strict --recursive --parallel Sources Tests Package.swift
# The release build, because kernels and loops are tested as users run them, and product and tests share one build.
# The products are named because building everything includes the dependencies' tools, such as a C++ protobuf compiler.
swift build -c release --product colonnade
swift build -c release --product colonnadePackageTests
swift test -c release --skip-build "$@"
[ $# -eq 0 ] || exit 0
Tests/Checks/run.sh --install
Tests/Browser/run.sh
python3 -B -m unittest discover -s Tests/Benchmarks/Steps
# The same inputs every time. Longer fuzzing, which looks for new findings, is started by hand.
Tests/Fuzzing/run.sh --runs 2000 --seed 1 || { [ $? -eq 69 ] && echo "fuzzing is skipped"; }
