"""Checks the workflows: YAML that reads, jobs with steps, and in every step something to run or to use, and not both."""

import pathlib
import sys

import yaml

TRIGGER = True  # What YAML 1.1 makes of `on`.

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.yml")):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["name"] == path.stem, f"{path.name}: another name"
    assert workflow[TRIGGER], f"{path.name}: nothing starts it"
    assert workflow["permissions"] == {"contents": "read"}, f"{path.name}: permissions by default"
    for name, job in workflow["jobs"].items():
        assert set(job.get("needs", "").split()) <= set(workflow["jobs"]), f"{path.name}, {name}: needs no job of its own"
        assert job["timeout-minutes"] if "strategy" in job else True, f"{path.name}, {name}: no timeout"
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step), f"{path.name}, {name}: {step}"
            assert "@" in step.get("uses", "@"), f"{path.name}, {name}: {step['uses']} has no version"
