"""Holds a run's files against docs/schemas.

    pip install jsonschema
    python check_schemas.py RUN [KIND …] [FILE …]

KINDs are those that metrics.jsonl and events.jsonl must have, FILEs those that must be there and not be empty. The exit code is 0 when every line is as its schema says, 1 when one is
not, 77 when the package is missing.
"""

import json
import pathlib
import sys

try:
    from jsonschema import Draft202012Validator
except ImportError as error:
    print(error)
    sys.exit(77)

SCHEMAS = pathlib.Path(__file__).resolve().parents[3] / "docs" / "schemas"
run = pathlib.Path(sys.argv[1])
needed = {word for word in sys.argv[2:] if "." not in word}
files = set(sys.argv[2:]) - needed
problems, kinds, seen, checked = [], set(), set(), 0


def validator(name):
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def check(name, document, place):
    global checked
    checked += 1
    for error in validators[name].iter_errors(document):
        # Of a line that may be of several kinds, what is wrong with its own.
        others = {part.relative_schema_path[0] for part in error.context or [] if "kind" in part.path}
        own = [part for part in error.context or [] if part.relative_schema_path[0] not in others]
        problems.extend(f"{place}: {part.json_path}: {part.message}" for part in own or [error])
    if (name, document.get("kind")) not in seen:
        # A schema that takes anything would find nothing.
        seen.add((name, document.get("kind")))
        if validators[name].is_valid({**document, "something": 1}):
            problems.append(f"{place}: a field that is not described would be taken")


validators = {name: validator(name) for name in ("metrics", "events", "log", "timeline", "run", "status")}
for name, tester in validators.items():
    for example in tester.schema.get("examples", []):
        check(name, example, f"the example of {name}")
for name in ("metrics", "events", "log", "timeline"):
    path = run / f"{name}.jsonl"
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
        document = json.loads(line)
        kinds.add(document.get("kind"))
        check(name, document, f"{path.name}:{number}")
for name in ("run", "status"):
    path = run / f"{name}.json"
    if name == "run" or path.exists():
        check(name, json.loads(path.read_text()), path.name)
if needed - kinds:
    problems.append(f"there are no lines of {sorted(needed - kinds)}, only of {sorted(kinds - {None})}")

problems.extend(f"{name} is missing or empty" for name in sorted(files) if not (run / name).exists() or not (run / name).stat().st_size)

print("\n".join(problems[:40]) or f"{checked} documents are as their schemas say")
sys.exit(1 if problems else 0)
