#!/usr/bin/env bash
# Checks the image without a container engine. The commands of the Dockerfile's last stage run in a fresh Debian root (debootstrap,
# chroot). A coordinator and two workers then train in it as in compose.yaml: as the image's user without capabilities, on a read-only
# root, in process and network namespaces, with compose's health checks. A second run uses TLS and one container per process, as on
# Kubernetes. The build stage and an engine's own filters are not checked. Needs root, debootstrap and iproute2.
#   Tests/Checks/container.sh COLONNADE DATA [ROOT]
# DATA is a packed data set of 32×32 images. ROOT is an existing Debian root (debootstrap --variant=minbase bookworm ROOT).
set -euo pipefail
colonnade=$(realpath "$1") data=$(realpath "$2") given=${3:-}
deploy=$(realpath "$(dirname "$0")/../../deploy")
[ "$(id -u)" -eq 0 ] || { echo "root is needed for chroot and namespaces" >&2; exit 77; }
for program in debootstrap ip unshare python3; do
    command -v $program >/dev/null || { echo "skipped: $program is not installed"; exit 69; }
done
scratch=$(mktemp -d /tmp/colonnade-container.XXXXXX)
root=$scratch/image
host_a='' host_b=''
# shellcheck source-path=SCRIPTDIR source=../Hosts/pair.sh
source "$(dirname "$0")/../Hosts/pair.sh"
clean() {
    set +e
    for host in "$host_a" "$host_b"; do ip netns pids "$host" 2>/dev/null | xargs -r kill -KILL 2>/dev/null; done
    remove_hosts
    wait 2>/dev/null
    rm -rf "$scratch"
}
trap clean EXIT

if [ -n "$given" ]; then cp -a "$given" "$root"; else debootstrap --variant=minbase bookworm "$root" >"$scratch/debootstrap.log"; fi
# The files that the build stage installs.
mkdir -p "$scratch/built/bin" "$scratch/built/lib"
install -s "$colonnade" "$scratch/built/bin/colonnade"
ldd "$colonnade" | awk '$3 ~ "/swift/linux/" { print $3 }' | xargs install -m 0644 -t "$scratch/built/lib"
install "$deploy"/launch/colonnade-* "$scratch/built/bin/"
# The last stage's commands, in order.
python3 - "$deploy/container/Dockerfile" >"$scratch/stage" <<'PYTHON'
import re, sys
stage = open(sys.argv[1]).read().rsplit("\nFROM ", 1)[1]
lines = re.sub(r"\\\n", " ", "\n".join(line for line in stage.splitlines() if not line.startswith("#"))).splitlines()
for line in lines:
    if line.startswith("RUN "):
        print(" ".join(line.split()))
    elif line.startswith("COPY --from=build"):
        print("COPY " + " ".join(line.split()[2:]))
PYTHON
# A base image does not contain these files.
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*
before=$(du -sm "$root" | cut -f 1)
# shellcheck disable=SC2016
while read -r kind rest; do
    echo "$kind $rest"
    case $kind in
        COPY) [ "$rest" = "/image/ /usr/local/" ] && cp -r "$scratch/built/." "$root/usr/local/" ;;
        RUN) DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            unshare --mount bash -c 'mount -t proc proc "$1/proc"; exec chroot "$1" /bin/sh -c "$2"' - "$root" "$rest" </dev/null >"$scratch/run.log" 2>&1 || { cat "$scratch/run.log" >&2; exit 1; } ;;
    esac
