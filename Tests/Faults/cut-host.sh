#!/usr/bin/env bash
# Disconnects a host during a run and reconnects it. The hosts are two network namespaces with a link: one with coordinator, store and a
# worker, the other with a worker that is restarted whenever it ends, as systemd would do. Prints one line of JSON. Needs root.
#   Tests/Faults/cut-host.sh COLONNADE DATA [seconds without a link]
# DATA is a packed data set of 32×32 images.
set -euo pipefail
colonnade="$(realpath "$1")" data="$(realpath "$2")" seconds="${3:-15}"
scratch="$(mktemp -d)"
# shellcheck source-path=SCRIPTDIR source=../Hosts/pair.sh
source "$(dirname "$0")/../Hosts/pair.sh"
clean() {
    touch "$scratch/over"
    # shellcheck disable=SC2046 # One word for each process.
    kill $(jobs -p) 2>/dev/null || true
    wait 2>/dev/null || true
    remove_hosts
    rm -rf "$scratch"
}
trap clean EXIT
make_hosts 10.79.0

settings=(--preset cifar10 --data "$data" --steps 400 --runs "$scratch" --set batch=16 optimizer.learning_rate=0.001 checkpoint.every=0 validation.every=0)
export OMP_WAIT_POLICY=passive
"$colonnade" train --name whole "${settings[@]}" >"$scratch/whole.log" 2>&1
ip netns exec "$host_a" "$colonnade" coordinator --insecure --listen 10.79.0.1:7070 --name cut --store process "${settings[@]}" >"$scratch/coordinator.log" 2>&1 &
coordinator=$!
ip netns exec "$host_a" "$colonnade" store --insecure --coordinator 10.79.0.1:7070 >"$scratch/store.log" 2>&1 &
ip netns exec "$host_a" "$colonnade" worker --insecure --coordinator 10.79.0.1:7070 >"$scratch/worker-a.log" 2>&1 &
(
    while [ ! -e "$scratch/over" ]; do
        ip netns exec "$host_b" "$colonnade" worker --insecure --coordinator 10.79.0.1:7070 >>"$scratch/worker-b.log" 2>&1 && break
        sleep 1
    done
) &
steps() { [ -e "$scratch/cut/metrics.jsonl" ] && wc -l <"$scratch/cut/metrics.jsonl" || echo 0; }
while kill -0 $coordinator 2>/dev/null && [ "$(steps)" -lt 50 ]; do sleep 0.05; done
date +%s.%N >"$scratch/moment"
ip -n "$host_b" link set col-b down
sleep "$seconds"
ip -n "$host_b" link set col-b up
wait $coordinator || { cat "$scratch/coordinator.log" >&2; exit 1; }
python3 - "$scratch" <<'PYTHON'
import datetime, json, sys
scratch = sys.argv[1]
def digests(run):
    return [line["digest"] for line in map(json.loads, open(f"{scratch}/{run}/metrics.jsonl")) if line["kind"] == "step"]
events = [json.loads(line) for line in open(f"{scratch}/cut/events.jsonl")]
moment = float(open(f"{scratch}/moment").read())
def seconds(event):
    return round(datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp() - moment, 2)
verdict = next(event for event in events if event["kind"] in ("verdict", "lost"))
recovered = [event for event in events if event["kind"] == "recovered"]
print(json.dumps({
    "named": verdict["message"], "seconds_until_named": seconds(verdict), "deadline": verdict.get("deadline"),
    "seconds_until_it_went_on": seconds(recovered[-1]), "recoveries": len(recovered), "same_bits": digests("cut") == digests("whole")}))
PYTHON
