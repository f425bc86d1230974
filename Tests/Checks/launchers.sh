#!/usr/bin/env bash
# Checks colonnade-coordinate and colonnade-keep with a substitute for colonnade that ends in prescribed ways.
#   Tests/Checks/launchers.sh
set -euo pipefail
cd "$(dirname "$0")/../../deploy/launch"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
problems=0
expect() { # what, expected, found
    [ "$2" = "$3" ] || { echo "$1: expected \"$2\", found \"$3\""; problems=$((problems + 1)); }
}

# Follows the next line of the plan: EXIT STEP (sSTEP: without a checkpoint), or `wait` or `leave` for a signal. Writes a checkpoint of the step and records its
# arguments.
cat >"$scratch/colonnade" <<'STUB'
#!/usr/bin/env bash
set -euo pipefail
here=$(dirname "$0")
echo "$*" >>"$here/calls"
read -r code step <"$here/plan"
sed -i 1d "$here/plan"
if [ "$code" = wait ] || [ "$code" = leave ]; then
    if [ "$code" = wait ]; then trap 'exit 143' TERM; else trap 'exit 0' TERM; fi
    touch "$here/waits"
    while true; do sleep 0.05; done
fi
case ${step:--} in
    -) ;;
    # A step without a checkpoint.
    s*)
        mkdir -p "$here/runs/a"
        printf '{"kind":"step","step":%d,"loss":1}\n{"kind":"norms","step":%d}\n' "${step#s}" "${step#s}" >>"$here/runs/a/metrics.jsonl"
        ;;
    *) mkdir -p "$here/runs/a/checkpoints/$(printf 'step-%08d' "$step")" ;;
esac
exit "$code"
STUB
chmod +x "$scratch/colonnade"
export COLONNADE=$scratch/colonnade
plan() {
    rm -rf "$scratch/runs" "$scratch/calls" "$scratch/waits"
    printf '%s\n' "$@" >"$scratch/plan"
    : >"$scratch/calls"
}
coordinate() { ./colonnade-coordinate "$scratch/runs" a --listen h:1 --preset p >"$scratch/out" 2>&1; }
result() { local code=0; "$@" || code=$?; echo $code; }
calls() { sed "s|$scratch/||g" "$scratch/calls"; }
start="coordinator --runs runs --name a --resume-if-begun --stopped-exit-code 143 --listen h:1 --preset p"

plan "0 100"
expect "a run that succeeds" 0 "$(result coordinate)"
expect "its command" "$start" "$(calls)"

plan "69 50" "0 100"
expect "a failure is left to the scheduler" 69 "$(result coordinate)"
expect "which restarts it" 0 "$(result coordinate)"
expect "with the same command" "$start"$'\n'"$start" "$(calls)"

plan "69 50" "137 60" "0 100"
expect "failures, restarted by the script" 0 "$(COLONNADE_RESTARTS=1 result coordinate)"
expect "with checkpoints between" 3 "$(calls | wc -l)"
plan "69 50" "69 -" "69 -" "0 100"
expect "repeated failures at the same checkpoint" 69 "$(COLONNADE_RESTARTS=1 result coordinate)"
expect "are not restarted for ever" 2 "$(calls | wc -l)"
plan "69 99999999" "69 100000000" "0 -"
expect "checkpoints of more digits are newer" 0 "$(COLONNADE_RESTARTS=1 result coordinate)"

plan "137 s10" "137 s20" "69 s30" "0 -"
expect "steps without a checkpoint are progress" 0 "$(COLONNADE_RESTARTS=1 result coordinate)"
plan "137 s10" "137 s10" "0 -"
expect "the same step again is none" 137 "$(COLONNADE_RESTARTS=1 result coordinate)"
expect "and is not tried for ever" 2 "$(calls | wc -l)"

for code in 64 65 66 70 73 74 75 77 78 143; do
    plan "$code 50"
    expect "$code is final" "$code" "$(COLONNADE_RESTARTS=5 result coordinate)"
    expect "$code: starts" 1 "$(calls | wc -l)"
done

plan "wait 40" "0 100"
./colonnade-coordinate "$scratch/runs" a --listen h:1 --preset p >"$scratch/out" 2>&1 &
until [ -e "$scratch/waits" ]; do sleep 0.02; done
kill -TERM $!
code=0
wait $! || code=$?
expect "a signal does not finish the run" 143 "$code"
expect "and reaches the coordinator" 1 "$(calls | wc -l)"

keep() { ./colonnade-keep "$COLONNADE" worker >"$scratch/out" 2>&1; }
plan 69 75 137 0
expect "a worker is restarted" 0 "$(result keep)"
expect "until it succeeds" 4 "$(calls | wc -l)"
for code in 77 78 79; do
    plan $code
    expect "a worker that the run cannot use: $code" $code "$(result keep)"
done
plan 69 69
expect "a worker without a coordinator" 69 "$(COLONNADE_RESTARTS=1 result keep)"
for ending in "wait 143" "leave 0"; do
    read -r what expected <<<"$ending"
    plan "$what"
    ./colonnade-keep "$COLONNADE" worker >"$scratch/out" 2>&1 &
    until [ -e "$scratch/waits" ]; do sleep 0.02; done
    kill -TERM $!
    code=0
    wait $! || code=$?
    expect "a worker that is asked to end: $what" "$expected" "$code"
    expect "and is not restarted: $what" 1 "$(calls | wc -l)"
done
[ "$problems" -eq 0 ]
