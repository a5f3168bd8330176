from __future__ import annotations

import math

import pytest

from extraction.fields import known
from extraction.fields.candidates import Candidate
from extraction.fields.ranking import model_of, ranked, score, weights


def candidate(value: str, reading: float = 1.0, **signs: float) -> Candidate:
    return Candidate(value, value, 1, (0, 0, 1, 1), "label", signs, reading)


def test_score_is_the_weighted_sum_and_unknown_signs_say_nothing() -> None:
    assert score({"a": 2.0, "b": 1.0, "new": 9.0}, {"any": -1.0, "a": 1.5, "b": 0.5}) == 2.5


def test_ranked_chances_compete_with_none_of_them() -> None:
    likely = ranked([candidate("x", a=1.0), candidate("y")], {"a": math.log(2)})
    assert [(one.candidate.value, round(one.chance, 4)) for one in likely] == [
        ("x", 0.5),
        ("y", 0.25),
    ]


def test_ranked_adds_up_the_same_value_and_shows_its_best_place() -> None:
    (one, _) = ranked([candidate("x"), candidate("x", a=1.0), candidate("y")], {"a": 0.1})
    assert one.candidate.signs == {"a": 1.0}
    assert one.chance == pytest.approx((1 + math.exp(0.1)) / (3 + math.exp(0.1)))


def test_ranked_lowers_a_chance_with_the_reading() -> None:
    (one,) = ranked([candidate("x", 0.5)], {})
    assert one.chance == 0.25


def test_model_of_a_field_is_its_own_or_its_kinds_or_that_of_all() -> None:
    models = weights()
    names = [model_of(field, models) for field in known(["total_amount", "subtotal", "iban"])]
    assert sorted(names) == ["any", "money", "total_amount"]
