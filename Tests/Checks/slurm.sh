#!/usr/bin/env bash
# Checks colonnade.sbatch with a real Slurm on this machine: munged, slurmctld and three slurmd, each with its own host name and
# network (namespaces joined by a bridge), in a temporary folder. Needs root, and Debian's slurmctld, slurmd, slurm-client and munge.
#   Tests/Checks/slurm.sh COLONNADE DATA [steps]
# DATA is a packed data set of 32×32 images. Submits a run five times and compares every step's digest with `colonnade train`:
# without failures, with killed workers, and with requeued jobs. Prints one line for each. KEEP=1 keeps the folder.
set -euo pipefail
colonnade=$(realpath "$1") data=$(realpath "$2") steps=${3:-400}
deploy=$(realpath "$(dirname "$0")/../../deploy")
[ "$(id -u)" -eq 0 ] || { echo "root is needed for network namespaces" >&2; exit 77; }
for program in munged slurmctld slurmd sbatch srun scontrol ip python3; do
    PATH=$PATH:/usr/sbin command -v $program >/dev/null || { echo "skipped: $program is not installed (apt-get install slurmctld slurmd slurm-client munge iproute2)"; exit 69; }
done
PATH=$PATH:/usr/sbin
scratch=$(mktemp -d /tmp/colonnade-slurm.XXXXXX)
# Accessible to all users; munged does not trust a folder that others may write to.
chmod 755 "$scratch"
nodes=(node1 node2 node3)
subnet=10.83.7
bridge=colslurm
pids=()