done <"$scratch/stage"
tail -n 1 "$scratch/run.log"
rm -rf "$root"/var/cache/apt/*
echo "$(($(du -sm "$root" | cut -f 1) - before)) MB over the base"
if missing=$(chroot "$root" ldd /usr/local/bin/colonnade | grep 'not found'); then echo "missing: $missing" >&2; exit 1; fi

# Volumes and secrets, owned by the image's user.
mkdir -p "$scratch/runs" "$root/runs" "$root/data" "$root/certs"
"$colonnade" certificates create "$scratch/certs" >/dev/null
(umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$scratch/certs/token")
chown -R 10001:10001 "$scratch/certs" "$scratch/runs"
make_hosts 10.84.0
printf '127.0.0.1 localhost\n10.84.0.1 coordinator\n' >"$root/etc/hosts"
# The commands that set up a container's root and start its process.
mkdir "$scratch/ns"
# shellcheck disable=SC2016
inside='
    scratch=$1 data=$2
    shift 2
    mount --bind "$scratch/image" "$scratch/image"
    mount -o remount,bind,ro "$scratch/image"
    mount -t proc proc "$scratch/image/proc"
    mount -t tmpfs tmpfs "$scratch/image/tmp"
    mount --bind /dev "$scratch/image/dev"
    mount --bind "$scratch/runs" "$scratch/image/runs"
    mount --bind "$data" "$scratch/image/data"
    mount -o remount,bind,ro "$scratch/image/data"
    mount --bind "$scratch/certs" "$scratch/image/certs"
    exec chroot "$scratch/image" setpriv --reuid 10001 --regid 10001 --clear-groups --bounding-set=-all --inh-caps=-all \
        --no-new-privs env -i PATH=/usr/local/bin:/usr/bin:/bin OMP_WAIT_POLICY=passive COLONNADE_RESTARTS=5 COLONNADE_LINGER=2 HOME=/work "$@"'
container() { # host, command…: a container with its own process namespace, in the host's network
    local host=$1
    shift
    exec ip netns exec "$host" unshare --pid --fork --kill-child --mount bash -euc "$inside" - "$scratch" "$data" "$@"
}
beside() { # process, command…: a container in the network and process namespaces of another one's process
    local process=$1
    shift
    exec nsenter --target "$process" --net --pid unshare --fork --mount bash -euc "$inside" - "$scratch" "$data" "$@"
}
healthy() { ip netns exec "$1" grep -qsE "$2" /proc/net/tcp /proc/net/tcp6; }
listens() { # coordinator's process
    for _ in $(seq 150); do
        healthy "$host_a" ":1B9E 0+:0000 0A " && return
        kill -0 "$1" 2>/dev/null || break
        sleep 0.2
    done
    cat "$scratch/coordinator.log" >&2
    exit 1
}
digests() { sed -n 's/.*"digest":"\([0-9a-f]*\)".*/\1/p' "$scratch/runs/$1/metrics.jsonl"; }
finish() { # run, description, coordinator's process, other processes…
    local run=$1 what=$2 coordinator=$3 codes='' code connected=no
    shift 3
    while kill -0 "$coordinator" 2>/dev/null; do
        if healthy "$host_a" ":1B9E 01 "; then connected=yes; fi
        sleep 0.2
    done
    for pid in "$coordinator" "$@"; do
        code=0
        wait "$pid" || code=$?
        codes+=" $code"
    done
    if [ -n "${codes//[ 0]/}" ] || [ "$connected" = no ]; then
        tail -n 20 "$scratch"/*.log >&2
        echo "$what: exit codes$codes; seen as connected: $connected" >&2
        exit 1
    fi
    if [ "$(digests "$run" | wc -l)" -ne 200 ] || [ "$(digests "$run")" != "$(digests whole)" ]; then echo "the digests differ" >&2; exit 1; fi
    echo "$what: 200 steps with the digests of colonnade train; exit codes$codes;" \
        "refusals $(grep -c '"kind":"refused"' "$scratch/runs/$run/events.jsonl" || true);" \
        "failures $(grep -c '"kind":"lost"' "$scratch/runs/$run/events.jsonl" || true)"
}
coordinate() { # run, options…
    local run=$1
    shift
    container "$host_a" colonnade-coordinate /runs "$run" --data /data --threads 1 "$@" "${settings[@]}" >"$scratch/coordinator.log" 2>&1
}
settings=(--preset cifar10 --steps 200 --workers 2 --set batch=16 optimizer.learning_rate=0.001 validation.every=0 checkpoint.every=50)
"$colonnade" train --runs "$scratch/runs" --name whole --data "$data" --threads 1 "${settings[@]}" >"$scratch/whole.log" 2>&1

# As in compose.yaml: workers in the coordinator's network and process namespaces share the store's memory. One of them is killed.
worker=(colonnade worker --coordinator 127.0.0.1:7070 --token-file /certs/token)
coordinate compose --listen 127.0.0.1:7070 --token-file /certs/token &
coordinator=$!
listens "$coordinator"
process() { # prefix of a command line: prints the newest such process of the first host
    ip netns pids "$host_a" | sort -n | while read -r pid; do
        if tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -q "^$1"; then echo "$pid"; fi
    done | tail -n 1
}
first=$(process "bash /usr/local/bin/colonnade-coordinate")
beside "$first" "${worker[@]}" >"$scratch/worker-0.log" 2>&1 &
one=$!
beside "$first" colonnade-keep "${worker[@]}" >"$scratch/worker-1.log" 2>&1 &
two=$!
for _ in $(seq 300); do [ "$(digests compose 2>/dev/null | wc -l)" -ge 60 ] && break; sleep 0.1; done
kill -KILL "$(pgrep --full --parent "$(process "bash /usr/local/bin/colonnade-keep")" "^${worker[*]}")"
finish compose "a coordinator and two workers in one network" "$coordinator" "$one" "$two"

# As on Kubernetes: the store beside the coordinator, and one worker on another host.
worker=(colonnade worker --coordinator coordinator:7070 --certificates /certs)
coordinate pods --listen coordinator:7070 --certificates /certs --store process &
coordinator=$!
listens "$coordinator"
container "$host_a" colonnade store --coordinator coordinator:7070 --certificates /certs >"$scratch/store.log" 2>&1 &
store=$!
container "$host_a" "${worker[@]}" >"$scratch/worker-0.log" 2>&1 &
one=$!
container "$host_b" "${worker[@]}" >"$scratch/worker-1.log" 2>&1 &
two=$!
finish pods "a coordinator, a store and two workers, one container each" "$coordinator" "$store" "$one" "$two"
