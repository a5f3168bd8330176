"""Learns how much each sign of a field's candidates weighs (``extraction/fields/ranking.py``).

From the annotated receipts of ``receipts-text`` (company, date, address, total), from invoices
drawn by lot (``benchmarks.business_papers``) and from papers with parties in boxes and windows
(``benchmarks.party_papers``). For each document the likelihood that the
model gives to the candidates with the true value, or to "none of them" where none has it, is made
as high as it gets, with a penalty on large weights. Prints how often the likeliest value is right
on the folds not learned from; with ``--write`` all are learned from, and the weights kept.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.business_papers import invoice
from benchmarks.fields import RECEIPT, Outcome, Paper, expected, plain, receipts_text, reliability
from benchmarks.party_papers import paper as party_paper
from extraction.fields import known
from extraction.fields.candidates import Candidate
from extraction.fields.match import AMOUNTS, MIN_CHANCE, gathered
from extraction.fields.ranking import ALWAYS, WEIGHTS, Models, ranked, weights

FOLDS = 3
STEPS, RATE, PENALTY = 400, 0.1, 0.3
DATES = ("invoice_date", "due_date")
Floats = npt.NDArray[np.float64]


# Which fields' candidates each set of weights is learned from; "any" serves all others.
MODELS: dict[str, tuple[str, ...]] = {
    "issuer_address": ("issuer_address",),
    "issuer_name": ("issuer_name",),
    "invoice_date": ("invoice_date",),
    "total_amount": ("total_amount",),
    "date": ("due_date",),
    "money": ("subtotal", "tax_amount"),
    "currency": ("currency",),
    "organisation": (
        "customer_name",
        "supplier_name",
        "shipper_name",
        "consignee_name",
        "notify_party_name",
        "employer_name",
        "bank_name",
        "carrier",
        "issuing_authority",
    ),
    "person": ("account_holder", "employee_name", "recipient_name", "contact_person"),
    "address": (
        "customer_address",
        "delivery_address",
        "supply_address",
        "shipper_address",
        "consignee_address",
        "notify_party_address",
    ),
    "id": ("invoice_number", "purchase_order_number"),
    ALWAYS: ("invoice_number", "purchase_order_number", "due_date", "iban", "vat_number"),
}
# What the drawn invoices tell, or show that it is not there.
ON_INVOICES = (
    "issuer_address",
    "issuer_name",
    "invoice_date",
    "total_amount",
    "due_date",
    "subtotal",
    "tax_amount",
    "currency",
    "invoice_number",
    "purchase_order_number",
    "iban",
    "vat_number",
    "customer_name",
    "customer_address",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A field's candidates in one document, and its true value as the benchmark compares it."""

    paper: str
    field: str
    truth: str
    candidates: Sequence[Candidate]

    def right(self, candidate: Candidate) -> bool:
        return bool(self.truth) and compared(candidate) == self.truth


def compared(candidate: Candidate) -> str:
    """A candidate's value as the benchmark compares it."""
    if isinstance(candidate.value, dict) and "amount" in candidate.value:
        return str(candidate.value["amount"])
    if re.fullmatch(r"\d{4}-\d\d-\d\d", str(candidate.value)):
        return str(candidate.value)
    return plain(candidate.value if isinstance(candidate.value, str) else candidate.raw)


def learn(samples: Sequence[Sample]) -> dict[str, float]:
    """The weight of each sign, by Adam (Kingma and Ba 2015) on all documents at once."""
    names = sorted({ALWAYS} | {n for s in samples for c in s.candidates for n in c.signs})
    place = {name: index for index, name in enumerate(names)}
    used = [sample for sample in samples if sample.candidates]
    signs = np.zeros((sum(len(s.candidates) for s in used), len(names)), np.float32)
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
    return {
        name: round(float(w), 3) for name, w in zip(names, weights, strict=True) if abs(w) >= 0.01
    }