# Slurm's daemons do not end the processes that they started, so every process in the nodes' networks is killed.
clean() {
    set +e
    [ -z "${SLURM_CONF:-}" ] || timeout 5 scancel --full --signal=KILL --state=running 2>/dev/null
    kill "${pids[@]}" 2>/dev/null
    sleep 1
    for node in "${nodes[@]}"; do
        ip netns pids "colslurm-$node" 2>/dev/null | xargs -r kill -KILL 2>/dev/null
        ip netns delete "colslurm-$node" 2>/dev/null
    done
    ip link delete "$bridge" 2>/dev/null
    kill -KILL "${pids[@]}" 2>/dev/null
    wait 2>/dev/null
    if [ -n "${KEEP:-}" ]; then echo "kept: $scratch"; else rm -rf "$scratch"; fi
}
trap clean EXIT
fail() {
    echo "$1" >&2
    tail -n 15 "$scratch"/*.log >&2 2>/dev/null
    exit 1
}

# Networks.
ip link add "$bridge" type bridge
ip address add $subnet.1/24 dev "$bridge"
ip link set "$bridge" up
printf '127.0.0.1 localhost\n%s.1 %s\n' $subnet "$(hostname -s)" >"$scratch/hosts"
number=10
for node in "${nodes[@]}"; do
    number=$((number + 1))
    echo "$subnet.$number $node" >>"$scratch/hosts"
    ip netns add "colslurm-$node"
    ip link add "cs-$node" type veth peer name eth0 netns "colslurm-$node"
    ip link set "cs-$node" master "$bridge" up
    ip -n "colslurm-$node" address add $subnet.$number/24 dev eth0
    ip -n "colslurm-$node" link set eth0 up
    ip -n "colslurm-$node" link set lo up
done

# Daemons.
mkdir -m 700 "$scratch/munge" "$scratch/state"
mkdir -m 755 "$scratch/munge-socket"
head -c 1024 /dev/urandom >"$scratch/munge/key"
chmod 400 "$scratch/munge/key"
munged --foreground --force --key-file "$scratch/munge/key" --socket "$scratch/munge-socket/socket" --pid-file "$scratch/munge/pid" \
    --log-file "$scratch/munge/log" --seed-file "$scratch/munge/seed" >"$scratch/munged.log" 2>&1 &
pids+=($!)
{
    cat <<CONF
ClusterName=check
SlurmctldHost=$(hostname -s)($subnet.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$scratch/munge-socket/socket
CredType=cred/munge
StateSaveLocation=$scratch/state
SlurmdSpoolDir=$scratch/spool-%n
SlurmctldPidFile=$scratch/slurmctld.pid
SlurmdPidFile=$scratch/slurmd-%n.pid
SlurmctldLogFile=$scratch/slurmctld.log
SlurmdLogFile=$scratch/slurmd-%n.log
SlurmctldPort=16817
SlurmdPort=16818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
SchedulerParameters=sched_interval=2,requeue_delay=1
KillWait=5
MinJobAge=3600
PartitionName=all Nodes=ALL Default=YES MaxTime=60 State=UP
CONF
    number=10
    for node in "${nodes[@]}"; do
        number=$((number + 1))
        echo "NodeName=$node NodeAddr=$subnet.$number CPUs=2 State=UNKNOWN"
    done
} >"$scratch/slurm.conf"
# Control groups are not needed, and a container may lack them.
echo "CgroupPlugin=cgroup/v1" >"$scratch/cgroup.conf"
export SLURM_CONF=$scratch/slurm.conf
slurmctld -D -i -c >"$scratch/slurmctld.out" 2>&1 &
pids+=($!)
for node in "${nodes[@]}"; do
    mkdir "$scratch/spool-$node"
    ip netns exec "colslurm-$node" unshare --mount --uts bash -c \
        "mount --bind '$scratch/hosts' /etc/hosts && hostname $node && exec slurmd -D -N $node" >"$scratch/slurmd-$node.out" 2>&1 &
    pids+=($!)
done
for _ in $(seq 100); do
    for pid in "${pids[@]}"; do kill -0 "$pid" 2>/dev/null || fail "a Slurm daemon ended"; done
    [ "$(timeout 5 sinfo --noheader --Node --states=idle 2>/dev/null | wc -l)" -eq ${#nodes[@]} ] && break
    sleep 0.3
done
sinfo --noheader --Node --format '%N %T' 2>/dev/null | grep -c idle | grep -qx ${#nodes[@]} || fail "the nodes did not become idle"
echo "Slurm $(sinfo --version | cut -d ' ' -f 2): $(sinfo --noheader --Node --format '%N %T' | xargs)"

# Runs.
settings=(--preset cifar10 --data "$data" --steps "$steps" --set batch=16 optimizer.learning_rate=0.001 validation.every=0 checkpoint.every=50)
"$colonnade" train --runs "$scratch/runs" --name whole --threads 1 "${settings[@]}" >"$scratch/whole.log" 2>&1 || fail "the reference run failed"
export COLONNADE=$colonnade COLONNADE_LAUNCH=$deploy/launch COLONNADE_RUNS=$scratch/runs
submit() {
    COLONNADE_RUN=$1 sbatch --parsable --chdir "$scratch" --nodes "$2" --ntasks "$3" --cpus-per-task 1 --time 10 \
        --output "$scratch/$1.log" "${@:4}" "$deploy/slurm/colonnade.sbatch" "${settings[@]}"
}
state() { scontrol --oneliner show job "$1" | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p'; }
committed() { [ -e "$scratch/runs/$1/metrics.jsonl" ] && wc -l <"$scratch/runs/$1/metrics.jsonl" || echo 0; }
reach() { # run, steps
    for _ in $(seq 1200); do
        [ "$(committed "$1")" -ge "$2" ] && return
        sleep 0.05
    done
    fail "run $1 did not reach step $2"
}
finish() { # job, run
    for _ in $(seq 600); do
        case $(state "$1") in
            COMPLETED) break ;;
            # A requeued job would wait for two minutes in the queue.
            PENDING) scontrol update "jobid=$1" StartTime=now 2>/dev/null || true ;;
            FAILED | CANCELLED | NODE_FAIL | TIMEOUT | OUT_OF_MEMORY) fail "job $1 ended: $(state "$1")" ;;
        esac
        sleep 0.3
    done
    [ "$(state "$1")" = COMPLETED ] || fail "job $1 did not end"
    python3 - "$scratch/runs" "$2" "$(scontrol --oneliner show job "$1" | sed -n 's/.*Restarts=\([0-9]*\).*/\1/p')" <<'PYTHON'
import json, sys
runs, name, requeued = sys.argv[1:]
def lines(run, file):
    return [json.loads(line) for line in open(f"{runs}/{run}/{file}")]
def digests(run):
    return [(line["step"], line["digest"]) for line in lines(run, "metrics.jsonl") if "digest" in line]
events = [line["kind"] for line in lines(name, "events.jsonl")]
same = digests(name) == digests("whole")
print(json.dumps({
    "run": name, "state": json.load(open(f"{runs}/{name}/run.json"))["state"], "steps": len(digests(name)), "same_digests": same,
    "requeued": int(requeued), "starts": events.count("started"), "lost": events.count("lost"), "recovered": events.count("recovered")}))
sys.exit(not same)
PYTHON
}
# Prints a worker's process on a node. The command line is matched from its start, because colonnade-keep's contains it too.
a_worker() { ip netns pids "colslurm-$1" | while read -r pid; do
    tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -q "^$colonnade worker" && echo "$pid"
done | head -n 1; }

job=$(submit plain 2 2)
finish "$job" plain

# The worker on the second node contains its host's store, so the run restarts from its last checkpoint.
job=$(submit killed 2 2)
reach killed 120
kill -KILL "$(a_worker node2)"
finish "$job" killed

# Two workers on one node: the store is in the coordinator's process, so the failure of a worker costs only the current step.
job=$(submit together 1 2)
reach together 120
kill -KILL "$(a_worker node1)"
finish "$job" together

job=$(submit requeued 2 2)
reach requeued 120
scontrol requeue "$job"
finish "$job" requeued

# The signal before the time limit: the run writes a checkpoint and the job requeues itself.
job=$(submit limited 2 2)
reach limited 120
scancel --batch --signal=USR1 "$job"
finish "$job" limited
