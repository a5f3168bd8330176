"""GitHub's workflows: valid, pinned, with no more rights than they need; what they call exists."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.resources import files
from itertools import takewhile
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from ocrsite_client.version import VERSION as CLIENT_VERSION
from tests.test_fly import SECRETS, deployed

ROOT = Path(settings.BASE_DIR)
FOLDER = ROOT / ".github/workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text()
LOCAL = re.compile(r"\./(\.github/workflows/[\w-]+\.yml)")
TARGETS = {name for line in re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.M) for name in line.split()}


def read(path: Path) -> dict[Any, Any]:
    """A file of YAML. Its version 1.1 takes the key ``on`` for true."""
    found: dict[Any, Any] = yaml.safe_load(path.read_text())
    return found


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    """Of all jobs of its own."""
    return [step for job in workflow["jobs"].values() for step in job.get("steps", ())]


def scripts(workflow: dict[Any, Any]) -> list[str]:
    """What its steps run, and the scripts in .github that they call."""
    own = [step["run"] for step in steps(workflow) if "run" in step]
    called = {file for script in own for file in re.findall(r"\bsh (\.github/\S+\.sh)", script)}
    return own + [(ROOT / file).read_text() for file in sorted(called)]


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
        if LOCAL.fullmatch(action):
            continue
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)


def test_the_same_action_is_the_same_everywhere() -> None:
    used = {
        action
        for path in WORKFLOWS
        for action in re.findall(r"uses: (.+)$", path.read_text(), re.M)
        if not LOCAL.fullmatch(action)
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
        if "uses" in job:
            called = LOCAL.fullmatch(job["uses"])
            assert called and "workflow_call" in read(ROOT / called[1])[True]
            continue
        assert job["timeout-minutes"] <= 120
        assert re.fullmatch(r"ubuntu-\d+\.\d+", job["runs-on"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.name)
def test_what_steps_call_is_there(path: Path) -> None:
    for script in scripts(read(path)):
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
    targets = read(FOLDER / "release.yml")["jobs"]["images"]["env"]["TARGETS"].split()
    stages = re.findall(r"^FROM runtime AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.M)
    assert targets == stages


def test_what_is_released_has_one_version() -> None:
    assert f'version = "{settings.VERSION}"\n' in (ROOT / "pyproject.toml").read_text()
    chart = read(ROOT / "deploy/helm/Chart.yaml")
    assert chart["version"] == chart["appVersion"] == CLIENT_VERSION == settings.VERSION


def test_nothing_is_released_that_was_not_tried() -> None:
    jobs = read(FOLDER / "release.yml")["jobs"]
    assert {name: job.get("needs") for name, job in jobs.items()} == {
        "tag": None, "ci": "tag", "images": "ci", "release": "images", "fly": "release",
    }  # fmt: skip
    assert jobs["ci"]["uses"].endswith("/ci.yml")
    ran = [step.get("run", "") for step in jobs["images"]["steps"]]
    order = [
        next(number for number, script in enumerate(ran) if part in script)
        for part in (
            "docker build", "docker compose up --no-build", "send_sample.sh", "manage.py models",
            "docker push",
        )
    ]  # fmt: skip
    assert order == sorted(order)
    names = set(re.findall(r"ocrsite-[\w$-]+:", "".join(ran)))
    assert names == {"ocrsite-$target:", "ocrsite-worker-gpu:"}, "what is tried is what is pushed"


def stand_ins(folder: Path, **programs: str) -> str:
    """PATH with these scripts before what there is."""
    for name, script in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}")
        (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


DOCKER = """
case "$1 $2" in
  "run --rm") while [ "$1" != python ]; do shift; done; shift; exec "$PYTHON" "$@" ;;
  "compose exec") echo '{"api_key": "ocrs_k"}' ;;
esac
"""
CURL = """
[ "$(head -c 4 invoice.pdf)" = %PDF ] || exit 9
echo "$*" | grep -q "Bearer ocrs_k" || exit 22
for url; do :; done
case $url in
  */result.csv) echo "number,$SAYS" ;;
  *) echo '{"id": "1", "status": "succeeded"}' ;;
