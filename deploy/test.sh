#!/usr/bin/env bash
# Builds everything and runs all tests, the dashboard's in a browser among them. Arguments go to `swift test`, such as
# --filter WireTests; the browser is left out then.
set -euo pipefail
cd "$(dirname "$0")/.."

deploy/dependencies.sh
# The release build: kernels and loops are tested as they run, and product and tests share one build.
# Named products: building everything would build the tools of dependencies too, a C++ protobuf compiler among them.
swift build -c release --product colonnade
swift build -c release --product colonnadePackageTests
swift test -c release --skip-build "$@"
[ $# -gt 0 ] || deploy/browser-test.sh
