"""Lessons: pages with what is to be written for them, as the model is taught them.

The prompt is that of reading, to the token. What is learned is the text after it and the end; the
prompt's own tokens and the page's are seen only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from extraction.engines.vlm.processor import Processor, Prompt, batch_of
from extraction.errors import Cancelled, InvalidOption
from extraction.types import Pixels
from extraction.vision_models import VisionModel

UNTAUGHT = -100  # the label of tokens that are seen only
LONGEST_SIDE = 200  # times the shorter one: what the processor of pages can show
TOLD = 5  # lessons that are named in an error


@dataclass(frozen=True, slots=True)
class Lesson:
    """A page (RGB uint8, H x W x 3), and what the model is to write for it."""

    pixels: npt.NDArray[np.uint8]
    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """A lesson as tokens: ``prompt`` goes on with the ``taught`` ones that are to be learned."""

    prompt: Prompt
    taught: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What all lessons come to: a digest of them, and how many tokens each teaches."""

    digest: str
    taught: tuple[int, ...]


def survey(
    lessons: Sequence[Lesson], processor: Processor, model: VisionModel, stop: Callable[[], bool]
) -> Survey:
    """Look at each lesson once.

    Raises ``InvalidOption`` where there are none, or the model could not read or write some of
    them; ``Cancelled`` where ``stop`` says so.
    """
    if not len(lessons):
        raise InvalidOption("there are no lessons", limit=1, actual=0)
    digest, taught = sha256(), []
    unfit: list[int] = []
    for number in range(len(lessons)):
        if stop():
            raise Cancelled()
        lesson = lessons[number]
        if not _is_page(lesson.pixels):
            unfit.append(number)
            continue
        taught.append(len(answer(lesson.text, processor)))
        text = lesson.text.encode()
        digest.update(f"{lesson.pixels.shape} {len(text)} ".encode() + text)
        digest.update(np.ascontiguousarray(lesson.pixels).data)
    if unfit:
        raise InvalidOption(f"{_named(unfit)} cannot be shown to a model")
    # one that is written to its cap counts as cut short
    if long := [number for number, count in enumerate(taught) if count > model.max_tokens]:
        raise InvalidOption(
            f"the text of {_named(long)} is longer than {model.name} writes"
            f" ({model.max_tokens} tokens with its end)",
            limit=model.max_tokens,
            actual=max(taught),
        )
    return Survey(digest.hexdigest(), tuple(taught))


def _is_page(pixels: Pixels) -> bool:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        return False
    return max(pixels.shape[:2]) <= LONGEST_SIDE * min(pixels.shape[:2])


def _named(numbers: Sequence[int]) -> str:
    """The lessons as a person counts them."""
    first = ", ".join(str(number + 1) for number in numbers[:TOLD])
    more = f" and {len(numbers) - TOLD} more" if len(numbers) > TOLD else ""
    return f"lesson{'s' if len(numbers) > 1 else ''} {first}{more}"


def answer(text: str, processor: Processor) -> tuple[int, ...]:
    """The tokens to be learned, the end too; what looks like a special token is text."""
    tokenizer = processor.tokenizer
    ids = tokenizer(text, split_special_tokens=True)["input_ids"] if text else ()
    return (*ids, tokenizer.eos_token_id)


def example(lesson: Lesson, processor: Processor, model: VisionModel, max_pixels: int) -> Example:
    """The lesson as the model sees it."""
    prompt = processor.prompt(
        lesson.pixels, model.instruction, min_pixels=model.min_pixels, max_pixels=max_pixels
    )
    learned = answer(lesson.text, processor)
    return Example(Prompt((*prompt.ids, *learned), prompt.patches, prompt.grid), len(learned))


def taught_batch(examples: Sequence[Example], processor: Processor) -> tuple[dict[str, Any], Any]:
    """The examples as a model's input, and labels of the same shape (examples x tokens)."""
    inputs = batch_of(
        [each.prompt for each in examples],
        pad=processor.tokenizer.pad_token_id,
        image_token=processor.image_token,
    )
    labels = inputs["input_ids"].clone()
    for row, each in enumerate(examples):
        labels[row, : labels.shape[1] - each.taught] = UNTAUGHT
    return inputs, labels
