"""A batch of pages written by a model, token by token, each row watched by itself.

Decoding is greedy. A row ends by the model's own end token, at its cap of tokens, when it loops
(``loops``) or when nobody waits for it any more; the others go on as if it had not been there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from extraction.engines.vlm.loading import Loaded
from extraction.engines.vlm.loops import Loop, LoopWatch
from extraction.engines.vlm.processor import Prompt, batch_of

Ended = Literal["end", "cap", "loop", "cancelled"]
STATIC_STEP = 256  # prompts are padded to a multiple of it where a cache is laid out at once


@dataclass(frozen=True, slots=True)
class Token:
    """What one token wrote: ``text[start:end]`` of its page, and how probable it was."""

    id: int
    start: int
    end: int
    probability: float


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote for a page, special tokens left out, and why it ended there."""

    text: str
    tokens: tuple[Token, ...]
    ended: Ended
    revision: str
    loop: Loop | None = None

    @property
    def confidence(self) -> float | None:
        """The geometric mean of the tokens' probabilities; None where there are none."""
        return self.confidence_of(0, len(self.text))

    def confidence_of(self, start: int, end: int) -> float | None:
        """The same of the tokens that wrote ``text[start:end]``, or a part of it."""
        parts = [
            math.log(max(token.probability, 1e-9))
            for token in self.tokens
            if token.start < end and token.end > start
        ]
        return math.exp(sum(parts) / len(parts)) if parts else None


@dataclass(frozen=True, slots=True)
class Course:
    """How a page is written another time, other than the first.

    It goes on after ``kept``, what was written before. ``barred`` is the token that may not come
    next, None for any may. Tokens of ``shunned`` (all that were written, where it is None) are held
    ``penalty`` times less likely, in the sense of a repetition penalty, for ``steps`` tokens.
    """

    kept: tuple[Token, ...]
    barred: int | None
    shunned: tuple[int, ...] | None
    penalty: float
    steps: int


@dataclass(slots=True)
class Row:
    """A page being written. Whoever waits sets ``unwanted``; ``count`` tells how far it is."""

    prompt: Prompt
    max_tokens: int
    course: Course | None = None
    unwanted: bool = False
    count: int = 0

    @property
    def kept(self) -> tuple[Token, ...]:
        """What it begins with."""
        return self.course.kept if self.course else ()


def write(loaded: Loaded, rows: Sequence[Row], *, repetition_penalty: float) -> list[Written]:
    """Write all rows together, greedily.

    Raises ``ArithmeticError`` where the model computes no number (float16 overflows with some
    models) and ``torch.OutOfMemoryError``.
    """
    import torch
    from transformers import LogitsProcessorList, StoppingCriteriaList

    model, processor = loaded.model, loaded.processor
    pad, image = processor.tokenizer.pad_token_id, processor.image_token
    prompts = [
        Prompt(
            (*row.prompt.ids, *(token.id for token in row.kept)),
            row.prompt.patches,
            row.prompt.grid,
        )
        for row in rows
    ]
    static = loaded.run.cache == "static"
    inputs = batch_of(prompts, pad=pad, image_token=image, step=STATIC_STEP if static else 1)
    width = inputs["input_ids"].shape[1]
    follower = _Follower(rows, width, ends_of(model))
    steering = _Steering(rows, width, unwritable=(image, model.config.video_token_id))
    probable = _Probabilities()
    with torch.inference_mode():
        ids = model.generate(
            **{name: value.to(model.device) for name, value in inputs.items()},
            max_new_tokens=max(row.max_tokens - len(row.kept) for row in rows),
            do_sample=False,
            num_beams=1,
            temperature=None,  # of the folder's generation settings, which are for sampling
            top_p=None,
            top_k=None,
            repetition_penalty=repetition_penalty,
            cache_implementation="static" if static else None,
            logits_processor=LogitsProcessorList([steering, probable]),
            stopping_criteria=StoppingCriteriaList([follower]),
        )
    probabilities = probable.rows()
    return [
        _written(
            loaded,
            [*(token.id for token in row.kept), *ids[place, width:].tolist()],
            [*(token.probability for token in row.kept), *probabilities[place]],
            row.count,
            follower.ended[place] or "cap",
            follower.loops[place],
        )
        for place, row in enumerate(rows)
    ]


