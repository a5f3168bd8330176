from __future__ import annotations

import pytest

from jobs.leafing import leaves
from jobs.models import Job
from tests.jobs.making import make_job
from tests.jobs.reviewing import page, read_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


@pytest.fixture
def job(acme: Organisation) -> Job:
    """A job that has read every second page of 90."""
    return read_job(acme, pages=tuple(page(number) for number in range(1, 91, 2)))


def test_neighbours_are_the_pages_there_are(job: Job) -> None:
    found = leaves(job, "41", {})
    assert found is not None
    assert (found.chosen, found.count) == (41, 45)
    assert (found.previous, found.next, found.first, found.last) == (39, 43, 1, 89)
    assert [leaf.number for leaf in found.near] == list(range(41, 80, 2))
    assert (found.earlier, found.later) == (39, 81)
    assert found.row is not None
    assert found.row.number == 41


@pytest.mark.parametrize("asked", ["", "2", "0", "-1", "1e3", "9" * 30, "²", "abc"])
def test_a_page_there_is_not_is_the_first_or_the_first_with_hits(job: Job, asked: str) -> None:
    found = leaves(job, asked, {})
    assert found is not None
    assert (found.chosen, found.previous, found.earlier) == (1, None, None)
    hit = leaves(job, asked, {7: 2, 9: 1})
    assert hit is not None
    assert hit.chosen == 7
    assert [leaf.hits for leaf in hit.near[:6]] == [0, 0, 0, 2, 1, 0]


def test_a_job_not_opened_yet_has_none(acme: Organisation) -> None:
    assert leaves(make_job(acme), "1", {}) is None


def test_pages_still_to_be_read_wait(acme: Organisation) -> None:
    job = make_job(acme, pages="2-3")
    job.page_count = 5
    found = leaves(job, "3", {})
    assert found is not None
    assert [(leaf.number, leaf.state) for leaf in found.near] == [(2, "waiting"), (3, "waiting")]
    assert found.row is None
