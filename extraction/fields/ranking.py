"""Weighs the candidates of a field: how likely each is the right one.

A conditional logistic model (McFadden 1974): candidates compete with each other and with "none of
them", each with the exponential of its weighted signs; candidates of the same value add up. So
their chances sum up to at most 1, and a chance is what share of such values is right. Weights are
learned by ``benchmarks.field_weights``, one set a field or kind, into ``weights.tsv``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from extraction.fields.candidates import Candidate
from extraction.fields.definition import Field

WEIGHTS = Path(__file__).with_name("weights.tsv")
ALWAYS = "any"  # the sign that every candidate has


Models = Mapping[str, Mapping[str, float]]  # the weight of each sign, model by model


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate and how likely its value is right: its chance times its reading's confidence."""

    candidate: Candidate
    chance: float


@cache
def weights() -> Models:
    """The weights kept in ``weights.tsv``."""
    read: dict[str, dict[str, float]] = {}
    for row in WEIGHTS.read_text("utf-8").splitlines():
        model, sign, weight = row.split("\t")
        read.setdefault(model, {})[sign] = float(weight)
    return read


def model_of(field: Field, models: Models) -> str:
    """The name of the weights for a field: its own, else its kind's, else those of all."""
    return next((name for name in (field.name, field.kind) if name in models), ALWAYS)


def ranked(candidates: Sequence[Candidate], model: Mapping[str, float]) -> list[Ranked]:
    """The candidates with distinct values, the likeliest first.

    Of those with the same value the one with the highest score stands for all.
    """
    scores = [score(each.signs, model) + each.odds for each in candidates]
    highest = max([0.0, *scores])
    total = math.exp(-highest)  # "none of them" scores 0
    groups: dict[str, tuple[float, float, Candidate]] = {}
    for each, own in zip(candidates, scores, strict=True):
        share = math.exp(own - highest)
        total += share
        key = value_key(each.value)
        summed, best, chosen = groups.get(key, (0.0, -math.inf, each))
        groups[key] = (summed + share, max(best, own), each if own > best else chosen)
    found = [
        Ranked(each, min(summed / total, 1.0) * each.reading) for summed, _, each in groups.values()
    ]
    return sorted(found, key=lambda one: -one.chance)


def score(signs: Mapping[str, float], model: Mapping[str, float]) -> float:
    """The weighted sum of the signs; a sign without weight says nothing."""
    weighed = [model[name] * value for name, value in signs.items() if name in model]
    return model.get(ALWAYS, 0.0) + sum(weighed)


def value_key(value: Any) -> str:
    """What two candidates of the same value have in common: an amount whatever its currency."""
    if isinstance(value, dict):
        value = value.get("amount") or value.get("text") or value
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
