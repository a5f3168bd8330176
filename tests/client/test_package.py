"""What is installed: the wheel, the operations, the options; and that the page says so."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from jobs.submit_serializers import SubmitSerializer
from ocrsite_client import AsyncClient, Client, Options, __version__, cli
from ocrsite_client.calls import listing, operation

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/client.md").read_text()


def operations() -> set[str]:
    """The names of all operations."""
    return {
        name
        for name, each in inspect.getmembers_static(Client)
        if isinstance(each, operation | listing)
    }


def test_wheel_is_built_without_a_network_and_runs(tmp_path: Path) -> None:
    source = tmp_path / "client"
    shutil.copytree(ROOT / "client", source)  # building leaves things in it
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    build += ["--no-build-isolation", "--wheel-dir", str(tmp_path), str(source)]
    subprocess.run(build, check=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        packed.extractall(tmp_path / "installed")
    modules = {str(path.relative_to(ROOT / "client")) for path in _modules()}
    assert {*modules, "ocrsite_client/py.typed"} <= set(names)
    (metadata,) = (tmp_path / "installed").glob("*.dist-info")
    assert "ocrsite = ocrsite_client.cli:main" in (metadata / "entry_points.txt").read_text()
    done = subprocess.run(
        [sys.executable, "-m", "ocrsite_client", "--version"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == f"ocrsite-client {__version__}\n", done.stderr
    assert metadata.name == f"ocrsite_client-{__version__}.dist-info"


def _modules() -> list[Path]:
    return sorted((ROOT / "client/ocrsite_client").rglob("*.py"))


def test_it_needs_nothing_but_what_it_names() -> None:
    project = tomllib.loads((ROOT / "client/pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["mcp"]]
    assert [re.split(r"\W", each)[0] for each in wanted] == ["httpx2", "mcp"]
    pins = (ROOT / "requirements/dev.txt").read_text()
    assert re.search(r"^httpx2==2\.", pins, re.M)
    assert re.search(r"^mcp==2\.", pins, re.M)


def test_both_clients_have_every_operation_and_the_page_names_it() -> None:
    assert len(operations()) > 80
    assert all(hasattr(AsyncClient, name) for name in operations())
    table = set(re.findall(r"^\| `(\w+)\(", PAGE, re.M))
    assert table == operations()


def test_options_are_those_of_the_api() -> None:
    sent_otherwise = {"file", "url", "content"}
    ours = set(SubmitSerializer().fields) - sent_otherwise | {"idempotency_key"}
    assert set(Options.__annotations__) == ours


@pytest.mark.parametrize(
    "command",
    [
        "ocr", "batch", "batches", "export", "fields", "watch", "jobs", "usage", "service-level",
        "health",
    ],
)  # fmt: skip
def test_every_command_is_on_the_page(command: str) -> None:
    assert f"`ocrsite {command}" in PAGE
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
