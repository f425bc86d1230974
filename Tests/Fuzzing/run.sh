#!/usr/bin/env bash
# Fuzzes the parsers: Tests/Fuzzing/run.sh [--runs N] [--seed N] [TARGET …]
# Every target gets N inputs, or a few seconds without --runs; the same seed and corpus give the same inputs. The address sanitizer and
# limits of time and memory detect findings. They are kept in Tests/Fuzzing/.build/findings/TARGET, and the exit code is 1. See
# docs/fuzzing.md.
set -euo pipefail
cd "$(dirname "$0")/../.."

runs=""
seed=0
targets=()
while [ $# -gt 0 ]; do
    case $1 in
        --runs) runs=${2:?--runs takes a number}; shift 2 ;;
        --runs=*) runs=${1#*=}; shift ;;
        --seed) seed=${2:?--seed takes a number}; shift 2 ;;
        --seed=*) seed=${1#*=}; shift ;;
        -*) echo "usage: Tests/Fuzzing/run.sh [--runs N] [--seed N] [TARGET …]" >&2; exit 64 ;;
        *) targets+=("$1"); shift ;;
    esac
done
case $runs$seed in *[!0-9]*) echo "--runs and --seed must be numbers" >&2; exit 64 ;; esac

deploy/dependencies.sh

# Coverage and comparisons are instrumented in every module, including C modules of dependencies. libFuzzer is linked as a
# library without main, because the fuzzer's main is in Swift.
toolchain=$(dirname "$(readlink -f "$(command -v swift)")")
runtime=$("$toolchain/clang" --print-file-name="libclang_rt.fuzzer_no_main-$(uname -m).a")
[ -e "$runtime" ] || runtime=$(find "$toolchain/../lib" -name "libclang_rt.fuzzer_no_main-$(uname -m).a" | head -n 1)
[ -e "$runtime" ] || { echo "the Swift toolchain has no libFuzzer; install the toolchain from swift.org" >&2; exit 69; }
# shellcheck disable=SC2054 # The commas are the compiler's.
build=(swift build --package-path Tests/Fuzzing -c release --product fuzz --sanitize address
    -Xswiftc -Xfrontend -Xswiftc -sanitize=address,fuzzer -Xcc -fsanitize=fuzzer-no-link
    -Xlinker "$runtime" -Xlinker -lstdc++)
"${build[@]}"
fuzz=$("${build[@]}" --show-bin-path)/fuzz

findings=$PWD/Tests/Fuzzing/.build/findings
grown=$PWD/Tests/Fuzzing/.build/corpus
# Parsers of files read them here, from memory if possible.
scratch=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")" colonnade-fuzz.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
export TMPDIR=$scratch
# libFuzzer handles the signal and saves the input.
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:${ASAN_OPTIONS:-}
symbolizer=$toolchain/llvm-symbolizer
[ -x "$symbolizer" ] && export ASAN_SYMBOLIZER_PATH=$symbolizer

known=$("$fuzz" --targets)
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cut -d ' ' -f 1 <<<"$known")
failed=()
for target in "${targets[@]}"; do
    longest=$(awk -v name="$target" '$1 == name { print $2 }' <<<"$known")
    [ -n "$longest" ] || { echo "there is no target $target; the targets are $(cut -d ' ' -f 1 <<<"$known" | xargs)" >&2; exit 64; }
    mkdir -p "$findings/$target" "$grown/$target"
    case $target in
        # An image may have 64 megapixels of 4 bytes.
        pictures) memory=(-malloc_limit_mb=640 -rss_limit_mb=2560) ;;
        *) memory=(-malloc_limit_mb=160 -rss_limit_mb=1024) ;;
    esac
    dictionary=()
    [ -e "Tests/Fuzzing/Dictionaries/$target.dict" ] && dictionary=(-dict="Tests/Fuzzing/Dictionaries/$target.dict")
    # Without --runs, a few seconds each.
    amount=(-max_total_time=3)
    [ -n "$runs" ] && amount=(-runs="$runs")
    amount+=(-seed="$seed")
    regressions=()
    [ -d "Tests/Fuzzing/Regressions/$target" ] && regressions=("Tests/Fuzzing/Regressions/$target")
    log=$findings/$target.log
    if COLONNADE_FUZZ_TARGET=$target "$fuzz" -timeout=10 "${memory[@]}" -max_len="$longest" -print_final_stats=1 \
        -artifact_prefix="$findings/$target/" "${dictionary[@]}" "${amount[@]}" \
        "$grown/$target" "Tests/Fuzzing/Corpus/$target" "${regressions[@]}" >"$log" 2>&1
    then
        awk -v name="$target" '/number_of_executed_units/ { n = $2 } /average_exec_per_sec/ { r = $2 }
            /peak_rss_mb/ { m = $2 } END { printf "%-14s %9d inputs, %6d/s, %4d MB\n", name, n, r, m }' "$log"
    else
        failed+=("$target")
        echo "$target: a finding; its input, and the command that repeats it:"
        grep -E "Test unit written to|ERROR: |Fatal error|SUMMARY" "$log" | head -n 6 | sed 's/^/    /'
        echo "    log: $log"
        echo "    COLONNADE_FUZZ_TARGET=$target $fuzz INPUT"
    fi
done
[ ${#failed[@]} -eq 0 ] || { echo "findings in: ${failed[*]}" >&2; exit 1; }
