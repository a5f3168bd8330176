"""The operator's own rows of vision-language models: a TOML or JSON file.

A table a model, by the engine's name; what a row leaves out is as in the row of that name that is
known already (so that a commit can be pinned in one line), else as usual.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from extraction.errors import InvalidOption
from extraction.vision_models import VISION_MODELS, VisionModel

NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
TAKEN = ("auto", "text-layer", "rapidocr", "hybrid", "openai", "google-vision")
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
MAX_SOURCE = 96  # characters of a repository's name, the hub's own limit
REVISION = re.compile(r"[\w./-]{0,64}")
MAX_FILE = 1_000_000  # bytes
PATCH = 28 * 28  # pixels of a token of the image
BOUNDS: Mapping[str, tuple[float, float]] = {
    "min_pixels": (1, 100_000_000),
    "max_pixels": (PATCH, 100_000_000),
    "max_tokens": (1, 32_768),
    "repetition_penalty": (0.5, 2.0),
}


def known(path: Path | None) -> dict[str, VisionModel]:
    """All rows by name, the file's in place of those of the same name.

    Raises ``InvalidOption``, which says what of the file is wrong.
    """
    rows = dict(VISION_MODELS)
    for name, told in (_read(path) if path else {}).items():
        rows[name] = _row(name, told, rows.get(name))
    return rows


def chosen(names: Sequence[str], rows: Mapping[str, VisionModel]) -> tuple[VisionModel, ...]:
    """The rows of these names, each once. Raises ``InvalidOption`` for a name that is none."""
    for name in names:
        if name not in rows:
            raise InvalidOption(f"{name!r} is none of: {', '.join(rows)}")
    return tuple(rows[name] for name in dict.fromkeys(names))


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE).decode()
        found = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidOption(f"{path.name} cannot be read: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(row, dict) for row in found.values()):
        raise InvalidOption(f"{path.name} is to have a table a model, by its name")
    return found


def _row(name: str, told: Mapping[str, Any], base: VisionModel | None) -> VisionModel:
    if not NAME.fullmatch(name) or name in TAKEN:
        raise InvalidOption(
            f"{name!r} cannot be a model's name: 1 to 40 of a-z, 0-9, dot and dash, and none of"
            f" {', '.join(TAKEN)}"
        )
    kinds = {field.name: field.type for field in fields(VisionModel) if field.name != "name"}
    if unknown := sorted(set(told) - set(kinds)):
        raise InvalidOption(f"{name}: {unknown[0]!r} is none of: {', '.join(kinds)}")
    row = base or VisionModel(name, name, "")
    for key, value in told.items():
        wanted = {"str": str, "int": int, "float": (int, float)}[str(kinds[key])]
        if not isinstance(value, wanted) or isinstance(value, bool):  # type: ignore[arg-type]
            raise InvalidOption(f"{name}: {key} is to be {_WORDS[str(kinds[key])]}")
        row = replace(row, **{key: value})
    _refuse_unfit(row)
    return row


_WORDS = {"str": "a text", "int": "a whole number", "float": "a number"}


def _refuse_unfit(row: VisionModel) -> None:
    own = Path(row.source).is_absolute()
    if not own and (not REPOSITORY.fullmatch(row.source) or len(row.source) > MAX_SOURCE):
        raise InvalidOption(
            f"{row.name}: source is to be a hub's repository (owner/name) or an absolute folder"
        )
    if not REVISION.fullmatch(row.revision):
        raise InvalidOption(f"{row.name}: revision is to be a commit")
    if not row.instruction.strip() or not row.title.strip():
        raise InvalidOption(f"{row.name}: instruction and title are not to be empty")
    for key, (least, most) in BOUNDS.items():
        if not least <= getattr(row, key) <= most:
            raise InvalidOption(f"{row.name}: {key} is to be {least:g} to {most:g}")
    if row.min_pixels > row.max_pixels:
        raise InvalidOption(f"{row.name}: min_pixels is above max_pixels")
