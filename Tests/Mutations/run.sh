#!/usr/bin/env bash
# Breaks rules of the run's state one by one and checks that the model tests find each: Tests/Mutations/run.sh [NAME …]
# Works on a copy in .build-mutations, which keeps its build, so that each mutation compiles one module and its tests.
set -euo pipefail
cd "$(dirname "$0")/../.."

copy=$PWD/.build-mutations/tree
mkdir -p "$copy"
git ls-files -z | tar --null -T - -cf - | tar -C "$copy" -xf -

# name | file | pattern | replacement
mutations=$(cat <<'LIST'
commit-before-every-store|Sources/Coordinator/Steps/StepLedger.swift|reports.stores[committed + 1]?.count == stores|(reports.stores[committed + 1]?.count ?? 0) >= stores - 1
validation-counted-twice|Sources/Coordinator/Steps/StepLedger.swift|(step == validationDue || isUnderWay(step)) && errors.index(forKey: step) == nil|step > 0
failure-not-counted|Sources/Coordinator/Run/RunState+Failures.swift|rendezvous.vacate(worker: name.rank)|_ = name.rank
abort-keeps-reports|Sources/Coordinator/Steps/StepLedger.swift|(reports, errors) = (StepReports(), [:])|errors = [:]
old-attempt-believed|Sources/Coordinator/Run/RunState+Steps.swift|case _ where attempt != self.attempt: break|case _ where attempt > self.attempt: break
validation-before-commit|Sources/Coordinator/Steps/StepLedger.swift|while validationDue == nil, reports|while reports
stop-forgets-the-checkpoint|Sources/Coordinator/Steps/StepLedger.swift|guard committed == last, lastSnapshot != last else { return [] }|guard committed > last else { return [] }
failed-checkpoint-counts|Sources/Coordinator/Steps/StepLedger.swift|if lastSnapshot == step { lastSnapshot = nil }|_ = step
last-checkpoint-given-up|Sources/Coordinator/Checkpoints/CheckpointProgress.swift|lastStep = LastStep(step: step, deadline: deadline, due: now + Self.lastStepDelay)|lastStep = nil
worker-skips-a-grant|Sources/Worker/Attempts/StepSequence.swift|step += 1|step += step == 3 ? 2 : 1
LIST
)

found=0 missed=0
while IFS='|' read -r name file pattern replacement; do
    if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then continue; fi
    cp "$file" "$copy/$file"
    python3 - "$copy/$file" "$pattern" "$replacement" <<'CHANGE'
import pathlib, sys
path, pattern, replacement = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
text = path.read_text()
assert text.count(pattern) == 1, f"{path} has the pattern {text.count(pattern)} times: {pattern}"
path.write_text(text.replace(pattern, replacement))
CHANGE
    log=.build-mutations/$name.log
    if ! (cd "$copy" && swift build -c release --product colonnadePackageTests) >"$log" 2>&1; then
        echo "$name: does not compile; see $log"
        missed=$((missed + 1))
    elif (cd "$copy" && timeout 600 swift test -c release --skip-build --filter 'RunModelTests|StepLedgerTests') >>"$log" 2>&1; then
        echo "$name: NOT FOUND"
        missed=$((missed + 1))
    else
        echo "$name: found by $(grep -c '^✘ Test .* failed after' "$log") tests"
        found=$((found + 1))
    fi
    cp "$file" "$copy/$file"
done <<<"$mutations"
echo "$found passed, $missed failed"
[ "$missed" -eq 0 ]