def _slope(
    scores: Floats, right: npt.NDArray[np.bool_], owner: npt.NDArray[np.int_], count: int,
    signs: npt.NDArray[np.float32],
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
    papers: Sequence[Paper], names: Sequence[str], models: Models
) -> dict[str, list[Sample]]:
    """The candidates of those fields in every paper that tells of them."""
    found: dict[str, list[Sample]] = {name: [] for name in names}
    for paper in papers:
        told = {field: what for what, field in paper.fields.items() if field in names}
        asked = known(tuple(paper.fields.values()))
        of = gathered(paper.pages, asked, models=models).of if told else {}
        for field, what in told.items():
            truth = paper.truth.get(what)
            if truth is None and paper.fields is RECEIPT:
                continue  # not annotated; on a drawn paper it is not there
            kind = "total" if field in AMOUNTS else "date" if field in DATES else "text"
            text = expected(kind, truth) if truth else ""
            found[field].append(Sample(paper.name, field, text, of[field]))
    return found


def drawn(first: int, count: int) -> list[Paper]:
    """Invoices drawn by lot, from that seed on."""
    fields = {name: name for name in ON_INVOICES}
    made = ((str(seed), invoice(seed)) for seed in range(first, first + count))
    return [Paper(f"drawn-{name}", (page,), truth, fields) for name, (page, truth) in made]


def parties(first: int, count: int) -> list[Paper]:
    """Papers with parties in boxes, beside labels and in windows, from that seed on."""
    made = ((seed, *party_paper(seed)) for seed in range(first, first + count))
    return [
        Paper(f"drawn-party-{seed}", (page,), truth, {name: name for name in told})
        for seed, page, truth, told in made
    ]


def judged(samples: Sequence[Sample], model: Mapping[str, float]) -> list[Outcome]:
    """What the model makes of the samples; what is not there and not found is left out."""
    results = []
    for sample in samples:
        likely = ranked(sample.candidates, model)[:1]
        sure = likely[0].chance if likely else 0.0
        found = compared(likely[0].candidate) if likely and sure >= MIN_CHANCE else ""
        if found or sample.truth:
            results.append(Outcome(sample.paper, sample.field, sample.truth, found, sure))
    return results


def main() -> None:
    """Learn and report."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--write", action="store_true", help="keep the weights learned")
    parser.add_argument("--only", nargs="*", choices=tuple(MODELS), help="learn these again")
    parser.add_argument("--drawn", type=int, default=300, help="how many invoices to draw")
    arguments = parser.parse_args()
    papers = [
        *receipts_text(arguments.data / "receipts-text"),
        *drawn(0, arguments.drawn),
        *parties(0, 2 * arguments.drawn),
    ]
    learned: dict[str, Mapping[str, float]] = dict(weights()) if WEIGHTS.exists() else {}
    everything: list[Outcome] = []
    print("| weights | of | found at all | right, folds | receipts | drawn |")
    print("|---|---|---|---|---|---|")
    for model, names in MODELS.items():  # a name is told by its address, so that comes first
        if arguments.only and model not in arguments.only:
            continue
        learned.setdefault(model, {})
        samples = [s for each in samples_of(papers, names, learned).values() for s in each]
        learned[model] = learn(samples)
        if arguments.write:
            continue
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
        parts = [
            [o.right for o in folds if o.paper.startswith("drawn") is is_drawn]
            for is_drawn in (False, True)
        ]
        print(
            f"| {model} | {len(folds)} | {there} | {sum(o.right for o in folds)} | "
            + " | ".join(f"{sum(part)} of {len(part)}" for part in parts)
            + " |",
            flush=True,
        )
    if arguments.write:
        rows = [
            f"{model}\t{sign}\t{weight}\n"
            for model, signs in sorted(learned.items())
            for sign, weight in sorted(signs.items())
        ]
        WEIGHTS.write_text("".join(rows), "utf-8")
    else:
        reliability(everything)


if __name__ == "__main__":
    main()
