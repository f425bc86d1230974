#!/usr/bin/env bash
# Builds everything and runs all tests, the dashboard's in a browser, the checks of the launch files and a little fuzzing among them.
# Arguments go to `swift test`, such as --filter WireTests; the others are left out then.
set -euo pipefail
cd "$(dirname "$0")/.."

# An ssh daemon for the tests of `launch`, network namespaces for those of several hosts, and what checks the scripts.
deploy/dependencies.sh iproute2 openssh-server openssh-client shellcheck python3-venv
# The release build: kernels and loops are tested as they run, and product and tests share one build.
# Named products: building everything would build the tools of dependencies too, a C++ protobuf compiler among them.
swift build -c release --product colonnade
swift build -c release --product colonnadePackageTests
swift test -c release --skip-build "$@"
[ $# -eq 0 ] || exit 0
Tests/Checks/run.sh --install
Tests/Browser/run.sh
# The same inputs every time: what is new is looked for by hand, with more of them.
Tests/Fuzzing/run.sh --runs 2000 --seed 1 || { [ $? -eq 69 ] && echo "fuzzing is skipped"; }