def ends_of(model: Any) -> frozenset[int]:
    """The tokens that end a row."""
    ends = model.generation_config.eos_token_id
    return frozenset([ends] if isinstance(ends, int) else ends or ())


def _written(
    loaded: Loaded,
    ids: list[int],
    probabilities: list[float],
    count: int,
    ended: Ended,
    loop: Loop | None,
) -> Written:
    """The text of a row's first ``count`` tokens; the rest is its end and padding."""
    if not all(map(math.isfinite, probabilities[:count])):
        raise ArithmeticError("the model computed no probabilities")
    text, spans = loaded.processor.offsets(ids[:count])
    tokens = tuple(
        Token(id_, *span, probability)
        for id_, span, probability in zip(ids, spans, probabilities[:count], strict=False)
    )
    return Written(text, tokens, ended, loaded.revision, loop)


class _Follower:
    """transformers' stopping criterion: looks at each row's newest token."""

    def __init__(self, rows: Sequence[Row], width: int, ends: frozenset[int]) -> None:
        self.ended: list[Ended | None] = [None] * len(rows)
        self.loops: list[Loop | None] = [None] * len(rows)
        self._rows, self._ends = rows, ends
        self._watches = [LoopWatch() for _ in rows]
        for row, watch in zip(rows, self._watches, strict=True):
            row.count = len(row.kept)
            for token in row.kept:
                watch.add(token.id)

    def __call__(self, ids: Any, scores: Any, **_: Any) -> Any:
        """Which rows are done: bool of (rows)."""
        import torch

        for place, token in enumerate(ids[:, -1].tolist()):
            if self.ended[place] is None:
                self.ended[place] = self._after(place, token)
        return torch.tensor([ended is not None for ended in self.ended], device=ids.device)

    def _after(self, place: int, token: int) -> Ended | None:
        row = self._rows[place]
        if token in self._ends:
            return "end"
        row.count += 1
        if loop := self._watches[place].add(token):
            self.loops[place] = loop
            return "loop"
        if row.unwanted:
            return "cancelled"
        return "cap" if row.count >= row.max_tokens else None


class _Steering:
    """transformers' logits processor: keeps each row on its course.

    No row may write the tokens that stand for images: they mean something to the model only where
    an image is.
    """

    def __init__(self, rows: Sequence[Row], width: int, unwritable: Sequence[int]) -> None:
        self._unwritable = list(unwritable)
        self._width = width
        self._courses = [(place, row.course) for place, row in enumerate(rows) if row.course]

    def __call__(self, ids: Any, scores: Any) -> Any:
        """The scores (rows x tokens of the vocabulary), changed in place."""
        import torch

        scores[:, self._unwritable] = -math.inf
        step = ids.shape[1] - self._width
        for place, course in self._courses:
            if step == 0 and course.barred is not None:
                scores[place, course.barred] = -math.inf
            if step >= course.steps:
                continue
            if course.shunned is None:
                shunned = ids[place, self._width :].unique()
            else:
                shunned = torch.tensor(course.shunned, device=scores.device)
            chosen = scores[place, shunned]
            scores[place, shunned] = torch.where(
                chosen > 0, chosen / course.penalty, chosen * course.penalty
            )
        return scores


class _Probabilities:
    """transformers' logits processor, the last one: notes how probable the best token is.

    One number a row and step stays on the device, where transformers' own scores would be the
    whole vocabulary's.
    """

    def __init__(self) -> None:
        self._steps: list[Any] = []

    def __call__(self, ids: Any, scores: Any) -> Any:
        """The scores, unchanged."""
        self._steps.append((scores.amax(-1) - scores.logsumexp(-1)).exp())
        return scores

    def rows(self) -> list[list[float]]:
        """The probabilities, by row."""
        import torch

        rows: list[list[float]] = torch.stack(self._steps, 1).tolist()
        return rows
