"""The tiny checkpoint as engines of the tests, and pages for it."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

from extraction.engines.configuration import Configuration
from extraction.engines.vlm import VisionLanguage
from extraction.engines.vlm.generation import Row, Written
from extraction.engines.vlm.ladder import Ladder
from extraction.model_run import Run
from extraction.types import PageImage
from extraction.vision_models import VisionModel
from tests.checkpoints.digits import CELL, drawn, page

FOLDER = Path(__file__).resolve().parents[3] / "checkpoints" / "tiny-vlm"
READ = "Read the number in the image."
TABLE = "Write the number in the image as a table in html format."
PLAN = Run("cpu", "fp32", "none", 4, 64 * CELL * CELL)
IM_END = "<|im_end|>"
END_OF_TEXT = "<|endoftext|>"


def model(source: Path | str = FOLDER, **changes: Any) -> VisionModel:
    """The row of the tiny model."""
    row: dict[str, Any] = {
        "instruction": READ,
        "min_pixels": 3 * CELL * CELL,
        "max_pixels": 64 * CELL * CELL,
        "max_tokens": 40,
    }
    return VisionModel("tiny", "A tiny model", str(source), **(row | changes))


def configuration(row: VisionModel, **changes: Any) -> Configuration:
    """What an operator has set up who has this model alone."""
    return Configuration(vision=(row,), **changes)


def engine(
    source: Path = FOLDER, *, planned: Run | None = PLAN, wait: float = 0.05, **changes: Any
) -> VisionLanguage:
    """An engine that has read nothing yet."""
    set_up = configuration(model(source, **changes), batch_seconds=wait)
    return VisionLanguage(name="tiny", configuration=set_up, threads=1, planned=planned)


def ladder(planned: Run = PLAN, source: Path = FOLDER, **changes: Any) -> Ladder:
    """The model without the thread around it."""
    row = model(source, **changes)
    return Ladder(row, configuration(row), threads=1, planned=planned)


def copy(folder: Path, **settings: Any) -> Path:
    """The checkpoint with other generation settings: how a model is made to misbehave."""
    out = Path(shutil.copytree(FOLDER, folder / "tiny-vlm"))
    path = out / "generation_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))
    return out


def endless(folder: Path) -> Path:
    """The checkpoint, never ending by itself."""
    return copy(folder, suppress_tokens=[token(IM_END), token(END_OF_TEXT)])


def stuck_at_seven(folder: Path) -> Path:
    """The checkpoint, writing nothing but 7 once it has written one."""
    seven = token("7")
    return copy(folder, sequence_bias=[[[seven, seven], 40.0]])


def token(text: str) -> int:
    """The token of that text."""
    vocabulary = json.loads((FOLDER / "tokenizer.json").read_text())
    added = {entry["content"]: entry["id"] for entry in vocabulary["added_tokens"]}
    return int(added.get(text) or vocabulary["model"]["vocab"][text])


def numbered(*texts: str, seed: int = 1) -> list[PageImage]:
    """A page for each number, numbered from 1; the same for the same seed."""
    rng = random.Random(seed)
    return [page(drawn(text, rng), n) for n, text in enumerate(texts, 1)]


def rows(reader: VisionLanguage, pages: list[PageImage]) -> list[Row]:
    """The pages as rows to be written."""
    return [reader._row(item) for item in pages]


def texts(written: list[Written]) -> list[str]:
    """Their texts."""
    return [row.text for row in written]
