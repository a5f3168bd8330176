from __future__ import annotations

import json
from pathlib import Path

import pytest

from extraction.errors import InvalidOption
from extraction.vision_models import VISION_MODELS, VisionModel
from extraction.vision_rows import chosen, known

OWN = """
[invoices]
title = "Ours, for invoices"
source = "acme/invoices-3b"
revision = "0123456789abcdef0123456789abcdef01234567"
instruction = "Read the invoice."
max_tokens = 2048
repetition_penalty = 1
[nanonets-ocr-s]
revision = "v1"
"""


def test_without_a_file_the_known_rows_are_there() -> None:
    assert known(None) == VISION_MODELS
    assert chosen([], known(None)) == ()


def test_own_rows_stand_beside_the_known_ones_and_change_them(tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    path.write_text(OWN)
    rows = known(path)
    assert list(rows) == ["nanonets-ocr-s", "nanonets-ocr2-3b", "invoices"]
    invoices = VisionModel(
        "invoices",
        "Ours, for invoices",
        "acme/invoices-3b",
        revision="0123456789abcdef0123456789abcdef01234567",
        instruction="Read the invoice.",
        max_tokens=2048,
        repetition_penalty=1,
    )
    assert chosen(["invoices", "invoices"], rows) == (invoices,)
    pinned, usual = rows["nanonets-ocr-s"], VISION_MODELS["nanonets-ocr-s"]
    assert (pinned.revision, pinned.licence) == ("v1", usual.licence)
    assert known(None) == VISION_MODELS  # not changed for others


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"sauce": "a/b"}, "x: 'sauce' is none of: title, source, revision"),
        ({"source": "a/b", "max_tokens": "many"}, "x: max_tokens is to be a whole number"),
        ({"source": "a/b", "max_tokens": True}, "x: max_tokens is to be a whole number"),
        ({"source": "a/b", "max_tokens": 0}, "x: max_tokens is to be 1 to 32768"),
        ({"source": "a/b", "repetition_penalty": 9.5}, "x: repetition_penalty is to be 0.5 to 2"),
        ({"source": "a/b", "min_pixels": 9_000_000}, "x: min_pixels is above max_pixels"),
        ({"source": "a/b", "instruction": " "}, "x: instruction and title are not to be empty"),
        ({"source": "a/b", "revision": "a b"}, "x: revision is to be a commit"),
        ({"source": "../models"}, "x: source is to be a hub's repository"),
        ({}, "x: source is to be a hub's repository"),
        (3, "models.json is to have a table a model"),
    ],
)
def test_row_that_will_not_do_is_refused(tmp_path: Path, row: object, told: str) -> None:
    path = tmp_path / "models.json"
    path.write_text(json.dumps({"x": row}))
    with pytest.raises(InvalidOption) as caught:
        known(path)
    assert caught.value.detail.startswith(told)


@pytest.mark.parametrize("name", ["auto", "openai", "A model", "", "x" * 41])
def test_name_that_is_taken_or_none_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "models.json"
    path.write_text(json.dumps({name: {"source": "a/b"}}))
    with pytest.raises(InvalidOption, match="cannot be a model's name"):
        known(path)


def test_file_that_cannot_be_read_and_name_that_is_no_row_are_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=r"models\.toml cannot be read"):
        known(tmp_path / "models.toml")
    (tmp_path / "models.toml").write_text("[x")
    with pytest.raises(InvalidOption, match=r"models\.toml cannot be read"):
        known(tmp_path / "models.toml")
    with pytest.raises(InvalidOption, match="'nanonets' is none of: nanonets-ocr-s, "):
        chosen(["nanonets"], known(None))
