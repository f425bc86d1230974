#!/usr/bin/env bash
# Checks the units under a real systemd: a Debian root with systemd (debootstrap) is booted as a container (systemd-nspawn). There, a
# coordinator and two workers train a run in which a worker and then the coordinator are killed. A second run is stopped and continued.
# Needs root, debootstrap, systemd-container and a kernel with control groups (version 2).
#   Tests/Checks/systemd.sh COLONNADE DATA [ROOT]
# DATA is a packed data set of 32×32 images. ROOT is an existing Debian root (debootstrap --variant=minbase bookworm ROOT).
set -euo pipefail
colonnade=$(realpath "$1") data=$(realpath "$2") given=${3:-}
deploy=$(realpath "$(dirname "$0")/../../deploy")
[ "$(id -u)" -eq 0 ] || { echo "root is needed for the container" >&2; exit 77; }
for program in debootstrap systemd-nspawn unshare; do
    command -v $program >/dev/null || { echo "skipped: $program is not installed"; exit 69; }
done
scratch=$(mktemp -d /tmp/colonnade-systemd.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
root=$scratch/image
if [ -n "$given" ]; then cp -a "$given" "$root"; else debootstrap --variant=minbase bookworm "$root" >"$scratch/log"; fi
chroot "$root" sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends systemd \
    systemd-sysv dbus procps libdnnl2 libgomp1 libssl3 libstb0 libturbojpeg0 libwebp7 libwebpdemux2 libxxhash0 libyuv0 zlib1g' </dev/null >"$scratch/log" 2>&1 \
    || { tail "$scratch/log" >&2; exit 1; }

# Install as docs/launching.md describes.
install -s "$colonnade" "$root/usr/local/bin/colonnade"
ldd "$colonnade" | awk '$3 ~ "/swift/linux/" { print $3 }' | xargs install -m 0644 -t "$root/usr/local/lib"
chroot "$root" ldconfig
install "$deploy"/launch/colonnade-* "$root/usr/local/bin/"
install -m 0644 "$deploy"/systemd/colonnade-*@.service "$root/etc/systemd/system/"
install -D -m 0644 "$deploy/systemd/colonnade.sysusers" "$root/usr/lib/sysusers.d/colonnade.conf"
install -d "$root/etc/colonnade" "$root/srv/data"
"$colonnade" certificates create "$root/etc/colonnade/certificates" >/dev/null
settings="--preset cifar10 --steps 300 --workers 2 --set batch=16 optimizer.learning_rate=0.001 validation.every=0 checkpoint.every=50"
for run in killed stopped; do
    printf 'LISTEN=127.0.0.1:7070\nOPTIONS=--data /srv/data --threads 1 %s\n' "$settings" >"$root/etc/colonnade/$run.env"
done
printf 'COORDINATOR=127.0.0.1:7070\nOPTIONS=\n' >"$root/etc/colonnade/worker.env"
# shellcheck disable=SC2086
"$colonnade" train --runs "$scratch/runs" --name whole --data "$data" --threads 1 $settings >"$scratch/log" 2>&1

cat >"$root/usr/local/bin/check" <<'CHECK'
#!/bin/bash
exec >/result 2>&1
units=(colonnade-coordinator@RUN colonnade-worker@0 colonnade-worker@1)
runs=/var/lib/colonnade/runs
committed() { cat "$runs/$1/metrics.jsonl" 2>/dev/null | wc -l; }
reach() { for _ in $(seq 600); do [ "$(committed "$1")" -ge "$2" ] && return; sleep 0.1; done; echo "$1 did not reach step $2"; journalctl --no-pager -n 40; }
finish() {
    for _ in $(seq 900); do grep -q '"state" : "finished"' "$runs/$1/run.json" && break; sleep 0.1; done
    sleep 2
    # systemd forgets units that succeeded, so their ends are read from the journal.
    echo "$1, exits and restarts: $(journalctl --no-pager --output=cat -u "colonnade-*" | grep -E "Main process exited|Scheduled restart job" \
        | sed -E 's/^colonnade-([^:]*)\.service: (Main process exited, |Scheduled )/\1 /' | tr '\n' ';')"
    echo "$1: failed units: $(systemctl --failed --plain --no-legend | wc -l)"
    journalctl --no-pager --output=cat -u "colonnade-*" >"/journal-$1"
    journalctl --rotate --quiet && journalctl --vacuum-time=1s --quiet
}
systemctl start "${units[@]//RUN/killed}"
reach killed 60
echo "credentials: $(stat --format '%U %a' /run/credentials/colonnade-worker@0.service/worker.key)"
pid=$(systemctl show --property=MainPID --value colonnade-worker@1)
echo "worker: user $(ps -o user= -p "$pid"), maps the store's memory: $(grep -q memfd:colonnade-store "/proc/$pid/maps" && echo yes || echo no)"
grep -E '^(NoNewPrivs|CapEff|Seccomp):' "/proc/$pid/status" | xargs
kill -KILL "$pid"
sleep 3
reach killed 120
systemctl kill --signal=KILL colonnade-coordinator@killed
finish killed
systemctl start "${units[@]//RUN/stopped}"
reach stopped 100
systemctl stop colonnade-coordinator@stopped
sleep 1
echo "stopped after step $(committed stopped)"
systemctl start "${units[@]//RUN/stopped}"
finish stopped
CHECK
chmod +x "$root/usr/local/bin/check"
cat >"$root/etc/systemd/system/check.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/usr/local/bin/check
ExecStopPost=/bin/systemctl poweroff --no-block
TimeoutStartSec=300
UNIT
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../check.service "$root/etc/systemd/system/multi-user.target.wants/check.service"
# shellcheck disable=SC2016
# A mount namespace, because this system may not have control groups mounted.
timeout 360 unshare --mount bash -c '
    mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup
    exec systemd-nspawn --quiet --register=no --keep-unit --directory="$1" --bind-ro="$2":/srv/data --private-network --boot' - "$root" "$data" \
    </dev/null >"$scratch/boot" 2>&1 || { tail -n 20 "$scratch/boot" >&2; cat "$root/result" 2>/dev/null; exit 1; }
cat "$root/result"
digests() { sed -n 's/.*"digest":"\([0-9a-f]*\)".*/\1/p' "$1/metrics.jsonl"; }
for run in killed stopped; do
    if [ "$(digests "$root/var/lib/colonnade/runs/$run")" = "$(digests "$scratch/runs/whole")" ]; then
        echo "$run: $(digests "$root/var/lib/colonnade/runs/$run" | wc -l) steps with the digests of colonnade train"
    else
        echo "$run: the digests differ from those of colonnade train" >&2
        tail -n 40 "$root/journal-$run" >&2
        exit 1
    fi
done
