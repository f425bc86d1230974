#!/usr/bin/env bash
# Installs the Debian packages that colonnade needs to build and run, and those named as arguments, unless they are installed.
set -euo pipefail

packages=(libdnnl-dev libturbojpeg0-dev libstb-dev libyuv-dev libwebp-dev libxxhash-dev zlib1g-dev libssl-dev dataset-fashion-mnist "$@")

if ! command -v swift >/dev/null; then
    echo "Swift 6.2 or later is needed: https://www.swift.org/install/linux/" >&2
    exit 69
fi
if ! command -v dpkg-query >/dev/null; then
    echo "This is not a Debian system. Install the equivalents of these Debian packages: ${packages[*]}" >&2
    exit 69
fi
missing=()
for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "As root: apt-get install ${missing[*]}" >&2; exit 77; }
    as_root=(sudo)
fi
echo "installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
