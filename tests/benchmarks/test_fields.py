"""The fields benchmark lists what is wrong as it says."""

from __future__ import annotations

import pytest

from benchmarks.fields import Outcome, worst


def test_worst_lists_documents_with_most_wrong_first_then_the_furthest_off(
    capsys: pytest.CaptureFixture[str],
) -> None:
    results = [
        Outcome("near", "company", "MILLROAD", "MILLR0AD", 0.9),
        Outcome("far", "company", "MILLROAD", "QUAY", 0.9),
        Outcome("two", "company", "MILLROAD", "MILLR0AD", 0.9),
        Outcome("two", "total", "1.00", "2.00", 0.9),
        Outcome("right", "total", "1.00", "1.00", 0.9),
    ]
    worst(results, 3)
    rows = capsys.readouterr().out.strip().splitlines()[2:]
    assert [row.split(" | ")[0] for row in rows] == ["| two", "| two", "| far", "| near"]
