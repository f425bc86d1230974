#!/usr/bin/env bash
# Validates the manifests: expands the kustomization with certificates in name only, and checks every object against the schemas of
# the oldest release of Kubernetes that they are for and of newer ones. No cluster is needed.
#   Tests/Checks/manifests.sh
# KUBERNETES_VALIDATE names the validator (from PyPI: pip install kubernetes-validate). Without kubectl the files are validated one
# by one as they are. Exit code 69: no validator here.
set -euo pipefail
cd "$(dirname "$0")/../../deploy/kubernetes"
validator=${KUBERNETES_VALIDATE:-kubernetes-validate}
command -v "$validator" >/dev/null || { echo "skipped: no $validator here (pip install kubernetes-validate)"; exit 69; }
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
    how="the files as they are, without kubectl"
fi
objects=$(grep -c '^kind:' "$scratch/all")
for version in 1.29 1.31 1.33 1.37; do
    "$validator" --kubernetes-version "$version" --strict "$scratch/all" >"$scratch/report" 2>&1 || { cat "$scratch/report" >&2; exit 1; }
    passed=$(grep -c passed "$scratch/report")
    [ "$passed" -eq "$objects" ] || { cat "$scratch/report" >&2; echo "$passed of $objects objects were validated" >&2; exit 1; }
done
# What a schema does not say.
python3 - "$scratch/all" <<'PYTHON'
import sys
try:
    import yaml
except ImportError:
    print("not checked beyond the schemas: no yaml module for python3")
    sys.exit()
objects = list(yaml.safe_load_all(open(sys.argv[1])))
def of(kind):
    return [o for o in objects if o["kind"] == kind]
problems = []
def want(holds, sentence):
    if not holds:
        problems.append(sentence)
config = {o["metadata"]["name"] for o in of("ConfigMap")}
secrets = {o["metadata"]["name"] for o in of("Secret")}
claims = {o["metadata"]["name"] for o in of("PersistentVolumeClaim")}
for job in of("Job"):
    name, spec = job["metadata"]["name"], job["spec"]
    pod = spec["template"]["spec"]
    labels = spec["template"]["metadata"]["labels"]
    # Rules of the API beyond its schema.
    want(pod["restartPolicy"] == "Never", f"{name}: podFailurePolicy takes restartPolicy Never")
    if spec.get("completionMode") == "Indexed":
        want(spec["completions"] == spec["parallelism"], f"{name}: every worker has to run at once")
    want(pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault", f"{name}: pod security")
    for policy in of("NetworkPolicy"):
        chosen = policy["spec"]["podSelector"]["matchLabels"].items()
        want(chosen <= labels.items(), f"{name}: {policy['metadata']['name']} does not choose it")
    volumes = {v["name"]: v for v in pod["volumes"]}
    for volume in volumes.values():
        if config and "configMap" in volume:
            want(volume["configMap"]["name"] in config, f"{name}: {volume['configMap']['name']} is nowhere")
        if secrets and "secret" in volume:
            want(volume["secret"]["secretName"] in secrets, f"{name}: {volume['secret']['secretName']} is nowhere")
        if "persistentVolumeClaim" in volume:
            want(volume["persistentVolumeClaim"]["claimName"] in claims, f"{name}: {volume['persistentVolumeClaim']['claimName']} is nowhere")
    containers = pod.get("initContainers", []) + pod["containers"]
    names = {c["name"] for c in containers}
    for rule in spec["podFailurePolicy"]["rules"]:
        if "onExitCodes" in rule:
            want(rule["onExitCodes"]["containerName"] in names, f"{name}: a rule for no container")
    for container in containers:
        place = f"{name}/{container['name']}"
        security = container["securityContext"]
        want(security["capabilities"]["drop"] == ["ALL"] and security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"], f"{place}: container security")
        want("limits" in container["resources"] and "requests" in container["resources"], f"{place}: resources")
        for mount in container["volumeMounts"]:
            want(mount["name"] in volumes, f"{place}: no volume {mount['name']}")
for service in of("Service"):
    chosen = service["spec"]["selector"].items()
    want(any(chosen <= job["spec"]["template"]["metadata"]["labels"].items() for job in of("Job")), f"{service['metadata']['name']} chooses no pod")
for problem in problems:
    print(problem, file=sys.stderr)
sys.exit(bool(problems))
PYTHON
echo "$objects objects pass ($how; Kubernetes 1.29, 1.31, 1.33, 1.37)"
