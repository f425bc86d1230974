#!/usr/bin/env bash
# Tries `colonnade launch` with real ssh daemons: two hosts, which are network namespaces with a link where that is permitted (root), and
# addresses of loopback elsewhere. Runs train as they do with `colonnade train`; a worker is killed, a link is cut, the command is
# interrupted and killed; a host is unreachable, and one has another release. Doctors look at both hosts and the link first.
#   Tests/Checks/ssh.sh COLONNADE DATA
# DATA is a packed data set of 32×32 pictures. Needs openssh-server and openssh-client.
set -euo pipefail
colonnade=$(realpath "$1") data=$(realpath "$2")
sshd=$(command -v sshd || echo /usr/sbin/sshd)
for program in "$sshd" ssh ssh-keygen; do command -v "$program" >/dev/null || { echo "skipped: no $program here"; exit 69; }; done
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
expect() { # what, wanted, found
    if [ "$2" = "$3" ]; then echo "passed: $1"; else echo "failed: $1: wanted \"$2\", found \"$3\""; failed=$((failed + 1)); fi
}
says() { # what, words, file
    if grep -qF -- "$2" "$3"; then echo "passed: $1"; else echo "failed: $1: \"$2\" is not in:"; tail -n 8 "$3"; failed=$((failed + 1)); fi
}

# The hosts, and a daemon on each with keys of its own.
if make_hosts 10.79.0 2>/dev/null; then
    how="network namespaces" a=10.79.0.1 b=10.79.0.2
    on_a=(ip netns exec "$host_a")
    # shellcheck disable=SC2034 # Named through "on".
    on_b=(ip netns exec "$host_b")
else
    how="addresses of loopback" a=127.0.0.1 b=127.0.0.2
    remove_hosts
    on_a=(env)
    # shellcheck disable=SC2034
    on_b=(env)
fi
echo "hosts: $how"
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
# What runs of this program with these words, beside this script's own.
left() { pgrep -f "$colonnade.* $1" || true; }
# Private directories of hosts, and the keys in them.
keys() { find "${XDG_RUNTIME_DIR:-/tmp}" /tmp -maxdepth 3 -path '*/colonnade-host-*' -newer "$scratch/user" \( -type d -o -name '*.key' \) 2>/dev/null; }
nothing_left() { # what
    for _ in $(seq 300); do
        [ -n "$(left host)$(left worker)$(left coordinator)$(left doctor)" ] || break
        sleep 0.1
    done
    expect "$1: processes that are left" "" "$(left host)$(left worker)$(left coordinator)$(left doctor)"
    expect "$1: keys that are left" "" "$(keys)"
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
says "two hosts: where the run is" "the run is on a, in $scratch/site/runs/two" "$scratch/two.log"
nothing_left "two hosts"

launch --name killed "${settings[@]}" >"$scratch/killed.log" 2>&1 &
pid=$!
reach killed 60
says "keys are found while a run goes on" "worker.key" <(keys)
kill -KILL "$(pgrep -f "$colonnade worker" | tail -n 1)"
code=0; wait $pid || code=$?
expect "a killed worker: exit code" 0 $code
says "a killed worker: it is named" "ended with exit code 137 and is started again" "$scratch/killed.log"
expect "a killed worker: digests" "$(digests whole)" "$(digests killed)"

launch --name lost "${settings[@]}" >"$scratch/lost.log" 2>&1 &
pid=$!
reach lost 60
kill -KILL "$(pgrep -f "$colonnade coordinator" | head -n 1)"
code=0; wait $pid || code=$?
expect "a killed coordinator: exit code" 0 $code
expect "a killed coordinator: digests" "$(digests whole)" "$(digests lost)"

launch --name stopped "${settings[@]}" >"$scratch/stopped.log" 2>&1 &
reach stopped 60
kill -INT "$(pgrep -f "$colonnade launch" | head -n 1)"
code=0; wait $! || code=$?
expect "an interrupt: exit code" 0 $code
says "an interrupt: the run can go on" "stopped; continue with --resume" "$scratch/stopped.log"
nothing_left "an interrupt"
launch --resume runs/stopped >"$scratch/stopped.log" 2>&1
expect "an interrupt: digests of the whole" "$(digests whole)" "$(digests stopped)"

launch --name gone "${settings[@]}" >"$scratch/gone.log" 2>&1 &
reach gone 60
kill -KILL "$(pgrep -f "$colonnade launch" | head -n 1)"
wait $! || true
nothing_left "a killed command"
launch --resume runs/gone >"$scratch/gone.log" 2>&1
expect "a killed command: digests of the whole" "$(digests whole)" "$(digests gone)"

if [ "$how" = "network namespaces" ]; then
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
says "a host without sshd: ssh's words" "Connection refused; see that sshd runs there" "$scratch/out"
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
says "another key: ssh's words" "Permission denied" "$scratch/out"
expect "nothing was started: runs" "" "$(ls -d "$scratch/site/runs/none" 2>/dev/null || true)"
[ "$failed" -eq 0 ] || { echo "$failed failed" >&2; exit 1; }
