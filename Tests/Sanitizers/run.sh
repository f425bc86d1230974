#!/usr/bin/env bash
# Builds everything with a sanitizer and runs all tests: Tests/Sanitizers/run.sh thread|address [--filter WireTests …]
# The exit code is not 0 where a test fails or the sanitizer reports anything, in tests or in processes that they start.
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
# Leaks are looked for by the fuzzers; a process that a test kills or that exits in the midst of a run has some.
export ASAN_OPTIONS="$common:detect_leaks=0:detect_stack_use_after_return=1"

# Tests that bound memory know by it that they cannot.
export COLONNADE_SANITIZER=$sanitizer

build=(--scratch-path ".build-$sanitizer" -c release --sanitize "$sanitizer")
swift build "${build[@]}" --product colonnade
swift build "${build[@]}" --product colonnadePackageTests
failed=0
swift test "${build[@]}" --skip-build "$@" || failed=1

if [ -n "$(ls "$reports")" ]; then
    echo "the $sanitizer sanitizer's reports, $(ls "$reports" | wc -l) files in $reports:" >&2
    grep -h "SUMMARY:" "$reports"/* | sort | uniq -c | sort -rn | head -n 40 >&2
    failed=1
fi
exit $failed
