"""Classification: how many documents are told right, how sure it is, and learning its weights.

``--learn`` prints ``extraction/classification_weights.py`` as learned from generated pages and
from ``--texts``, a folder of annotated receipts (``N.csv`` with lines and their places). Without
it, pages written for measuring are told, and what else is given: the receipts not learned from, and
``--kept``, folders of pages read before (``NAME.pickle``). The name says the type: ``TYPE-N``, else
digits alone are receipts and others invoices.
Prints Markdown.
"""

from __future__ import annotations

import argparse
import pickle
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.classification_pages import LANGUAGES, learning_page, written_page
from extraction.classify import classify
from extraction.document_features import KINDS, OF_A_TYPE, OF_ALL, Numbers, features
from extraction.types import Line, Page

LEARNING_PAGES = 160  # a type
RECEIPTS = 120  # annotated ones, beside the generated
SMOOTHING = 0.01  # share of a page's truth given to the other types: it keeps the model modest
DECAY = 2e-4
STEPS = 1500
BANDS = 10

Told = tuple[str, str, float]  # the truth, the answer, its confidence


def annotated(path: Path) -> Page:
    """A page of an annotation's lines: eight coordinates and the text, by commas."""
    lines = []
    for row in path.read_text("utf-8", errors="replace").splitlines():
        cells = row.split(",", 8)
        if len(cells) == 9 and cells[8].strip():
            xs, ys = [float(x) for x in cells[0:8:2]], [float(y) for y in cells[1:8:2]]
            lines.append(Line(cells[8].strip(), (min(xs), min(ys), max(xs), max(ys))))
    width = max((line.box[2] for line in lines), default=1.0) + 20
    height = max((line.box[3] for line in lines), default=1.0) + 20
    return Page(1, width, height, lines=tuple(lines))


def learn(texts: Path | None, seed: int) -> None:
    """Learn the weights and print the module that holds them."""
    chance = random.Random(seed)
    pages = [(kind, learning_page(chance, kind)) for kind in KINDS for _ in range(LEARNING_PAGES)]
    if texts:
        pages += [("receipt", annotated(path)) for path in sorted(texts.glob("*.csv"))[:RECEIPTS]]
    found = [features([page]) for _, page in pages]
    of_types = np.array([each.of_types for each in found])
    of_all = np.array([each.of_all for each in found])
    truth = np.array([KINDS.index(kind) for kind, _ in pages])
    shared, own = _descend(of_types, of_all, truth)
    print('"""The weights of ``classify``, as ``benchmarks.classification --learn`` prints them.')
    print(f'\nColumns: {", ".join(OF_A_TYPE)};\n{", ".join(OF_ALL)}.\n"""\n')
    print("# ruff: noqa: E501\n# fmt: off")
    print(f"OF_TYPES: tuple[float, ...] = ({', '.join(f'{w:.2f}' for w in shared)})")
    print("OF_ALL: dict[str, tuple[float, ...]] = {")
    for kind, row in zip(KINDS, own, strict=True):
        print(f'    "{kind}": ({", ".join(f"{w:.2f}" for w in row)}),')
    print("}\n# fmt: on")


def _descend(of_types: Numbers, of_all: Numbers, truth: Numbers) -> tuple[Numbers, Numbers]:
    """The weights that make the truth likeliest, by gradient descent (Adam)."""
    count, kinds = len(truth), len(KINDS)
    wanted = np.full((count, kinds), SMOOTHING / (kinds - 1))
    wanted[np.arange(count), truth] = 1 - SMOOTHING
    shape = [(of_types.shape[2],), (kinds, of_all.shape[1])]
    weights = [np.zeros(each) for each in shape]
    first, second = [np.zeros(each) for each in shape], [np.zeros(each) for each in shape]
    for step in range(1, STEPS + 1):
        scores = of_types @ weights[0] + of_all @ weights[1].T
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        off = (raised / raised.sum(axis=1, keepdims=True) - wanted) / count
        slopes = [np.einsum("nk,nkf->f", off, of_types), off.T @ of_all]
        for i, slope in enumerate(slopes):
            slope = slope + DECAY * weights[i]
            first[i] = 0.9 * first[i] + 0.1 * slope
            second[i] = 0.999 * second[i] + 0.001 * slope**2
            pace = first[i] / (1 - 0.9**step) / (np.sqrt(second[i] / (1 - 0.999**step)) + 1e-8)
            weights[i] -= 0.05 * pace
    return weights[0], weights[1]


def tell(pages: Sequence[tuple[str, Sequence[Page]]]) -> list[Told]:
    """Classify documents, each with its true type before it."""
    told = []
    for truth, document in pages:
        answer = classify(document)
        told.append((truth, answer.kind, answer.confidence))
    return told


def report(title: str, told: Sequence[Told]) -> None:
    """Print the share that is right by type, what was taken for what, and the calibration."""
    right = sum(truth == answer for truth, answer, _ in told)
    print(f"\n{title}: {right} of {len(told)} right ({right / len(told):.3f})\n")
    print("| type | right | of | taken for |\n|---|---|---|---|")
    for kind in KINDS:
        answers = Counter(answer for truth, answer, _ in told if truth == kind)
        if answers:
            wrong = ", ".join(f"{a} {n}" for a, n in answers.most_common() if a != kind)
            print(f"| {kind} | {answers[kind]} | {answers.total()} | {wrong} |")
    print("\n| confidence | documents | mean | right |\n|---|---|---|---|")
    error = 0.0
    for band in range(BANDS):
        inside = [each for each in told if min(int(each[2] * BANDS), BANDS - 1) == band]
        if inside:
            mean = sum(each[2] for each in inside) / len(inside)
            share = sum(each[0] == each[1] for each in inside) / len(inside)
            error += abs(mean - share) * len(inside) / len(told)
            low, high = band / BANDS, (band + 1) / BANDS
            print(f"| {low:.1f} to {high:.1f} | {len(inside)} | {mean:.2f} | {share:.2f} |")
    print(f"\nExpected calibration error {error:.3f}")


def kept(folder: Path) -> list[tuple[str, Sequence[Page]]]:
    """Documents read before."""
    documents = []
    for path in sorted(folder.glob("*.pickle")):
        named = path.stem.rpartition("-")[0]
        kind = named if named in KINDS else "receipt" if path.stem.isdigit() else "invoice"
        documents.append((kind, pickle.loads(path.read_bytes())))
    return documents


def main() -> None:
    """Learn, or measure and print the tables."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--learn", action="store_true")
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--kept", type=Path, nargs="*", default=())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=6, help="pages a type and language")
    arguments = parser.parse_args()
    if arguments.learn:
        learn(arguments.texts, arguments.seed)
        return
    chance = random.Random(arguments.seed + 1000)
    written: list[tuple[str, Sequence[Page]]] = [
        (kind, [written_page(chance, kind, language)])
        for kind in ("letter", "form", "contract", "medical", "other")
        for language in LANGUAGES
        for _ in range(arguments.count)
    ]
    begun = time.perf_counter()
    told = tell(written)
    took = (time.perf_counter() - begun) / len(written)
    report("Written pages", told)
    print(f"\n{took * 1000:.1f} ms a document")
    for folder in arguments.kept:
        report(f"Read documents, {folder.name}", tell(kept(folder)))
    if arguments.texts:
        rest = sorted(arguments.texts.glob("*.csv"))[RECEIPTS:]
        report(
            "Annotated receipts not learned from", tell([("receipt", [annotated(p)]) for p in rest])
        )


if __name__ == "__main__":
    main()
