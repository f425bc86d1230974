#!/usr/bin/env bash
# Checks colonnade-coordinate and colonnade-keep with a program in colonnade's place that ends as it is told.
#   Tests/Checks/launchers.sh
set -euo pipefail
cd "$(dirname "$0")/../../deploy/launch"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
problems=0
expect() { # what, wanted, found
    [ "$2" = "$3" ] || { echo "$1: wanted \"$2\", found \"$3\""; problems=$((problems + 1)); }
}

# Takes the next line of the plan: EXIT STEP, or `wait` for a signal; leaves a checkpoint of the step and notes its arguments.
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
[ "${step:--}" = - ] || mkdir -p "$here/runs/a/checkpoints/$(printf 'step-%08d' "$step")"
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
expect "a run that ends well" 0 "$(result coordinate)"
expect "its start" "$start" "$(calls)"

plan "69 50" "0 100"
expect "a loss is the scheduler's" 69 "$(result coordinate)"
expect "which starts it again" 0 "$(result coordinate)"
expect "in the same way" "$start"$'\n'"$start" "$(calls)"

plan "69 50" "137 60" "0 100"
expect "losses, restarted here" 0 "$(COLONNADE_RESTARTS=1 result coordinate)"
expect "with checkpoints between" 3 "$(calls | wc -l)"
plan "69 50" "69 -" "69 -" "0 100"
expect "the same checkpoint again and again" 69 "$(COLONNADE_RESTARTS=1 result coordinate)"
expect "is not tried for ever" 2 "$(calls | wc -l)"
plan "69 99999999" "69 100000000" "0 -"
expect "checkpoints of more digits are newer" 0 "$(COLONNADE_RESTARTS=1 result coordinate)"

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
expect "a signal is no end of the run" 143 "$code"
expect "and reaches the coordinator" 1 "$(calls | wc -l)"

keep() { ./colonnade-keep "$COLONNADE" worker >"$scratch/out" 2>&1; }
plan 69 75 137 0
expect "a worker is started again" 0 "$(result keep)"
expect "until it ends well" 4 "$(calls | wc -l)"
for code in 77 78 79; do
    plan $code
    expect "a worker that is of no use: $code" $code "$(result keep)"
done
plan 69 69
expect "a worker without a coordinator" 69 "$(COLONNADE_RESTARTS=1 result keep)"
for ending in "wait 143" "leave 0"; do
    read -r what wanted <<<"$ending"
    plan "$what"
    ./colonnade-keep "$COLONNADE" worker >"$scratch/out" 2>&1 &
    until [ -e "$scratch/waits" ]; do sleep 0.02; done
    kill -TERM $!
    code=0
    wait $! || code=$?
    expect "a worker that is told to end: $what" "$wanted" "$code"
    expect "and is not started again: $what" 1 "$(calls | wc -l)"
done
[ "$problems" -eq 0 ]
