#!/usr/bin/env bash
# Tests the dashboard in Chromium while a run trains: Tests/Browser/run.sh [--screenshots DIR …]
# Uses the release build. Arguments are passed to Tests/Browser/test_dashboard.py.
set -euo pipefail
cd "$(dirname "$0")/../.."

deploy/dependencies.sh chromium chromium-driver python3-venv
environment=.build-browser
[ -x "$environment/bin/python" ] || /usr/bin/python3 -m venv "$environment"
"$environment/bin/python" -c 'import selenium' 2>/dev/null || "$environment/bin/pip" install -q 'selenium>=4.20,<5'

colonnade=$(swift build -c release --show-bin-path)/colonnade
data=$environment/fashion
[ -d "$data" ] || "$colonnade" data import --format mnist /usr/share/datasets/fashion-mnist "$data"
"$environment/bin/python" Tests/Browser/test_dashboard.py "$colonnade" --preset fashion --data "$data" "$@"