esac
"""


def test_sample_goes_through_the_site_that_compose_runs(tmp_path: Path) -> None:
    jq = """sed 's/.*: "\\(.*\\)".*/\\1/'"""
    path = stand_ins(tmp_path, docker=DOCKER, curl=CURL, jq=jq)
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    for_next = tmp_path / "environment"
    done = subprocess.run(
        ["sh", ROOT / ".github/send_sample.sh", "local"],
        cwd=tmp_path,
        env={"PATH": path, "PYTHON": sys.executable, "PYTHONPATH": str(ROOT)}
        | {"GITHUB_ENV": str(for_next), "SAYS": "OI-2026-0417"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "job 1: succeeded" in done.stdout
    assert for_next.read_text() == "KEY=ocrs_k\n"


def registry(folder: Path, **environment: str) -> list[str]:
    """The calls of docker by which a release's images are pushed."""
    (push,) = [
        step["run"]
        for step in read(FOLDER / "release.yml")["jobs"]["images"]["steps"]
        if "docker push" in step.get("run", "")
    ]
    log = folder / "log"
    log.write_text("")
    path = stand_ins(folder, docker='[ "$1" != login ] || cat >> "$LOG"\necho "$*" >> "$LOG"\n')
    given = {"TARGETS": "web", "TOKEN": "t", "GITHUB_REPOSITORY_OWNER": "Acme", "USERNAME": "u"}
    given |= {"GITHUB_REF_NAME": "v1.2.3", "PATH": path, "LOG": str(log)}
    subprocess.run(["bash", "-e", "-c", push], env=given | environment, check=True)
    return log.read_text().splitlines()


def test_images_go_to_the_owners_place_in_a_registry_or_to_the_one_named(tmp_path: Path) -> None:
    assert registry(tmp_path, REGISTRY="images.example") == [
        "compose down --volumes",
        "t",
        "login images.example --username u --password-stdin",
        "tag ocrsite-web:1.2.3 images.example/acme/ocrsite-web:1.2.3",
        "push images.example/acme/ocrsite-web:1.2.3",
        "logout images.example",
    ]
    pushed = registry(tmp_path, REGISTRY="images.example:5000/team/ocr")
    assert "login images.example:5000 --username u --password-stdin" in pushed
    assert "push images.example:5000/team/ocr/ocrsite-web:1.2.3" in pushed


def test_fly_is_given_the_secrets_in_a_file_that_does_not_stay(tmp_path: Path) -> None:
    (step,) = [each for each in steps(read(FOLDER / "fly.yml")) if "fly.sh" in each.get("run", "")]
    status, said, calls = deployed(
        tmp_path,
        SECRETS,
        ["bash", "-e", "-c", step["run"]],
        APP="my-ocr",
        WORKERS="2",
        SECRETS=SECRETS.rstrip(),
        RUNNER_TEMP=str(tmp_path),
    )
    assert (status, said) == (0, "https://my-ocr.fly.dev\n")
    assert "  DATABASE_URL=postgres://app@db/ocr\n" in calls
    assert not (tmp_path / "secrets.env").exists()


def test_settings_of_the_repository_are_documented() -> None:
    page = (ROOT / "docs/deployment.md").read_text()
    for path in WORKFLOWS:
        for name in re.findall(r"\b(?:vars|secrets)\.([A-Z_]+)", path.read_text()):
            assert name == "GITHUB_TOKEN" or f"`{name}`" in page, (path.name, name)


def test_newer_versions_are_proposed_of_actions_and_images() -> None:
    watched = read(ROOT / ".github/dependabot.yml")["updates"]
    assert {row["package-ecosystem"] for row in watched} == {
        "github-actions", "docker", "docker-compose",
    }  # fmt: skip
    assert all((ROOT / row["directory"].strip("/")).is_dir() for row in watched)
