#!/usr/bin/env bash
# Checks `colonnade launch` with real ssh daemons on two hosts: network namespaces with a link if they are permitted (root), otherwise
# two loopback addresses. First, doctors examine both hosts and the link. Then runs must have the digests of `colonnade train`: a run
# without failures, and runs in which a worker or the coordinator is killed, the link is cut, or the command is interrupted or killed.
# Last, a host is unreachable, has no program, has another release, or rejects the key.
#   Tests/Checks/ssh.sh COLONNADE DATA
# DATA is a packed data set of 32×32 images. Needs openssh-server and openssh-client.
set -euo pipefail
colonnade=$(realpath "$1") data=$(realpath "$2")
sshd=$(command -v sshd || echo /usr/sbin/sshd)
for program in "$sshd" ssh ssh-keygen; do command -v "$program" >/dev/null || { echo "skipped: $program is not installed"; exit 69; }; done
# shellcheck source-path=SCRIPTDIR source=../Hosts/pair.sh
source "$(dirname "$0")/../Hosts/pair.sh"
scratch=$(mktemp -d /tmp/colonnade-ssh.XXXXXX)
daemons=() failed=0
finish() {
    for pid in "${daemons[@]}"; do kill "$pid" 2>/dev/null || true; done
    remove_hosts
    rm -rf "$scratch"
}
trap finish EXIT
expect() { # what, expected, found
    if [ "$2" = "$3" ]; then echo "passed: $1"; else echo "failed: $1: expected \"$2\", found \"$3\""; failed=$((failed + 1)); fi
}
says() { # what, text, file
    if grep -qF -- "$2" "$3"; then echo "passed: $1"; else echo "failed: $1: \"$2\" is not in:"; tail -n 8 "$3"; failed=$((failed + 1)); fi
}

# The hosts, and a daemon on each with its own keys.
if make_hosts 10.79.0 2>/dev/null; then
    kind="network namespaces" a=10.79.0.1 b=10.79.0.2
    on_a=(ip netns exec "$host_a")
    # shellcheck disable=SC2034 # Used through the reference "on".
    on_b=(ip netns exec "$host_b")
else
    kind="loopback addresses" a=127.0.0.1 b=127.0.0.2
    remove_hosts
    on_a=(env)
    # shellcheck disable=SC2034
    on_b=(env)
