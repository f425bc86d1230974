#!/usr/bin/env bash
# Builds everything with a sanitizer and runs all tests: Tests/Sanitizers/run.sh thread|address [--filter ProtocolTests …]
# The exit code is not 0 if a test fails, or if the sanitizer reports anything in the tests or in processes that they start.
set -euo pipefail
cd "$(dirname "$0")/../.."

sanitizer=${1:-}
case $sanitizer in
    thread | address) shift ;;
    *) echo "usage: Tests/Sanitizers/run.sh thread|address [arguments of swift test]" >&2; exit 64 ;;
esac

deploy/dependencies.sh
reports=$PWD/.build-$sanitizer/reports
rm -rf "$reports"
mkdir -p "$reports"
toolchain=$(dirname "$(readlink -f "$(command -v swift)")")
common="log_path=$reports/report:external_symbolizer_path=$toolchain/llvm-symbolizer"
export TSAN_OPTIONS="$common:suppressions=$PWD/Tests/Sanitizers/thread.supp:history_size=4"
# The fuzzers detect leaks. Here, a process that is killed or that exits during a run would report some.
export ASAN_OPTIONS="$common:detect_leaks=0:detect_stack_use_after_return=1"

# Tests that limit memory are skipped if this is set.
export COLONNADE_SANITIZER=$sanitizer

build=(--scratch-path ".build-$sanitizer" -c release --sanitize "$sanitizer")
swift build "${build[@]}" --product colonnade
swift build "${build[@]}" --product colonnadePackageTests
failed=0
swift test "${build[@]}" --skip-build "$@" || failed=1

if [ -n "$(ls "$reports")" ]; then
    echo "reports of the $sanitizer sanitizer, $(find "$reports" -type f | wc -l) files in $reports:" >&2
    grep -h "SUMMARY:" "$reports"/* | sort | uniq -c | sort -rn | head -n 40 >&2
    failed=1
fi
exit $failed
