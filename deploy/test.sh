#!/usr/bin/env bash
# Builds everything and runs all tests. Arguments go to `swift test`, such as --filter WireTests.
set -euo pipefail
cd "$(dirname "$0")/.."

deploy/dependencies.sh
# The release build: kernels and loops are tested as they run, and product and tests share one build.
# Named products: building everything would build the tools of dependencies too, a C++ protobuf compiler among them.
swift build -c release --product colonnade
swift build -c release --product colonnadePackageTests
swift test -c release --skip-build "$@"