fi
echo "hosts: $kind"
ssh-keygen -q -t ed25519 -N '' -f "$scratch/user"
[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
for host in a b; do
    address=${!host}
    declare -n on=on_$host
    ssh-keygen -q -t ed25519 -N '' -f "$scratch/host-$host"
    printf '%s\n' "Port 22022" "ListenAddress $address" "HostKey $scratch/host-$host" "AuthorizedKeysFile $scratch/user.pub" \
        "StrictModes no" "PasswordAuthentication no" "KbdInteractiveAuthentication no" "PidFile none" >"$scratch/sshd-$host"
    "${on[@]}" "$sshd" -D -f "$scratch/sshd-$host" -E "$scratch/sshd-$host.log" &
    daemons+=($!)
done
hosts() { # program on b, port on b
    cat <<HOSTS
defaults:
  ssh_port: 22022
  identity_file: $scratch/user
  ssh_options: [UserKnownHostsFile=$scratch/known_hosts, StrictHostKeyChecking=accept-new]
  program: $colonnade
  directory: $scratch/site
  data: $data
  threads: 1
hosts:
  - {name: a, ssh: $a}
  - {name: b, ssh: $b, program: "${1:-$colonnade}", ssh_port: ${2:-22022}}
HOSTS
}
mkdir "$scratch/site"
hosts >"$scratch/hosts.yaml"
settings=(--preset cifar10 --steps 300 --set batch=16 optimizer.learning_rate=0.001 validation.every=0 checkpoint.every=50)
digests() { sed -n 's/.*"digest":"\([^"]*\)".*/\1/p' "$scratch/site/runs/$1/metrics.jsonl" | sha256sum; }
committed() { if [ -e "$scratch/site/runs/$1/metrics.jsonl" ]; then wc -l <"$scratch/site/runs/$1/metrics.jsonl"; else echo 0; fi; }
reach() { # run, step
    for _ in $(seq 1200); do
        [ "$(committed "$1")" -lt "$2" ] || return 0
        sleep 0.05
    done
    echo "failed: $1 did not reach step $2"
    exit 1
}
launch() { "${on_a[@]}" "$colonnade" launch --hosts "$scratch/hosts.yaml" "$@"; }
# Prints the processes of this program whose command line contains a word.
left() { pgrep -f "$colonnade.* $1" || true; }
# Prints the private directories of hosts, and the keys in them.
keys() { find "${XDG_RUNTIME_DIR:-/tmp}" /tmp -maxdepth 3 -path '*/colonnade-host-*' -newer "$scratch/user" \( -type d -o -name '*.key' \) 2>/dev/null; }
nothing_left() { # what
    for _ in $(seq 300); do
        [ -n "$(left host)$(left worker)$(left coordinator)$(left doctor)" ] || break
        sleep 0.1
    done
    expect "$1: processes left behind" "" "$(left host)$(left worker)$(left coordinator)$(left doctor)"
    expect "$1: keys left behind" "" "$(keys)"
}

code=0; "${on_a[@]}" "$colonnade" doctor --hosts "$scratch/hosts.yaml" >"$scratch/doctor.log" 2>&1 || code=$?
cat "$scratch/doctor.log"
expect "doctor: exit code" 0 $code
says "doctor: both directions" "b → a" "$scratch/doctor.log"
nothing_left "doctor"

(cd "$scratch/site" && "$colonnade" train --name whole --data "$data" --threads 1 "${settings[@]}" >"$scratch/whole.log" 2>&1)
code=0; launch --name two "${settings[@]}" >"$scratch/two.log" 2>&1 || code=$?
expect "two hosts: exit code" 0 $code
expect "two hosts: digests of 300 steps" "$(digests whole)" "$(digests two)"
says "two hosts: the run's location" "the run is on a, in $scratch/site/runs/two" "$scratch/two.log"
nothing_left "two hosts"

launch --name killed "${settings[@]}" >"$scratch/killed.log" 2>&1 &
pid=$!
reach killed 60
says "keys exist during a run" "worker.key" <(keys)
kill -KILL "$(pgrep -f "$colonnade worker" | tail -n 1)"
code=0; wait $pid || code=$?
expect "a killed worker: exit code" 0 $code
says "a killed worker: it is named" "ended with exit code 137 and is started again" "$scratch/killed.log"
expect "a killed worker: digests" "$(digests whole)" "$(digests killed)"

launch --name failed "${settings[@]}" >"$scratch/failed.log" 2>&1 &
pid=$!
reach failed 60
kill -KILL "$(pgrep -f "$colonnade coordinator" | head -n 1)"
code=0; wait $pid || code=$?
expect "a killed coordinator: exit code" 0 $code
expect "a killed coordinator: digests" "$(digests whole)" "$(digests failed)"

launch --name stopped "${settings[@]}" >"$scratch/stopped.log" 2>&1 &
reach stopped 60
kill -INT "$(pgrep -f "$colonnade launch" | head -n 1)"
code=0; wait $! || code=$?
expect "an interrupt: exit code" 0 $code
says "an interrupt: the run can be continued" "stopped; continue with --resume" "$scratch/stopped.log"
nothing_left "an interrupt"
launch --resume runs/stopped >"$scratch/stopped.log" 2>&1
expect "an interrupt: digests of the whole run" "$(digests whole)" "$(digests stopped)"

launch --name gone "${settings[@]}" >"$scratch/gone.log" 2>&1 &
reach gone 60
kill -KILL "$(pgrep -f "$colonnade launch" | head -n 1)"
wait $! || true
nothing_left "a killed command"
launch --resume runs/gone >"$scratch/gone.log" 2>&1
expect "a killed command: digests of the whole run" "$(digests whole)" "$(digests gone)"

if [ "$kind" = "network namespaces" ]; then
    launch --name cut "${settings[@]}" --steps 300 >"$scratch/cut.log" 2>&1 &
    pid=$!
    reach cut 60
    ip -n "$host_b" link set col-b down
    for _ in $(seq 600); do ! grep -q "on b ended" "$scratch/cut.log" || break; sleep 0.1; done
    ip -n "$host_b" link set col-b up
    code=0; wait $pid || code=$?
    expect "a cut link: exit code" 0 $code
    expect "a cut link: digests" "$(digests whole)" "$(digests cut)"
    nothing_left "a cut link"
fi

hosts "$colonnade" 22023 >"$scratch/hosts.yaml"
code=0; launch --name none "${settings[@]}" >"$scratch/out" 2>&1 || code=$?
expect "a host without sshd: exit code" 69 $code
says "a host without sshd: ssh's message" "Connection refused; see that sshd runs there" "$scratch/out"
hosts "$scratch/no such program" >"$scratch/hosts.yaml"
code=0; launch --name none "${settings[@]}" >"$scratch/out" 2>&1 || code=$?
says "a host without the program" "b has no program" "$scratch/out"
cat >"$scratch/old" <<'STUB'
#!/bin/sh
echo 'colonnade-host {"hello":{"_0":{"version":"0.0.9","hostName":"b","processor":"p","instructionSet":"i","kernelLibrary":"2.6","directory":"/"}}}'
cat >/dev/null
STUB
chmod +x "$scratch/old"
hosts "$scratch/old" >"$scratch/hosts.yaml"
code=0; launch --name none "${settings[@]}" >"$scratch/out" 2>&1 || code=$?
expect "another release: exit code" 78 $code
says "another release: it is named" "b has colonnade 0.0.9, this machine " "$scratch/out"
ssh-keygen -q -t ed25519 -N '' -f "$scratch/other"
hosts | sed "s|identity_file: .*|identity_file: $scratch/other|" >"$scratch/hosts.yaml"
code=0; launch --name none "${settings[@]}" >"$scratch/out" 2>&1 || code=$?
expect "another key: exit code" 69 $code
says "another key: ssh's message" "Permission denied" "$scratch/out"
expect "no run was started" "" "$(ls -d "$scratch/site/runs/none" 2>/dev/null || true)"
[ "$failed" -eq 0 ] || { echo "$failed failed" >&2; exit 1; }
