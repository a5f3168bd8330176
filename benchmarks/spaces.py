"""Learns where words part (``extraction/engines/words.py``) and tells how well.

What stands around a space is learned from the annotated lines of ``receipts-text``, by logistic
regression on contexts of four characters met at least five times; how much that, the recogniser's
own probability and the gap in the ink weigh, from the lines of ``receipts`` that were read without
a wrong character. Errors are counted on the half that was not learned from. ``--write`` keeps the
contexts; the weights are printed, to be set in ``words.py``.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from extraction.engines import recognition, words
from extraction.engines.rapid import Rapid
from extraction.types import PageImage, Pixels

LEAST_MET = 5
LEAST_WEIGHT = 1  # eighths
Floats = npt.NDArray[np.float64]
Gap = tuple[float, float, float, bool]  # log-odds, gap, context, and whether a space is there


def annotated(path: Path) -> list[str]:
    """The lines of one annotated receipt."""
    rows = path.read_text("utf-8", errors="replace").splitlines()
    return [row.split(",", 8)[8].strip() for row in rows if row.count(",") >= 8]


def spaces(line: str) -> tuple[str, set[int]]:
    """The line without spaces, and before which of its characters there was one."""
    parts = line.split()
    ends = np.cumsum([len(part) for part in parts])[:-1]
    return "".join(parts), {int(end) for end in ends}


def learn(lines: Sequence[str]) -> tuple[dict[str, int], float]:
    """The weight of each context in eighths, and the log-odds where none is known."""
    samples = [
        (words.contexts(text, index), index in there)
        for text, there in map(spaces, lines)
        for index in range(1, len(text))
    ]
    met = Counter(each for keys, _ in samples for each in keys)
    number = {key: i for i, key in enumerate(k for k, n in met.items() if n >= LEAST_MET)}
    unknown = len(number)
    keys = np.array([[number.get(each, unknown) for each in sample] for sample, _ in samples])
    truth = np.array([there for _, there in samples], float)
    weights, bias = _adagrad(keys, truth, unknown)
    eighths = {key: round(float(weights[i]) * 8) for key, i in number.items()}
    return {k: w for k, w in eighths.items() if abs(w) >= LEAST_WEIGHT}, bias


def _adagrad(
    keys: npt.NDArray[np.int64], truth: Floats, unknown: int, *, rounds: int = 8, batch: int = 256
) -> tuple[Floats, float]:
    """Logistic regression on sets of keys (Duchi et al. 2011), always in the same order."""
    random = np.random.default_rng(0)
    weights, passed, bias = np.zeros(unknown + 1), np.full(unknown + 1, 1e-6), -1.5
    for _ in range(rounds):
        order = random.permutation(len(truth))
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            odds = weights[keys[chosen]].sum(axis=1) + bias
            wrong = 1 / (1 + np.exp(-odds)) - truth[chosen]
            which, place = np.unique(keys[chosen].ravel(), return_inverse=True)
            step = (
                np.bincount(place, np.repeat(wrong, keys.shape[1])) + 1e-5 * batch * weights[which]
            )
            passed[which] += step**2
            weights[which] -= 0.1 * step / np.sqrt(passed[which])
            weights[unknown] = 0.0
            bias -= 0.0002 * float(wrong.sum())
    return weights, bias


def gaps(folder: Path) -> Iterator[list[Gap]]:
    """What is measured between the characters of each receipt's rightly read lines."""
    engine = Rapid()
    read: list[tuple[Sequence[words.Glyph], Pixels]] = []

    def noted(glyphs: Sequence[words.Glyph], crop: Pixels) -> list[list[words.Glyph]]:
        read.append((glyphs, crop))
        return words.parted(glyphs, crop)

    recognition.parted = noted
    for path in sorted(folder.glob("*.jpg")):
        picture = cv2.imread(str(path))
        assert picture is not None
        rows = [spaces(line) for line in annotated(path.with_suffix(".csv"))]
        read.clear()
        height, width = picture.shape[:2]
        pixels = np.asarray(picture[:, :, ::-1], np.uint8)
        engine.read([PageImage(1, width, height, dpi=72, rotation=0, pixels=pixels)])
        yield [gap for glyphs, crop in read for gap in _measured(glyphs, crop, rows)]


def _place(text: str, rows: Sequence[tuple[str, set[int]]]) -> tuple[int, set[int]] | None:
    """Where the text stands in the first row that has it, and before what that row has spaces."""
    for row, spaced in rows:
        start = row.upper().find(text.upper())
        if start >= 0 and len(text) > 1 and (len(text) >= 5 or len(text) == len(row)):
            return start, spaced
    return None


def _measured(
    glyphs: Sequence[words.Glyph], crop: Pixels, rows: Sequence[tuple[str, set[int]]]
) -> Iterator[Gap]:
    text = "".join(glyph.character for glyph in glyphs)
    found = _place(text, rows)
    if found is None:
        return
    start, spaced = found
    columns = words.inked(crop)
    for index in range(1, len(glyphs)):
        chance = min(max(glyphs[index].space, 1e-6), 1 - 1e-6)
        gap = words.widest_gap(columns, glyphs[index - 1].place, glyphs[index].place)
        yield (
            math.log(chance / (1 - chance)),
            max(gap, 0) / crop.shape[0],
            words.context(text, index),
            start + index in spaced,
        )


def fit(features: Floats, truth: Floats) -> Floats:
    """Weights and bias of a logistic regression, by Newton's method."""
    values = np.c_[features, np.ones(len(features))]
    weights = np.zeros(values.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(values @ weights, -30, 30)))
        slope = values.T @ (chance - truth) + 0.002 * weights
        bend = (values * (chance * (1 - chance))[:, None]).T @ values + 0.002 * np.eye(len(weights))
        weights -= np.linalg.solve(bend, slope)
    return weights


def errors(features: Floats, truth: Floats, weights: Floats) -> int:
    """How many spaces those weights would lose or invent."""
    return int(((np.c_[features, np.ones(len(features))] @ weights > 0) != truth).sum())


def main() -> None:
    """Learn and report."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--write", action="store_true", help="keep the contexts learned")
    arguments = parser.parse_args()
    if arguments.write:
        paths = sorted((arguments.data / "receipts-text").glob("*.csv"))
        learned, bias = learn([line for path in paths for line in annotated(path)])
        target = Path(words.__file__).with_suffix(".tsv")
        rows = [f"{key}\t{weight}\n" for key, weight in sorted(learned.items())]
        target.write_text("".join(rows), "utf-8")
        words._contexts.cache_clear()
        print(f"{len(learned)} contexts; NO_CONTEXT is {bias:.1f}\n")
    pages = list(gaps(arguments.data / "receipts"))
    halves = [np.array([gap for page in pages[half::2] for gap in page]) for half in (0, 1)]
    whole = np.concatenate(halves)
    print(f"{len(whole)} gaps, {int(whole[:, 3].sum())} of them spaces\n")
    print("| learned from | errors on the other half | weights |\n|---|---|---|")
    for name, columns in (("model and gap", [0, 1]), ("and context", [0, 1, 2])):
        wrong = sum(
            errors(other[:, columns], other[:, 3], fit(one[:, columns], one[:, 3]))
            for one, other in (halves, halves[::-1])
        )
        weights = fit(whole[:, columns], whole[:, 3])
        print(f"| {name} | {wrong} | {np.round(weights, 2).tolist()} |")


if __name__ == "__main__":
    main()
