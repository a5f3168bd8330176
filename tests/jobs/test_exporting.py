"""jobs/exporting.py: answers that are made while they are sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jobs.exporting import held
from tests.jobs.making import make_job
from tests.jobs.test_takeout import URL, by_token, opened
from tests.people import Organisation


def test_what_makes_an_answer_ends_with_it() -> None:
    """A browser that goes away amid an export leaves no cursor of the database behind."""
    ended = []

    def parts() -> Iterator[bytes]:
        try:
            yield b"one"
            yield b"two"
        finally:
            ended.append(True)

    with held(parts()) as body:
        sending = iter(body)
        assert next(sending) == b"one"
        body.close()
        assert ended == [True]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_archive_can_be_broken_off_anywhere(acme: Organisation) -> None:
    make_job(acme)
    client = by_token(acme)
    whole: Any = client.get(URL)
    count = sum(1 for _ in whole.streaming_content)
    whole.close()
    for number in range(0, count, 7):
        answer: Any = client.get(URL)
        parts = iter(answer.streaming_content)
        for _ in range(number):
            next(parts)
        answer.close()
    assert opened(client.get(URL)).namelist()[-1] == "manifest.json"
