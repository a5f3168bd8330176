"""GitHub's workflows: valid, pinned, with no more rights than they need; what they call exists."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.resources import files
from itertools import takewhile
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

ROOT = Path(settings.BASE_DIR)
FOLDER = ROOT / ".github/workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = {name for line in re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.M) for name in line.split()}


def read(path: Path) -> dict[Any, Any]:
    """A file of YAML. Its version 1.1 takes the key ``on`` for true."""
    found: dict[Any, Any] = yaml.safe_load(path.read_text())
    return found


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    """Of all jobs."""
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize(
    "path", [*WORKFLOWS, ROOT / ".github/dependabot.yml"], ids=lambda p: p.name
)
def test_file_is_valid_by_githubs_schema(path: Path) -> None:
    name = "dependabot.json" if path.parent.name == ".github" else "github-workflows.json"
    schemas = files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((schemas / name).read_text())
    held = {("on" if key is True else key): value for key, value in read(path).items()}
    errors = jsonschema.Draft7Validator(schema).iter_errors(held)
    assert [f"{'.'.join(map(str, error.path))}: {error.message}" for error in errors] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.name)
def test_actions_are_pinned_by_commit_with_their_tag_beside(path: Path) -> None:
    used = re.findall(r"uses: (.+)$", path.read_text(), re.M)
    assert used
    for action in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)


def test_the_same_action_is_the_same_everywhere() -> None:
    used = {
        action
        for path in WORKFLOWS
        for action in re.findall(r"uses: (.+)$", path.read_text(), re.M)
    }
    assert len(used) == len({action.partition("@")[0] for action in used})


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.name)
def test_rights_are_to_read_and_those_of_a_release(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    granted = {
        name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job
    }
    assert granted == (
        {
            "images": {"contents": "read", "packages": "write"},
            "release": {"contents": "write"},
        }
        if path.name == "release.yml"
        else {}
    )
    for step in steps(workflow):
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 120
        assert re.fullmatch(r"ubuntu-\d+\.\d+", job["runs-on"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.name)
def test_what_steps_call_is_there(path: Path) -> None:
    for step in steps(read(path)):
        script = step.get("run", "")
        parsed = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
        assert parsed.returncode == 0, parsed.stderr
        # what is anybody's to write never becomes part of a script
        assert re.findall(r"\$\{\{(?! *matrix\.)[^}]+\}\}", script) == []
        for words in re.findall(r"\bmake ([^\n|]+)", script):
            targets = set(takewhile(lambda word: "=" not in word, words.split()))
            assert targets and targets <= TARGETS
        for command in re.findall(r"manage\.py (\w+)", script):
            assert command in get_commands()
        for file in re.findall(r"\bsh (\S+\.sh)", script):
            assert (ROOT / file).is_file()
        for target in re.findall(r"--target ([\w-]+)", script):
            assert f" AS {target}\n" in (ROOT / "Dockerfile").read_text()


def test_every_python_that_the_project_allows_is_tested() -> None:
    (least, beyond) = re.findall(
        r'^requires-python = ">=3\.(\d+),<3\.(\d+)"$', (ROOT / "pyproject.toml").read_text(), re.M
    )[0]
    matrix = read(FOLDER / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert matrix == [f"3.{minor}" for minor in range(int(least), int(beyond))]


def test_images_of_a_release_are_those_of_the_dockerfile() -> None:
    matrix = read(FOLDER / "release.yml")["jobs"]["images"]["strategy"]["matrix"]["target"]
    stages = re.findall(r"^FROM runtime AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.M)
    assert matrix == stages


def test_tag_of_a_release_is_compared_with_the_version() -> None:
    assert f'version = "{settings.VERSION}"\n' in (ROOT / "pyproject.toml").read_text()
