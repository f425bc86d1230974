#!/usr/bin/env bash
# Trains alternately on one host and over two, which are network namespaces with a link of limited rate between them. Prints one line
# of JSON. Needs root.
#   Tests/Benchmarks/Steps/two-hosts.sh COLONNADE DATA [options of train …]
# RATE is the link's rate (default: 1gbit). STEPS is the number of steps of a run (default: 8), of which the first two do not count.
set -euo pipefail
colonnade="$1" data="$2"
shift 2
rate="${RATE:-1gbit}" steps="${STEPS:-8}"
scratch="$(mktemp -d)"
# shellcheck source-path=SCRIPTDIR source=../../Hosts/pair.sh
source "$(dirname "$0")/../../Hosts/pair.sh"
clean() {
    # shellcheck disable=SC2046 # One word for each process.
    kill $(jobs -p) 2>/dev/null || true
    wait 2>/dev/null || true
    remove_hosts
    rm -rf "$scratch"
}
trap clean EXIT
make_hosts 10.77.0
ip netns exec "$host_a" tc qdisc add dev col-a root tbf rate "$rate" burst 256kb latency 50ms
ip netns exec "$host_b" tc qdisc add dev col-b root tbf rate "$rate" burst 256kb latency 50ms

quiet=(--set validation.every=0 checkpoint.every=0 schedule.kind=drops)
export OMP_WAIT_POLICY=passive
two_hosts() {
    ip netns exec "$host_a" "$colonnade" coordinator --insecure --listen 10.77.0.1:7070 --data "$data" --steps "$steps" --workers 2 \
        --runs "$scratch" --name "two-$1" "${@:2}" "${quiet[@]}" >"$scratch/coordinator.log" 2>&1 &
    local coordinator=$!
    ip netns exec "$host_a" "$colonnade" worker --insecure --coordinator 10.77.0.1:7070 >"$scratch/a.log" 2>&1 &
    ip netns exec "$host_b" "$colonnade" worker --insecure --coordinator 10.77.0.1:7070 >"$scratch/b.log" 2>&1 &
    wait $coordinator || { cat "$scratch"/*.log >&2; exit 1; }
    wait
}
count() { ip netns exec "$1" cat "/sys/class/net/$2/statistics/tx_bytes"; }
for round in 1 2 3; do
    "$colonnade" train --data "$data" --steps "$steps" --workers 2 --runs "$scratch" --name "one-$round" "$@" "${quiet[@]}" \
        >"$scratch/train.log" 2>&1 || { cat "$scratch/train.log" >&2; exit 1; }
    before=$(($(count "$host_a" col-a) + $(count "$host_b" col-b)))
    two_hosts "$round" "$@"
    echo $((($(count "$host_a" col-a) + $(count "$host_b" col-b) - before) / steps)) >"$scratch/two-$round/bytes"
done
python3 - "$scratch" "$rate" <<'PYTHON'
import glob, json, statistics, sys
scratch, rate = sys.argv[1:]
def lines(run):
    return [json.loads(line) for line in open(f"{scratch}/{run}/metrics.jsonl")]
def speed(run):
    return statistics.median(line["images_per_second"] for line in lines(run) if line["step"] > 2)
def digest(run):
    return lines(run)[-1]["digest"]
one, two = [f"one-{i}" for i in (1, 2, 3)], [f"two-{i}" for i in (1, 2, 3)]
events = [json.loads(line) for line in open(f"{scratch}/two-1/events.jsonl")]
print(json.dumps({
    "rate": rate,
    "one_host": statistics.median(map(speed, one)), "two_hosts": statistics.median(map(speed, two)),
    "ratio": statistics.median(speed(b) / speed(a) for a, b in zip(one, two)),
    "link_bytes_per_step": statistics.median(int(open(f"{scratch}/{run}/bytes").read()) for run in two),
    "stores": sum(event["kind"] == "joined" and event.get("role") == "store" for event in events),
    "same_bits": len({digest(run) for run in one + two}) == 1,
}))
PYTHON
