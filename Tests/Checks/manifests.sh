#!/usr/bin/env bash
# Checks the Kubernetes manifests: expands the kustomization with placeholder certificates, and checks every object against the schemas of
# the oldest supported release of Kubernetes and of newer ones. No cluster is needed.
#   Tests/Checks/manifests.sh
# KUBERNETES_VALIDATE names the checker (from PyPI: pip install kubernetes-validate). Without kubectl, the files are checked one by
# one without expansion. Exit code 69: the checker is not installed.
set -euo pipefail
cd "$(dirname "$0")/../../deploy/kubernetes"
checker=${KUBERNETES_VALIDATE:-kubernetes-validate}
command -v "$checker" >/dev/null || { echo "skipped: $checker is not installed (pip install kubernetes-validate)"; exit 69; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if command -v kubectl >/dev/null && kubectl kustomize --help >/dev/null 2>&1; then
    mkdir "$scratch/certs"
    cp ./*.yaml "$scratch"
    for file in authority.pem revoked.crl {coordinator,worker,store}.{pem,key}; do echo none >"$scratch/certs/$file"; done
    kubectl kustomize "$scratch" >"$scratch/all"
    how="the expanded kustomization"
else
    for file in namespace volumes network-policy coordinator workers; do printf -- '---\n' && cat "$file.yaml"; done >"$scratch/all"
    how="the separate files, without kubectl"
fi
objects=$(grep -c '^kind:' "$scratch/all")
for version in 1.29 1.31 1.33 1.37; do
    "$checker" --kubernetes-version "$version" --strict "$scratch/all" >"$scratch/report" 2>&1 || { cat "$scratch/report" >&2; exit 1; }
    passed=$(grep -c passed "$scratch/report")
    [ "$passed" -eq "$objects" ] || { cat "$scratch/report" >&2; echo "$passed of $objects objects were checked" >&2; exit 1; }
done
# Rules that the schemas do not contain.
python3 - "$scratch/all" <<'PYTHON'
import sys
try:
    import yaml
except ImportError:
    print("checked against the schemas only: python3 has no yaml module")
    sys.exit()
objects = list(yaml.safe_load_all(open(sys.argv[1])))
def of(kind):
    return [o for o in objects if o["kind"] == kind]
problems = []
def require(condition, sentence):
    if not condition:
        problems.append(sentence)
config = {o["metadata"]["name"] for o in of("ConfigMap")}
secrets = {o["metadata"]["name"] for o in of("Secret")}
claims = {o["metadata"]["name"] for o in of("PersistentVolumeClaim")}
for job in of("Job"):
    name, spec = job["metadata"]["name"], job["spec"]
    pod = spec["template"]["spec"]
    labels = spec["template"]["metadata"]["labels"]
    # Rules of the API that its schema does not contain.
    require(pod["restartPolicy"] == "Never", f"{name}: podFailurePolicy requires restartPolicy Never")
    if spec.get("completionMode") == "Indexed":
        require(spec["completions"] == spec["parallelism"], f"{name}: all workers must run at once")
    require(pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault", f"{name}: the security context of the pod is too permissive")
    for policy in of("NetworkPolicy"):
        selected = policy["spec"]["podSelector"]["matchLabels"].items()
        require(selected <= labels.items(), f"{name}: {policy['metadata']['name']} does not select it")
    for container in pod["containers"]:
        words = container.get("args", [])
        if "--coordinator-patience" not in words:
            continue
        patience = int(words[words.index("--coordinator-patience") + 1])
        for kind in ("startupProbe", "livenessProbe"):
            probe = container[kind]
            require(
                probe["periodSeconds"] * probe["failureThreshold"] >= patience,
                f"{name}: the {kind} ends a worker that still looks for its coordinator")
    volumes = {v["name"]: v for v in pod["volumes"]}
    for volume in volumes.values():
        if config and "configMap" in volume:
            require(volume["configMap"]["name"] in config, f"{name}: {volume['configMap']['name']} is not defined")
        if secrets and "secret" in volume:
            require(volume["secret"]["secretName"] in secrets, f"{name}: {volume['secret']['secretName']} is not defined")
        if "persistentVolumeClaim" in volume:
            require(volume["persistentVolumeClaim"]["claimName"] in claims, f"{name}: {volume['persistentVolumeClaim']['claimName']} is not defined")
    containers = pod.get("initContainers", []) + pod["containers"]
    names = {c["name"] for c in containers}
    for rule in spec["podFailurePolicy"]["rules"]:
        if "onExitCodes" in rule:
            require(rule["onExitCodes"]["containerName"] in names, f"{name}: a rule names a container that does not exist")
    for container in containers:
        label = f"{name}/{container['name']}"
        security = container["securityContext"]
        require(security["capabilities"]["drop"] == ["ALL"] and security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"], f"{label}: the security context is too permissive")
        require("limits" in container["resources"] and "requests" in container["resources"], f"{label}: limits or requests are missing")
        for mount in container["volumeMounts"]:
            require(mount["name"] in volumes, f"{label}: there is no volume {mount['name']}")
for service in of("Service"):
    selected = service["spec"]["selector"].items()
    require(any(selected <= job["spec"]["template"]["metadata"]["labels"].items() for job in of("Job")), f"{service['metadata']['name']} selects no pod")
for problem in problems:
    print(problem, file=sys.stderr)
sys.exit(bool(problems))
PYTHON
echo "$objects objects pass ($how; Kubernetes 1.29, 1.31, 1.33, 1.37)"
