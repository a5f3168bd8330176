"""The last layer of a recogniser: which of its characters is seen at each step of a line.

A PP-OCR model tells 18,710 characters apart, nearly all of them Chinese, and doing so costs a fifth
of its time. Here it is asked for some 600 common ones (Latin letters, digits, signs); only steps at
which none of these convinces are compared with the whole alphabet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

# The logit from which a common character stands for itself. Over 13,072 steps of drawn Latin,
# Chinese and Japanese lines and 5,046 of receipts, no common one reached 15.8 where another
# character was the best; 3 to 6 % of Latin steps stay below it, and all that are not Latin.
CONVINCING = 17.0
AT_ONCE = 64  # steps compared with the whole alphabet at once, always: one shape of input


@dataclass(frozen=True, slots=True)
class Steps:
    """What decoding needs of a line; each array has one entry a step.

    ``best`` is the likeliest class (0 is CTC's blank), ``probability`` its own, ``space`` that of
    the space.
    """

    best: Indices
    probability: Floats
    space: Floats


@dataclass(frozen=True, slots=True)
class Looked:
    """A line compared with the common characters: the steps left open, and what was seen there."""

    steps: Steps
    left: Indices
    seen: Floats  # open steps x features


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The classes looked at first, and what gives the logits of all of them.

    ``whole`` takes ``AT_ONCE`` x features and returns ``AT_ONCE`` x classes.
    """

    common: Indices
    whole: Callable[[Floats], Floats]

    def look(self, outputs: Sequence[Floats]) -> Looked:
        """The steps of one line, from the outputs of a network that ``divide`` cut."""
        logits, seen = (output[0] for output in outputs)
        left = np.flatnonzero(logits.max(axis=1) < CONVINCING)
        steps = _steps(logits)
        return Looked(
            Steps(self.common[steps.best], steps.probability, steps.space), left, seen[left]
        )

    def settle(self, lines: Sequence[Looked]) -> list[Steps]:
        """The lines with their open steps compared with the whole alphabet."""
        where = [(line.steps, step) for line in lines for step in line.left.tolist()]
        if where:
            found = self._compare(np.concatenate([line.seen for line in lines]))
            for (steps, step), (best, probability, space) in zip(where, found, strict=True):
                steps.best[step], steps.probability[step] = best, probability
                steps.space[step] = space
        return [line.steps for line in lines]

    def _compare(self, seen: Floats) -> Iterator[tuple[np.int64, np.float32, np.float32]]:
        for start in range(0, len(seen), AT_ONCE):
            some = seen[start : start + AT_ONCE]
            padded = np.pad(some, ((0, AT_ONCE - len(some)), (0, 0)))
            steps = _steps(self.whole(padded)[: len(some)])
            yield from zip(steps.best, steps.probability, steps.space, strict=True)


def of_probabilities(outputs: Sequence[Floats]) -> Steps:
    """The steps of one line, from a whole network's probabilities (1 x steps x classes); copied."""
    probabilities = outputs[0][0]
    best = probabilities.argmax(axis=1)
    probability = np.take_along_axis(probabilities, best[:, None], axis=1)[:, 0]
    return Steps(best, probability, probabilities[:, -1].copy())


def _steps(logits: Floats) -> Steps:
    """The steps of those logits (steps x classes), the space the last class."""
    best = logits.argmax(axis=1)
    highest = np.take_along_axis(logits, best[:, None], axis=1)
    parts = np.exp(logits - highest)
    whole = parts.sum(axis=1)
    return Steps(best, 1 / whole, parts[:, -1] / whole)


def common(characters: Sequence[str]) -> Indices:
    """The classes looked at first: blank, Latin, general punctuation, currencies, and the space.

    ``characters`` are those of the classes, the blank an empty text and the space the last.
    """
    return np.array(
        [
            index
            for index, character in enumerate(characters)
            if not character or (code := ord(character[0])) < 0x250 or 0x2000 <= code < 0x20D0
        ]
    )


def divide(model: Any, characters: Sequence[str]) -> tuple[Any, Any]:
    """An OpenVINO recogniser cut in two.

    The first network takes lines and gives the logits of the ``common`` characters (1 x steps x
    common) and the features they are told from (1 x steps x features); the second takes ``AT_ONCE``
    steps' features and gives the logits of all characters. Raises ``ValueError`` for a network that
    ends in anything but one multiplication, one addition and a softmax over ``characters``.
    """
    import openvino
    from openvino import opset13

    operations = {each.get_type_name(): each for each in model.get_ordered_ops()}  # the last ones
    if not operations.keys() >= {"MatMul", "Add", "Softmax"}:
        raise ValueError("not a recogniser")
    weights = _constant(operations["MatMul"])
    if operations["MatMul"].get_attributes()["transpose_b"]:
        weights = weights.T
    bias = _constant(operations["Add"]).reshape(-1)
    if not len(characters) == len(bias) == weights.shape[-1]:
        raise ValueError(f"{len(characters)} characters, {len(bias)} classes")

    def told(features: Any, classes: Any) -> Any:
        chosen = np.ascontiguousarray(weights[:, classes])
        product = opset13.matmul(features, chosen, False, False)
        return opset13.add(product, bias[classes]).output(0)

    features = operations["MatMul"].input_value(0)
    first = openvino.Model([told(features, common(characters)), features], model.get_parameters())
    steps = opset13.parameter([AT_ONCE, len(weights)], np.float32)
    return first, openvino.Model([told(steps, slice(None))], [steps])


def _constant(operation: Any) -> Floats:
    """The constant among the inputs of an operation, as floats."""
    nodes = [operation.input_value(index).get_node() for index in (0, 1)]
    (constant,) = (node for node in nodes if node.get_type_name() == "Constant")
    return np.asarray(constant.data, np.float32)


# What the model's characters are of (docs/engines.md): Latin but letters with two marks, CJK, kana
_READ = ((0x20, 0x24F), (0x2000, 0x20CF), (0x2E80, 0x9FFF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF))


def can_read(character: str) -> bool:
    """Whether the character is of a script that the model knows; of others it reads nonsense."""
    code = ord(character)
    return any(first <= code <= last for first, last in _READ)
