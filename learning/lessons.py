"""A run's examples as lessons: decoded once, in the sandbox, to pictures on the trainer's disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, overload

import numpy as np
from django.conf import settings

from extraction.documents import PageFailure, open_document
from extraction.errors import ExtractionError
from extraction.options import Options
from extraction.training import Lesson
from extraction.training.lessons import LONGEST_SIDE
from extraction.types import PageImage
from jobs import storage
from learning.errors import TooFewExamples
from learning.models import Example, TrainingRun

HELD_OUT_COPY = "held_out_copy"  # looks as a page that is held out, which is never learned from
GONE, NO_PAGE = "gone", "no_such_page"
TOO_LONG = "text_too_long"  # for the model to write
TOO_NARROW = "page_too_narrow"  # for a model to be shown


class Lessons(Sequence[Lesson]):
    """Pictures in a folder with their texts; each is read when it is asked for."""

    def __init__(self, folder: Path, texts: Sequence[tuple[str, str]]) -> None:
        """``texts`` are by the examples' ids, in the lessons' order."""
        self._folder, self._texts = folder, texts

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, index: int) -> Lesson: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Lesson]: ...
    def __getitem__(self, index: int | slice) -> Lesson | Sequence[Lesson]:
        from PIL import Image

        if isinstance(index, slice):
            return Lessons(self._folder, self._texts[index])
        name, text = self._texts[index]
        with Image.open(self._folder / f"{name}.png") as picture:
            return Lesson(np.asarray(picture.convert("RGB")), text)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Both sides of a run's examples, and those that are on none, with the reasons."""

    train: Lessons
    held_out: Lessons
    skipped: Sequence[Mapping[str, str]]


def prepare(run: TrainingRun, folder: Path, fits: Callable[[str], bool]) -> Prepared:
    """The run's lessons; pictures that are there already are not made again.

    A page that cannot be decoded or shown is skipped, and one whose text does not fit. Raises
    ``TooFewExamples`` where a side is left empty, ``StorageUnavailable``, ``EngineUnavailable``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed = folder / "prepared.json"
    if not listed.exists():
        _write(listed, _decode(run, folder))
    made: dict[str, Any] = json.loads(listed.read_text())
    digests: Mapping[str, str] = made["digests"]
    skipped: list[dict[str, str]] = made["skipped"]
    rows = {str(each.pk): each for each in Example.objects.filter(pk__in=digests)}
    held_out = {digests[name] for name, row in rows.items() if row.held_out}
    sides: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
    for name in map(str, run.examples):
        row = rows.get(name)
        if row is None:
            continue
        if not row.held_out and digests[name] in held_out:
            skipped.append({"example": name, "code": HELD_OUT_COPY})
        elif not fits(row.text):
            skipped.append({"example": name, "code": TOO_LONG})
        else:
            sides[row.held_out].append((name, row.text))
    if not sides[True] or not sides[False]:
        raise TooFewExamples(
            f"Of {len(run.examples)} examples {len(skipped)} could not be used; "
            f"{len(sides[False])} to learn from and {len(sides[True])} to measure by are left."
        )
    return Prepared(Lessons(folder, sides[False]), Lessons(folder, sides[True]), skipped)


def _write(path: Path, told: Mapping[str, Any]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(told))
    fresh.replace(path)


def _decode(run: TrainingRun, folder: Path) -> dict[str, Any]:
    """Make the pictures: a hash of each one's pixels by example, and what could not be made."""
    digests: dict[str, str] = {}
    skipped: dict[str, str] = dict.fromkeys(map(str, run.examples), GONE)
    rows = Example.objects.filter(pk__in=run.examples, dataset=run.dataset_id)
    for _, some in groupby(
        rows.select_related("file").order_by("file", "page"), lambda each: each.file_id
    ):
        examples = list(some)
        try:
            with storage.local_path(examples[0].file.key) as path:
                for example, code in _pages(path, examples, folder, digests):
                    skipped[str(example.pk)] = code
        except FileNotFoundError:
            continue
        except ExtractionError as error:
            if not error.permanent:
                raise
            for example in examples:
                skipped[str(example.pk)] = error.code
    for name in digests:
        skipped.pop(name)
    told = [{"example": name, "code": code} for name, code in skipped.items()]
    return {"digests": digests, "skipped": told}


def _pages(
    path: Path, examples: Sequence[Example], folder: Path, digests: dict[str, str]
) -> Sequence[tuple[Example, str]]:
    """Pictures of one document's pages; which could not be made."""
    failed = []
    with open_document(path, limits=settings.LIMITS) as document:
        there = [each for each in examples if each.page <= document.info.page_count]
        failed += [(each, NO_PAGE) for each in examples if each not in there]
        pages = document.pages(
            [each.page for each in there], wants="pixels", dpi=Options().dpi, preview=False
        )
        for example, page in zip(there, pages, strict=True):
            if isinstance(page, PageFailure):
                failed.append((example, page.error.code))
            elif _is_narrow(page):
                failed.append((example, TOO_NARROW))
            else:
                digests[str(example.pk)] = _picture(page, folder / f"{example.pk}.png")
    return failed


def _is_narrow(page: PageImage) -> bool:
    assert page.pixels is not None, "pixels were asked for"
    sides = page.pixels.shape[:2]
    return max(sides) > LONGEST_SIDE * min(sides)


def _picture(page: PageImage, path: Path) -> str:
    """Keep the page's pixels; a hash of them."""
    from PIL import Image

    assert page.pixels is not None, "pixels were asked for"
    pixels = np.ascontiguousarray(page.pixels)
    Image.fromarray(pixels).save(path, compress_level=1)
    return hashlib.sha256(str(pixels.shape).encode() + pixels.tobytes()).hexdigest()
