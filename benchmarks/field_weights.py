"""Learns how much each sign of a field's candidates weighs (``extraction/fields/ranking.py``).

From the annotated receipts of ``receipts-text`` (company, date, address, total). For each document
the likelihood that the model gives to the candidates with the true value, or to "none of them"
where none has it, is made as high as it gets, with a penalty on large weights. Prints how often the
likeliest value is right on the folds not learned from, beside all learned from; ``--write`` keeps
the weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.fields import RECEIPT, Outcome, Paper, expected, plain, receipts_text, reliability
from extraction.fields import known
from extraction.fields.candidates import Candidate
from extraction.fields.match import ADDRESS, gathered
from extraction.fields.ranking import ALWAYS, WEIGHTS, ranked

FOLDS = 5
STEPS, RATE, PENALTY = 400, 0.08, 0.7
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """A field's candidates in one document, and its true value as the benchmark compares it."""

    paper: str
    what: str
    truth: str
    candidates: Sequence[Candidate]

    def right(self, candidate: Candidate) -> bool:
        return compared(self.what, candidate) == self.truth


def compared(what: str, candidate: Candidate) -> str:
    """A candidate's value as the benchmark compares it."""
    if what == "total":
        return str(candidate.value["amount"])
    return str(candidate.value) if what == "date" else plain(candidate.raw)


def learn(samples: Sequence[Sample]) -> dict[str, float]:
    """The weight of each sign, by Adam (Kingma and Ba 2015) on all documents at once."""
    names = sorted({ALWAYS} | {n for s in samples for c in s.candidates for n in c.signs})
    place = {name: index for index, name in enumerate(names)}
    used = [sample for sample in samples if sample.candidates]
    signs = np.zeros((sum(len(s.candidates) for s in used), len(names)))
    right = np.zeros(len(signs), bool)
    owner = np.zeros(len(signs), int)
    row = 0
    for index, sample in enumerate(used):
        for candidate in sample.candidates:
            for name, value in {**candidate.signs, ALWAYS: 1.0}.items():
                signs[row, place[name]] = value
            right[row], owner[row] = sample.right(candidate), index
            row += 1
    weights, mean, square = np.zeros(len(names)), np.zeros(len(names)), np.zeros(len(names))
    for step in range(1, STEPS + 1):
        slope = _slope(signs @ weights, right, owner, len(used), signs) + PENALTY * weights
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        rate = RATE * min(1.0, 3 * (1 - step / (STEPS + 1)))
        weights -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-9)
    return {name: round(float(w), 3) for name, w in zip(names, weights, strict=True) if abs(w) >= 0.01}


def _slope(
    scores: Floats, right: npt.NDArray[np.bool_], owner: npt.NDArray[np.int_], count: int,
    signs: Floats,
) -> Floats:  # fmt: skip
    """The slope of minus the log-likelihood: signs expected of all less those of the right ones."""
    highest = np.zeros(count)
    np.maximum.at(highest, owner, scores)
    shares = np.exp(scores - highest[owner])
    everything = np.bincount(owner, shares, count) + np.exp(-highest)
    of_right = np.bincount(owner, shares * right, count)
    has_right = (np.bincount(owner, right, count) > 0)[owner]
    wanted = np.where(has_right & right, shares / np.maximum(of_right[owner], 1e-300), 0.0)
    slope: Floats = signs.T @ (shares / everything[owner] - wanted)
    return slope


def samples_of(
    papers: Sequence[Paper], what: str, models: Mapping[str, Mapping[str, float]]
) -> list[Sample]:
    """The candidates of one field in every paper that has it annotated."""
    name = RECEIPT[what]
    return [
        Sample(
            paper.name,
            what,
            expected(what, paper.truth[what]),
            gathered(paper.pages, known((name,)), models=models).of[name],
        )
        for paper in papers
        if what in paper.truth
    ]


def judged(samples: Sequence[Sample], model: Mapping[str, float]) -> list[Outcome]:
    """What the model makes of the samples."""
    results = []
    for sample in samples:
        likely = ranked(sample.candidates, model)[:1]
        found = compared(sample.what, likely[0].candidate) if likely else ""
        results.append(
            Outcome(sample.paper, sample.what, sample.truth, found, likely[0].chance if likely else 0)
        )
    return results


def main() -> None:
    """Learn and report."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--write", action="store_true", help="keep the weights learned")
    parser.add_argument("--only", choices=tuple(RECEIPT), help="learn one field again")
    arguments = parser.parse_args()
    papers = receipts_text(arguments.data / "receipts-text")
    learned: dict[str, dict[str, float]] = _kept()
    everything: list[Outcome] = []
    print("| value | of | among the candidates | right, folds | right, learned from |")
    print("|---|---|---|---|---|")
    for what in ("address", "company", "date", "total"):  # a name is told by its address
        if arguments.only not in (None, what):
            continue
        learned.setdefault(RECEIPT[what], {})
        samples = samples_of(papers, what, learned or {ADDRESS: {}})
        learned[RECEIPT[what]] = learn(samples)
        own = judged(samples, learned[RECEIPT[what]])
        folds = [
            outcome
            for fold in range(FOLDS)
            for outcome in judged(
                samples[fold::FOLDS],
                learn([s for i, s in enumerate(samples) if i % FOLDS != fold]),
            )
        ]
        everything += folds
        there = sum(any(map(s.right, s.candidates)) for s in samples)
        print(
            f"| {what} | {len(samples)} | {there} | {sum(o.right for o in folds)} "
            f"| {sum(o.right for o in own)} |"
        )
    reliability(everything)
    if arguments.write:
        rows = [
            f"{model}\t{sign}\t{weight}\n"
            for model, signs in sorted(learned.items())
            for sign, weight in sorted(signs.items())
        ]
        WEIGHTS.write_text("".join(rows), "utf-8")


def _kept() -> dict[str, dict[str, float]]:
    from extraction.fields.ranking import weights

    return {model: dict(signs) for model, signs in weights().items()} if WEIGHTS.exists() else {}


if __name__ == "__main__":
    main()
