"""`manage.py models`, with a hub on this machine."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from extraction import engines
from extraction.engines.configuration import Configuration
from extraction.hardware import Hardware
from extraction.vision_models import VISION_MODELS, VisionModel
from jobs.management.commands import models as command
from tests.extraction.engines.vlm import tiny
from tests.hub_server import Hub, hub

TINY = replace(tiny.model("acme/tiny"), licence="Ours.")


@pytest.fixture
def server(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub, and the tiny model set up."""
    settings.VISION_ROWS = {**VISION_MODELS, "tiny": TINY}
    settings.VISION_MODELS = (TINY,)
    before = engines.configured()
    engines.configure(Configuration(vision=(TINY,), weights=tmp_path / "weights"))
    with hub() as running:
        files = {path.name: path.read_bytes() for path in tiny.FOLDER.iterdir()}
        running.repository("acme/tiny", files)
        yield running
    engines.configure(before)


def said(*arguments: str) -> list[str]:
    out = io.StringIO()
    call_command("models", *arguments, stdout=out)
    return out.getvalue().splitlines()


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        said(*arguments)
    assert caught.value.returncode == 1
    return str(caught.value)


def test_model_is_downloaded_checked_and_removed(server: Hub, tmp_path: Path) -> None:
    commit = server.repositories["acme/tiny"].newest
    header, *rows = said("list")
    assert header.split() == ["NAME", "ON", "HERE", "GB", "COMMIT", "SOURCE", "LICENCE"]
    assert [row.split()[:5] for row in rows] == [
        ["nanonets-ocr-s", "no", "no", "-", "-"],
        ["nanonets-ocr2-3b", "no", "no", "-", "-"],
        ["tiny", "yes", "no", "-", "-"],
    ]
    assert "research licence" in rows[0]
    missing = "the weights of tiny are not here; fetch them with: manage.py models download tiny"
    assert refused("check", "tiny") == f"tiny: {missing}"
    assert refused("plan") == f"tiny: {missing}"

    fetched = said("download", "tiny", "--endpoint", server.url)
    assert fetched[-3:] == [
        "tiny: 100 % of 0.00 GB",
        f"tiny: commit {commit} is here",
        "Licence: Ours.",
    ]
    assert said("list")[3].split() == [
        *("tiny", "yes", "yes", "0.00", commit[:12], "acme/tiny", "Ours."),
    ]
    assert said("check", "tiny") == ["tiny: sound"]

    (weights,) = tmp_path.glob("weights/models--acme--tiny/snapshots/*/model.safetensors")
    body = bytearray(weights.read_bytes())
    body[-1] ^= 1
    weights.resolve().write_bytes(body)
    assert refused("check", "tiny") == "tiny: model.safetensors is not what was downloaded"

    assert said("remove", "tiny") == ["tiny: 0.00 GB deleted"]
    assert said("list")[3].split()[2] == "no"


def test_plan_says_how_a_model_is_held_and_why(
    server: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    said("download", "tiny", "--endpoint", server.url)
    monkeypatch.setattr(
        command, "probe", lambda: Hardware((), 8 * 10**9, 4 * 10**9, 2, False, "2.13.0")
    )
    first, *reasons = said("plan", "tiny")
    assert first == "tiny: fp32, batch 4, 0.1 megapixels a page, 0.6 GB on the CPU"
    assert reasons[0].startswith("  No GPU that torch 2.13.0 can use")
    monkeypatch.setattr(command, "probe", lambda: Hardware((), 10**8, 10**8, 2, False, "2.13.0"))
    assert refused("plan").startswith("tiny: the model needs 0.6")


def test_what_cannot_be_is_an_error(server: Hub, settings: Settings) -> None:
    assert refused("download", "no-such") == (
        "'no-such' is none of: nanonets-ocr-s, nanonets-ocr2-3b, tiny"
    )
    own = VisionModel("own", "Own", str(tiny.FOLDER))
    settings.VISION_ROWS = {"own": own}
    assert "nothing to download" in refused("download", "own")
    assert "not touched" in refused("remove", "own")
    settings.VISION_ROWS = {"gone": replace(TINY, name="gone", source="acme/gone")}
    assert "there is no such repository" in refused("download", "gone", "--endpoint", server.url)
    settings.VISION_MODELS = ()
    assert refused("plan").startswith("no model is set up")
