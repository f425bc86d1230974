#!/usr/bin/env bash
# Checks colonnade-coordinate and colonnade-keep with a program in colonnade's place that ends as it is told.
#   deploy/launch/check-launchers.sh
set -euo pipefail
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
problems=0
expect() { # what, wanted, found
    [ "$2" = "$3" ] || { echo "$1: wanted \"$2\", found \"$3\""; problems=$((problems + 1)); }
}

# Takes the next line of the plan: EXIT STATE STEP, or `wait` for a signal; writes what a coordinator would and notes its arguments.
cat >"$scratch/colonnade" <<'STUB'
#!/usr/bin/env bash
set -euo pipefail
here=$(dirname "$0")
echo "$*" >>"$here/calls"
record() {
    mkdir -p "$here/runs/a/checkpoints"
    printf '{\n  "name" : "a",\n  "state" : "%s",\n  "steps" : 100\n}\n' "$1" >"$here/runs/a/run.json"
    [ "$2" = - ] || mkdir -p "$here/runs/a/checkpoints/$(printf 'step-%08d' "$2")"
}
read -r code state step <"$here/plan"
sed -i 1d "$here/plan"
if [ "$code" = wait ]; then
    trap 'record interrupted "$step"; exit 0' TERM
    record running -
    touch "$here/waits"
    while true; do sleep 0.05; done
fi
[ "$state" = none ] || record "$state" "$step"
exit "$code"
STUB
chmod +x "$scratch/colonnade"
export COLONNADE=$scratch/colonnade
plan() {
    rm -rf "$scratch/runs" "$scratch/calls" "$scratch/waits"
    printf '%s\n' "$@" >"$scratch/plan"
    : >"$scratch/calls"
}
coordinate() { ./colonnade-coordinate "$scratch/runs" a --listen h:1 -- --preset p >"$scratch/out" 2>&1; }
result() { local code=0; "$@" || code=$?; echo $code; }
calls() { sed "s|$scratch/||g" "$scratch/calls"; }
new="coordinator --runs runs --name a --listen h:1 --preset p"
again="coordinator --resume runs/a --listen h:1 --restart-reason the coordinator before it was lost"

plan "0 finished 100"
expect "a run that ends well" 0 "$(result coordinate)"
expect "its start" "$new" "$(calls)"
expect "started once more" 0 "$(result coordinate)"
expect "a finished run is left alone" 1 "$(calls | wc -l)"

plan "69 failed 50" "0 finished 100"
expect "a loss is the scheduler's" 69 "$(result coordinate)"
expect "which starts it again" 0 "$(result coordinate)"
expect "from the checkpoint" "$new"$'\n'"$again" "$(calls)"

plan "69 failed 50" "137 running 60" "0 finished 100"
expect "losses, restarted here" 0 "$(COLONNADE_RESTARTS=1 result coordinate)"
expect "with checkpoints between" "$new"$'\n'"$again"$'\n'"$again" "$(calls)"
plan "69 failed 50" "69 failed -" "69 failed -" "0 finished 100"
expect "the same checkpoint again and again" 69 "$(COLONNADE_RESTARTS=1 result coordinate)"
expect "is not tried for ever" 2 "$(calls | wc -l)"

for code in 64 65 66 70 73 74 75 78; do
    plan "$code failed 50"
    expect "$code is final" "$code" "$(COLONNADE_RESTARTS=5 result coordinate)"
    expect "$code: starts" 1 "$(calls | wc -l)"
done

plan "137 running -" "0 finished 100"
expect "killed before its first checkpoint" 0 "$(COLONNADE_RESTARTS=1 result coordinate)"
expect "starts in its place" "$new"$'\n'"coordinator --directory runs/a --listen h:1 --preset p" "$(calls)"
plan "137 running 0" "137 running 100" "0 finished 100"
expect "killed after its last checkpoint" 0 "$(COLONNADE_RESTARTS=2 result coordinate)"
expect "continues before it" "$new"$'\n'"$again"$'\n'"$again" "$(calls)"

for how in stop kill; do
    plan "wait running 40" "0 finished 100"
    COLONNADE_ON_TERM=$how ./colonnade-coordinate "$scratch/runs" a --listen h:1 -- --preset p >"$scratch/out" 2>&1 &
    until [ -e "$scratch/waits" ]; do sleep 0.02; done
    kill -TERM $!
    code=0
    wait $! || code=$?
    expect "a signal ($how) is no end of the run" 143 "$code"
done
plan "wait running 40" "0 finished 100"
./colonnade-coordinate "$scratch/runs" a --listen h:1 -- --preset p >"$scratch/out" 2>&1 &
until [ -e "$scratch/waits" ]; do sleep 0.02; done
kill -TERM $!
wait $! || true
expect "a run that was stopped" 0 "$(result coordinate)"
expect "continues" "$new"$'\n'"coordinator --resume runs/a --listen h:1" "$(calls)"

keep() { ./colonnade-keep "$COLONNADE" worker >"$scratch/out" 2>&1; }
plan "69 none -" "75 none -" "137 none -" "0 none -"
expect "a worker is started again" 0 "$(result keep)"
expect "until it ends well" 4 "$(calls | wc -l)"
plan "78 none -"
expect "a worker that cannot start" 78 "$(result keep)"
plan "69 none -" "69 none -"
expect "a worker without a coordinator" 69 "$(COLONNADE_RESTARTS=1 result keep)"
[ "$problems" -eq 0 ]
