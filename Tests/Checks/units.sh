#!/usr/bin/env bash
# Checks the systemd units with systemd-analyze: that they load, and that their exposure is not above the threshold below. systemd need
# not be running. Exit code 69: systemd-analyze is not installed.
#   Tests/Checks/units.sh
set -euo pipefail
cd "$(dirname "$0")/../../deploy/systemd"
command -v systemd-analyze >/dev/null || { echo "skipped: systemd-analyze is not installed"; exit 69; }
# In tenths; 0 is systemd's best rating and 100 its worst.
threshold=20
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/units" "$scratch/etc/systemd/system"
for unit in colonnade-*@.service; do
    # The programs need not be installed on this machine; the rest of a unit is checked unchanged.
    sed 's|^ExecStart=/usr/local/bin/[a-z-]*|ExecStart=/bin/true|' "$unit" >"$scratch/units/${unit/@./@check.}"
done
for unit in "$scratch"/units/*; do
    report=$(systemd-analyze verify --recursive-errors=no --man=no "$unit" 2>&1) || { echo "$report" >&2; exit 1; }
    [ -z "$report" ] || { echo "$report" >&2; exit 1; }
done
# A coordinator that is away must not use up the starts of who looks for it: burst times patience is longer than the interval (1h).
for unit in colonnade-worker@.service colonnade-store@.service; do
    burst=$(sed -n 's/^StartLimitBurst=//p' "$unit")
    patience=$(sed -n 's/^ExecStart=.*--coordinator-patience \([0-9]*\).*/\1/p' "$unit")
    if ! grep -q '^StartLimitIntervalSec=1h$' "$unit" || [ "$((burst * ${patience:-30}))" -le 3600 ]; then
        echo "$unit: $burst starts of ${patience:-30} s fit in its interval" >&2
        exit 1
    fi
done
for unit in "$scratch"/units/*; do
    cp "$unit" "$scratch/etc/systemd/system/"
    report=$(systemd-analyze security --offline=true --threshold=$threshold --root="$scratch" --no-pager "$(basename "$unit")" 2>&1) \
        || { echo "$report" >&2; exit 1; }
    tail -n 1 <<<"$report" | sed 's/^[^A-Za-z]*//; s/@check//'
done
if command -v systemd-sysusers >/dev/null; then
    mkdir -p "$scratch/sysusers/etc"
    report=$(systemd-sysusers --dry-run --root="$scratch/sysusers" "$PWD/colonnade.sysusers" 2>&1) || { echo "$report" >&2; exit 1; }
fi
